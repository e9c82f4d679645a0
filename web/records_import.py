"""Records from a file in a browser: sent once and previewed, what is wrong beside its row; then written."""

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.errors import AccountRefused
from access.places import divisions_of
from access.record_import import Asked, RecordReport, import_file
from access.record_template import template
from config.errors import SheetRefused
from web.accounts_view import in_words
from web.file_import import Sent, hold, sent_or_held, shown, workbook
from web.office import address, office_page
from web.pages import Language
from web.records_edit import AT, RIGHT
from web.records_view import NEEDS, ONE, tabs, word
from web.records_words import faults_in_words, vault_of
from web.viewing import View, ViewOf, needs, needs_form

_PURPOSE = "records"

router = APIRouter(prefix=AT)


@router.get("/import", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def import_page(request: Request, view: ViewOf, lang: Annotated[Language, Query()] = "zh") -> Response:
    """Where a file is chosen."""
    return _page(request, view, lang)


@router.get("/template.xlsx", response_class=Response, dependencies=[needs(RIGHT)])
def template_file() -> Response:
    """An empty file with the heads."""
    return workbook(template(), "records.xlsx")


@router.post("/import", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def preview_or_import(
    request: Request,
    view: ViewOf,
    *,
    file: UploadFile | None = None,
    held: Annotated[str, Form(max_length=40)] = "",
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """What a file would change, and nothing is changed; with the key of one that was previewed, it is written."""
    try:
        sent = sent_or_held(view, file, held, _PURPOSE)
        report = _report(view, sent, apply=bool(held))
    except (AccountRefused, SheetRefused) as refused:
        return _page(request, view, lang, refused=refused)
    if report.written:
        return RedirectResponse(address(f"{AT}/edit", lang, done="imported"), status_code=303)
    key = "" if report.faults else hold(view, sent, _PURPOSE)
    return _page(request, view, lang, report=report, key=key)


def _report(view: View, sent: Sent, *, apply: bool) -> RecordReport:
    vault = vault_of(view)
    asked = Asked(scope=view.scope, actor=view.viewer.account_id, now=view.parts.clock(), apply=apply)
    with view.acting() as connection:
        return import_file(connection, vault, sent.name, sent.raw, asked)


def _page(
    request: Request,
    view: View,
    language: Language,
    *,
    report: RecordReport | None = None,
    key: str = "",
    refused: AccountRefused | SheetRefused | None = None,
) -> HTMLResponse:
    if isinstance(refused, SheetRefused):
        refused = AccountRefused(str(refused), refused.zh)
    rows = [] if report is None else _rows(view, report, language)
    return office_page(
        request, view, "records_import.html", language, menu_at=AT,
        status=200 if refused is None and not (report and report.faults) else 422,
        told="" if refused is None else in_words(refused, language), tabs=tabs(view, language, "edit"),
        report=report, key=key, action=f"{AT}/import", **shown(rows, len(rows)),
        back=address(f"{AT}/edit", language), empty=f"{AT}/template.xlsx",
    )  # fmt: skip


def _rows(view: View, report: RecordReport, language: Language) -> list[dict[str, Any]]:
    """Rows with faults first, each with all of its own; then what the others bring."""
    wrong = defaultdict(list)
    for fault in report.faults:
        wrong[fault.row].append(fault)
    with view.acting() as connection:
        names = {one.code: one.name for one in divisions_of(connection, view.scope, now=view.parts.clock())}
    faulty = [{"row": row, "faults": faults_in_words(wrong[row], language)} for row in sorted(wrong)]
    return faulty + [
        {
            "row": one.row,
            "is_new": one.is_new,
            "place": names.get(one.division, one.division),
            "kind": word(ONE, one.kind, language),
            "needs": [word(NEEDS, need, language) for need in one.needs],
        }
        for one in report.changes
        if one.row not in wrong
    ]
