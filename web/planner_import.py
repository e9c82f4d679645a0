"""Official layers in a browser: sent, looked at, compared with what is there, made a draft of."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.accounts import is_within
from boundaries.errors import BoundaryError, DraftRefused
from boundaries.layer_draft import Making, make_draft
from boundaries.layer_uploads import MOST_BYTES, QUERIES, drop_upload, put_upload, uploads_of
from geo.conflation import Conflation
from geo.conflation_sort import Root
from geo.errors import GeoError, LayerError
from geo.layer_known import read_known
from geo.layer_table import FORMS
from web.account_words import moment
from web.api import as_json
from web.events_map import map_page
from web.layer_tables import read_upload
from web.office import address, office_page
from web.pages import Language
from web.planner_api import DRAW
from web.planner_import_map import found, looked_at
from web.planner_import_told import check_values, look_values
from web.planner_layers import Chosen, Look, check, chosen_of, look_at, own_upload
from web.viewing import View, ViewOf, needs, needs_form

MENU = "/planner"
AT = f"{MENU}/import"
router = APIRouter(prefix=AT)

ChosenAsked = Annotated[Chosen, Query()]


@router.get("", response_class=HTMLResponse, dependencies=[needs(DRAW)])
def import_page(request: Request, view: ViewOf, lang: Annotated[Language, Query()] = "zh") -> HTMLResponse:
    """Where a layer is chosen; and those that were sent within a day."""
    return _first_page(request, view, lang)


@router.post("", response_class=HTMLResponse, dependencies=[needs_form(DRAW)])
def send(
    request: Request,
    view: ViewOf,
    *,
    file: UploadFile | None = None,
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """Take a layer and show what it looks like; one that cannot be read is not kept."""
    raw = b"" if file is None else file.file.read(MOST_BYTES + 1)
    name = "?" if file is None else (file.filename or "?")
    try:
        if not raw:
            raise LayerError("choose a file first", "请先选择文件。")
        if len(raw) <= MOST_BYTES:
            read_upload(name, raw)
        with view.acting() as connection:
            made = put_upload(connection, view.viewer.account_id, name, raw, now=view.parts.clock())
    except (GeoError, DraftRefused) as refused:
        return _first_page(request, view, lang, told=refused.zh if lang == "zh" else str(refused))
    return RedirectResponse(address(f"{AT}/{made}", lang), status_code=303)


@router.get("/{upload:uuid}", response_class=HTMLResponse, dependencies=[needs(DRAW)])
def look_page(request: Request, view: ViewOf, upload: UUID, asked: ChosenAsked) -> HTMLResponse:
    """What the layer is taken to be, why, and what else it may be."""
    sent = own_upload(view, upload)
    told, look = "", None
    try:
        look = look_at(view, sent, asked)
        look.features()
    except GeoError as refused:
        told = refused.zh if asked.lang == "zh" else str(refused)
    if look is None:
        return _first_page(request, view, asked.lang, told=told)
    return map_page(
        request, view, "planner_import_look.html", asked.lang, menu_at=MENU, status=422 if told else 200, told=told,
        **look_values(look, asked.lang, at=f"{AT}/{upload}"), back=address(AT, asked.lang),
    )  # fmt: skip


@router.get("/{upload:uuid}/shapes", response_class=Response, dependencies=[needs(DRAW)])
def shapes(view: ViewOf, upload: UUID, asked: ChosenAsked) -> Response:
    """The layer for the small map, over what we have there."""
    look = look_at(view, own_upload(view, upload), asked)
    features, _ = look.features()
    with view.connection() as connection:
        return as_json(looked_at(features, read_known(connection, view.parts.clock()), look.level))


@router.get("/{upload:uuid}/check", response_class=HTMLResponse, dependencies=[needs(DRAW)])
def check_page(request: Request, view: ViewOf, upload: UUID, asked: ChosenAsked) -> HTMLResponse:
    """What the layer would change, what was mended and what was not, before a draft is made."""
    return _check_page(request, view, upload, asked)


@router.get("/{upload:uuid}/found", response_class=Response, dependencies=[needs(DRAW)])
def found_(view: ViewOf, upload: UUID, asked: ChosenAsked) -> Response:
    """The same for the small map."""
    result, _ = _compared(view, look_at(view, own_upload(view, upload), asked))
    return as_json(found(result, asked.lang))


@router.post("/{upload:uuid}/draft", response_class=HTMLResponse, dependencies=[needs_form(DRAW)])
def draft(
    request: Request,
    view: ViewOf,
    upload: UUID,
    *,
    choices: Annotated[str, Form(max_length=12_000)] = "",
    title: Annotated[str, Form(max_length=120)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """Make a draft of the layer: nothing is in force before it is reviewed and published as any other."""
    sent = own_upload(view, upload)
    asked = Chosen(lang=lang)
    try:
        asked = chosen_of(choices)
        result, _ = _compared(view, look_at(view, sent, asked))
        making = Making(title=title, note=note, official=not asked.derived, remove_gone=asked.gone)
        now, desk = view.parts.clock(), view.parts.desk
        with view.acting() as connection, connection.transaction():
            made = make_draft(connection, result, making, actor=view.viewer.account_id, now=now, desk=desk)
            connection.execute(QUERIES["drafted_upload"], {"id": upload, "draft": made.id})
    except (GeoError, BoundaryError) as refused:
        return _check_page(request, view, upload, asked, told=refused.zh if lang == "zh" else str(refused))
    return RedirectResponse(address(f"{MENU}/{made.id}", lang), status_code=303)


@router.post("/{upload:uuid}/drop", response_class=HTMLResponse, dependencies=[needs_form(DRAW)])
def drop(view: ViewOf, upload: UUID, lang: Annotated[Language, Form()] = "zh") -> Response:
    """Forget a layer now."""
    own_upload(view, upload)
    with view.acting() as connection:
        drop_upload(connection, view.viewer.account_id, upload)
    return RedirectResponse(address(AT, lang), status_code=303)


def _first_page(request: Request, view: View, language: Language, *, told: str = "") -> HTMLResponse:
    with view.acting() as connection:
        sent = uploads_of(connection, view.viewer.account_id, now=view.parts.clock())
    rows = [
        {"one": one, "sent": moment(one.sent_at),
         "way": address(f"{AT}/{one.id}", language), "drop": f"{AT}/{one.id}/drop",
         "draft": address(f"{MENU}/{one.draft_id}", language) if one.draft_id else ""}
        for one in sent
    ]  # fmt: skip
    return office_page(
        request, view, "planner_import.html", language, menu_at=MENU, status=422 if told else 200, told=told,
        action=AT, sent=rows, accept=",".join(FORMS), most=MOST_BYTES >> 20, back=address(MENU, language),
    )  # fmt: skip


def _check_page(request: Request, view: View, upload: UUID, asked: Chosen, *, told: str = "") -> HTMLResponse:
    at, sent = f"{AT}/{upload}", own_upload(view, upload)
    values: dict[str, Any] = {}
    try:
        look = look_at(view, sent, asked)
        result, roots = _compared(view, look)
        values = check_values(look, result, roots, asked.lang, at=at)
    except GeoError as refused:
        told = told or (refused.zh if asked.lang == "zh" else str(refused))
    back = f"{at}?{asked.query()}"
    if not values:
        return office_page(
            request, view, "planner_import_stop.html", asked.lang, menu_at=MENU, status=422, told=told, back=back
        )
    return map_page(
        request, view, "planner_import_check.html", asked.lang, menu_at=MENU, status=422 if told else 200, told=told,
        back=back, **values,
    )  # fmt: skip


def _compared(view: View, look: Look) -> tuple[Conflation, tuple[Root, ...]]:
    """The layer under a root that the viewer may draw under; those are told. Raises LayerError where there is none."""
    with view.acting() as connection:
        result = check(connection, look, view)
        allowed = tuple(root for root in result.roots if is_within(connection, root.id, view.scope))
        if not allowed:
            raise LayerError(
                "nothing of the layer lies in your divisions, or all of it under one that is above yours:"
                " ask a planner of the level above",
                "图层不在您的管辖范围内，或需由上级规划员建草案。",
            )
        if result.root not in allowed:
            chosen = look.chosen.model_copy(update={"root": allowed[0].id})
            result = check(connection, Look(**{**vars(look), "chosen": chosen}), view)
    return result, allowed
