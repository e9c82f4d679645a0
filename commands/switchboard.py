"""The channels of the place that a command works in."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from commands.servers import Place, vault_if_named
from config.database import Connection
from config.exercise import mark_of
from config.settings import BrokerSettings, OutSettings
from dispatch.switchboard import Means, Switchboard, open_switchboard


def board_of(
    place: Place, broker: BrokerSettings | None, connect: Callable[[], AbstractContextManager[Connection]]
) -> Switchboard:
    """The channels that the settings name, for the database that `connect` leads to. Raises ConfigError, VaultError."""
    with connect() as connection:
        exercise = mark_of(connection) is True  # there may be no schema yet
    means = Means(
        connect=connect,
        broker=broker,
        vault=vault_if_named(place),
        url=OutSettings().url,
    )
    return open_switchboard(means, exercise=exercise)
