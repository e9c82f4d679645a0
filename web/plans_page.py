"""Plans in a browser: the library, one plan, a new one; publishing and withdrawing it, and its files."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.errors import AccountRefused
from access.places import division_within
from alerts.errors import PlanRefused, PlanUnknown
from alerts.plan_export import export, file_plans
from alerts.plan_library import QUERIES
from alerts.plan_listing import Kept, choices, draft_of, plan_of, versions_of
from alerts.plan_store import Draft, Term, Writer, add_plan, drop_draft, publish, withdraw
from alerts.plan_surroundings import Surroundings, with_duty
from alerts.plan_whole import Template, whole_of
from config.database import Connection
from people.errors import Refused
from web.file_import import workbook
from web.office import address
from web.pages import Language
from web.people_words import day_begins
from web.plans_list import AT, EDIT, READ, around_of, divisions, list_page, plans_page
from web.plans_view import editable, plan_page, shipped_page
from web.viewing import View, ViewOf, needs, needs_form

router = APIRouter(prefix=AT)

Lang = Annotated[Language, Query()]
FormLang = Annotated[Language, Form()]
Short = Annotated[str, Query(max_length=60)]
Line = Annotated[str, Form(max_length=60)]


@router.get("", response_class=HTMLResponse, dependencies=[needs(READ)])
def library(
    request: Request,
    view: ViewOf,
    *,
    q: Short = "",
    division: Short = "",
    whose: Annotated[Literal["", "city", "district", "township"], Query()] = "",
    state: Annotated[Literal["", "draft", "in_force", "to_come", "over", "withdrawn"], Query()] = "",
    due: Annotated[Literal["", "1"], Query()] = "",
    after: Annotated[str, Query(max_length=12)] = "",
    lang: Lang = "zh",
) -> Response:
    """The plans that are in the scope, and those of the city and the district for it."""
    asked = {"q": q.strip(), "division": division.strip(), "whose": whose, "state": state, "due": due, "after": after}
    return list_page(request, view, lang, asked)


@router.get("/new", response_class=HTMLResponse, dependencies=[needs(EDIT)])
def new_page(request: Request, view: ViewOf, of: Short = "", lang: Lang = "zh") -> Response:
    """The form for a new one; `of`: what it inherits from."""
    return _new(request, view, lang, {"template": of, "code": "" if of.startswith("#") else of})


@router.post("", response_class=HTMLResponse, dependencies=[needs_form(EDIT)])
def make(
    request: Request,
    view: ViewOf,
    *,
    code: Line = "",
    division: Line = "",
    template: Line = "",
    name: Annotated[str, Form(max_length=200)] = "",
    kind: Annotated[Literal["plan", "template"], Form()] = "plan",
    lang: FormLang = "zh",
) -> Response:
    """A new plan with an empty draft, or with what it inherits."""
    given = {"code": code, "division": division, "template": template, "name": name, "kind": kind}
    try:
        where = _place(view, division)
        draft = Draft(own={"name": name}, template=_seen(view, Template.named(template)))
        with view.acting() as connection:
            made = add_plan(connection, code.strip(), where, draft, _writer(view), is_template=kind == "template")
    except (PlanRefused, PlanUnknown, AccountRefused) as refused:
        return _new(request, view, lang, given, refused=refused)
    return RedirectResponse(address(f"{AT}/{made}/edit", lang), status_code=303)


@router.get("/shipped/{code}", response_class=HTMLResponse, dependencies=[needs(READ)])
def shipped_plan(request: Request, view: ViewOf, code: str, lang: Lang = "zh") -> Response:
    """A plan that came with the program."""
    return shipped_page(request, view, lang, code)


@router.get("/{plan:int}", response_class=HTMLResponse, dependencies=[needs(READ)])
def one_plan(
    request: Request,
    view: ViewOf,
    plan: int,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    lang: Lang = "zh",
) -> Response:
    """One plan: the version in force, or the one that is asked for."""
    return plan_page(request, view, lang, _number(plan), number=version)


@router.get("/{plan:int}/file", response_class=Response, dependencies=[needs(READ)])
def plan_file(view: ViewOf, plan: int, form: Annotated[Literal["xlsx", "yaml"], Query()] = "xlsx") -> Response:
    """The plan as a file that may be changed and imported again: its draft, else what is in force."""
    with view.connection() as connection:
        kept = plan_of(connection, _number(plan))
        raw = export(file_plans(connection, [kept.id], view.parts.clock(), drafts=True), as_yaml=form == "yaml")
    if form == "xlsx":
        return workbook(raw, f"plan-{kept.id}.xlsx")
    headers = {"Content-Disposition": f'attachment; filename="plan-{kept.id}.yaml"'}
    return Response(raw, media_type="application/yaml", headers=headers)


@router.post("/{plan:int}/publish", response_class=HTMLResponse, dependencies=[needs_form(EDIT)])
def publish_plan(
    request: Request,
    view: ViewOf,
    plan: int,
    *,
    since: Annotated[str, Form(max_length=10)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
    lang: FormLang = "zh",
) -> Response:
    """Put the draft in force; the day on which it ends is its last."""

    def act(connection: Connection, kept: Kept, around: Surroundings) -> None:
        now = view.parts.clock()
        begins, ends = day_begins(since), day_begins(until)
        term = Term(since=begins if begins is not None and begins > now else now, until=ends)
        publish(connection, kept.id, term, _writer(view), around)

    given = {"since": since, "until": until}
    return _acted(request, view, lang, plan, act, given, at="publish", done="published")


@router.post("/{plan:int}/withdraw", response_class=HTMLResponse, dependencies=[needs_form(EDIT)])
def withdraw_plan(
    request: Request,
    view: ViewOf,
    plan: int,
    why: Annotated[str, Form(max_length=500)] = "",
    lang: FormLang = "zh",
) -> Response:
    """It is in force no longer."""

    def act(connection: Connection, kept: Kept, _around: Surroundings) -> None:
        withdraw(connection, kept.id, why, _writer(view))

    return _acted(request, view, lang, plan, act, {"why": why}, at="withdraw", done="withdrawn")


@router.post("/{plan:int}/drop", response_class=HTMLResponse, dependencies=[needs_form(EDIT)])
def drop(request: Request, view: ViewOf, plan: int, lang: FormLang = "zh") -> Response:
    """Give the draft up."""

    def act(connection: Connection, kept: Kept, _around: Surroundings) -> None:
        drop_draft(connection, kept.id, _writer(view))

    return _acted(request, view, lang, plan, act, {}, at="drop", done="dropped")


Act = Callable[[Connection, Kept, Surroundings], None]


def _acted(
    request: Request,
    view: View,
    language: Language,
    plan_id: int,
    act: Act,
    given: dict[str, str],
    *,
    at: str,
    done: str,
) -> Response:
    kept, around = own_plan(view, _number(plan_id))
    try:
        with view.acting() as connection:
            act(connection, kept, _manned(connection, kept, around, view.parts.clock()))
    except Refused as refused:
        return _refused(request, view, language, kept, PlanRefused(str(refused), refused.zh), given, at=at)
    except PlanRefused as refused:
        return _refused(request, view, language, kept, refused, given, at=at)
    with view.connection() as connection:
        is_there = bool(versions_of(connection, kept.id))
    return RedirectResponse(address(f"{AT}/{kept.id}" if is_there else AT, language, done=done), status_code=303)


def _refused(
    request: Request,
    view: View,
    language: Language,
    kept: Kept,
    refused: PlanRefused,
    given: dict[str, str],
    *,
    at: str,
) -> Response:
    told = refused.zh if language == "zh" else str(refused)
    return plan_page(
        request, view, language, kept.id, refused=told, refused_at=at, findings=refused.findings, given=given
    )


def own_plan(view: View, plan_id: int) -> tuple[Kept, Surroundings]:
    """A plan that the viewer may write, and what it is judged against; raises PlanUnknown for any other."""
    with view.connection() as connection:
        kept = plan_of(connection, plan_id)
        around = around_of(connection)
    if not editable(view, plan_id):
        raise PlanUnknown(f"plan {plan_id} is none of yours to write")
    return kept, around


def _manned(connection: Connection, kept: Kept, around: Surroundings, at: datetime) -> Surroundings:
    draft = draft_of(versions_of(connection, kept.id))
    if draft is None or kept.level != "township" or kept.division_id is None:
        return around
    whole = whole_of(connection, draft.body, draft.template, at, plan_id=kept.id)
    return with_duty(connection, around, whole.body, kept.division_id, at)


def _writer(view: View) -> Writer:
    return Writer(actor=view.viewer.account_id, at=view.parts.clock())


def _place(view: View, named: str) -> int | None:
    """Whose a new plan is; the city's only for somebody of the whole city."""
    now = view.parts.clock()
    if not named.strip():
        if view.scope.everywhere:
            return None
        raise PlanRefused("choose the township that it is for", "请选择预案所属的区划。")
    with view.connection() as connection:
        where = division_within(connection, named.strip(), view.scope, now=now)
        level = connection.execute(QUERIES["level_of"], {"id": where}).fetchone()
    return None if level is not None and level[0] == "city" else where


def _seen(view: View, template: Template) -> Template:
    """A template that the viewer may see; raises PlanUnknown for another."""
    if template.plan_id is not None:
        with view.connection() as connection:
            plan_of(connection, _number(template.plan_id))
    return template


def _number(plan_id: int) -> int:
    """Raises PlanUnknown for one that no plan can have."""
    if plan_id >= 2**31:
        raise PlanUnknown(f"there is no plan {plan_id}")
    return plan_id


def _new(
    request: Request,
    view: View,
    language: Language,
    given: dict[str, str],
    *,
    refused: PlanRefused | PlanUnknown | AccountRefused | None = None,
) -> HTMLResponse:
    told = "" if refused is None else str(refused) if language == "en" else getattr(refused, "zh", "没有这个模板。")
    with view.connection() as connection:
        templates = choices(connection, view.parts.clock())
    return plans_page(
        request, view, "plan_new.html", language, status=200 if refused is None else 409,
        refused=told[:1].upper() + told[1:], given=given,
        templates=[(one.template.name(), f"{one.code} {one.name}") for one in templates], choices=divisions(view),
        everywhere=view.scope.everywhere, back=address(AT, language),
    )  # fmt: skip


def day_of_form(text: str) -> date | None:
    """A day of a form; raises PlanRefused."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise PlanRefused(f"{text[:20]!r} is no date", f"“{text[:20]}”不是日期。") from error
