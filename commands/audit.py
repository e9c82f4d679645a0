"""`shijing audit`: whether the trail of acts holds, what is in it, and its seals."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from commands.options import Data, Database, Json, moment_of, place_of, tell
from config.database import connect
from config.logs import BEIJING

if TYPE_CHECKING:
    from access.audit import Entry
    from access.verify import Verdict

audit_app = typer.Typer(help="The trail of acts: who did what, and that nobody rewrote it.", no_args_is_help=True)


@audit_app.command("verify")
def audit_verify(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Check every entry and every seal; exit status 2 where the trail is broken."""
    from access.verify import verify
    from commands.servers import database as database_of
    from commands.servers import vault as vault_of

    place = place_of(database, data)
    with database_of(place) as url, connect(url, "audit", autocommit=True) as connection:
        found = verify(connection, vault_of(place))
    tell(found.as_dict(), as_json, _lines(found))
    raise typer.Exit(0 if found.intact else 2)


@audit_app.command("seal")
def audit_seal(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Seal the trail now; the web server and the pipeline do it at their start and every hour."""
    from access.seals import seal
    from commands.servers import database as database_of
    from commands.servers import vault as vault_of

    place = place_of(database, data)
    with database_of(place) as url, connect(url, "audit", autocommit=True) as connection:
        made = seal(connection, vault_of(place), now=datetime.now(UTC))
    told = {"sealed": made.seq if made else 0, "at": made.at.isoformat() if made else None}
    tell(told, as_json, [f"sealed up to entry {told['sealed']}" if made else "there is no entry to seal"])


@audit_app.command("list")
def audit_list(
    *,
    act: Annotated[str | None, typer.Option(help="An act, or its first words: account, account.locked.")] = None,
    actor: Annotated[UUID | None, typer.Option(help="Who did it: an account's id.")] = None,
    subject: Annotated[str | None, typer.Option(help="To what: its id.")] = None,
    division: Annotated[int | None, typer.Option(help="In which division: its id.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Since then: ISO 8601 with an offset.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Before then.")] = None,
    before: Annotated[int | None, typer.Option(help="Only entries with lower numbers: to page on.")] = None,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1, max=100_000)] = 50,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The newest acts, newest first."""
    from access.audit import entries
    from commands.servers import database as database_of

    with database_of(place_of(database, data)) as url, connect(url, "audit", autocommit=True) as connection:
        found = entries(
            connection,
            act=act,
            actor=actor,
            subject=subject,
            division_id=division,
            since=moment_of(since),
            until=moment_of(until),
            before=before,
            most=most,
        )
    tell({"entries": [vars(entry) for entry in found]}, as_json, [_line(entry) for entry in found])


def _line(entry: "Entry") -> str:
    at = entry.at.astimezone(BEIJING).isoformat(timespec="seconds")
    facts = " ".join(f"{key}={value}" for key, value in entry.details.items())
    return f"{entry.seq:>8}  {at}  {entry.act:<24} {entry.actor or 'system':<36}  {entry.subject}  {facts}".rstrip()


def _lines(found: "Verdict") -> list[str]:
    told = [f"{found.entries} entries, sealed up to {found.sealed}"]
    if found.first_broken is None:
        return [*told, "the audit trail is intact"]
    return [*told, f"the audit trail is BROKEN at entry {found.first_broken.seq}: {found.first_broken.why}"]
