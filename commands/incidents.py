"""`shijing incident`: what many alerts are together, where, how grave, and which way it goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import Data, Database, Json, place_of, tell

if TYPE_CHECKING:
    from alerts.incident_listing import Told, ToldIncident
    from config.database import Connection

incident_app = typer.Typer(help="Incidents: what many alerts are together.", no_args_is_help=True)

_WINDS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


@incident_app.command("list")
def list_(
    *,
    division: Annotated[str | None, typer.Option(help="A division's code; what lies below it counts, too.")] = None,
    level: Annotated[list[str] | None, typer.Option(help="blue, yellow, orange or red; several may be given.")] = None,
    family: Annotated[str | None, typer.Option(help="flood, rain, gas, device …")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Those that are over, too.")] = False,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1)] = 50,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The newest incidents; open ones unless told otherwise."""
    from alerts.incident_listing import AskedIncidents, incident_json, read_clock, read_incident_list
    from alerts.levels import GRADES

    if wrong := set(level or ()) - set(GRADES):
        raise typer.BadParameter(f"{wrong.pop()!r} is no level: blue, yellow, orange or red")
    asked = AskedIncidents(division=division, levels=level, family=family, states=None if closed else ["open"])
    with _connected(database, data) as connection:
        found, now = read_incident_list(connection, asked, most), read_clock(connection)
    lines = [line_of(one, now) for one in found] or ["no incident"]
    tell({"incidents": [incident_json(one, now) for one in found]}, as_json, lines)


@incident_app.command()
def show(
    number: Annotated[int, typer.Argument(help="The incident's number; of one that was merged, too.")],
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """One incident: its footprint, what happened, its alerts."""
    from alerts.incident_listing import read_clock, read_incident, told_json

    with _connected(database, data) as connection:
        told, now = read_incident(connection, number), read_clock(connection)
    if told is None:
        raise typer.BadParameter(f"there is no incident {number}: shijing incident list --closed shows them")
    tell(told_json(told, now), as_json, lines_of(told, now))


@contextmanager
def _connected(database: str | None, data: Path | None) -> "Iterator[Connection]":
    from commands.servers import database as database_of
    from config.database import connect

    with (
        database_of(place_of(database, data)) as url,
        connect(url, "incidents", autocommit=True) as connection,
    ):
        yield connection


def line_of(incident: "ToldIncident", now: datetime) -> str:
    """One line for people."""
    from config.logs import BEIJING

    level = incident.level if incident.level != "none" else f"({incident.peak})"
    spread = incident.spread_bearing
    toward = "" if spread is None else f", {incident.spread_m_per_h:.0f} m/h toward {wind_of(spread)}"
    exercise = "EXERCISE " if incident.exercise else ""
    counts = f"{incident.alerts} alerts ({incident.open_alerts} open, {incident.per_minute(now):g}/min)"
    return (
        f"{incident.id:>6}  {exercise}{incident.family:<12} {level:<8} {incident.state:<6}"
        f" since {incident.opened_at.astimezone(BEIJING):%Y-%m-%d %H:%M}, {counts}"
        f" in {len(incident.townships)} townships{toward}"
    )


def lines_of(told: "Told", now: datetime) -> list[str]:
    """One incident for people."""
    from config.logs import BEIJING

    where = [f"{one.parent or ''} {one.name}".strip() for one in [*told.townships, *told.grids]]
    story = [
        f"  {one.time.astimezone(BEIJING):%m-%d %H:%M:%S}  {one.kind}"
        + (f" × {one.count}" if one.count > 1 else "")
        + (f": {one.from_level} → {one.to_level}" if one.from_level != one.to_level else "")
        + (f" ({one.other_id})" if one.other_id else "")
        for one in told.story
    ]
    return [line_of(told.incident, now), "  " + ", ".join([*where, *told.incident.places]), *story]


def wind_of(bearing: float) -> str:
    """The nearest of eight directions."""
    return _WINDS[round(bearing / 45) % 8]
