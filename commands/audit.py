"""`shijing audit`: whether the trail of acts holds, what is in it, and its seals."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from access import audit
from access.seals import seal
from access.verify import Verdict, verify
from commands.options import Data, Database, Json, place_of, tell
from config.database import connect
from config.logs import BEIJING

audit_app = typer.Typer(help="The trail of acts: who did what, and that nobody rewrote it.", no_args_is_help=True)


@audit_app.command("verify")
def audit_verify(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Check every entry and every seal; exit status 2 where the trail is broken."""
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
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"])] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"])] = None,
    before: Annotated[int | None, typer.Option(help="Only entries with lower numbers: to page on.")] = None,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1, max=100_000)] = 50,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The newest acts, newest first; times without an offset are Beijing time."""
    from commands.servers import database as database_of

    with database_of(place_of(database, data)) as url, connect(url, "audit", autocommit=True) as connection:
        found = audit.entries(
            connection,
            act=act,
            actor=actor,
            subject=subject,
            division_id=division,
            since=_local(since),
            until=_local(until),
            before=before,
            most=most,
        )
    tell({"entries": [vars(entry) for entry in found]}, as_json, [_line(entry) for entry in found])


def _local(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=BEIJING)


def _line(entry: audit.Entry) -> str:
    at = entry.at.astimezone(BEIJING).isoformat(timespec="seconds")
    facts = " ".join(f"{key}={value}" for key, value in entry.details.items())
    return f"{entry.seq:>8}  {at}  {entry.act:<24} {entry.actor or 'system':<36}  {entry.subject}  {facts}".rstrip()


def _lines(found: Verdict) -> list[str]:
    told = [f"{found.entries} entries, sealed up to {found.sealed}"]
    if found.first_broken is None:
        return [*told, "the audit trail is intact"]
    return [*told, f"the audit trail is BROKEN at entry {found.first_broken.seq}: {found.first_broken.why}"]
