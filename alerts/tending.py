"""What the passing of time brings without any reading: held-back alerts let go, warnings expired, incidents closed.

It runs beside the pipeline on a connection of its own, so that neither waits for the other: a
pipeline that never idles is tended as well, and a slow step here delays no alert. Every step is
a transaction of its own and does nothing where there is nothing to do, so several partitions
may tend one database.
"""

import logging
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from alerts import incidents
from alerts.aftermath import settle_again
from alerts.books import first_line, micros
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
        """About once a second until `stop`; whatever cannot be done now, the next round does."""
        while not stop.is_set():
            try:
                self._judging = None  # what new rules ask for may have been left undone
                with connect(database_url, "tending", autocommit=True) as connection:
                    while not stop.wait(_EVERY_S):
                        self.tend(connection)
            except psycopg.Error as error:
                log.warning("tending waits for the database: %s", first_line(error))
                stop.wait(_EVERY_S)
            except Exception:
                # Without this thread suppressions never end: a fault of ours is told, and tried again.
                log.exception("tending failed")
                stop.wait(_EVERY_S)

    def tend(self, connection: Connection) -> None:
        """One round, on an autocommit connection; raises what failed once every step had its turn."""
        now = self._now(connection)
        if now is None:
            return
        judging, changed = self._follow_rules(connection)
        with ExitStack() as steps:  # left in reverse order, each whatever became of the others
            steps.callback(incidents.tick, connection, micros(now))
            steps.callback(settle_again, connection, now)
            steps.callback(expire, connection, now, judging, rules_changed=changed)
            steps.callback(release, connection, now, rules=judging.rules, plans=judging.plans)

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
