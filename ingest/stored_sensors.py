"""Sensors as the database holds them, for a file that changes some of it."""

from dataclasses import dataclass

from psycopg.rows import class_row

from config.database import Connection
from ingest.registry import QUERIES


@dataclass(frozen=True, kw_only=True)
class StoredSensor:
    """What the database holds of a sensor: it stays where the file has no column for it."""

    id: int
    name: str
    quantity: str
    unit: str
    datum: str | None
    label: str
    river: str
    interval_s: int | None
    source: str
    levels: dict[str, float]


def stored_sensors(connection: Connection) -> dict[str, StoredSensor]:
    """Every sensor by its name."""
    with connection.cursor(row_factory=class_row(StoredSensor)) as cursor:
        return {sensor.name: sensor for sensor in cursor.execute(QUERIES["sensor_stored"])}


def has_readings(connection: Connection, name: str) -> bool:
    """Whether readings of the sensor are kept, or figures made of them."""
    return connection.execute(QUERIES["sensor_has_readings"], {"name": name}).fetchone() == (True,)
