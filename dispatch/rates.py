"""How often a channel may be used: counted in the database, by the machine's clock, so that it holds across restarts.

The form of a rate and its windows are those of `limits`. Whoever claims messages of a channel holds its gate until
the commit, and counts what is about to be sent: what is killed then counts as sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from limits import RateLimitItem, parse_many

from config.database import Connection
from dispatch.addresses import QUERIES


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a channel may send now."""

    now: datetime  # by the machine's clock
    left: int | None  # messages; None: any number
    opens_at: datetime | None = None  # when there is room for more than that
    why: str = ""


def budget_of(connection: Connection, channel: str, rate: str) -> Budget:
    """Inside of a transaction, which from here on is alone to send by this channel where it has a rate."""
    if not rate:
        return Budget(now=clock(connection), left=None)
    connection.execute(QUERIES["make_gate"], {"channel": channel})
    row = connection.execute(QUERIES["gate"], {"channel": channel}).fetchone()
    assert row is not None
    shut_until, why, now = row
    if shut_until is not None and shut_until > now:
        return Budget(now=now, left=0, opens_at=shut_until, why=why)
    return _of_windows(connection, channel, parse_many(rate), now)


def count(connection: Connection, channel: str, rate: str, messages: int) -> None:
    """Count what is about to be sent, and forget what counts no more."""
    if not rate or not messages:
        return
    connection.execute(QUERIES["count_messages"], {"channel": channel, "count": messages})
    longest = max(one.get_expiry() for one in parse_many(rate))
    named = {"channel": channel, "now": clock(connection), "window_s": longest + 3600}
    connection.execute(QUERIES["forget_messages"], named)


def shut(connection: Connection, channel: str, pause_s: float, why: str) -> None:
    """Leave a channel alone for a while."""
    connection.execute(QUERIES["shut"], {"channel": channel, "pause_s": pause_s, "why": why})


def _of_windows(connection: Connection, channel: str, windows: Sequence[RateLimitItem], now: datetime) -> Budget:
    rooms: list[tuple[int, datetime]] = []  # how many, and when there is room for more
    for window in windows:
        named = {"channel": channel, "now": now, "window_s": window.get_expiry()}
        row = connection.execute(QUERIES["sent_lately"], named).fetchone()
        assert row is not None
        sent, oldest = row
        rooms.append((max(window.amount - sent, 0), (oldest or now) + timedelta(seconds=window.get_expiry())))
    left = min(room for room, _ in rooms)
    opens_at = max(opens for room, opens in rooms if room == left)
    return Budget(now=now, left=left, opens_at=opens_at, why="its rate is used up")


def clock(connection: Connection, wait_s: float = 0.0) -> datetime:
    """The machine's time, that of the database, a while from now."""
    row = connection.execute(QUERIES["clock"], {"wait_s": wait_s}).fetchone()
    assert row is not None
    now: datetime = row[0]
    return now
