"""The kinds of rules, as frozen values; each is one `kind` of rule file (docs/rules.md)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr, replace

from alerts.levels import Grade
from alerts.rule_levels import Levels, Threshold, check_order, measures, written
from alerts.rule_measures import Measure, MeasureKeys, Span, Term
from alerts.rule_overrides import Override, applied
from alerts.rule_trees import EventCode, Node, leaves, walk
from alerts.rule_values import (
    Direction,
    Margin,
    MarginFraction,
    Misplaced,
    Number,
    Samples,
    Seconds,
    Text,
    Words,
)

_LATENESS_S, _WINDOW_LATENESS_S = 120.0, 600.0
Id = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]


class Common(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every rule has. `family` and `lateness_s` are filled in where the file leaves them out."""

    id: Id
    number: Annotated[int, Meta(ge=1, le=2**31 - 1)]  # in the list of default rules; plans name rules by it
    label: Words
    first_action: Words
    family: str = ""  # what one incident is made of; the quantity where it is left out
    lateness_s: Annotated[float, Meta(ge=0, le=86_400)] | None = None  # older readings are put in their place
    reopen_s: Seconds = 1800.0  # event time: so soon after its end, an alert is opened again, not a new one
    override: tuple[Override, ...] = ()

    def _filled(self, *, family: str, lateness_s: float) -> None:
        """Fill in what was left out, and try the overrides."""
        if not self.family:
            force_setattr(self, "family", family)
        if self.lateness_s is None:
            force_setattr(self, "lateness_s", lateness_s)
        if not self.override:
            return
        bare = replace(self, override=())
        for number, override in enumerate(self.override):
            try:
                applied(bare, override)
            except Misplaced as error:
                raise Misplaced(str(error), "override", number, *error.steps) from error


class Rule(Common, frozen=True, kw_only=True, tag="threshold"):
    """A graded threshold of one quantity: each level is a latch with its own threshold and clear line."""

    quantity: Text
    unit: Text  # of the readings; a rate is in it per hour or day
    direction: Direction
    levels: Levels
    measure: MeasureKeys | None = None  # None: the reading itself
    raise_after: Samples
    hold_s: Seconds = 0.0  # the samples in a row span at least so long
    margin: Margin | None = None  # in `unit`
    margin_fraction: MarginFraction | None = None  # of the threshold
    clear_for_s: Seconds  # event time

    def __post_init__(self) -> None:
        if (self.margin is None) == (self.margin_fraction is None):
            raise Misplaced("a rule has either a `margin` or a `margin_fraction`")
        if not self.graded():
            raise Misplaced("`levels` is empty", "levels")
        self._check_bands()
        of = self.measures()
        check_order(self.graded(), of, self.direction)
        windowed = any(measure.of != "value" for measure in of.values())
        self._filled(family=self.quantity, lateness_s=_WINDOW_LATENESS_S if windowed else _LATENESS_S)

    def graded(self) -> dict[Grade, Threshold]:
        """The levels that the rule has, lowest first."""
        return self.levels.graded()

    def measures(self) -> dict[Grade, Measure]:
        """What each level compares, lowest first."""
        return measures(self.graded(), self.measure)

    def _check_bands(self) -> None:
        for grade, threshold in self.graded().items():
            if self.direction == "between" and not threshold.is_band:
                raise Misplaced("between means `low` and `high`", "levels", grade)
            if self.direction == "below" and threshold.is_band:
                raise Misplaced("a band needs `direction` above or between", "levels", grade)


class EventRule(Common, frozen=True, kw_only=True, tag="event"):
    """A reading of 1 or more is the event: smoke, a call for help, people in a lift."""

    quantity: Text
    unit: Text = "dimensionless"
    level: Grade
    raise_after: Samples = 1
    hold_s: Seconds = 0.0
    clear_for_s: Seconds = 1800.0

    def __post_init__(self) -> None:
        self._filled(family=self.quantity, lateness_s=_LATENESS_S)


class Trees(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The condition of each level; None has no latch."""

    blue: Node | None = None
    yellow: Node | None = None
    orange: Node | None = None
    red: Node | None = None


class ConditionRule(Common, frozen=True, kw_only=True, tag="condition"):
    """A tree of conditions for each level.

    Of one quantity, the subject is the sensor; of several, the device that reads them.
    """

    units: dict[Text, Text]  # unit of every quantity that the rule looks at
    levels: Trees
    raise_after: Samples = 2
    hold_s: Seconds = 0.0
    margin: Margin | None = None  # of comparisons that have none of their own
    margin_fraction: MarginFraction | None = None
    clear_for_s: Seconds = 1800.0

    def __post_init__(self) -> None:
        if not self.units:
            raise Misplaced("`units` names no quantity", "units")
        if not self.graded():
            raise Misplaced("`levels` is empty", "levels")
        if self.margin is not None and self.margin_fraction is not None:
            raise Misplaced("a rule has either a `margin` or a `margin_fraction`", "margin")
        for grade, tree in self.graded().items():
            _check_tree(self, grade, tree)
        if unused := self.units.keys() - self.looked_at():
            raise Misplaced(f"`units` has {sorted(unused)[0]!r}, which no condition looks at", "units")
        self._filled(family=next(iter(self.units)), lateness_s=_WINDOW_LATENESS_S)

    def graded(self) -> dict[Grade, Node]:
        """The levels that the rule has, lowest first."""
        return written(self.levels)

    def looked_at(self) -> set[str]:
        """The quantities of all comparisons."""
        only = next(iter(self.units))
        compared = [leaf for tree in self.graded().values() for leaf in leaves(tree)]
        return {one.quantity for leaf in compared for one in leaf.inputs(only).values()}


def _check_tree(rule: ConditionRule, grade: Grade, tree: Node) -> None:
    for steps, node in walk(tree):
        at = ("levels", grade, *steps)
        if node.form == "leaf":
            _check_quantity(rule, node.quantity, *at)
        for number, term in enumerate(node.terms or ()):
            _check_term(rule, term, *at, "terms", number)
        for name in node.named_quantities():
            if name not in rule.units:
                raise Misplaced(f"`expression`: `units` does not have {name!r}", *at, "expression")


def _check_term(rule: ConditionRule, term: Term, *at: str | int) -> None:
    _check_quantity(rule, term.quantity, *at)
    if term.name in rule.units:
        raise Misplaced(f"`name`: {term.name!r} is a quantity of `units` already", *at, "name")


def _check_quantity(rule: ConditionRule, quantity: str | None, *at: str | int) -> None:
    if quantity is None and len(rule.units) > 1:
        raise Misplaced("which of `units` is it? write `quantity`", *at, "quantity")
    if quantity is not None and quantity not in rule.units:
        raise Misplaced(f"`quantity`: `units` does not have {quantity!r}", *at, "quantity")


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of the subjects: a number, a share of them, or both."""

    at_least: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    fraction: Annotated[float, Meta(gt=0, le=1)] | None = None  # of the subjects that the counted rule judges there
    level: Grade | None = None  # another than the rule's

    def __post_init__(self) -> None:
        if self.at_least is None and self.fraction is None:
            raise Misplaced("a count needs `at_least` or `fraction`")


Shares = Annotated[int, Meta(ge=1, le=1_000_000)] | Share


class Counts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many for each level; None has no latch."""

    blue: Shares | None = None
    yellow: Shares | None = None
    orange: Shares | None = None
    red: Shares | None = None


class CountRule(Common, frozen=True, kw_only=True, tag="count"):
    """So many subjects of another rule at a level or graver at one time, in one area.

    The subject is the division for `grid` and `township`, for `touching` the grid in the middle
    (its neighbours counted), for `radius_m` the counted subject in the middle (itself counted).
    """

    of: Id  # the rule that is counted
    level: Grade  # of its subjects: at it or graver
    within: Literal["grid", "township", "radius_m", "touching"]
    radius_m: Annotated[float, Meta(gt=0, le=100_000)] | None = None
    levels: Counts
    raise_after: Samples = 1
    hold_s: Seconds = 0.0
    clear_for_s: Seconds = 600.0

    def __post_init__(self) -> None:
        if (self.within == "radius_m") != (self.radius_m is not None):
            raise Misplaced('`radius_m` goes with within = "radius_m", and the other way round', "radius_m")
        if not self.graded():
            raise Misplaced("`levels` is empty", "levels")
        self._filled(family=self.of, lateness_s=_WINDOW_LATENESS_S)

    def graded(self) -> dict[Grade, Share]:
        """How many of which level, for each level that the rule has, lowest first; `level` is filled in."""
        shares = {
            grade: Share(at_least=one) if isinstance(one, int) else one for grade, one in written(self.levels).items()
        }
        return {grade: replace(share, level=share.level or self.level) for grade, share in shares.items()}


class SilenceRule(Common, frozen=True, kw_only=True, tag="silence"):
    """No reading for so many of the sensor's own intervals; of a gateway, where that is so for all its sensors.

    A sensor without an interval is not judged. The first reading ends it.
    """

    level: Grade
    intervals: Annotated[float, Meta(ge=1, le=1000)] = 3.0
    quantities: tuple[Text, ...] = ()  # none: all
    subjects: tuple[Literal["sensor", "gateway"], ...] = ("sensor", "gateway")

    def __post_init__(self) -> None:
        if not self.subjects:
            raise Misplaced("`subjects` is empty", "subjects")
        self._filled(family="device", lateness_s=0.0)


class StuckRule(Common, frozen=True, kw_only=True, tag="stuck"):
    """The readings of a full window lie within `tolerance` of one another."""

    quantity: Text
    unit: Text
    level: Grade
    over_h: Span
    tolerance: Margin
    at_least: Annotated[int, Meta(ge=2, le=10_000_000)] = 10  # readings in the window
    resting: Number | None = None  # a value at which standing still is natural: a rain gauge's 0
    clear_for_s: Seconds = 0.0

    def __post_init__(self) -> None:
        if self.over_h > 400 * 24:
            raise Misplaced("`over_h` is more than 400 days", "over_h")
        self._filled(family="device", lateness_s=_WINDOW_LATENESS_S)


class StepRule(Common, frozen=True, kw_only=True, tag="step"):
    """A reading that is further than `limit` from the one before is suspect; it raises and suppresses nothing."""

    quantity: Text
    unit: Text
    limit: Annotated[float, Meta(gt=0, le=1e9)]
    within_s: Annotated[float, Meta(gt=0, le=86_400)] = 3600.0  # an older reading before is not compared

    def __post_init__(self) -> None:
        self._filled(family="device", lateness_s=_LATENESS_S)


class WarningRule(Common, frozen=True, kw_only=True, tag="warning"):
    """An official warning of this type: the township's alert has its colour (alerts/warnings_alerts.py)."""

    event: EventCode

    def __post_init__(self) -> None:
        self._filled(family=self.event, lateness_s=0.0)


AnyRule = Rule | EventRule | ConditionRule | CountRule | SilenceRule | StuckRule | StepRule | WarningRule
