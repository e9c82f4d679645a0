"""What a run comes to in numbers: who answered, how long each step took, what was late. Pure.

Times count from the call. An answer is owed for an assignment for which somebody was called, unless it was taken back
before anybody answered; the share of those with an answer is the answer rate (叫应率). *Read* is no answer.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from dispatch.account import AssignmentOf, CallOf, DeliveryOf, RunAccount, TaskOf

# "已转移12人"; where the task is about people, a bare number is that of them.
_PERSONS = re.compile(r"(\d+)\s*(?:人|名|persons?\b|people\b)")
_ABOUT_PEOPLE = re.compile(r"转移|撤离|疏散|安置|清点|人数")


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How long something took, in seconds, in so many cases; None of none."""

    count: int
    median_s: float | None
    p90_s: float | None  # nine in ten took no longer
    longest_s: float | None


@dataclass(frozen=True, kw_only=True)
class StepFigures:
    """Of a task, or of all of them."""

    assigned: int
    asked: int  # for which an answer was owed
    answered: int
    done: int
    late: int
    deliver: Spread
    acknowledge: Spread
    arrive: Spread
    close: Spread

    @property
    def unanswered(self) -> int:
        """For which nobody answered."""
        return self.asked - self.answered

    @property
    def answer_rate(self) -> float | None:
        """Between 0 and 1; None where nobody was called."""
        return self.answered / self.asked if self.asked else None


@dataclass(frozen=True, kw_only=True)
class RungFigures:
    """What one rung of the ladder did by one channel."""

    rung: int
    channel: str
    messages: int
    delivered: int
    failed: int
    skipped: int
    persons: int  # people or loudspeakers that were called so
    brought_answer: int  # assignments that were answered while this was the last rung taken


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All of it."""

    whole: StepFigures
    tasks: tuple[tuple[TaskOf, StepFigures], ...]
    rungs: tuple[RungFigures, ...]
    calls: int
    calls_answered: int  # by the very person who was called
    late: tuple[AssignmentOf, ...]
    unanswered: tuple[CallOf, ...]  # calls for assignments that nobody answered
    backups: int  # assignments for which somebody else than the post was called
    persons_moved: int | None  # as told with results; None: no result tells of people
    persons_threatened: int | None  # as the plan says
    false_alerts: int
    lasted_s: float


def figures(account: RunAccount) -> Figures:
    """Those of a run as its account stands."""
    answered = [call for call in account.calls if _answered_itself(account, call)]
    threatened = account.run.plan.get("threatened") or {}
    return Figures(
        whole=_steps(account, account.assignments),
        tasks=tuple((task, _steps(account, account.assigned(task))) for task in account.tasks),
        rungs=tuple(_rungs(account)),
        calls=len(account.calls),
        calls_answered=len(answered),
        late=tuple(one for one in account.assignments if one.is_late(account.until)),
        unanswered=tuple(one for one in account.calls if _nobody_answered(account, one)),
        backups=len({call.assignment_id for call in account.calls if call.part in ("backup", "command", "everybody")}),
        persons_moved=_persons_moved(account),
        persons_threatened=threatened.get("persons"),
        false_alerts=sum(alert.cause == "false" for alert in account.alerts),
        lasted_s=max(0.0, (account.until - account.run.started_at).total_seconds()),
    )


def spread(seconds: Iterable[float]) -> Spread:
    """Median and the nearest-rank ninth decile."""
    ordered = sorted(seconds)
    if not ordered:
        return Spread(count=0, median_s=None, p90_s=None, longest_s=None)
    ninth = ordered[math.ceil(0.9 * len(ordered)) - 1]
    return Spread(count=len(ordered), median_s=median(ordered), p90_s=ninth, longest_s=ordered[-1])


def _steps(account: RunAccount, chosen: Sequence[AssignmentOf]) -> StepFigures:
    asked = [one for one in chosen if one.is_asked]
    delivered = _delivered_at(account)
    return StepFigures(
        assigned=len(chosen),
        asked=len(asked),
        answered=sum(one.answered_at is not None for one in asked),
        done=sum(one.done_at is not None for one in chosen),
        late=sum(one.is_late(account.until) for one in chosen),
        deliver=spread(_since_call((one, delivered.get(one.id)) for one in asked)),
        acknowledge=spread(_since_call((one, one.answered_at) for one in asked)),
        arrive=spread(_since_call((one, one.on_site_at) for one in asked)),
        close=spread(_since_call((one, one.done_at) for one in asked)),
    )


def _since_call(told: Iterable[tuple[AssignmentOf, datetime | None]]) -> list[float]:
    """Seconds; a phone whose clock is behind answers at once, not before it was called."""
    return [
        max(0.0, (at - one.called_at).total_seconds())
        for one, at in told
        if at is not None and one.called_at is not None
    ]


def _delivered_at(account: RunAccount) -> dict[int, datetime]:
    """When the first message arrived, by assignment."""
    first: dict[int, datetime] = {}
    for one in account.deliveries:
        arrived = one.delivered_at or one.read_at
        if arrived is not None:
            assignment = account.call_of[one.call_id].assignment_id
            first[assignment] = min(arrived, first.get(assignment, arrived))
    return first


def _answered_itself(account: RunAccount, call: CallOf) -> bool:
    """By who was called; where that is forgotten, as it was noted then. (A loudspeaker answers nothing.)"""
    if call.answered is not None or call.person_id is None:
        return bool(call.answered)
    return any(one.assignment_id == call.assignment_id and one.person_id == call.person_id for one in account.answers)


def _nobody_answered(account: RunAccount, call: CallOf) -> bool:
    assignment = account.assignment_of[call.assignment_id]
    return assignment.is_asked and assignment.answered_at is None


def _rungs(account: RunAccount) -> Iterable[RungFigures]:
    brought = _brought(account)
    for rung, channel in sorted({(one.rung, one.channel) for one in account.deliveries}):
        of = [one for one in account.deliveries if (one.rung, one.channel) == (rung, channel)]
        yield RungFigures(
            rung=rung,
            channel=channel,
            messages=len(of),
            delivered=sum(one.state in ("delivered", "read") for one in of),
            failed=sum(one.state == "failed" for one in of),
            skipped=sum(one.state == "skipped" for one in of),
            persons=len({one.call_id for one in of}),
            brought_answer=sum(last == (rung, channel) for last in brought),
        )


def _brought(account: RunAccount) -> list[tuple[int, str]]:
    """For each answered assignment the last message that was under way when the answer came."""
    last: dict[int, DeliveryOf] = {}
    for one in account.deliveries:
        assignment = account.assignment_of[account.call_of[one.call_id].assignment_id]
        told = assignment.answered_at
        if told is not None and one.sent_at is not None and one.sent_at <= told:
            before = last.get(assignment.id)
            if before is None or (before.sent_at or told, before.rung) <= (one.sent_at, one.rung):
                last[assignment.id] = one
    return [(one.rung, one.channel) for one in last.values()]


def persons_in(task: TaskOf, result: str | None) -> int | None:
    """How many people a result tells of; None where it tells of none."""
    if not result:
        return None
    if found := _PERSONS.findall(result):
        return sum(map(int, found))
    about = _ABOUT_PEOPLE.search(f"{task.what}{task.evidence or ''}")
    return int(result) if about and result.strip().isdecimal() else None


def _persons_moved(account: RunAccount) -> int | None:
    told = [persons_in(account.task_of[one.task_id], one.result) for one in account.assignments]
    known = [one for one in told if one is not None]
    return sum(known) if known else None
