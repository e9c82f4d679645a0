"""People in need in a browser: numbers for those who may count, one record at a time for a reason that is logged."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from access.errors import AccountRefused, CannotOpen, FilterRefused, RecordError, RecordUnknown
from access.places import division_within, divisions_of, place_names
from access.records import Record, find, open_record, residents_in
from web.account_words import moment
from web.accounts_view import in_words
from web.office import address, office_page
from web.pages import Language
from web.records_view import KINDS, NEEDS, ONE, REASONS, counted, tabs, word
from web.viewing import View, ViewOf, needs, needs_form

AT = "/records"
ON_A_PAGE = 200

router = APIRouter(prefix=AT)

Lang = Annotated[Language, Query()]
Division = Annotated[str, Query(max_length=60)]


@router.get("", response_class=HTMLResponse, dependencies=[needs("records.count")])
def records_page(request: Request, view: ViewOf, division: Division = "", lang: Lang = "zh") -> Response:
    """How many there are, by division."""
    told, status, found = "", 200, None
    try:
        found = counted(view, division.strip())
    except AccountRefused as refused:
        told, status = in_words(refused, lang), 422
    return office_page(
        request, view, "records.html", lang, menu_at=AT, status=status, told=told, found=found,
        tabs=tabs(view, lang, "counts"), kinds=KINDS, needs=NEEDS, word=word, address=address,
    )  # fmt: skip


@router.get("/list", response_class=HTMLResponse, dependencies=[needs("records.open")])
def list_page(request: Request, view: ViewOf, division: Division = "", lang: Lang = "zh") -> Response:
    """Records of a division, without anything that tells who it is."""
    return _list(request, view, lang, division.strip())


@router.post("/{resident}/open", response_class=HTMLResponse, dependencies=[needs_form("records.open")])
def open_one(
    request: Request,
    view: ViewOf,
    resident: UUID,
    *,
    why: Annotated[str, Form(max_length=20)] = "",
    words: Annotated[str, Form(max_length=300)] = "",
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """The record, shown this once; its opening is in the audit before anything is handed out."""
    with view.connection() as connection:
        known = find(connection, resident)
    if known is None:
        raise RecordUnknown(str(resident))
    try:
        record = _opened(view, resident, why, words, lang)
    except AccountRefused as refused:
        return _list(request, view, lang, "", within=known.division_id, refused=refused)
    return _shown(request, view, lang, record)


def _opened(view: View, resident: UUID, why: str, words: str, language: Language) -> Record:
    vault = view.parts.vault
    if vault is None:
        raise AccountRefused(
            "this server has no key file, so no record can be opened: set SHIJING_ACCESS_KEY_FILE",
            "服务器未配置密钥文件，不能打开档案。请设置 SHIJING_ACCESS_KEY_FILE。",
        )
    if why not in REASONS or len("".join(words.split())) < 4:
        raise AccountRefused("choose a reason, and say in a few words what for", "请选择理由，并用四个字以上说明用途。")
    reason = f"{word(REASONS, why, language)}{'：' if language == 'zh' else ': '}{words}"
    try:
        with view.acting() as connection:
            return open_record(
                connection, vault, resident, actor=view.viewer.account_id, reason=reason, now=view.parts.clock()
            )
    except CannotOpen as error:
        raise AccountRefused("the record was sealed with another key", "档案由其他密钥加密，无法打开。") from error
    except RecordError as error:
        raise AccountRefused(str(error), "档案已到期清除，或理由不够具体。") from error


def _shown(request: Request, view: View, language: Language, record: Record) -> HTMLResponse:
    with view.acting() as connection:
        place = place_names(connection, [record.division_id], now=view.parts.clock())
    return office_page(
        request, view, "record_once.html", language, menu_at=AT, record=record,
        place=place.get(record.division_id, ""), kind=word(ONE, record.kind, language),
        needs=[word(NEEDS, one, language) for one in record.needs], at=moment(view.parts.clock()),
        back=address(f"{AT}/list", language),
    )  # fmt: skip


def _list(
    request: Request,
    view: View,
    language: Language,
    named: str,
    *,
    within: int | None = None,
    refused: AccountRefused | None = None,
) -> HTMLResponse:
    now, rows, places = view.parts.clock(), [], {}
    roots = list(view.scope.divisions)
    with view.connection() as connection:
        try:
            chosen = division_within(connection, named, view.scope, now=now) if named else within
        except AccountRefused as unknown:
            chosen, refused = None, unknown
        if chosen is None and refused is None and len(roots) == 1:
            chosen = roots[0]
        if chosen is not None:
            rows = residents_in(connection, chosen, at=now, most=ON_A_PAGE)
            places = place_names(connection, {row.division_id for row in rows}, now=now)
        choices = divisions_of(connection, view.scope, now=now)
    return office_page(
        request, view, "records_list.html", language, menu_at=AT, status=_status_of(refused),
        told="" if refused is None else in_words(refused, language), tabs=tabs(view, language, "list"),
        rows=rows, places=places, choices=choices, named=named, chosen=chosen, most=ON_A_PAGE,
        kinds=ONE, needs=NEEDS, reasons=[(key, word(REASONS, key, language)) for key in REASONS], word=word,
    )  # fmt: skip


def _status_of(refused: AccountRefused | None) -> int:
    """422 for a division that cannot be looked for, 409 for an opening that cannot be."""
    if refused is None:
        return 200
    return 422 if isinstance(refused, FilterRefused) else 409
