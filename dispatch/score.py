"""A drill's score out of 100, from the run's own records, by the weights of config/drill_score.toml."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from config.errors import ConfigError
from config.settings import CONFIG
from dispatch.account import AssignmentOf, RunAccount, TaskOf
from dispatch.run_words import Language, percent

FILE = CONFIG / "drill_score.toml"
Weight = Annotated[float, Meta(ge=0, le=100)]
_BACKUPS = ("backup", "command", "everybody")


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much each part counts."""

    answered_in_time: Weight
    arrived_in_time: Weight
    done_in_time: Weight
    without_backup: Weight
    order_kept: Weight


class ScoreRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    answered_within_min: Annotated[float, Meta(gt=0)]
    weights: Weights


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the score, and why it is what it is."""

    name: str
    zh: str
    en: str
    weight: float
    good: int
    cases: int  # 0: no occasion, so it does not count

    @property
    def share(self) -> float | None:
        """Between 0 and 1."""
        return self.good / self.cases if self.cases else None

    def reason(self, language: Language) -> str:
        """In words."""
        if self.share is None:
            return "本次演练未涉及，不计分" if language == "zh" else "no occasion in this drill, does not count"
        of = "共 {} 项，达标 {} 项（{}）" if language == "zh" else "{} in all, {} as they should be ({})"
        return of.format(self.cases, self.good, percent(self.share))


@dataclass(frozen=True, kw_only=True)
class Score:
    """The score and its parts; None where nobody was called."""

    points: int | None
    parts: tuple[Part, ...]

    def points_of(self, part: Part) -> float:
        """What a part brings, of the whole's 100."""
        weights = sum(one.weight for one in self.parts if one.cases)
        return 100 * part.weight * part.share / weights if part.share is not None and weights else 0.0


def load_score_rules(path: Path = FILE) -> ScoreRules:
    """Those of a file; raises ConfigError that says what is wrong with it."""
    try:
        rules = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), ScoreRules)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if not sum(msgspec.structs.astuple(rules.weights)):
        raise ConfigError(f"{path}: all weights are 0: give at least one part a weight")
    return rules


@cache
def shipped_score_rules() -> ScoreRules:
    """Those of config/drill_score.toml."""
    return load_score_rules()


def score(account: RunAccount, rules: ScoreRules | None = None) -> Score:
    """Of a drill, or of any run; what is still open counts as it stands."""
    rules = rules or shipped_score_rules()
    parts = tuple(_parts(account, rules))
    counted = [one for one in parts if one.cases and one.weight]
    weights = sum(one.weight for one in counted)
    points = round(sum(100 * one.weight * (one.share or 0) for one in counted) / weights) if weights else None
    return Score(points=points, parts=parts)


def _parts(account: RunAccount, rules: ScoreRules) -> Iterator[Part]:
    asked = [one for one in account.assignments if one.is_asked]
    within = timedelta(minutes=rules.answered_within_min)
    helped = {call.assignment_id for call in account.calls if call.part in _BACKUPS}
    gone = [one for one in asked if one.on_site_at is not None]
    after = [task for task in account.tasks if task.after and task.started_at is not None]
    minutes = f"{rules.answered_within_min:g}"
    in_time = sum(_in_time(one.on_site_at, one) for one in gone)
    done = sum(_in_time(one.done_at, one) for one in asked)
    alone = sum(one.id not in helped for one in asked)
    ordered = sum(_in_order(account, one) for one in after)
    answered = sum(_answered_within(one, within) for one in asked)
    named: list[tuple[str, str, str, int, int]] = [
        ("answered_in_time", f"{minutes} 分钟内应答", f"answered within {minutes} min", answered, len(asked)),
        ("arrived_in_time", "限时内到场", "on site in time", in_time, len(gone)),
        ("done_in_time", "限时内完成", "done in time", done, len(asked)),
        ("without_backup", "本岗应答，未动用替补", "answered by the post, no backup called", alone, len(asked)),
        ("order_kept", "先后次序得到遵守", "order of tasks kept", ordered, len(after)),
    ]
    for name, zh, en, good, cases in named:
        yield Part(name=name, zh=zh, en=en, weight=getattr(rules.weights, name), good=good, cases=cases)


def _answered_within(one: AssignmentOf, within: timedelta) -> bool:
    return one.answered_at is not None and one.called_at is not None and one.answered_at - one.called_at <= within


def _in_time(at: datetime | None, one: AssignmentOf) -> bool:
    return at is not None and at <= one.due_at


def _in_order(account: RunAccount, task: TaskOf) -> bool:
    """Whether all that comes first was done, and before anybody began with this one."""
    first = [one for one in account.tasks if one.task_key in task.after]
    times = [at for one in account.assigned(task) if (at := one.on_site_at or one.done_at) is not None]
    begun = min(times, default=task.started_at)
    return all(one.state == "done" and one.ended_at and begun and one.ended_at <= begun for one in first)
