"""People and rosters from a file in a browser: sent once and previewed, what is wrong beside its row; then written.

And back: the same tables as Excel, of the organisations that the scope covers wholly.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from config.errors import SheetRefused
from people.errors import PeopleError
from people.exporting import export_file
from people.importing import PEOPLE, ROSTER, STATES, Asked, FileReport, import_file
from people.sheets_out import template
from people.tables import TABLES, What
from web.file_import import Sent, hold, sent_or_held, shown, workbook
from web.office import address
from web.pages import Language
from web.people_page import keys_of
from web.people_view import AT, people_page
from web.viewing import View, ViewOf, needs, needs_form

RIGHT = "people.edit"
_STATE_ZH = {"new": "新增", "renewed": "复职", "changed": "修改", "ended": "结束", "unchanged": "不变"}
_TABLE_EN: dict[What, str] = {"people": "People", "posts": "Posts", "shifts": "Shifts", "absences": "Absences"}

Group = Literal["people", "roster"]
GroupAsked = Annotated[Group, Query()]

router = APIRouter(prefix=AT)


@router.get("/import", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def import_page(
    request: Request, view: ViewOf, of: GroupAsked = "people", lang: Annotated[Language, Query()] = "zh"
) -> Response:
    """Where a file is chosen."""
    return _page(request, view, lang, of)


@router.get("/template.xlsx", response_class=Response, dependencies=[needs(RIGHT)])
def templateworkbook(of: GroupAsked = "people") -> Response:
    """An empty file with the heads."""
    return workbook(template(_tables(of)), f"{of}-template.xlsx")


@router.get("/export.xlsx", response_class=Response, dependencies=[needs(RIGHT)])
def export(view: ViewOf, of: GroupAsked = "people") -> Response:
    """What is in force or will be, with names and telephones; that it was taken is in the audit."""
    vault = keys_of(view)
    with view.acting() as connection:
        raw = export_file(
            connection,
            vault,
            _tables(of),
            scope=view.scope,
            actor=view.viewer.account_id,
            at=view.parts.clock(),
        )
    return workbook(raw, f"{of}.xlsx")


@router.post("/import", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def preview_or_import(
    request: Request,
    view: ViewOf,
    *,
    file: UploadFile | None = None,
    held: Annotated[str, Form(max_length=40)] = "",
    of: Annotated[Group, Form()] = "people",
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """What a file would change, and nothing is changed; with the key of one that was previewed, it is written."""
    try:
        sent = sent_or_held(view, file, held, of)
        report = _report(view, sent, of, apply=bool(held))
    except (PeopleError, SheetRefused) as refused:
        return _page(request, view, lang, of, refused=refused)
    if report.written:
        return RedirectResponse(address(f"{AT}/import", lang, of=of, done="imported"), status_code=303)
    key = "" if report.faults else hold(view, sent, of)
    return _page(request, view, lang, of, report=report, key=key)


def _tables(of: Group) -> Sequence[What]:
    return PEOPLE if of == "people" else ROSTER


def _report(view: View, sent: Sent, of: Group, *, apply: bool) -> FileReport:
    vault = keys_of(view)
    asked = Asked(scope=view.scope, actor=view.viewer.account_id, now=view.parts.clock(), apply=apply)
    with view.acting() as connection:
        return import_file(connection, vault, sent.name, sent.raw, _tables(of), asked)


def _page(
    request: Request,
    view: View,
    language: Language,
    of: Group,
    *,
    report: FileReport | None = None,
    key: str = "",
    refused: PeopleError | SheetRefused | None = None,
) -> HTMLResponse:
    zh = language == "zh"
    rows = [] if report is None else _rows(report, zh=zh)
    return people_page(
        request, view, "people_import.html", language, of=of, report=report, key=key,
        status=200 if refused is None and not (report and report.faults) else 422,
        told="" if refused is None else (refused.zh if zh else str(refused)),
        done=_done(request, zh=zh), counts=[] if report is None else _counts(report, zh=zh),
        action=f"{AT}/import", back=address(AT, language), **shown(rows, report.rows if report else 0),
        other=address(f"{AT}/import", language, of="roster" if of == "people" else "people"),
        empty=f"{AT}/template.xlsx?of={of}", out=f"{AT}/export.xlsx?of={of}",
    )  # fmt: skip


def _done(request: Request, *, zh: bool) -> str:
    if request.query_params.get("done") != "imported":
        return ""
    return "文件已导入。" if zh else "The file is imported."


def _counts(report: FileReport, *, zh: bool) -> list[tuple[str, str]]:
    """Each table of the file, and how many rows of it do what."""
    told = []
    for what, states in report.counts.items():
        words = [f"{_STATE_ZH[one] if zh else one} {states[one]}" for one in STATES if one in states]
        told.append((TABLES[what].zh if zh else _TABLE_EN[what], ("，" if zh else ", ").join(words) or "0"))
    return told


def _rows(report: FileReport, *, zh: bool) -> list[dict[str, Any]]:
    """Rows with faults first, each with all of its own; then what the others bring."""
    wrong = defaultdict(list)
    for fault in report.faults:
        wrong[fault.sheet, fault.row].append(f"{fault.column} {fault.zh if zh else fault.en}".strip())
    faulty = [{"sheet": sheet, "row": row, "faults": told} for (sheet, row), told in sorted(wrong.items())]
    return faulty + [
        {"sheet": one.sheet, "row": one.row, "state": _STATE_ZH[one.state] if zh else one.state}
        for one in report.changes
        if (one.sheet, one.row) not in wrong
    ]
