"""`shijing run`: plans under way: look, start by hand, confirm, end. The commander's page is /runs."""

import getpass
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.alert_base import Who, connected
from commands.options import Data, Database, Json, tell

if TYPE_CHECKING:
    from uuid import UUID

    from config.database import Connection
    from dispatch.act_base import Acted

run_app = typer.Typer(help="Plans under way: look, start by hand, confirm, end.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The run's number, as `shijing run list` shows it.", min=1)]

Row = dict[str, Any]


@run_app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1)] = 50,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Runs to be confirmed and under way, with how far their tasks are."""
    from dispatch.run_list import runs

    with connected(database, data) as connection:
        found = runs(connection, all_=all_, most=most)
    tell({"runs": found}, as_json, [_line(one) for one in found] or ["no plan is under way"])


@run_app.command()
def show(number: Number, as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """One run: its tasks by place, and what was done with it. Names are on its page, for those who may see them."""
    from dispatch.run_list import run_with_all

    with connected(database, data) as connection:
        found = run_with_all(connection, number)
    if found is None:
        raise typer.BadParameter(f"there is no run {number}: shijing run list --all shows them")
    tell(found, as_json, _lines(found))


@run_app.command()
def start(
    plan: Annotated[str, typer.Argument(help="The plan's code: FLD-02.")],
    township: Annotated[str, typer.Argument(metavar="CODE_OR_NAME", help="The township.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it stands in the record.")],
    level: Annotated[str, typer.Option(help="blue, yellow, orange or red.")] = "blue",
    grid: Annotated[
        list[str] | None, typer.Option(help="A grid's code; several may be given. None: all of it.")
    ] = None,
    drill: Annotated[bool, typer.Option("--drill", help="An exercise: the same run with the mark.")] = False,
    who: Who = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Start a plan by hand; its tasks begin and people are called."""
    from datetime import UTC, datetime

    from access.accounts import division_named
    from dispatch.act_start import Start
    from dispatch.act_start import start as begin

    now = datetime.now(UTC)

    def act(connection: "Connection", actor: "UUID") -> "Acted":
        asked = Start(
            plan=plan,
            township_id=division_named(connection, township, now=now),
            level=level,
            reason=reason,
            grids=[division_named(connection, one, now=now) for one in grid or ()],
            drill=drill,
        )
        return begin(connection, asked, actor=actor)

    _run_act(act, who, as_json, database, data)


@run_app.command()
def confirm(
    number: Number, who: Who = None, as_json: Json = False, database: Database = None, data: Data = None
) -> None:
    """Confirm that a proposed run starts."""
    from dispatch.acts import confirm as say

    _run_act(lambda connection, actor: say(connection, number, actor=actor), who, as_json, database, data)


@run_app.command()
def end(
    number: Number,
    reason: Annotated[str, typer.Option(help="End it although conditions or the signature are missing, and why.")] = "",
    who: Who = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """End a run: where its conditions hold and it is signed, or early with a --reason."""
    from dispatch.act_ending import terminate

    def act(connection: "Connection", actor: "UUID") -> "Acted":
        return terminate(connection, number, actor=actor, reason=reason, override=bool(reason.strip()))

    _run_act(act, who, as_json, database, data)


def _run_act(
    act: "Callable[[Connection, UUID], Acted]",
    who: str | None,
    as_json: bool,
    database: str | None,
    data: Path | None,
) -> None:
    from alerts.actors import actor_of

    with connected(database, data) as connection:
        done = act(connection, actor_of(connection, who or getpass.getuser()))
    told = asdict(done) | {"time": done.time.isoformat()}
    tell(told, as_json, [f"run {done.run_id}: {done.kind.replace('_', ' ')}, {done.level}, {done.state}"])


def _line(one: Row) -> str:
    exercise = "EXERCISE " if one["exercise"] else ""
    late = f", {one['late']} overdue" if one["late"] else ""
    return (
        f"{one['id']:>6}  {exercise}{one['level']:<6} {one['state']:<10} {one['started_at'][:16]}  {one['name']}"
        f"  {one['township'] or one['township_id']}  {one['done']}/{one['tasks']} tasks done,"
        f" {one['answered']}/{one['called']} answered{late}"
    )


def _lines(found: Row) -> list[str]:
    tasks = [
        f"  {one['key']:<4} {one['state']:<12} {one['post']} {one['what']}  {one['place'] or '-'}"
        + (f"  due {one['due_at'][:16]}" if one["due_at"] else "")
        for one in found["tasks"]
    ]
    acts = [f"  {one['time'][:19]}  {one['kind']}  {one['reason']}".rstrip() for one in found["acts"]]
    return [_line(found["run"]), *tasks, *acts]
