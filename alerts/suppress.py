"""Shelves and maintenance windows: what they cover is recorded as ever, and starts nothing until released."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from alerts.act_errors import ActRefused, AlertUnknown
from alerts.actors import ACT_QUERIES
from alerts.acts import Standing, act_event, add_rows, now, state_row
from alerts.books import micros
from alerts.levels import Level
from alerts.plans import Plan, TriggerKey
from alerts.record_runs import follow, report_triggers, triggers_by_rule, write_runs
from alerts.rule_kinds import Common
from alerts.runs import Move
from alerts.tell import run_events, tell_events
from config.database import Connection

Row = dict[str, Any]


def shelve(
    connection: Connection,
    *,
    until: datetime,
    reason: str,
    actor: UUID,
    alert_id: int | None = None,
    rule_id: str | None = None,
    subject: int | None = None,
) -> int:
    """Put aside an alert (its rule at its subject), a rule, a subject, or a rule at a subject; the shelf's id.

    Raises AlertUnknown; ActRefused where the end is not ahead, or nothing or too much is named.
    """
    if (alert_id is None) == (rule_id is None and subject is None):
        raise ActRefused("a shelf is for one alert, or for a rule, a subject, or a rule at a subject")
    with connection.transaction():
        time = now(connection)
        if alert_id is not None:
            rule_id, subject = _pair_of(connection, alert_id)
        return _suppress(connection, "shelve", time, until, reason, actor, rule_id=rule_id, subject=subject)


def _pair_of(connection: Connection, alert_id: int) -> tuple[str, int]:
    """An alert's rule and subject, which never change: it is locked with all that the shelf holds, not before."""
    row = connection.execute(ACT_QUERIES["pair_of_alert"], {"alert_id": alert_id}).fetchone()
    if row is None:
        raise AlertUnknown(alert_id)
    return row[0], row[1]


def maintain(
    connection: Connection,
    *,
    begins: datetime | None,
    ends: datetime,
    reason: str,
    actor: UUID,
    subject: int | None = None,
    division_id: int | None = None,
) -> int:
    """A maintenance window of a sensor, device, gateway or division, from now where `begins` is None; its id.

    Raises ActRefused where it is over already, or not exactly one thing is named.
    """
    if (subject is None) == (division_id is None):
        raise ActRefused("a maintenance window is for one subject or one division")
    with connection.transaction():
        begins = begins or now(connection)
        named = {"subject": subject, "division_id": division_id}
        return _suppress(connection, "maintenance", begins, ends, reason, actor, **named)


def _suppress(
    connection: Connection, kind: str, begins: datetime, ends: datetime, reason: str, actor: UUID, **named: Any
) -> int:
    time = now(connection)
    if ends <= max(time, begins):
        raise ActRefused(f"it would end at {ends.isoformat()}, which is not after {max(time, begins).isoformat()}")
    if not reason.strip():
        raise ActRefused("say why: others have to know what they do not see")
    columns = {"rule_id": None, "subject": None, "division_id": None} | named
    values = {"kind": kind, "begins": begins, "ends": ends, "reason": reason, "actor": actor}
    row = connection.execute(ACT_QUERIES["add_suppression"], columns | values).fetchone()
    assert row is not None
    moved = _hold_or_release(connection, time, hold_only=True)  # who lets go also starts the plans
    _write_moved(connection, moved, time, actor)
    tell_events(connection, [_event(one, time) for one in moved])
    return int(row[0])


def end(connection: Connection, suppression_id: int, *, actor: UUID) -> None:
    """End a shelf or a window before its time; `release` then does what was held back. Raises AlertUnknown."""
    with connection.transaction():
        asked = {"id": suppression_id, "time": now(connection), "actor": actor}
        if connection.execute(ACT_QUERIES["end_suppression"], asked).fetchone() is None:
            raise AlertUnknown(f"there is no suppression {suppression_id} that is still to end")


def suppressions(connection: Connection, *, all_: bool = False) -> list[Row]:
    """Those in force and to come, with how many open alerts each holds; with `all_` those that are over, too."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(ACT_QUERIES["suppressions"], {"at": now(connection), "all": all_}).fetchall()


def release(connection: Connection, at: datetime, *, rules: Sequence[Common], plans: Sequence[Plan]) -> list[int]:
    """Hold what came under a suppression by `at`, and let go of what is under none: plans start now. Their ids.

    In a transaction of its own; asked again, it finds nothing to do. To be called about once a second.
    """
    if not connection.execute(ACT_QUERIES["to_hold_or_release"], {"at": at, "hold_only": False}).fetchall():
        return []
    with connection.transaction():
        moved = _hold_or_release(connection, at)
        freed = [one for one in moved if one["suppressed_by"] is None]
        exercise = any(one["exercise"] for one in moved)
        # The township's other alerts stand as they are; those that are free now rise into them.
        stood: dict[int, Level] = {one["id"]: "none" for one in freed}
        runs = follow(connection, _moves(freed, rules, at), rules, plans, stood, exercise=exercise)
        _write_moved(connection, moved, at, None)
        write_runs(connection, runs, exercise=exercise)
        townships = {one["township_id"]: one["township"] for one in moved}
        tell_events(connection, [*(_event(one, at) for one in moved), *run_events(runs, townships)])
    return [one["id"] for one in freed]


def _hold_or_release(connection: Connection, at: datetime, *, hold_only: bool = False) -> list[Row]:
    asked = {"at": at, "hold_only": hold_only}
    ids = [row[0] for row in connection.execute(ACT_QUERIES["to_hold_or_release"], asked).fetchall()]
    if not ids:
        return []
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(ACT_QUERIES["hold_or_release"], {"ids": ids, "at": at}).fetchall()


def _write_moved(connection: Connection, moved: Sequence[Row], time: datetime, actor: UUID | None) -> None:
    rows = [
        state_row(
            _standing(one), time, _reason(one), one["state"], actor=actor, note=f"suppression {one['suppressed_by']}"
        )
        if one["suppressed_by"] is not None
        else state_row(_standing(one), time, _reason(one), one["state"], actor=actor)
        for one in moved
    ]
    if rows:
        add_rows(connection, rows)


def _reason(one: Row) -> str:
    return "released" if one["suppressed_by"] is None else "suppressed"


def _standing(one: Row) -> Standing:
    names = (
        "id",
        "rule_id",
        "subject",
        "level",
        "state",
        "exercise",
        "revision",
        "suppressed_by",
        "township_id",
        "name",
    )
    return Standing(**{name: one[name] for name in names})


def _event(one: Row, time: datetime) -> Row:
    event = act_event(_standing(one), time, _reason(one), one["state"])
    event["payload"] |= {"suppressed": True} if one["suppressed_by"] is not None else {}
    event["payload"] |= {"exercise": True} if one["exercise"] else {}
    return event


def _moves(freed: Sequence[Row], rules: Sequence[Common], at: datetime) -> list[Move]:
    known: dict[str, tuple[TriggerKey, ...]] = triggers_by_rule(rules)
    found = []
    for one in freed:
        triggers = report_triggers(one["title"]) if one["kind"] == "manual" else known.get(one["rule_id"])
        if triggers and one["township_id"] is not None:
            found.append(
                Move(
                    alert_id=one["id"],
                    triggers=triggers,
                    township_id=one["township_id"],
                    level=one["level"],
                    time=micros(at),
                    rises=True,
                )
            )
    return found
