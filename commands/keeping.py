"""What is kept in order beside a running pipeline: the audit trail sealed, what is too old of people deleted."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg

from access.errors import AccessError
from access.retention import load_days, run_retention
from access.seals import seal, seal_if_due
from access.vault import Vault
from commands.retention import KINDS
from config.access_settings import AccessSettings
from config.database import Connection, connect
from dispatch.forget import forget_runs

log = logging.getLogger(__name__)

_RETENTION = timedelta(hours=1)


@dataclass(kw_only=True)
class Keeping:
    """Keeps one database; without a vault nothing is sealed."""

    vault: Vault | None
    seal_every: timedelta = field(default_factory=lambda: timedelta(seconds=AccessSettings().seal_every_s))
    _erased_at: datetime | None = None

    def keep(self, connection: Connection, wall: datetime) -> None:
        """What is due at `wall` (aware, the machine's clock), on an autocommit connection; a fault is told in the log.

        The machine's clock also beside a replay: its readings are years old, people's rows are not.
        """
        try:
            if self.vault is not None:
                seal_if_due(connection, self.vault, now=wall, every=self.seal_every)
        except AccessError as error:
            log.error("the audit trail is not sealed: %s", error)
        if self._erased_at is None or wall - self._erased_at >= _RETENTION:
            self._erase(connection, wall)

    def _erase(self, connection: Connection, wall: datetime) -> None:
        try:
            done = run_retention(connection, KINDS, load_days(KINDS), now=wall)
        except AccessError as error:
            log.error("nothing is erased: %s", error)
            return
        self._erased_at = wall
        self._forget_runs(connection, wall)
        for one in done:
            if one.rows:
                log.info("retention: %d rows of %s erased (audit entry %s)", one.rows, one.kind, one.audit_seq)
            if one.left:
                log.error("retention: %d rows of %s from before %s are left", one.left, one.kind, one.before)

    def _forget_runs(self, connection: Connection, wall: datetime) -> None:
        """The personal data of runs that are over, after the term of each."""
        for one in forget_runs(connection, now=wall, default_days=AccessSettings().forget_runs_d):
            log.info("run %d: personal data deleted (audit entry %d)", one.run_id, one.audit_seq)
            if one.left:
                log.error("run %d: personal data is left after it was to be deleted", one.run_id)


def seal_at_start(database_url: str, vault: Vault | None, *, now: datetime) -> None:
    """Seal the audit trail before a server starts; a database that is not there yet is sealed later."""
    if vault is None:
        log.warning("no key file is named: the audit trail is not sealed (set SHIJING_ACCESS_KEY_FILE)")
        return
    try:
        with connect(database_url, "seal", autocommit=True) as connection:
            seal(connection, vault, now=now)
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return
    except AccessError as error:
        log.error("the audit trail is not sealed: %s", error)
