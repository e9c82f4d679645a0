"""The kernel's state in the database, and what the rules are about: written with each batch, read at start."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from alerts.columns import NEVER, Past
from alerts.conditions import WarningInForce
from alerts.instants import aware, iso
from alerts.pairs import RuleSet
from alerts.ruleset import Subject
from alerts.state import State
from alerts.state_rows import Readings, StateRow, restore, with_windows
from config.database import Connection
from config.queries import Queries

STATE_QUERIES = Queries(Path(__file__).with_name("state_queries.sql"))

_POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC
_PACKED = np.dtype([("sensor", ">i4"), ("time", ">i8"), ("value", ">f8")])


def persist_states(connection: Connection, rows: Iterable[StateRow], partition: str | None = None) -> None:
    """Store changed rows in the open transaction, as this partition's; a subject at rest loses its row."""
    rows = list(rows)
    stored = [_key(row) | {"state": row.state, "partition": partition} for row in rows if row.state is not None]
    if stored:
        connection.execute(STATE_QUERIES["store_states"], {"rows": Jsonb(stored)})
    forget_states(connection, [row for row in rows if row.state is None])


def forget_states(connection: Connection, rows: Sequence[StateRow]) -> set[tuple[str, int]]:
    """Delete rows in the open transaction; which of them were there: rule id and subject."""
    if not rows:
        return set()
    gone = [_key(row) for row in rows]
    return set(connection.execute(STATE_QUERIES["forget_states"], {"rows": Jsonb(gone)}).fetchall())


def _key(row: StateRow) -> dict[str, Any]:
    return {"rule_id": row.rule_id, "subject": row.subject}


def load_state(connection: Connection, ruleset: RuleSet, partition: str | None = None) -> State:
    """Everything that the kernel remembers: latches from their rows, heads and windows from the readings."""
    with connection.transaction():
        state = restore(ruleset, load_states(connection, partition), load_heads(connection, partition))
        return with_windows(state, load_kept(connection, state))


def load_states(connection: Connection, partition: str | None = None) -> list[StateRow]:
    """Every subject that is not at rest, without those of other partitions where one is named."""
    rows = connection.execute(STATE_QUERIES["states"], {"partition": partition})
    return [StateRow(rule_id=rule_id, subject=subject, state=state) for rule_id, subject, state in rows]


def load_heads(connection: Connection, partition: str | None = None) -> dict[int, tuple[int, float]]:
    """Sensor id → time, µs, and value of its latest judged reading; sensors without one are left out.

    So are, where a partition is named, those that another one hears.
    """
    with connection.transaction():
        connection.execute(STATE_QUERIES["walk_partitions_newest_first"])
        rows = connection.execute(STATE_QUERIES["heads"], {"partition": partition}).fetchall()
        return {sensor: (time, value) for sensor, time, value in rows}


def load_past(connection: Connection, needs: Sequence[tuple[int, int]]) -> Past:
    """The judged readings that `late_needs` names."""
    asked = [{"sensor_id": sensor, "since": iso(since)} for sensor, since in needs]
    rows = connection.execute(STATE_QUERIES["past"], {"needs": Jsonb(asked)}).fetchall()
    sensor, time, value = zip(*rows, strict=True) if rows else ((), (), ())
    return Past(sensor=np.array(sensor, np.int32), time=np.array(time, np.int64), value=np.array(value, np.float64))


def load_kept(connection: Connection, state: State) -> Readings:
    """The readings within the reach of windows, in an open transaction; packed bytes straight into columns."""
    oldest = state.oldest()
    sensors = np.flatnonzero(oldest > NEVER)
    if not len(sensors):
        return Readings(sensor=sensors, time=sensors, value=np.zeros(0))
    since = oldest[sensors]
    asked = {"sensors": sensors.tolist(), "since_us": since.tolist(), "oldest": aware(int(since.min()))}
    connection.execute(STATE_QUERIES["sort_in_memory"])
    packed = connection.execute(STATE_QUERIES["kept_readings"], asked, prepare=False, binary=True).fetchall()
    rows = np.frombuffer(b"".join(row[0] for row in packed), _PACKED)
    return Readings(
        sensor=rows["sensor"].astype(np.int64),
        time=rows["time"].astype(np.int64) + _POSTGRES_EPOCH_US,
        value=rows["value"].astype(np.float64),
    )


def load_subjects(connection: Connection, partition: str | None = None) -> list[Subject]:
    """The sensors as rules see them; a sensor's datum is that of its readings and of its levels.

    Where a partition is named, without those that another one hears.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_subject(row) for row in cursor.execute(STATE_QUERIES["subjects"], {"partition": partition})]


def load_touches(connection: Connection) -> Mapping[int, frozenset[int]]:
    """Grid → the grids that touch it, by today's boundaries."""
    return {grid: frozenset(others) for grid, others in connection.execute(STATE_QUERIES["touches"])}


def load_warnings(connection: Connection) -> list[WarningInForce]:
    """Official warnings by division, of all times."""
    with connection.cursor(row_factory=class_row(WarningInForce)) as cursor:
        return cursor.execute(STATE_QUERIES["warnings_in_force"]).fetchall()


def _subject(row: dict[str, Any]) -> Subject:
    return Subject(
        **{name: row[name] for name in ("sensor_id", "name", "quantity", "unit", "datum", "device_id", "gateway_id")},
        **{name: row[name] for name in ("interval_s", "lon", "lat", "grid_id", "township_id")},
        levels={name: float(level) for name, level in (row["levels"] or {}).items()},
        levels_datum=row["datum"],
        divisions=frozenset(row["divisions"] or ()),
        codes=frozenset(row["codes"] or ()),
    )
