"""`shijing event`: what people reported, step by step, and the daily and weekly report drawn from the records."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.options import Data, Database, Json, tell
from commands.people_options import names_of, staffed

if TYPE_CHECKING:
    from config.database import Connection
    from events.listing import Event

event_app = typer.Typer(help="Events that people report, and what is drawn from them.", no_args_is_help=True)

Division = Annotated[str | None, typer.Option(help="A division: code, or a name of only one; with all in it.")]
_STATES = ("open", "reported", "accepted", "assigned", "handled", "closed", "all")
_LEVELS = ("grid", "village", "township", "district")


@event_app.command("list")
def list_(
    *,
    state: Annotated[str, typer.Option(help=f"{', '.join(_STATES)}.")] = "open",
    level: Annotated[str | None, typer.Option(help=f"That has it or closed it: {', '.join(_LEVELS)}.")] = None,
    kind: Annotated[str | None, typer.Option(help="Its id in config/event_kinds.toml.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Whose step is late.")] = False,
    urgent: Annotated[bool, typer.Option("--urgent", help="What is urgent.")] = False,
    division: Division = None,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1, max=10_000)] = 50,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """The newest events, urgent ones first; open ones unless told otherwise."""
    from events.listing import Wanted, events

    _check("state", state, _STATES)
    _check("level", level, _LEVELS)
    with staffed(database, data, key=False) as (connection, _):
        wanted = Wanted(
            state=None if state == "all" else state, level=level, kind=kind, overdue=overdue, urgent=urgent,
            within=_within(connection, division),
        )  # fmt: skip
        found = events(connection, wanted, most=most)
        places = _places(connection, found)
    lines = [_line(one, places) for one in found] or ["no event"]
    tell({"events": [vars(one) for one in found]}, as_json, lines)


@event_app.command()
def show(
    number: Annotated[int, typer.Argument(help="The event's number.")],
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """One event and its steps; its words and picture are opened by pages alone."""
    from events.errors import EventUnknown
    from events.listing import event, steps

    with staffed(database, data, key=False) as (connection, _):
        one = event(connection, number)
        if one is None:
            raise EventUnknown(number)
        taken, places = steps(connection, number), _places(connection, [one])
    lines = [_line(one, places), *(_step(vars(step)) for step in taken)]
    tell({"event": vars(one), "steps": [vars(step) for step in taken]}, as_json, lines)


@event_app.command()
def report(
    out: Annotated[Path, typer.Option(help="The Excel file to write.")],
    day: Annotated[str | None, typer.Option(help="A day, as 2026-11-26; without it today, by the told clock.")] = None,
    week: Annotated[str | None, typer.Option(help="The week that this day is in, from its Monday.")] = None,
    division: Division = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Write the report of a day or a week: alerts, plan runs, tasks, events, closure, who was on duty."""
    from alerts.acts import now
    from config.logs import BEIJING
    from events.report_data import day_of, records, week_of
    from events.report_sheets import Report

    if day and week:
        raise typer.BadParameter("give --day or --week, not both")
    with staffed(database, data, key=False) as (connection, vault):
        at = now(connection)
        wanted = _day(week or day) or at.astimezone(BEIJING).date()
        within = _within(connection, division)
        period = week_of(wanted, within) if week else day_of(wanted, within)
        made = records(connection, period, until_now=at, owner=True)
        names = names_of(connection, vault, made.people())
    whose = "全市" if within is None else made.places.get(within, division or "")
    out.write_bytes(Report(made, names, weekly=bool(week), of=whose, told_at=at).excel())
    told = {"alerts": len(made.alerts), "runs": len(made.runs), "tasks": len(made.answered), "events": len(made.events)}
    tell({"out": str(out), **told}, as_json, [f"{out}: {', '.join(f'{count} {name}' for name, count in told.items())}"])


def _check(name: str, given: str | None, choices: tuple[str, ...]) -> None:
    if given is not None and given not in choices:
        raise typer.BadParameter(f"{given!r} is no {name}: take one of {', '.join(choices)}")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day: write 2026-11-26") from error


def _within(connection: "Connection", named: str | None) -> int | None:
    from access.accounts import division_named
    from alerts.acts import now

    return None if named is None else division_named(connection, named, now=now(connection))


def _places(connection: "Connection", found: "list[Event]") -> dict[int, str]:
    from access.places import place_names
    from alerts.acts import now

    return place_names(connection, {place for one in found for place in one.place_ids()}, now=now(connection))


def _line(one: "Event", places: dict[int, str]) -> str:
    where = " ".join(places.get(place, "?") for place in reversed(one.place_ids()))
    marks = "".join([" urgent" if one.urgent else "", " LATE" if one.overdue_at else ""])
    level = one.closed_level or one.level
    return f"{one.id:>6}  {_minute(one.reported_at)}  {one.kind:<10} {one.state:<9} {level:<9}{marks}  {where}"


def _step(step: dict[str, Any]) -> str:
    more = " ".join(str(step[key]) for key in ("result", "reason") if step[key])
    return f"        {_minute(step['time'])}  {step['act']:<10} {step['level']:<9} {more}".rstrip()


def _minute(at: datetime) -> str:
    from config.logs import BEIJING

    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
