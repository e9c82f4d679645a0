"""The review after a run: when it is due, which of the plan's items the system fills in, what is left for a person.

The items that are known are listed in `config/review_items.toml`. Filled in means drawn from the records: nobody types
what the system knows.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from config.database import Connection
from config.errors import ConfigError
from config.logs import BEIJING
from config.settings import CONFIG
from dispatch.account import RunAccount, TaskOf
from dispatch.account_reading import QUERIES
from dispatch.figures import Figures, figures
from dispatch.run_words import Pair, length, percent

FILE = CONFIG / "review_items.toml"
Figure = Literal["answer_rate", "late_tasks", "persons_difference", "false_alerts", "done_at", "took"]


class KnownItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an item is filled in."""

    figure: Figure
    words: tuple[str, ...] = ()
    left_zh: str = ""
    left_en: str = ""


@dataclass(frozen=True, kw_only=True)
class ReviewItem:
    """One item of the plan's review."""

    number: int  # in the plan's list, from 0
    item: str
    filled: Pair | None  # by the system; None: a person's to say
    left: Pair = ("", "")  # what of it is a person's all the same
    written: str = ""  # what a person said at the review


@dataclass(frozen=True, kw_only=True)
class DueReview:
    """A run that is over and not reviewed."""

    id: int
    plan_id: str
    name: str
    township_id: int
    drill: bool
    ended_at: datetime | None
    review_due_at: datetime


def load_items(path: Path = FILE) -> dict[str, KnownItem]:
    """The file; raises ConfigError that says what is wrong with it."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, KnownItem])
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error


@cache
def shipped_items() -> dict[str, KnownItem]:
    """Those of config/review_items.toml."""
    return load_items()


def reviews_due(connection: Connection) -> list[DueReview]:
    """Runs of the connection's scope that are over and not reviewed, the longest overdue first."""
    with connection.cursor(row_factory=class_row(DueReview)) as cursor:
        return cursor.execute(QUERIES["reviews_due"]).fetchall()


def review_items(account: RunAccount, known: Mapping[str, KnownItem] | None = None) -> list[ReviewItem]:
    """The plan's items with what the system says of them, and what a person wrote."""
    items, told = (account.run.plan.get("review") or {}).get("items") or (), figures(account)
    known, written = shipped_items() if known is None else known, _written(account)
    return [
        ReviewItem(
            number=number,
            item=item,
            filled=_filled(account, told, known[item]) if item in known else None,
            left=(known[item].left_zh, known[item].left_en) if item in known else ("", ""),
            written=written.get(number, ""),
        )
        for number, item in enumerate(items)
    ]


def review_detail(account: RunAccount, texts: Mapping[int, str]) -> dict[str, Any]:
    """What the act `reviewed` keeps as its `detail`: the figures as they were then, and what a person wrote, by item.

    The texts are the only part that can be personal; they are erased with the run's other personal data.
    """
    told = figures(account)
    whole = told.whole
    items = [{"number": one.number, "text": texts.get(one.number, "").strip()} for one in review_items(account)]
    return {
        "figures": {
            "asked": whole.asked,
            "answered": whole.answered,
            "done": whole.done,
            "late": whole.late,
            "calls": told.calls,
            "calls_answered": told.calls_answered,
            "acknowledge_median_s": whole.acknowledge.median_s,
            "arrive_median_s": whole.arrive.median_s,
            "close_median_s": whole.close.median_s,
            "persons_moved": told.persons_moved,
        },
        "items": [one for one in items if one["text"]],
    }


def _written(account: RunAccount) -> dict[int, str]:
    """By the last review."""
    found = [act for act in account.acts if act.kind == "reviewed"]
    items = found[-1].detail.get("items") if found else None
    return {one["number"]: str(one.get("text") or "") for one in items or () if isinstance(one, dict)}


def _filled(account: RunAccount, told: Figures, item: KnownItem) -> Pair | None:
    if item.figure == "answer_rate":
        return _answer_rate(told)
    if item.figure == "late_tasks":
        return _late(account, told)
    if item.figure == "persons_difference":
        return _persons(told)
    if item.figure == "false_alerts":
        return _false_alerts(account, told)
    done = [task for task in account.tasks if any(one in task.what for one in item.words)]
    return _done_at(account, done) if item.figure == "done_at" else _took(account, done)


def _answer_rate(told: Figures) -> Pair | None:
    whole = told.whole
    if whole.answer_rate is None:
        return None
    share = percent(whole.answer_rate)
    return (
        f"{share}（应答 {whole.answered} / 叫应 {whole.asked}）",
        f"{share} ({whole.answered} answered of {whole.asked})",
    )


def _late(account: RunAccount, told: Figures) -> Pair:
    keys = sorted({account.task_of[one.task_id].task_key for one in told.late})
    if not keys:
        return "无", "none"
    return f"{len(told.late)} 项（{'、'.join(keys)}）", f"{len(told.late)} ({', '.join(keys)})"


def _persons(told: Figures) -> Pair | None:
    if told.persons_moved is None or told.persons_threatened is None:
        return None
    moved, meant = told.persons_moved, told.persons_threatened
    return (
        f"{moved - meant:+d} 人（上报 {moved} 人，预案 {meant} 人）",
        f"{moved - meant:+d} (told {moved}, in the plan {meant})",
    )


def _false_alerts(account: RunAccount, told: Figures) -> Pair | None:
    closed = [one for one in account.alerts if one.cause is not None]
    if not closed:
        return None
    count, of = told.false_alerts, len(closed)
    return f"误报 {count} / 已关闭告警 {of}", f"{count} false of {of} closed alerts"


def _done_at(account: RunAccount, tasks: list[TaskOf]) -> Pair | None:
    times = [at for task in tasks for one in account.assigned(task) if (at := one.done_at) is not None]
    if not times:
        return None
    first, last = (at.astimezone(BEIJING).strftime("%m-%d %H:%M") for at in (min(times), max(times)))
    return (first, first) if first == last else (f"{first} 至 {last}", f"{first} to {last}")


def _took(account: RunAccount, tasks: list[TaskOf]) -> Pair | None:
    chosen = [one for task in tasks for one in account.assigned(task)]
    times = [one.done_at for one in chosen if one.done_at is not None]
    if not times or len(times) < len(chosen):
        return None
    seconds = (max(times) - account.run.started_at).total_seconds()
    return length(seconds, "zh"), length(seconds, "en")


def written_by(account: RunAccount) -> tuple[datetime, UUID | None] | None:
    """When the last review was, and whose."""
    found = [act for act in account.acts if act.kind == "reviewed"]
    return (found[-1].time, found[-1].actor) if found else None
