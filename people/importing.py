"""People, posts, shifts and absences from files: judged as a whole, then merged in one transaction or not at all."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from access import audit
from access.scope import Scope
from access.vault import Vault
from config.database import Connection
from config.queries import Queries
from people.errors import Overlaps
from people.file_words import Fault
from people.private import FIELDS, TABLE, Private, context, digest
from people.rows import PersonRow, SpanRow, Told, read_rows
from people.sheets import read_sheets
from people.tables import TABLES, What

QUERIES = Queries(Path(__file__).with_name("import_queries.sql"))
PEOPLE: tuple[What, ...] = ("people", "posts")
ROSTER: tuple[What, ...] = ("shifts", "absences")
STATES = ("new", "renewed", "changed", "ended", "unchanged")

Progress = Callable[[str, int, int], None]  # what is done, how many of how many steps or rows

_MOST_CHANGES = 1000
_JUDGING = (
    "places", "divisions", "find_people", "named", "find_told", "find_stand_ins", "find_divisions", "analyze",
)  # fmt: skip
_BESIDE = (
    "judge_people", "known", "analyze_known", "match", "judge_new", "judge_old", "aim", "aim_leaving", "aim_alone",
    "serving", "analyze_all",
)  # fmt: skip
_MERGING = (
    "add_people", "put_private", "add_terms", "move_terms", "close_posts", "close_shifts", "close_absences",
    "write_posts", "write_shifts", "write_absences",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a row brings."""

    sheet: str
    row: int
    state: str  # one of STATES


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What a file would change, or changed; with any fault nothing."""

    file: str
    rows: int
    counts: dict[What, dict[str, int]]  # by table and state
    changes: list[Change]  # the first of them
    faults: list[Fault]
    written: bool

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        return {
            **vars(self),
            "changes": [vars(one) for one in self.changes],
            "faults": [fault.as_dict() for fault in self.faults],
        }

    def lines(self) -> list[str]:
        """For people."""
        lines = [f"{self.file}: {self.rows} rows"]
        for what, states in self.counts.items():
            told = ", ".join(f"{states[state]} {state}" for state in STATES if state in states)
            lines.append(f"  {TABLES[what].zh} ({what}): {told or 'nothing'}")
        lines += [f"  {fault.line()}" for fault in self.faults]
        if self.faults:
            return [*lines, f"Nothing was written: {len(self.faults)} faults."]
        if not any(set(states) - {"unchanged"} for states in self.counts.values()):
            return [*lines, "All of it is there already: nothing to write."]
        return [*lines, "Written." if self.written else "Nothing was written (a preview): add --apply to write it."]


def _silent(_what: str, _done: int, _total: int) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who imports what, when."""

    scope: Scope
    actor: UUID | None
    now: datetime
    apply: bool
    progress: Progress = field(default=_silent)


def import_file(
    connection: Connection, vault: Vault, name: str, raw: bytes, wanted: Sequence[What], asked: Asked
) -> FileReport:
    """Preview a file or (`asked.apply`) write it: all of it, or with any fault nothing.

    Rows that a file does not have stay as they are. On an autocommit connection. Raises Refused for no sound
    file, and Overlaps where another change came in between.
    """
    asked.progress("read", 0, 1)
    told = read_rows(read_sheets(name, raw), wanted)
    asked.progress("read", 1, 1)
    with _change(connection) as transaction:
        faults = told.faults + _judged(connection, vault, told, asked)
        written = asked.apply and not faults
        if written:
            _merge(connection, vault, told, asked)
        counts, changes = _found(connection, told)
        report = FileReport(
            file=name,
            rows=told.rows() + len({(fault.sheet, fault.row) for fault in told.faults if fault.row}),
            counts=counts,
            changes=changes,
            faults=sorted(faults, key=lambda one: (one.sheet, one.row, one.column)),
            written=written,
        )
        if not written:
            raise psycopg.Rollback(transaction)  # the temporary tables go, and nothing else was made
        if any(set(states) - {"unchanged"} for states in counts.values()):
            _log(connection, report, asked)
    return report


@contextmanager
def _change(connection: Connection) -> Iterator[psycopg.Transaction]:
    try:
        with connection.transaction() as transaction:
            yield transaction
    except (psycopg.errors.ExclusionViolation, psycopg.errors.UniqueViolation) as error:
        raise Overlaps(
            "another change of the same people came in between: look at the preview again",
            "同一批人员刚被他人修改，请重新预览。",
        ) from error


def _judged(connection: Connection, vault: Vault, told: Told, asked: Asked) -> list[Fault]:
    """Stage the rows, and judge them beside what is there."""
    _stage(connection, vault, told, asked.progress)
    where = {"everywhere": asked.scope.everywhere, "scope": list(asked.scope.divisions), "now": asked.now}
    _run(connection, _JUDGING, where, asked.progress, "look up")
    if asked.apply:
        connection.execute(QUERIES["lock"])
    _run(connection, _BESIDE, where, asked.progress, "compare")
    found = connection.execute(QUERIES["faults"]).fetchall()
    return [told.fault(what, line, name, fault, words) for what, line, name, fault, words in found]


def _run(connection: Connection, steps: Sequence[str], asked: Mapping[str, Any], progress: Progress, what: str) -> None:
    for done, step in enumerate(steps):
        progress(what, done, len(steps))
        # Several statements in one text take no parameters.
        connection.execute(QUERIES[step], None if step.startswith("analyze") else asked)
    progress(what, len(steps), len(steps))


def _stage(connection: Connection, vault: Vault, told: Told, progress: Progress) -> None:
    connection.execute(QUERIES["stage"])
    with connection.cursor() as cursor, cursor.copy(QUERIES["copy_people"]) as copy:
        for done, person in enumerate(told.people):
            copy.write_row(_person(vault, person))
            if done % 1000 == 0:
                progress("stage", done, told.rows())
    with connection.cursor() as cursor, cursor.copy(QUERIES["copy_told"]) as copy:
        for what, spans in told.spans.items():
            for span in spans:
                copy.write_row(_span(what, span))
    progress("stage", told.rows(), told.rows())


def _person(vault: Vault, one: PersonRow) -> tuple[Any, ...]:
    # Under every key: those that were not sealed anew since a rotation are no change.
    plain = "\x1f".join(getattr(one.fields, name) for name in FIELDS)
    digests = vault.blinds(plain, context=(TABLE, "digest"))
    who = (one.row, one.organisation, one.staff_number, uuid4())
    return (*who, one.employment, one.skills, one.since, one.until, digests)


def _span(what: What, one: SpanRow) -> tuple[Any, ...]:
    who = (what, one.row, one.organisation, one.staff_number)
    return (*who, one.post, one.division, one.kind, *(one.stand_in or (None, None)), one.since, one.until, one.cancel)


def _merge(connection: Connection, vault: Vault, told: Told, asked: Asked) -> None:
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    _seal(connection, vault, {person.row: person.fields for person in told.people}, asked.progress)
    _run(connection, _MERGING, {"recorded": row[0]}, asked.progress, "write")


def _seal(connection: Connection, vault: Vault, fields: Mapping[int, Private], progress: Progress) -> None:
    wanted = connection.execute(QUERIES["to_seal"]).fetchall()
    with connection.cursor() as cursor, cursor.copy(QUERIES["copy_private"]) as copy:
        for done, (line, person, organisation) in enumerate(wanted):
            copy.write_row((person, organisation, *_sealed(vault, person, fields[line])))
            if done % 1000 == 0:
                progress("seal", done, len(wanted))
    progress("seal", len(wanted), len(wanted))


def _sealed(vault: Vault, person: UUID, fields: Private) -> Iterator[bytes]:
    for name in FIELDS:
        yield vault.seal(getattr(fields, name), context=context(name, person))
    for name in ("name", "phone"):
        yield vault.blind(getattr(fields, name), context=(TABLE, name))
    yield digest(vault, fields)


def _found(connection: Connection, told: Told) -> tuple[dict[What, dict[str, int]], list[Change]]:
    counts: dict[What, dict[str, int]] = {what: {} for what in told.sheets}
    for what, state, number in connection.execute(QUERIES["counts"]):
        if state in STATES:  # the others are faults
            counts[what][state] = number
    rows = connection.execute(QUERIES["changes"], {"most": _MOST_CHANGES}).fetchall()
    return counts, [
        Change(sheet=told.sheets[what], row=row, state=state) for what, row, state in rows if state in STATES
    ]


def _log(connection: Connection, report: FileReport, asked: Asked) -> None:
    row = connection.execute(QUERIES["concerned_division"]).fetchone()
    total: Counter[str] = sum((Counter(states) for states in report.counts.values()), Counter())
    told = {"rows": report.rows, "tables": sorted(report.counts), **total}
    audit.append(
        connection, act="person.imported", actor=asked.actor, division_id=row[0] if row else None, details=told
    )
