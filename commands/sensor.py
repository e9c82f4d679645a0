"""`shijing sensor`: where a sensor stands and stood; moved, replaced, retired, or corrected."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import Data, Database, Json, place_of, tell

if TYPE_CHECKING:
    from ingest.place_history import Change

sensor_app = typer.Typer(help="Where a sensor stands and stood, and what changed that.", no_args_is_help=True)

_TIME = "ISO 8601; without an offset it is Beijing time (Asia/Shanghai)."
Name = Annotated[str, typer.Argument(help="The sensor's name in the registry.")]
Lon = Annotated[float, typer.Option(help="Longitude, degrees (in a projected --crs: the easting).")]
Lat = Annotated[float, typer.Option(help="Latitude, degrees (in a projected --crs: the northing).")]
NewLon = Annotated[float | None, typer.Option("--lon", help="Longitude, where the place is another one.")]
NewLat = Annotated[float | None, typer.Option("--lat", help="Latitude, where the place is another one.")]
Since = Annotated[str, typer.Option(help=f"When it happened: {_TIME}")]
Crs = Annotated[str, typer.Option(help="What the position is in: cgcs2000, wgs84, gcj02 (AMap), bd09 (Baidu), EPSG:….")]
Source = Annotated[str, typer.Option(help="Who says so, such as a work order: kept with the record.")]
Correction = Annotated[
    bool, typer.Option("--correction", help="It was forgotten: put it in before changes that are recorded already.")
]

_GEOGRAPHIC = "EPSG:4490"
_CRS = {"cgcs2000": _GEOGRAPHIC, "wgs84": _GEOGRAPHIC, "gcj02": "GCJ-02", "bd09": "BD-09"}  # WGS 84: centimetres apart


@sensor_app.command()
def move(
    name: Name,
    *,
    lon: Lon,
    lat: Lat,
    since: Since,
    crs: Crs = "cgcs2000",
    correction: Correction = False,
    source: Source = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """It was put up elsewhere: readings before SINCE stay with the old place and its divisions."""
    change = _change("moved", since, position(lon, lat, crs), source, correction=correction)
    _run(name, change, as_json, database, data)


@sensor_app.command()
def replace(
    name: Name,
    *,
    since: Since,
    lon: NewLon = None,
    lat: NewLat = None,
    crs: Crs = "cgcs2000",
    correction: Correction = False,
    source: Source = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """A new instrument took its place (or, with a position, another place; a retired one needs it)."""
    change = _change("replaced", since, position(lon, lat, crs), source, correction=correction)
    _run(name, change, as_json, database, data)


@sensor_app.command()
def retire(
    name: Name,
    *,
    since: Since,
    correction: Correction = False,
    source: Source = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """It was taken down: readings of a later time are refused, those of an earlier one still stored."""
    _run(name, _change("retired", since, (None, None), source, correction=correction), as_json, database, data)


@sensor_app.command()
def correct(
    name: Name,
    *,
    lon: Lon,
    lat: Lat,
    at: Annotated[
        str | None, typer.Option(help=f"A moment at which the recorded place is wrong; none: the latest. {_TIME}")
    ] = None,
    crs: Crs = "cgcs2000",
    source: Source = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The record was wrong: all of that place's time the sensor stood here (a retired one never was retired)."""
    _run(name, _change("corrected", at, position(lon, lat, crs), source), as_json, database, data)


@sensor_app.command()
def history(name: Name, as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Where it stood, as the record knows it now."""
    _run(name, None, as_json, database, data)


def position(lon: float | None, lat: float | None, crs: str) -> tuple[float | None, float | None]:
    """Degrees CGCS2000, to 1e-8° (1 mm) where they had to be converted.

    Raises CrsError for an unknown `crs`, Refused for what is no place.
    """
    from geo.crs import to_cgcs2000
    from ingest.errors import Refused
    from ingest.place_history import check_place

    system = _CRS.get(crs.lower().replace("-", ""), crs)
    if lon is None or lat is None or system == _GEOGRAPHIC:
        check_place(lon, lat)
        return lon, lat
    import numpy as np
    import shapely

    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise Refused("lon, lat", f"{lon}, {lat} is no place")
    point = to_cgcs2000(np.array([shapely.Point(lon, lat)], dtype=object), system)[0]
    there = round(float(point.x), 8), round(float(point.y), 8)
    check_place(*there)
    return there


def _change(
    reason: str,
    since: str | None,
    place: tuple[float | None, float | None],
    source: str,
    *,
    correction: bool = False,
) -> "Change":
    from ingest.place_history import Change, moment_of

    command = "shijing sensor " + {"moved": "move", "replaced": "replace", "retired": "retire"}.get(reason, "correct")
    return Change(
        reason=reason,
        since=moment_of(since) if since is not None else None,
        lon=place[0],
        lat=place[1],
        source=", ".join(filter(None, [source, command])),
        correction=correction,
    )


def _run(name: str, change: "Change | None", as_json: bool, database: str | None, data: Path | None) -> None:
    from commands.registry import change_place
    from commands.servers import database as database_of

    with database_of(place_of(database, data)) as url:
        report = change_place(url, name, change)
    tell(report.as_dict(), as_json, report.lines())
