"""Whether the audit trail holds, checked beside the requests: a page shows the last answer, and when that was."""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import psycopg_pool
from psycopg_pool import ConnectionPool

from access.audit import QUERIES
from access.errors import AuditError
from access.seals import last_seal
from access.vault import Vault
from access.verify import Verdict, verify
from config.database import Connection

log = logging.getLogger(__name__)

AT_MOST = 200_000  # entries: about four seconds; more are checked by `shijing audit verify`
_AGAIN = timedelta(minutes=5)
_WAIT_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the last check found."""

    at: datetime
    verdict: Verdict | None  # None: it could not be checked
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TrailState:
    """What the page tells of the trail."""

    entries: int
    sealed: int  # the last entry that was sealed; 0: none
    sealed_at: datetime | None
    checked: Checked | None
    checking: bool
    too_long: bool  # to be checked for a page


class TrailWatch:
    """Checks one at a time, when somebody looks and the last answer is old."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._checked: Checked | None = None
        self._thread: threading.Thread | None = None

    def state(self, pool: ConnectionPool[Connection], vault: Vault | None, *, now: datetime) -> TrailState:
        """What is known now; a check is begun where the last one is old."""
        with pool.connection(_WAIT_S) as connection:
            row = connection.execute(QUERIES["last_number"]).fetchone()
            last = last_seal(connection)
        entries = row[0] if row else 0
        if vault is not None and entries <= AT_MOST:
            self._begin(pool, vault, now)
        with self._lock:
            return TrailState(
                entries=entries,
                sealed=last.seq if last else 0,
                sealed_at=last.at if last else None,
                checked=self._checked,
                checking=self._thread is not None,
                too_long=entries > AT_MOST,
            )

    def _begin(self, pool: ConnectionPool[Connection], vault: Vault, now: datetime) -> None:
        with self._lock:
            is_old = self._checked is None or now - self._checked.at >= _AGAIN
            if self._thread is None and is_old:
                self._thread = threading.Thread(
                    target=self._check, args=(pool, vault, now), name="audit-verify", daemon=True
                )
                self._thread.start()

    def _check(self, pool: ConnectionPool[Connection], vault: Vault, now: datetime) -> None:
        try:
            with pool.connection(_WAIT_S) as connection:
                checked = Checked(at=now, verdict=verify(connection, vault))
        except (AuditError, psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed) as error:
            log.warning("the audit trail could not be checked: %s", error)
            checked = Checked(at=now, verdict=None, why=str(error))
        if checked.verdict is not None and not checked.verdict.intact:
            log.error("the audit trail is broken: %s", checked.verdict.first_broken)
        with self._lock:
            self._checked, self._thread = checked, None
