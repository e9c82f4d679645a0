"""Measures as rule files write them: what of a sensor's readings is compared, over which window of event time."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

from alerts.rule_values import DAY_S, LONGEST_S, Misplaced, Number, Text, micros

Of = Literal["value", "sum", "mean", "min", "max", "range", "count", "change", "rate", "days"]
Span = Annotated[float, Meta(gt=0, le=LONGEST_S)]

_BACK = 3  # windows: how old the reading may be that a change or a full window begins with
_PER_S = {"h": 3600.0, "d": DAY_S}
_DIFFERENCES = ("range", "change", "rate")
_OVER_S = {"over_s": 1.0, "over_h": 3600.0, "over_d": DAY_S}
_AGO_S = {"ago_s": 1.0, "ago_h": 3600.0, "ago_d": DAY_S}
_WINDOWS = ("sum", "mean", "min", "max", "range", "count")
_MET = ("at_least", "at_most")
_ONLY = {  # what a key says, it says of these
    "full": _WINDOWS,
    "abs": ("value", "change", "rate"),
    "per": ("rate",),
    **dict.fromkeys(_AGO_S, (*_WINDOWS, "change", "rate")),
    **dict.fromkeys(_MET, ("days",)),
}


class Measure(Struct, frozen=True, kw_only=True):
    """One figure of one sensor at t, with the defaults filled in.

    `value` is the reading. The windows hold t - over < time ≤ t. `change` is v(t) - v(r) and `rate`
    (v(t) - v(r)) per `per_us`, r the newest reading at or before t - over that is not older than
    t - 3 over; without r they are unknown. A `full` window is unknown until such an r exists.
    With `ago` all of it is what it was at t - ago: the window holds t - ago - over < time ≤ t - ago.

    `days` counts days of Chongqing time (00:00 to 24:00, UTC+8) in a row of which the largest
    reading is at least `at_least` (or the smallest at most `at_most`), no reading after t counted:
    among the day of t and those before it, `over_us` / 1 day in all. The row ends with the day of t;
    where that day has not met the value (yet), with the day before instead. So it rises with the
    reading that makes a day count, and falls to 0 with the first reading after a day that did not.
    A day without readings does not count. To stay at 3 through the morning of a fourth day, it needs
    4 days to look at.
    """

    of: Of = "value"
    over_us: int = 0
    ago_us: int = 0  # so long before t the window ends
    full: bool = False
    absolute: bool = False
    per_us: int = 0  # of a rate
    at_least: float | None = None  # of `days`, as is the next; exactly one of them
    at_most: float | None = None

    @property
    def reach_us(self) -> int:
        """How far back readings are needed."""
        return self.ago_us + self.over_us * (_BACK if self.full or self.of in ("change", "rate") else 1)

    @property
    def datum_free(self) -> bool:
        """Whether it is the same in every height system: a difference of readings, or a number of them."""
        return self.of in (*_DIFFERENCES, "count")


class MeasureKeys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measure as it is written; what is left out is taken from the rule's own, then from the defaults."""

    of: Of | None = None
    over_s: Span | None = None
    over_h: Annotated[float, Meta(gt=0, le=LONGEST_S / 3600)] | None = None
    over_d: Annotated[float, Meta(gt=0, le=LONGEST_S / DAY_S)] | None = None
    ago_s: Span | None = None
    ago_h: Annotated[float, Meta(gt=0, le=LONGEST_S / 3600)] | None = None
    ago_d: Annotated[float, Meta(gt=0, le=LONGEST_S / DAY_S)] | None = None
    full: bool | None = None
    abs: bool | None = None
    per: Literal["h", "d"] | None = None
    at_least: Number | None = None
    at_most: Number | None = None

    def resolved(self, base: "MeasureKeys | None" = None) -> Measure:
        """The measure that these keys amount to, together with those of `base`, the rule's own; raises Misplaced."""
        told = self.given()
        if base is not None and told.get("of") in (None, base.of):
            told = _merged(base.given(), told)
        _check(told)
        of: Of = told.get("of", "value")
        return Measure(
            of=of,
            over_us=_span_us(told, _OVER_S),
            ago_us=_span_us(told, _AGO_S),
            full=told.get("full", False),
            absolute=told.get("abs", False),
            per_us=micros(_PER_S[told.get("per", "h")]) if of == "rate" else 0,
            at_least=told.get("at_least"),
            at_most=told.get("at_most"),
        )

    def names_measure(self) -> bool:
        """Whether any key of a measure is written here."""
        return bool(self.given())

    def given(self) -> dict[str, Any]:
        """The keys of a measure that are written here."""
        named = {name: getattr(self, name) for name in MeasureKeys.__struct_fields__}
        return {name: value for name, value in named.items() if value is not None}


class Term(MeasureKeys, frozen=True, kw_only=True):
    """A figure that an expression calls by a name."""

    name: Annotated[str, Meta(pattern=r"^[a-z_][a-z0-9_]*$", max_length=60)]
    quantity: Text | None = None  # may be left out where the rule has only one

    def __post_init__(self) -> None:
        self.resolved()


class Input(NamedTuple):
    """What a comparison looks at: one measure of one quantity."""

    quantity: str
    measure: Measure


def _span_us(told: dict[str, Any], units: Mapping[str, float]) -> int:
    """The length that is told in one of the units, else nought."""
    return next((micros(told[key] * unit) for key, unit in units.items() if key in told), 0)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Both, one's own first; of keys that stand for one another, only one's own."""
    for alike in (tuple(_OVER_S), tuple(_AGO_S), _MET):
        if any(key in own for key in alike):
            base = {key: value for key, value in base.items() if key not in alike}
    return base | own


def _check(told: dict[str, Any]) -> None:
    of = told.get("of", "value")
    spans = [key for key in _OVER_S if key in told]
    if len(spans) > 1:
        raise Misplaced(f"a window has one length, not `{spans[0]}` and `{spans[1]}`", spans[1])
    if len(shifts := [key for key in _AGO_S if key in told]) > 1:
        raise Misplaced(f"a window ends at one time, not `{shifts[0]}` and `{shifts[1]}` ago", shifts[1])
    if of == "value" and spans:
        raise Misplaced(f"`{spans[0]}` goes with a window: write `of` too", spans[0])
    if of != "value" and not spans:
        raise Misplaced(f'`of` = "{of}" needs a window: `over_h`', "over_h")
    for key, kinds in _ONLY.items():
        if key in told and of not in kinds:
            raise Misplaced(f'`{key}` goes with of = {" or ".join(kinds)}, not with "{of}"', key)
    if of == "days":
        _check_days(told)


def _check_days(told: dict[str, Any]) -> None:
    if sum(key in told for key in _MET) != 1:
        raise Misplaced('`of` = "days" needs either `at_least` or `at_most`', "of")
    if told.get("over_d", 0.5) % 1:
        raise Misplaced('`of` = "days" needs whole days: `over_d`', "of")
