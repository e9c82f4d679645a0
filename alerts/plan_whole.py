"""What a version says as a whole: its own body with what it inherits now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from alerts.errors import PlanRefused
from alerts.plan_bodies import canonical
from alerts.plan_findings import Finding, error
from alerts.plan_inherit import Body, inherited
from alerts.plan_library import QUERIES, shipped
from alerts.plans import body_of_plan
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Template:
    """From what a version inherits: a plan of the library, or the city's plan of a code, which may be one of ours."""

    plan_id: int | None = None
    code: str | None = None

    def __bool__(self) -> bool:
        return self.plan_id is not None or self.code is not None

    def name(self) -> str:
        """As a form names it: #12 or FLD-02; empty for none."""
        return f"#{self.plan_id}" if self.plan_id is not None else self.code or ""

    @staticmethod
    def named(text: str) -> "Template":
        """The other way round."""
        text = text.strip()
        if text.startswith("#") and text[1:].isascii() and text[1:].isdecimal() and len(text) < 12:
            return Template(plan_id=int(text[1:]))
        return Template(code=text or None)


NONE = Template()


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A version as a whole."""

    body: dict[str, Any]
    template: dict[str, Any]  # what is inherited; empty where nothing is
    findings: Sequence[Finding] = ()  # why it could not be put together


def whole_of(
    connection: Connection, own: Body, template: Template, at: datetime, *, plan_id: int | None = None
) -> Whole:
    """The body with what it inherits; where that is not to be had, its own alone and a finding."""
    below = frozenset() if plan_id is None else frozenset({plan_id})
    try:
        above = template_body(connection, template, at, below)
        return Whole(body=canonical(inherited(above, own)), template=above)
    except LookupError as missing:
        told = (f"所继承的模板不可用：{missing.args[1]}", f"the template cannot be had: {missing.args[0]}")
        mend = ("先发布模板，或改选模板", "publish the template first, or choose another one")
    except ValueError as refused:
        told = (f"与模板合不到一起：{refused}", f"it does not go together with its template: {refused}")
        mend = ("为每一项填写编号", "give every item an id")
    return Whole(body=canonical(own), template={}, findings=[error("template", "template", told, mend)])


def template_body(
    connection: Connection, template: Template, at: datetime, below: frozenset[int] = frozenset()
) -> dict[str, Any]:
    """The whole body of a template; raises LookupError with the words in English and in Chinese."""
    if not template:
        return {}
    plan_id = template.plan_id
    if template.code is not None:
        found = connection.execute(QUERIES["citys_plan"], {"code": template.code}).fetchone()
        plan_id = None if found is None or found[0] in below else found[0]
    row = None if plan_id is None else _in_force(connection, plan_id, at)
    if row is None and template.code is not None and (plan := shipped(template.code)) is not None:
        return canonical(body_of_plan(plan))
    if row is None:
        name = template.code or f"#{template.plan_id}"
        raise LookupError(f"no version of {name} is in force", f"{name} 没有现行版本")
    if plan_id in below:
        raise LookupError("it inherits from itself", "模板之间循环继承")
    assert plan_id is not None
    above = Template(plan_id=row["template_id"], code=row["template_code"])
    return canonical(inherited(template_body(connection, above, at, below | {plan_id}), row["body"]))


def _in_force(connection: Connection, plan_id: int, at: datetime) -> dict[str, Any] | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES["template"], {"id": plan_id, "at": at}).fetchone()


def check_template(connection: Connection, template: Template, at: datetime, plan_id: int | None) -> None:
    """Raise PlanRefused for a template that cannot be had, or that is the plan itself."""
    below = frozenset() if plan_id is None else frozenset({plan_id})
    try:
        template_body(connection, template, at, below)
    except LookupError as missing:
        raise PlanRefused(
            f"the template cannot be had: {missing.args[0]}", f"模板不可用：{missing.args[1]}。"
        ) from missing
