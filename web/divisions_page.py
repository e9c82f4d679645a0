"""Divisions in a browser: found by a name or code of any time, where anything belonged, one with its life, totals."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from boundaries.totals import Level, What
from config.errors import ShijingError
from geo.history import Views
from geo.lineage import find
from web.divisions_asked import (
    Number,
    Unplaced,
    counted,
    may_count,
    noon,
    of_point,
    of_sensor,
    position_of,
    totals_of,
)
from web.divisions_sheets import GRADES, LEVELS, WHATS, map_word
from web.divisions_view import AT, found_row, one_page, other_word, path_words, tabs, totals_rows
from web.errors import AskedWrongError, SensorUnknownError
from web.office import office_page
from web.pages import Language
from web.people_words import local
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix=AT)

_READ = "map.read"
Lang = Annotated[Language, Query()]
Short = Annotated[str, Query(max_length=60)]
OnMap = Annotated[str, Query(alias="map", pattern=r"^(today|[0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
Day = Annotated[str, Query(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]


@router.get("", response_class=HTMLResponse, dependencies=[needs(_READ)])
def divisions_page(
    request: Request, view: ViewOf, *, q: Short = "", place: Short = "", at: Day = "", lang: Lang = "zh"
) -> Response:
    """Divisions by a name or code of any time; and where a position or a sensor belonged on a day."""
    zh, told, status, where = lang == "zh", "", 200, None
    with view.connection() as connection:
        rows = find(connection, q.strip(), partly=True, most=100) if q.strip() else []
    if place.strip():
        try:
            where = _where(view, place.strip(), at)
        except ShijingError as refused:
            told, status = (getattr(refused, "zh", "") if zh else "") or str(refused), 422
    three = [] if where is None else [
        ("then", "当时的归属" if zh else "As it was then", path_words(where.then, lang)),
        ("known", "当时所知的归属" if zh else "As we knew it then", path_words(where.known_then, lang)),
        ("today", "按今天的区划" if zh else "Under today's map", path_words(where.today, lang)),
    ]  # fmt: skip
    return office_page(
        request, view, "divisions.html", lang, menu_at=AT, status=status, told=told, tabs=tabs(lang, "find"),
        q=q, place=place, at=at, three=three, rows=[found_row(one, lang) for one in rows],
        day="" if where is None else f"{local(where.at):%Y-%m-%d %H:%M}",
    )  # fmt: skip


def _where(view: View, place: str, at: str) -> Views:
    """Of `lon, lat` or a sensor's name, at the noon of a day; raises AskedWrongError."""
    when = noon(at) if at else None
    position = position_of(place)
    if position is not None:
        return of_point(view, *position, when, None)
    try:
        return of_sensor(view, place, when, None)
    except SensorUnknownError as error:
        raise Unplaced(place) from error


@router.get("/totals", response_class=HTMLResponse, dependencies=[needs(_READ)])
def totals_page(
    request: Request,
    view: ViewOf,
    *,
    what: What | None = None,
    level: Level = "district",
    begin: Annotated[date | None, Query(alias="from")] = None,
    end: Annotated[date | None, Query(alias="to")] = None,
    on_map: OnMap = "",
    lang: Lang = "zh",
) -> Response:
    """What was counted, by division, under the map then and under another: the sums are the same."""
    zh, told, status = lang == "zh", "", 200
    now = view.parts.clock()
    may = may_count(view)
    wanted = what or ("alerts" if "alerts" in may else may[0])
    last = end or local(now).date()
    first = begin or (last.replace(day=1) - timedelta(days=334)).replace(day=1)
    beside = on_map or "today"
    rows, sums = [], (0, 0)
    try:
        then = totals_of(view, counted(wanted, level, first, last, "then", now=now))
        other = totals_of(view, counted(wanted, level, first, last, beside, now=now))
        rows, sums = totals_rows(then, other, lang), (sum(one.count for one in then), sum(one.count for one in other))
    except AskedWrongError as refused:
        told, status = str(refused), 422
    return office_page(
        request, view, "divisions_totals.html", lang, menu_at=AT, status=status, told=told,
        tabs=tabs(lang, "totals"), what=wanted, level=level, begin=first.isoformat(), end=last.isoformat(),
        on_map=beside, rows=rows, sums=sums, grades=[(key, a if zh else b) for key, (a, b) in GRADES.items()],
        graded=wanted in ("alerts", "runs"), whats=[(key, WHATS[key][0 if zh else 1]) for key in may],
        levels=[(key, LEVELS[key][0 if zh else 1]) for key in ("district", "township", "grid")],
        heads=(map_word(None, today=False, zh=zh), other_word(beside, now, zh=zh)),
    )  # fmt: skip


@router.get("/{division:int}", response_class=HTMLResponse, dependencies=[needs(_READ)])
def division_page(request: Request, view: ViewOf, division: Number, lang: Lang = "zh") -> Response:
    """One division: its versions under both clocks, its lineage, its outline then and now."""
    return one_page(request, view, lang, division)
