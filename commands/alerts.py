"""`shijing alert`: look at alerts, act on them, put them aside, report one that no sensor sees."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.alert_aside import maintain, report, shelve, unshelve
from commands.alert_base import Note, Who, connected, run_act
from commands.options import Data, Database, Json, tell

if TYPE_CHECKING:
    from config.database import Connection

alert_app = typer.Typer(help="Alerts: look, act, put aside, report.", no_args_is_help=True)
for _command in (shelve, unshelve, maintain, report):
    alert_app.command()(_command)

Number = Annotated[int, typer.Argument(help="The alert's number, as `shijing alert list` shows it.")]

Row = dict[str, Any]


@alert_app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    level: Annotated[str | None, typer.Option(help="blue, yellow, orange or red.")] = None,
    most: Annotated[int, typer.Option(help="How many at the most.", min=1)] = 100,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Open alerts, the worst first."""
    from alerts.alert_list import alerts
    from alerts.suppress import suppressions

    with connected(database, data) as connection:
        told = {"alerts": alerts(connection, all_=all_, level=level, most=most), "suppressions": _aside(connection)}
        lines = [_line(one) for one in told["alerts"]] or ["no open alerts"]
        lines += [f"suppression {one['id']} until {one['ends']}: {one['reason']}" for one in suppressions(connection)]
    tell(told, as_json, lines)


def _aside(connection: "Connection") -> list[Row]:
    from alerts.suppress import suppressions

    return [
        {key: value.isoformat() if isinstance(value, datetime) else value for key, value in one.items()}
        for one in suppressions(connection)
    ]


def _line(one: Row) -> str:
    aside = "".join(f" [{word}]" for word in ("suppressed", "inhibited") if one[f"{word}_by"] is not None)
    where = one["township"] or "no township"
    return (
        f"{one['id']:>6}  {one['level']:<6} {one['state']:<12} {one['changed_at'][:16]}"
        f"  {one['name'] or one['subject']}  {one['rule_id']}  {where}{aside}"
    )


@alert_app.command()
def show(alert: Number, as_json: Json = False, database: Database = None, data: Data = None) -> None:
    """One alert with its whole history."""
    from alerts.alert_list import alert as read_alert

    with connected(database, data) as connection:
        told = read_alert(connection, alert)
    tell(told, as_json, [_line(told), *map(_row_line, told["rows"])])


def _row_line(row: Row) -> str:
    taken_back = " (taken back)" if row["retracts"] else ""
    level = f"{row['from_level']} → {row['to_level']}" if row["kind"] == "level" else row["to_level"]
    words = "  ".join(filter(None, [row["actor_name"], row["note"]]))
    return f"        {row['time'][:19]}  {row['reason']}{taken_back}  {level}  {row['to_state']}  {words}".rstrip()


@alert_app.command()
def ack(
    alert: Number,
    *,
    who: Who = None,
    note: Note = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Somebody has seen it."""
    from alerts.acts import acknowledge

    run_act(
        lambda connection, actor: acknowledge(connection, alert, actor=actor, note=note), who, as_json, database, data
    )


@alert_app.command()
def take(
    alert: Number,
    *,
    who: Who = None,
    note: Note = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Somebody is at work on it."""
    from alerts.acts import take_in_hand

    run_act(
        lambda connection, actor: take_in_hand(connection, alert, actor=actor, note=note), who, as_json, database, data
    )


@alert_app.command()
def resolve(
    alert: Number,
    *,
    who: Who = None,
    note: Note = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """It is over, whatever its rule says."""
    from alerts.acts import resolve as end

    run_act(lambda connection, actor: end(connection, alert, actor=actor, note=note), who, as_json, database, data)


@alert_app.command()
def close(
    alert: Number,
    *,
    cause: Annotated[str, typer.Option(help="real, false, drill or test.")],
    who: Who = None,
    note: Note = "",
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Done with it, for good."""
    from alerts.acts import close as end

    run_act(
        lambda connection, actor: end(connection, alert, cause=cause, actor=actor, note=note),
        who,
        as_json,
        database,
        data,
    )


@alert_app.command()
def comment(
    alert: Number,
    note: Annotated[str, typer.Argument(help="The words.")],
    *,
    who: Who = None,
    as_json: Json = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Add words to it, whatever its state."""
    from alerts.acts import comment as add

    run_act(lambda connection, actor: add(connection, alert, note=note, actor=actor), who, as_json, database, data)
