"""What people do with events: each a tap, one transaction, with its audit entry and a live event; twice is once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from access import audit
from alerts.acts import now
from config.database import Connection
from events import flow
from events.errors import Refused
from events.flow import By, Moved, Standing
from events.kinds import Choice, Level, shipped_kinds
from events.statements import QUERIES
from events.stored import level_of, lock, tell, write
from people.duty import on_duty

ACTS = ("accept", "assign", "handle", "verify", "return", "up")


@dataclass(frozen=True, kw_only=True)
class Tap:
    """One tap: which act, and what was chosen with it."""

    act: str  # one of ACTS
    key: UUID | None = None  # made where the tap was
    choice: str | None = None  # a result, or a reason
    to: UUID | None = None  # to whom it is given
    to_division: int | None = None  # for which division they are on duty


@dataclass(frozen=True, kw_only=True)
class Done:
    """How an event stands after it."""

    event_id: int
    state: str
    level: Level
    closed_level: Level | None
    counted: bool = True  # False: the same tap had come before


def take(connection: Connection, event_id: int, tap: Tap, by: By) -> Done:
    """Do it; raises Refused where it cannot be, EventUnknown."""
    with connection.transaction():
        event = lock(connection, event_id)
        if _came_before(connection, event_id, tap.key):
            return _done(event, counted=False)
        moved = _moved(connection, event, tap, by, now(connection))
        write(connection, [moved], key=tap.key)
        tell(connection, [moved])
        _prove(connection, moved, tap, by)
    return _done(moved.event, counted=True)


def came_before(connection: Connection, event_id: int, tap: Tap) -> Done | None:
    """How an event stands, where this tap was taken before; None where it was not."""
    with connection.transaction():
        event = lock(connection, event_id)
        return _done(event, counted=False) if _came_before(connection, event_id, tap.key) else None


def _came_before(connection: Connection, event_id: int, key: UUID | None) -> bool:
    if key is None:
        return False
    row = connection.execute(QUERIES["step_of_key"], {"key": key}).fetchone()
    if row is not None and row[0] != event_id:
        raise Refused("that key is another tap's: make a new one", "该操作编号已被使用，请重试。")
    return row is not None


def _moved(connection: Connection, event: Standing, tap: Tap, by: By, at: datetime) -> Moved:
    kinds = shipped_kinds()
    simple: Mapping[str, Callable[[], Moved]] = {
        "accept": lambda: _accepted(event, by, at),
        "assign": lambda: _assigned(connection, event, tap, by, at),
        "handle": lambda: flow.handle(event, by, at, _chosen(kinds.results, tap.choice, "result", "处置结果")),
        "verify": lambda: flow.verify(event, by, at),
        "return": lambda: flow.send_back(event, by, at, _chosen(kinds.returns, tap.choice, "reason", "退回原因")),
        "up": lambda: flow.hand_up(event, by, at, _chosen(kinds.reasons, tap.choice, "reason", "上报原因")),
    }
    if tap.act not in simple:
        raise Refused(f"{tap.act[:20]!r} is no act: take one of {', '.join(ACTS)}", "没有这种操作。")
    return simple[tap.act]()


def _accepted(event: Standing, by: By, at: datetime) -> Moved:
    """A person who accepts for the level that has it has it themselves: that is one tap less."""
    done = flow.accept(event, by, at)
    if by.person_id is None or done.event.level != event.level:
        return done
    return done.then(flow.assign(done.event, by, at, by.person_id, done.event.level))


def _assigned(connection: Connection, event: Standing, tap: Tap, by: By, at: datetime) -> Moved:
    """To somebody who is on duty for where it is."""
    if tap.to is None:
        raise Refused("choose somebody who is on duty", "请选择在岗人员。")
    there = on_duty(connection, _finest(event), at)
    found = [one.division_id for one in there if one.person_id == tap.to]
    wanted = [one for one in found if tap.to_division in (None, one)]
    level = level_of(connection, wanted[0]) if wanted else None
    if level is None:
        raise Refused("they are not on duty there: choose somebody who is", "该人员不在岗，请选择在岗人员。")
    return flow.assign(event, by, at, tap.to, level)


def _finest(event: Standing) -> int:
    return next(event.places[level] for level in ("grid", "village", "township", "district") if level in event.places)


def _chosen(choices: Mapping[str, Choice], chosen: str | None, what: str, zh: str) -> str:
    if chosen is None or chosen not in choices:
        raise Refused(f"choose a {what}: one of {', '.join(choices)}", f"请选择{zh}。")
    return chosen


def _done(event: Standing, *, counted: bool) -> Done:
    return Done(
        event_id=event.id, state=event.state, level=event.level, closed_level=event.closed_level, counted=counted
    )


def _prove(connection: Connection, moved: Moved, tap: Tap, by: By) -> None:
    details = {"state": moved.event.state, "level": moved.event.level}
    if tap.choice is not None:
        details["choice"] = tap.choice
    audit.append(
        connection,
        act=f"event.{_PAST[tap.act]}",
        actor=by.account,
        subject=f"event/{moved.event.id}",
        division_id=moved.event.places["township"],
        details=details,
    )


_PAST = {
    "accept": "accepted",
    "assign": "assigned",
    "handle": "handled",
    "verify": "verified",
    "return": "returned",
    "up": "handed_up",
}
