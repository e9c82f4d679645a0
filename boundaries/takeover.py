"""What a published draft brings along at its date of effect: open alerts, incidents, runs, events, scopes.

What ranges of time tell (divisions, boundaries, sensors, posts) takes over by itself at that instant; this is the rest.
Each look is a transaction of its own that does nothing a second time, so it may be cut off anywhere, and several
processes may look. It is called by publishing where the date of effect has come, else by whoever tends the database.
"""

import logging
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, namedtuple_row
from psycopg.types.json import Jsonb

from alerts.run_tasks import Begin, begin_tasks
from boundaries.bases import read_base
from boundaries.follow_people import QUERIES
from config.database import Connection, connect
from geo.replacing import found_in

log = logging.getLogger(__name__)

_EVERY_S = 1.0
_AFTER_S = 60.0  # whoever read the former map has written by then

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TakenOver:
    """How much followed."""

    alerts: int = 0
    runs: int = 0
    assignments: int = 0
    events: int = 0


def take_over_due(connection: Connection) -> int:
    """Let every published draft take over whose date of effect has come; how many did. On an autocommit connection."""
    due = connection.execute(QUERIES["due_drafts"], {"after_s": _AFTER_S}).fetchall()
    with ExitStack() as looks:  # left in reverse order, each whatever became of the others
        for (draft_id,) in reversed(due):
            looks.callback(_take_over_alone, connection, draft_id)
    return len(due)


def _take_over_alone(connection: Connection, draft_id: UUID) -> None:
    with connection.transaction():
        take_over(connection, draft_id)


def take_over(connection: Connection, draft_id: UUID) -> TakenOver:
    """One draft, in the caller's open transaction; its date of effect has come. Nothing where it is done already."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        draft: Any = cursor.execute(QUERIES["lock_due"], {"draft": draft_id, "after_s": _AFTER_S}).fetchone()
    if draft is None:
        return TakenOver()
    connection.execute(QUERIES["hold_placement"])  # until the commit no batch acts on what moves
    if draft.taken_over_at is None:
        connection.execute(QUERIES["refresh_closure"])
    connection.execute(QUERIES["create_heirs"], {"draft": draft_id})
    row = connection.execute(QUERIES["clock"]).fetchone()
    assert row is not None
    following = _Following(connection=connection, draft=draft, at=row[0])
    done = following.follow()
    connection.execute(QUERIES["drop_heirs"])
    connection.execute(QUERIES["mark_taken_over"], {"draft": draft_id})
    following.tell()
    return done


class _Following:
    """One look; what it moved is told last of all, for that takes a lock that everybody needs."""

    def __init__(self, *, connection: Connection, draft: Any, at: datetime) -> None:
        self._connection = connection
        self._draft = draft
        self._at = at
        self._events: list[Row] = []
        since = max(draft.effective, draft.recorded)
        self._named = {"draft": draft.id, "at": at, "level": draft.level, "since": since}

    def follow(self) -> TakenOver:
        places = self._located_reports()
        alerts = self._alerts(places["alert"])
        runs, assignments = self._runs()
        events = self._events_of_people(places["event"])
        for query in ("follow_suppressions", "follow_residents"):
            self._connection.execute(QUERIES[query], self._named)
        return TakenOver(alerts=alerts, runs=runs, assignments=assignments, events=events)

    def tell(self) -> None:
        if self._events:
            self._connection.execute(QUERIES["log_live_events"], {"rows": Jsonb(self._events)})

    def _located_reports(self) -> dict[str, dict[int, int]]:
        """Of reports and events with a place of their own: the division of the draft's level that it lies in now."""
        found: dict[str, dict[int, int]] = {"alert": {}, "event": {}}
        touched = [row[0] for row in self._execute("touched_divisions", recorded=self._draft.recorded)]
        rows = self._execute("reports_in_divisions", divisions=touched)
        if not rows:
            return found
        base = read_base(
            self._connection, self._draft.root_id, self._draft.level, at=max(self._draft.effective, self._at)
        )
        units = {unit.division_id: unit.geometry for unit in base.coverage.units.values() if unit.division_id}
        places = [(number, number, row[2], row[3]) for number, row in enumerate(rows)]
        for number, division in found_in(places, units):
            kind, subject = rows[number][0], rows[number][1]
            found[kind][subject] = division
        return found

    def _alerts(self, located: Mapping[int, int]) -> int:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(QUERIES["alerts_out_of_place"], self._named).fetchall()
        moved = {row["id"]: row for row in rows}
        if located and self._draft.level in ("grid", "township"):
            moved |= self._reports(located, moved)
        if not moved:
            return 0
        places = [
            {
                "alert_id": number,
                "from_township": row["township_id"],
                "from_grid": row["grid_id"],
                "to_township": row["to_township"],
                "to_grid": row["to_grid"],
            }
            for number, row in moved.items()
        ]
        self._connection.execute(QUERIES["lock_families_of"], {"ids": list(moved)})
        self._execute_rows("move_cells", places)
        self._execute_rows("move_alerts", places)
        with self._connection.cursor(row_factory=dict_row) as cursor:
            told = cursor.execute(QUERIES["alerts_to_tell"], {"ids": list(moved)}).fetchall()
        self._events += [{"kind": "alert", "payload": {**row, "time": self._at.isoformat()}} for row in told]
        return len(moved)

    def _reports(self, located: Mapping[int, int], known: Mapping[int, Row]) -> dict[int, Row]:
        """Reports that people made at a place: they lie where that lies."""
        column = f"to_{self._draft.level}"
        rows = self._execute("places_of_alerts", ids=list(located))
        found: dict[int, Row] = {}
        for number, township, grid in rows:
            row = known.get(number) or {
                "id": number, "township_id": township, "grid_id": grid, "to_township": township, "to_grid": grid
            }  # fmt: skip
            row = {**row, column: located[number]}
            if (row["township_id"], row["grid_id"]) != (row["to_township"], row["to_grid"]):
                found[number] = row
        return found

    def _runs(self) -> tuple[int, int]:
        self._connection.execute(QUERIES["lock_runs"])
        runs = {row[0] for query in ("move_runs", "move_run_grids") for row in self._execute(query)}
        moved = self._execute("move_assignments")
        runs |= {row[1] for row in moved}
        going_on = [row[0] for row in self._execute("runs_going_on", ids=sorted(runs))]
        if going_on:
            begin_tasks(self._connection, [Begin(run_id=run, at=self._at) for run in going_on])
        self._events += [{"kind": "task", "payload": payload} for payload in _by_run(moved)]
        self._events += [{"kind": "run", "payload": {"run_id": run, "reason": "boundaries"}} for run in sorted(runs)]
        return len(runs), len(moved)

    def _events_of_people(self, located: Mapping[int, int]) -> int:
        if self._draft.level not in ("grid", "township", "district"):
            return 0
        wanted = dict(self._execute("events_of_gone")) | dict(located)
        if wanted:
            self._execute_rows("move_events", [{"event_id": one, "to_id": to} for one, to in wanted.items()])
            self._events += [{"kind": "event", "payload": {"event_id": one}} for one in sorted(wanted)]
        return len(wanted)

    def _execute(self, query: str, **more: object) -> Sequence[Any]:
        return self._connection.execute(QUERIES[query], {**self._named, **more}).fetchall()

    def _execute_rows(self, query: str, rows: Collection[Row]) -> None:
        self._connection.execute(QUERIES[query], {**self._named, "rows": Jsonb(list(rows))})


def _by_run(moved: Sequence[Any]) -> list[Row]:
    runs: dict[int, list[int]] = {}
    for assignment, run, _ in moved:
        runs.setdefault(run, []).append(assignment)
    return [{"run_id": run, "assignment_ids": sorted(found)} for run, found in sorted(runs.items())]


def keep_taking_over(database_url: str, stop: threading.Event) -> None:
    """Look about once a second until `stop`; whatever cannot be done now, the next look does."""
    while not stop.is_set():
        try:
            with connect(database_url, "boundaries", autocommit=True) as connection:
                while not stop.wait(_EVERY_S):
                    if done := take_over_due(connection):
                        log.info("%d published drafts of boundaries took over", done)
        except psycopg.Error as error:
            log.warning("boundaries wait for the database: %s", str(error).splitlines()[0] if str(error) else error)
            stop.wait(_EVERY_S)
        except Exception:
            # Without this thread a later date of effect passes by: a fault of ours is told, and tried again.
            log.exception("taking over failed")
            stop.wait(_EVERY_S)
