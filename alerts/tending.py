"""What the passing of time brings without any reading: held-back alerts let go, warnings expired, incidents closed.

It runs beside the pipeline on a connection of its own, so that neither waits for the other: a
pipeline that never idles is tended as well, and a slow step here delays no alert. Every step is
a transaction of its own and does nothing where there is nothing to do, so several partitions
may tend one database.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from alerts import incidents
from alerts.books import first_line, micros
from alerts.errors import AlertsError
from alerts.fence import told_clock
from alerts.rule_sets import newest_set
from alerts.suppress import release
from alerts.warnings_alerts import Judging, expire, judging_of
from config.database import Connection, connect

log = logging.getLogger(__name__)

_EVERY_S = 1.0


@dataclass(kw_only=True)
class Tending:
    """Tends one database by the clock of one partition."""

    partition: str
    follow_clock: bool
    _judging: Judging | None = None  # the rules and plans of the last round
    _set: int | None = None  # the rule set that they are of

    def run(self, database_url: str, stop: threading.Event) -> None:
        """About once a second until `stop`; whatever the database cannot do now, the next round does."""
        while not stop.is_set():
            try:
                with connect(database_url, "tending", autocommit=True) as connection:
                    while not stop.wait(_EVERY_S):
                        self.tend(connection)
            except (psycopg.Error, AlertsError) as error:
                log.warning("tending waits: %s", first_line(error) if isinstance(error, psycopg.Error) else error)
                stop.wait(_EVERY_S)

    def tend(self, connection: Connection) -> None:
        """One round, on an autocommit connection."""
        now = self._now(connection)
        if now is None:
            return
        judging, changed = self._follow_rules(connection)
        release(connection, now, rules=judging.rules, plans=judging.plans)
        expire(connection, now, judging, rules_changed=changed)
        incidents.tick(connection, micros(now))

    def _now(self, connection: Connection) -> datetime | None:
        """The clock of the readings; None where a told one is followed and none was told yet."""
        return told_clock(connection, self.partition) if self.follow_clock else datetime.now(UTC)

    def _follow_rules(self, connection: Connection) -> tuple[Judging, bool]:
        """What is in force, and whether it is other than at the last round; the first round counts as a change."""
        newest = newest_set(connection)
        changed = self._judging is None or newest != self._set
        if self._judging is None or changed:
            self._judging, self._set = judging_of(connection), newest
        return self._judging, changed
