"""`shijing alerts-out`: alerts back onto MQTT, in a process of its own."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import Data, Database, place_of

if TYPE_CHECKING:
    from config.settings import BrokerSettings, OutSettings


def alerts_out(
    restate: Annotated[
        bool, typer.Option("--restate", help="Begin by saying again what is open: the broker lost what it kept.")
    ] = False,
    database: Database = None,
    data: Data = None,
    lifeline: Annotated[bool, typer.Option("--lifeline", hidden=True, help="Stop when standard input ends.")] = False,
) -> None:
    """Tell alerts over MQTT as they change: <root>/<division>/alert/<id>, retained while an alert is open."""
    from commands.servers import broker as broker_of
    from commands.servers import database as database_of
    from commands.stopping import hold_lifeline, stop_on_signals
    from config.settings import OutSettings

    if lifeline:
        hold_lifeline()
    stop = stop_on_signals()
    place = place_of(database, data)
    with database_of(place) as url, broker_of(place) as broker:
        run_alerts_out(url, broker, OutSettings(), restate=restate, stop=stop, ready=lambda: typer.echo("ready"))


def run_alerts_out(
    database_url: str,
    broker: "BrokerSettings",
    settings: "OutSettings",
    *,
    restate: bool,
    stop: threading.Event,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Tell alerts until `stop`; `ready` is called once it is this process that tells."""
    from alerts.out import AlertsOut
    from alerts.out_channel import Outlet
    from alerts.out_words import RuleBook
    from ingest.session import check_broker

    check_broker(broker)
    # A client id that lasts: a process that was left behind is cut off by its successor.
    outlet = Outlet(broker, f"shijing-alerts-out-{settings.topic_root}")
    AlertsOut(database_url, outlet, RuleBook(), settings).run(stop, restate=restate, ready=ready)
