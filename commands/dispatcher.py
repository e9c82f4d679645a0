"""`shijing dispatcher`: calls people for the tasks of running plans."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from commands.servers import Place, broker
from commands.switchboard import board_of
from config.channel_settings import CallMqttSettings
from config.database import connect
from config.exercise import mark
from config.migrate import migrate
from config.settings import BrokerSettings
from dispatch.worker import run_dispatcher


def run(place: Place, database_url: str, *, stop: threading.Event, ready: Callable[[], None], exercise: bool) -> None:
    """Bring the schema up to date and work until `stop`; raises ExerciseError for a database of the other kind."""
    with connect(database_url, "migrate", autocommit=True) as connection:
        migrate(connection)
        mark(connection, exercise=exercise)
    with _broker(place) as found:
        board = board_of(place, found, lambda: connect(database_url, "channels", autocommit=True))
        try:
            run_dispatcher(database_url, board=board, stop=stop, ready=ready)
        finally:
            board.close()


@contextmanager
def _broker(place: Place) -> Iterator[BrokerSettings | None]:
    """The place's broker, where calls go over it."""
    told = CallMqttSettings()
    if not (told.worker_topic or told.loudspeaker_topic):
        yield None
        return
    with broker(place) as found:
        yield found
