"""Windows against a brute-force reading of history."""

from collections.abc import Callable
from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.columns import NEVER
from alerts.measures import measured
from alerts.rule_measures import Measure
from alerts.windows import Windows

SECOND = 1_000_000
DAY = 86_400 * SECOND
Reading = tuple[int, int, float]  # sensor, time in µs, value

values = st.integers(-400, 400).map(lambda n: n / 8)
histories = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 20).map(lambda n: n * SECOND), values),
    max_size=50,
    unique_by=lambda row: row[:2],
)
cuts = st.lists(st.integers(0, 50), max_size=6)


def kept(rows: list[Reading], at: list[int]) -> Windows:
    """The readings, in runs of these sizes."""
    windows = Windows()
    for start, end in pairwise([0, *sorted(min(cut, len(rows)) for cut in at), len(rows)]):
        part = sorted(rows[start:end])
        sensor, time, value = (np.array([row[column] for row in part]) for column in range(3))
        windows = windows.add(
            sensor.astype(np.int64), time.astype(np.int64), value.astype(np.float64), np.full(4, NEVER)
        )
    return windows


def figure(windows: Windows, measure: Measure, sensor: int, upto: int, max_age: int = 0) -> float:
    return float(measured(windows, measure, np.array([sensor]), np.array([upto]), max_age)[0])


BRUTE: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "mean": fmean,
    "min": min,
    "max": max,
    "range": lambda of: max(of) - min(of),
}


@settings(max_examples=300, deadline=None)
@given(rows=histories, at=cuts, sensor=st.integers(-1, 4), upto=st.integers(0, 22), over=st.integers(1, 8))
def test_a_window_is_what_history_says(rows: list[Reading], at: list[int], sensor: int, upto: int, over: int) -> None:
    windows, end, span = kept(rows, at), upto * SECOND, over * SECOND
    inside = [value for of, time, value in rows if of == sensor and end - span < time <= end]
    for of, brute in BRUTE.items():
        found = figure(windows, Measure(of=of, over_us=span), sensor, end)  # type: ignore[arg-type]
        assert found == pytest.approx(brute(inside), abs=1e-9) if inside else np.isnan(found), of
        later = figure(windows, Measure(of=of, over_us=span, ago_us=5 * SECOND), sensor, end + 5 * SECOND)  # type: ignore[arg-type]
        assert later == found or (np.isnan(later) and np.isnan(found)), "what it was then"
    count = figure(windows, Measure(of="count", over_us=span), sensor, end)
    assert count == len(inside) if sensor >= 0 else np.isnan(count)


@settings(max_examples=300, deadline=None)
@given(rows=histories, at=cuts, upto=st.integers(0, 22), over=st.integers(1, 5))
def test_a_change_begins_with_the_newest_reading_before_the_window(
    rows: list[Reading], at: list[int], upto: int, over: int
) -> None:
    windows, end, span = kept(rows, at), upto * SECOND, over * SECOND
    its = sorted((time, value) for sensor, time, value in rows if sensor == 1)
    begin = [one for one in its if end - 3 * span <= one[0] <= end - span]
    last = [one for one in its if end - span < one[0] <= end]
    change = figure(windows, Measure(of="change", over_us=span), 1, end)
    rate = figure(windows, Measure(of="rate", over_us=span, per_us=SECOND, absolute=True), 1, end)
    full = figure(windows, Measure(of="count", over_us=span, full=True), 1, end)
    assert full == len(last) if begin else np.isnan(full)
    if not begin or not last:
        assert np.isnan(change)
        assert np.isnan(rate)
        return
    assert change == last[-1][1] - begin[-1][1]
    assert rate == pytest.approx(abs(change) * SECOND / (last[-1][0] - begin[-1][0]), abs=1e-8)


@settings(max_examples=200, deadline=None)
@given(rows=histories, at=cuts, upto=st.integers(0, 22), age=st.integers(0, 8))
def test_a_value_stands_for_its_age(rows: list[Reading], at: list[int], upto: int, age: int) -> None:
    windows, end = kept(rows, at), upto * SECOND
    near = sorted((time, value) for of, time, value in rows if of == 2 and end - age * SECOND <= time <= end)
    found = figure(windows, Measure(), 2, end, max_age=age * SECOND)
    assert found == near[-1][1] if near else np.isnan(found)


@settings(max_examples=200, deadline=None)
@given(rows=histories, at=cuts, sensor=st.integers(0, 3), start=st.integers(0, 22))
def test_all_since_a_time(rows: list[Reading], at: list[int], sensor: int, start: int) -> None:
    of, time, value = kept(rows, at).since(np.array([3, sensor]), np.array([0, start * SECOND]))
    expected = [(0, t, v) for s, t, v in sorted(rows) if s == 3]
    expected += [(1, t, v) for s, t, v in sorted(rows) if s == sensor and t >= start * SECOND]
    assert list(zip(of.tolist(), time.tolist(), value.tolist(), strict=True)) == expected


@settings(max_examples=100, deadline=None)
@given(rows=histories, at=cuts, oldest=st.lists(st.integers(0, 20), min_size=4, max_size=4))
def test_what_is_kept_does_not_depend_on_the_runs(rows: list[Reading], at: list[int], oldest: list[int]) -> None:
    bound = np.array(oldest) * SECOND
    run = kept(rows, at).within(bound)
    expected = [(s, t, v) for s, t, v in sorted(rows) if t >= bound[s]]
    columns = (run.key.real.astype(int).tolist(), run.key.imag.astype(int).tolist(), run.value.tolist())
    assert list(zip(*columns, strict=True)) == expected


def test_runs_stay_few_and_old_ones_are_never_changed() -> None:
    windows, before = Windows(), []
    for number in range(300):
        windows = windows.add(np.arange(10), np.full(10, number), np.ones(10), np.full(10, NEVER))
        before.append((windows, [run.key.tobytes() for run in windows.runs]))
        assert len(windows.runs) <= 6
    assert len(windows) == 3000
    assert all([run.key.tobytes() for run in held.runs] == keys for held, keys in before)


def test_what_is_out_of_reach_is_dropped_at_merges() -> None:
    windows = Windows()
    for number in range(2000):
        windows = windows.add(np.arange(2), np.full(2, number), np.ones(2), np.full(2, number - 10))
    assert len(windows) < 400


def test_sums_are_exact_however_long_the_run_is() -> None:
    n = 200_000
    windows = Windows().add(np.zeros(n, np.int64), np.arange(n), np.full(n, 0.1), np.zeros(1, np.int64))
    assert figure(windows, Measure(of="sum", over_us=3), 0, n - 1) == 0.3
    assert figure(windows, Measure(of="sum", over_us=n), 0, n - 1) == n / 10


@settings(max_examples=200, deadline=None)
@given(
    met=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 23), st.booleans()), max_size=20),
    upto=st.tuples(st.integers(0, 5), st.integers(0, 23)),
    days=st.integers(1, 4),
)
def test_days_in_a_row(met: list[tuple[int, int, bool]], upto: tuple[int, int], days: int) -> None:
    """In Chongqing's days; the day of the reading may not have met the value yet."""
    midnight = 16 * 3600 * SECOND  # UTC: 00:00 in Chongqing
    rows = {(day, hour): 35.0 if hot else 20.0 for day, hour, hot in met}
    history = [(1, midnight + day * DAY + hour * DAY // 24, value) for (day, hour), value in rows.items()]
    end = midnight + upto[0] * DAY + upto[1] * DAY // 24
    hot = {day for (day, hour), value in rows.items() if value >= 35.0 and (day, hour) <= upto}
    looked_at = [upto[0] - back for back in range(days)]
    row = looked_at if upto[0] in hot else looked_at[1:]
    expected = next((place for place, day in enumerate(row) if day not in hot), len(row))
    measure = Measure(of="days", over_us=days * DAY, at_least=35.0)
    assert figure(kept(history, []), measure, 1, end) == expected
