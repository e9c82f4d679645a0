"""Where somebody's right reaches, and connections that show no more than that.

The one mechanism: the server reads as the database role `shijing_web`, whose row-level security lets
through what lies in the scope that the connection was given (config/migrations/0021_access.sql).
A connection without a scope shows nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg_pool import ConnectionPool

from config.database import Connection, open_pool

ROLE = "shijing_web"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Divisions and all that lies in them by today's map; or everywhere, which includes what lies nowhere."""

    everywhere: bool = False
    divisions: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.everywhere and self.divisions:
            object.__setattr__(self, "divisions", frozenset())

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.divisions)

    def setting(self) -> str:
        """As the policies read it from `shijing.scope`."""
        return "all" if self.everywhere else ",".join(map(str, sorted(self.divisions)))


EVERYWHERE = Scope(everywhere=True)
NOWHERE = Scope()


def united(parts: Iterable[int | None]) -> Scope:
    """The scope of several grants; None is one for everywhere."""
    divisions = frozenset(parts)
    return EVERYWHERE if None in divisions else Scope(divisions=frozenset(one for one in divisions if one is not None))


def narrow(connection: Connection, scope: Scope) -> None:
    """Make the connection show that scope from now on; also one that has not been used so before."""
    # Prepared once and cheap: every request begins with it.
    connection.execute("select set_config('shijing.scope', %s, false)", [scope.setting()])


def as_reader(connection: Connection) -> None:
    """From now on the connection reads as the web's role, so far without any scope."""
    connection.execute("set role shijing_web")
    connection.execute("set search_path = scoped, public")


class ScopedPool:
    """Connections for reading on somebody's behalf. There is no way to get one without a scope."""

    def __init__(self, url: str, *, size: int = 8) -> None:
        self._pool: ConnectionPool[Connection] = open_pool(url, "web-scoped", size=size, configure=as_reader)

    @contextmanager
    def connection(self, scope: Scope, timeout_s: float) -> Iterator[Connection]:
        """An autocommit connection that shows no more than the scope; raises PoolTimeout."""
        with self._pool.connection(timeout_s) as connection:
            narrow(connection, scope)
            yield connection

    def close(self) -> None:
        """Let go of the connections; returns when they are closed."""
        self._pool.close()
