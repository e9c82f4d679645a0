"""Sends messages that are due: claims them, sends outside of any transaction, writes what became of them.

due → sending → sent        taken by the channel
              → failed      not taken; where it may be later, another attempt is due, under a key of its own
              → due         perhaps taken: it is sent again under the same key, `repeated`
    → skipped               no longer wanted, no address, or the channel is not set up
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from config.database import Connection
from config.jobs import Job, defer
from dispatch.addresses import QUERIES
from dispatch.advance import DELIVER
from dispatch.claims import Parcel, claim, defer_sending, postpone
from dispatch.errors import ChannelError, Passing
from dispatch.notice import Channel
from dispatch.open_rows import Locks, read_open
from dispatch.rates import shut
from dispatch.settling import tell
from dispatch.switchboard import Connect, Switchboard

log = logging.getLogger(__name__)

_AT_ONCE = 8  # messages of one job
_TIMES = 3.0  # as long as the last time, before each further try
_LONGEST_S = 900.0
_LOST_AT_ONCE = 50  # in one job


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """How many deliveries went which way."""

    sent: int = 0
    failed: int = 0
    later: int = 0  # wait for the rate, or are tried again
    skipped: int = 0

    def __add__(self, other: "Delivered") -> "Delivered":
        return Delivered(**{name: value + getattr(other, name) for name, value in vars(self).items()})


def deliver(connect: Connect, board: Switchboard, delivery_ids: Sequence[int], now: datetime) -> Delivered:
    """Send what is due among these; `now` by the clock that runs go by. What another process is sending is its own."""
    done = Delivered()
    with connect() as connection:
        locks = Locks(connection)
        try:
            ids = [number for (number,) in connection.execute(QUERIES["together"], {"ids": list(delivery_ids)})]
            for channel, mine in _by_channel(connection, locks.take(ids), now):
                claimed = claim(connection, board, locks, channel, mine, now)
                done += Delivered(later=claimed.later, skipped=claimed.skipped)
                if claimed.parcels:
                    done += _send_all(connection, board, channel, claimed.parcels, now)
        finally:
            locks.release()
    return done


def defer_lost(connection: Connection) -> int:
    """A job for each message that is due and has none (any more), in a transaction; how many there were."""
    with connection.transaction():
        by_channel: dict[str, list[int]] = defaultdict(list)
        for number, channel in connection.execute(QUERIES["lost"]):
            by_channel[channel].append(number)
        jobs = [
            Job(task=DELIVER, args={"delivery_ids": ids[first : first + _LOST_AT_ONCE]})
            for ids in by_channel.values()
            for first in range(0, len(ids), _LOST_AT_ONCE)
        ]
        defer(connection, jobs)
    return sum(map(len, by_channel.values()))


def _by_channel(connection: Connection, ids: Sequence[int], now: datetime) -> Iterator[tuple[str, list[int]]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in read_open(connection, ids, now):
        if row.channel != "app":  # the stream of the open page sends those
            found[row.channel].append(row.id)
    yield from found.items()


def _send_all(
    connection: Connection, board: Switchboard, channel: str, parcels: Sequence[Parcel], now: datetime
) -> Delivered:
    """All at once; what is known is written down together. Raises what is no fault of a channel, after the rest."""
    done, way = Delivered(), board.channels[channel]
    with ThreadPoolExecutor(min(_AT_ONCE, len(parcels)), thread_name_prefix=channel) as pool:
        sending = {pool.submit(_send, way, parcel): parcel for parcel in parcels}
        waiting = set(sending)
        while waiting:
            ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            known = [(sending[one], one.result()) for one in ended if one.exception() is None]
            if known:
                done += _record(connection, board, channel, known, now)
    for one in sending:
        one.result()
    return done


def _send(way: Channel, parcel: Parcel) -> ChannelError | None:
    try:
        way.send(parcel.notices)
    except ChannelError as error:
        return error
    return None


def _record(
    connection: Connection,
    board: Switchboard,
    channel: str,
    known: Sequence[tuple[Parcel, ChannelError | None]],
    now: datetime,
) -> Delivered:
    """What became of messages, in a transaction."""
    sent = [number for parcel, error in known if error is None for number in parcel.ids]
    done = Delivered(sent=len(sent))
    with connection.transaction():
        connection.execute(QUERIES["sent"], {"ids": sent, "at": now})
        for parcel, error in known:
            if error is not None:
                log.warning("%s: deliveries %s: %s", channel, ", ".join(map(str, parcel.ids)), error)
                done += _failed(connection, board, channel, parcel, error, now)
        tell(connection, [(row.run_id, row.assignment_id) for parcel, _ in known for row in parcel.rows])
    return done


def _failed(
    connection: Connection, board: Switchboard, channel: str, parcel: Parcel, error: ChannelError, now: datetime
) -> Delivered:
    count, detail = len(parcel.rows), str(error)
    if isinstance(error, Passing) and error.pause_s and channel in board.rates:
        shut(connection, channel, error.pause_s, detail)
    if not isinstance(error, Passing) or parcel.tries >= board.settings.tries:
        connection.execute(QUERIES["failed"], {"ids": parcel.ids, "detail": detail})
        return Delivered(failed=count)
    wait_s = _wait_s(board, parcel.tries, error)
    if error.unsure:
        postpone(connection, parcel.ids, detail, wait_s, now)
        return Delivered(later=count)
    connection.execute(QUERIES["failed"], {"ids": parcel.ids, "detail": detail})
    asked = {"ids": parcel.ids, "at": now, "wait_s": wait_s}
    again = [number for (number,) in connection.execute(QUERIES["try_again"], asked)]
    defer_sending(connection, again, wait_s)
    return Delivered(failed=count, later=len(again))


def _wait_s(board: Switchboard, tries: int, error: Passing) -> float:
    """Until the next try: longer each time, and not before the channel wants it."""
    return max(min(board.settings.retry_s * _TIMES ** (tries - 1), _LONGEST_S), error.pause_s or 0.0)
