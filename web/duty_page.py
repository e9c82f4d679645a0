"""Who is on duty: now, and day by day for a week, with the times at which nobody is; shifts are added and cancelled."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.errors import AccountRefused
from access.places import Choice, division_within, place_names
from people.duty import OnDuty, on_duty
from people.errors import PeopleError, Refused, Unknown
from people.holdings import add_shift, cancel_shift
from people.listing import Own, shifts
from people.posts import shipped_posts
from people.week import Turn, Week, week_of
from web.office import address
from web.pages import Language
from web.people_names import EDIT, Names, check_kept, colleague, colleagues, kept_by, names_of, seen
from web.people_page import Short, Text
from web.people_view import divisions, people_page
from web.people_words import Refusal, day_begins, in_words, local, moment, post_choices, post_name, shift_time, weekday
from web.viewing import View, ViewOf, needs, needs_form

AT = "/duty"
_ALWAYS = 100  # posts up to this rank are listed although nobody has them: a gap is to be seen

router = APIRouter(prefix=AT)

Row = Annotated[int, Form(ge=0, le=2**63 - 1)]
Lang = Annotated[Language, Form()]


@router.get("", response_class=HTMLResponse, dependencies=[needs("people.read")])
def duty(
    request: Request,
    view: ViewOf,
    *,
    division: Annotated[str, Query(max_length=60)] = "",
    day: Annotated[str, Query(max_length=10)] = "",
    lang: Annotated[Language, Query()] = "zh",
) -> Response:
    """Of a division of the scope; a township where none is named."""
    return _page(request, view, lang, division, day)


@router.post("/shifts", response_class=HTMLResponse, dependencies=[needs_form(EDIT)])
def add(
    request: Request,
    view: ViewOf,
    *,
    division: Short = "",
    person: Text = "",
    post: Short = "",
    since: Short = "",
    until: Short = "",
    lang: Lang = "zh",
) -> Response:
    """One of one's own does a post's duty from when to when."""
    now = view.parts.clock()
    try:
        own = kept_by(view, now)
        with view.connection() as scoped, view.acting() as acting:
            where = division_within(scoped, division, view.scope, now=now)
            who = colleague(view, scoped, person, own, at=now)
            add_shift(acting, who, post, where, since=_given(since), until=_given(until), actor=view.viewer.account_id)
    except (PeopleError, AccountRefused) as refused:
        given = {"person": person, "post": post, "since": since, "until": until}
        return _page(request, view, lang, division, since[:10], refused=refused, refused_at="add", given=given)
    return RedirectResponse(address(AT, lang, division=division, day=since[:10]), status_code=303)


@router.post("/shifts/cancel", response_class=HTMLResponse, dependencies=[needs_form(EDIT)])
def cancel(
    request: Request, view: ViewOf, *, shift: Row = 0, division: Short = "", day: Short = "", lang: Lang = "zh"
) -> Response:
    """A shift that began ends now, one to come never was to be."""
    now = view.parts.clock()
    try:
        with view.connection() as scoped, view.acting() as acting:
            found = shifts(scoped, since=now, shift_id=shift)
            if not found:
                raise Unknown("there is no such shift to come", "没有这个班次，或已结束。")
            check_kept(seen(scoped, found[0].person_id, at=now), kept_by(view, now))
            if not found[0].in_scope:  # one's own people are seen wherever they have a shift
                raise Refused("the shift is for a division outside of your scope", "该班次的区划在您的范围之外。")
            begins = found[0].during.lower
            began = now if begins is not None and begins < now else None
            cancel_shift(acting, shift, at=began, actor=view.viewer.account_id)
    except (PeopleError, AccountRefused) as refused:
        return _page(request, view, lang, division, day, refused=refused, refused_at="cancel")
    return RedirectResponse(address(AT, lang, division=division, day=day), status_code=303)


def _given(text: str) -> datetime:
    at = moment(text)
    if at is None:
        raise Refused("a shift has a beginning and an end: give both", "请填写班次的开始和结束时间。")
    return at


def _page(
    request: Request,
    view: View,
    language: Language,
    division: str,
    day: str,
    *,
    refused: Refusal | None = None,
    refused_at: str = "",
    given: Mapping[str, str] | None = None,
) -> HTMLResponse:
    choices, own = divisions(view), kept_by(view, view.parts.clock())
    code = division or _first(choices)
    begins = local(_day(day) or view.parts.clock()).replace(hour=0, minute=0, second=0, microsecond=0)
    values: dict[str, Any] = {"week": None, "people": []}
    try:
        values = _values(view, choices, code, begins, language, own=own)
    except AccountRefused as error:  # no division of the scope
        refused, refused_at = refused or error, ""
    return people_page(
        request, view, "duty.html", language, menu_at=AT, status=200 if refused is None else 409,
        choices=choices, code=code,
        refused="" if refused is None else in_words(refused, language), refused_at=refused_at,
        keeps=bool(own), posts=post_choices(language),
        given=given or {}, before=_other(language, code, begins, -7), after=_other(language, code, begins, 7),
        this=address(AT, language, division=code), day=begins.date().isoformat(), **values,
    )  # fmt: skip


def _day(text: str) -> datetime | None:
    """A day that an address names; what is none is today."""
    try:
        return day_begins(text)
    except Refused:
        return None


def _other(language: Language, code: str, begins: datetime, days: int) -> str:
    return address(AT, language, division=code, day=(begins + timedelta(days=days)).date().isoformat())


def _first(choices: Sequence[Choice]) -> str:
    """The code of the first township of a scope, else of what there is."""
    townships = [one.code for one in choices if one.level == "township"]
    return next(iter(townships or [one.code for one in choices]), "")


def _level(choices: Sequence[Choice], code: str) -> str:
    return next((one.level for one in choices if code in (one.code, one.name)), "township")


def _values(
    view: View, choices: Sequence[Choice], code: str, begins: datetime, language: Language, *, own: Mapping[int, Own]
) -> dict[str, Any]:
    """Now and the week of one division; raises AccountRefused for one that is not in the scope."""
    now, level = view.parts.clock(), _level(choices, code)
    wanted = [post.id for post in shipped_posts() if post.level == level and post.rank <= _ALWAYS]
    with view.connection() as connection:
        where = division_within(connection, code, view.scope, now=now)
        week, standing = week_of(connection, where, begins, wanted), on_duty(connection, where, now)
        turns = shifts(connection, since=now, until=begins + timedelta(days=7), division_id=where)
        answering = [*standing, *_all(week)]
        people = {one.person_id for one in answering} | {one.person_id for one in turns}
        people |= {one.instead_of for one in answering if one.instead_of is not None}
        names = names_of(view, connection, people)
        places = place_names(connection, {one.division_id for one in standing}, now=now)
        mine = colleagues(view, connection, dict(own), at=now) if own else []
    there = {one.post for one in standing}
    return {
        "week": _week(week, names, language),
        "people": mine,
        "standing": [_one(one, names, places, where, language) for one in standing],
        "gaps": [post_name(post, language) for post in wanted if post not in there],
        "shifts": [
            {
                "id": one.id,
                "time": shift_time(one.during, language),
                "post": post_name(one.post, language),
                "name": names.of(one.person_id),
                "keeps": one.person_id in names.known and names.known[one.person_id].organisation_id in own,
            }
            for one in turns
        ],
    }


def _all(week: Week) -> list[OnDuty]:
    return [one for days in week.posts.values() for day in days for turn in day for one in turn.who]


def _one(one: OnDuty, names: Names, places: Mapping[int, str], where: int, language: Language) -> dict[str, Any]:
    return {
        "post": post_name(one.post, language),
        "name": names.of(one.person_id),
        "why": one.why,
        "instead_of": names.of(one.instead_of) if one.instead_of else "",
        "place": places.get(one.division_id, "") if one.division_id != where else "",
    }


def _week(week: Week, names: Names, language: Language) -> dict[str, Any]:
    days = [week.begins + timedelta(days=day) for day in range(7)]
    return {
        "days": [(f"{day:%m-%d}", weekday(day, language)) for day in days],
        "is_whole": week.is_whole,
        "posts": [
            (post_name(post, language), [[_turn(turn, names) for turn in day] for day in told])
            for post, told in week.posts.items()
        ],
    }


def _turn(turn: Turn, names: Names) -> dict[str, Any]:
    since, until = local(turn.since), local(turn.until)
    whole = turn.until - turn.since >= timedelta(days=1)
    end = "24:00" if until.date() > since.date() else f"{until:%H:%M}"
    return {
        "time": "" if whole else f"{since:%H:%M}–{end}",
        "who": [(names.of(one.person_id), one.why) for one in turn.who],
    }
