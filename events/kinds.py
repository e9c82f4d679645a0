"""Kinds of events, their limits and the choices of a tap (`config/event_kinds.toml`): data, not code."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from alerts.levels import Grade
from config.errors import ConfigError
from config.settings import CONFIG

FILE = CONFIG / "event_kinds.toml"
Level = Literal["grid", "village", "township", "district"]
Step = Literal["accept", "assign", "handle", "verify"]
LEVELS: tuple[Level, ...] = get_args(Level)
STEPS: tuple[Step, ...] = get_args(Step)

Limits = Mapping[Step, Mapping[Level, int]]

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_MIN = 525_600


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a tap says."""

    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of event."""

    id: str
    zh: str
    en: str
    icon: str
    start: Level
    close: Level
    verify: bool
    up: frozenset[Step]
    urgent: bool
    report: str | None  # words of an alert that it raises
    alert: Grade
    family: str
    limits: Limits  # minutes
    urgent_limits: Limits

    def limit(self, step: Step, level: Level, *, urgent: bool) -> timedelta:
        """Until when, from the step before."""
        return timedelta(minutes=(self.urgent_limits if urgent else self.limits)[step][level])


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """All of one file, in its order."""

    kinds: Mapping[str, Kind]
    results: Mapping[str, Choice]
    reasons: Mapping[str, Choice]
    returns: Mapping[str, Choice]


@dataclass(frozen=True, kw_only=True)
class _Written:
    """A kind as it is written; what it does not say is the default's."""

    zh: str
    en: str
    icon: str
    start: Level | None = None
    close: Level | None = None
    verify: bool | None = None
    up: frozenset[Step] | None = None
    urgent: bool | None = None
    report: str | None = None
    alert: Grade = "yellow"
    family: str = ""
    limits: dict[Step, dict[Level, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Default:
    start: Level
    close: Level
    verify: bool
    up: frozenset[Step]
    urgent: bool
    limits: dict[Step, dict[Level, int]]


@dataclass(frozen=True, kw_only=True)
class _Urgent:
    limits: dict[Step, dict[Level, int]]


@dataclass(frozen=True, kw_only=True)
class _File:
    default: _Default
    urgent: _Urgent
    results: dict[str, Choice]
    reasons: dict[str, Choice]
    returns: dict[str, Choice]
    kinds: dict[str, _Written]


def load_kinds(path: Path = FILE) -> Kinds:
    """The kinds of a file; raises ConfigError that names file, kind and what is wrong with it."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    _check_keys(path, told)
    try:
        written = msgspec.convert(told, _File)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from error
    if not written.kinds:
        raise ConfigError(f"{path}: it has no kind: write at least [kinds.other] with zh, en and icon")
    _check_whole(path, "default.limits", written.default.limits)
    _check_whole(path, "urgent.limits", written.urgent.limits)
    kinds = {name: _kind(path, written, name) for name in written.kinds}
    return Kinds(kinds=kinds, results=written.results, reasons=written.reasons, returns=written.returns)


@cache
def shipped_kinds() -> Kinds:
    """Those of config/event_kinds.toml, read once at the first use."""
    return load_kinds()


def _check_keys(path: Path, told: dict[str, Any]) -> None:
    known = _Written.__dataclass_fields__.keys()
    for name, table in told.get("kinds", {}).items():
        if not _ID.fullmatch(name):
            raise ConfigError(
                f"{path}: [kinds.{name}] is no id: small letters, digits and _, at most 40, a letter first"
            )
        if isinstance(table, dict) and (unknown := sorted(table.keys() - known)):
            raise ConfigError(
                f"{path}: [kinds.{name}] has an unknown key {unknown[0]!r}: take one of {', '.join(known)}"
            )


def _kind(path: Path, file: _File, name: str) -> Kind:
    own, default = file.kinds[name], file.default
    told = {one.name: value for one in fields(own) if (value := getattr(own, one.name)) is not None}
    _check_minutes(path, f"kinds.{name}.limits", own.limits)
    if not (own.zh.strip() and own.en.strip() and own.icon.strip()):
        raise ConfigError(f"{path}: [kinds.{name}] has an empty name: fill in zh, en and icon")
    kind = Kind(
        **{
            **vars(default),
            "report": None,
            **told,
            "id": name,
            "limits": _replaced(default.limits, own.limits),
            "urgent_limits": _shorter(file.urgent.limits, own.limits),
        }
    )
    if LEVELS.index(kind.start) > LEVELS.index("township"):
        raise ConfigError(f"{path}: [kinds.{name}] begins at the {kind.start}: the township is the highest for that")
    return kind


def _replaced(common: Limits, own: Limits) -> Limits:
    """A kind's own limits in the place of the common ones."""
    return {step: {**common[step], **own.get(step, {})} for step in STEPS}


def _shorter(common: Limits, own: Limits) -> Limits:
    """What is urgent takes no longer than it would without."""
    return {
        step: {level: min(minutes, own.get(step, {}).get(level, minutes)) for level, minutes in common[step].items()}
        for step in STEPS
    }


def _check_whole(path: Path, where: str, limits: Limits) -> None:
    for step in STEPS:
        for level in LEVELS:
            if level not in limits.get(step, {}):
                raise ConfigError(f"{path}: [{where}] says nothing of {step} at the {level}: add it, in minutes")
    _check_minutes(path, where, limits)


def _check_minutes(path: Path, where: str, limits: Limits) -> None:
    for step, levels in limits.items():
        for level, minutes in levels.items():
            if not 1 <= minutes <= _LONGEST_MIN:
                raise ConfigError(f"{path}: [{where}] {step}, {level}: {minutes} minutes: write 1 to {_LONGEST_MIN}")
