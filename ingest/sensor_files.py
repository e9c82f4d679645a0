"""Sensors from a CSV file into the registry: checked row by row, written all together or not at all."""

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from config.database import Connection
from config.errors import ConfigError
from ingest.errors import Refused
from ingest.quantities import Quantity, load_quantities
from ingest.registry import QUERIES
from ingest.stored_sensors import StoredSensor, has_readings, stored_sensors
from ingest.units import conversion

REQUIRED = ("name", "device", "quantity")
LEVELS = ("warning", "guarantee", "highest")
_OPTIONAL = ("division", "unit", "datum", "label", "river", "lon", "lat", "interval_s", "gateway", "source")
_FIXED = ("quantity", "unit", "datum")  # what a stored value means
_INTERVAL_MOST_S = 366 * 86400
KNOWN = (*REQUIRED, *_OPTIONAL, *LEVELS, "levels_datum", "place_source")


@dataclass(frozen=True, kw_only=True)
class SensorRow:
    """One line of the file, checked."""

    line: int  # in the file
    name: str
    device: str
    quantity: str
    unit: str
    datum: str | None
    gateway: str | None
    label: str
    river: str
    interval_s: int | None
    lon: float | None
    lat: float | None
    levels: dict[str, float]
    source: str
    place_source: str


@dataclass(kw_only=True)
class SensorReport:
    """What an import did, or would not do."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    errors: list[str] = field(default_factory=list)


def import_sensors(connection: Connection, path: Path) -> SensorReport:
    """Add or change the file's sensors in one transaction; with any faulty row nothing is written.

    Columns: name, device, quantity; as wanted unit, datum, label, river, lon, lat (CGCS2000),
    interval_s, gateway, source, place_source, and levels in the unit: warning, guarantee, highest.
    What the file has no column for stays as it is stored.
    """
    stored = stored_sensors(connection)
    rows, errors = read_sensors(path, stored)
    errors += _other_meanings(connection, path, rows, stored)
    if errors:
        return SensorReport(errors=errors)
    report = SensorReport()
    try:
        with connection.transaction():
            for row in rows:
                _write(connection, row, report)
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
    changes = [(row, stored[row.name], changed) for row in rows if (changed := _change(row, stored.get(row.name)))]
    return [
        f"{path.name} line {row.line}, {column}: {row.name!r} has readings stored as {getattr(known, column)!r}, which"
        f" would be taken for {getattr(row, column)!r}: leave the column as it was (readings sent in another unit of"
        " the quantity are converted), or add a new sensor, with a name and a device of its own"
        for row, known, column in changes
        if has_readings(connection, row.name)
    ]


def _change(row: SensorRow, known: StoredSensor | None) -> str | None:
    """The first column by which the row's values would mean something else than those stored."""
    if known is None:
        return None
    return next((column for column in _FIXED if getattr(row, column) != getattr(known, column)), None)


def read_sensors(path: Path, stored: Mapping[str, StoredSensor] | None = None) -> tuple[list[SensorRow], list[str]]:
    """The file's rows, completed by what is stored, and an error with line and column for each that is wrong."""
    quantities = load_quantities()
    rows: list[SensorRow] = []
    errors: list[str] = []
    names: set[str] = set()
    measured: set[tuple[str, str]] = set()
    for number, line in _lines(path):
        try:
            cells = _cells(line)
            known = (stored or {}).get(cells["name"])
            row = _row(number, _completed(cells, known), quantities)
            _check_kept_levels(row, cells, known)
            if row.name in names:
                raise Refused("name", f"the name {row.name!r} stands in the file already")
            if (row.device, row.quantity) in measured:
                raise Refused("device", f"{row.device!r} with {row.quantity!r} stands in the file already")
            names.add(row.name)
            measured.add((row.device, row.quantity))
            rows.append(row)
        except Refused as refused:
            errors.append(f"{path.name} line {number}, {refused.reason}: {refused.detail}")
    return rows, errors


def _lines(path: Path) -> list[tuple[int, dict[str | Any, str | Any]]]:
    """Each row with the number of its (last) line in the file."""
    try:
        reader = csv.DictReader(io.StringIO(_text(path), newline=""))
        header = reader.fieldnames or ()
        found = [(reader.line_num, line) for line in reader]
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise ConfigError(f"{path} is no CSV file: {error}") from error
    if missing := [column for column in REQUIRED if column not in header]:
        raise ConfigError(f"{path}: the column {missing[0]!r} is missing; known columns are {', '.join(KNOWN)}")
    if unknown := [column for column in header if column and column not in KNOWN]:
        raise ConfigError(f"{path}: the column {unknown[0]!r} is not known; known columns are {', '.join(KNOWN)}")
    return found


def _text(path: Path) -> str:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):  # the second is what a Chinese Excel writes
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ConfigError(f"{path} is neither UTF-8 nor GBK (GB 18030): save it as CSV in UTF-8")


def _cells(line: dict[str | Any, str | Any]) -> dict[str, str]:
    if None in line:
        raise Refused("columns", "the row has more cells than the header: put a text with a comma in quotes")
    cells = {column: (cell or "").strip() for column, cell in line.items()}
    if dark := [column for column, cell in cells.items() if "\0" in cell]:
        raise Refused(dark[0], "the cell holds a NUL character")
    return cells


def _completed(cells: dict[str, str], known: StoredSensor | None) -> dict[str, str]:
    """The cells, and beside them what is stored for columns that the file does not have."""
    if known is None:
        return cells
    kept = {
        "label": known.label,
        "river": known.river,
        "interval_s": str(known.interval_s or ""),
        "source": known.source,
    }
    if known.quantity == cells["quantity"]:
        kept |= {"unit": known.unit, "datum": known.datum or ""}
        kept |= {name: repr(value) for name, value in known.levels.items()}
    return {**kept, **cells}


def _check_kept_levels(row: SensorRow, cells: dict[str, str], known: StoredSensor | None) -> None:
    """Levels that stay are numbers of the unit and datum that they were given in."""
    column = _change(row, known)
    kept = [name for name in LEVELS if name in known.levels and name not in cells] if known else []
    if kept and column in ("unit", "datum"):
        raise Refused(column, f"its levels are stored as {getattr(known, column)!r}: give {', '.join(kept)} anew")


def _row(number: int, line: dict[str, str], quantities: dict[str, Quantity]) -> SensorRow:
    quantity = quantities.get(line["quantity"])
    if quantity is None:
        raise Refused("quantity", f"{line['quantity']!r} is not known; quantities.toml has {', '.join(quantities)}")
    for column in ("name", "device"):
        if not line[column] or re.search(r"[/+#\s]", line[column]):
            raise Refused(column, f"{line[column]!r} is empty, or holds one of / + # or a space")
    unit, datum = line.get("unit") or quantity.unit, line.get("datum") or None
    conversion(unit, quantity.unit)
    levels = _levels(line)
    if quantity.datum and datum is None:
        raise Refused("datum", "a stage needs its height system (wusong, huanghai …), or 'unstated'")
    if line.get("levels_datum", datum or "") not in ("", datum or ""):
        raise Refused(
            "levels_datum", f"levels in {line['levels_datum']!r} cannot be compared with readings in {datum!r}"
        )
    lon, lat = _number(line, "lon"), _number(line, "lat")
    if (lon is None) != (lat is None) or abs(lon or 0) > 180 or abs(lat or 0) > 90:
        raise Refused(
            "lon, lat", f"{line.get('lon')!r}, {line.get('lat')!r} is no place: give both in degrees, or none"
        )
    interval = _number(line, "interval_s")
    if interval is not None and not (1 <= interval <= _INTERVAL_MOST_S and interval.is_integer()):
        raise Refused("interval_s", f"{line['interval_s']!r} is no number of whole seconds, 1 to {_INTERVAL_MOST_S}")
    return SensorRow(
        line=number,
        name=line["name"],
        device=line["device"],
        quantity=line["quantity"],
        unit=unit,
        datum=datum,
        gateway=line.get("gateway") or None,
        label=line.get("label", ""),
        river=line.get("river", ""),
        interval_s=None if interval is None else int(interval),
        lon=lon,
        lat=lat,
        levels=levels,
        source=line.get("source", ""),
        place_source=line.get("place_source", ""),
    )


def _levels(line: dict[str, str]) -> dict[str, float]:
    levels = {name: value for name in LEVELS if (value := _number(line, name)) is not None}
    warning, guarantee = levels.get("warning"), levels.get("guarantee")
    if warning is not None and guarantee is not None and guarantee < warning:
        raise Refused("guarantee", f"{guarantee:g} is under the warning level {warning:g}: were they exchanged?")
    return levels


def _number(line: dict[str, str], column: str) -> float | None:
    text = line.get(column, "")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refused(column, f"{text!r} is no number")
    return number


def _write(connection: Connection, row: SensorRow, report: SensorReport) -> None:
    device_id = _one(connection, "device_upsert", device=row.device, gateway=row.gateway)[0]
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
    place = {"sensor_id": sensor_id, "lon": row.lon, "lat": row.lat, "source": row.place_source}
    known = connection.execute(QUERIES["place_now"], place).fetchone()
    if known is None:
        connection.execute(QUERIES["place_first"], place)
    elif row.lon is not None and known != (row.lon, row.lat):  # a file that names no place takes none away
        connection.execute(QUERIES["place_correct"], place)
        report.moved += 1


def _one(connection: Connection, query: str, **parameters: Any) -> tuple[Any, ...]:
    row = connection.execute(QUERIES[query], parameters).fetchone()
    assert row is not None
    return row
