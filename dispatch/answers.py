"""What people answer: 收到, 到场, 完成, or that they cannot. Sent twice, it is one answer; the ladder stops at it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from alerts.run_tasks import Begin, advance_later
from config.database import Connection
from dispatch.clock import QUERIES
from dispatch.errors import Refused
from dispatch.ladder import Ladder, shipped_ladder
from dispatch.settling import settle, tell

Kind = Literal["acknowledged", "on_site", "done", "cannot"]
_ORDER = ("waiting", "called", "delivered", "read", "acknowledged", "on_site", "done")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One tap."""

    key: UUID  # made where the tap was
    assignment_id: int
    kind: Kind
    tapped_at: datetime  # by the phone's clock, aware
    result: str | None = None  # one of the task's choices


@dataclass(frozen=True, kw_only=True)
class Given:
    """What became of it."""

    counted: bool  # False: it came when the task was over, or after a later step
    state: str  # of the assignment now


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer, and by whom."""

    answer: Answer
    actor: UUID
    person_id: UUID | None  # None: at the desk for somebody, or for an outside party


@dataclass(frozen=True, kw_only=True)
class _Assignment:
    id: int
    run_id: int
    task_id: int
    division_id: int
    state: str
    person_id: UUID | None
    round: int
    rung: int
    called_at: datetime | None
    due_at: datetime
    ended_at: datetime | None
    results: list[str]
    repeat_min: int | None
    run_state: str
    called: list[UUID]


@dataclass(frozen=True, kw_only=True)
class _Moved:
    """An answer that is written, with the assignment as it was before."""

    said: Said
    one: _Assignment
    tapped_at: datetime
    counted: bool


def give(
    connection: Connection,
    answer: Answer,
    *,
    actor: UUID,
    person_id: UUID | None,
    at: datetime,
    ladder: Ladder | None = None,
) -> Given:
    """Take one answer in a transaction of its own (or within the open one).

    `person_id` None: answered at the desk for somebody, or for an outside party. `at`: now, by the run's clock.
    Raises Refused for an assignment that is not there, not the person's, or a result that is no choice.
    """
    said = Said(answer=answer, actor=actor, person_id=person_id)
    (outcome,) = give_all(connection, [said], at, ladder=ladder)
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def give_all(
    connection: Connection, said: Sequence[Said], at: datetime, *, ladder: Ladder | None = None
) -> list[Given | Refused]:
    """Take answers as `give` does, all in one transaction; what became of each, in their order.

    A storm of answers is written a few hundred at a time: a dozen statements and one commit, however many they are.
    """
    outcomes: dict[int, Given | Refused] = {}
    moved: list[_Moved] = []
    with connection.transaction():
        _hold_runs(connection, said)
        for turn in _turns(said):
            moved += _take(connection, turn, at, outcomes, ladder or shipped_ladder())
        settle(connection, {each.one.task_id for each in moved}, at)
        tell(connection, [(each.one.run_id, each.one.id) for each in moved])
    return [outcomes[number] for number in range(len(said))]


def _hold_runs(connection: Connection, said: Iterable[Said]) -> None:
    """Runs first, then assignments, each in the order of their ids: as batches and acts take their locks."""
    connection.execute(QUERIES["hold_runs"], {"ids": [each.answer.assignment_id for each in said]})


def _turns(said: Sequence[Said]) -> Iterable[dict[int, Said]]:
    """By their place in `said`, parted so that within a turn an assignment is answered once."""
    waiting = dict(enumerate(said))
    while waiting:
        first: dict[int, int] = {}
        for number, each in waiting.items():
            first.setdefault(each.answer.assignment_id, number)
        yield {number: waiting.pop(number) for number in sorted(first.values())}


def _take(
    connection: Connection,
    turn: Mapping[int, Said],
    at: datetime,
    outcomes: dict[int, Given | Refused],
    ladder: Ladder,
) -> list[_Moved]:
    """Write what can be taken, tell `outcomes` of all; those that moved their assignment."""
    locked = _lock(connection, [each.answer.assignment_id for each in turn.values()])
    known = _known(connection, [each.answer.key for each in turn.values()])
    written: dict[int, _Moved] = {}
    for number, each in turn.items():
        try:
            found = _judged(each, locked.get(each.answer.assignment_id), known, at)
        except Refused as refused:
            outcomes[number] = refused
        else:
            if isinstance(found, Given):
                outcomes[number] = found
            else:
                written[number] = found
    _write(connection, written.values(), at)
    moved = [each for each in written.values() if each.counted]
    states = _progress(connection, moved, at) | _cannot(connection, moved, at, ladder)
    for number, answered in written.items():
        outcomes[number] = Given(counted=answered.counted, state=states.get(answered.one.id, answered.one.state))
    return moved


def _lock(connection: Connection, assignments: Sequence[int]) -> dict[int, _Assignment]:
    with connection.cursor(row_factory=class_row(_Assignment)) as cursor:
        found = cursor.execute(QUERIES["lock_assignments"], {"ids": list(assignments)}).fetchall()
    return {one.id: one for one in found}


def _known(connection: Connection, keys: Sequence[UUID]) -> dict[UUID, tuple[int, str, bool]]:
    """Answers that came before; the locks on their assignments keep two from being first."""
    rows = connection.execute(QUERIES["find_answers"], {"keys": list(keys)}).fetchall()
    return {key: (assignment, kind, counted) for key, assignment, kind, counted in rows}


def _judged(
    said: Said, one: _Assignment | None, known: Mapping[UUID, tuple[int, str, bool]], at: datetime
) -> Given | _Moved:
    """What becomes of an answer, before anything is written."""
    if one is None:
        number = said.answer.assignment_id
        raise Refused(f"there is no task {number}: load the page anew", "没有这项任务，请刷新页面。")
    if (before := known.get(said.answer.key)) is not None:
        return _again(said.answer, one, before)
    _check(one, said.answer, said.person_id)
    return _Moved(
        said=said, one=one, tapped_at=_time(one, said.answer.tapped_at, at), counted=_counts(one, said.answer)
    )


def _again(answer: Answer, one: _Assignment, before: tuple[int, str, bool]) -> Given:
    """What became of the same answer before."""
    assignment, kind, counted = before
    if (assignment, kind) != (answer.assignment_id, answer.kind):
        raise Refused(
            f"the key {answer.key} is that of another answer: make a new one for each tap", "应答编号重复，请重试。"
        )
    return Given(counted=counted, state=one.state)


def _check(one: _Assignment, answer: Answer, person_id: UUID | None) -> None:
    if person_id is not None and person_id not in one.called and person_id != one.person_id and one.ended_at is None:
        raise Refused(
            "this task is not yours (any more): load the page anew", "这项任务不是（或不再是）您的，请刷新页面。"
        )
    if answer.result is not None and answer.result not in one.results:
        choice = "、".join(one.results) or "—"
        raise Refused(
            f"{answer.result[:40]!r} is no result of this task: take one of {choice}", f"结果只能选：{choice}。"
        )


def _counts(one: _Assignment, answer: Answer) -> bool:
    """Whether it moves the task: nothing does that is over, and no step goes back."""
    if one.ended_at is not None or one.run_state != "open":
        return False
    return answer.kind == "cannot" or _ORDER.index(answer.kind) > _ORDER.index(one.state)


def _time(one: _Assignment, tapped_at: datetime, at: datetime) -> datetime:
    """When it was tapped; the arrival, where the phone's clock cannot be right."""
    if tapped_at > at or (one.called_at is not None and tapped_at < one.called_at):
        return at
    return tapped_at


def _write(connection: Connection, written: Iterable[_Moved], at: datetime) -> None:
    """The answers themselves; whoever answers has read what he answers."""
    rows = [
        {
            "key": str(each.said.answer.key), "assignment_id": each.one.id, "kind": each.said.answer.kind,
            "person_id": _text(each.said.person_id), "actor": str(each.said.actor), "result": each.said.answer.result,
            "tapped_at": each.tapped_at.isoformat(), "counted": each.counted,
        }
        for each in written
    ]  # fmt: skip
    if rows:
        connection.execute(QUERIES["insert_answers"], {"rows": Jsonb(rows), "at": at})
        connection.execute(QUERIES["read_by_answers"], {"rows": Jsonb(rows), "at": at})


def _progress(connection: Connection, moved: Iterable[_Moved], at: datetime) -> dict[int, str]:
    """Steps forward; the state of each assignment now."""
    steps = [each for each in moved if each.said.answer.kind != "cannot"]
    if not steps:
        return {}
    rows = [
        {
            "id": each.one.id, "state": each.said.answer.kind, "person_id": _text(each.said.person_id),
            "tapped_at": each.tapped_at.isoformat(), "result": each.said.answer.result,
        }
        for each in steps
    ]  # fmt: skip
    connection.execute(QUERIES["progress"], {"rows": Jsonb(rows)})
    done = [each.one for each in steps if each.said.answer.kind == "done"]
    _end_calls(connection, [(one.id, None) for one in done], at)
    for one in done:
        if one.repeat_min is not None:
            connection.execute(QUERIES["next_round"], {"id": one.id, "at": at, "repeat_min": one.repeat_min})
    return {each.one.id: each.said.answer.kind for each in steps}


def _cannot(connection: Connection, moved: Iterable[_Moved], at: datetime, ladder: Ladder) -> dict[int, str]:
    """The next one is called, unless others who were called may still answer."""
    refusing = [each for each in moved if each.said.answer.kind == "cannot"]
    _end_calls(connection, [(each.one.id, each.said.person_id) for each in refusing], at)
    states = {}
    for each in refusing:
        one, person_id = each.one, each.said.person_id
        others = person_id is not None and any(person != person_id for person in one.called)
        answering = one.person_id is not None and one.person_id != person_id
        rung = one.rung if others else ladder.after_cannot(one.rung)
        named = {"id": one.id, "person_id": person_id, "rung": rung, "next_at": None if answering else at, "at": at}
        connection.execute(QUERIES["cannot"], named)
        states[one.id] = one.state if answering else "called"
    runs = sorted({each.one.run_id for each in refusing})
    advance_later(connection, [Begin(run_id=run, at=at) for run in runs])
    return states


def _end_calls(connection: Connection, ended: Sequence[tuple[int, UUID | None]], at: datetime) -> None:
    """Of an assignment those of one person, or all."""
    if ended:
        rows: list[dict[str, Any]] = [{"id": number, "person_id": _text(person)} for number, person in ended]
        connection.execute(QUERIES["end_calls"], {"rows": Jsonb(rows), "at": at})


def _text(person_id: UUID | None) -> str | None:
    return None if person_id is None else str(person_id)
