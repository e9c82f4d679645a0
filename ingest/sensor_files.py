"""Sensors from a CSV file into the registry: checked row by row, written all together or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from config.database import Connection
from ingest.errors import Refused
from ingest.place_history import REASONS, Change, Stay, place_histories, rewritten, write_change, write_first
from ingest.registry import QUERIES
from ingest.sensor_rows import SensorRow, changed_meaning, read_sensors
from ingest.stored_sensors import StoredSensor, has_readings, stored_sensors

Histories = Mapping[int, list[Stay]]  # by sensor id


@dataclass(kw_only=True)
class SensorReport:
    """What an import did, or would not do."""

    added: int = 0
    changed: int = 0
    # Places, by what the record says of the change.
    moved: int = 0
    replaced: int = 0
    retired: int = 0
    corrected: int = 0
    errors: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people."""
        places = ", ".join(f"{getattr(self, reason)} {reason}" for reason in REASONS)
        return [f"{self.added} added, {self.changed} changed; places: {places}"]


def import_sensors(connection: Connection, path: Path) -> SensorReport:
    """Add or change the file's sensors in one transaction; with any faulty row nothing is written.

    Columns: name, device, quantity; as wanted unit, datum, label, river, lon, lat (CGCS2000),
    interval_s, gateway, source, place_source, levels in the unit (warning, guarantee, highest), and
    reason and since, which say why the place is another one. What the file has no column for stays
    as it is stored.
    """
    stored = stored_sensors(connection)
    rows, errors = read_sensors(path, stored)
    histories = place_histories(connection)
    errors += _other_meanings(connection, path, rows, stored) + _other_histories(path, rows, stored, histories)
    if errors:
        return SensorReport(errors=errors)
    report = SensorReport()
    try:
        with connection.transaction():
            for row in rows:
                _write(connection, row, histories, report)
    except UniqueViolation:
        return SensorReport(
            errors=[
                f"{path.name}, {row.name}: device {row.device!r} has a sensor for {row.quantity!r} under another name:"
                " a sensor keeps its name"
            ]
        )
    return report


def _other_meanings(
    connection: Connection, path: Path, rows: list[SensorRow], stored: Mapping[str, StoredSensor]
) -> list[str]:
    """An error for each row that would give readings which are stored already another meaning."""
    changes = [(row, stored[row.name], other) for row in rows if (other := changed_meaning(row, stored.get(row.name)))]
    return [
        f"{path.name} line {row.line}, {column}: {row.name!r} has readings stored as {getattr(known, column)!r}, which"
        f" would be taken for {getattr(row, column)!r}: leave the column as it was (readings sent in another unit of"
        " the quantity are converted), or add a new sensor, with a name and a device of its own"
        for row, known, column in changes
        if has_readings(connection, row.name)
    ]


def _other_histories(
    path: Path, rows: list[SensorRow], stored: Mapping[str, StoredSensor], histories: Histories
) -> list[str]:
    """An error for each row whose reason and since do not fit what is recorded of its sensor's place."""
    errors = []
    for row in rows:
        try:
            _check_history(row, stored.get(row.name), histories)
        except Refused as refused:
            errors.append(f"{path.name} line {row.line}, {refused.reason}: {refused.detail}")
    return errors


def _check_history(row: SensorRow, known: StoredSensor | None, histories: Histories) -> None:
    if row.change is None:
        return
    history = histories.get(known.id) if known else None
    if not history:
        raise Refused("reason", f"{row.name!r} has no place yet that could change: leave reason and since empty")
    rewritten(history, row.change)


def _write(connection: Connection, row: SensorRow, histories: Histories, report: SensorReport) -> None:
    device_id = _one(connection, "device_upsert", device=row.device, gateway=row.gateway)[0]
    if row.gateway:  # also where it measures nothing itself: its silence is one alert
        connection.execute(QUERIES["gateway_known"], {"gateway": row.gateway})
    sensor_id, is_new = _one(
        connection,
        "sensor_upsert",
        name=row.name,
        device_id=device_id,
        quantity=row.quantity,
        unit=row.unit,
        datum=row.datum,
        interval_s=row.interval_s,
        label=row.label,
        river=row.river,
        levels=Jsonb(row.levels),
        source=row.source,
    )
    report.added += is_new
    report.changed += not is_new
    if reason := _write_place(connection, row, sensor_id, histories.get(sensor_id)):
        setattr(report, reason, getattr(report, reason) + 1)


def _write_place(connection: Connection, row: SensorRow, sensor_id: int, history: list[Stay] | None) -> str | None:
    """The reason why the record of the place was changed; None where it was not."""
    if not history:
        write_first(connection, sensor_id, row.lon, row.lat, row.place_source)
        return None
    change = row.change
    # A file that names no place takes none away; one that goes on listing what is retired does not put it up again.
    if change is None and row.lon is not None and history[-1].reason != "retired":
        change = Change(reason="corrected", lon=row.lon, lat=row.lat, source=row.place_source)
    return change.reason if change and write_change(connection, sensor_id, history, change) else None


def _one(connection: Connection, query: str, **parameters: Any) -> tuple[Any, ...]:
    row = connection.execute(QUERIES[query], parameters).fetchone()
    assert row is not None
    return row
