"""`shijing retention`: how long what is kept of people, and the deletion of what is older."""

from collections.abc import Sequence
from datetime import UTC, datetime

import typer

from access.retention import KINDS as ACCESS_KINDS
from access.retention import Erased, Kind, load_days, run_retention
from boundaries.layer_uploads import KINDS as LAYER_KINDS
from commands.options import Data, Database, Json, place_of, tell
from config.database import connect
from config.logs import BEIJING
from events.private import KINDS as EVENT_KINDS
from people.private import KINDS as PEOPLE_KINDS

retention_app = typer.Typer(help="How long what is kept of people (config/retention.toml).", no_args_is_help=True)

KINDS: Sequence[Kind] = (*ACCESS_KINDS, *PEOPLE_KINDS, *EVENT_KINDS, *LAYER_KINDS)


@retention_app.command("show")
def retention_show(as_json: Json = False) -> None:
    """The days of each kind, and from when they count."""
    days = load_days(KINDS)
    told = [
        {"kind": kind.name, "days": days[kind.name], "least_days": kind.least_days, "what": kind.what, "law": kind.law}
        for kind in KINDS
    ]
    tell({"retention": told}, as_json, [f"{one['kind']:<18} {one['days']:>6} days  {one['what']}" for one in told])


@retention_app.command("run")
def retention_run(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Delete what is older, and say so in the audit trail; exit status 2 where something is left."""
    from commands.servers import database as database_of

    days = load_days(KINDS)
    with database_of(place_of(database, data)) as url, connect(url, "retention", autocommit=True) as connection:
        done = run_retention(connection, KINDS, days, now=datetime.now(UTC))
    tell({"erased": [one.as_dict() for one in done]}, as_json, [_line(one) for one in done])
    raise typer.Exit(2 if any(one.left for one in done) else 0)


def _line(one: Erased) -> str:
    before = one.before.astimezone(BEIJING).isoformat(timespec="seconds")
    proof = f", audit entry {one.audit_seq}" if one.audit_seq else ""
    return f"{one.kind:<18} before {before}: {one.rows} erased, {one.left} left{proof}"
