"""The shipped rules of every kind on series of readings that a person can follow."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from alerts import subjects
from alerts.columns import Batch
from alerts.kernel import evaluate, suspect
from alerts.rules import load_rules
from alerts.ruleset import Subject, compile_rules
from alerts.state import initial_state
from config.settings import CONFIG
from ingest.quantities import load_quantities

RULES = load_rules(CONFIG / "rules")
QUANTITIES = load_quantities()
MINUTE, HOUR = 60_000_000, 3_600_000_000
START = int(datetime(2022, 8, 17, 16, tzinfo=UTC).timestamp() * 1e6)  # midnight in Chongqing
Told = list[tuple[float, str]]


def sensor(number: int, quantity: str, **more: object) -> Subject:
    values: dict[str, object] = {
        "sensor_id": number,
        "quantity": quantity,
        "unit": QUANTITIES[quantity].unit,
        "datum": "wusong" if QUANTITIES[quantity].datum else None,
        "levels": {},
        "levels_datum": "wusong" if QUANTITIES[quantity].datum else None,
    }
    return Subject(**(values | more))  # type: ignore[arg-type]


def batch(readings: Sequence[tuple[int, float, float]]) -> Batch:
    """Of sensor, hours since the start, and value."""
    return Batch(
        sensor=np.array([one[0] for one in readings], np.int32),
        time=np.array([START + round(one[1] * HOUR) for one in readings], np.int64),
        value=np.array([one[2] for one in readings], np.float64),
    )


def told(rule: str, sensors: Sequence[Subject], readings: Sequence[tuple[int, float, float]]) -> Told:
    """What one rule says: hours since the start, and the new level."""
    ruleset = compile_rules(RULES, sensors)
    state, found = initial_state(ruleset), []
    for reading in readings:
        now = START + round(reading[1] * HOUR)
        state, transitions = evaluate(ruleset, state, batch([reading]), now)
        found += transitions
    return [(round((one.time - START) / HOUR, 3), one.to_level) for one in found if one.rule_id == rule]


def series(rule: str, quantity: str, values: Sequence[float], every_h: float = 1.0) -> Told:
    """What one rule says of one sensor that reports from the start on."""
    return told(rule, [sensor(1, quantity)], [(1, number * every_h, value) for number, value in enumerate(values)])


def test_rain_of_several_windows() -> None:
    # 10 mm an hour: 30 in 3 h, 50 in 6 h after five of them; 25 an hour: 50 in 3 h.
    assert series("rain", "rain", [10] * 6)[0] == (5, "yellow")
    assert series("rain", "rain", [25, 25, 25, 25, 25])[0] == (2, "orange")
    assert series("rain", "rain", [40, 40, 40, 40])[-1] == (3, "red")
    assert series("rain", "rain", [3] * 20) == []


FLASH_FLOODS = [(1, (35, 45, 60, 80)), (3, (55, 75, 100, 120)), (6, (70, 95, 120, 150)), (24, (100, 130, 160, 200))]


@pytest.mark.parametrize(("hours", "levels"), FLASH_FLOODS)
def test_rain_that_brings_flash_floods(hours: int, levels: tuple[float, ...]) -> None:
    # All of it in one report, then none: two samples in a row see it.
    for value, level in zip(levels, ("blue", "yellow", "orange", "red"), strict=True):
        assert series(f"flash-flood-{hours}h", "rain", [0, value, 0, 0], 0.25)[0] == (0.5, level)
        assert (0.5, level) not in series(f"flash-flood-{hours}h", "rain", [0, value - 0.1, 0, 0], 0.25)


def test_a_river_that_rises() -> None:
    assert series("river-rise", "stage", [180.0, 180.0, 180.5, 181.0, 182.5, 184.0]) == [(3, "yellow"), (5, "red")]
    assert series("river-rise", "stage", [184.0, 182.0, 180.0, 178.0]) == []


def test_a_slope_at_45_degrees_moves_evenly() -> None:
    assert series("slope-tangent-angle", "tangent_angle", [45, 45]) == [(1, "blue")]
    assert series("slope-tangent-angle", "tangent_angle", [45.1, 46, 81, 82, 85, 86]) == [
        (1, "yellow"), (3, "orange"), (5, "red"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "quantity", "a_day"),
    [("crack-change", "crack", 5.0), ("displacement-change", "displacement", 5.0), ("tilt-change", "tilt", 0.3)],
)
def test_ground_that_moves_either_way(rule: str, quantity: str, a_day: float) -> None:
    for way in (1, -1):
        moving = [way * a_day * max(0, number - 2) / 24 for number in range(60)]
        assert series(rule, quantity, moving)[-1][1] == "yellow"
    assert series(rule, quantity, [3.0] * 60) == []


def test_three_hot_days() -> None:
    day = [28.0, 30.0, 35.0, 36.0, 31.0, 29.0, 28.0, 27.0]  # every three hours from midnight on
    mild = [26.0] * 8
    assert series("heat", "air_temperature", day * 3, 3) == [(57, "yellow")]  # 6 h and 9 h of the third day
    assert series("heat", "air_temperature", day * 2 + mild + day * 2, 3) == []
    # The fourth day did not reach 35: over with its end, once 30 min have passed.
    assert series("heat", "air_temperature", day * 3 + mild * 2, 3) == [(57, "yellow"), (99, "none")]
    assert series("heat", "air_temperature", [37.0, 37.0, 40.0, 40.0]) == [(1, "orange"), (3, "red")]


def test_classes_of_forest_fire_danger() -> None:
    assert series("forest-fire", "forest_fire_class", [2, 3, 3, 5, 5]) == [(2, "yellow"), (4, "red")]


def test_a_day_of_bad_air() -> None:
    assert series("air-quality", "aqi", [210] * 24) == []  # not yet a whole day
    assert series("air-quality", "aqi", [210] * 26) == [(25, "orange")]


def test_a_cover_has_to_stay_tilted() -> None:
    tilted = [0.0, 20.0, 20.0, 20.0, 20.0]
    assert series("manhole-tilt", "manhole_tilt", tilted, 0.25) == [(0.75, "orange")]
    assert series("manhole-tilt", "manhole_tilt", [0.0, 20.0, 20.0, 5.0, 20.0, 20.0], 0.25) == []
    assert series("manhole-tilt", "manhole_tilt", [15.0] * 9, 0.25) == []


def test_little_water_and_a_leak() -> None:
    counter = [100.0, 100.1] + [100.2] * 30
    assert series("elder-water-low", "water_meter", counter) == [(15, "orange"), (27, "red")]
    used = [100.0 + 0.02 * number for number in range(40)]
    assert series("elder-water-low", "water_meter", used) == []
    assert series("elder-water-low", "water_meter", [*used, *[0.02 * number for number in range(40)]]) == []
    leaking = [100.0 + 0.1 * number for number in range(40)]
    assert series("elder-water-leak", "water_meter", leaking) == [(25, "yellow")]
    assert series("elder-water-leak", "water_meter", used) == []


@pytest.mark.parametrize(("room", "minutes"), [("bathroom", 240), ("bedroom", 600)])
def test_a_long_stay(room: str, minutes: float) -> None:
    rule, quantity = f"elder-{room}-dwell", f"{room}_dwell"
    assert series(rule, quantity, [minutes - 1, minutes, minutes + 1]) == [(2, "orange")]
    assert series(rule, quantity, [minutes - 1] * 3) == []


@pytest.mark.parametrize(("rule", "quantity"), [("smoke", "smoke"), ("lift-trapped", "lift"), ("sos", "sos")])
def test_events_raise_at_once(rule: str, quantity: str) -> None:
    assert series(rule, quantity, [0, 1, 0, 0, 0], 0.25) == [(0.25, "red"), (1.0, "none")]


def test_a_silent_sensor() -> None:
    two = [sensor(1, "rain", interval_s=600), sensor(2, "rain", interval_s=600)]
    readings = [(2, 0.0, 0.0), *[(1, number / 6, 0.0) for number in range(8)]]
    assert told("device-offline", two, readings) == [(0.5, "blue")]
    assert told("device-offline", two, [*readings, (2, 1.5, 0.0)])[-1] == (1.5, "none")


def test_water_in_several_streets() -> None:
    streets = [sensor(number, "water_depth", township_id=7) for number in (1, 2, 3)]
    readings = [(number, hour / 4, 12.0) for hour in (0, 1) for number in (1, 2, 3)]
    assert told("water-depth-area", streets, readings) == [(0.25, "orange")]
    apart = [*streets[:2], sensor(3, "water_depth", township_id=8)]
    assert told("water-depth-area", apart, readings) == []


def test_a_gauge_that_stands_still() -> None:
    assert series("stage-stuck", "stage", [180.0] * 80)[0] == (72, "blue")
    assert series("stage-stuck", "stage", [180.0 + 0.01 * (number % 2) for number in range(80)]) == []
    assert series("rain-stuck", "rain", [0.0] * 200, 0.1) == []
    assert series("rain-stuck", "rain", [0.6] * 200, 0.1)[0][1] == "blue"


def test_a_jump_is_suspect_and_judged_all_the_same() -> None:
    ruleset = compile_rules(RULES, [sensor(1, "stage", levels={"warning": 180.5}), sensor(2, "rain")])
    state = initial_state(ruleset)
    rows = batch([(1, 0, 175.0), (1, 0.1, 186.0), (1, 2.0, 175.0), (2, 2.0, 0.0), (2, 2.1, 120.0)])
    assert suspect(ruleset, state, rows).tolist() == [False, True, False, False, True]
    _, transitions = evaluate(ruleset, state, rows, START)
    assert ("river-stage", subjects.of("sensor", 1), "yellow") in [
        (one.rule_id, one.subject, one.to_level) for one in transitions
    ]
