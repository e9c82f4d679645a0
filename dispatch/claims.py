"""Which messages are sent now, and as what: claimed, so that nobody else sends them, and counted against the rate.

A claim is a conditional change to `sending`, committed before anything is sent, under a lock that the session holds
until the end is written. What is found in `sending` without that lock was cut off: it is sent again under its key.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from config.database import Connection
from config.jobs import Job, defer
from dispatch.addresses import QUERIES, Address, addresses_of
from dispatch.advance import DELIVER
from dispatch.notice import Notice
from dispatch.open_rows import Locks, Open, pass_over, read_open
from dispatch.rates import Budget, budget_of, clock, count
from dispatch.settling import tell
from dispatch.switchboard import GROUPS, Switchboard

_MOST_IN_DIGEST = 500


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One message: a delivery, or several to the same address."""

    rows: tuple[Open, ...]
    notices: tuple[Notice, ...]

    @property
    def ids(self) -> list[int]:
        """Of its deliveries."""
        return [row.id for row in self.rows]

    @property
    def tries(self) -> int:
        """How often it was sent, or is about to be."""
        return max(row.tries for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What became of deliveries that were asked for."""

    parcels: list[Parcel]
    later: int  # wait for the rate
    skipped: int


def claim(
    connection: Connection, board: Switchboard, locks: Locks, channel: str, ids: Sequence[int], at: datetime
) -> Claim:
    """What is to be sent now of these deliveries of one channel, in a transaction of its own."""
    rate = board.rates.get(channel, "")
    with connection.transaction():
        budget = budget_of(connection, channel, rate)
        rows, passed = _usable(connection, board, channel, ids, at)
        groups = _groups(rows)
        if budget.left is not None and budget.left < len(groups) + len(_others(connection, channel, ids, at)):
            groups, more = _squeezed(connection, board, locks, rows, budget, at)
            passed += more
        taken = {row for group in groups for row in group}
        later = [row.id for row in rows if row not in taken]
        postpone(connection, later, budget.why, _until_open_s(budget), at)
        parcels, lost = _begin(connection, board, groups, budget.now)
        count(connection, channel, rate, len(parcels))
        tell(connection, [(row.run_id, row.assignment_id) for row in [*passed, *lost]])
    return Claim(parcels=parcels, later=len(later), skipped=len(passed))


def postpone(connection: Connection, ids: Sequence[int], why: str, wait_s: float, at: datetime) -> None:
    """Leave these for later, with the job that sends them then; what was being sent is repeated."""
    if ids:
        named = {"ids": list(ids), "detail": why, "wait_s": wait_s, "at": at}
        connection.execute(QUERIES["postpone"], named)
        defer_sending(connection, ids, wait_s)


def defer_sending(connection: Connection, ids: Sequence[int], wait_s: float) -> None:
    """The job that sends these after a while, by the machine's clock: it is the channel that waits, not the run."""
    job = Job(task=DELIVER, args={"delivery_ids": list(ids)}, at=clock(connection, wait_s))
    defer(connection, [job])


def _until_open_s(budget: Budget) -> float:
    return max((budget.opens_at - budget.now).total_seconds(), 0.0) if budget.opens_at else 0.0


def _usable(
    connection: Connection, board: Switchboard, channel: str, ids: Sequence[int], at: datetime
) -> tuple[list[Open], list[Open]]:
    """Those with an address that are still wanted, and the others, which are passed over and say why."""
    rows = read_open(connection, ids, at)
    people = {row.person_id for row in rows if row.person_id is not None}
    asked = channel in board.channels and channel not in GROUPS
    known = addresses_of(connection, board.vault, channel, people) if asked else {}
    why = {row: reason for row in rows if (reason := row.over or _lacks(row, board, known))}
    pass_over(connection, why)
    return [_addressed(row, known) for row in rows if row not in why], list(why)


def _lacks(row: Open, board: Switchboard, known: Mapping[UUID, Address]) -> str:
    """Why it cannot be sent; "" where it can."""
    if row.channel not in board.channels:
        return "the channel is not set up"
    if row.channel == "loudspeaker":
        return "" if row.privacy is None else "the plan concerns a person: nothing of it is said aloud"
    return "" if row.channel in GROUPS or row.person_id in known else "no address"


def _addressed(row: Open, known: Mapping[UUID, Address]) -> Open:
    if row.channel == "loudspeaker":
        return replace(row, address=Address(to=row.code))
    return row if row.person_id is None else replace(row, address=known.get(row.person_id, Address()))


def _others(connection: Connection, channel: str, ids: Sequence[int], at: datetime) -> list[int]:
    """What else is due by the same channel."""
    named = {"channel": channel, "ids": list(ids), "at": at, "most": _MOST_IN_DIGEST}
    return [number for (number,) in connection.execute(QUERIES["waiting"], named)]


def _groups(rows: Iterable[Open]) -> list[list[Open]]:
    """One message each; a group's robot says a task once, however many people it is for."""
    found: dict[object, list[Open]] = defaultdict(list)
    for row in rows:
        alone = ("task", row.assignment_id) if row.channel in GROUPS else ("row", row.id)
        found[row.digest or alone].append(row)
    return list(found.values())


def _squeezed(
    connection: Connection, board: Switchboard, locks: Locks, rows: Sequence[Open], budget: Budget, at: datetime
) -> tuple[list[list[Open]], list[Open]]:
    """Past the rate: all that waits there as one message to each address, as many as there is room for."""
    if not rows or not budget.left:
        return [], []
    channel = rows[0].channel
    more = locks.take(_others(connection, channel, [row.id for row in rows], at))
    others, passed = _usable(connection, board, channel, more, at)
    found: dict[object, list[Open]] = defaultdict(list)
    for row in [*rows, *others]:
        found[row.digest or _recipient(row)].append(row)
    return list(found.values())[: budget.left], passed


def _recipient(row: Open) -> object:
    if row.channel in GROUPS:
        return row.channel
    return row.division_id if row.channel == "loudspeaker" else row.person_id


def _begin(
    connection: Connection, board: Switchboard, groups: Sequence[Sequence[Open]], now: datetime
) -> tuple[list[Parcel], list[Open]]:
    """Mark them as being sent; what was cut off as often as may be tried is given up."""
    whole = [(group, group[0].digest or (uuid4() if len(group) > 1 else None)) for group in groups]
    rows = [{"id": row.id, "digest": str(digest) if digest else None} for group, digest in whole for row in group]
    repeated: dict[int, int] = dict(connection.execute(QUERIES["begin"], {"rows": Jsonb(rows)}).fetchall())
    parcels = [
        _parcel([replace(row, digest=digest, repeated=repeated[row.id]) for row in group], board.url, now)
        for group, digest in whole
    ]
    given_up = [one for one in parcels if one.tries > board.settings.tries]
    lost = [row for one in given_up for row in one.rows]
    if lost:
        named = {"ids": [row.id for row in lost], "detail": "it was cut off each time"}
        connection.execute(QUERIES["failed"], named)
    return [one for one in parcels if one not in given_up], lost


def _parcel(rows: Sequence[Open], url: str, now: datetime) -> Parcel:
    """Its notices: one for each task, which one message may tell to several people of a group."""
    by_task = {row.assignment_id: row for row in rows}
    return Parcel(rows=tuple(rows), notices=tuple(row.notice(url, now) for row in by_task.values()))
