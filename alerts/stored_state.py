"""The kernel's state in the database, and what the rules are about: written with each batch, read at start."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from alerts.columns import NEVER, Past
from alerts.conditions import WarningInForce
from alerts.instants import iso
from alerts.pairs import RuleSet
from alerts.ruleset import Subject
from alerts.state import State
from alerts.state_rows import Readings, StateRow, restore, with_windows
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("state_queries.sql"))

_POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC
_COPY_HEADER, _COPY_TRAILER = 19, 2  # bytes
_COPY_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("sensor_bytes", ">i4"),
        ("sensor", ">i4"),
        ("time_bytes", ">i4"),
        ("time", ">i8"),
        ("value_bytes", ">i4"),
        ("value", ">f8"),
    ]
)


def persist_states(connection: Connection, rows: Iterable[StateRow]) -> None:
    """Store changed rows in the open transaction; a subject at rest loses its row."""
    rows = list(rows)
    stored = [_key(row) | {"state": row.state} for row in rows if row.state is not None]
    if stored:
        connection.execute(_QUERIES["store_states"], {"rows": Jsonb(stored)})
    forget_states(connection, [row for row in rows if row.state is None])


def forget_states(connection: Connection, rows: Sequence[StateRow]) -> set[tuple[str, int]]:
    """Delete rows in the open transaction; which of them were there: rule id and subject."""
    if not rows:
        return set()
    gone = [_key(row) for row in rows]
    return set(connection.execute(_QUERIES["forget_states"], {"rows": Jsonb(gone)}).fetchall())


def _key(row: StateRow) -> dict[str, Any]:
    return {"rule_id": row.rule_id, "subject": row.subject}


def load_state(connection: Connection, ruleset: RuleSet, rows: Sequence[StateRow] | None = None) -> State:
    """Everything that the kernel remembers: latches from their rows, heads and windows from the readings."""
    with connection.transaction():
        rows = load_states(connection) if rows is None else rows
        state = restore(ruleset, rows, load_heads(connection))
        return with_windows(state, load_kept(connection, state))


def load_states(connection: Connection) -> list[StateRow]:
    """Every subject that is not at rest."""
    rows = connection.execute(_QUERIES["states"])
    return [StateRow(rule_id=rule_id, subject=subject, state=state) for rule_id, subject, state in rows]


def load_heads(connection: Connection) -> dict[int, tuple[int, float]]:
    """Sensor id → time, µs, and value of its latest judged reading; sensors without one are left out."""
    with connection.transaction():
        connection.execute(_QUERIES["walk_partitions_newest_first"])
        rows = connection.execute(_QUERIES["heads"]).fetchall()
        return {sensor: (time, value) for sensor, time, value in rows}


def load_past(connection: Connection, needs: Sequence[tuple[int, int]]) -> Past:
    """The judged readings that `late_needs` names."""
    asked = [{"sensor_id": sensor, "since": iso(since)} for sensor, since in needs]
    rows = connection.execute(_QUERIES["past"], {"needs": Jsonb(asked)}).fetchall()
    sensor, time, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Past(sensor=np.array(sensor, np.int32), time=np.array(time, np.int64), value=np.array(value, np.float64))


def load_kept(connection: Connection, state: State) -> Readings:
    """The readings within the reach of windows, in an open transaction; a binary copy straight into columns."""
    oldest = state.oldest()
    sensors = np.flatnonzero(oldest > NEVER)
    if not len(sensors):
        return Readings(sensor=sensors, time=sensors, value=np.zeros(0))
    connection.execute(_QUERIES["make_kept"])
    connection.execute(_QUERIES["fill_kept"], {"sensors": sensors.tolist(), "since_us": oldest[sensors].tolist()})
    connection.execute(_QUERIES["analyze_kept"])
    with connection.cursor().copy(_QUERIES["kept_readings"]) as copy:
        raw = b"".join(bytes(block) for block in copy)
    connection.execute(_QUERIES["drop_kept"])
    rows = np.frombuffer(raw[_COPY_HEADER:-_COPY_TRAILER], _COPY_ROW)
    return Readings(
        sensor=rows["sensor"].astype(np.int64),
        time=rows["time"].astype(np.int64) + _POSTGRES_EPOCH_US,
        value=rows["value"].astype(np.float64),
    )


def load_subjects(connection: Connection) -> list[Subject]:
    """The sensors as rules see them; a sensor's datum is that of its readings and of its levels."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_subject(row) for row in cursor.execute(_QUERIES["subjects"])]


def load_touches(connection: Connection) -> Mapping[int, frozenset[int]]:
    """Grid → the grids that touch it, by today's boundaries."""
    return {grid: frozenset(others) for grid, others in connection.execute(_QUERIES["touches"])}


def load_warnings(connection: Connection) -> list[WarningInForce]:
    """Official warnings by division, of all times."""
    with connection.cursor(row_factory=class_row(WarningInForce)) as cursor:
        return cursor.execute(_QUERIES["warnings_in_force"]).fetchall()


def _subject(row: dict[str, Any]) -> Subject:
    return Subject(
        **{name: row[name] for name in ("sensor_id", "name", "quantity", "unit", "datum", "device_id", "gateway_id")},
        **{name: row[name] for name in ("interval_s", "lon", "lat", "grid_id", "township_id")},
        levels={name: float(level) for name, level in row["levels"].items()},
        levels_datum=row["datum"],
        divisions=frozenset(row["divisions"] or ()),
        codes=frozenset(row["codes"] or ()),
    )
