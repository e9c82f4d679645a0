"""The kernel's state in the database, and the sensors as its subjects: written with each batch, read at start."""

from collections.abc import Iterable
from pathlib import Path

from psycopg.types.json import Jsonb

from alerts.ruleset import Subject
from alerts.state import StateRow
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("state_queries.sql"))


def persist_states(connection: Connection, rows: Iterable[StateRow]) -> None:
    """Store changed rows in the open transaction; a subject at rest loses its row."""
    stored, forgotten = [], []
    for row in rows:
        key = {"rule_id": row.rule_id, "subject": row.subject}
        if row.state is None:
            forgotten.append(key)
        else:
            stored.append(key | {"state": row.state})
    if stored:
        connection.execute(_QUERIES["store_states"], {"rows": Jsonb(stored)})
    if forgotten:
        connection.execute(_QUERIES["forget_states"], {"rows": Jsonb(forgotten)})


def load_states(connection: Connection) -> list[StateRow]:
    """Every subject that is not at rest."""
    rows = connection.execute(_QUERIES["states"])
    return [StateRow(rule_id=rule_id, subject=subject, state=state) for rule_id, subject, state in rows]


def load_watermarks(connection: Connection) -> dict[int, int]:
    """Sensor id → time of its latest stored reading, µs; sensors without one are left out."""
    with connection.transaction():
        connection.execute(_QUERIES["walk_partitions_newest_first"])
        return dict(connection.execute(_QUERIES["watermarks"]).fetchall())


def load_subjects(connection: Connection) -> list[Subject]:
    """The sensors as rules see them; a sensor's datum is that of its readings and of its levels."""
    return [
        Subject(
            sensor_id=sensor_id,
            quantity=quantity,
            unit=unit,
            datum=datum,
            levels={name: float(level) for name, level in levels.items()},
            levels_datum=datum,
        )
        for sensor_id, quantity, unit, datum, levels in connection.execute(_QUERIES["subjects"])
    ]
