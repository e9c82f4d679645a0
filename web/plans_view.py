"""The page of one plan as people read it: what it says, what is wrong, its versions, what differs between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from access.places import place_names
from alerts.errors import PlanUnknown
from alerts.plan_bodies import canonical
from alerts.plan_diff import differences
from alerts.plan_findings import Finding, has_errors
from alerts.plan_library import shipped
from alerts.plan_lint import lint
from alerts.plan_listing import Asked, Kept, Version, draft_of, listed, may_edit, newest, plan_of, versions_of
from alerts.plan_store import judged
from alerts.plan_surroundings import Surroundings, with_duty
from alerts.plan_whole import Template, whole_of
from alerts.plans import body_of_plan
from config.database import Connection
from web import plans_words as words
from web.account_words import moment
from web.office import address
from web.pages import Language
from web.plans_list import AT, EDIT, around_of, plans_page, today_of
from web.plans_told import body_told
from web.viewing import DATABASE_WAIT_S, View


def shipped_page(request: Request, view: View, language: Language, code: str) -> HTMLResponse:
    """A plan or a template that came with the program; raises PlanUnknown."""
    plan = shipped(code)
    if plan is None:
        raise PlanUnknown(f"no plan {code} came with the program")
    body = canonical(body_of_plan(plan))
    with view.connection() as connection:
        around = around_of(connection)
    return plans_page(
        request, view, "plan.html", language, code=code, body=body_told(body, around, language), whose="",
        shipped=True, findings=words.grouped(lint({**body, "id": code}, around), language),
        back=address(AT, language), versions=[], edits=False, may_add=view.may(EDIT),
        inherits=address(f"{AT}/new", language, of=code),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A plan, as it was read in the viewer's scope."""

    plan: Kept
    versions: Sequence[Version]
    shown: Version
    draft: Version | None
    current: Version | None  # in force, or the last that was
    before: Version | None  # the one that was published before the one shown
    bodies: Mapping[int, Mapping[str, Any]]  # of these, whole
    around: Surroundings
    place: str
    template: Mapping[str, str] | None

    def body(self, version: Version | None) -> Mapping[str, Any]:
        return {} if version is None else self.bodies[version.id]


def _read(view: View, plan_id: int, number: int | None, language: Language, at: datetime) -> _Read:
    with view.connection() as connection:
        plan, versions = plan_of(connection, plan_id), versions_of(connection, plan_id)
        shown = newest(versions, at) if number is None else next((v for v in versions if v.number == number), None)
        if shown is None:
            raise PlanUnknown(f"plan {plan_id} has no version {number}")
        draft, current = draft_of(versions), newest([one for one in versions if one.state != "draft"], at)
        before = _before(versions, shown)
        told = {one.id: one for one in (shown, draft, current, before) if one is not None}
        bodies = {
            key: whole_of(connection, one.body, one.template, at, plan_id=plan_id).body for key, one in told.items()
        }
        place = place_names(connection, [plan.division_id] if plan.division_id else [], now=at)
        return _Read(
            plan=plan, versions=versions, shown=shown, draft=draft, current=current, before=before, bodies=bodies,
            around=around_of(connection), place=place.get(plan.division_id or 0, ""),
            template=_template_told(connection, shown, language),
        )  # fmt: skip


def plan_page(
    request: Request, view: View, language: Language, plan_id: int, *, number: int | None = None, refused: str = "",
    refused_at: str = "", findings: Sequence[Finding] = (), given: Mapping[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    """One plan; raises PlanUnknown where the scope shows none of that id, or it has no version of that number."""
    at = view.parts.clock()
    read = _read(view, plan_id, number, language, at)
    plan, shown = read.plan, read.shown
    due = shown.revise_by is not None and shown.in_force(at) and shown.revise_by <= today_of(view)
    done = request.query_params.get("done", "")
    return plans_page(
        request, view, "plan.html", language, status=409 if refused else 200, plan=plan, code=plan.code, shown=shown,
        body=body_told(read.body(shown), read.around, language), whose=read.place, shipped=False, due=due,
        state=state_of(shown, at, language), inherited_from=read.template, day=words.day,
        edits=view.may(EDIT) and editable(view, plan_id), may_add=view.may(EDIT), back=address(AT, language),
        refused=refused, refused_at=refused_at, given=given or {}, done=words.said(words.DONE, done, language)
        if done in words.DONE else "",
        versions=[_version(one, plan_id, at, language) for one in read.versions], current=read.current,
        since_last=_changes(read.body(read.before), read.body(shown), read.around, language)
        if read.before and shown is not read.draft else [],
        before=read.before, base=f"{AT}/{plan_id}", edit=address(f"{AT}/{plan_id}/edit", language),
        inherits=address(f"{AT}/new", language, of=Template(plan_id=plan_id).name() if plan.division_id else plan.code),
        **_findings(view, read, findings, at, language),
    )  # fmt: skip


def _findings(view: View, read: _Read, refused: Sequence[Finding], at: datetime, language: Language) -> dict[str, Any]:
    """Of the draft, where there is one, with what it changes; else of the version shown."""
    draft = read.draft
    if draft is None:
        found = found_in(view, read.plan, read.shown, read.body(read.shown), read.around, at)
        return {"draft": None, "findings": words.grouped(found, language)}
    found = list(refused) or judged_now(view, read.plan, draft, read.around, at)
    told = words.grouped(found, language)
    return {
        "draft": draft,
        "findings": told if draft is read.shown else [],
        "draft_findings": told,
        "blocked": has_errors(found),
        "changes": _changes(read.body(read.current), read.body(draft), read.around, language),
    }


def editable(view: View, plan_id: int) -> bool:
    """Whether the plan is one that the viewer may write, by the scope of that right."""
    scope = view.viewer.scope(EDIT, view.parts.roles)
    with view.parts.scoped.connection(scope, DATABASE_WAIT_S) as connection:
        return may_edit(connection, plan_id)


def found_in(
    view: View, plan: Kept, shown: Version, body: Mapping[str, Any], around: Surroundings, at: datetime
) -> list[Finding]:
    """Findings of a version; who is on duty is asked of what is in force or drafted."""
    if shown.state == "draft" or shown.in_force(at):
        return judged_now(view, plan, shown, around, at)
    return lint({**body, "id": plan.code}, around)


def judged_now(view: View, plan: Kept, version: Version, around: Surroundings, at: datetime) -> list[Finding]:
    """As it would be published now. Duty is asked of all rosters: a district's watch may lie beyond the scope."""
    with view.acting() as connection:
        return judged_own(connection, plan, version.body, version.template, around, at)


def judged_own(
    connection: Connection, plan: Kept, own: Mapping[str, Any], template: Template, around: Surroundings, at: datetime
) -> list[Finding]:
    """The same of a body that is not kept (yet)."""
    row = {"id": plan.id, "code": plan.code, "division_id": plan.division_id}
    if plan.level == "township" and plan.division_id is not None:
        whole = whole_of(connection, own, template, at, plan_id=plan.id)
        around = with_duty(connection, around, whole.body, plan.division_id, at)
    return judged(connection, row, own, template, at, around)


def _template_told(connection: Connection, shown: Version, language: Language) -> dict[str, str] | None:
    if not shown.template:
        return None
    if shown.template.plan_id is not None:
        return {
            "way": address(f"{AT}/{shown.template.plan_id}", language),
            "code": plan_of(connection, shown.template.plan_id).code,
        }
    code = shown.template.code or ""
    found = next(iter(listed(connection, Asked(at=shown.recorded_at, whose="city", q=code, most=50))), None)
    way = f"{AT}/{found.id}" if found is not None and found.code == code else f"{AT}/shipped/{code}"
    return {"way": address(way, language), "code": code}


def _before(versions: Sequence[Version], shown: Version) -> Version | None:
    """The version that was published before it."""
    return next((one for one in versions if one.number < shown.number and one.state != "draft"), None)


def state_of(one: Version, at: datetime, language: Language) -> tuple[str, str]:
    """How a version stands, and in words."""
    stands = one.state if one.state != "published" else _stands(one, at)
    return stands, words.said(words.STANDS, stands, language)


def _stands(one: Version, at: datetime) -> str:
    if one.in_force(at):
        return "in_force"
    return "to_come" if one.since is not None and one.since > at else "over"


def _version(one: Version, plan_id: int, at: datetime, language: Language) -> dict[str, Any]:
    stands, told = state_of(one, at, language)
    return {
        "number": one.number,
        "way": address(f"{AT}/{plan_id}", language, version=one.number),
        "stands": stands,
        "state": told,
        "since": words.day(one.since),
        "until": words.day(one.until),
        "revise_by": one.revise_by,
        "note": one.note,
        "why": one.withdrawn_why,
        "at": moment(one.published_at or one.recorded_at),
    }


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], around: Surroundings, language: Language
) -> list[dict[str, str]]:
    how = {"added": ("新增", "added"), "removed": ("删去", "taken out"), "changed": ("修改", "changed")}
    return [
        {
            "where": words.where(one.where, language),
            "how": one.how,
            "how_told": how[one.how][0 if language == "zh" else 1],
            "before": words.value(one.before, around, language),
            "after": words.value(one.after, around, language),
        }
        for one in differences(before, after)
    ]
