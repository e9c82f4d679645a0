"""What is changed of one person in a browser: fields, term, posts, absences. (What may be: people/.)"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.errors import AccountRefused
from access.places import division_within
from config.database import Connection
from people.absences import add_absence, end_absence
from people.errors import PeopleError, Unknown
from people.holdings import end_post, hold_post
from people.listing import Staff, absences, holdings_of, own_organisations
from people.persons import change_term, leave, renew_term
from people.private import change_private, open_private, private
from web.office import address
from web.pages import Language
from web.people_names import check_kept, colleague, seen
from web.people_page import Short, Text, keys_of, skills_of
from web.people_view import AT, card_page
from web.people_words import day_begins, day_ends
from web.viewing import View, ViewOf, needs_form

router = APIRouter(prefix=AT)

EDIT = needs_form("people.edit")
Lang = Annotated[Language, Form()]
Row = Annotated[int, Form(ge=0, le=2**63 - 1)]

# What is done to somebody who was found: on the connection that shows the scope, and on the one that may change.
Act = Callable[[Connection, Connection, Staff, datetime], str | None]


@router.post("/{person}/change", response_class=HTMLResponse, dependencies=[EDIT])
def change(
    request: Request,
    view: ViewOf,
    person: UUID,
    *,
    name: Text = "",
    phone: Short = "",
    email: Text = "",
    employment: Short = "",
    skills: Text = "",
    lang: Lang = "zh",
) -> Response:
    """Other personal fields; another employment or other skills from now on."""

    def act(_: Connection, acting: Connection, one: Staff, at: datetime) -> str:
        vault, fields = keys_of(view), private(name, phone, email)
        kind, told = employment or one.employment or "full_time", skills_of(skills)
        by, differs = view.viewer.account_id, False
        if open_private(acting, vault, [one.id]).get(one.id) != fields:
            change_private(acting, vault, one.id, fields, actor=by)
            differs = True
        if one.employment is not None and (kind, sorted(told)) != (one.employment, one.skills):
            change_term(acting, one.id, at=at, employment=kind, skills=told, actor=by)  # type: ignore[arg-type]
            differs = True
        return "changed" if differs else "unchanged"

    given = {"name": name, "phone": phone, "email": email, "employment": employment, "skills": skills}
    return _acted(request, view, lang, person, act, "changed", at_form="change", given=given)


@router.post("/{person}/end", response_class=HTMLResponse, dependencies=[EDIT])
def end(request: Request, view: ViewOf, person: UUID, *, until: Short = "", lang: Lang = "zh") -> Response:
    """They leave with the end of a day; an empty field: now."""

    def act(_: Connection, acting: Connection, one: Staff, at: datetime) -> None:
        leave(acting, one.id, at=day_ends(until) or at, actor=view.viewer.account_id)

    return _acted(request, view, lang, person, act, "ended", at_form="end", given={"until": until})


@router.post("/{person}/renew", response_class=HTMLResponse, dependencies=[EDIT])
def renew(
    request: Request, view: ViewOf, person: UUID, *, since: Short = "", employment: Short = "", lang: Lang = "zh"
) -> Response:
    """Who left serves again."""

    def act(_: Connection, acting: Connection, one: Staff, at: datetime) -> None:
        kind = employment or one.employment or "full_time"
        renew_term(
            acting,
            one.id,
            since=day_begins(since) or at,
            employment=kind,  # type: ignore[arg-type]  # it is checked there
            skills=one.skills,
            actor=view.viewer.account_id,
        )

    return _acted(request, view, lang, person, act, "renewed", at_form="renew", given={"since": since})


@router.post("/{person}/posts", response_class=HTMLResponse, dependencies=[EDIT])
def hold(
    request: Request,
    view: ViewOf,
    person: UUID,
    *,
    post: Short = "",
    division: Short = "",
    since: Short = "",
    lang: Lang = "zh",
) -> Response:
    """They hold a post for a division of the scope from a day on."""

    def act(connection: Connection, acting: Connection, one: Staff, at: datetime) -> None:
        where = division_within(connection, division.strip(), view.scope, now=at)
        hold_post(acting, one.id, post, where, since=day_begins(since) or at, actor=view.viewer.account_id)

    given = {"post": post, "division": division, "since": since}
    return _acted(request, view, lang, person, act, "held", at_form="hold", given=given)


@router.post("/{person}/posts/end", response_class=HTMLResponse, dependencies=[EDIT])
def release(
    request: Request, view: ViewOf, person: UUID, *, held: Row = 0, until: Short = "", lang: Lang = "zh"
) -> Response:
    """They hold a post until the end of a day; it stays in the history."""

    def act(connection: Connection, acting: Connection, one: Staff, at: datetime) -> None:
        found = next((row for row in holdings_of(connection, one.id) if row.id == held and row.in_scope), None)
        if found is None:
            raise Unknown("there is no such post of theirs, or it was changed since", "没有这个岗位，或刚被他人修改。")
        when = day_ends(until) or at
        end_post(acting, one.id, found.post, found.division_id, at=when, actor=view.viewer.account_id)

    return _acted(request, view, lang, person, act, "released", at_form=f"held-{held}", given={"until": until})


@router.post("/{person}/absences", response_class=HTMLResponse, dependencies=[EDIT])
def away(
    request: Request,
    view: ViewOf,
    person: UUID,
    *,
    kind: Short = "",
    since: Short = "",
    until: Short = "",
    stand_in: Text = "",
    lang: Lang = "zh",
) -> Response:
    """They are away from a day on, to the end of another; somebody of one's own may stand in."""

    def act(connection: Connection, acting: Connection, one: Staff, at: datetime) -> None:
        own = own_organisations(connection, at)
        other = colleague(view, connection, stand_in, own, at=at) if stand_in.strip() else None
        add_absence(
            acting,
            one.id,
            since=day_begins(since) or at,
            until=day_ends(until),
            kind=kind,  # type: ignore[arg-type]  # it is checked there
            stand_in_id=other,
            actor=view.viewer.account_id,
        )

    given = {"kind": kind, "since": since, "until": until, "stand_in": stand_in}
    return _acted(request, view, lang, person, act, "away", at_form="away", given=given)


@router.post("/{person}/absences/end", response_class=HTMLResponse, dependencies=[EDIT])
def back(
    request: Request, view: ViewOf, person: UUID, *, absence: Row = 0, until: Short = "", lang: Lang = "zh"
) -> Response:
    """They are back: with the end of a day, or (empty) now."""

    def act(connection: Connection, acting: Connection, one: Staff, at: datetime) -> None:
        if not absences(connection, since=at, person_id=one.id, absence_id=absence):
            raise Unknown(
                "there is no such absence of theirs, or it was changed since", "没有这条请假，或刚被他人修改。"
            )
        end_absence(acting, absence, at=day_ends(until) or at, actor=view.viewer.account_id)

    return _acted(request, view, lang, person, act, "back", at_form=f"absence-{absence}", given={"until": until})


def _acted(
    request: Request,
    view: View,
    language: Language,
    person_id: UUID,
    act: Act,
    done: str,
    *,
    at_form: str,
    given: dict[str, str],
) -> Response:
    """Do it for somebody of the scope who is the asker's to keep, and go back to the card; or show it with why not.

    Raises PersonUnknownError beyond the scope.
    """
    at = view.parts.clock()
    try:
        with view.connection() as connection:
            one = seen(connection, person_id, at=at)
            check_kept(one, own_organisations(connection, at))
            with view.acting() as acting, acting.transaction():
                done = act(connection, acting, one, at) or done
    except (PeopleError, AccountRefused) as refused:
        return card_page(
            request, view, language, person_id, refused=refused, refused_at=at_form, given={"form": at_form, **given}
        )
    return RedirectResponse(address(f"{AT}/{person_id}", language, done=done), status_code=303)
