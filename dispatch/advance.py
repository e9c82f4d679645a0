"""One step up the ladder for every assignment that is due: who is called, by which channels, and when the next is.

Each step is one transaction: cut off before its commit nothing was called, after it nothing is called twice. Messages
that leave the server are sent afterwards (dispatch/deliver.py), from the rows that were written here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from alerts.run_tasks import ADVANCE, post_id
from config.database import Connection
from config.jobs import Job, defer
from dispatch.clock import QUERIES, is_told
from dispatch.ladder import Climbed, Ladder, Rung, shipped_ladder
from dispatch.settling import note, settle, tell
from people.duty import on_duty_for

DELIVER = "deliver"  # a job, as dispatch/worker.py knows it
FRESH_S = 30.0  # a phone that was not heard for so long has no page open
_AT_ONCE = 250  # assignments in one transaction
_MESSAGES = 50  # in one job
# The places of a plan's command whose post people may have called otherwise.
_PLACES = {"commander": "commander", "a": "deputy_a", "b": "deputy_b"}
_ANSWERED = ("acknowledged", "on_site")


@dataclass(frozen=True, kw_only=True)
class Due:
    """An assignment whose next rung is due."""

    id: int
    run_id: int
    task_id: int
    division_id: int
    state: str
    rung: int  # how many were taken
    called_at: datetime | None
    post_id: str | None  # None: an outside party
    backup: str | None
    township_id: int
    command: dict[str, str]  # of the plan: place → post
    instead: list[UUID] | None  # whom it was given to by name


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """What one look at the ladder did."""

    assignments: int = 0
    calls: int = 0
    unanswered: int = 0  # with no rung left

    def __add__(self, other: "Advanced") -> "Advanced":
        return Advanced(
            assignments=self.assignments + other.assignments,
            calls=self.calls + other.calls,
            unanswered=self.unanswered + other.unanswered,
        )


def advance(
    connection: Connection, at: datetime, *, channels: frozenset[str], ladder: Ladder | None = None
) -> Advanced:
    """Take every rung that is due at `at`.

    In transactions of its own, for some at a time, so that the first phones ring while others are still looked up.

    `channels`: those that are set up, beside the open page (`app`), which always is.
    """
    ladder, usable = ladder or shipped_ladder(), channels | {"app"}
    done = Advanced()
    with connection.transaction():  # once for all of them: in a storm it looks at every call there is
        connection.execute(QUERIES["hurry"], {"at": at})
    while True:
        with connection.transaction():
            some = _advance_some(connection, at, usable, ladder)
        done += some
        if some.assignments < _AT_ONCE:
            return done


def _advance_some(connection: Connection, at: datetime, channels: frozenset[str], ladder: Ladder) -> Advanced:
    """The same for the first that are due; whatever becomes of the others, these are called."""
    touched = due = _due(connection, at)
    done = Advanced(assignments=len(touched))
    while due:
        step = _step(connection, due, at, ladder, channels)
        done += Advanced(calls=step.calls, unanswered=len(step.exhausted))
        due = step.at_once
    if touched:
        settle(connection, {one.task_id for one in touched}, at)
        _wake_later(connection, at)
        tell(connection, [(one.run_id, one.id) for one in touched])
    return done


@dataclass(frozen=True, kw_only=True)
class _Step:
    calls: int
    at_once: list[Due]  # reached nobody: their next rung is due now
    exhausted: list[Due]


def _due(connection: Connection, at: datetime) -> list[Due]:
    with connection.cursor(row_factory=class_row(Due)) as cursor:
        return cursor.execute(QUERIES["due_assignments"], {"at": at, "limit": _AT_ONCE}).fetchall()


def _step(connection: Connection, due: Sequence[Due], at: datetime, ladder: Ladder, channels: frozenset[str]) -> _Step:
    """One rung for each."""
    climbing = [one for one in due if one.rung < len(ladder.rungs)]
    people = _people(connection, climbing, at, ladder)
    reached = _call(connection, climbing, people, at, ladder, channels)
    climbed = [
        (one, ladder.climb(one.rung, one.called_at, at, reached=one.id in reached, answered=one.state in _ANSWERED))
        for one in due
    ]
    rows = [_step_row(one, now, called=bool(people.get(one.id))) for one, now in climbed]
    connection.execute(QUERIES["step"], {"rows": Jsonb(rows)})
    exhausted = [one for one, now in climbed if now.exhausted]
    note(connection, [_unanswered(one) for one in exhausted], at)
    return _Step(
        calls=sum(len(found) for found in people.values()),
        at_once=[replace(one, rung=now.rung, called_at=now.called_at) for one, now in climbed if now.at_once],
        exhausted=exhausted,
    )


def _step_row(one: Due, now: Climbed, *, called: bool) -> dict[str, Any]:
    return {
        "id": one.id,
        "rung": now.rung,
        "next_at": None if now.next_at is None else now.next_at.isoformat(),
        "called_at": now.called_at.isoformat(),
        "called": called,
    }


def _unanswered(one: Due) -> dict[str, Any]:
    return {"run_id": one.run_id, "task_id": one.task_id, "kind": "unanswered", "detail": {"assignment_id": one.id}}


def _people(
    connection: Connection, due: Sequence[Due], at: datetime, ladder: Ladder
) -> dict[int, list[tuple[UUID | None, str]]]:
    """Assignment → whom its rung calls, and as what."""
    asked: list[tuple[int, str]] = []  # division, post
    whose: list[tuple[int, str]] = []  # assignment, part
    found: dict[int, list[tuple[UUID | None, str]]] = defaultdict(list)
    for one in due:
        who = ladder.rungs[one.rung].who
        if who == "everybody":
            found[one.id] = [(None, "everybody")]
        elif who == "post" and one.instead:
            found[one.id] = [(person, "reassigned") for person in one.instead]
        else:
            for question in _questions(one, who):
                asked.append(question)
                whose.append((one.id, who))
    for (assignment, part), answers in zip(whose, on_duty_for(connection, asked, at) if asked else [], strict=True):
        there = {person for person, _ in found[assignment]}
        found[assignment] += [(one.person_id, part) for one in answers if one.person_id not in there]
    return found


def _questions(one: Due, who: str) -> Iterable[tuple[int, str]]:
    if who == "post":
        return [(one.division_id, one.post_id)] if one.post_id else []
    if who == "backup":
        backup = post_id(one.backup) if one.backup else None
        return [(one.division_id, backup)] if backup else []
    posts = [post_id(post) or _PLACES.get(place) for place, post in one.command.items()]
    return [(one.township_id, post) for post in dict.fromkeys([*posts, "duty_officer"]) if post]


def _call(
    connection: Connection,
    due: Sequence[Due],
    people: Mapping[int, Sequence[tuple[UUID | None, str]]],
    at: datetime,
    ladder: Ladder,
    channels: frozenset[str],
) -> set[int]:
    """Write calls and deliveries; the assignments whose rung has a message under way."""
    open_pages = _connected(connection, {person for found in people.values() for person, _ in found if person})
    rows = [
        {"assignment_id": one.id, "part": part, "rung": one.rung}
        | _ways(person, ladder.rungs[one.rung], channels, open_pages)
        for one in due
        for person, part in people.get(one.id, ())
    ]
    rows = [row for row in rows if row["person_id"] or row["channels"]]  # no loudspeaker: nobody is called
    if not rows:
        return set()
    sent = connection.execute(QUERIES["call"], {"rows": Jsonb(rows), "at": at}).fetchall()
    _deliver_later(connection, [(channel, number) for number, _, channel, state in sent if state == "due"])
    return {assignment for _, assignment, _, state in sent if state == "due"}


def _ways(person: UUID | None, rung: Rung, channels: frozenset[str], open_pages: set[UUID]) -> dict[str, Any]:
    """By which channels somebody is called; a page that is not open is passed over, and that is kept."""
    usable = [channel for channel in rung.channels if channel in channels]
    closed = [channel for channel in usable if channel == "app" and person not in open_pages]
    return {
        "person_id": None if person is None else str(person),
        "channels": [channel for channel in usable if channel not in closed],
        "skipped": closed,
    }


def _connected(connection: Connection, people: set[UUID]) -> set[UUID]:
    rows = connection.execute(QUERIES["connected"], {"people": list(people), "fresh_s": FRESH_S})
    return {person for (person,) in rows}


def _deliver_later(connection: Connection, sent: Sequence[tuple[str, int]]) -> None:
    """A job for the messages of each channel; those of open pages are the stream's."""
    by_channel: dict[str, list[int]] = defaultdict(list)
    for channel, number in sent:
        if channel != "app":
            by_channel[channel].append(number)
    defer(
        connection,
        [
            Job(task=DELIVER, args={"delivery_ids": numbers[first : first + _MESSAGES]})
            for _, numbers in sorted(by_channel.items())
            for first in range(0, len(numbers), _MESSAGES)
        ],
    )


def _wake_later(connection: Connection, at: datetime) -> None:
    """A job for when the next rung is due. A told clock tells by itself when it is (dispatch/sweep.py)."""
    if is_told(connection):
        return
    row = connection.execute(QUERIES["next_due"], {"at": at}).fetchone()
    if row is not None:
        defer(connection, [Job(task=ADVANCE, args={}, at=row[0], priority=10)])
