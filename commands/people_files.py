"""`shijing people` and `shijing roster`, `import`, `export` and `template`: files for Excel."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import Data, Database, Json, tell
from commands.people_options import At, moment, staffed

if TYPE_CHECKING:
    from people.importing import Progress
    from people.tables import What

roster_app = typer.Typer(help="Rosters of shifts and absences, as files.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="An .xlsx or .csv file (UTF-8 or GBK).")]
Out = Annotated[Path, typer.Argument(help="Where to write: .xlsx, or .csv for one table.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write it; without, it is a preview.")]
Only = Annotated[str | None, typer.Option("--table", help="This table alone: people, posts, shifts or absences.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
Organisation = Annotated[str | None, typer.Option(help="Of this one alone: code, or a name that only one has.")]


def register(people: typer.Typer) -> None:
    """Give `shijing people` and `shijing roster` their three commands each."""
    for app, what in ((people, "people"), (roster_app, "roster")):
        _importing(app, what)
        _exporting(app, what)
        _template(app, what)


def _tables(group: str, only: str | None = None) -> "Sequence[What]":
    from people.importing import PEOPLE, ROSTER

    tables = PEOPLE if group == "people" else ROSTER
    if only is None:
        return tables
    if only not in tables:
        raise typer.BadParameter(f"shijing {group} knows the tables {', '.join(tables)}, and no {only!r}")
    return [only]


def _importing(app: typer.Typer, group: str) -> None:
    @app.command("import", help=f"Preview a file of {group}; with --apply write it, all of it or nothing.")
    def import_(
        file: File, apply: Apply = False, as_json: Json = False, database: Database = None, data: Data = None
    ) -> None:
        from access.scope import EVERYWHERE
        from people.importing import Asked, import_file

        name, raw = file.name, _read(file)
        with staffed(database, data) as (connection, vault), _progress(quiet=as_json) as progress:
            assert vault is not None
            asked = Asked(scope=EVERYWHERE, actor=None, now=moment(None), apply=apply, progress=progress)
            report = import_file(connection, vault, name, raw, _tables(group), asked)
        tell(report.as_dict(), as_json, report.lines())
        if report.faults:
            raise typer.Exit(1)


def _exporting(app: typer.Typer, group: str) -> None:
    @app.command("export", help=f"Write the {group} that are in force, or will be, to a file.")
    def export(
        out: Out,
        table: Only = None,
        organisation: Organisation = None,
        at: At = None,
        force: Force = False,
        database: Database = None,
        data: Data = None,
    ) -> None:
        from access.scope import EVERYWHERE
        from people.exporting import export_file
        from people.organisations import organisation_named

        when, as_csv = moment(at), _is_csv(out)
        _check_free(out, force)
        with staffed(database, data) as (connection, vault):
            assert vault is not None
            where = None if organisation is None else organisation_named(connection, organisation, when).id
            raw = export_file(
                connection,
                vault,
                _tables(group, table),
                scope=EVERYWHERE,
                actor=None,
                at=when,
                organisation_id=where,
                as_csv=as_csv,
            )
        _write(out, raw)


def _template(app: typer.Typer, group: str) -> None:
    @app.command("template", help=f"Write an empty file for {group}, with the heads of its columns.")
    def template(out: Out, table: Only = None, force: Force = False) -> None:
        from people.sheets_out import template as made

        _check_free(out, force)
        _write(out, made(_tables(group, table), as_csv=_is_csv(out)))


def _is_csv(out: Path) -> bool:
    if out.suffix.lower() not in (".xlsx", ".csv"):
        raise typer.BadParameter(f"{out} is neither .xlsx nor .csv: name it so")
    return out.suffix.lower() == ".csv"


def _check_free(out: Path, force: bool) -> None:
    if out.exists() and not force:
        raise typer.BadParameter(f"{out} is there already: name another file, or add --force")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error


def _write(out: Path, raw: bytes) -> None:
    try:
        out.touch(mode=0o600)  # names and telephones: for whoever asked alone
        out.write_bytes(raw)
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be written: {error.strerror}") from error
    typer.echo(f"{out} is written", err=True)


@contextmanager
def _progress(*, quiet: bool) -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), disable=quiet, transient=True) as bar:
        task = bar.add_task("read")

        def move(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=max(total, 1))

        yield move
