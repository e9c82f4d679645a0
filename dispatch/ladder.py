"""The ladder of 叫应 (`config/ladder.toml`): which rung is taken when, and when the next one is due. Pure."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec

from config.errors import ConfigError
from config.settings import CONFIG

FILE = CONFIG / "ladder.toml"
Who = Literal["post", "backup", "command", "everybody"]
Channel = Literal[
    "app", "push", "mqtt", "sms", "voice", "email", "dingtalk", "wecom", "webhook", "loudspeaker"
]  # fmt: skip


class Rung(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step: some people, by some channels, so many minutes after the first call."""

    id: str
    after_min: float
    who: Who
    channels: tuple[Channel, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rung: tuple[Rung, ...]


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The rungs in their order."""

    rungs: tuple[Rung, ...]

    def first_of(self, who: Who) -> int:
        """The number of the first rung for these people; the number of rungs where there is none."""
        return next((number for number, rung in enumerate(self.rungs) if rung.who == who), len(self.rungs))

    def due(self, number: int, called_at: datetime) -> datetime | None:
        """When a rung is due, for what was first called at `called_at`; None: there is no such rung."""
        if number >= len(self.rungs):
            return None
        return called_at + timedelta(minutes=self.rungs[number].after_min)

    def climb(
        self, number: int, called_at: datetime | None, at: datetime, *, reached: bool, answered: bool
    ) -> "Climbed":
        """What follows from rung `number` being taken at `at`.

        `reached`: a message is under way by it; `answered`: somebody answers already, and is late.
        """
        begun = called_at or at
        if number >= len(self.rungs):
            return Climbed(rung=number, called_at=begun, next_at=None)
        taken, next_at = number + 1, self.due(number + 1, begun)
        if answered and taken > self.first_of("command"):
            return Climbed(rung=taken, called_at=begun, next_at=None)  # the command knows: there is nobody else to call
        if next_at is not None and (not reached or next_at <= at):
            return Climbed(rung=taken, called_at=begun, next_at=at, at_once=True)
        return Climbed(rung=taken, called_at=begun, next_at=next_at, exhausted=next_at is None)

    def after_cannot(self, number: int) -> int:
        """Where it goes on when whoever was called says that they cannot: not before the backup's turn."""
        return max(number, self.first_of("backup"))


@dataclass(frozen=True, kw_only=True)
class Climbed:
    """Where an assignment stands after a rung."""

    rung: int  # how many were taken
    called_at: datetime
    next_at: datetime | None  # None: nothing more is due
    at_once: bool = False  # the next one is due already
    exhausted: bool = False  # this one was the last


def load_ladder(path: Path = FILE) -> Ladder:
    """The ladder of a file; raises ConfigError that names the file and what is wrong."""
    try:
        read = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    for fault in _faults(read.rung):
        raise ConfigError(f"{path}: {fault}")
    return Ladder(rungs=read.rung)


@cache
def shipped_ladder() -> Ladder:
    """That of config/ladder.toml, read once at the first use."""
    return load_ladder()


def _faults(rungs: Sequence[Rung]) -> Iterator[str]:
    if not rungs or rungs[0].who != "post":
        yield 'the first rung calls the post: write who = "post" there'
    for before, rung in pairwise(rungs):
        if rung.after_min < before.after_min:
            yield f"rung {rung.id} is due before {before.id}: order them by after_min"
    for rung in rungs:
        if rung.after_min < 0:
            yield f"rung {rung.id} is due before the call: after_min is 0 or more"
        if not rung.channels:
            yield f"rung {rung.id} has no channel: name at least one"
