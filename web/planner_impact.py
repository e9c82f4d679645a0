"""The page of a draft's impact, and the forms of its way: submit, withdraw, review, publish, file, take back."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from boundaries import workflow
from boundaries.drafts import OPEN, Draft
from boundaries.errors import BoundaryError, DraftRefused, DraftUnknown
from boundaries.impact import Impact, Moved, Place, followed, left_behind
from boundaries.publish import publish
from boundaries.weighing import impact_of
from config.database import Connection
from config.logs import BEIJING
from web import impact_words as words
from web.events_map import map_page
from web.office import address
from web.pages import Language
from web.planner_api import DRAW
from web.planner_review import REVIEW, actor_of, taken_back
from web.planner_view import heads, seen
from web.viewing import View, ViewOf, needs, needs_form

AT = "/planner"
SHOWN = 200  # rows of a list; the Excel file has all of them

router = APIRouter(prefix=AT)

Lang = Annotated[Language, Query()]
FormLang = Annotated[Language, Form()]
Text = Annotated[str, Form(max_length=2000)]


@router.get("/{draft:uuid}/impact", response_class=HTMLResponse, dependencies=[needs(DRAW)])
def impact_page(
    request: Request, view: ViewOf, draft: UUID, done: Annotated[str, Query(max_length=20)] = "", lang: Lang = "zh"
) -> Response:
    """What a draft would do, or did, with a map; and what can be done with it now."""
    return _page(request, view, draft, lang, done=done)


@router.post("/{draft:uuid}/submit", response_class=HTMLResponse, dependencies=[needs_form(DRAW)])
def submit(request: Request, view: ViewOf, draft: UUID, note: Text = "", lang: FormLang = "zh") -> Response:
    """Hand it in for review."""
    return _do(request, view, draft, lang, "submitted", lambda connection: workflow.submit(
        connection, draft, actor=actor_of(view), note=note, desk=view.parts.desk))  # fmt: skip


@router.post("/{draft:uuid}/withdraw", response_class=HTMLResponse, dependencies=[needs_form(DRAW)])
def withdraw(request: Request, view: ViewOf, draft: UUID, reason: Text = "", lang: FormLang = "zh") -> Response:
    """Give it up."""
    return _do(request, view, draft, lang, "withdrawn", lambda connection: workflow.withdraw(
        connection, draft, actor=actor_of(view), reason=reason))  # fmt: skip


@router.post("/{draft:uuid}/review", response_class=HTMLResponse, dependencies=[needs_form(REVIEW)])
def review(
    request: Request, view: ViewOf, draft: UUID, *, verdict: Annotated[Literal["", "approve", "return"], Form()] = "",
    note: Text = "", lang: FormLang = "zh",
) -> Response:  # fmt: skip
    """Approve or return it."""

    def act(connection: Connection) -> object:
        if not verdict:
            raise DraftRefused("approve it or return it", "请选择通过或退回。")
        return workflow.review(connection, draft, actor=actor_of(view), verdict=verdict, note=note)

    return _do(request, view, draft, lang, "approved" if verdict == "approve" else "returned", act)


@router.post("/{draft:uuid}/publish", response_class=HTMLResponse, dependencies=[needs_form(REVIEW)])
def put(
    request: Request, view: ViewOf, draft: UUID, *, effective: Annotated[str, Form(max_length=30)] = "",
    reason: Text = "", lang: FormLang = "zh",
) -> Response:  # fmt: skip
    """Put it in force from a time on, by Beijing's clock; empty: from now on."""

    def act(connection: Connection) -> object:
        since = _moment(effective)
        return publish(connection, draft, actor=actor_of(view), effective=since, reason=reason, desk=view.parts.desk)

    return _do(request, view, draft, lang, "published", act)


@router.post("/{draft:uuid}/file", response_class=HTMLResponse, dependencies=[needs_form(REVIEW)])
def file(
    request: Request, view: ViewOf, draft: UUID, filed_as: Annotated[str, Form(max_length=200)] = "",
    lang: FormLang = "zh",
) -> Response:  # fmt: skip
    """Note its number at the city."""
    return _do(request, view, draft, lang, "filed", lambda connection: workflow.file(
        connection, draft, actor=actor_of(view), filed_as=filed_as))  # fmt: skip


@router.post("/{draft:uuid}/roll-back", response_class=HTMLResponse, dependencies=[needs_form(DRAW)])
def roll_back(request: Request, view: ViewOf, draft: UUID, reason: Text = "", lang: FormLang = "zh") -> Response:
    """A draft that brings the former state back."""
    seen(view, draft)
    try:
        made = taken_back(view, draft, reason)
    except BoundaryError as refused:
        return _page(request, view, draft, lang, refused=refused)
    return RedirectResponse(address(f"{AT}/{made}/impact", lang, done="taken_back"), status_code=303)


def _do(
    request: Request, view: View, draft: UUID, language: Language, done: str, act: Callable[[Connection], object]
) -> Response:
    seen(view, draft)
    try:
        with view.acting() as connection:
            act(connection)
    except DraftUnknown:
        raise
    except BoundaryError as refused:
        return _page(request, view, draft, language, refused=refused)
    return RedirectResponse(address(f"{AT}/{draft}/impact", language, done=done), status_code=303)


def _moment(said: str) -> datetime | None:
    """As a browser's field has it: 2026-12-01T00:00, by Beijing's clock. Raises DraftRefused."""
    if not said.strip():
        return None
    try:
        return datetime.fromisoformat(said.strip()).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise DraftRefused(f"{said}: write 2026-12-01T00:00", "时间格式应为 2026-12-01T00:00。") from error


def _page(
    request: Request, view: View, draft_id: UUID, language: Language, *,
    done: str = "", refused: BoundaryError | None = None,
) -> HTMLResponse:  # fmt: skip
    draft = seen(view, draft_id)
    with view.acting() as connection:
        held = view.parts.desk.checked(connection, draft)
        at = draft.effective or view.parts.clock()
        impact = impact_of(connection, draft, held, at=at)
        told = heads(view, connection, [draft], outdated=True)[0]
        went = followed(connection, draft_id)
        left = left_behind(connection, draft_id)
    zh = language == "zh"
    refusal = "" if refused is None else refused.zh if zh else str(refused)
    return map_page(
        request, view, "planner_impact.html", language, menu_at=AT, status=409 if refused else 200, told=refusal,
        done=words.said(words.DONE, done, language) if done in words.DONE else "",
        draft=told, state=words.said(words.STATES, draft.state, language), base=f"{AT}/{draft_id}",
        files=f"/api/boundaries/drafts/{draft_id}", may=_may(view, draft), local=_local,
        editor=address(f"{AT}/{draft_id}", language), back=address(AT, language),
        is_published=draft.published_at is not None,
        counts=_counts(impact, language), units=_units(impact, language), groups=_groups(impact, language),
        without_worker=impact.without_worker, plans_left=impact.plans_left, findings=_findings(impact, language),
        households=impact.households[:SHOWN], areas=(impact.area_before_m2, impact.area_after_m2),
        followed=[(words.said(words.KINDS, kind, language), many, undecided) for kind, many, undecided in went],
        left=[(words.said(words.KINDS, one.kind, language), one.subject, one.name) for one in left],
    )  # fmt: skip


def _may(view: View, draft: Draft) -> dict[str, bool]:
    """Which forms are shown; whether one is taken is decided where it is done."""
    own = view.viewer.account_id in (draft.opened_by, draft.submitted_by)
    reviews = view.may(REVIEW) and not own
    return {
        "submit": draft.state in OPEN,
        "review": draft.state == "submitted" and reviews,
        "publish": draft.state == "approved" and reviews,
        "file": draft.state == "published" and view.may(REVIEW),
        "withdraw": draft.state in ("draft", "returned", "submitted", "approved"),
        "roll_back": draft.state in ("published", "filed"),
    }


def _counts(impact: Impact, language: Language) -> list[tuple[str, int]]:
    counts = impact.counts()
    return [(words.said(words.KINDS, kind, language), counts[kind]) for kind in words.KINDS if counts.get(kind)]


def _units(impact: Impact, language: Language) -> list[dict[str, Any]]:
    return [
        {"kind": words.said(words.LINEAGE, one.kind, language), "before": one.before, "after": one.after,
         "area": one.area_m2, "share": one.share}
        for one in impact.units[:SHOWN]
    ]  # fmt: skip


def _groups(impact: Impact, language: Language) -> list[dict[str, Any]]:
    """What moves, by kind and then by from and to."""
    groups = []
    for kind in words.KINDS:
        found = impact.of(kind)
        if not found:
            continue
        sums: dict[tuple[str, str], list[Moved]] = {}
        for one in found:
            sums.setdefault((_key(one.before), _key(one.after)), []).append(one)
        rows = [
            {
                "before": some[0].before,
                "after": some[0].after,
                "count": sum(one.count for one in some),
                "names": [one.name for one in some[:8] if one.name],
            }
            for some in sums.values()
        ]
        total = sum(one.count for one in found)
        groups.append(
            {"kind": kind, "word": words.said(words.KINDS, kind, language), "total": total, "rows": rows[:SHOWN],
             "more": max(0, len(rows) - SHOWN)}
        )  # fmt: skip
    return groups


def _key(place: Place | None) -> str:
    return "" if place is None else place.key


def _findings(impact: Impact, language: Language) -> list[tuple[str, int]]:
    sums: dict[str, int] = {}
    for key, many in impact.findings.items():
        severity = key.partition(" ")[0]
        sums[severity] = sums.get(severity, 0) + many
    return [(words.said(words.FINDINGS, severity, language), many) for severity, many in sorted(sums.items())]


def _local(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
