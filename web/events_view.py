"""What lists of events show, on the page with its small map and for a worker."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from access.errors import AccountRefused
from access.places import division_within, divisions_of, place_names
from alerts.acts import now as told_now
from config.database import Connection
from events.kinds import shipped_kinds
from events.listing import Event, Wanted, events, positions, tallies
from web.events_map import map_page
from web.events_who import READ
from web.events_words import (
    LEVELS,
    STATES,
    choices,
    duration,
    kind_icon,
    kind_name,
    moment,
    name_of,
    result_name,
    word,
)
from web.office import Tab, address
from web.pages import Language
from web.people_names import Names, names_of
from web.people_words import local
from web.viewing import View

AT = "/events"
ON_A_PAGE = 50
_ON_MAP = 500
_POSTS = 100  # posts up to this rank are asked to handle events; sections and bureaus are not


def tabs(view: View, language: Language, here: str) -> list[Tab]:
    """The parts of the page that the asker may go to."""
    zh = language == "zh"
    found = []
    if view.may(READ):
        found.append(Tab(href=address(AT, language), word="事件" if zh else "Events", here=here == "list"))
        found.append(
            Tab(href=address(f"{AT}/figures", language), word="办结统计" if zh else "Closure", here=here == "figures")
        )
    if view.may("events.report"):
        found.append(
            Tab(href=address(f"{AT}/report", language), word="上报事件" if zh else "Report", here=here == "report")
        )
        found.append(Tab(href=address(f"{AT}/mine", language), word="我的事件" if zh else "Mine", here=here == "mine"))
    return found


def list_page(request: Request, view: View, language: Language, asked: Mapping[str, str]) -> HTMLResponse:
    """What fits, fifty on a page; what is urgent and open first."""
    refused, status, rows, marks, names, places = "", 200, [], [], None, {}
    with view.connection() as connection:
        at = told_now(connection)
        try:
            rows = events(connection, _wanted(connection, view, asked), most=ON_A_PAGE + 1)
        except AccountRefused as error:
            refused, status = (error.zh if language == "zh" else str(error)), 422
        more, rows = len(rows) > ON_A_PAGE, rows[:ON_A_PAGE]
        day = local(at).replace(hour=0, minute=0, second=0, microsecond=0)
        count = tallies(connection, today=day)
        marks = positions(connection, most=_ON_MAP)
        names = names_of(view, connection, [one.assigned_to for one in rows if one.assigned_to])
        places = place_names(connection, {place for one in rows for place in one.place_ids()}, now=at)
        divisions = divisions_of(connection, view.scope, now=at)
    query = {name: text for name, text in asked.items() if name != "after"}
    return map_page(
        request, view, "events.html", language, menu_at=AT, status=status, told=refused,
        tabs=tabs(view, language, "list"), asked=asked, count=count,
        rows=[listed(one, places, names, at, language) for one in rows],
        states=[("open", "未办结" if language == "zh" else "open"), *choices(STATES, language)],
        levels=choices(LEVELS, language), divisions=divisions,
        kinds=[(kind.id, name_of(kind, language)) for kind in shipped_kinds().kinds.values()],
        onward=address(AT, language, **query, after=_after(rows[-1])) if more else "",
        first=address(AT, language, **query) if asked["after"] else "",
        only=lambda **more: address(AT, language, **more),
        marks=[_mark(one, language) for one in marks],
        files=address(f"{AT}/report.xlsx", language, day=day.date().isoformat()),
    )  # fmt: skip


def _wanted(connection: Connection, view: View, asked: Mapping[str, str]) -> Wanted:
    """What is asked for; raises AccountRefused for a division that is not in the scope."""
    within = None
    if asked["division"]:
        within = division_within(connection, asked["division"], view.scope, now=view.parts.clock())
    urgent, _, number = asked["after"].partition("-")
    after = (urgent == "1", int(number)) if number.isascii() and number.isdecimal() and len(number) < 19 else None
    return Wanted(
        state=None if asked["state"] == "all" else asked["state"] or "open",
        level=asked["level"] or None,
        kind=asked["kind"] or None,
        overdue=bool(asked["overdue"]),
        urgent=bool(asked["urgent"]),
        within=within,
        after=after,
    )


def _after(one: Event) -> str:
    return f"{int(one.urgent and one.state != 'closed')}-{one.id}"


def listed(
    one: Event, places: Mapping[int, str], names: Names, at: datetime, language: Language, base: str = AT
) -> dict[str, Any]:
    """One event as lists tell it."""
    return {
        "id": one.id,
        "way": address(f"{base}/{one.id}", language),
        "icon": kind_icon(one.kind),
        "kind": kind_name(one.kind, language),
        "urgent": one.urgent,
        "open": one.state != "closed",
        "place": _place(one, places),
        "no_grid": one.grid_id is None,
        "state": word(STATES, one.state, language),
        "level": word(LEVELS, one.closed_level or one.level, language),
        "reported": moment(one.reported_at),
        "due": _due(one, at, language),
        "late": one.overdue_at is not None or (one.due_at is not None and one.due_at < at),
        "who": names.of(one.assigned_to) if one.assigned_to else "",
        "result": result_name(one.result, language),
    }


def _place(one: Event, places: Mapping[int, str]) -> str:
    """The smallest two."""
    return " · ".join(reversed([places[place] for place in one.place_ids()[:2] if place in places]))


def _due(one: Event, at: datetime, language: Language) -> str:
    if one.due_at is None:
        return ""
    left = duration(abs(one.due_at - at), language)
    if one.due_at < at:
        return f"已超 {left}" if language == "zh" else f"{left} late"
    return f"剩 {left}" if language == "zh" else f"{left} left"


def _mark(one: Any, language: Language) -> dict[str, Any]:
    return {
        "lon": one.lon,
        "lat": one.lat,
        "strong": one.urgent or one.late,
        "icon": kind_icon(one.kind),
        "text": f"{kind_name(one.kind, language)} · {word(STATES, one.state, language)}",
        "way": address(f"{AT}/{one.id}", language),
    }


def own_rows(
    view: View, connection: Connection, rows: Iterable[Event], at: datetime, language: Language
) -> list[dict[str, Any]]:
    """A worker's events as their page lists them."""
    found = list(rows)
    names = names_of(view, connection, [one.assigned_to for one in found if one.assigned_to])
    places = place_names(connection, {place for one in found for place in one.place_ids()}, now=at)
    return [listed(one, places, names, at, language, f"{AT}/mine") for one in found]
