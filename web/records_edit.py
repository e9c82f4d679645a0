"""People in need, kept in a browser: a record is entered, changed and ended by `records.edit`, without a look at it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.errors import AccountRefused, AccountUnknown, RecordError
from access.places import division_within, divisions_of, place_codes, place_names
from access.record_keeping import MAY_BE_CLEARED, Keeper, add_record, change_record, day_of
from access.record_words import Fault
from access.records import NEEDS as ALL_NEEDS
from access.records import Resident, end_term, find, residents_in
from web.accounts_view import in_words
from web.office import address, office_page
from web.pages import Language
from web.records_view import NEEDS, ONE, tabs, word
from web.records_words import DONE, FIELDS, faults_in_words, given_again, vault_of
from web.viewing import View, ViewOf, needs, needs_form

AT = "/records"
RIGHT = "records.edit"
ON_A_PAGE = 200

router = APIRouter(prefix=AT)

Lang = Annotated[Language, Query()]
FormLang = Annotated[Language, Form()]
Text = Annotated[str, Form(max_length=500)]


def _form(
    *,
    division: Annotated[str, Form(max_length=60)] = "",
    kind: Annotated[str, Form(max_length=20)] = "",
    name: Text = "",
    address: Text = "",
    phone: Text = "",
    note: Text = "",
    reference: Text = "",
    need: Annotated[list[str], Form(max_length=20)] = [],  # noqa: B006
    since: Annotated[str, Form(max_length=10)] = "",
    until: Annotated[str, Form(max_length=10)] = "",
) -> dict[str, str]:
    """A record as a form tells it, by our names of its columns."""
    personal = {"name": name, "address": address, "phone": phone, "note": note, "reference": reference}
    plain = {"division": division, "kind": kind, "needs": ",".join(need), "since": since, "until": until}
    return {column: text.strip() for column, text in (plain | personal).items()}


Given = Annotated[dict[str, str], Depends(_form)]


@router.get("/edit", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def kept_page(
    request: Request,
    view: ViewOf,
    division: Annotated[str, Query(max_length=60)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
    lang: Lang = "zh",
) -> Response:
    """Records of a division to be changed, without anything that tells who it is."""
    return _list(request, view, lang, division.strip(), done=done)


@router.get("/new", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def new_page(request: Request, view: ViewOf, lang: Lang = "zh") -> Response:
    """The form for a new one."""
    return _record_form(request, view, lang, {})


@router.post("", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def enter(request: Request, view: ViewOf, given: Given, lang: FormLang = "zh") -> Response:
    """A new record in the scope."""
    try:
        vault, coded = vault_of(view), _coded(view, given)
        with view.acting() as connection:
            made = add_record(connection, vault, coded, keeper_of(view))
    except AccountRefused as refused:
        return _record_form(request, view, lang, given, refused=refused)
    if not isinstance(made, UUID):
        return _record_form(request, view, lang, given, faults=made)
    return RedirectResponse(address(f"{AT}/edit", lang, division=coded["division"], done="added"), status_code=303)


@router.get("/{resident}/edit", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def change_page(request: Request, view: ViewOf, resident: UUID, lang: Lang = "zh") -> Response:
    """The form for one that is there: what is personal is not shown, and stays where nothing is written over it."""
    known = _found(view, resident)
    return _record_form(request, view, lang, _told(view, known), known=known)


@router.post("/{resident}/edit", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def change(
    request: Request,
    view: ViewOf,
    resident: UUID,
    given: Given,
    clear: Annotated[list[str], Form(max_length=20)] = [],  # noqa: B006
    lang: FormLang = "zh",
) -> Response:
    """Change what was given."""
    known = _found(view, resident)
    try:
        vault, coded = vault_of(view), _coded(view, given)
        with view.acting() as connection:
            faults = change_record(connection, vault, resident, coded, keeper_of(view), clear=clear)
    except AccountRefused as refused:
        return _record_form(request, view, lang, given, known=known, refused=refused, cleared=clear)
    except RecordError:  # it was ended and erased, or moved away, since it was found
        raise AccountUnknown("record") from None
    if faults:
        return _record_form(request, view, lang, given, known=known, faults=faults, cleared=clear)
    return RedirectResponse(address(f"{AT}/edit", lang, division=coded["division"], done="changed"), status_code=303)


@router.post("/{resident}/end", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def end(request: Request, view: ViewOf, resident: UUID, lang: FormLang = "zh") -> Response:
    """They moved away, or need it no more: it ends now, and what is personal is erased after its term."""
    known = _found(view, resident)
    with view.acting() as connection:
        is_ended = end_term(connection, resident, actor=view.viewer.account_id, at=view.parts.clock())
        code = place_codes(connection, [known.division_id], now=view.parts.clock()).get(known.division_id, "")
    if not is_ended:
        refused = AccountRefused("the record has ended, or has not begun", "该档案已结束或尚未开始。")
        return _record_form(request, view, lang, _told(view, known), known=known, refused=refused)
    return RedirectResponse(address(f"{AT}/edit", lang, division=code, done="ended"), status_code=303)


def keeper_of(view: View) -> Keeper:
    """Whoever asks, as one who keeps records."""
    return Keeper(scope=view.scope, actor=view.viewer.account_id, now=view.parts.clock())


def _found(view: View, resident: UUID) -> Resident:
    """Raises AccountUnknown for one beyond the scope, as for one that there is not."""
    with view.connection() as connection:
        known = find(connection, resident)
    if known is None:
        raise AccountUnknown("record")
    return known


def _coded(view: View, given: dict[str, str]) -> dict[str, str]:
    """The same with the code of its division, which a form may call by its name; raises AccountRefused."""
    now, named = view.parts.clock(), given["division"]
    if not named or named.isdigit():
        return given
    with view.acting() as connection:
        division = division_within(connection, named, view.scope, now=now)
        return {**given, "division": place_codes(connection, [division], now=now).get(division, "")}


def _told(view: View, known: Resident) -> dict[str, str]:
    """What a form shows of one that is there."""
    now = view.parts.clock()
    with view.acting() as connection:
        code = place_codes(connection, [known.division_id], now=now).get(known.division_id, "")
    plain = {"division": code, "kind": known.kind, "needs": ",".join(known.needs)}
    return {**plain, "since": day_of(known.valid.lower), "until": day_of(known.valid.upper)}


def _record_form(
    request: Request,
    view: View,
    language: Language,
    given: dict[str, str],
    *,
    known: Resident | None = None,
    faults: Sequence[Fault] = (),
    refused: AccountRefused | None = None,
    cleared: Sequence[str] = (),
) -> HTMLResponse:
    with view.acting() as connection:
        choices = divisions_of(connection, view.scope, now=view.parts.clock())
    return office_page(
        request, view, "record_form.html", language, menu_at=AT,
        status=422 if faults else 200 if refused is None else 409,
        told="" if refused is None else in_words(refused, language), tabs=tabs(view, language, "edit"),
        faults=faults_in_words(faults, language), wrong={fault.column for fault in faults},
        given=given_again(given), ticked=given.get("needs", "").split(","), known=known, choices=choices,
        kinds=[(key, word(ONE, key, language)) for key in ONE], cleared=cleared,
        may_be_cleared=[(key, FIELDS[key][0 if language == "zh" else 1]) for key in MAY_BE_CLEARED],
        all_needs=[(key, word(NEEDS, key, language)) for key in ALL_NEEDS], back=address(f"{AT}/edit", language),
    )  # fmt: skip


def _list(request: Request, view: View, language: Language, named: str, *, done: str) -> HTMLResponse:
    now, refused, chosen = view.parts.clock(), None, view.scope.only()
    rows: list[Resident] = []
    places: dict[int, str] = {}
    with view.connection() as connection:
        try:
            chosen = division_within(connection, named, view.scope, now=now) if named else chosen
        except AccountRefused as unknown:
            chosen, refused = None, unknown
        if chosen is not None:
            rows = residents_in(connection, chosen, at=now, to_come=True, most=ON_A_PAGE)
            places = place_names(connection, {row.division_id for row in rows}, now=now)
        choices = divisions_of(connection, view.scope, now=now)
    return office_page(
        request, view, "records_edit.html", language, menu_at=AT, status=200 if refused is None else 409,
        told="" if refused is None else in_words(refused, language), tabs=tabs(view, language, "edit"),
        done=DONE[done][0 if language == "zh" else 1] if done in DONE else "",
        rows=[_row(row, places, language, now) for row in rows], choices=choices, named=named, chosen=chosen,
        most=ON_A_PAGE, new=address(f"{AT}/new", language), bring=address(f"{AT}/import", language),
    )  # fmt: skip


def _row(row: Resident, places: dict[int, str], language: Language, now: datetime) -> dict[str, Any]:
    return {
        "id": str(row.id)[:8],
        "way": address(f"{AT}/{row.id}/edit", language),
        "place": places.get(row.division_id, ""),
        "kind": word(ONE, row.kind, language),
        "needs": [word(NEEDS, one, language) for one in row.needs],
        "since": day_of(row.valid.lower),
        "until": day_of(row.valid.upper),
        "to_come": row.valid.lower is not None and row.valid.lower > now,
    }
