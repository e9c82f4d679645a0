"""Reading the library: the plans that a scope shows, one plan with its versions, what may be inherited from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import class_row

from alerts.errors import PlanUnknown
from alerts.plan_library import QUERIES, shipped_plans, shipped_templates
from alerts.plan_whole import Template
from config.database import Connection

State = Literal["", "draft", "in_force", "to_come", "over", "withdrawn"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which plans are wanted."""

    at: datetime
    within: int | None = None  # a division and all in it
    around: bool = False  # and those that are for it from above
    whose: str = ""  # of the city, or of divisions of this level
    q: str = ""  # in code, name or division
    state: str = ""
    due_by: date | None = None  # to be revised by then
    after: int | None = None  # a plan's id, to page on
    most: int = 50


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One plan in the list."""

    id: int
    code: str
    division_id: int | None
    is_template: bool
    name: str | None
    division_code: str | None
    division_name: str | None
    stands: State
    draft_id: int | None
    draft_body: dict[str, Any] | None = field(repr=False)
    draft_template: int | None
    draft_code: str | None
    draft_at: datetime | None
    version_id: int | None
    number: int | None
    state: str | None
    body: dict[str, Any] | None = field(repr=False)
    template_id: int | None
    template_code: str | None
    since: datetime | None
    until: datetime | None
    revise_by: date | None
    withdrawn_at: datetime | None

    def shown(self) -> tuple[dict[str, Any], Template]:
        """The own body that is to be judged: the draft, else the version told."""
        if self.draft_body is not None:
            return self.draft_body, Template(plan_id=self.draft_template, code=self.draft_code)
        return self.body or {}, Template(plan_id=self.template_id, code=self.template_code)


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a plan."""

    id: int
    number: int
    state: Literal["draft", "published", "withdrawn"]
    body: dict[str, Any] = field(repr=False)
    template_id: int | None
    template_code: str | None
    since: datetime | None
    until: datetime | None
    revise_by: date | None
    note: str
    author: UUID | None
    recorded_at: datetime
    published_at: datetime | None
    published_by: UUID | None
    withdrawn_at: datetime | None
    withdrawn_by: UUID | None
    withdrawn_why: str

    @property
    def template(self) -> Template:
        """What it inherits from."""
        return Template(plan_id=self.template_id, code=self.template_code)

    def in_force(self, at: datetime) -> bool:
        """Whether it is then, as the library stands."""
        return (
            self.state == "published"
            and self.since is not None
            and self.since <= at
            and (self.until is None or at < self.until)
        )


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One plan of the library."""

    id: int
    code: str
    division_id: int | None
    is_template: bool
    level: str | None  # of its division


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a plan may inherit from."""

    template: Template
    code: str
    name: str
    division_id: int | None
    is_shipped: bool = False
    is_template: bool = False


def listed(connection: Connection, asked: Asked) -> list[Listed]:
    """The plans that fit, by their ids; of what the connection's scope shows."""
    told = {**vars(asked), "due": asked.due_by is not None}
    with connection.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute(QUERIES["listed"], told).fetchall()


def plan_of(connection: Connection, plan_id: int) -> Kept:
    """One plan; raises PlanUnknown where there is none, or none that the scope shows."""
    with connection.cursor(row_factory=class_row(Kept)) as cursor:
        found = cursor.execute(QUERIES["plan"], {"id": plan_id}).fetchone()
    if found is None:
        raise PlanUnknown(f"there is no plan {plan_id}")
    return found


def plan_named(connection: Connection, code: str, division_id: int | None) -> int | None:
    """The id of a division's plan of that code."""
    row = connection.execute(QUERIES["plan_named"], {"code": code, "division_id": division_id}).fetchone()
    return None if row is None else int(row[0])


def versions_of(connection: Connection, plan_id: int) -> list[Version]:
    """The newest first; a draft is the newest."""
    with connection.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(QUERIES["versions"], {"id": plan_id}).fetchall()


def newest(versions: Sequence[Version], at: datetime) -> Version | None:
    """The version that a page shows: that in force, else the draft, else the last one."""
    return next((one for one in versions if one.in_force(at)), next(iter(versions), None))


def draft_of(versions: Sequence[Version]) -> Version | None:
    """The draft, where there is one."""
    return next((one for one in versions if one.state == "draft"), None)


def may_edit(connection: Connection, plan_id: int) -> bool:
    """Whether the plan is one of the connection's scope, not only seen from it."""
    row = connection.execute(QUERIES["may_edit"], {"id": plan_id}).fetchone()
    return bool(row and row[0])


def choices(connection: Connection, at: datetime) -> list[Choice]:
    """What may be inherited from: what came with the program, and published plans of the city and of districts."""
    rows = connection.execute(QUERIES["templates"], {"at": at}).fetchall()
    city = {code for _, code, division_id, _, _ in rows if division_id is None}
    ours = [
        Choice(template=Template(code=plan.id), code=plan.id, name=plan.name, division_id=None, is_shipped=True,
               is_template=plan in shipped_templates())
        for plan in (*shipped_plans(), *shipped_templates())
        if plan.id not in city
    ]  # fmt: skip
    kept = [
        Choice(
            template=Template(plan_id=plan_id) if division_id is not None else Template(code=code),
            code=code, name=name or code, division_id=division_id, is_template=is_template,
        )
        for plan_id, code, division_id, is_template, name in rows
    ]  # fmt: skip
    return [*ours, *kept]
