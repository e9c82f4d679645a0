"""Connections that read on somebody's behalf, and how they sign in to the database.

As `shijing_web` itself where the server lets it: then there is nothing that an injected `reset role` could lead
back to. Where it does not, as the owner, who sets the role; that is said once.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import conninfo, sql
from psycopg_pool import ConnectionPool

from access.accounts import QUERIES
from access.errors import ReaderLoginRefused, ScopeRefused
from access.scope import ROLE, Scope, ScopeSeal, as_reader, narrow, read_seal
from config.database import Connection, connect, open_pool
from config.settings import DatabaseSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, repr=False)
class _Found:
    url: str
    seal: ScopeSeal


class ReaderLogin:
    """Found out at the first connection, for the database need not be up before it."""

    def __init__(self, owner_url: str, settings: DatabaseSettings | None = None) -> None:
        self._owner_url = owner_url
        self._password = (settings or DatabaseSettings()).web_password.get_secret_value()
        self._lock = threading.Lock()
        self._kept: _Found | None = None

    def url(self) -> str:
        """What a reader connects to; raises psycopg.Error where the database is away or not migrated yet."""
        return self._found().url

    def narrow(self, connection: Connection, scope: Scope) -> None:
        """Make the connection show that scope; raises ScopeRefused, and reads the key anew after that."""
        try:
            narrow(connection, scope, self._found().seal)
        except ScopeRefused:
            self._kept = None
            raise

    def _found(self) -> _Found:
        if (kept := self._kept) is not None:
            return kept
        with self._lock:
            if self._kept is None:
                with connect(self._owner_url, "web-login", autocommit=True) as owner:
                    self._kept = _Found(url=self._reader_url(), seal=read_seal(owner))
            return self._kept

    def _reader_url(self) -> str:
        own = conninfo.make_conninfo(self._owner_url, user=ROLE, password=self._password)
        if self._password:
            return own  # if that is wrong it has to be mended: nobody asked for less
        try:
            connect(own, "web-login").close()
        except psycopg.OperationalError:  # the owner got in just now, so it is not that the server is away
            log.warning(
                "pages read by the owner's login, which sets the role %s: let that role sign in by itself, see"
                " SHIJING_DATABASE_WEB_PASSWORD in docs/operations.md",
                ROLE,
            )
            return self._owner_url
        return own


class ScopedPool:
    """Connections for reading on somebody's behalf. There is no way to get one without a scope."""

    def __init__(self, login: ReaderLogin, *, size: int = 8) -> None:
        self._login = login
        self._pool: ConnectionPool[Connection] = open_pool(login.url, "web-scoped", size=size, configure=as_reader)

    @contextmanager
    def connection(self, scope: Scope, timeout_s: float) -> Iterator[Connection]:
        """An autocommit connection that shows no more than the scope; raises PoolTimeout, ScopeRefused."""
        with self._pool.connection(timeout_s) as connection:
            self._login.narrow(connection, scope)
            yield connection

    def renew(self) -> None:
        """Replace the connections that a restart of the database left dead, before somebody has to wait for each."""
        self._pool.check()

    def close(self) -> None:
        """Let go of the connections; returns when they are closed."""
        self._pool.close()


def set_reader_password(owner: Connection, password: str) -> None:
    """Let the role sign in with that password, from now on; only its hash goes to the server."""
    hashed = owner.pgconn.encrypt_password(password.encode(), ROLE.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("alter role {} login password {}").format(sql.Identifier(ROLE), sql.Literal(hashed))
    try:
        owner.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ReaderLoginRefused(
            f"this login may not give {ROLE} its password (SHIJING_DATABASE_WEB_PASSWORD): let an administrator of the"
            f" server type, in psql, `alter role {ROLE} login` and `\\password {ROLE}`"
        ) from error


def signed_in(connection: Connection) -> list[str]:
    """As whom the readers of servers have signed in to this database: as the role, or the owner who set it."""
    return [row[0] for row in connection.execute(QUERIES["readers_signed_in"])]
