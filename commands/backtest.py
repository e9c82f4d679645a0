"""`shijing backtest`: rules over stored readings, beside the rules in force."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.options import Data, Database, Json, place_of, tell

if TYPE_CHECKING:
    from alerts.backtest_report import Backtest, RuleReport, RuleSide
    from alerts.rules import AnyRule
    from commands.servers import Place


def backtest(
    *,
    rules: Annotated[Path, typer.Option(help="One rule file, in place of its like in force, or a folder: all rules.")],
    begin: Annotated[str, typer.Option("--from", help="Event time, ISO 8601 with an offset.")],
    end: Annotated[str | None, typer.Option("--to", help="Up to, not including, then; none: now.")] = None,
    divisions: Annotated[
        list[str] | None, typer.Option(help="Code of a division, with all that lies in it; may be given again.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for backtest.json and backtest.html.")] = None,
    database: Database = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What rules would have raised over stored readings: how often, how long, how long before the warnings."""
    span = _moment(begin, "--from"), _moment(end, "--to") if end else datetime.max.replace(tzinfo=UTC)
    found = _run(place_of(database, data), rules, span, divisions or [])
    if out is not None:
        _write(found, out)
    tell(plain(found), as_json, [*_lines(found), *([f"written to {out}"] if out else [])])


def _run(place: "Place", path: Path, span: tuple[datetime, datetime], codes: list[str]) -> "Backtest":
    from alerts.backtest_report import backtest as run
    from alerts.rule_sets import in_force
    from commands.servers import database as database_of
    from config.database import connect
    from config.exercise import is_exercise

    with database_of(place) as url, connect(url, "backtest", autocommit=True) as connection:
        now = in_force(connection)
        proposed, ids = _proposed(path, now.files)
        rule_ids = ids or {rule.id for rule in (*now.rules, *proposed)}
        return run(
            connection,
            now.rules,
            proposed,
            rule_ids=rule_ids,
            begin=span[0],
            end=span[1],
            codes=codes,
            exercise=is_exercise(connection),
        )


def _proposed(path: Path, in_force: dict[str, str]) -> tuple[tuple["AnyRule", ...], set[str]]:
    """The rules on trial, and of one file its rule; a folder is about all. Raises RulesRefused."""
    from alerts.errors import RulesRefused
    from alerts.rule_drafts import Fault, changed_files, faults_of, read_files, read_text, rules_of

    if path.is_dir():
        files, ids = read_files(path), set[str]()
    elif path.is_file():
        files, ids = changed_files(in_force, {path.name: read_text(path)}), {path.stem}
    else:
        raise typer.BadParameter(f"{path} is no file and no folder", param_hint="--rules")
    found = rules_of(files)
    if isinstance(found, Fault):
        raise RulesRefused(faults_of(files) or [found])
    return found, ids


def _write(found: "Backtest", folder: Path) -> None:
    from web.backtest_page import render_backtest

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "backtest.json").write_text(json.dumps(plain(found), ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "backtest.html").write_text(render_backtest(found), encoding="utf-8")


def plain(found: "Backtest") -> dict[str, Any]:
    """As JSON takes it: times in ISO 8601, of warnings too."""
    from alerts.instants import iso

    def written(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: _at(name, each, iso) or written(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [written(each) for each in value]
        return value.isoformat() if isinstance(value, datetime) else value

    told: dict[str, Any] = written(asdict(found))
    return told


def _at(name: str, value: Any, iso: Any) -> str | None:
    """A time in µs, by its name."""
    return iso(value) if name in {"official_begin", "alert_begin"} and value is not None else None


def _lines(found: "Backtest") -> list[str]:
    head = f"{found.readings} readings of {found.sensors} sensors, read since {found.read_since.isoformat()}"
    drill = ["EXERCISE: these are the readings of an exercise"] if found.exercise else []
    sums = f"alerts: {found.alerts['in_force']} by the rules in force, {found.alerts['proposed']} by those on trial"
    quiet = sum(not rule.tells for rule in found.rules)
    told = [line for rule in found.rules if rule.tells for line in _rule_lines(rule)]
    return [*drill, head, sums, *told, *([f"{quiet} more rules: nothing by either set"] if quiet else [])]


def _rule_lines(rule: "RuleReport") -> list[str]:
    sides = {"in force": rule.in_force, "on trial": rule.proposed}
    if rule.in_force == rule.proposed:
        sides = {"in force and on trial": rule.in_force}
    lines = [f"{rule.rule_id}  {rule.label['zh']}  {rule.label['en']}"]
    return lines + [line for name, side in sides.items() for line in _side_lines(name, side)]


def _side_lines(name: str, side: "RuleSide | None") -> list[str]:
    if side is None:
        return [f"  {name}: not in this set"]
    levels = ", ".join(f"{grade} {one.raised}" for grade, one in side.levels.items() if one.raised) or "none"
    lines = [f"  {name}: {side.alerts} alerts, {side.hours} h; raised to: {levels}"]
    lead = side.lead
    if lead is not None and lead.episodes:
        told = f"; median lead {lead.median_h} h ({lead.least_h} to {lead.most_h})" if lead.median_h is not None else ""
        lines.append(
            f"    official warnings ({', '.join(lead.events)}): {lead.episodes}; our alert first {lead.before},"
            f" after {lead.after}, none {lead.nothing}{told}; alerts without a warning {lead.unwarned}"
        )
    return lines


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time: write 2020-08-14T01:00:00+08:00", param_hint=option) from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset: add +08:00", param_hint=option)
    return moment
