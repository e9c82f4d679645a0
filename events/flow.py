"""How an event goes from step to step: pure, no clock and no database. What may not be is Refused.

reported → accepted → assigned → handled → (verified) → closed. From each of the first three it can be handed up
to the next level, where it is reported anew. The level that has it when it is handled is the one that closed it,
unless its kind may only be closed further up: then it goes there to be looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from events.errors import Refused
from events.kinds import LEVELS, Kind, Level, Step

WAITS_FOR: Mapping[str, Step] = {
    "reported": "accept",
    "accepted": "assign",
    "assigned": "handle",
    "handled": "verify",
}
_OPEN = ("reported", "accepted", "assigned")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An event as it stands."""

    id: int
    kind: Kind
    urgent: bool
    state: str
    level: Level
    places: Mapping[Level, int]  # the divisions that it lies in; a level without one has nobody to have it
    since: datetime
    due_at: datetime | None
    overdue_at: datetime | None = None
    was_late: bool = False
    assigned_to: UUID | None = None
    handled_level: Level | None = None
    handled_by: UUID | None = None
    result: str | None = None
    closed_level: Level | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class By:
    """Who does it: an account, whose person it is, and for which level it speaks."""

    account: UUID | None  # None: the system
    person_id: UUID | None = None
    level: Level = "grid"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One step, as it is written."""

    act: str
    state: str
    level: Level
    division_id: int
    time: datetime
    since: datetime | None
    late: bool = False
    actor: UUID | None = None
    person_id: UUID | None = None
    result: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How it stands then, and the steps on the way."""

    event: Standing
    steps: tuple[Taken, ...]

    def then(self, other: "Moved") -> "Moved":
        """One after the other."""
        return Moved(event=other.event, steps=(*self.steps, *other.steps))


def begins_at(kind: Kind, places: Mapping[Level, int], *, urgent: bool) -> Level:
    """The level that has an event first: what is urgent goes straight up to the township."""
    wanted = "township" if urgent else kind.start
    return next(level for level in LEVELS[LEVELS.index(wanted) :] if level in places)


def reported(event: Standing, by: By) -> Moved:
    """The first step."""
    step = Taken(
        act="reported", state="reported", level=event.level, division_id=event.places[event.level], time=event.since,
        since=None, actor=by.account, person_id=by.person_id,
    )  # fmt: skip
    return Moved(event=event, steps=(step,))


def accept(event: Standing, by: By, at: datetime) -> Moved:
    """Somebody has it now. A level further up that accepts it takes it over."""
    if event.state != "reported":
        raise Refused("somebody has accepted it already", "事件已被受理。")
    return _step(event, by, at, "accepted", "accepted", level=_higher(event, by))


def assign(event: Standing, by: By, at: datetime, to: UUID, level: Level) -> Moved:
    """To somebody of a level that has it, or is below; one that nobody accepted is accepted by that."""
    _check_open(event)
    if LEVELS.index(level) > LEVELS.index(max(event.level, by.level, key=LEVELS.index)) or level not in event.places:
        raise Refused("they are of a level above yours: hand it up instead", "对方属于上级，请改用上报。")
    done = accept(event, by, at) if event.state == "reported" else Moved(event=event, steps=())
    given = replace(done.event, assigned_to=to)
    return done.then(_step(given, by, at, "assigned", "assigned", level=level, person_id=to))


def handle(event: Standing, by: By, at: datetime, result: str) -> Moved:
    """It is dealt with: closed, or sent to whoever looks at it."""
    _check_open(event)
    done = accept(event, by, at) if event.state == "reported" else Moved(event=event, steps=())
    level = done.event.level if done.event.assigned_to is not None else _higher(done.event, by)
    ready = replace(done.event, result=result, handled_level=level, handled_by=by.account)
    done = done.then(_step(ready, by, at, "handled", "handled", level=level, result=result, person_id=by.person_id))
    closes = _closing_level(done.event)
    allowed = LEVELS.index(by.level) >= LEVELS.index(closes) or closes == level
    if not event.kind.verify and allowed:
        return done.then(_close(done.event, by, at))
    if closes != level:
        return done.then(_step(done.event, _SYSTEM, at, "handed_up", "handled", level=closes, reason="closes_there"))
    return done


def verify(event: Standing, by: By, at: datetime) -> Moved:
    """Somebody else has looked at it, and it is closed."""
    _check_handled(event)
    if by.account is not None and by.account == event.handled_by:
        raise Refused("whoever handled it does not verify it: somebody else looks", "处置人不能核查，请由他人核查。")
    done = _step(event, by, at, "verified", "handled", level=event.level)
    return done.then(_close(done.event, by, at))


def send_back(event: Standing, by: By, at: datetime, reason: str) -> Moved:
    """It is not done: back to whoever handled it."""
    _check_handled(event)
    back: Level = event.handled_level or event.level
    state = "accepted" if event.assigned_to is None else "assigned"
    open_again = replace(event, handled_level=None, handled_by=None, result=None)
    return _step(open_again, by, at, "returned", state, level=back, reason=reason)


def hand_up(event: Standing, by: By, at: datetime, reason: str) -> Moved:
    """To the next level that there is, where it is reported anew."""
    _check_open(event)
    above = next((level for level in LEVELS[LEVELS.index(event.level) + 1 :] if level in event.places), None)
    if above is None:
        raise Refused("the district is the highest level", "区县已是最高一级，不能再上报。")
    return _step(replace(event, assigned_to=None), by, at, "handed_up", "reported", level=above, reason=reason)


def find_late(event: Standing, at: datetime) -> Moved:
    """What is due and was not done; by rule that hands it up."""
    if event.due_at is None or event.overdue_at is not None or at <= event.due_at:
        return Moved(event=event, steps=())
    late = replace(event, overdue_at=at, was_late=True)
    told = Taken(
        act="overdue", state=event.state, level=event.level, division_id=event.places[event.level], time=at,
        since=event.since, late=True,
    )  # fmt: skip
    done = Moved(event=late, steps=(told,))
    above = any(level in event.places for level in LEVELS[LEVELS.index(event.level) + 1 :])
    if WAITS_FOR[event.state] in event.kind.up and event.state != "handled" and above:
        return done.then(hand_up(late, _SYSTEM, at, "late"))
    return done


_SYSTEM = By(account=None)


def _check_open(event: Standing) -> None:
    if event.state not in _OPEN:
        raise _over() if event.state == "closed" else Refused("it has been handled", "事件已处置。")


def _check_handled(event: Standing) -> None:
    if event.state != "handled":
        raise _over() if event.state == "closed" else Refused("it has not been handled yet", "事件尚未处置。")


def _over() -> Refused:
    return Refused("the event is closed", "事件已办结。")


def _higher(event: Standing, by: By) -> Level:
    """The level that has it once `by` took it; one that it has no division of cannot."""
    above = [level for level in (event.level, by.level) if level in event.places]
    return max(above, key=LEVELS.index)


def _closing_level(event: Standing) -> Level:
    """The level that may close it: where it was handled, or the kind's, or the nearest above that there is."""
    at_least = max(LEVELS.index(event.level), LEVELS.index(event.kind.close))
    there = [level for level in LEVELS[at_least:] if level in event.places]
    return there[0] if there else event.level


def _close(event: Standing, by: By, at: datetime) -> Moved:
    level = _closing_level(event)
    done = _step(event, by, at, "closed", "closed", level=level, result=event.result)
    return replace(done, event=replace(done.event, closed_level=level, closed_at=at, due_at=None))


def _step(
    event: Standing,
    by: By,
    at: datetime,
    act: str,
    state: str,
    *,
    level: Level,
    person_id: UUID | None = None,
    result: str | None = None,
    reason: str | None = None,
) -> Moved:
    """Take it. A step at the instant of the one before ends nothing that took time."""
    late = event.due_at is not None and at > event.due_at
    step = Taken(
        act=act, state=state, level=level, division_id=event.places[level], time=at, since=event.since, late=late,
        actor=by.account, person_id=person_id, result=result, reason=reason,
    )  # fmt: skip
    return Moved(event=_after(event, at, state, level, late=late), steps=(step,))


def _after(event: Standing, at: datetime, state: str, level: Level, *, late: bool) -> Standing:
    due = None if state == "closed" else at + event.kind.limit(WAITS_FOR[state], level, urgent=event.urgent)
    return replace(
        event, state=state, level=level, since=at, due_at=due, overdue_at=None, was_late=event.was_late or late
    )
