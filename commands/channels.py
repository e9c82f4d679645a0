"""`shijing channel`: the channels by which people are called (docs/channels.md)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.options import Data, Database, Json, place_of, tell

if TYPE_CHECKING:
    from commands.servers import Place
    from config.database import Connection
    from dispatch.switchboard import Switchboard

channel_app = typer.Typer(help="Channels by which people are called (docs/channels.md).", no_args_is_help=True)


@channel_app.command("list")
def list_channels(as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """Which are set up, which leave the network, at what rate, and which one asked to be left alone for a while."""
    from dispatch.addresses import QUERIES
    from dispatch.switchboard import NAMES

    with _board(place_of(database, data)) as (board, connection):
        gates = {name: (until, why) for name, until, why in connection.execute(QUERIES["gates"])}
    told = [
        {
            "channel": name,
            "set_up": name in board.channels,
            "leaves_network": board.channels[name].leaves_network if name in board.channels else None,
            "rate": board.rates.get(name, ""),
            "shut_until": gates[name][0] if name in gates else None,
            "why": gates[name][1] if name in gates else "",
        }
        for name in NAMES
    ]
    tell({"channels": told}, as_json, [_line(one) for one in told])


@channel_app.command()
def test(
    channel: Annotated[str, typer.Argument(help="Its name, as `shijing channel list` tells it.")],
    to: Annotated[
        str, typer.Option("--to", help="A number, a mail address, a person's id, a division's code; robots need none.")
    ] = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Send one message that says it is a test; exit status 2 where it was not taken."""
    from dispatch.errors import ChannelError

    with _board(place_of(database, data)) as (board, connection):
        if channel not in board.channels:
            raise typer.BadParameter(f"{channel} is not set up: see `shijing channel list` and docs/channels.md")
        fault = ""
        try:
            board.channels[channel].send([_trial(board, connection, channel, to)])
        except ChannelError as error:
            fault = str(error)
    tell({"channel": channel, "taken": not fault, "why": fault}, as_json, [f"{channel}: {fault or 'taken'}"])
    raise typer.Exit(2 if fault else 0)


@channel_app.command("push-key")
def push_key(file: Annotated[Path, typer.Argument(help="Where; a folder that is not there is made.")]) -> None:
    """Make a key of web push in a place of its own. Then back it up."""
    from config.errors import ConfigError
    from dispatch.push_key import make_push_key

    if not make_push_key(file):
        raise ConfigError(f"{file} is there already and stays as it is: with another key all phones subscribe anew")
    typer.echo(f"{file} is made: set SHIJING_PUSH_KEY_FILE={file.resolve()}, and keep a copy of it elsewhere")


@contextmanager
def _board(place: "Place") -> Iterator[tuple["Switchboard", "Connection"]]:
    """The channels of a place. A broker is only named here, not started."""
    from commands.servers import database as database_of
    from commands.switchboard import board_of
    from config.database import connect
    from config.settings import BrokerSettings

    with database_of(place) as url, connect(url, "channel", autocommit=True) as connection:
        broker = BrokerSettings()
        board = board_of(place, broker if broker.port else None, lambda: connect(url, "channel", autocommit=True))
        try:
            yield board, connection
        finally:
            board.close()


def _trial(board: "Switchboard", connection: "Connection", channel: str, to: str) -> Any:
    from uuid import UUID, uuid4

    from dispatch.addresses import subscriptions_of
    from dispatch.notice import Notice
    from dispatch.rates import clock
    from dispatch.words import trial_words

    phones = {}
    if channel == "push" and board.vault is not None and to:
        phones = subscriptions_of(connection, board.vault, [UUID(to)])
    return Notice(
        key=uuid4(),
        repeated=False,
        to=to,
        subscriptions=next(iter(phones.values()), ()),
        **vars(trial_words()),
        level="blue",
        drill=True,
        url=board.url,
        at=clock(connection),
        run_id=0,
        assignment_ids=(),
    )


def _line(one: dict[str, Any]) -> str:
    if not one["set_up"]:
        return f"{one['channel']:<12} off"
    where = "leaves the network" if one["leaves_network"] else "stays in the network"
    rate = f", {one['rate']}" if one["rate"] else ""
    shut = f", shut until {one['shut_until']:%H:%M:%S %Z}: {one['why']}" if one["shut_until"] else ""
    return f"{one['channel']:<12} set up, {where}{rate}{shut}"
