"""Closure figures as a page, and the daily and weekly report as Excel: drawn from the records, in one's scope."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from access import audit
from access.errors import AccountRefused
from access.places import division_within, divisions_of, place_names
from alerts.acts import now as told_now
from config.database import Connection
from config.logs import BEIJING
from events.figures import ACTS as STEPS
from events.figures import By, Closure, Period, StepTime, closure, step_times, times_by_division
from events.report_data import day_of, records, week_of
from events.report_sheets import Report
from web.events_view import AT, tabs
from web.events_who import READ
from web.events_words import ACTS, duration, percent, word
from web.file_import import workbook
from web.office import office_page
from web.pages import Language
from web.people_names import names_of
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix=AT)

Lang = Annotated[Language, Query()]
Division = Annotated[str, Query(max_length=60)]
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


@router.get("/figures", response_class=HTMLResponse, dependencies=[needs(READ)])
def figures_page(
    request: Request,
    view: ViewOf,
    *,
    span: Literal["day", "week", "month", "year"] = "week",
    by: By = "township",
    division: Division = "",
    lang: Lang = "zh",
) -> Response:
    """How much was closed at which level, and how long each step took, of the last days."""
    told, status, within = "", 200, None
    with view.connection() as connection:
        at = told_now(connection)
        try:
            within = _within(connection, view, division)
        except AccountRefused as refused:
            told, status = (refused.zh if lang == "zh" else str(refused)), 422
        period = Period(since=at - timedelta(days=_DAYS[span]), until=at + timedelta(seconds=1), within=within, by=by)
        rows, times = closure(connection, period), times_by_division(step_times(connection, period))
        names = place_names(connection, {one.division_id for one in rows if one.division_id is not None}, now=at)
        choices = divisions_of(connection, view.scope, now=at)
    day = at.astimezone(BEIJING).date()
    zh = lang == "zh"
    spans = [("day", "近一天", "Last day"), ("week", "近七天", "Last 7 days"), ("month", "近三十天", "Last 30 days")]
    return office_page(
        request, view, "events_figures.html", lang, menu_at=AT, status=status, told=told,
        tabs=tabs(view, lang, "figures"), span=span, by=by, division=division, choices=choices,
        spans=[(key, a if zh else b) for key, a, b in [*spans, ("year", "近一年", "Last year")]],
        rows=[_row(one, times.get((one.division_id, one.of_all), {}), names, lang) for one in rows],
        steps=[(step, word(ACTS, step, lang)) for step in STEPS], day=day.isoformat(),
        yesterday=(day - timedelta(days=1)).isoformat(), file=f"{AT}/report.xlsx",
    )  # fmt: skip


def _within(connection: Connection, view: View, named: str) -> int | None:
    if not named.strip():
        return None
    return division_within(connection, named.strip(), view.scope, now=view.parts.clock())


def _row(one: Closure, times: Mapping[str, StepTime], names: Mapping[int, str], language: Language) -> dict[str, Any]:
    name = "—" if one.division_id is None else names.get(one.division_id, "—")
    if one.of_all:
        name = "合计" if language == "zh" else "All"
    return {
        **vars(one),
        "name": name,
        "rate": percent(one.rate()),
        "in_grid": percent(one.within_grid()),
        "in_village": percent(one.within_village()),
        "times": [
            ("—", "—") if step not in times
            else (duration(times[step].median_s, language), duration(times[step].p90_s, language))
            for step in STEPS
        ],
    }  # fmt: skip


@router.get("/report.xlsx", response_class=Response, dependencies=[needs(READ)])
def report_file(
    view: ViewOf,
    *,
    day: date | None = None,
    of: Literal["day", "week"] = "day",
    division: Division = "",
    lang: Lang = "zh",  # noqa: ARG001  # the file is a Chinese one, whatever the page's language
) -> Response:
    """The report of a day, or of the week that it is in: alerts, plan runs, tasks, events, closure, duty."""
    with view.connection() as connection:
        at = told_now(connection)
        within = _within(connection, view, division)
        wanted = day or at.astimezone(BEIJING).date()
        period = week_of(wanted, within) if of == "week" else day_of(wanted, within)
        made = records(connection, period, until_now=at)
        names = _names(view, connection, made.people())
        place = within if within is not None else view.scope.only()
        whose = "全市" if place is None else place_names(connection, [place], now=at).get(place, "")
    _note(view, place, of, wanted, len(names))
    raw = Report(made, names, weekly=of == "week", of=whose, told_at=at).excel()
    return workbook(raw, f"events-{of}-{wanted.isoformat()}.xlsx")


def _names(view: View, connection: Connection, people: set[UUID]) -> dict[UUID, str]:
    """Of those whom the asker may see."""
    if not view.may("people.read"):
        return {}
    found = names_of(view, connection, people)
    return {person: found.of(person) for person in people if person in found.known}


def _note(view: View, place: int | None, of: str, day: date, names: int) -> None:
    """That it was drawn, and how many names are in it."""
    details = {"of": of, "day": day.isoformat(), "rows": names}
    with view.acting() as acting, acting.transaction():
        audit.append(acting, act="event.report_drawn", actor=view.viewer.account_id, division_id=place, details=details)
