"""Papers of runs: a report to print or to take along as PDF or Word, drawn from the records; and the reviews due."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from access import audit
from access.accounts import is_within
from access.places import place_names
from dispatch.account import RunAccount
from dispatch.account_reading import read_account
from dispatch.errors import Refused
from dispatch.paper import Paper, day_and_hour
from dispatch.paper_word import word_file
from dispatch.paper_writing import write_paper
from dispatch.review import DueReview, ReviewItem, review_items, reviews_due
from dispatch.reviewing import review
from web.errors import BusyError, RunUnknownError
from web.office import address, office_page
from web.pages import Language
from web.run_report_pdf import LACKS_PANGO, LACKS_PANGO_ZH, columns, lacks_pango, report_pdf
from web.run_report_told import told_to
from web.state import read_clock
from web.viewing import View, ViewOf, needs, needs_form

AT = "/runs"
RIGHT, COMMAND = "plans.read", "runs.command"
PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

router = APIRouter(prefix=AT)

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Lang = Annotated[Language, Query()]
_DONE = {"zh": "复盘已完成。", "en": "The run is reviewed."}
# Each takes a second of a core, and a run may be long: the pages need the others.
_DRAWING = threading.Semaphore(2)


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    account: RunAccount
    paper: Paper
    names: bool  # whether people are named in it


@router.get("/reviews", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def reviews_page(request: Request, view: ViewOf, lang: Lang = "zh") -> Response:
    """Runs that are over and not reviewed, the longest overdue first."""
    with view.connection() as connection:
        now = read_clock(connection).now
        due = reviews_due(connection)
        places = place_names(connection, {one.township_id for one in due}, now=view.parts.clock())
    rows = [_review(one, places.get(one.township_id, ""), one.review_due_at < now, lang) for one in due]
    return office_page(request, view, "run_reviews.html", lang, menu_at=AT, rows=rows)


def _review(one: DueReview, place: str, late: bool, language: Language) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": f"{one.plan_id} {one.name}".strip(),
        "place": place,
        "drill": one.drill,
        "ended": day_and_hour(one.ended_at),
        "due": day_and_hour(one.review_due_at),
        "late": ("已逾期" if language == "zh" else "overdue") if late else "",
        "report": address(f"{AT}/{one.id}/report", language),
    }


@router.get("/{run:int}/report", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def report_page(
    request: Request, view: ViewOf, run: Number, done: Annotated[str, Query(max_length=20)] = "", lang: Lang = "zh"
) -> Response:
    """The report on one page that can be printed; below it the review, for whoever may do it."""
    return _page(request, view, run, lang, done=_DONE[lang] if done == "reviewed" else "")


@router.post("/{run:int}/report/review", response_class=HTMLResponse, dependencies=[needs_form(COMMAND)])
def review_run(
    request: Request,
    view: ViewOf,
    run: Number,
    text: Annotated[list[str] | None, Form(max_length=100)] = None,
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """The run is reviewed: what the system cannot know, by the number of the plan's item."""
    _draw(view, run, lang)  # in the scope of whoever may command it
    try:
        with view.acting() as connection:
            review(connection, run, texts=dict(enumerate(text or ())), actor=view.viewer.account_id)
    except Refused as refused:
        return _page(request, view, run, lang, told=refused.zh if lang == "zh" else str(refused), status=409)
    return RedirectResponse(address(f"{AT}/{run}/report", lang, done="reviewed"), status_code=303)


def _page(
    request: Request, view: View, run: int, lang: Language, *, told: str = "", done: str = "", status: int = 200
) -> Response:
    drawn = _draw(view, run, lang)
    lacks = (LACKS_PANGO_ZH if lang == "zh" else LACKS_PANGO[:1].upper() + LACKS_PANGO[1:]) if lacks_pango() else ""
    return office_page(
        request, view, "run_report.html", lang, menu_at=AT, paper=drawn.paper, names=drawn.names, columns=columns,
        told=told, done=done, status=status, review=_to_review(view, drawn.account, lang),
        action=f"{AT}/{run}/report/review", pdf_lacks=f"{lacks}{'。' if lang == 'zh' else '.'}" if lacks else "",
        pdf=address(f"{AT}/{run}/report.pdf", lang), docx=address(f"{AT}/{run}/report.docx", lang),
        reviews=address(f"{AT}/reviews", lang),
    )  # fmt: skip


def _to_review(view: View, account: RunAccount, language: Language) -> list[dict[str, Any]] | None:
    """The items, for whoever may review this run; None: there is nothing to review, or not by them."""
    scope = view.viewer.scope(COMMAND, view.parts.roles)
    with view.acting() as connection:
        may = bool(scope) and is_within(connection, account.run.township_id, scope)
    if not may or account.run.state != "terminated":
        return None
    return [_item(one, 0 if language == "zh" else 1) for one in review_items(account)]


def _item(one: ReviewItem, place: int) -> dict[str, Any]:
    filled = one.filled[place] if one.filled else ("请填写", "for a person to say")[place]
    return {"item": one.item, "filled": filled, "left": one.left[place], "known": one.filled is not None}


@router.get("/{run:int}/report.pdf", response_class=Response, dependencies=[needs(RIGHT)])
def report_as_pdf(view: ViewOf, run: Number, lang: Lang = "zh") -> Response:
    """The same as PDF, A4."""
    return _file(view, run, lang, "pdf", PDF, report_pdf)


@router.get("/{run:int}/report.docx", response_class=Response, dependencies=[needs(RIGHT)])
def report_as_word(view: ViewOf, run: Number, lang: Lang = "zh") -> Response:
    """The same as a Word file."""
    return _file(view, run, lang, "docx", WORD, word_file)


def _file(
    view: View, run: int, language: Language, form: str, media_type: str, make: Callable[[Paper], bytes]
) -> Response:
    """A file to take along; that names left is in the audit. Raises BusyError where others are being made."""
    drawn = _draw(view, run, language)
    if not _DRAWING.acquire(blocking=False):
        raise BusyError("other reports are being made: try again in a moment")
    try:
        made = make(drawn.paper)
    finally:
        _DRAWING.release()
    if drawn.names:
        _note(view, drawn.account, form)
    name = f"run-{run}{'-drill' if drawn.account.is_drill else ''}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(made, media_type=media_type, headers=headers)


def _note(view: View, account: RunAccount, form: str) -> None:
    with view.acting() as connection, connection.transaction():
        audit.append(
            connection,
            act="run.report_taken",
            actor=view.viewer.account_id,
            subject=str(account.run.id),
            division_id=account.run.township_id,
            details={"kind": form},
        )


def _draw(view: View, run: int, language: Language) -> _Drawn:
    """The report as whoever asks may have it; raises RunUnknownError for a run of another scope, or of none."""
    with view.connection() as connection:
        account = read_account(connection, run, at=read_clock(connection).now)
    if account is None:
        raise RunUnknownError
    telling = told_to(view, account, language)
    paper = write_paper(account, telling, at=view.parts.clock())
    return _Drawn(account=account, paper=paper, names=bool(telling.people or telling.accounts))
