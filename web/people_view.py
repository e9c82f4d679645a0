"""What the pages of people show: a list, a form for somebody new, and one person with all that they hold."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse

from access.places import Choice, divisions_of, place_names
from config.database import Connection
from people.listing import (
    Absence,
    Held,
    Shift,
    Staff,
    Wanted,
    absences,
    holdings_of,
    own_organisations,
    shifts,
    staff,
    terms_of,
)
from people.organisations import organisations
from web.office import address, office_page
from web.pages import Language
from web.people_names import EDIT, Names, colleagues, kept_by, names_of, no_names, seen, sought
from web.people_words import (
    DONE,
    EMPLOYMENTS,
    KINDS,
    SERVING,
    Refusal,
    beginning,
    choices,
    ending,
    in_words,
    local,
    number,
    post_choices,
    post_name,
    shift_time,
    span,
    uuid,
    word,
)
from web.viewing import View

AT = "/people"
ON_A_PAGE = 50
_PAST = timedelta(days=365)  # how long absences that are over are shown


def people_page(request: Request, view: View, template: str, language: Language, **values: Any) -> HTMLResponse:
    """A page of people in the frame."""
    return office_page(
        request, view, template, language, no_names=no_names(view),
        **{"menu_at": AT, "refused_at": "", "given": {}, **values},
    )  # fmt: skip


def list_page(request: Request, view: View, language: Language, asked: Mapping[str, str]) -> HTMLResponse:
    """The people of the scope that fit, fifty on a page."""
    at = view.parts.clock()
    with view.connection() as connection:
        wanted = _wanted(view, asked)
        found = staff(connection, wanted, at=at, most=ON_A_PAGE + 1)
        rows, more = found[:ON_A_PAGE], len(found) > ON_A_PAGE
        names = names_of(
            view, connection, [*(one.id for one in rows), *(one.stand_in_id for one in rows if one.stand_in_id)]
        )
        places = place_names(connection, {_held_for(held) for one in rows for held in one.posts}, now=at)
        known = organisations(connection, at)
    query = {name: text for name, text in asked.items() if name != "after"}
    return people_page(
        request, view, "people.html", language, asked=asked,
        rows=[listed(one, names, places, at, language) for one in rows],
        organisations=[(one.id, one.name) for one in known], posts=post_choices(language),
        states=choices(SERVING, language), new=address(f"{AT}/new", language) if view.may(EDIT) else "",
        files=address(f"{AT}/import", language),
        onward=address(AT, language, **query, after=rows[-1].id) if more else "",
        first=address(AT, language, **query) if asked["after"] else "",
    )  # fmt: skip


def _wanted(view: View, asked: Mapping[str, str]) -> Wanted:
    ids, staff_number = sought(view, asked["q"]) if asked["q"] else (None, None)
    return Wanted(
        ids=ids,
        number=staff_number,
        organisation_id=number(asked["organisation"]),
        post=asked["post"] or None,
        serving={"yes": True, "no": False}.get(asked["state"]),
        absent=bool(asked["absent"]),
        after=uuid(asked["after"]),
    )


def _held_for(held: str) -> int:
    return int(held.partition(" ")[2])


def listed(one: Staff, names: Names, places: Mapping[int, str], at: datetime, language: Language) -> dict[str, Any]:
    """Somebody as a list tells them."""
    return {
        "way": address(f"{AT}/{one.id}", language),
        "name": names.of(one.id),
        "staff_number": one.staff_number,
        "organisation": one.organisation,
        "posts": [(post_name(held.partition(" ")[0], language), places.get(_held_for(held), "")) for held in one.posts],
        "state": _state(one, at, language),
        "serves": _serves(one, at),
        "away": None if one.away is None else _away(one, names, language),
    }


def _serves(one: Staff, at: datetime) -> bool:
    return one.valid is not None and (one.valid.upper is None or one.valid.upper > at)


def _state(one: Staff, at: datetime, language: Language) -> str:
    zh, valid = language == "zh", one.valid
    if valid is None or valid.lower is None:
        return "—"
    if valid.upper is not None and valid.upper <= at:
        return f"{ending(valid.upper)} 离职" if zh else f"left {ending(valid.upper)}"
    if valid.lower > at:
        return f"{beginning(valid.lower)} 起任职" if zh else f"from {beginning(valid.lower)}"
    if valid.upper is not None:
        return f"至 {ending(valid.upper)}" if zh else f"until {ending(valid.upper)}"
    return word(SERVING, "yes", language)


def _away(one: Staff, names: Names, language: Language) -> dict[str, str]:
    until = ending(one.away_during.upper) if one.away_during else ""
    return {
        "kind": word(KINDS, one.away or "other", language),
        "until": until and (f"至 {until}" if language == "zh" else f"until {until}"),
        "stand_in": names.of(one.stand_in_id) if one.stand_in_id else "",
    }


def new_page(
    request: Request, view: View, language: Language, *, refused: Refusal | None = None, **given: str
) -> HTMLResponse:
    """The form for somebody new; with what was given, where it was refused."""
    at = view.parts.clock()
    with view.connection() as connection:
        own = own_organisations(connection, at)
    return people_page(
        request, view, "people_new.html", language, status=200 if refused is None else 409,
        refused="" if refused is None else in_words(refused, language), refused_at="" if refused is None else "add",
        organisations=[(one.id, one.name) for one in own.values()], employments=choices(EMPLOYMENTS, language),
        posts=post_choices(language), choices=divisions(view), today=local(at).date().isoformat(), given=given,
        back=address(AT, language),
    )  # fmt: skip


def divisions(view: View) -> list[Choice]:
    """Those of the asker's scope, to choose from."""
    with view.connection() as connection:
        return divisions_of(connection, view.scope, now=view.parts.clock())


def card_page(
    request: Request,
    view: View,
    language: Language,
    person_id: UUID,
    *,
    done: str = "",
    refused: Refusal | None = None,
    refused_at: str = "",
    given: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """One person, and what may be done for them; raises PersonUnknownError beyond the scope."""
    at = view.parts.clock()
    own = kept_by(view, at)
    with view.connection() as connection:
        one = seen(connection, person_id, at=at)
        values = _card(view, connection, one, at, language)
        keeps = one.organisation_id in own
        stand_ins = colleagues(view, connection, own, at=at, without=one.id) if keeps else []
    return people_page(
        request, view, "person.html", language, status=200 if refused is None else 409,
        refused="" if refused is None else in_words(refused, language), refused_at=refused_at, given=given or {},
        done=word(DONE, done, language) if done in DONE else "", one=one, keeps=keeps, stand_ins=stand_ins,
        posts=post_choices(language), kinds=choices(KINDS, language), employments=choices(EMPLOYMENTS, language),
        choices=divisions(view) if keeps else [], base=f"{AT}/{one.id}", back=address(AT, language),
        today=local(at).date().isoformat(), **values,
    )  # fmt: skip


def _card(view: View, connection: Connection, one: Staff, at: datetime, language: Language) -> dict[str, Any]:
    held, turns = holdings_of(connection, one.id), shifts(connection, since=at, person_id=one.id)
    away = absences(connection, since=at - _PAST, person_id=one.id)
    stands_in = absences(connection, since=at, stands_in=one.id)
    people = {one.id, *(absence.stand_in_id for absence in away), *(absence.person_id for absence in stands_in)} - {
        None
    }
    names = names_of(view, connection, [person for person in people if person is not None])
    places = place_names(connection, {row.division_id for row in (*held, *turns)}, now=at)
    fields = names.opened.get(one.id)
    return {
        "name": names.of(one.id),
        "fields": fields,
        "serves": _serves(one, at),
        "state": _state(one, at, language),
        "employment": word(EMPLOYMENTS, one.employment or "", language),
        "skills": "、".join(one.skills) if language == "zh" else ", ".join(one.skills),
        "terms": [
            (span(term.valid, language), word(EMPLOYMENTS, term.employment, language), "、".join(term.skills))
            for term in terms_of(connection, one.id)
        ],
        "held": [_held(row, places, at, language) for row in held],
        "shifts": [_shift(row, places, language) for row in turns],
        "absences": [_absence(row, names, at, language) for row in away],
        "stands_in": [(names.of(row.person_id), span(row.during, language)) for row in stands_in],
    }


def _held(row: Held, places: Mapping[int, str], at: datetime, language: Language) -> dict[str, Any]:
    return {
        "id": row.id,
        "post": post_name(row.post, language),
        "place": places.get(row.division_id, ""),
        "span": span(row.during, language),
        "over": row.during.upper is not None and row.during.upper <= at,
        "keeps": row.in_scope,
    }


def _shift(row: Shift, places: Mapping[int, str], language: Language) -> dict[str, Any]:
    place = places.get(row.division_id, "")
    return {"time": shift_time(row.during, language), "post": post_name(row.post, language), "place": place}


def _absence(row: Absence, names: Names, at: datetime, language: Language) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": word(KINDS, row.kind, language),
        "span": span(row.during, language),
        "stand_in": names.of(row.stand_in_id) if row.stand_in_id else "",
        "over": row.during.upper is not None and row.during.upper <= at,
    }
