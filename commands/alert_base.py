"""What the commands of `shijing alert` share: who acts, when, on which database."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.options import place_of, tell

if TYPE_CHECKING:
    from alerts.acts import Acted
    from config.database import Connection

Who = Annotated[str | None, typer.Option("--as", help="Who does it; default: the user of this machine.")]
Note = Annotated[str, typer.Option(help="Words for those who read it later.")]


def run_act(
    act: "Callable[[Connection, Any], Acted]", who: str | None, as_json: bool, database: str | None, data: Path | None
) -> None:
    """Do it as that person, and say what it did."""
    from alerts.actors import actor_of

    with connected(database, data) as connection:
        done = act(connection, actor_of(connection, who or getpass.getuser()))
    told = asdict(done) | {"time": done.time.isoformat()}
    tell(told, as_json, [f"alert {done.alert_id}: {done.from_state} → {done.to_state}"])


def run_aside(
    act: "Callable[[Connection, Any], int]", who: str | None, as_json: bool, database: str | None, data: Path | None
) -> None:
    """Put something aside as that person, and say how it is ended."""
    from alerts.actors import actor_of

    with connected(database, data) as connection:
        number = act(connection, actor_of(connection, who or getpass.getuser()))
    tell(
        {"suppression_id": number},
        as_json,
        [f"suppression {number} is in force; `shijing alert unshelve {number}` ends it"],
    )


def moment_at(connection: "Connection", text: str) -> datetime:
    """A time, or a stretch from the clock of the alerts; raises Refused for what is neither."""
    from alerts.acts import now
    from ingest.place_history import moment_of

    units = {"m": "minutes", "h": "hours", "d": "days"}
    if text[:-1].isdecimal() and text[-1:] in units and len(text) < 7:
        return now(connection) + timedelta(**{units[text[-1]]: int(text[:-1])})
    return moment_of(text)


@contextmanager
def connected(database: str | None, data: Path | None) -> "Iterator[Connection]":
    """A connection to the database that is meant, in autocommit."""
    from commands.servers import database as database_of
    from config.database import connect

    with database_of(place_of(database, data)) as url, connect(url, "alert", autocommit=True) as connection:
        yield connection
