"""Rule files (`config/rules/*.toml`, one rule each) as frozen values; the form is told in docs/rules.md."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from alerts.edited import Step, convert
from alerts.errors import AlertsError, EditedFileError
from alerts.levels import GRADES, Grade

Text = Annotated[str, Meta(min_length=1)]
Number = Annotated[float, Meta(ge=-1e9, le=1e9)]  # finite, and small enough to be told to 1e-9

_MEND: dict[str, str] = {
    "id": 'write the file\'s own name without .toml, small letters, digits and hyphens: id = "river-stage"',
    "number": "write the rule's number in the list of default rules, from 1: number = 6",
    "kind": 'write kind = "threshold"',
    "label": 'write label = {zh = "…", en = "…"}',
    "first_action": 'write first_action = {zh = "…", en = "…"}',
    "zh": "write the words in Chinese",
    "en": "write the words in English",
    "quantity": 'write the quantity that sensors are registered with: quantity = "stage"',
    "unit": 'write the unit that readings are stored in: unit = "m"',
    "direction": 'write direction = "above" or direction = "below"',
    "raise_after": "write how many samples in a row raise it, at least 1: raise_after = 2",
    "margin": "write either margin (in the rule's unit) or margin_fraction, at least 0: margin = 0.2",
    "margin_fraction": "write either margin or margin_fraction, 0 up to 1: margin_fraction = 0.1",
    "clear_for_s": "write how many seconds the value must stay clear, at least 0: clear_for_s = 1800",
    "levels": "write at least one of blue, yellow, orange, red under [levels], each no milder than the one before",
    **{
        grade: f'write a number, {{value = 0.0, strict = true}} or {{from = "warning", offset = -0.5}}: {grade} = 3.0'
        for grade in GRADES
    },
    "from": 'write which level of the sensor it is: from = "warning"',
    "value": "write a number: value = 19.5",
    "offset": "write a number in the rule's unit: offset = -0.5",
    "strict": "write strict = true where the threshold itself does not count yet",
}


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same words in the two languages of the screens."""

    zh: Text
    en: Text


class Threshold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fixed value, or a level of the sensor's own (warning, guarantee, highest …) and an offset to it."""

    value: Number | None = None
    from_: Text | None = field(default=None, name="from")
    offset: Number = 0.0
    strict: bool = False  # only beyond the threshold, not at it

    def __post_init__(self) -> None:
        if (self.value is None) == (self.from_ is None):
            raise ValueError("a level has either a `value` or `from`")
        if self.value is not None and self.offset:
            raise ValueError("an `offset` goes with `from`, not with a value")


class Levels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The threshold of each level; None has no latch."""

    blue: Number | Threshold | None = None
    yellow: Number | Threshold | None = None
    orange: Number | Threshold | None = None
    red: Number | Threshold | None = None

    def of(self, grade: Grade) -> Threshold | None:
        """The threshold of one level, whichever way it was written."""
        written: Number | Threshold | None = getattr(self, grade)
        return Threshold(value=written) if isinstance(written, float) else written


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="threshold"):
    """A graded threshold of one quantity: each level is a latch with its own threshold and clear line."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    number: Annotated[int, Meta(ge=1)]  # in the list of default rules; plans name rules by it
    label: Words
    first_action: Words
    quantity: Text
    unit: Text
    direction: Literal["above", "below"]
    levels: Levels
    raise_after: Annotated[int, Meta(ge=1, le=1_000_000)]  # samples in a row
    margin: Annotated[float, Meta(ge=0, le=1e9)] | None = None  # in `unit`
    margin_fraction: Annotated[float, Meta(ge=0, lt=1)] | None = None  # of the threshold
    clear_for_s: Annotated[float, Meta(ge=0, le=1e9)]  # event time

    def __post_init__(self) -> None:
        if (self.margin is None) == (self.margin_fraction is None):
            raise ValueError("a rule has either a `margin` or a `margin_fraction`")
        if not self.graded():
            raise ValueError("`levels` is empty")
        self._check_order()

    def graded(self) -> dict[Grade, Threshold]:
        """The levels that the rule has, lowest first."""
        return {grade: threshold for grade in GRADES if (threshold := self.levels.of(grade)) is not None}

    def _check_order(self) -> None:
        sign = 1 if self.direction == "above" else -1
        fixed = [(grade, one.value) for grade, one in self.graded().items() if one.value is not None]
        for (milder, low), (graver, high) in pairwise(fixed):
            if sign * high < sign * low:
                raise ValueError(f"`levels` out of order for {self.direction}: {milder} {low:g}, {graver} {high:g}")


def load_rules(folder: Path) -> list[Rule]:
    """The rules of every `*.toml` in the folder, by id; raises EditedFileError at the first fault."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise AlertsError(f"no rule files (*.toml) in {folder}: name the folder that holds them")
    return [load_rule(path) for path in paths]


def load_rule(path: Path) -> Rule:
    """The rule of one file; raises EditedFileError."""
    try:
        text = path.read_bytes().decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise EditedFileError(path, line, "not UTF-8", "save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        raise EditedFileError(path, line, f"not TOML: {error}", 'write key = value, texts in "…"') from error
    rule = convert(data, Rule, path=path, line_of=lambda steps: _line_of(text, steps), mend=_MEND)
    if rule.id != path.stem:
        raise EditedFileError(path, _line_of(text, ["id"]), f"`id` is {rule.id!r}, the file {path.name}", _MEND["id"])
    return rule


def _line_of(text: str, steps: list[Step]) -> int:
    """The line of a key, 1-based: of its nearest parent where it is missing or inside an inline table."""
    lines = text.splitlines()
    line, section, name = 1, 0, ""
    for step in map(str, steps):
        name = f"{name}.{step}" if name else step
        header = _find(lines, 0, rf"\[\s*{re.escape(name)}\s*\]")
        assigned = _find(lines, section, rf'"?(?:{re.escape(step)}|{re.escape(name)})"?\s*=', stop=r"\[")
        if header:
            line, section = header, header
        elif assigned:
            line = assigned
    return line


def _find(lines: list[str], start: int, pattern: str, stop: str | None = None) -> int | None:
    for number, line in enumerate(lines[start:], start + 1):
        if re.match(rf"\s*{pattern}", line):
            return number
        if stop and re.match(rf"\s*{stop}", line):
            return None
    return None
