"""A file of official warnings, such as those of a past event: one row a warning, with where each was found."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import get_args

from alerts.levels import Grade
from alerts.warnings import Area, Message, Part, Status, WarningRefused, division_codes, event_code, moment, name
from alerts.warnings_level import EVENTS

_REQUIRED = ("sender", "sent", "level", "headline", "source")
_OPTIONAL = ("identifier", "replaces", "effective", "expires", "event_code", "event", "description", "instruction")
_COLUMNS = (*_REQUIRED, *_OPTIONAL, "area", "area_codes", "status", "note")
_MOST_BYTES = 10_485_760

Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Written:
    """One row: the message, the row itself as it is kept, and where it says the warning was found."""

    message: Message
    raw: bytes
    source: str


def read_warnings(path: Path) -> list[Written]:
    """The warnings of a CSV (UTF-8, or GB 18030 as a Chinese Excel writes it), in their order.

    Raises WarningRefused that lists every faulty line.
    """
    rows = list(_rows(path))
    found, faults = [], []
    for line, row in rows:
        try:
            found.append(_written(row, f"{path}, line {line}"))
        except WarningRefused as error:
            faults.append(str(error))
    if faults:
        raise WarningRefused(
            "csv", str(path), "\n  ".join([f"{len(faults)} faulty lines", *faults]), "nothing was written"
        )
    return found


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    raw = path.read_bytes()
    if len(raw) > _MOST_BYTES:
        raise WarningRefused("size", str(path), f"{len(raw)} bytes, at most {_MOST_BYTES} are read", "divide it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="(more)", restval="")
    columns = [column.strip() for column in reader.fieldnames or []]
    strange = [column for column in columns if column not in _COLUMNS]
    missing = [column for column in _REQUIRED if column not in columns]
    if strange or missing:
        what = "; ".join(
            filter(None, [f"unknown columns {strange}" * bool(strange), f"missing {missing}" * bool(missing)])
        )
        raise WarningRefused("csv", f"{path}, line 1", what, f"the columns are {', '.join(_COLUMNS)}")
    reader.fieldnames = columns
    for row in reader:
        if "(more)" in row:
            raise WarningRefused("csv", f"{path}, line {reader.line_num}", "more cells than columns", "quote commas")
        yield reader.line_num, {column: value.strip() for column, value in row.items()}


def _written(row: Row, where: str) -> Written:
    raw = json.dumps(row, ensure_ascii=False, sort_keys=True).encode()
    if not row["source"]:
        raise WarningRefused("csv", f"{where}, source", "it is empty", "say where the warning was found")
    message = message_of(row, where, identifier=hashlib.sha256(raw).hexdigest()[:16])
    return Written(message=message, raw=raw, source=row["source"])


def message_of(row: Row, where: str, *, identifier: str) -> Message:
    """A warning from its fields; `identifier` where the row has none. Raises WarningRefused with the field."""
    sender = name(row["sender"], f"{where}, sender")
    sent = moment(row["sent"], f"{where}, sent")
    replaces = row.get("replaces", "")
    return Message(
        identifier=name(row.get("identifier") or identifier, f"{where}, identifier"),
        sender=sender,
        sent=sent,
        status=_status(row.get("status") or "actual", f"{where}, status"),
        msg_type="update" if replaces else "alert",
        references=(f"{sender},{name(replaces, f'{where}, replaces')}",) if replaces else (),
        parts=(_part(row, where, sent),),
    )


def _part(row: Row, where: str, sent: datetime) -> Part:
    effective = moment(row["effective"], f"{where}, effective") if row.get("effective") else sent
    expires = moment(row["expires"], f"{where}, expires") if row.get("expires") else None
    if expires is not None and expires < effective:
        raise WarningRefused("time", f"{where}, expires", "it ends before it begins", "correct effective or expires")
    code = event_code(row["event_code"], f"{where}, event_code") if row.get("event_code") else ""
    codes = division_codes(row.get("area_codes", ""), f"{where}, area_codes")
    return Part(
        event_code=code,
        event=row.get("event") or EVENTS.get(code, ""),
        level=_grade(row["level"], f"{where}, level"),
        headline=row["headline"],
        description=row.get("description", ""),
        instruction=row.get("instruction", ""),
        sender_name=row["sender"],
        effective=effective,
        expires=expires,
        all_clear=False,
        areas=(Area(description=row.get("area", ""), codes=codes, shapes=()),),
    )


def _grade(text: str, where: str) -> Grade:
    found: Grade | None = next((grade for grade in get_args(Grade) if grade == text), None)
    if found is None:
        raise WarningRefused("level", where, f"{text[:40]!r} is no level", f"write one of {', '.join(get_args(Grade))}")
    return found


def _status(text: str, where: str) -> Status:
    found: Status | None = next((status for status in get_args(Status) if status == text), None)
    if found is None:
        raise WarningRefused(
            "status", where, f"{text[:40]!r} is no status", f"write one of {', '.join(get_args(Status))}"
        )
    return found
