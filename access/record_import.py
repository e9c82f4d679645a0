"""Residents' records from a CSV file: checked row by row, written all together or not at all.

A fault names line and column, and never what stands there: it may be printed, and mailed.
"""

import csv
import io
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from access import audit
from access.errors import RecordError
from access.records import FIELDS, KINDS, NEEDS, QUERIES, detail_context
from access.vault import Vault
from config.database import Connection
from config.logs import BEIJING

_COLUMNS = {
    "division": "区划代码",
    "kind": "类别",
    "name": "姓名",
    "address": "住址",
    "phone": "电话",
    "note": "备注",
    "needs": "需求",
    "reference": "编号",
    "since": "起",
    "until": "止",
}
_NEEDED = ("division", "kind", "name")
_KINDS_ZH = dict(zip(("老人", "儿童", "残疾人", "病人", "其他"), KINDS, strict=True))
_NEEDS_ZH = dict(
    zip(("独居", "卧床", "行动不便", "视力", "听力", "失智", "吸氧", "服药", "婴幼儿"), NEEDS, strict=True)
)
_LEVELS = ("township", "village", "grid")
_LONGEST = 500
_AT_ONCE = 5000


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line that holds together. Who it is, is not shown."""

    line: int
    division: str  # its code
    kind: str
    needs: tuple[str, ...]
    since: datetime | None  # None: as it was, or from now on
    until: datetime | None
    reference: str = field(repr=False)
    personal: dict[str, str] = field(repr=False)


@dataclass(kw_only=True)
class RecordReport:
    """What an import did, or would not do."""

    added: int = 0
    changed: int = 0
    errors: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people."""
        return [f"{self.added} added, {self.changed} changed"]


def import_records(
    connection: Connection, vault: Vault, path: Path, *, actor: UUID | None, now: datetime
) -> RecordReport:
    """Add or change the file's residents, on an autocommit connection; with any faulty row nothing is written.

    Columns (or their Chinese names): division, kind, name; as wanted address, phone, note, needs,
    reference, since and until (dates). A row with a reference that is there already changes that
    record; without one it is always a new resident. Raises RecordError for no such file.
    """
    rows, errors = read_records(path)
    divisions = _divisions(connection, rows, now)
    errors += [
        f"{path.name} line {row.line}, division: it is the code of no township, village or grid that is there now"
        for row in rows
        if row.division not in divisions
    ]
    if errors:
        return RecordReport(errors=errors)
    report = RecordReport()
    with connection.transaction():
        for start in range(0, len(rows), _AT_ONCE):
            stays = _stays(connection, vault, path, rows[start : start + _AT_ONCE], now)
            _write(connection, vault, stays, divisions)
            report.changed += sum(stay.known for stay in stays)
            report.added += sum(not stay.known for stay in stays)
        told = {"added": report.added, "changed": report.changed}
        audit.append(connection, act="record.imported", actor=actor, details=told)
    return report


def read_records(path: Path) -> tuple[list[Row], list[str]]:
    """The rows that hold together, and what is wrong with the others; raises RecordError for no such file."""
    reader = csv.DictReader(io.StringIO(_text(path)))
    names = _names(path, reader.fieldnames or [])
    rows: list[Row] = []
    errors: list[str] = []
    for told in reader:
        given = {names[key]: (value or "").strip() for key, value in told.items() if key in names}
        faults: list[str] = []
        row = _row(given, reader.line_num, faults)
        errors += [f"{path.name} line {reader.line_num}, {fault}" for fault in faults]
        rows += [] if faults else [row]
    return rows, errors + _twice(path, rows)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    for encoding in ("utf-8-sig", "gb18030"):  # what spreadsheets save
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RecordError(f"{path} is neither UTF-8 nor GB 18030: save it as CSV in UTF-8")


def _names(path: Path, header: list[str] | Any) -> dict[str, str]:
    """Our name of each column of the file."""
    known = {**{name: name for name in _COLUMNS}, **{chinese: name for name, chinese in _COLUMNS.items()}}
    names = {key: known[key.strip()] for key in header if key and key.strip() in known}
    unknown = [key for key in header if key not in names]
    missing = [name for name in _NEEDED if name not in names.values()]
    if unknown or missing:
        what = f"column {unknown[0]!r} is not known" if unknown else f"column {missing[0]!r} is missing"
        choice = ", ".join(f"{name} ({chinese})" for name, chinese in _COLUMNS.items())
        raise RecordError(f"{path.name}, line 1: {what}; the columns are {choice}")
    return names


def _row(given: Mapping[str, str], line: int, faults: list[str]) -> Row:
    since = _day(given.get("since", ""), "since", faults)
    until = _day(given.get("until", ""), "until", faults)
    for name in _NEEDED:
        if not given.get(name):
            faults.append(f"{name}: it is empty")
    for name in (*FIELDS, "reference"):
        if len(given.get(name, "")) > _LONGEST or "\0" in given.get(name, ""):
            faults.append(f"{name}: it is longer than {_LONGEST} letters, or no text")
    return Row(
        line=line,
        division=given.get("division", ""),
        kind=_word(given.get("kind", ""), "kind", _KINDS_ZH, faults),
        needs=_needs(given.get("needs", ""), faults),
        since=since,
        until=until,
        reference=unicodedata.normalize("NFKC", given.get("reference", "")).strip(),  # as a blind index sees it
        personal={name: given.get(name, "") for name in FIELDS},
    )


def _word(text: str, column: str, chinese: dict[str, str], faults: list[str]) -> str:
    word = chinese.get(text, text)
    if text and word not in chinese.values():
        faults.append(f"{column}: it is none of {', '.join(chinese)} ({', '.join(chinese.values())})")
    return word


def _needs(text: str, faults: list[str]) -> tuple[str, ...]:
    words = [word.strip() for word in text.replace("、", ",").replace("，", ",").split(",")]
    return tuple(sorted({_word(word, "needs", _NEEDS_ZH, faults) for word in words if word}))


def _day(text: str, column: str, faults: list[str]) -> datetime | None:
    """The beginning of that day in Beijing."""
    if not text:
        return None
    try:
        return datetime.strptime(text.replace("/", "-"), "%Y-%m-%d").replace(tzinfo=BEIJING).astimezone(UTC)
    except ValueError:
        faults.append(f"{column}: it is no date: write 2026-11-26")
        return None


def _twice(path: Path, rows: list[Row]) -> list[str]:
    first: dict[str, int] = {}
    return [
        f"{path.name} line {row.line}, reference: it is that of line {first[row.reference]}"
        for row in rows
        if row.reference and first.setdefault(row.reference, row.line) != row.line
    ]


def _divisions(connection: Connection, rows: list[Row], now: datetime) -> dict[str, int]:
    asked = {"codes": list({row.division for row in rows}), "at": now}
    found = connection.execute(QUERIES["divisions_by_code"], asked).fetchall()
    return {code: number for code, number, level in found if level in _LEVELS}


@dataclass(frozen=True, kw_only=True)
class _Stay:
    """A row, and the resident that it is about."""

    row: Row
    id: UUID
    since: datetime
    known: bool


def _stays(connection: Connection, vault: Vault, path: Path, rows: list[Row], now: datetime) -> list[_Stay]:
    known = _known(connection, vault, rows)
    stays = []
    for row in rows:
        resident, began = known.get(row.reference, (None, now))
        stay = _Stay(row=row, id=resident or uuid4(), since=row.since or began, known=resident is not None)
        if row.until is not None and row.until <= stay.since:
            raise RecordError(f"{path.name} line {row.line}, until: it ends before it begins; nothing was written")
        stays.append(stay)
    return stays


def _known(connection: Connection, vault: Vault, rows: list[Row]) -> dict[str, tuple[UUID, datetime]]:
    """The residents of references that are there already, under whichever key, and since when they are."""
    by_blind = {
        blind: row.reference
        for row in rows
        if row.reference
        for blind in vault.blinds(row.reference, context=("resident_details", "reference"))
    }
    found = connection.execute(QUERIES["known_references"], {"blinds": list(by_blind)}).fetchall()
    return {by_blind[bytes(blind)]: (resident, since) for blind, resident, since in found}


def _write(connection: Connection, vault: Vault, stays: list[_Stay], divisions: dict[str, int]) -> None:
    ids = [stay.id for stay in stays]
    connection.execute(
        QUERIES["put_residents"],
        {
            "ids": ids,
            "divisions": [divisions[stay.row.division] for stay in stays],
            "kinds": [stay.row.kind for stay in stays],
            "needs": [",".join(stay.row.needs) for stay in stays],
            "since": [stay.since for stay in stays],
            "until": [stay.row.until for stay in stays],
        },
    )
    details = {name: [_sealed(vault, stay.row.personal[name], name, stay.id) for stay in stays] for name in FIELDS}
    references = [_sealed(vault, stay.row.reference, "reference", stay.id) for stay in stays]
    blinds = [_blind(vault, stay.row.reference) for stay in stays]
    connection.execute(QUERIES["put_details"], {"ids": ids, **details, "reference": references, "blinds": blinds})


def _sealed(vault: Vault, text: str, column: str, resident_id: UUID) -> bytes | None:
    return vault.seal(text, context=detail_context(column, resident_id)) if text else None


def _blind(vault: Vault, reference: str) -> bytes | None:
    return vault.blind(reference, context=("resident_details", "reference")) if reference else None
