"""`shijing record`: residents who need care (一老一小): brought in, and who opened whose record."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from commands.options import Data, Database, Json, place_of, tell
from config.database import connect
from config.logs import BEIJING

if TYPE_CHECKING:
    from access.records import Opening

record_app = typer.Typer(help="Residents who need care: import, and who opened whose record.", no_args_is_help=True)


@record_app.command("import")
def record_import(
    file: Annotated[
        Path, typer.Argument(help="An .xlsx or .csv file (UTF-8 or GBK); the columns are in docs/privacy.md.")
    ],
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Say what it would do, and write nothing.")] = False,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Add or change residents' records; with one faulty row nothing is written."""
    from access.record_import import import_records
    from commands.servers import database as database_of
    from commands.servers import vault as vault_of

    place = place_of(database, data)
    with database_of(place) as url, connect(url, "records", autocommit=True) as connection:
        report = import_records(connection, vault_of(place), file, actor=None, now=datetime.now(UTC), apply=not preview)
    tell(report.as_dict(), as_json, report.lines())
    raise typer.Exit(1 if report.errors else 0)


@record_app.command("openings")
def record_openings(
    *,
    resident: Annotated[UUID | None, typer.Option(help="Of this record alone.")] = None,
    actor: Annotated[UUID | None, typer.Option(help="By this account alone.")] = None,
    before: Annotated[int | None, typer.Option(help="Only before this audit entry: to page on.")] = None,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1, max=100_000)] = 50,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Who opened whose record, when, and why, newest first; this look is itself in the audit trail."""
    from access import audit
    from access.records import openings
    from commands.servers import database as database_of
    from commands.servers import vault as vault_of

    place = place_of(database, data)
    with database_of(place) as url, connect(url, "records", autocommit=True) as connection:
        found = openings(connection, vault_of(place), resident_id=resident, actor=actor, before=before, most=most)
        with connection.transaction():
            audit.append(connection, act="record.openings_listed", actor=None, details={"rows": len(found)})
    tell({"openings": [vars(one) for one in found]}, as_json, [_line(one) for one in found])


def _line(one: "Opening") -> str:
    at = one.at.astimezone(BEIJING).isoformat(timespec="seconds")
    changed = "" if one.unchanged else "  NOT what the audit trail says"
    return f"{one.audit_seq:>8}  {at}  {one.actor}  {one.resident_id}  {one.reason or '(erased)'}{changed}"
