"""Alerts from the database and back: those that a batch may touch are read and locked, then written with their rows."""

import math
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from alerts.corrections import is_correction
from alerts.instants import iso
from alerts.kernel import Transition
from alerts.levels import rank
from alerts.lifecycle import Moves
from alerts.standing import OPEN, Alert, Key, Nature, Pair, Place, Said, Step
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))

Row = dict[str, Any]


def look(connection: Connection, transitions: Sequence[Transition], *, exercise: bool | None) -> dict[Key, Pair]:
    """The rules and subjects that the transitions name, each with the alerts that they may touch; locked.

    `exercise` None: as the database is marked.
    """
    firsts: dict[Key, Transition] = {}
    rises: dict[Key, set[int]] = {}
    for one in transitions:
        key = (one.rule_id, one.subject)
        known = firsts.get(key)
        if _rises(one):
            rises.setdefault(key, set()).add(one.time)
        if known is None or (not _rises(known) and _rises(one)):
            firsts[key] = one
    since = _corrected_since(transitions)
    _lock(connection, firsts, since, exercise)
    asked = [_asked(number, one, rises.get(key, set())) for number, (key, one) in enumerate(firsts.items())]
    rows = _rows(connection, "look", asked, exercise)
    pairs = {key: _pair(key, row) for key, row in zip(firsts, rows, strict=True)}
    _add_histories(connection, since, pairs, exercise=exercise)
    return pairs


def _lock(connection: Connection, keys: Iterable[Key], since: dict[Key, int], exercise: bool | None) -> None:
    """In pipeline mode that costs no round trip of its own."""
    asked = [{"rule_id": key[0], "subject": key[1], "since": iso(since[key]) if key in since else None} for key in keys]
    connection.execute(_QUERIES["lock_alerts"], {"pairs": Jsonb(asked), "exercise": exercise})


def _corrected_since(transitions: Iterable[Transition]) -> dict[Key, int]:
    """Of the rules and subjects with a correction, the time of the first."""
    since: dict[Key, int] = {}
    for one in transitions:
        if is_correction(one):
            key = (one.rule_id, one.subject)
            since[key] = min(one.time, since.get(key, one.time))
    return since


def _rises(transition: Transition) -> bool:
    return rank(transition.to_level) > rank(transition.from_level) and not transition.retracts


def _asked(number: int, first: Transition, rises: set[int]) -> Row:
    row = {
        "number": number,
        "rule_id": first.rule_id,
        "subject": first.subject,
        "time": iso(first.time),
        "rises": _rises(first),
    }
    later = sorted(rises - {first.time})
    return row | {"later": [iso(time) for time in later]} if later else row


def _rows(connection: Connection, query: str, pairs: Sequence[Row], exercise: bool | None) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_QUERIES[query], {"pairs": Jsonb(pairs), "exercise": exercise}).fetchall()


def _pair(key: Key, row: Row) -> Pair:
    place = Place(
        name=row["name"] or "",
        township_id=row["township_id"],
        township=row["township"],
        grid_id=row["grid_id"],
        lon=row["lon"],
        lat=row["lat"],
        suppressed_by=row["suppressed_by"],
        suppressed_later=dict(row["suppressed_later"] or ()),
    )
    return Pair(
        rule_id=key[0],
        subject=key[1],
        alerts=[] if row["id"] is None else [_alert(key, row, place.name)],
        place=place,
        next_id=row["next_id"],
        has_kin=row["has_kin"],
    )


def _alert(key: Key, row: Row, name: str) -> Alert:
    place = Place(
        name=name,
        township_id=row["old_township"],
        township=row["old_township_name"],
        grid_id=row["old_grid"],
        lon=row["old_lon"],
        lat=row["old_lat"],
    )
    return Alert(
        id=row["id"],
        rule_id=key[0],
        subject=key[1],
        level=row["level"],
        peak=row["peak"],
        state=row["state"],
        opened_at=row["opened_at"],
        changed_at=row["changed_at"],
        resolved_at=row["resolved_at"],
        value=row["value"],
        revision=row["revision"],
        suppressed_by=row["held_by"],
        nature=Nature(kind=row["kind"], family=row["family"]),
        place=place,
        stood=row["level"] if row["state"] in OPEN and row["held_by"] is None else "none",
        was_acknowledged=row["was_acknowledged"],
        was_in_hand=row["was_in_hand"],
    )


def _add_histories(
    connection: Connection, since: dict[Key, int], pairs: dict[Key, Pair], *, exercise: bool | None
) -> None:
    """A correction needs to know what was said, by which alert."""
    if not since:
        return
    keys = list(since)
    asked = [
        {"number": number, "rule_id": key[0], "subject": key[1], "since": iso(since[key])}
        for number, key in enumerate(keys)
    ]
    for key in keys:
        pairs[key].alerts = []
    for row in _rows(connection, "histories", asked, exercise):
        pair = pairs[keys[row["number"]]]
        alert = _alert((pair.rule_id, pair.subject), row, pair.place.name)
        alert.said = _said(row["rows"])
        pair.alerts.append(alert)


def _said(rows: Iterable[Sequence[Any]]) -> list[Said]:
    said: list[Said] = []
    for time, from_level, to_level, value, retracts in rows:
        one = Said(time=time, from_level=from_level, to_level=to_level, value=value)
        if not retracts:
            said.append(one)
        elif one in said:
            said.remove(one)
    return sorted(said, key=lambda one: one.time)


def draw_ids(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Ids for a second new alert of a subject in one batch; the first had its own."""
    nameless = [alert for alert in alerts if alert.id is None]
    if nameless:
        ids = connection.execute(_QUERIES["new_ids"], {"table": "alerts", "count": len(nameless)}).fetchall()
        for alert, (alert_id,) in zip(nameless, ids, strict=True):
            alert.id = alert_id


def write_alerts(connection: Connection, moves: Moves, late: Collection[tuple[int, int]], *, exercise: bool) -> None:
    """Write the alerts and their transitions."""
    alerts = moves.alerts()
    old, new = [one for one in alerts if not one.is_new], [one for one in alerts if one.is_new]
    # What has ended makes room first: one alert is open for each rule and subject.
    _write(connection, "update_alerts", [_alert_row(alert) for alert in old if not alert.is_open])
    _write(connection, "update_alerts", [_alert_row(alert) for alert in old if alert.is_open])
    inserted = [_alert_row(alert) | {"late": (alert.subject, alert.opened_at) in late} for alert in new]
    _write(connection, "insert_alerts", inserted, exercise=exercise)
    _write(connection, "insert_alert_transitions", [_step_row(step, late) for step in moves.steps])


def _write(connection: Connection, query: str, rows: Sequence[Row], **parameters: object) -> None:
    if rows:
        connection.execute(_QUERIES[query], {"rows": Jsonb(rows), **parameters})


def _alert_row(alert: Alert) -> Row:
    row = {
        "id": alert.id,
        "level": alert.level,
        "peak": alert.peak,
        "state": alert.state,
        "value": finite(alert.value),
        "opened_at": iso(alert.opened_at),
        "changed_at": iso(alert.changed_at),
        "resolved_at": None if alert.resolved_at is None else iso(alert.resolved_at),
        "revision": alert.revision,
        "suppressed_by": alert.suppressed_by,
        "begins_anew": alert.begins_anew,
    }
    return row | _birth_row(alert) if alert.is_new else row


def _birth_row(alert: Alert) -> Row:
    """What is written once, at the opening."""
    return {
        "rule_id": alert.rule_id,
        "subject": alert.subject,
        "kind": alert.nature.kind,
        "family": alert.nature.family,
        "township_id": alert.place.township_id,
        "grid_id": alert.place.grid_id,
        "lon": alert.place.lon,
        "lat": alert.place.lat,
        "pending_since": None if alert.pending_since is None else iso(alert.pending_since),
    }


def _step_row(step: Step, late: Collection[tuple[int, int]]) -> Row:
    return {
        "alert_id": step.alert.id,
        "time": iso(step.transition.time),
        "from_level": step.transition.from_level,
        "to_level": step.transition.to_level,
        "from_state": step.from_state,
        "to_state": step.to_state,
        "reason": step.reason,
        "value": finite(step.transition.value),
        "late": (step.transition.subject, step.transition.time) in late,
        "retracts": step.transition.retracts,
        "revision": step.revision,
        "note": "" if step.suppressed_by is None else f"suppression {step.suppressed_by}",
    }


def finite(value: float | None) -> float | None:
    """A value that JSON can hold; none where it is no number."""
    return value if value is not None and math.isfinite(value) else None
