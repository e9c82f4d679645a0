"""`shijing export`: divisions to a file."""

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Data, Database, Json, moment_of, place_of, tell

export_app = typer.Typer(help="Bring divisions out of the database, to a file.", no_args_is_help=True)


@export_app.callback()
def group() -> None:
    """Keeps the group although it has one command so far."""


@export_app.command()
def divisions(
    file: Annotated[Path, typer.Argument(help="Where to write; a Shapefile is written as .zip.")],
    level: Annotated[str, typer.Option(help="city, district, township or grid.")] = "township",
    form: Annotated[
        str | None, typer.Option("--format", help="shp, gpkg, geojson, kml or dxf; none: by the file's ending.")
    ] = None,
    crs: Annotated[str, typer.Option(help="EPSG:…, EPSG:…+towgs84=…, GCJ-02 or BD-09.")] = "EPSG:4490",
    division: Annotated[str | None, typer.Option(help="Code: what lies in that division alone.")] = None,
    at: Annotated[str | None, typer.Option(help="In the world, ISO 8601 with an offset; none: now.")] = None,
    recorded: Annotated[str | None, typer.Option(help="What the database knew then; none: now.")] = None,
    encoding: Annotated[str, typer.Option(help="Of a Shapefile's table: UTF-8 or GBK.")] = "UTF-8",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Write a level as it was at a date, with its fields, its derived mark and the map's approval number."""
    from commands.divisions import run_export
    from commands.servers import database as database_of

    moments = moment_of(at), moment_of(recorded)
    with database_of(place_of(database, data)) as url:
        done = run_export(
            url, file, level=level, form=form, crs=crs, division=division, at=moments[0], recorded=moments[1],
            encoding=encoding,
        )  # fmt: skip
    tell(done.as_dict(), as_json, done.lines())
