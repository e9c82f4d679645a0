"""Connections to PostgreSQL: UTC sessions, a name for each in pg_stat_activity, sane limits."""

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

Connection = psycopg.Connection[TupleRow]


# A cable that is pulled: the server, too, notices within half a minute and lets go of its locks.
_CABLE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
# Up to version 17 a scan that `enable_seqscan` forbids, yet has nothing to be replaced by, counts as dear enough to be
# compiled: 5 ms for each row that a trigger looks at, a minute for a storm of alerts.
_JIT = "-c jit=off"
# Tables that a storm fills within a second are small to the planner, which then reads all of them for each row. Whoever
# only asks for rows by their keys takes the indexes, whatever the figures of yesterday say. Nor does it prepare what it
# asks again and again: of a prepared statement the server keeps the plan that it made while those tables were empty.
_BY_INDEX = "-c enable_seqscan=off"
_PREPARED_AT = 5  # times that a statement was asked, psycopg's own figure


def _options(name: str, *, idle_in_transaction_s: int, by_index: bool) -> dict[str, Any]:
    limits = f"-c timezone=UTC -c idle_in_transaction_session_timeout={idle_in_transaction_s}s"
    return {
        "application_name": f"shijing-{name}",
        "prepare_threshold": None if by_index else _PREPARED_AT,
        "connect_timeout": 5,
        # A frozen process must not hold its locks for ever (see the fence in alerts.pipeline).
        "options": f"{limits} {_JIT} {_CABLE} {_BY_INDEX if by_index else ''}",
        "tcp_user_timeout": 20_000,  # ms; what was sent and is not confirmed would else be waited for a quarter hour
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }


def connect(
    url: str, name: str, *, autocommit: bool = False, idle_in_transaction_s: int = 20, by_index: bool = False
) -> Connection:
    """Open one connection; raises psycopg.OperationalError where there is no server."""
    options = _options(name, idle_in_transaction_s=idle_in_transaction_s, by_index=by_index)
    return psycopg.connect(url, autocommit=autocommit, **options)


def open_pool(
    url: str | Callable[[], str],
    name: str,
    *,
    size: int = 8,
    configure: Callable[[Connection], None] | None = None,
    by_index: bool = False,
) -> ConnectionPool[Connection]:
    """A pool of autocommit connections for a server process, each made ready by `configure`; the caller closes it.

    A `url` that is only known when the database is there is asked for before each connection.
    """
    return ConnectionPool(
        url,
        min_size=1,
        max_size=size,
        kwargs={"autocommit": True, **_options(name, idle_in_transaction_s=20, by_index=by_index)},
        name=name,
        configure=configure,
        open=True,
        # A restart of the database leaves dead connections behind: found before use, not by it.
        check=ConnectionPool.check_connection,
        # Past this the pool waits to be asked again, else its pauses grow with the length of the outage.
        reconnect_timeout=5,
    )
