"""Plans from files into the library: previewed, then written as drafts, all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg

from access.errors import FilterRefused
from access.places import division_within
from access.scope import EVERYWHERE, Scope
from alerts.errors import PlanRefused
from alerts.plan_diff import Difference, differences
from alerts.plan_files_in import FileFault, Read, read_yaml
from alerts.plan_files_out import FilePlan
from alerts.plan_findings import Finding, has_errors
from alerts.plan_library import QUERIES
from alerts.plan_lint import lint
from alerts.plan_listing import draft_of, newest, plan_named, versions_of
from alerts.plan_sheets_in import read_workbook
from alerts.plan_store import Draft, Writer, add_plan, save_draft
from alerts.plan_surroundings import Surroundings
from alerts.plan_whole import Template, whole_of
from config.database import Connection

State = Literal["new", "changed", "unchanged"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who imports what for where."""

    scope: Scope
    actor: UUID | None
    at: datetime
    around: Surroundings
    apply: bool


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a file brings of one plan."""

    code: str
    division: str
    where: str
    state: State
    plan_id: int | None
    differences: Sequence[Difference] = ()
    findings: Sequence[Finding] = ()

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        return {
            **vars(self),
            "differences": [one.as_dict() for one in self.differences],
            "findings": [one.as_dict() for one in self.findings],
        }


@dataclass(frozen=True, kw_only=True)
class PlanReport:
    """What a file would write, or wrote; with any fault nothing."""

    file: str
    changes: list[Change] = field(default_factory=list)
    faults: list[FileFault] = field(default_factory=list)
    written: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        return {
            "file": self.file,
            "changes": [one.as_dict() for one in self.changes],
            "faults": [vars(one) for one in self.faults],
            "written": self.written,
        }

    def lines(self) -> list[str]:
        """For people."""
        told = [f"{self.file}: {len(self.changes)} plans"]
        for one in self.changes:
            told.append(f"  {one.state:<9} {one.code} {one.division or '(city)'}")
            told += [f"      {each.how} {each.where}" for each in one.differences]
            told += [f"      {each.line()}" for each in one.findings]
        told += [f"  {fault.line()}" for fault in self.faults]
        if self.faults:
            return [*told, f"Nothing was written: {len(self.faults)} faults."]
        end = "Written as drafts." if self.written else "Nothing was written (a preview): add --apply to write drafts."
        return [*told, end]


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A plan of the file, and where it goes."""

    told: FilePlan
    division_id: int | None
    template: Template


def read_file(name: str, raw: bytes) -> Read:
    """An .xlsx, or YAML; raises SheetRefused for no sound workbook."""
    return read_workbook(name, raw) if raw[:2] == b"PK" or raw[:4] == b"\xd0\xcf\x11\xe0" else read_yaml(name, raw)


def import_file(connection: Connection, name: str, raw: bytes, asked: Asked) -> PlanReport:
    """Preview a file, or (`asked.apply`) write its plans as drafts. On an autocommit connection.

    A draft with errors is written, too: it is publishing that they refuse. Raises SheetRefused for no sound workbook.
    """
    read = read_file(name, raw)
    faults = list(read.faults)
    with connection.transaction() as transaction:
        changes = _changes(connection, read, asked, faults)
        written = asked.apply and not faults
        if not written:
            raise psycopg.Rollback(transaction)
    return PlanReport(file=name, changes=changes, faults=faults, written=written)


def _changes(connection: Connection, read: Read, asked: Asked, faults: list[FileFault]) -> list[Change]:
    """Each plan is written for the preview as well, so that those that inherit from it find it; it is taken back."""
    changes: list[Change] = []
    for told in _templates_first(read.plans):
        try:
            placed = _placed(connection, told, asked)
            with connection.transaction():
                changes.append(_change(connection, placed, asked))
        except (PlanRefused, FilterRefused) as refused:
            faults.append(FileFault(where=told.where, zh=f"{told.code}：{refused.zh}", en=f"{told.code}: {refused}"))
    return changes


def _templates_first(plans: Sequence[FilePlan]) -> list[FilePlan]:
    return sorted(plans, key=lambda one: (bool(one.template), bool(one.division)))


def _placed(connection: Connection, told: FilePlan, asked: Asked) -> _Placed:
    division = None
    if told.division:
        division = division_within(connection, told.division, asked.scope, now=asked.at)
    elif not asked.scope.everywhere:
        raise PlanRefused(
            "without a division it is the city's, and yours is a part of it: fill in the code of your township",
            "未填区划代码的是全市预案，您的权限不含全市：请填写镇街代码。",
        )
    return _Placed(told=told, division_id=division, template=_template(connection, told.template, asked))


def _template(connection: Connection, named: str, asked: Asked) -> Template:
    """CODE of the city's, or CODE@division of a district's."""
    code, _, division = named.rpartition("@")
    if not code:
        return Template(code=named or None)
    where = division_within(connection, division, EVERYWHERE, now=asked.at)
    plan_id = plan_named(connection, code, where) if _is_around(connection, where, asked.scope) else None
    if plan_id is None:
        raise PlanRefused(f"there is no template {named}", f"没有模板 {named}。")
    return Template(plan_id=plan_id)


def _is_around(connection: Connection, division_id: int, scope: Scope) -> bool:
    """Whether the division lies in the scope, or the scope in it."""
    asked = {"division": division_id, "divisions": list(scope.divisions)}
    row = connection.execute(QUERIES["is_around"], asked).fetchone()
    return scope.everywhere or bool(row and row[0])


def _change(connection: Connection, placed: _Placed, asked: Asked) -> Change:
    told, writer = placed.told, Writer(actor=asked.actor, at=asked.at)
    plan_id = plan_named(connection, told.code, placed.division_id)
    before = [] if plan_id is None else versions_of(connection, plan_id)
    last = draft_of(before) or newest(before, asked.at)
    draft = Draft(own=told.body, template=placed.template, revise_by=told.revise_by, note=told.note)
    whole = whole_of(connection, told.body, placed.template, asked.at, plan_id=plan_id)
    findings = list(whole.findings) or lint({**whole.body, "id": told.code}, asked.around)
    was = {} if last is None else whole_of(connection, last.body, last.template, asked.at, plan_id=plan_id).body
    found = differences(was, whole.body)
    is_same = last is not None and (last.body, last.template) == (dict(told.body), placed.template)
    if plan_id is None:
        plan_id = add_plan(connection, told.code, placed.division_id, draft, writer, is_template=told.is_template)
    elif not is_same or not _revision_stands(told, last):
        save_draft(connection, plan_id, draft, writer)
    return Change(
        code=told.code, division=told.division, where=told.where, plan_id=plan_id,
        state="new" if last is None else "unchanged" if is_same and _revision_stands(told, last) else "changed",
        differences=[] if last is None else found, findings=findings,
    )  # fmt: skip


def _revision_stands(told: FilePlan, last: Any) -> bool:
    return last is not None and (told.revise_by is None or told.revise_by == last.revise_by)


def refuses(report: PlanReport) -> bool:
    """Whether a plan of it could not be published as it is."""
    return bool(report.faults) or any(has_errors(one.findings) for one in report.changes)
