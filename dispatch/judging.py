"""Measured conditions of runs under way: noted when they begin and cease to hold, and what follows from them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from alerts.levels import rank
from config.database import Connection
from dispatch.act_base import QUERIES, Acted, RunNow, acting_on, add_act, tell_run
from dispatch.acts import move_level
from dispatch.condition_facts import Judged, facts_of, runs_to_judge
from dispatch.conditions import Facts, Purpose, Verdict, judge, target

# By the run's clock: it takes the readings of hours, and conditions are of minutes.
_PAUSE = timedelta(seconds=10)
_LOOKED: dict[str, datetime] = {}

Met = dict[tuple[Purpose, int], UUID | None]  # purpose and number → who ticked it; None: measured


def judge_conditions(connection: Connection, run_ids: Sequence[int], at: datetime) -> int:
    """Judge what can be judged, at the time `at` of the clock that the runs go by; how many conditions changed.

    A condition for rising that begins to hold raises the run: to the level that it names, else by one. Each run is
    a transaction of its own.
    """
    runs = runs_to_judge(connection, run_ids)
    if not runs:
        return 0
    facts, met = facts_of(connection, runs, at), met_of(connection, [run.id for run in runs])
    return sum(_judge_run(connection, run, facts[run.id], met.get(run.id, {})) for run in runs)


def judge_open(connection: Connection, at: datetime) -> int:
    """The same for every run under way; what was judged a moment ago is left."""
    last = _LOOKED.get(connection.info.dbname)
    if last is not None and timedelta() <= at - last < _PAUSE:
        return 0
    _LOOKED[connection.info.dbname] = at
    return judge_conditions(connection, [row[0] for row in connection.execute(QUERIES["open_runs"])], at)


def unjudged(connection: Connection, run_id: int, at: datetime) -> set[tuple[Purpose, int]]:
    """The conditions of a run under way that nothing stored tells of, so that a person does."""
    runs = runs_to_judge(connection, [run_id])
    if not runs:
        return set()
    facts = facts_of(connection, runs, at)[run_id]
    return {(purpose, number) for purpose, number, one in conditions_of(runs[0].plan) if judge(one, facts) is None}


def conditions_of(plan: dict[str, Any] | None) -> Iterator[tuple[Purpose, int, Any]]:
    """Every condition of a run's plan: what for, its number in the plan's list, and itself."""
    told = plan or {}
    ending = told.get("terminate", {})
    for number, condition in enumerate(told.get("upgrade", ())):
        yield "upgrade", number, condition
    for number, condition in enumerate(ending.get("all") or ending.get("any") or ()):
        yield "terminate", number, condition


def met_of(connection: Connection, run_ids: Sequence[int]) -> dict[int, Met]:
    """What holds now, by run."""
    found: dict[int, Met] = {}
    for run_id, purpose, number, _, by in connection.execute(QUERIES["conditions_met"], {"runs": list(run_ids)}):
        found.setdefault(run_id, {})[purpose, number] = by
    return found


def _judge_run(connection: Connection, run: Judged, facts: Facts, met: Met) -> int:
    told = [(purpose, number, one, judge(one, facts)) for purpose, number, one in conditions_of(run.plan)]
    changed = [one for one in told if _is_news(one[3], (one[0], one[1]), met)]
    if not changed:
        return 0
    with acting_on(connection, run.id) as (now, _):
        if now.state != "open":
            return 0
        noted = [one for one in changed if _note(connection, now, one[0], one[1], one[3], facts.at)]
        rising = [one[2] for one in noted if one[0] == "upgrade" and one[3]]
        _follow(connection, now, rising, facts.at, news=bool(noted))
    return len(noted)


def _is_news(verdict: Verdict, key: tuple[Purpose, int], met: Met) -> bool:
    """What somebody ticked stays as they said."""
    if verdict is None:
        return False
    return key not in met if verdict else key in met and met[key] is None


def _note(connection: Connection, run: RunNow, purpose: Purpose, number: int, verdict: Verdict, at: datetime) -> bool:
    named = {"run": run.id, "purpose": purpose, "number": number, "at": at, "actor": None, "measured": True}
    query, kind = ("meet_condition", "condition_met") if verdict else ("unmeet_condition", "condition_unmet")
    if connection.execute(QUERIES[query], named).rowcount != 1:
        return False
    add_act(connection, run, kind, at, actor=None, detail={"purpose": purpose, "number": number})
    return True


def _follow(connection: Connection, run: RunNow, rising: Sequence[Any], at: datetime, *, news: bool) -> None:
    """Raise the run, or tell at least that a condition changed; the last of the transaction."""
    level = max((target(one, run.level) for one in rising), key=rank, default=run.level)
    if rank(level) > rank(run.level):
        move_level(connection, run, level, at, actor=None, reason="")
    elif news:
        told = Acted(run_id=run.id, kind="condition_judged", state=run.state, level=run.level, time=at)
        tell_run(connection, run, told)
