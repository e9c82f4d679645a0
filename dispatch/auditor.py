"""Whoever watches the dispatcher: a step that stays overdue raises an alert, so that a silent failure is impossible.

It runs in another process than the dispatcher (beside the pipeline), and looks at the same tables. A step counts as
overdue once it stood so for a while by this process's own clock: a told clock may leap over the whole ladder at once.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import psycopg
from psycopg.rows import class_row

from alerts.actors import actor_of
from alerts.books import first_line
from alerts.plan_library import plans_in_force
from alerts.reports import Report, report
from alerts.rule_sets import rules_in_force
from config.database import Connection, connect
from dispatch.clock import QUERIES, now_of

log = logging.getLogger(__name__)

GRACE_S = 60.0
EVERY_S = 5.0
TITLE = "叫应未按时进行"
_NOTES = {
    "rung": "到时未呼叫下一级",
    "message": "消息未发出",
    "confirm": "到时未启动待确认的预案",
    "turn": "已轮到的任务未派出",
}
_HELP = "请检查 shijing dispatcher 是否在运行，并由台席电话叫应。"


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that should have been done by now."""

    kind: str  # a key of _NOTES
    number: int  # of an assignment, a delivery, a run or a task
    run_id: int
    township: str  # its code


@dataclass(kw_only=True)
class Auditor:
    """Looks at what is overdue, again and again."""

    clock: Callable[[], float] = time.monotonic
    grace_s: float = GRACE_S
    _since: dict[Hashable, float] = field(default_factory=dict)
    _told: set[Hashable] = field(default_factory=set)

    def run(self, database_url: str, stop: threading.Event) -> None:
        """Until `stop`; whatever cannot be done now, the next round does."""
        while not stop.wait(EVERY_S):
            try:
                with connect(database_url, "auditor", autocommit=True) as connection:
                    while not stop.wait(EVERY_S):
                        self.look(connection)
            except psycopg.Error as error:
                log.warning("the auditor of calls waits for the database: %s", first_line(error))
            except Exception:
                # Without this thread a dispatcher that stands still would be missed: told, and tried again.
                log.exception("the auditor of calls failed")

    def look(self, connection: Connection) -> list[int]:
        """One round; the alerts that it raised, one for each run with something that stayed overdue."""
        overdue = _overdue(connection)
        now = self.clock()
        self._since = {one: self._since.get(one, now) for one in overdue}
        self._told &= {one.run_id for one in overdue}
        late = [one for one in overdue if now - self._since[one] >= self.grace_s and one.run_id not in self._told]
        raised = []
        for run_id in dict.fromkeys(one.run_id for one in late):
            raised.append(_raise(connection, [one for one in late if one.run_id == run_id]))
            self._told.add(run_id)
        return raised


def _overdue(connection: Connection) -> list[Step]:
    with connection.cursor(row_factory=class_row(Step)) as cursor:
        return cursor.execute(QUERIES["overdue_steps"], {"at": now_of(connection)}).fetchall()


def _raise(connection: Connection, steps: list[Step]) -> int:
    """An alert of the run's township, for whoever watches: calls do not go on."""
    first = steps[0]
    kinds = dict.fromkeys(_NOTES[one.kind] for one in steps)
    what = f"预案运行 {first.run_id}：{'、'.join(kinds)}（{len(steps)} 项）。"
    log.error("run %d: %d steps stay overdue: is `shijing dispatcher` at work?", first.run_id, len(steps))
    return report(
        connection,
        Report(title=TITLE, level="red", division=first.township, note=what + _HELP),
        actor=actor_of(connection, "auditor of calls", "system"),
        rules=rules_in_force(connection),
        plans=plans_in_force(connection),
    )
