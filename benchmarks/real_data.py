"""Rules on recorded series from the world: what the kernel says of them, against what is known of each.

The thresholds of a series come from a published rule, a standard, the shipped rules, or from a named part
of the series that is then not tested on; never from the labels of what is tested.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alerts.backtest import spells_of
from alerts.backtest_sums import HOUR_US, AlertSum, alerts_of
from alerts.columns import Batch
from alerts.instants import aware
from alerts.kernel import Transition, evaluate
from alerts.rule_drafts import Fault, read_text, rules_of
from alerts.rules import AnyRule
from alerts.ruleset import Subject, compile_rules
from alerts.state import initial_state
from benchmarks.real_rules import mukilteo, mukilteo_steps, outside_and_jump, room, staircase
from config.settings import CONFIG

DATA = Path(__file__).parent / "data"
_AT_ONCE = 997  # readings in a batch; any number gives the same
_LEARNT = 0.15  # of a labelled temperature series: its beginning, which sets the lines and is not tested


@dataclass(frozen=True, kw_only=True)
class Series:
    """One sensor's readings: times in µs, ascending."""

    time: "np.ndarray[Any, np.dtype[np.int64]]"
    value: "np.ndarray[Any, np.dtype[np.float64]]"


def run() -> dict[str, Any]:
    """Everything, as figures."""
    return {
        "river_rise_wulong": wulong(),
        "landslide_rain_mukilteo": {station: mukilteo_station(station) for station in mukilteo_stations()},
        "temperature": {name: temperature(name) for name in ("ambient", "machine")},
        "room_co2": co2(),
    }


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    return [f"{name}: {json.dumps(told, ensure_ascii=False)}" for name, told in result.items()]


def rule(name: str, text: str) -> AnyRule:
    """A rule from the text of its file; raises ValueError for one that does not hold together."""
    found = rules_of({f"{name}.toml": text})
    if isinstance(found, Fault):
        raise ValueError(str(found))
    return found[0]


def judged(rules: Sequence[AnyRule], quantity: str, unit: str, series: Series) -> list[Transition]:
    """What the kernel says of one sensor, in batches."""
    subject = Subject(sensor_id=1, quantity=quantity, unit=unit, datum=None, levels={}, levels_datum=None)
    ruleset = compile_rules(rules, [subject])
    state, said = initial_state(ruleset), list[Transition]()
    for start in range(0, len(series.time), _AT_ONCE):
        time = series.time[start : start + _AT_ONCE]
        batch = Batch(sensor=np.ones(len(time), np.int32), time=time, value=series.value[start : start + _AT_ONCE])
        state, transitions = evaluate(ruleset, state, batch, int(time[-1]))
        said += transitions
    return said


def raised(rules: Sequence[AnyRule], quantity: str, unit: str, series: Series) -> list[AlertSum]:
    """The alerts; what still stands at the end ends with the last reading."""
    said = judged(rules, quantity, unit, series)
    return alerts_of(spells_of(said, int(series.time[0]), int(series.time[-1]) + 1))


@cache
def table(name: str) -> pd.DataFrame:
    """A file of recorded data, with its times in µs."""
    frame = pd.read_csv(DATA / name, parse_dates=["time"])
    times = pd.to_datetime(frame["time"], utc=True).dt.tz_localize(None).astype("datetime64[us]").astype(np.int64)
    return frame.assign(us=times)


def series_of(frame: pd.DataFrame, column: str, factor: float = 1.0) -> Series:
    """One column as readings."""
    return Series(time=frame["us"].to_numpy(np.int64), value=frame[column].to_numpy(np.float64) * factor)


def wulong() -> dict[str, Any]:
    """The Wu at 武隆, June 2020: the shipped rule of a river's rise."""
    series = series_of(table("stage-wulong-2020-06.csv"), "stage_m")
    shipped = rule("river-rise", read_text(CONFIG / "rules" / "river-rise.toml"))
    said = judged([shipped], "stage", "m", series)
    peak = int(np.argmax(series.value))
    return {
        "readings": len(series.time),
        "peak": _when(series.time[peak]),
        "peak_m": float(series.value[peak]),
        "transitions": [
            {
                "time": _when(one.time),
                "from": one.from_level,
                "to": one.to_level,
                "m_per_h": round(one.value, 3),
                "before_peak_h": round((int(series.time[peak]) - one.time) / HOUR_US, 2),
                "stage_m": float(series.value[np.searchsorted(series.time, one.time)]),
            }
            for one in said
        ],
    }


def mukilteo_stations() -> list[str]:
    """Four."""
    return sorted(table("rain-mukilteo-2015.csv.gz")["station"].unique())


def mukilteo_station(station: str) -> dict[str, Any]:
    """Hours over the published threshold by a rule of ours, by the same written as steps, and by pandas."""
    frame = table("rain-mukilteo-2015.csv.gz")
    frame = frame[frame["station"] == station]
    series = series_of(frame, "rain_001in", 0.254)
    alerts = raised([rule("landslide-rain", mukilteo())], "rain", "mm", series)
    over, steps = _over(alerts, series), rule("landslide-rain-steps", mukilteo_steps())
    by_steps = _over(raised([steps], "rain", "mm", series), series)
    published = _published(frame)
    return {
        "rule_hours": float(over.sum() / 4),
        "published_hours": float(published.sum() / 4),
        "samples_that_differ": int((over != published).sum()),
        "steps_hours": float(by_steps.sum() / 4),
        "samples_that_differ_from_steps": int((over != by_steps).sum()),
        "alerts": len(alerts),
        "first": _when(alerts[0].begin) if alerts else None,
        "corners": len(staircase()),
    }


def _over(alerts: Sequence[AlertSum], series: Series) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """[n] whether an alert stands at each reading."""
    inside = [(one.begin <= series.time) & (series.time < one.end) for one in alerts]
    stands: np.ndarray[Any, np.dtype[np.bool_]] = np.logical_or.reduce([np.zeros(len(series.time), bool), *inside])
    return stands


def _published(frame: pd.DataFrame) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """[n] 3-day rain > 3.5 − 0.67 × the 15 days before it, inches; by pandas, in whole numbers of 1/100 inch."""
    rain = pd.Series(frame["rain_001in"].to_numpy(), index=pd.to_datetime(frame["us"].to_numpy(), unit="us"))
    three, eighteen = rain.rolling("3D").sum(), rain.rolling("18D").sum()
    over: np.ndarray[Any, np.dtype[np.bool_]] = (100 * three > 35_000 - 67 * (eighteen - three)).to_numpy()
    return over


def temperature(name: str) -> dict[str, Any]:
    """A labelled series: lines from its beginning, hits and false alarms on the rest."""
    frame = table(f"temperature-{name}.csv.gz")
    learnt = int(len(frame) * _LEARNT)
    text, chosen = outside_and_jump(frame["value"].to_numpy()[:learnt])
    rules = [rule(key, one) for key, one in text.items()]
    tested = int(frame["us"].iloc[learnt])
    series = series_of(frame, "value")
    labels = json.loads((DATA / "temperature-labels.json").read_text())[name]
    windows = [tuple(_us(moment) for moment in window) for window in labels["windows"]]
    points = [_us(point) for point in labels["points"]]
    alerts = [one for one in raised(rules, "cable_temperature", "degC", series) if one.begin >= tested]
    known = [(at, window) for at, window in zip(points, windows, strict=True) if window[0] >= tested]
    left_out = [window for window in windows if window[0] < tested]
    days = (int(series.time[-1]) - tested) / HOUR_US / 24
    return {
        "readings_tested": len(frame) - learnt,
        "tested_from": _when(tested),
        "days_tested": round(days, 1),
        "lines": chosen,
        "failures_before_the_test": len(left_out),
        "by_rule": {key: _scores([one for one in alerts if one.rule_id == key], known, left_out) for key in text},
        "all_rules": _scores(alerts, known, left_out),
    }


def _scores(
    alerts: Sequence[AlertSum], known: Sequence[tuple[int, tuple[int, ...]]], left_out: Sequence[tuple[int, ...]]
) -> dict[str, Any]:
    """Each failure found by an alert in its window; alerts that touch none are false."""
    told = []
    for point, window in known:
        its = [one.begin for one in alerts if one.begin <= window[1] and one.end >= window[0]]
        first = min(its, default=None)
        lead = None if first is None else round((point - first) / HOUR_US, 1)
        told.append({"failure": _when(point), "lead_h": lead})
    windows = [window for _, window in known] + list(left_out)
    false = [one for one in alerts if not any(one.begin <= w[1] and one.end >= w[0] for w in windows)]
    return {
        "hits": sum(one["lead_h"] is not None for one in told),
        "misses": sum(one["lead_h"] is None for one in told),
        "false_alarms": len(false),
        "failures": told,
    }


def co2() -> dict[str, Any]:
    """Whether a room is occupied, by its CO₂: the limit for rooms, and a line tuned on one part of three."""
    frame = table("room-co2.csv.gz")
    training = frame[frame["part"] == "training"]
    candidates = range(450, 1300, 25)
    tuned = max(candidates, key=lambda line: _occupied(training, line)["f1"])
    return {
        "tuned_on": "training",
        "tuned_ppm": tuned,
        "training": {str(line): _occupied(training, line) for line in (1000, tuned)},
        "tested": {
            part: {str(line): _occupied(frame[frame["part"] == part], line) for line in (1000, tuned)}
            for part in ("test1", "test2")
        },
    }


def _occupied(frame: pd.DataFrame, line: float) -> dict[str, Any]:
    """Stays of half an hour and more found, alerts in an empty room, and agreement minute by minute."""
    series = series_of(frame, "co2_ppm")
    alerts = raised([rule("room-co2", room(line))], "co2", "ppm", series)
    truth = frame["occupied"].to_numpy() == 1
    said = np.zeros(len(truth), bool)
    for one in alerts:
        said |= (one.begin <= series.time) & (series.time < one.end)
    stays = [stay for stay in _runs(series.time, truth) if stay[1] - stay[0] >= HOUR_US / 2]
    firsts = [min((a.begin for a in alerts if a.begin <= end and a.end >= begin), default=None) for begin, end in stays]
    found = [(at - stay[0]) / HOUR_US * 60 for at, stay in zip(firsts, stays, strict=True) if at is not None]
    fresh = [delay for delay in found if delay >= 0]
    both = int((said & truth).sum())
    return {
        "stays": len(stays),
        "hits": len(found),
        "misses": len(stays) - len(found),
        "alerts": len(alerts),
        "false_alarms": sum(not truth[(one.begin <= series.time) & (series.time <= one.end)].any() for one in alerts),
        "standing_from_before": len(found) - len(fresh),  # of the hits
        "median_delay_min": round(float(np.median(fresh)), 1) if fresh else None,
        "precision": round(both / max(1, int(said.sum())), 3),
        "recall": round(both / max(1, int(truth.sum())), 3),
        "f1": round(2 * both / max(1, int(said.sum()) + int(truth.sum())), 3),
    }


def _runs(time: "np.ndarray[Any, np.dtype[np.int64]]", truth: Iterable[bool]) -> list[tuple[int, int]]:
    """Begin and end of every stretch of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.fromiter(truth, bool), [False]]).astype(np.int8)))
    return [(int(time[a]), int(time[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _us(moment: str) -> int:
    return int(pd.Timestamp(moment).value // 1000)


def _when(us: int) -> str:
    return aware(int(us)).isoformat(timespec="minutes").replace("+00:00", "Z")
