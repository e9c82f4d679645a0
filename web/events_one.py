"""What the page of one event shows: where and what, its steps, and the taps that it waits for."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import Request
from fastapi.responses import HTMLResponse

from access.errors import CannotOpen
from access.places import place_names
from alerts.acts import now as told_now
from events.errors import EventError
from events.kinds import LEVELS as ALL_LEVELS
from events.kinds import shipped_kinds
from events.listing import Event, Step, steps
from events.private import open_text
from people.duty import OnDuty, on_duty
from people.posts import shipped_posts
from web.account_words import moment
from web.events_map import map_page
from web.events_view import AT, listed, tabs
from web.events_who import HANDLE, handles, reads_private, seen
from web.events_words import (
    ACTS,
    DONE,
    LEVELS,
    WAYS,
    duration,
    kind_icon,
    kind_name,
    reason_name,
    refused_in_words,
    result_name,
    said,
    word,
)
from web.office import address
from web.pages import Language
from web.people_names import Names, names_of
from web.people_words import post_name
from web.viewing import View

_POSTS = 100  # posts up to this rank are asked to handle events; sections and bureaus are not


def one_page(
    request: Request,
    view: View,
    language: Language,
    number: int,
    *,
    done: str = "",
    refused: EventError | None = None,
    photo: str = "",
) -> HTMLResponse:
    """One event; raises EventUnknown beyond the scope."""
    with view.connection() as connection:
        at = told_now(connection)
        one = seen(connection, number)
        there = [duty for duty in on_duty(connection, one.place_ids()[0], at) if _handles_events(duty)]
        taken = steps(connection, number)
        people = (
            {step.person_id for step in taken} | {duty.person_id for duty in there} | {one.reporter, one.assigned_to}
        )
        names = names_of(view, connection, [person for person in people if person is not None])
        divisions = {*one.place_ids(), *(step.division_id for step in taken), *(duty.division_id for duty in there)}
        places = place_names(connection, divisions, now=at)
        may = view.may(HANDLE) and handles(connection, view, one)
        reads = reads_private(connection, view, one)
    return map_page(
        request, view, "event.html", language, menu_at=AT, status=200 if refused is None else 409,
        told="" if refused is None else refused_in_words(refused, language), tabs=tabs(view, language, ""),
        done=word(DONE, done, language) if done in DONE else "", one=one,
        about=listed(one, places, names, at, language),
        path=[places.get(place, "") for place in reversed(one.place_ids())],
        happened=moment(one.happened_at), reported=moment(one.reported_at),
        reporter=names.of(one.reporter), from_where=word(WAYS, one.way, language),
        closed=moment(one.closed_at), taken_s=None if one.closed_at is None
        else duration(one.closed_at - one.reported_at, language),
        steps=[_step(step, places, names, language) for step in taken],
        text=_text(view, one) if reads else "", photo=photo, reads=reads,
        duty=[_duty(duty, names, places, language) for duty in there], may=may, key=uuid4(),
        results=said(shipped_kinds().results, language), reasons=said(shipped_kinds().reasons, language),
        returns=said(shipped_kinds().returns, language), base=f"{AT}/{one.id}", back=address(AT, language),
        top=one.level == _highest(one), marks=[] if one.lon is None else [_mark_of(one, language)],
    )  # fmt: skip


def _highest(one: Event) -> str:
    return [level for level in ALL_LEVELS if getattr(one, f"{level}_id") is not None][-1]


def _mark_of(one: Event, language: Language) -> dict[str, Any]:
    strong = one.state != "closed" and (one.urgent or one.overdue_at is not None)
    text = kind_name(one.kind, language)
    return {"lon": one.lon, "lat": one.lat, "strong": strong, "icon": kind_icon(one.kind), "text": text, "way": ""}


def _handles_events(duty: OnDuty) -> bool:
    post = shipped_posts().get(duty.post)
    return post is not None and post.rank <= _POSTS


def _text(view: View, one: Event) -> str:
    """The words, where there is a key to open them with."""
    if view.parts.vault is None or not one.has_text:
        return ""
    try:
        with view.acting() as acting:
            return open_text(acting, view.parts.vault, one.id)
    except CannotOpen:
        return ""


def _step(step: Step, places: Mapping[int, str], names: Names, language: Language) -> dict[str, Any]:
    return {
        "time": moment(step.time),
        "act": word(ACTS, step.act, language),
        "level": word(LEVELS, step.level, language),
        "place": places.get(step.division_id, ""),
        "who": names.of(step.person_id) if step.person_id else "",
        "by_system": step.actor is None,
        "what": result_name(step.result, language) or reason_name(step.reason, language),
        "took": "" if step.since is None or step.time <= step.since else duration(step.time - step.since, language),
        "late": step.late,
    }


def _duty(duty: OnDuty, names: Names, places: Mapping[int, str], language: Language) -> dict[str, Any]:
    return {
        "person": duty.person_id,
        "division": duty.division_id,
        "name": names.of(duty.person_id),
        "post": post_name(duty.post, language),
        "place": places.get(duty.division_id, ""),
    }
