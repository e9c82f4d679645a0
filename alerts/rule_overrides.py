"""Overrides: what one rule is for certain sensors or divisions."""

from typing import Annotated, Any, Protocol, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from alerts.rule_levels import Levels
from alerts.rule_values import Margin, MarginFraction, Misplaced, Samples, Seconds, Text

Code = Annotated[str, Meta(pattern=r"^[0-9]{2,17}$")]
_WHOM = ("sensors", "divisions")
_SENSOR = 100  # more particular than the longest code


class Override(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other values for some sensors (by name) or divisions (by code, and all that lies in them)."""

    sensors: tuple[Text, ...] = ()
    divisions: tuple[Code, ...] = ()
    enabled: bool | None = None  # False: not judged by this rule at all
    levels: Levels | None = None  # these in place of the rule's own; the others stay
    raise_after: Samples | None = None
    margin: Margin | None = None
    margin_fraction: MarginFraction | None = None
    clear_for_s: Seconds | None = None
    hold_s: Seconds | None = None
    intervals: Annotated[float, Meta(ge=1, le=1000)] | None = None
    tolerance: Margin | None = None
    limit: Annotated[float, Meta(gt=0, le=1e9)] | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """What it puts in place of the rule's own."""
        held = {name: getattr(self, name) for name in self.__struct_fields__ if name not in (*_WHOM, "enabled")}
        return {name: value for name, value in held.items() if value is not None}

    def __post_init__(self) -> None:
        if bool(self.sensors) == bool(self.divisions):
            raise Misplaced("an override names either `sensors` or `divisions`")
        if not self.changes and self.enabled is None:
            raise Misplaced("an `override` that changes nothing")
        if self.margin is not None and self.margin_fraction is not None:
            raise Misplaced("an override has either a `margin` or a `margin_fraction`", "margin")


class Overridden(Protocol):
    """A rule that may have overrides."""

    @property
    def override(self) -> tuple[Override, ...]:
        """In the order of the file."""
        ...


RuleT = TypeVar("RuleT", bound=Overridden)


def applied(rule: RuleT, override: Override) -> RuleT:
    """The rule with what the override changes; raises Misplaced where that does not go together."""
    changes = override.changes
    stray = next((name for name in changes if not hasattr(rule, name)), None)
    if stray is not None:
        raise Misplaced(f"`{stray}` is nothing that this kind of rule has", stray)
    if "levels" in changes:
        own = rule.levels  # type: ignore[attr-defined]
        if not isinstance(own, Levels):
            raise Misplaced("only thresholds have `levels` that can be overridden", "levels")
        changes["levels"] = own.with_(changes["levels"])
    if {"margin", "margin_fraction"} & changes.keys():
        changes = {"margin": None, "margin_fraction": None} | changes
    return replace(rule, **changes)  # type: ignore[type-var]


def effective(rule: RuleT, sensor: str | None, divisions: frozenset[str]) -> RuleT | None:
    """The rule as it is for one subject; None where it is not to be judged.

    `sensor` is the name of a sensor, `divisions` the codes of all divisions that the subject lies in.
    Every override that fits is applied: a sensor's after a division's, a longer code's after a
    shorter one's, otherwise the later one in the file, so that the most particular has the last word.
    """
    enabled = True
    for number in fitting(rule, sensor, divisions):
        override = rule.override[number]
        enabled = enabled if override.enabled is None else override.enabled
        rule = applied(rule, override)
    return rule if enabled else None


def fitting(rule: Overridden, sensor: str | None, divisions: frozenset[str]) -> tuple[int, ...]:
    """The numbers of the overrides that fit, in the order in which they are applied.

    Subjects with the same numbers have the same rule.
    """
    found = []
    for number, override in enumerate(rule.override):
        if sensor is not None and sensor in override.sensors:
            found.append((_SENSOR, number))
        elif codes := divisions & frozenset(override.divisions):
            found.append((max(map(len, codes)), number))
    return tuple(number for _, number in sorted(found))
