"""Residents' records from an Excel or CSV file: judged as a whole in a scope, then written all together or not at all.

A fault names line and column, and never what stands there: it may be printed, and mailed.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from access import audit
from access.errors import RecordError
from access.record_rows import Told, read_rows
from access.record_store import Stay, divisions_within, known_references, lock_records, put, stay_of
from access.record_words import Fault
from access.scope import EVERYWHERE, Scope
from access.vault import Vault
from config.database import Connection
from config.sheets import read_sheets

_AT_ONCE = 5000


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who imports, where they may, and whether it is written; `apply` False: a preview that changes nothing."""

    scope: Scope = EVERYWHERE
    actor: UUID | None
    now: datetime
    apply: bool = True


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a row brings, without who it is."""

    row: int
    is_new: bool
    division: str
    kind: str
    needs: tuple[str, ...]


@dataclass(kw_only=True)
class RecordReport:
    """What an import did, would do, or would not do."""

    file: str
    rows: int = 0  # that hold together
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    written: bool = False

    @property
    def added(self) -> int:
        """New records."""
        return sum(change.is_new for change in self.changes)

    @property
    def changed(self) -> int:
        """Records that were there."""
        return len(self.changes) - self.added

    @property
    def errors(self) -> list[str]:
        """Each fault in one line of English."""
        return [fault.line(self.file) for fault in self.faults]

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        told = [
            {"line": one.row, "column": one.column, "what": one.what, "zh": one.zh, "en": one.en} for one in self.faults
        ]
        numbers = {"added": self.added, "changed": self.changed, "written": self.written}
        return {**numbers, "errors": self.errors, "faults": told}

    def lines(self) -> list[str]:
        """For people."""
        done = "" if self.written else "; nothing was written, this is a preview"
        return self.errors or [f"{self.added} added, {self.changed} changed{done}"]


def import_records(
    connection: Connection, vault: Vault, path: Path, *, actor: UUID | None, now: datetime, apply: bool = True
) -> RecordReport:
    """A file of this machine, in every scope; raises RecordError where it cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    return import_file(connection, vault, path.name, raw, Asked(actor=actor, now=now, apply=apply))


def import_file(connection: Connection, vault: Vault, name: str, raw: bytes, asked: Asked) -> RecordReport:
    """Add or change the file's residents, on an autocommit connection; with any faulty row nothing is written.

    Columns (or their Chinese names): division, kind, name; as wanted address, phone, note, needs,
    reference, since and until (dates). A row with a reference that is there already changes that
    record; without one it is always a new resident. Raises SheetRefused for what is no such file.
    """
    told = read_rows(read_sheets(name, raw))
    report = RecordReport(file=name, rows=len(told.rows), faults=list(told.faults))
    with connection.transaction():
        if asked.apply:
            lock_records(connection)
        _judge(connection, vault, told, report, asked)
    return report


def _judge(connection: Connection, vault: Vault, told: Told, report: RecordReport, asked: Asked) -> None:
    divisions = divisions_within(connection, {row.division for row in told.rows}, asked.scope, now=asked.now)
    known = known_references(connection, vault, [row.reference for row in told.rows], asked.scope)
    stays = []
    for row in told.rows:
        fault = None
        if row.division not in divisions:
            fault = told.fault(row, "division", "no_division")
        elif row.reference in known and known[row.reference] is None:
            fault = told.fault(row, "reference", "not_yours")
        elif (stay := stay_of(row, divisions[row.division], known.get(row.reference), asked.now)) is None:
            fault = told.fault(row, "until", "ends_early")
        else:
            stays.append(stay)
        report.faults += [] if fault is None else [fault]
    report.changes = [_change(stay) for stay in stays]
    if foreign := sum(fault.what == "not_yours" for fault in report.faults):
        _tell_refused(connection, foreign, asked)
    elif asked.apply and not report.faults:
        _write(connection, vault, stays, report, asked)


def _change(stay: Stay) -> Change:
    row = stay.row
    return Change(row=row.line, is_new=not stay.known, division=row.division, kind=row.kind, needs=row.needs)


def _write(connection: Connection, vault: Vault, stays: list[Stay], report: RecordReport, asked: Asked) -> None:
    for start in range(0, len(stays), _AT_ONCE):
        put(connection, vault, stays[start : start + _AT_ONCE])
    report.written = True
    told = {"added": report.added, "changed": report.changed}
    audit.append(
        connection, act="record.imported", actor=asked.actor, details=told, division_id=asked.scope.only()
    )  # fmt: skip


def _tell_refused(connection: Connection, rows: int, asked: Asked) -> None:
    """Whoever tries numbers, to learn whether somebody is known elsewhere, is seen to try: a preview as well."""
    audit.append(
        connection, act="record.import_refused", actor=asked.actor, details={"rows": rows},
        division_id=asked.scope.only(),
    )  # fmt: skip
