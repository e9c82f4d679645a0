"""What a plan is judged against: rules in force, who is on duty, what posts may be given to do, the ladder of calls."""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from alerts.levels import GRADES, Grade
from alerts.plan_duties import Duties, shipped_duties
from alerts.plan_form import read
from alerts.plan_inherit import Body
from alerts.plans import Plan
from alerts.rules import AnyRule, ConditionRule, CountRule, EventRule, Rule, SilenceRule, StuckRule, WarningRule
from config.database import Connection
from config.queries import Queries
from config.settings import CONFIG
from people.duty import on_duty_for
from people.errors import Unknown
from people.posts import Post, shipped_posts

QUERIES = Queries(Path(__file__).with_name("plan_queries.sql"))
_BACKUP_MIN = 4  # minutes, where the ladder's file does not say


@dataclass(frozen=True, kw_only=True)
class RuleTold:
    """A rule as plans name it."""

    number: int
    zh: str
    en: str
    levels: tuple[Grade, ...]  # that it may raise, lowest first


@dataclass(frozen=True, kw_only=True)
class OnDuty:
    """How many of a plan's places have somebody on duty for a post now."""

    places: int
    manned: int
    level: str  # of the places: grid, village, township


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """All of it."""

    rules: Mapping[int, RuleTold] | None = None  # None: not asked
    officials: Collection[str] = ()  # event types that a rule of official warnings listens to
    duty: Mapping[str, OnDuty] = field(default_factory=dict)  # post id → ; what is not in it was not asked
    duties: Duties = field(default_factory=shipped_duties)
    backup_after_min: float = _BACKUP_MIN


def surroundings(rules: Iterable[AnyRule]) -> Surroundings:
    """Of the rules in force, without asking who is on duty."""
    every = list(rules)
    return Surroundings(rules=rules_told(every), officials=officials_of(every), backup_after_min=backup_after_min())


def rules_told(rules: Iterable[AnyRule]) -> dict[int, RuleTold]:
    """By their numbers; rules that share one are told together."""
    found: dict[int, RuleTold] = {}
    for rule in rules:
        before = found.get(rule.number)
        zh, en, levels = rule.label.zh, rule.label.en, set(_levels(rule))
        if before is not None:
            zh, en, levels = f"{before.zh}/{zh}", f"{before.en} / {en}", levels | set(before.levels)
        graded = tuple(grade for grade in GRADES if grade in levels)
        found[rule.number] = RuleTold(number=rule.number, zh=zh, en=en, levels=graded)
    return found


def _levels(rule: AnyRule) -> tuple[Grade, ...]:
    if isinstance(rule, Rule | ConditionRule | CountRule):
        return tuple(rule.graded())
    if isinstance(rule, EventRule | SilenceRule | StuckRule):
        return (rule.level,)
    return GRADES if isinstance(rule, WarningRule) else ()


def officials_of(rules: Iterable[AnyRule]) -> frozenset[str]:
    """The event types of official warnings that make alerts."""
    return frozenset(str(rule.event) for rule in rules if isinstance(rule, WarningRule))


def backup_after_min(path: Path = CONFIG / "ladder.toml") -> float:
    """When the ladder calls the backup, minutes after the first call."""
    rungs = tomllib.loads(path.read_text(encoding="utf-8")).get("rung", [])
    return next((float(rung["after_min"]) for rung in rungs if rung.get("who") == "backup"), _BACKUP_MIN)


def named_post(name: str) -> Post | None:
    """A post that the system knows; None for an outside party."""
    try:
        return shipped_posts().named(name)
    except Unknown:
        return None


def posts_of(plan: Plan) -> dict[str, Post]:
    """Every post that the plan calls: of tasks, backups and command."""
    names = [task.post for task in plan.tasks] + [task.backup for task in plan.tasks if task.backup]
    found = [post for name in (*names, *plan.command.values()) if (post := named_post(name)) is not None]
    return {post.id: post for post in found}


def with_duty(connection: Connection, around: Surroundings, body: Body, township_id: int, at: datetime) -> Surroundings:
    """The same, with who is on duty in the plan's township; a body that is no plan yet asks after nobody."""
    plan, _ = read(body)
    return around if plan is None else replace(around, duty=on_duty_now(connection, plan, township_id, at))


def on_duty_now(connection: Connection, plan: Plan, township_id: int, at: datetime) -> dict[str, OnDuty]:
    """For each post of the plan, how many of the township's places have somebody now.

    Bureaus and parties of the district are not asked after: their rosters are their own.
    """
    posts = [post for post in posts_of(plan).values() if post.level in ("grid", "village", "township")]
    places = _places(connection, township_id)
    asked = [(place, post.id) for post in posts for place in _of(post, places, township_id)]
    answers = dict(zip(asked, on_duty_for(connection, asked, at), strict=True)) if asked else {}
    return {
        post.id: OnDuty(
            places=len(own := _of(post, places, township_id)),
            manned=sum(bool(answers[place, post.id]) for place in own),
            level=post.level,
        )
        for post in posts
    }


def _of(post: Post, places: Mapping[str, Sequence[int]], township_id: int) -> Sequence[int]:
    return places.get(post.level) or (township_id,)


def _places(connection: Connection, township_id: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for division, level in connection.execute(QUERIES["places_below"], {"township": township_id}):
        found.setdefault(level, []).append(division)
    return found
