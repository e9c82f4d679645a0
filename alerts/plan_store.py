"""Writing in the library of plans: drafts, publishing, withdrawing; each act in one transaction with its entry."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from access import audit
from alerts.errors import PlanRefused, PlanUnknown
from alerts.plan_bodies import canonical
from alerts.plan_findings import Finding, error, has_errors
from alerts.plan_inherit import Body, inherited_plan
from alerts.plan_library import QUERIES
from alerts.plan_lint import lint
from alerts.plan_shape import misshapen
from alerts.plan_surroundings import Surroundings
from alerts.plan_whole import NONE, Template, check_template, whole_of
from alerts.plans import Plan
from config.database import Connection
from config.logs import BEIJING

YEARS = 3  # plans are revised at least every three years
_CODE = re.compile(r"[^\s/?#%\\@]{1,60}")
MOST_BYTES = 256 * 1024  # of a body

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Who writes, and when."""

    actor: UUID | None  # None: by command
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a draft says."""

    own: Body  # of one that inherits, only what differs
    template: Template = NONE
    revise_by: date | None = None  # None: three years after it is published
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Term:
    """From when on a version is in force, and until when."""

    since: datetime
    until: datetime | None = None


def add_plan(
    connection: Connection,
    code: str,
    division_id: int | None,
    draft: Draft,
    writer: Writer,
    *,
    is_template: bool = False,
) -> int:
    """A new plan with its first draft; its id. Raises PlanRefused for a code that is no code, or is taken there."""
    if not _CODE.fullmatch(code):
        raise PlanRefused(
            f"{code[:60]!r} is no code of a plan: up to 60 letters and digits without spaces, such as FLD-02",
            "编号不合要求：最多 60 个字符，不含空格和 / ? # % @，例如 FLD-02。",
        )
    with connection.transaction():
        _check_level(connection, division_id)
        asked = {"code": code, "division_id": division_id, "is_template": is_template}
        made = connection.execute(QUERIES["add_plan"], asked).fetchone()
        if made is None:
            raise PlanRefused(
                f"there is a plan {code} of that division already: change that one",
                f"该区划已有编号为 {code} 的预案，请修改原预案。",
            )
        _write(connection, made[0], draft, writer)
        _audit(connection, "plan.added", made[0], division_id, writer, {"template": is_template})
    return int(made[0])


def _check_level(connection: Connection, division_id: int | None) -> None:
    """Raise PlanRefused for a division that has no plans of its own."""
    row = connection.execute(QUERIES["level_of"], {"id": division_id}).fetchone()
    if division_id is not None and (row is None or row[0] not in ("district", "township")):
        raise PlanRefused(
            "plans are a township's, a district's or the city's: choose one of these",
            "预案只属于镇街、区县或全市，请选择其中之一。",
        )


def save_draft(connection: Connection, plan_id: int, draft: Draft, writer: Writer) -> int:
    """The plan's draft from now on, in the place of one that was there; its version's id. Raises PlanRefused."""
    with connection.transaction():
        plan = _locked(connection, plan_id)
        version, number = _write(connection, plan_id, draft, writer)
        _audit(connection, "plan.drafted", plan_id, plan["division_id"], writer, {"number": number})
    return version


def drop_draft(connection: Connection, plan_id: int, writer: Writer) -> None:
    """Give a draft up; with it a plan that never had anything else."""
    with connection.transaction():
        plan = _locked(connection, plan_id)
        if connection.execute(QUERIES["drop_draft"], {"plan_id": plan_id}).fetchone() is None:
            raise PlanRefused("the plan has no draft", "该预案没有草稿。")
        connection.execute(QUERIES["drop_empty_plan"], {"plan_id": plan_id})
        _audit(connection, "plan.draft_dropped", plan_id, plan["division_id"], writer, {})


def publish(connection: Connection, plan_id: int, term: Term, writer: Writer, around: Surroundings) -> int:
    """Put the draft in force; the number of its version. Raises PlanRefused with what is wrong with it."""
    with connection.transaction():
        plan = _locked(connection, plan_id)
        draft = _draft(connection, plan_id)
        if draft is None:
            raise PlanRefused("the plan has no draft to publish", "该预案没有可发布的草稿。")
        revise_by = _revision(draft["revise_by"], term)
        _check(connection, plan, draft, writer.at, around)
        asked = {
            "id": draft["id"], "plan_id": plan_id, "since": term.since, "until": term.until, "at": writer.at,
            "actor": writer.actor, "revise_by": revise_by,
        }  # fmt: skip
        connection.execute(QUERIES["end_before"], asked)
        connection.execute(QUERIES["take_place"], asked)
        connection.execute(QUERIES["publish"], asked)
        _audit(connection, "plan.published", plan_id, plan["division_id"], writer, {"number": draft["number"]})
    return int(draft["number"])


def withdraw(connection: Connection, plan_id: int, why: str, writer: Writer) -> int:
    """What is in force or will be, is so no longer; how many versions. Runs that are open go on."""
    if len("".join(why.split())) < 2:
        raise PlanRefused("say why it is withdrawn", "请说明撤回原因。")
    with connection.transaction():
        plan = _locked(connection, plan_id)
        asked = {"plan_id": plan_id, "at": writer.at, "actor": writer.actor, "why": why.strip()[:500]}
        gone = connection.execute(QUERIES["withdraw"], asked).fetchall()
        if not gone:
            raise PlanRefused("no version of it is in force", "该预案没有现行版本。")
        numbers = [number for (number,) in gone]
        _audit(connection, "plan.withdrawn", plan_id, plan["division_id"], writer, {"numbers": numbers})
    return len(gone)


def judged(
    connection: Connection, plan: Row, own: Body, template: Template, at: datetime, around: Surroundings
) -> list[Finding]:
    """Every finding of a body as it would be published now."""
    whole = whole_of(connection, own, template, at, plan_id=plan["id"])
    if whole.findings:
        return list(whole.findings)
    return [*lint({**whole.body, "id": plan["code"]}, around), *_heirs(connection, plan, whole.body, at)]


def _check(connection: Connection, plan: Row, draft: Row, at: datetime, around: Surroundings) -> None:
    template = Template(plan_id=draft["template_id"], code=draft["template_code"])
    findings = judged(connection, plan, draft["body"], template, at, around)
    if has_errors(findings):
        wrong = [one for one in findings if one.severity == "error"]
        raise PlanRefused(
            f"{len(wrong)} errors stand against publishing it: " + "; ".join(f"{one.where}: {one.en}" for one in wrong),
            f"有 {len(wrong)} 处错误，不能发布：" + "；".join(one.zh for one in wrong),
            findings,
        )


def _heirs(connection: Connection, plan: Row, body: Body, at: datetime) -> list[Finding]:
    """Plans in force that inherit from it and would not hold together any more."""
    asked = {"plan_id": plan["id"], "is_citys": plan["division_id"] is None, "at": at}
    with connection.cursor(row_factory=dict_row) as cursor:
        heirs = cursor.execute(QUERIES["heirs"], asked).fetchall()
    if not heirs:
        return []
    try:
        template = msgspec.convert({**body, "id": plan["code"]}, Plan)
    except msgspec.ValidationError:
        return []  # it is told already
    return [one for heir in heirs if (one := _broken(heir, template)) is not None]


def _broken(heir: Row, template: Plan) -> Finding | None:
    try:
        inherited_plan(template, heir["body"], heir["code"])
    except msgspec.ValidationError as refused:
        return error(
            "heirs",
            "breaks_heir",
            (
                f"继承它的预案 {heir['code']}（#{heir['plan_id']}）将不完整：{refused}",
                f"plan {heir['code']} (#{heir['plan_id']}), which inherits from it, would not hold together: {refused}",
            ),
            ("先修改继承它的预案", "change the plan that inherits from it first"),
        )
    return None


def _locked(connection: Connection, plan_id: int) -> Row:
    with connection.cursor(row_factory=dict_row) as cursor:
        plan = cursor.execute(QUERIES["lock_plan"], {"id": plan_id}).fetchone()
    if plan is None:
        raise PlanUnknown(f"there is no plan {plan_id}")
    return plan


def _draft(connection: Connection, plan_id: int) -> Row | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        versions: Sequence[Row] = cursor.execute(QUERIES["versions"], {"id": plan_id}).fetchall()
    return next((one for one in versions if one["state"] == "draft"), None)


def _write(connection: Connection, plan_id: int, draft: Draft, writer: Writer) -> tuple[int, int]:
    body = canonical(draft.own)
    if wrong := list(misshapen(body)):
        raise PlanRefused(
            f"{', '.join(wrong)}: this is not of the form of a plan (docs/plans.md)",
            f"{'、'.join(wrong)}：不符合预案的格式，请核对。",
        )
    if len(msgspec.json.encode(body)) > MOST_BYTES:
        raise PlanRefused(
            f"the plan is longer than {MOST_BYTES >> 10} KB: shorten it", f"预案超过 {MOST_BYTES >> 10} KB，请精简。"
        )
    check_template(connection, draft.template, writer.at, plan_id)
    told = {
        "plan_id": plan_id, "template_id": draft.template.plan_id, "template_code": draft.template.code,
        "body": Jsonb(body), "revise_by": draft.revise_by, "note": draft.note.strip()[:500], "author": writer.actor,
    }  # fmt: skip
    row = connection.execute(QUERIES["write_draft"], told).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _revision(told: date | None, term: Term) -> date:
    """When it has to be revised; raises PlanRefused for later than three years, or an end before its beginning."""
    if term.until is not None and term.until <= term.since:
        raise PlanRefused("it would end before it begins: check the dates", "失效时间不晚于生效时间，请核对。")
    begins = term.since.astimezone(BEIJING).date()
    latest = years_after(begins, YEARS)
    if told is not None and not begins < told <= latest:
        raise PlanRefused(
            f"a plan is revised within {YEARS} years: by {latest} at the latest, and not {told}",
            f"预案至少每 {YEARS} 年修订一次：修订期限须在生效之后、{latest} 之前，填写的是 {told}。",
        )
    return told or latest


def years_after(day: date, years: int) -> date:
    """The same day of another year; of the 29th of February the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _audit(
    connection: Connection, act: str, plan_id: int, division_id: int | None, writer: Writer, details: Row
) -> None:
    audit.append(
        connection, act=act, actor=writer.actor, subject=str(plan_id), division_id=division_id, details=details
    )
