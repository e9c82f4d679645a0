"""`shijing import`: divisions and sensors, from files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import Data, Database, Json, moment_of, place_of, tell

if TYPE_CHECKING:
    from commands.divisions import Report
    from config.database import Connection

import_app = typer.Typer(help="Bring divisions or sensors into the database.", no_args_is_help=True)


@import_app.command()
def divisions(
    file: Annotated[
        Path | None, typer.Argument(help="Shapefile, GeoPackage or GeoJSON; none: the default data.")
    ] = None,
    level: Annotated[str, typer.Option(help="district, township, village or grid.")] = "township",
    crs: Annotated[str | None, typer.Option(help="EPSG:…, GCJ-02 or BD-09 where the file does not say.")] = None,
    name_field: Annotated[str | None, typer.Option(help="Column of the names.")] = None,
    district_field: Annotated[str | None, typer.Option(help="Column of the districts' names.")] = None,
    code_field: Annotated[str | None, typer.Option(help="Column of the codes.")] = None,
    parent_field: Annotated[str | None, typer.Option(help="Column of the townships' codes or names (grids).")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the attribute table, such as GBK.")] = None,
    valid_from: Annotated[
        str | None, typer.Option(help="Since when it holds, ISO 8601 with an offset; none: always.")
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Write what is sound although some of it is not.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Put FILE in force; without it only the report.")] = False,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Replace a layer of boundaries; reports what matches and what does not before anything is written."""
    from commands.divisions import run_import
    from commands.registry import default_divisions
    from commands.servers import database as database_of
    from geo.importer import import_layer

    since = moment_of(valid_from)

    def layer(connection: "Connection") -> "Report":
        if file is None:
            return default_divisions(connection)
        return import_layer(
            connection,
            file,
            level=level,
            write=write,
            crs=crs,
            encoding=encoding,
            name_field=name_field,
            district_field=district_field,
            code_field=code_field,
            parent_field=parent_field,
            valid_from=since,
            partial=partial,
        )

    with database_of(place_of(database, data)) as url:
        report = run_import(url, layer)
    tell(report.as_dict(), as_json, report.lines())


@import_app.command()
def sensors(
    file: Annotated[Path, typer.Argument(help="CSV with name, device, quantity and more; see docs/operations.md.")],
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Add or change sensors; with one faulty row nothing is written."""
    from dataclasses import asdict

    from commands.registry import register
    from commands.servers import database as database_of

    with database_of(place_of(database, data)) as url:
        report = register(url, file)
    tell(asdict(report), as_json, report.lines())
