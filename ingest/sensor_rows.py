"""The rows of a sensors file, checked by line and column."""

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import ConfigError
from ingest.errors import Refused
from ingest.place_history import REASONS, Change, check_complete, check_place, moment_of
from ingest.quantities import Quantity, load_quantities
from ingest.stored_sensors import StoredSensor
from ingest.units import conversion

REQUIRED = ("name", "device", "quantity")
LEVELS = ("warning", "guarantee", "highest")
_OPTIONAL = ("division", "unit", "datum", "label", "river", "lon", "lat", "interval_s", "gateway", "source")
_FIXED = ("quantity", "unit", "datum")  # what a stored value means
_INTERVAL_MOST_S = 366 * 86400
KNOWN = (*REQUIRED, *_OPTIONAL, *LEVELS, "levels_datum", "place_source", "since", "reason")


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
    place_source: str  # what the record of the place names as its source
    change: Change | None  # of the place, where the row says why it is another one


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
            row = _row(path.name, number, _completed(cells, known), quantities)
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
    column = changed_meaning(row, known)
    kept = [name for name in LEVELS if name in known.levels and name not in cells] if known else []
    if kept and column in ("unit", "datum"):
        raise Refused(column, f"its levels are stored as {getattr(known, column)!r}: give {', '.join(kept)} anew")


def _row(file: str, number: int, line: dict[str, str], quantities: dict[str, Quantity]) -> SensorRow:
    quantity = quantities.get(line["quantity"])
    if quantity is None:
        raise Refused("quantity", f"{line['quantity']!r} is not known; quantities.toml has {', '.join(quantities)}")
    for column in ("name", "device"):
        if not line[column] or re.search(r"[/+#\s]", line[column]):
            raise Refused(column, f"{line[column]!r} is empty, or holds one of / + # or a space")
    unit, datum = line.get("unit") or quantity.unit, line.get("datum") or None
    conversion(unit, quantity.unit)
    levels = _levels(line)
    _check_datum(line, quantity, datum)
    lon, lat = _number(line, "lon"), _number(line, "lat")
    check_place(lon, lat)
    place_source = ", ".join(filter(None, [line.get("place_source"), f"{file} line {number}"]))
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
        interval_s=_interval(line),
        lon=lon,
        lat=lat,
        levels=levels,
        source=line.get("source", ""),
        place_source=place_source,
        change=_change(line, lon, lat, place_source),
    )


def _check_datum(line: dict[str, str], quantity: Quantity, datum: str | None) -> None:
    if quantity.datum and datum is None:
        raise Refused("datum", "a stage needs its height system (wusong, huanghai …), or 'unstated'")
    if line.get("levels_datum", datum or "") not in ("", datum or ""):
        raise Refused(
            "levels_datum", f"levels in {line['levels_datum']!r} cannot be compared with readings in {datum!r}"
        )


def _interval(line: dict[str, str]) -> int | None:
    interval = _number(line, "interval_s")
    if interval is None:
        return None
    if not (1 <= interval <= _INTERVAL_MOST_S and interval.is_integer()):
        raise Refused("interval_s", f"{line['interval_s']!r} is no number of whole seconds, 1 to {_INTERVAL_MOST_S}")
    return int(interval)


def _change(line: dict[str, str], lon: float | None, lat: float | None, source: str) -> Change | None:
    """What the row says of its place: nothing, or why it is another one and since when."""
    reason, since = line.get("reason", ""), line.get("since", "")
    if not reason:
        if since:
            raise Refused("reason", f"since {since!r}, but not what: {', '.join(REASONS)}")
        return None
    change = Change(reason=reason, since=moment_of(since) if since else None, lon=lon, lat=lat, source=source)
    check_complete(change)
    return change


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


def changed_meaning(row: SensorRow, known: StoredSensor | None) -> str | None:
    """The first column by which the row's values would mean something else than those stored."""
    if known is None:
        return None
    return next((column for column in _FIXED if getattr(row, column) != getattr(known, column)), None)
