"""Runs as lanes: read in the scope of whoever asks, with tasks, calls, answers, and the names that they may see."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from psycopg.rows import class_row

from access.accounts import is_within
from config.database import Connection
from config.queries import Queries
from web.errors import RunUnknownError
from web.people_names import names_of
from web.runs_told import Answer, Assignment, Call, Lane, May, RunHead, Task
from web.state import Clock
from web.viewing import DATABASE_WAIT_S, View

QUERIES = Queries(Path(__file__).with_name("run_queries.sql"))
COMMAND, PEOPLE = "runs.command", "people.read"

Row = TypeVar("Row")


def is_wall(view: View) -> bool:
    """Whether it is a wall screen that asks, which shows no more than everybody may see who walks by."""
    return view.viewer.kind == "screen"


def seen(view: View, run_id: int) -> int:
    """The township of a run that may be seen; raises RunUnknownError."""
    with view.connection() as connection:
        row = connection.execute(QUERIES["run_seen"], {"run": run_id, "wall": is_wall(view)}).fetchone()
    if row is None:
        raise RunUnknownError
    return int(row[0])


def lanes_of(
    connection: Connection, view: View, heads: Sequence[RunHead], at: datetime, *, rounds: int = 1
) -> list[Lane]:
    """Runs with their tasks, and the calls and answers of the newest rounds."""
    ids = [head.id for head in heads]
    tasks = _by_run(rows(connection, Task, "tasks", runs=ids))
    assignments = _by_run(rows(connection, Assignment, "assignments", runs=ids, at=at, rounds=rounds))
    run_of = {one.id: one.run_id for several in assignments.values() for one in several}
    calls = _by_assignment(rows(connection, Call, "calls", assignments=list(run_of)), run_of)
    answers = _by_assignment(rows(connection, Answer, "answers", assignments=list(run_of)), run_of)
    commanded = _commanded(connection, view, {head.township_id for head in heads})
    suggested = _suggested(connection, ids)
    return [
        Lane(
            run=replace(head, reason="") if is_wall(view) else head,
            may=May(command=head.township_id in commanded),
            tasks=tasks[head.id],
            assignments=assignments[head.id],
            calls=calls[head.id],
            answers=answers[head.id],
            suggested=suggested.get(head.id, 0),
        )
        for head in heads
    ]


def people_named(view: View, ids: Iterable[UUID]) -> dict[str, str]:
    """Names by id of those whom the right to see people shows; none on a wall."""
    scope = view.viewer.scope(PEOPLE, view.parts.roles)
    wanted = set(ids)
    if not scope or not wanted or is_wall(view):
        return {}
    with view.parts.scoped.connection(scope, DATABASE_WAIT_S) as connection:
        names = names_of(view, connection, wanted)
    return {str(person): names.of(person) for person in names.known}


def heads(connection: Connection, view: View, clock: Clock, **asked: Any) -> list[RunHead]:
    nothing = {"id": None, "states": None, "before": None, "plan": None, "drill": None, "division": None}
    return rows(connection, RunHead, "runs", **{**nothing, **asked}, at=clock.now, wall=is_wall(view))


def rows(connection: Connection, kind: type[Row], query: str, **named: Any) -> list[Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(QUERIES[query], named).fetchall()


def _by_run(rows: Sequence[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.run_id].append(row)
    return found


def _by_assignment(rows: Sequence[Any], run_of: dict[int, int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[run_of[row.assignment_id]].append(row)
    return found


def _commanded(connection: Connection, view: View, townships: set[int]) -> set[int]:
    scope = view.viewer.scope(COMMAND, view.parts.roles)
    return {one for one in townships if scope and is_within(connection, one, scope)}


def _suggested(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = defaultdict(int)
    for run_id in ids:
        for purpose, _, _, met_by in connection.execute(QUERIES["conditions"], {"run": run_id}):
            found[run_id] += purpose == "upgrade" and met_by is not None
    return found


def persons(lanes: Iterable[Lane]) -> set[UUID]:
    told = [one.person_id for lane in lanes for rows in (lane.assignments, lane.calls, lane.answers) for one in rows]
    return {one for one in told if one is not None}
