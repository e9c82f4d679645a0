"""Rules on recorded data from the world: figures that were published, or worked out another way."""

import numpy as np
import pandas as pd
import pytest

from alerts.rule_drafts import read_text
from benchmarks.real_data import DATA, judged, mukilteo_station, rule, series_of, table, wulong
from benchmarks.real_rules import staircase
from config.settings import CONFIG

# Hours over the threshold, from 456 to 721 as the source of the series tells.
HOURS = {"MLP": 456.75, "MVD116": 542.0, "MWWD": 526.0, "WatertonA": 721.25}


def test_the_rise_of_the_wu_is_told_a_day_before_its_peak() -> None:
    told = wulong()
    assert (told["peak_m"], told["peak"]) == (190.39, "2020-06-28T08:00Z")
    first = {one["to"]: one for one in reversed(told["transitions"])}
    assert first["blue"]["before_peak_h"] == 28.0
    assert first["orange"]["before_peak_h"] == 25.0
    assert first["orange"]["m_per_h"] == 1.18
    assert first["orange"]["stage_m"] < told["peak_m"] - 10
    assert "red" not in first


def test_the_rise_is_what_the_readings_say() -> None:
    """Worked out by hand: two samples in a row at 0.3 m/h, each against the newest one at least an hour before."""
    stage = pd.read_csv(DATA / "stage-wulong-2020-06.csv", parse_dates=["time"]).set_index("time")["stage_m"]
    before = [stage[: at - pd.Timedelta("1h")].tail(1) for at in stage.index]
    rate = np.array(
        [
            np.nan if not len(old) else (now - old.iloc[0]) / ((at - old.index[0]) / pd.Timedelta("1h"))
            for (at, now), old in zip(stage.items(), before, strict=True)
        ]
    )
    rate = np.round(rate, 9)  # 175.85 − 175.55 is 0.3
    twice = (rate[1:] >= 0.3) & (rate[:-1] >= 0.3)
    first = stage.index[1:][twice][0]
    assert wulong()["transitions"][0]["time"] == first.tz_convert("UTC").strftime("%Y-%m-%dT%H:%MZ")


def test_the_kernel_finds_the_largest_rise_of_a_day() -> None:
    stage = table("stage-wulong-2020-06.csv").set_index("us")["stage_m"]
    day_us = 86_400_000_000
    rises = {at: now - stage.loc[: at - day_us].iloc[-1] for at, now in stage.items() if at - day_us >= stage.index[0]}
    largest = max(rises, key=lambda at: rises[at])
    assert round(rises[largest], 2) == 14.19  # 24 rows apart it is 13.97: some hours have two rows
    text = read_text(CONFIG / "rules" / "river-rise.toml").replace(
        '"rate", over_h = 1, per = "h"', '"change", over_h = 24'
    )
    for line, raised in ((14.19, True), (14.2, False)):
        lines = f"[levels]\nred = {line}\n"
        one = rule("river-rise", text[: text.index("[levels]")].replace("raise_after = 2", "raise_after = 1") + lines)
        said = judged([one], "stage", "m", series_of(table("stage-wulong-2020-06.csv"), "stage_m"))
        assert [move.time for move in said if move.to_level == "red"] == [largest] * raised


@pytest.mark.parametrize("station", sorted(HOURS))
def test_the_rain_threshold_of_mukilteo_is_met_at_the_very_samples_where_it_was_published_to_be(station: str) -> None:
    told = mukilteo_station(station)
    assert told["samples_that_differ"] == told["samples_that_differ_from_steps"] == 0
    assert told["rule_hours"] == told["published_hours"] == told["steps_hours"] == HOURS[station]


def test_the_staircase_is_the_threshold() -> None:
    corners = staircase()
    three, eighteen = np.meshgrid(np.arange(0, 400), np.arange(0, 700))
    inside = np.logical_or.reduce([(three >= a) & (eighteen >= b) for a, b in corners])
    published = 100 * three > 35_000 - 67 * (eighteen - three)
    possible = eighteen >= three  # the three days are the last of the eighteen
    assert (inside == published)[possible].all()
