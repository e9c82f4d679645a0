"""The editor of a plan: a page of forms (web/static/plans), and what it asks for: the draft, a check, saving it."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from alerts.plan_bodies import PLACES, canonical, own_of
from alerts.plan_findings import Finding
from alerts.plan_listing import Choice, Kept, Version, choices, draft_of, newest, plan_of, versions_of
from alerts.plan_shape import misshapen
from alerts.plan_store import Draft, Writer, save_draft
from alerts.plan_surroundings import Surroundings
from alerts.plan_whole import Template, template_body, whole_of
from config.database import Connection
from people.posts import shipped_posts
from web import plans_words as words
from web.api import as_json
from web.errors import AskedWrongError
from web.guard import Body, read_body
from web.office import address
from web.pages import Language
from web.plans_list import AT, EDIT, plans_page
from web.plans_page import day_of_form, own_plan
from web.plans_view import judged_own
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix=AT)


class Edited(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the editor holds: the whole plan, whatever of it is inherited."""

    whole: dict[str, Any]
    template: Annotated[str, msgspec.Meta(max_length=60)] = ""
    revise_by: Annotated[str, msgspec.Meta(max_length=10)] = ""
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


@router.get("/{plan:int}/edit", response_class=HTMLResponse, dependencies=[needs(EDIT)])
def edit_page(request: Request, view: ViewOf, plan: int, lang: Annotated[Language, Query()] = "zh") -> Response:
    """The page; what it shows it asks for itself."""
    kept, _ = own_plan(view, plan)
    return plans_page(
        request, view, "plan_edit.html", lang, plan=kept, back=address(f"{AT}/{kept.id}", lang), base=f"{AT}/{kept.id}"
    )


@router.get("/{plan:int}/draft", response_class=Response, dependencies=[needs(EDIT)])
def draft(view: ViewOf, plan: int, lang: Annotated[Language, Query()] = "zh") -> Response:
    """The draft, or what a draft would begin with; and what there is to choose from."""
    kept, around = own_plan(view, plan)
    at = view.parts.clock()
    with view.connection() as connection:
        versions = versions_of(connection, plan)
        found = draft_of(versions) or newest(versions, at)
        templates = [one for one in choices(connection, at) if one.template != Template(plan_id=plan)]
        whole = _whole(connection, kept, found, at)
    return as_json(
        {
            **whole,
            **_judged(view, kept, whole["whole"], whole["template"], around, lang),
            "is_draft": draft_of(versions) is not None,
            "revise_by": "" if found is None or found.revise_by is None else found.revise_by.isoformat(),
            "note": "" if found is None or found.state != "draft" else found.note,
            "choices": _choices(kept, templates, around, lang),
        }
    )


@router.post("/{plan:int}/check", response_class=Response, dependencies=[needs(EDIT)])
def check(view: ViewOf, plan: int, body: Body, lang: Annotated[Language, Query()] = "zh") -> Response:
    """What is wrong with what the editor holds, and what of it is inherited."""
    kept, around = own_plan(view, plan)
    edited = read_body(body, Edited)
    if wrong := list(misshapen(canonical(edited.whole))):
        raise AskedWrongError(f"{', '.join(wrong)}: this is not of the form of a plan")
    return as_json(_judged(view, kept, edited.whole, edited.template, around, lang))


@router.post("/{plan:int}/draft", response_class=Response, dependencies=[needs(EDIT)])
def save(view: ViewOf, plan: int, body: Body, lang: Annotated[Language, Query()] = "zh") -> Response:
    """Keep it as the plan's draft; of what is inherited only the differences."""
    kept, around = own_plan(view, plan)
    edited = read_body(body, Edited)
    template, at = Template.named(edited.template), view.parts.clock()
    if template.plan_id is not None:
        with view.connection() as connection:
            plan_of(connection, template.plan_id)
    with view.acting() as connection:
        own = _own(connection, kept, edited.whole, template, at)
        told = Draft(own=own, template=template, revise_by=day_of_form(edited.revise_by), note=edited.note)
        save_draft(connection, kept.id, told, Writer(actor=view.viewer.account_id, at=at))
        whole = whole_of(connection, own, template, at, plan_id=kept.id)
    judged = _judged(view, kept, whole.body, edited.template, around, lang)
    return as_json({**judged, "whole": whole.body, "saved": True})


def _whole(connection: Connection, kept: Kept, found: Version | None, at: datetime) -> dict[str, Any]:
    if found is None:
        return {"whole": {}, "template": ""}
    whole = whole_of(connection, found.body, found.template, at, plan_id=kept.id)
    return {"whole": whole.body, "template": found.template.name()}


def _own(connection: Connection, kept: Kept, whole: dict[str, Any], template: Template, at: datetime) -> dict[str, Any]:
    plain = canonical(whole)
    try:
        above = template_body(connection, template, at, frozenset({kept.id}))
    except LookupError:
        return plain  # saving refuses the template, and says why
    return own_of(above, plain) if template else plain


def _judged(
    view: View, kept: Kept, whole: dict[str, Any], named: str, around: Surroundings, language: Language
) -> dict[str, Any]:
    at, template = view.parts.clock(), Template.named(named)
    above: dict[str, Any] = {}
    with view.connection() as connection:
        if template.plan_id is not None:
            plan_of(connection, template.plan_id)  # one beyond the scope is not there
    with view.acting() as connection:
        own = _own(connection, kept, whole, template, at)
        findings: list[Finding] = judged_own(connection, kept, own, template, around, at)
        with suppress(LookupError):  # it is among the findings
            above = template_body(connection, template, at, frozenset({kept.id}))
    return {
        "template": named.strip(),
        "inherited": above,
        "own": sorted(own),
        "findings": [words.finding(one, language) for one in findings],
    }


def _choices(kept: Kept, templates: list[Choice], around: Surroundings, language: Language) -> dict[str, Any]:
    zh = language == "zh"
    return {
        "templates": [
            {"value": one.template.name(), "label": f"{one.code} {one.name}"}
            for one in templates
            if kept.division_id is not None or one.code != kept.code
        ],
        "posts": [{"value": post.zh, "label": post.zh if zh else f"{post.en} ({post.zh})"} for post in shipped_posts()],
        "rules": [
            {"value": rule.number, "label": f"{number} {rule.zh if zh else rule.en}", "levels": rule.levels}
            for number, rule in sorted((around.rules or {}).items())
            if rule.levels
        ],
        "officials": sorted(around.officials),
        "places": [{"value": key, "label": words.place(key, language)} for key in PLACES],
        "backup_after_min": around.backup_after_min,
    }
