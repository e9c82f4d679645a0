"""The library of plans as a page: found by scope, words, state and day of revision, each with what is wrong with it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from access.errors import FilterRefused
from access.places import Choice, division_within, divisions_of
from alerts.plan_findings import Finding
from alerts.plan_inherit import inherited
from alerts.plan_library import shipped_plans
from alerts.plan_lint import lint
from alerts.plan_listing import Asked, Listed, listed
from alerts.plan_surroundings import Surroundings, surroundings
from alerts.plan_whole import template_body, whole_of
from alerts.plans import Plan, body_of_plan
from alerts.rule_sets import in_force
from config.database import Connection
from config.logs import BEIJING
from web import plans_words as words
from web.errors import AskedWrongError
from web.office import address, office_page
from web.pages import Language
from web.viewing import View

AT = "/plans"
READ, EDIT = "plans.read", "plans.edit"
ON_A_PAGE = 50


def plans_page(request: Request, view: View, template: str, language: Language, **values: Any) -> HTMLResponse:
    """A page of plans in the frame."""
    return office_page(request, view, template, language, menu_at=AT, **values)


def around_of(connection: Connection) -> Surroundings:
    """What plans are judged against now, but for who is on duty."""
    return surroundings(in_force(connection).rules)


def today_of(view: View) -> date:
    """In Beijing."""
    return view.parts.clock().astimezone(BEIJING).date()


def list_page(request: Request, view: View, language: Language, asked: Mapping[str, str]) -> HTMLResponse:
    """The plans that the scope shows, fifty on a page; those that came with the program before them."""
    at, told, status = view.parts.clock(), "", 200
    found: list[Listed] = []
    with view.connection() as connection:
        around = around_of(connection)
        try:
            found = listed(connection, _wanted(connection, view, asked, at))
        except FilterRefused as refused:
            told, status = (refused.zh if language == "zh" else str(refused)), 422
        rows, more = found[:ON_A_PAGE], len(found) > ON_A_PAGE
        judge = _judge(connection, around, at)
        shown = [_listed(one, judge(one), view, language) for one in rows]
        city = {one.code for one in listed(connection, Asked(at=at, whose="city", state="in_force", most=500))}
    files = [] if asked["after"] or status != 200 else _files(asked, city, language, around)
    query = {name: text for name, text in asked.items() if name != "after"}
    return plans_page(
        request, view, "plans.html", language, status=status, told=told, asked=asked, rows=[*files, *shown],
        whose=[(key, words.said(words.WHOSE, key, language)) for key in words.WHOSE],
        states=[(key, words.said(words.STANDS, key, language)) for key in words.STANDS if key != "published"],
        edits=view.may(EDIT), new=address(f"{AT}/new", language), bring=address(f"{AT}/import", language),
        done=words.said(words.DONE, done, language) if (done := request.query_params.get("done", "")) in words.DONE
        else "",
        onward=address(AT, language, **query, after=rows[-1].id) if more else "",
        first=address(AT, language, **query) if asked["after"] else "",
    )  # fmt: skip


def _wanted(connection: Connection, view: View, asked: Mapping[str, str], at: datetime) -> Asked:
    after = asked["after"]
    if after and not (after.isascii() and after.isdecimal() and len(after) < 10):
        raise AskedWrongError("after: this is none of ours; take it from the link to the next page")
    within = division_within(connection, asked["division"], view.scope, now=at) if asked["division"] else None
    return Asked(
        at=at, within=within, around=within is not None, whose=asked["whose"], q=asked["q"], state=asked["state"],
        due_by=today_of(view) if asked["due"] else None, after=int(after) if after else None, most=ON_A_PAGE + 1,
    )  # fmt: skip


def _judge(connection: Connection, around: Surroundings, at: datetime) -> Callable[[Listed], list[Finding]]:
    """Findings of listed plans; a template that many inherit from is put together once."""
    above = cache(lambda template: template_body(connection, template, at))

    def judge(one: Listed) -> list[Finding]:
        own, template = one.shown()
        try:
            body = inherited(above(template), own)
        except (LookupError, ValueError):
            return list(whole_of(connection, own, template, at, plan_id=one.id).findings)
        return lint({**body, "id": one.code}, around)

    return judge


def _listed(one: Listed, findings: Sequence[Finding], view: View, language: Language) -> dict[str, Any]:
    due = one.revise_by is not None and one.stands == "in_force" and one.revise_by <= today_of(view)
    return {
        "way": address(f"{AT}/{one.id}", language),
        "code": one.code,
        "name": one.name or one.code,
        "whose": one.division_name or words.said(words.WHOSE, "city", language),
        "stands": one.stands,
        "state": words.said(words.STANDS, one.stands, language),
        "draft": one.draft_id is not None and one.stands != "draft",
        "number": one.number,
        "template": one.is_template,
        "revise_by": one.revise_by,
        "due": due,
        **_counted(findings),
    }


def _files(asked: Mapping[str, str], city: set[str], language: Language, around: Surroundings) -> list[dict[str, Any]]:
    """The plans of the files, as long as the city has none of that code; they are a program's, so never due."""
    if asked["due"] or asked["state"] not in ("", "in_force") or asked["whose"] not in ("", "city"):
        return []
    wanted = asked["q"].lower()
    plans = [one for one in shipped_plans() if one.id not in city and wanted in f"{one.id} {one.name}".lower()]
    return [_file(one, lint(body_of_plan(one), around), language) for one in plans]


def _file(plan: Plan, findings: Sequence[Finding], language: Language) -> dict[str, Any]:
    return {
        "way": address(f"{AT}/shipped/{plan.id}", language),
        "code": plan.id,
        "name": plan.name,
        "whose": words.said(words.WHOSE, "city", language),
        "stands": "in_force",
        "state": words.said(words.STANDS, "in_force", language),
        "shipped": True,
        **_counted(findings),
    }


def _counted(findings: Sequence[Finding]) -> dict[str, int]:
    errors = sum(one.severity == "error" for one in findings)
    return {"errors": errors, "warnings": len(findings) - errors}


def divisions(view: View) -> list[Choice]:
    """Townships and districts of the scope to choose from."""
    with view.connection() as connection:
        found = divisions_of(connection, view.scope, now=view.parts.clock())
    return [one for one in found if one.level in ("district", "township")]
