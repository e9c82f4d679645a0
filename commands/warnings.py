"""`shijing warning`: official warnings (官方预警) by file, feed, MQTT or hand; what is in force, what was refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

from commands.options import Data, Database, Json, place_of, tell

if TYPE_CHECKING:
    from alerts.warnings_store import Outcome
    from config.database import Connection

warning_app = typer.Typer(help="Official warnings (官方预警), received from outside.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The warning's number, as the list shows it, or its identifier.")]
Actor = Annotated[str, typer.Option(help="Who enters it.")]
_TIME = "ISO 8601 with an offset, such as 2020-08-18T11:00:00+08:00"


@warning_app.command("import")
def import_(
    files: Annotated[
        list[str], typer.Argument(help="CAP 1.2 messages (XML) or files of warnings (.csv); file:// too.")
    ],
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Take official warnings from files; one that is there already is left as it is."""
    from alerts.warnings_alerts import judging_of

    paths = [_local(file) for file in files]
    with _connected(database, data) as connection:
        judging = judging_of(connection)
        outcomes = [outcome for path in paths for outcome in _take(connection, path, judging)]
    _report(outcomes, as_json)


def _local(file: str) -> Path:
    """The path of a file or of a file:// address; raises BadParameter for an address elsewhere."""
    where = urlsplit(file)
    if where.scheme in ("http", "https"):
        raise typer.BadParameter(
            f"{file} is not on this machine: feeds are asked where SHIJING_WARNING_FEEDS names them"
        )
    path = Path(unquote(where.path)) if where.scheme == "file" else Path(file)
    if not path.is_file():
        raise typer.BadParameter(f"there is no file {path}")
    return path


def _take(connection: "Connection", path: Path, judging: Any) -> "list[Outcome]":
    from alerts.warnings_csv import read_warnings
    from alerts.warnings_store import Origin, receive, store_all

    if path.suffix.lower() != ".csv":
        return [receive(connection, path.read_bytes(), Origin(source="file", place=path.name), judging)]
    given = [(row.message, row.raw, Origin(source="file", place=row.source)) for row in read_warnings(path)]
    return store_all(connection, given, judging)


def _report(outcomes: "list[Outcome]", as_json: bool) -> None:
    from dataclasses import asdict

    states = [outcome.state for outcome in outcomes]
    told = {state: states.count(state) for state in ("stored", "repeat", "refused")}
    lines = [_line(outcome) for outcome in outcomes]
    tell({**told, "warnings": [asdict(outcome) for outcome in outcomes]}, as_json, lines)
    if "refused" in states:
        raise typer.Exit(1)


def _line(outcome: "Outcome") -> str:
    if outcome.state == "refused":
        return f"refused: {outcome.detail}"
    unknown = f"; unknown codes: {', '.join(outcome.unknown_codes)}" if outcome.unknown_codes else ""
    about = "was there already" if outcome.state == "repeat" else f"covers {outcome.townships} townships{unknown}"
    return f"{', '.join(map(str, outcome.ids))}: {outcome.identifier} {about}"


@warning_app.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what is over or not yet in force.")] = False,
    event: Annotated[str | None, typer.Option(help="Only this event code, such as 11B37.")] = None,
    level: Annotated[str | None, typer.Option(help="Only blue, yellow, orange or red.")] = None,
    division: Annotated[str | None, typer.Option(help="Only what covers townships of this code.")] = None,
    at: Annotated[str | None, typer.Option(help=f"In force at this time; none: now. {_TIME}.")] = None,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1)] = 100,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The warnings in force, the newest first."""
    from alerts.warnings import moment
    from alerts.warnings_list import listing

    when = moment(at, "--at") if at else None
    with _connected(database, data) as connection:
        rows = listing(
            connection,
            at=when,
            in_force=None if every else True,
            event=event,
            level=level,
            division=division,
            limit=most,
        )
    tell(
        {"warnings": [_readable(row) for row in rows]}, as_json, [_row(row) for row in rows] or ["no official warning"]
    )


@warning_app.command()
def show(warning: Name, as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """One warning: all of it, the townships that it covers, and the message as it came."""
    from alerts.warnings_list import one

    with _connected(database, data) as connection:
        row = one(connection, warning)
    if row is None:
        raise typer.BadParameter(f"there is no warning {warning}: shijing warning list --all names them")
    covered = [f"  {each['code']} {each['district'] or ''} {each['name']}" for each in row["covered"]]
    fields = [f"{name}: {value}" for name, value in _readable(row).items() if name not in ("covered", "message")]
    tell(_readable(row), as_json, [*fields, "covers:", *covered, "message:", row["message"] or ""])


@warning_app.command()
def refused(
    most: Annotated[int, typer.Option(help="How many at the most.", min=1)] = 50,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """What could not be taken as a warning, the newest first: what is wrong, where, and how to mend it."""
    from alerts.warnings_list import refused as held

    with _connected(database, data) as connection:
        rows = held(connection, limit=most)
    lines = [f"{row['id']:>6}  ×{row['count']}  {row['source']} {row['origin']}: {row['detail']}" for row in rows]
    tell({"refused": [_readable(row) for row in rows]}, as_json, lines or ["nothing was refused"])


@warning_app.command()
def add(
    *,
    sender: Annotated[str, typer.Option(help="Who issued it (without spaces and commas).")],
    level: Annotated[str, typer.Option(help="blue, yellow, orange or red.")],
    headline: Annotated[str, typer.Option(help="Its title.")],
    actor: Actor,
    event: Annotated[str, typer.Option(help="Event code, such as 11B37.")],
    area: Annotated[str, typer.Option(help="Division codes (6, 9 or 12 digits), separated by commas.")],
    sent: Annotated[str, typer.Option(help=f"When it was issued: {_TIME}.")],
    effective: Annotated[str, typer.Option(help="Since when it holds; none: since it was issued.")] = "",
    expires: Annotated[str, typer.Option(help="Until when; none: SHIJING_WARNING_VALID_H hours.")] = "",
    description: Annotated[str, typer.Option(help="Its text.")] = "",
    replaces: Annotated[str, typer.Option(help="Identifier of the warning of the same sender that it updates.")] = "",
    status: Annotated[str, typer.Option(help="actual, exercise or test.")] = "actual",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Enter an official warning by hand."""
    from alerts.warnings_alerts import judging_of
    from alerts.warnings_hand import add as enter

    row = {
        "sender": sender,
        "level": level,
        "headline": headline,
        "event_code": event,
        "area_codes": area,
        "sent": sent,
        "effective": effective,
        "expires": expires,
        "description": description,
        "replaces": replaces,
        "status": status,
    }
    with _connected(database, data) as connection:
        outcome = enter(connection, row, judging_of(connection), actor=actor)
    _report([outcome], as_json)


@warning_app.command()
def cancel(
    warning: Name,
    *,
    actor: Actor,
    reason: Annotated[str, typer.Option(help="Why, such as the number of the notice that ended it.")] = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """End a warning in its sender's name."""
    from alerts.warnings_alerts import judging_of
    from alerts.warnings_hand import cancel as end

    with _connected(database, data) as connection:
        outcome = end(connection, warning, judging_of(connection), actor=actor, reason=reason)
    _report([outcome], as_json)


@warning_app.command()
def receive(
    database: Database = None,
    data: Data = None,
    lifeline: Annotated[bool, typer.Option("--lifeline", hidden=True, help="Stop when standard input ends.")] = False,
) -> None:
    """Receive official warnings over MQTT and from the configured feeds, until it is told to stop."""
    from alerts.warnings_receiver import new_session, run_receiver
    from commands.servers import broker as broker_of
    from commands.servers import database as database_of
    from commands.stopping import hold_lifeline, stop_on_signals
    from config.database import connect
    from config.migrate import migrate
    from config.settings import WarningSettings

    if lifeline:
        hold_lifeline()
    stop, place, settings = stop_on_signals(), place_of(database, data), WarningSettings()
    with database_of(place) as url, broker_of(place) as broker:
        with connect(url, "migrate", autocommit=True) as connection:
            migrate(connection)
        session = new_session(broker, settings, ready=lambda: typer.echo("ready"))
        run_receiver(url, session, settings, stop)


@contextmanager
def _connected(database: str | None, data: Path | None) -> Iterator["Connection"]:
    from commands.servers import database as database_of
    from config.database import connect

    with database_of(place_of(database, data)) as url, connect(url, "warnings", autocommit=True) as connection:
        yield connection


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    from config.logs import BEIJING

    return {
        name: value.astimezone(BEIJING).isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _row(row: dict[str, Any]) -> str:
    told = _readable(row)
    what = f"{row['event_code'] or '–':<6} {row['level'] or '–':<7}{row['headline'] or row['msg_type']}"
    mark = "" if row["status"] == "actual" else f" [{row['status'].upper()}]"
    span = f"{told['effective'][:16]} – {told['expires'][:16]}"
    return f"{row['id']:>6}{mark}  {span}  {what} ({row['townships']} townships)"
