"""`shijing divisions` and `shijing where`: divisions under two clocks, and where anything belongs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import Data, Database, Json, moment_of, place_of, tell

if TYPE_CHECKING:
    from config.database import Connection
    from geo.divisions import Division
    from geo.history import Thing, Views
    from geo.lineage import Change, Found, Lineage, Version

divisions_app = typer.Typer(help="Divisions under two clocks.", no_args_is_help=True)

CodeOrName = Annotated[str, typer.Argument(help="A division's code or name, of any time.")]
At = Annotated[str | None, typer.Option(help="The instant in the world, with its offset; left out: now.")]
Recorded = Annotated[
    str | None, typer.Option(help="As the database knew it at this instant; left out: as it knows now.")
]


@divisions_app.command()
def show(
    code_or_name: CodeOrName,
    at: At = None,
    recorded: Recorded = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """What a division was at an instant, in what it lay, and its boundary then."""
    from geo.divisions import path

    when, known = moment_of(at) or datetime.now(UTC), moment_of(recorded)
    with _connected(database, data) as connection:
        found = _found(connection, code_or_name)
        told = [(one, path(connection, one.id, when, recorded=known)) for one in found]
    figures = {
        "at": when,
        "recorded": known,
        "divisions": [
            {"id": one.id, "level": one.level, "path": [_short(step) for step in steps]} for one, steps in told
        ],
    }
    lines = [f"{one.level} {one.id} {_line(steps)}" for one, steps in told]
    tell(figures, as_json, lines)


@divisions_app.command()
def history(
    code_or_name: CodeOrName,
    recorded: Recorded = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Every version of a division under both clocks, what it came from, and what it is under today's map."""
    from geo.lineage import lineage_of, versions_of

    with _connected(database, data) as connection:
        told = [
            (one, versions_of(connection, one.id), lineage_of(connection, one.id, known=moment_of(recorded)))
            for one in _found(connection, code_or_name)
        ]
    figures = {
        "divisions": [
            {**asdict(one), "versions": [asdict(each) for each in versions], "lineage": lineage.as_dict()}
            for one, versions, lineage in told
        ]
    }
    lines = [line for one, versions, lineage in told for line in _told(one, versions, lineage)]
    tell(figures, as_json, lines)


def where(
    what: Annotated[list[str], typer.Argument(help="LON LAT in degrees, or a sensor's name or number.")],
    at: At = None,
    recorded: Annotated[
        str | None, typer.Option(help="When what was known then was known; left out: at that time.")
    ] = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Where a position or a sensor belonged: then, as we knew it then, and under today's map."""
    from geo.history import Asked, views

    when = moment_of(at) or datetime.now(UTC)
    with _connected(database, data) as connection:
        thing = _thing(connection, what)
        (found,) = views(connection, [Asked(thing=thing, at=when, recorded=moment_of(recorded))])
    tell(found.as_dict(), as_json, lines_of(found))


def lines_of(found: "Views") -> list[str]:
    """Three lines for people."""
    return [
        f"then ({_day(found.at)}): {found.then}",
        f"as known then ({_day(found.recorded)}): {found.known_then}",
        f"under today's map: {found.today}",
    ]


def _thing(connection: "Connection", what: list[str]) -> "Thing":
    from boundaries.belonging import sensor_named
    from geo.history import Point, Sensor

    if len(what) == 2:
        try:
            return Point(lon=float(what[0]), lat=float(what[1]))
        except ValueError as error:
            raise typer.BadParameter(f"{' '.join(what)!r} is no position: write LON LAT, as 106.60 29.62") from error
    if len(what) != 1:
        raise typer.BadParameter("give LON LAT, or one sensor")
    number = sensor_named(connection, what[0])
    if number is None:
        raise typer.BadParameter(f"there is no sensor {what[0]!r}: shijing sensor list shows them")
    return Sensor(id=number)


def _found(connection: "Connection", asked: str) -> "list[Found]":
    from geo.lineage import find

    found = find(connection, asked)
    if not found:
        near = find(connection, asked, partly=True, most=8)
        hint = f": is it {', '.join(one.name for one in near)}?" if near else ""
        raise typer.BadParameter(f"no division has, or had, the code or name {asked!r}{hint}")
    return found


def _told(one: "Found", versions: "list[Version]", lineage: "Lineage") -> list[str]:
    lines = [f"{one.level} {one.id} {one.name} ({one.code})" + (f", until {_day(one.until)}" if one.until else "")]
    for each in versions:
        believed = f"recorded {_day(each.recorded_from)}"
        if each.recorded_to is not None:
            believed += f", no longer believed since {_day(each.recorded_to)}"
        held = f"{_day(each.valid_from) or '…'} – {_day(each.valid_to) or '…'}"
        lines.append(f"  {held}: {each.name} ({each.code}) in {each.parent or '—'}; {believed}")
    lines += [f"  {_change(change)}" for change in lineage.changes]
    lines += [
        f"  {_day(moved.effective)} {moved.count} divisions {'came from' if moved.came else 'went to'} {moved.other}"
        for moved in lineage.moved
    ]
    for share in lineage.successors:
        part = "" if share.share is None else f" {share.share:.1%}"
        lines.append(f"  under today's map:{part} {share.name} ({share.code})")
    return lines


def _change(change: "Change") -> str:
    names = " → ".join(name for name in (change.from_name, change.to_name) if name)
    if change.parent_before != change.parent_after and change.from_id == change.to_id:
        names += f" ({change.parent_before} → {change.parent_after})"
    return f"{_day(change.effective)} {change.kind}: {names}" + (f"; {change.note}" if change.note else "")


def _short(step: "Division") -> dict[str, object]:
    return {name: getattr(step, name) for name in ("id", "level", "code", "name", "kind")}


def _line(steps: "list[Division]") -> str:
    if not steps:
        return "was not there then"
    return " · ".join(f"{step.name} ({step.code})" for step in reversed(steps))


def _day(moment: datetime | None) -> str:
    from config.logs import BEIJING

    if moment is None:
        return ""
    local = moment.astimezone(BEIJING)
    return f"{local:%Y-%m-%d}" if (local.hour, local.minute, local.second) == (0, 0, 0) else f"{local:%Y-%m-%d %H:%M}"


@contextmanager
def _connected(database: str | None, data: Path | None) -> "Iterator[Connection]":
    from commands.servers import database as database_of
    from config.database import connect

    with (
        database_of(place_of(database, data)) as url,
        connect(url, "divisions", autocommit=True) as connection,
    ):
        yield connection
