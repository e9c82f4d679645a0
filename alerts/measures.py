"""What a rule looks at: a reading, or a figure of the readings in a window of event time that ends with it.

A window of length W at t holds t - W < time ≤ t. A change or a rate compares with r, the newest
reading at or before t - W that is not older than t - 3W. What cannot be told is NaN: unknown.
A measure that is shifted back by A is at t what it was at t - A.
"""

from collections.abc import Callable

import numpy as np

from alerts.columns import NEVER, Floats, Rows, Times
from alerts.rule_measures import Measure
from alerts.windows import Windows

_BACK = 3  # windows: how far the reading may be that a change begins with
_MILLIONTH = 1e6
_DAY_US = 86_400_000_000
_CHONGQING_US = 8 * 3_600_000_000  # ahead of UTC, without summer time


def measured(windows: Windows, measure: Measure, sensor: Rows, upto: Times, max_age: int) -> Floats:
    """[m] the measure of each sensor at a time; NaN where unknown. A sensor of -1 is none.

    `max_age`: µs that a reading stands for the value of its sensor.
    """
    upto = upto - measure.ago_us
    if measure.of == "value":
        figure = _value(windows, sensor, upto, max_age)
    else:
        figure = _FIGURES[measure.of](windows, measure, sensor, upto)
    unknown = sensor < 0
    if measure.full:
        unknown |= _begin(windows, measure, sensor, upto)[0] == NEVER
    figure = np.where(unknown, np.nan, figure)
    return np.abs(figure) if measure.absolute else figure


def _value(windows: Windows, sensor: Rows, upto: Times, max_age: int) -> Floats:
    time, value = windows.newest(sensor, upto)
    return np.where(time >= upto - max_age, value, np.nan)


def _sum(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> Floats:
    total, count = windows.totals(sensor, upto - measure.over_us, upto)
    return np.where(count > 0, total / _MILLIONTH, np.nan)


def _mean(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> Floats:
    total, count = windows.totals(sensor, upto - measure.over_us, upto)
    return np.where(count > 0, total / _MILLIONTH / np.maximum(count, 1), np.nan)


def _count(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> Floats:
    return windows.totals(sensor, upto - measure.over_us, upto)[1].astype(np.float64)


def _min(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> Floats:
    return _known(windows.extremes(sensor, upto - measure.over_us, upto)[0])


def _max(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> Floats:
    return _known(windows.extremes(sensor, upto - measure.over_us, upto)[1])


def _range(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> Floats:
    least, greatest = windows.extremes(sensor, upto - measure.over_us, upto)
    return _rounded(_known(greatest) - _known(least))


def _change(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> Floats:
    return _rounded(_difference(windows, measure, sensor, upto)[0])


def _rate(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> Floats:
    difference, span = _difference(windows, measure, sensor, upto)
    return _rounded(difference * measure.per_us / span)


def _difference(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> tuple[Floats, Floats]:
    """[m] v(t) - v(r), and t - r in µs; NaN without an r or a t."""
    last, value = windows.newest(sensor, upto)
    first, base = _begin(windows, measure, sensor, upto)
    known = (first != NEVER) & (last > upto - measure.over_us)
    span = np.where(known, np.where(known, last, 0) - np.where(known, first, 0), 1).astype(np.float64)
    return np.where(known, value - base, np.nan), span


def _days(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> Floats:
    """[m] days in a row that met the value; see alerts/rule_measures.py."""
    begin = upto - (upto + _CHONGQING_US) % _DAY_US
    row, goes_on = np.zeros(len(sensor), np.int64), np.ones(len(sensor), bool)
    for back in range(measure.over_us // _DAY_US):
        first = begin - back * _DAY_US
        least, greatest = windows.extremes(sensor, first - 1, np.minimum(first + _DAY_US - 1, upto))
        met = least <= measure.at_most if measure.at_most is not None else greatest >= (measure.at_least or 0.0)
        row += goes_on & met
        goes_on &= met | (back == 0)
    return row.astype(np.float64)


def _begin(windows: Windows, measure: Measure, sensor: Rows, upto: Times) -> tuple[Times, Floats]:
    """[m] time and value of r; NEVER where there is none."""
    time, value = windows.newest(sensor, upto - measure.over_us)
    near = time >= upto - _BACK * measure.over_us
    return np.where(near, time, NEVER), value


def _known(figure: Floats) -> Floats:
    return np.where(np.isfinite(figure), figure, np.nan)


def _rounded(figure: Floats) -> Floats:
    # 0.3 of 180.3 - 180.0 is 0.3 for a person, too, though binary fractions say otherwise.
    return np.round(figure, 9)


_FIGURES: dict[str, Callable[[Windows, Measure, Rows, Times], Floats]] = {
    "sum": _sum,
    "mean": _mean,
    "min": _min,
    "max": _max,
    "range": _range,
    "count": _count,
    "change": _change,
    "rate": _rate,
    "days": _days,
}
