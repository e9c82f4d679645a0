"""Runs for the command line: how far each is, without anybody's name."""

from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row

from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("list_queries.sql"))

Row = dict[str, Any]


def runs(connection: Connection, *, all_: bool, most: int, run_id: int | None = None) -> list[Row]:
    """Those to be confirmed first, then those under way, newest first; `all_`: what is over, too."""
    return _rows(connection, "list_runs", all=all_, most=most, run=run_id)


def run_with_all(connection: Connection, run_id: int) -> Row | None:
    """One run with its tasks by place and its acts; None where there is none."""
    found = runs(connection, all_=True, most=1, run_id=run_id)
    if not found:
        return None
    return {
        "run": found[0],
        "tasks": _rows(connection, "tasks_by_place", run=run_id),
        "acts": _rows(connection, "acts_of_run", run=run_id),
    }


def _rows(connection: Connection, query: str, **named: object) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES[query], named).fetchall()
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
