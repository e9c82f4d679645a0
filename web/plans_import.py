"""Plans from a file in a browser: sent once and previewed, what is wrong beside each; then written as drafts."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from alerts.plan_export import export
from alerts.plan_import import Asked, Change, PlanReport, import_file
from config.errors import SheetRefused
from web import plans_words as words
from web.file_import import Sent, hold, sent_or_held, shown, workbook
from web.office import address
from web.pages import Language
from web.plans_list import AT, EDIT, around_of, plans_page
from web.viewing import View, ViewOf, needs, needs_form

_PURPOSE = "plans"
_STATES = {"new": ("新增", "new"), "changed": ("修改", "changed"), "unchanged": ("不变", "unchanged")}

router = APIRouter(prefix=AT)


@router.get("/import", response_class=HTMLResponse, dependencies=[needs(EDIT)])
def import_page(request: Request, view: ViewOf, lang: Annotated[Language, Query()] = "zh") -> Response:
    """Where a file is chosen."""
    return _page(request, view, lang)


@router.get("/template.xlsx", response_class=Response, dependencies=[needs(EDIT)])
def empty_form() -> Response:
    """An empty workbook to fill in."""
    return workbook(export([], as_yaml=False), "plan-template.xlsx")


@router.post("/import", response_class=HTMLResponse, dependencies=[needs_form(EDIT)])
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
    except SheetRefused as refused:
        return _page(request, view, lang, refused=refused)
    if report.written:
        return RedirectResponse(address(AT, lang, done="imported", state="draft"), status_code=303)
    key = "" if report.faults else hold(view, sent, _PURPOSE)
    return _page(request, view, lang, report=report, key=key)


def _report(view: View, sent: Sent, *, apply: bool) -> PlanReport:
    with view.connection() as connection:
        around = around_of(connection)
    asked = Asked(scope=view.scope, actor=view.viewer.account_id, at=view.parts.clock(), around=around, apply=apply)
    with view.acting() as connection:
        return import_file(connection, sent.name, sent.raw, asked)


def _page(
    request: Request,
    view: View,
    language: Language,
    *,
    report: PlanReport | None = None,
    key: str = "",
    refused: SheetRefused | None = None,
) -> HTMLResponse:
    rows: list[dict[str, Any]] = []
    if report is not None:
        rows = [
            {"where": _where(one.where, language), "fault": one.zh if language == "zh" else one.en}
            for one in report.faults
        ]
        rows += [_row(one, language) for one in report.changes]
    return plans_page(
        request, view, "plans_import.html", language,
        status=200 if refused is None and not (report and report.faults) else 422,
        told="" if refused is None else (refused.zh if language == "zh" else str(refused)), report=report, key=key,
        action=f"{AT}/import", **shown(rows, len(rows)), back=address(AT, language), empty=f"{AT}/template.xlsx",
        errors=0 if report is None else sum(f.severity == "error" for one in report.changes for f in one.findings),
    )  # fmt: skip


def _where(told: str, language: Language) -> str:
    """A row of a sheet as it is; a line of YAML in words."""
    if language == "zh" and told.startswith("line "):
        return f"第 {told.removeprefix('line ')} 行"
    return told


def _row(one: Change, language: Language) -> dict[str, Any]:
    place = 0 if language == "zh" else 1
    return {
        "where": _where(one.where, language),
        "code": one.code,
        "division": one.division or words.said(words.WHOSE, "city", language),
        "is_city": not one.division,
        "state": _STATES[one.state][place],
        "differences": [words.where(each.where, language) for each in one.differences],
        "findings": [words.finding(each, language) for each in one.findings],
    }
