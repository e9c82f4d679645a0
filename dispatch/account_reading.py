"""A run's account, read from the database in one snapshot."""

from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from psycopg.rows import class_row, dict_row

from config.database import Connection
from config.queries import Queries
from dispatch.account import (
    ActOf,
    AlertOf,
    AnswerOf,
    AssignmentOf,
    CallOf,
    ConditionOf,
    DeliveryOf,
    LevelMove,
    RunAccount,
    RunFacts,
    TaskOf,
)

QUERIES = Queries(Path(__file__).with_name("account_queries.sql"))
NOBODY = UUID(int=0)  # in the place of an account that answered, once the run is forgotten

Row = TypeVar("Row")


def read_account(connection: Connection, run_id: int, *, at: datetime) -> RunAccount | None:
    """The run as the connection shows it, on an autocommit connection; None where there is none of that number.

    `at`: now, by the clock that the run goes by.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        found = _rows(connection, RunFacts, "run", run_id)
        return _account(connection, found[0], at) if found else None


def _account(connection: Connection, run: RunFacts, at: datetime) -> RunAccount:
    return RunAccount(
        run=run,
        at=at,
        grids=tuple(row[0] for row in connection.execute(QUERIES["grids"], {"run": run.id})),
        alerts=_rows(connection, AlertOf, "alerts", run.id),
        moves=_rows(connection, LevelMove, "moves", run.id),
        tasks=_tasks(connection, run.id),
        assignments=_rows(connection, AssignmentOf, "assignments", run.id),
        calls=_rows(connection, CallOf, "calls", run.id),
        deliveries=_rows(connection, DeliveryOf, "deliveries", run.id),
        answers=_rows(connection, AnswerOf, "answers", run.id),
        acts=_rows(connection, ActOf, "acts", run.id),
        conditions=_rows(connection, ConditionOf, "conditions", run.id),
    )


def _rows(connection: Connection, kind: type[Row], query: str, run_id: int) -> tuple[Row, ...]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return tuple(cursor.execute(QUERIES[query], {"run": run_id, "nobody": NOBODY}).fetchall())


def _tasks(connection: Connection, run_id: int) -> tuple[TaskOf, ...]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return tuple(_task(row) for row in cursor.execute(QUERIES["tasks"], {"run": run_id}).fetchall())


def _task(row: dict[str, Any]) -> TaskOf:
    return TaskOf(**{**row, "after": tuple(row["after"]), "results": tuple(row["results"])})
