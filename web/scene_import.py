"""Things of one kind from a file in a browser: sent once and previewed, what is wrong beside its row; then written."""

from collections import defaultdict
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.places import place_names
from config.errors import SheetRefused
from scene.errors import SceneError
from scene.exporting import FORMS, export, kind_named, note_export, template
from scene.exporting import Form as FileForm
from scene.importing import STATES, Asked, SceneReport, State, import_file
from scene.kinds import shipped_kinds
from web.file_import import Sent, hold, sent_or_held, shown, workbook
from web.office import address, office_page
from web.pages import Language
from web.viewing import View, ViewOf, needs, needs_form

AT = "/scene"
RIGHT = "scene.edit"
_STATES: dict[State, tuple[str, str]] = {
    "new": ("新增", "new"),
    "changed": ("修改", "changed"),
    "unchanged": ("不变", "unchanged"),
}
_DATUMS = (
    ("cgcs2000", "CGCS2000（国家 2000）", "CGCS2000"),
    ("wgs84", "WGS 84（GPS）", "WGS 84 (GPS)"),
    ("gcj02", "GCJ-02（高德、腾讯）", "GCJ-02 (AMap, Tencent)"),
    ("bd09", "BD-09（百度）", "BD-09 (Baidu)"),
)
_FIELDS = ("kind", "datum", "source", "licence")

router = APIRouter(prefix=AT)


@router.get("/import", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def import_page(
    request: Request,
    view: ViewOf,
    kind: Annotated[str, Query(max_length=40)] = "",
    lang: Annotated[Language, Query()] = "zh",
) -> Response:
    """Where a file is chosen."""
    return _page(request, view, lang, {"kind": kind if kind in shipped_kinds() else next(iter(shipped_kinds()))})


@router.get("/template.xlsx", response_class=Response, dependencies=[needs(RIGHT)])
def empty_file(kind: Annotated[str, Query(max_length=40)]) -> Response:
    """An empty file with the heads of a kind."""
    return workbook(template(kind_named(kind)), f"{kind}-template.xlsx")


@router.get("/export/{form}", response_class=Response, dependencies=[needs(RIGHT)])
def export_file(form: FileForm, view: ViewOf, kind: Annotated[str, Query(max_length=40)]) -> Response:
    """The things of a kind in the scope, as Excel, CSV or GeoJSON; that they were taken is in the audit."""
    wanted = kind_named(kind)
    with view.connection() as connection:
        raw = export(connection, wanted, form)
    with view.acting() as acting:
        note_export(acting, wanted, form, actor=view.viewer.account_id, scope=view.scope)
    headers = {"Content-Disposition": f'attachment; filename="{wanted.id}.{form}"'}
    return Response(raw, media_type=FORMS[form][0], headers=headers)


@router.post("/import", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def preview_or_import(
    request: Request,
    view: ViewOf,
    *,
    file: UploadFile | None = None,
    held: Annotated[str, Form(max_length=40)] = "",
    of: Annotated[str, Form(max_length=3000)] = "",
    kind: Annotated[str, Form(max_length=40)] = "",
    datum: Annotated[str, Form(max_length=20)] = "cgcs2000",
    source: Annotated[str, Form(max_length=200)] = "",
    licence: Annotated[str, Form(max_length=300)] = "",
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """What a file would change, and nothing is changed; with the key of one that was previewed, it is written."""
    given = {"kind": kind, "datum": datum, "source": source.strip(), "licence": licence.strip()}
    if held:  # written as what it was previewed as, and as nothing else
        given = {name: text for name, text in parse_qsl(of) if name in _FIELDS}
    try:
        sent = sent_or_held(view, file, held, _purpose(given))
        report = _report(view, sent, given, apply=bool(held))
    except (SceneError, SheetRefused) as refused:
        return _page(request, view, lang, given, refused=refused)
    if report.written:
        return RedirectResponse(address(AT, lang, done="imported", kind=report.kind), status_code=303)
    key = "" if report.faults else hold(view, sent, _purpose(given))
    return _page(request, view, lang, given, report=report, key=key)


def _purpose(given: dict[str, str]) -> str:
    return f"scene?{urlencode({name: given.get(name, '') for name in _FIELDS})}"


def _report(view: View, sent: Sent, given: dict[str, str], *, apply: bool) -> SceneReport:
    asked = Asked(
        **{name: given.get(name, "") for name in _FIELDS},
        scope=view.scope, actor=view.viewer.account_id, now=view.parts.clock(), apply=apply,
    )  # fmt: skip
    with view.acting() as connection:
        return import_file(connection, sent.name, sent.raw, asked)


def _page(
    request: Request,
    view: View,
    language: Language,
    given: dict[str, str],
    *,
    report: SceneReport | None = None,
    key: str = "",
    refused: SceneError | SheetRefused | None = None,
) -> HTMLResponse:
    zh = language == "zh"
    rows = [] if report is None else _rows(view, report, zh=zh)
    kind = given.get("kind", "")
    return office_page(
        request, view, "scene_import.html", language, menu_at=AT,
        status=200 if refused is None and not (report and report.faults) else 422,
        told="" if refused is None else (refused.zh if zh else str(refused)),
        report=report, key=key, given=given, action=f"{AT}/import", back=address(AT, language),
        of=urlencode({name: given.get(name, "") for name in _FIELDS}) if key else "",
        counts=[] if report is None else [(_STATES[one][0 if zh else 1], report.count(one)) for one in STATES],
        kinds=[(name, one.zh if zh else one.en) for name, one in shipped_kinds().items()],
        datums=[(name, chinese if zh else english) for name, chinese, english in _DATUMS],
        accept=".xlsx,.csv,.geojson,.json", empty=f"{AT}/template.xlsx?kind={kind if kind in shipped_kinds() else ''}",
        **shown(rows, max(len(rows), report.rows if report else 0)),
    )  # fmt: skip


def _rows(view: View, report: SceneReport, *, zh: bool) -> list[dict[str, Any]]:
    """Rows with faults first, each with all of its own; then what the others bring."""
    wrong = defaultdict(list)
    for fault in report.faults:
        wrong[fault.row].append(f"{fault.column} {fault.zh if zh else fault.en}".strip())
    with view.acting() as connection:
        places = place_names(connection, {one.place for one in report.changes}, now=view.parts.clock())
    faulty = [{"row": row, "faults": told} for row, told in sorted(wrong.items())]
    return faulty + [
        {
            "row": one.row,
            "name": one.name,
            "place": places.get(one.place, ""),
            "state": _STATES[one.state][0 if zh else 1],
        }
        for one in report.changes
        if one.row not in wrong
    ]
