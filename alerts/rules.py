"""Rule files (`config/rules/*.toml`, one rule each) as frozen values; the form is told in docs/rules.md."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alerts.edited import Step, convert
from alerts.errors import AlertsError, EditedFileError
from alerts.rule_checks import Fault, Limits, file_fault, set_fault, shipped_limits
from alerts.rule_kinds import (
    AnyRule,
    Common,
    ConditionRule,
    CountRule,
    EventRule,
    Rule,
    SilenceRule,
    StepRule,
    StuckRule,
    WarningRule,
)
from alerts.rule_levels import Levels, Threshold
from alerts.rule_measures import Measure, MeasureKeys
from alerts.rule_mend import MEND
from alerts.rule_overrides import Override
from alerts.rule_places import Places, line_count
from alerts.rule_trees import Node
from alerts.rule_values import Words

__all__ = [
    "AnyRule",
    "Common",
    "ConditionRule",
    "CountRule",
    "EventRule",
    "Levels",
    "Limits",
    "Measure",
    "MeasureKeys",
    "Node",
    "Override",
    "Rule",
    "SilenceRule",
    "StepRule",
    "StuckRule",
    "Threshold",
    "WarningRule",
    "Words",
    "load_rule",
    "load_rules",
    "parse_rules",
]

_LARGEST = 65_536  # bytes of a file
_LONGEST_LINE = 1_000  # characters; what a key of many dots costs grows with the square of their number
_DEEPEST = 40  # tables and lists in one another


def load_rules(folder: Path, limits: Limits | None = None) -> list[AnyRule]:
    """The rules of every `*.toml` in the folder, by id; raises EditedFileError at the first fault.

    `limits` are what the rules may speak of: config/quantities.toml where it is left out.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise AlertsError(f"no rule files (*.toml) in {folder}: name the folder that holds them")
    return parse_rules({path: _content(path) for path in paths}, limits)


def parse_rules(files: Mapping[Path, bytes], limits: Limits | None = None) -> list[AnyRule]:
    """The rules of several files that belong together, in their order; raises EditedFileError at the first fault."""
    known = limits or shipped_limits()
    rules = {path: _parsed(path, content, known) for path, content in files.items()}
    if found := set_fault({path.stem: rule for path, rule in rules.items()}):
        name, fault = found
        path = next(path for path in files if path.stem == name)
        raise _error(path, Places(files[path].decode()), fault)
    return list(rules.values())


def load_rule(path: Path, limits: Limits | None = None) -> AnyRule:
    """The rule of one file, without what it needs of others; raises EditedFileError."""
    return _parsed(path, _content(path), limits or shipped_limits())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EditedFileError(
            path, 1, f"cannot be read: {error.strerror}", "make it a file that we may read"
        ) from error


def _parsed(path: Path, content: bytes, limits: Limits) -> AnyRule:
    text = _text(path, content)
    data = _data(path, text)
    places = Places(text)
    if deep := _too_deep(data):
        raise EditedFileError(path, places.where(deep), f"more than {_DEEPEST} levels deep", "write it flatter")
    rule: AnyRule = convert(data, AnyRule, path=path, line_of=places.where, mend=MEND)  # type: ignore[arg-type]
    if rule.id != path.stem:
        raise EditedFileError(path, places.where(["id"]), f"`id` is {rule.id!r}, the file {path.name}", MEND["id"])
    if fault := file_fault(rule, limits):
        raise _error(path, places, fault)
    return rule


def _error(path: Path, places: Places, fault: Fault) -> EditedFileError:
    return EditedFileError(path, places.where(fault.steps), fault.reason, fault.mend)


def _text(path: Path, content: bytes) -> str:
    if len(content) > _LARGEST:
        raise EditedFileError(path, 1, f"{len(content):,} bytes, more than {_LARGEST:,}", "a rule is a few lines")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise EditedFileError(path, line, "not UTF-8", "save the file as UTF-8") from error
    for line, written in enumerate(text.split("\n"), 1):
        if len(written) > _LONGEST_LINE:
            raise EditedFileError(path, line, f"a line of {len(written):,} characters", "write it on several lines")
    return text


def _data(path: Path, text: str) -> dict[str, Any]:
    mend = 'write key = value, texts in "…"'
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise EditedFileError(path, 1, "not TOML: too deep", "write it flatter") from error
    except ValueError as error:  # TOMLDecodeError, and numbers of too many digits
        found = re.search(r"at line (\d+)", str(error))
        line = min(int(found.group(1)) if found else line_count(text), line_count(text))
        raise EditedFileError(path, line, f"not TOML: {error}", mend) from error


def _too_deep(data: object) -> list[Step]:
    """The steps to a value that lies too deep; none where all is well."""
    layer: list[tuple[list[Step], object]] = [([], data)]
    for _ in range(_DEEPEST):
        layer = [([*steps, step], inner) for steps, value in layer for step, inner in _inner(value)]
    return layer[0][0] if layer else []


def _inner(value: object) -> list[tuple[Step, object]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []
