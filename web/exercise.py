"""Whether what is shown is an exercise: as the server was told, or as its database is marked by now."""

import psycopg
import psycopg_pool
from psycopg_pool import ConnectionPool

from config.database import Connection
from config.exercise import mark_of

_WAIT_S = 1.0


class ExerciseMark:
    """Asked for each page; what once was an exercise stays one."""

    def __init__(self, *, told: bool) -> None:
        self._known = told

    def shown(self, pool: ConnectionPool[Connection]) -> bool:
        """Whether pages carry the banner; without its database a server goes by what it knows."""
        if not self._known:
            try:
                with pool.connection(_WAIT_S) as connection:
                    self._known = mark_of(connection) is True
            except (psycopg.OperationalError, psycopg_pool.PoolTimeout):
                return False
        return self._known
