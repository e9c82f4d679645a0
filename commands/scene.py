"""`shijing scene`: what stands in a grid, from files and to files."""

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Data, Database, Json, place_of, tell

scene_app = typer.Typer(
    help="What stands in a grid: facilities, shelters, hazard points, cameras.", no_args_is_help=True
)

KindOf = Annotated[str, typer.Option("--kind", help="One of `shijing scene kinds`.")]


@scene_app.command("kinds")
def kinds(as_json: Json = False) -> None:
    """Every kind, and what may be told of it."""
    from scene.kinds import shipped_kinds

    found = shipped_kinds()
    told = {name: {"zh": one.zh, "en": one.en, "group": one.group, "attributes": list(one.attributes)}
            for name, one in found.items()}  # fmt: skip
    tell(told, as_json, [f"{name:<16} {one.zh}  {one.en}: {', '.join(one.attributes)}" for name, one in found.items()])


@scene_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An .xlsx, .csv (UTF-8 or GBK) or .geojson file.")],
    kind: KindOf,
    source: Annotated[str, typer.Option(help="Who tells it: with the number there a thing is known again.")],
    datum: Annotated[str, typer.Option(help="cgcs2000, wgs84, gcj02 or bd09.")] = "cgcs2000",
    licence: Annotated[str, typer.Option(help="Under which the data may be used.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Say what it would do, and write nothing.")] = False,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Things of one kind from a file, all of it or nothing."""
    from datetime import UTC, datetime

    from commands.servers import opened
    from scene.errors import SceneRefused
    from scene.importing import Asked, import_file

    try:
        raw = file.read_bytes()
    except OSError as error:
        raise SceneRefused(f"{file} cannot be read: {error.strerror}") from error
    asked = Asked(
        kind=kind, source=source, datum=datum, licence=licence, actor=None, now=datetime.now(UTC), apply=not preview
    )
    with opened(place_of(database, data), "scene") as connection:
        report = import_file(connection, file.name, raw, asked)
    tell(report.as_dict(), as_json, report.lines())
    if report.faults:
        raise typer.Exit(1)


@scene_app.command("export")
def export_(
    out: Annotated[Path, typer.Argument(help="Where to write: .xlsx, .csv or .geojson.")],
    kind: KindOf,
    source: Annotated[str | None, typer.Option(help="Of this source alone.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The things of one kind, to a file."""
    from access.scope import EVERYWHERE
    from commands.servers import opened
    from scene.errors import SceneRefused
    from scene.exporting import FORMS, export, kind_named, note_export

    form = out.suffix.removeprefix(".").lower()
    if form not in FORMS:
        raise typer.BadParameter(f"{out} ends in none of {', '.join(FORMS)}")
    if out.exists() and not force:
        raise SceneRefused(f"{out} is there already: --force writes over it")
    with opened(place_of(database, data), "scene") as connection:
        raw = export(connection, kind_named(kind), form, source=source)  # type: ignore[arg-type]  # one of FORMS
        note_export(connection, kind_named(kind), form, actor=None, scope=EVERYWHERE)  # type: ignore[arg-type]
    out.write_bytes(raw)
    typer.echo(f"{out} is written")


@scene_app.command("template")
def template_(
    out: Annotated[Path, typer.Argument(help="Where to write an .xlsx file.")],
    kind: KindOf,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """An empty file with the heads of a kind."""
    from scene.errors import SceneRefused
    from scene.exporting import kind_named, template

    if out.exists() and not force:
        raise SceneRefused(f"{out} is there already: --force writes over it")
    out.write_bytes(template(kind_named(kind)))
    typer.echo(f"{out} is written")


@scene_app.command("defaults")
def defaults_(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """The facilities that come along: hospitals and schools of Yuzhong, metro stations."""
    from datetime import UTC, datetime

    from commands.servers import opened
    from scene.defaults import import_default_things

    with opened(place_of(database, data), "scene") as connection:
        reports = list(import_default_things(connection, now=datetime.now(UTC)))
    tell({"files": [one.as_dict() for one in reports]}, as_json, [line for one in reports for line in one.lines()])
