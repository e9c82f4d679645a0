"""The recorded flood as it is published, held against a reading of its CSV of the test's own; and faulty scenarios."""

import csv
import json
from datetime import datetime
from pathlib import Path

import pytest

from config.errors import ConfigError
from ingest.scenario import SCENARIOS, Recorded, load_scenario, names, recorded

FLOOD = SCENARIOS / "flood-2020-08"
BEGIN, END = (datetime.fromisoformat(f"2020-08-{day}T00:00:00+08:00") for day in (11, 26))


def published() -> list[Recorded]:
    return recorded(load_scenario("flood-2020-08"))


def expected() -> list[tuple[datetime, str, float, str]]:
    with (FLOOD / "stages.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            (datetime.fromisoformat(row["time_iso8601"]), row["station_id"], float(row["stage_m"]), row["datum"])
            for row in csv.DictReader(file)
            if row["quality"] in ("observed", "peak") and row["stage_m"]
        ]
    return sorted((row for row in rows if BEGIN <= row[0] < END), key=lambda row: row[0])


def test_it_is_there() -> None:
    assert names() == ["flood-2020-08"]


def test_every_observed_and_peak_row_is_published_in_order_of_time() -> None:
    found = []
    for one in published():
        told = json.loads(one.payload)
        _, division, device, quantity = one.topic.split("/")
        assert (len(division), quantity, told["unit"]) == (6, "stage", "m")
        assert datetime.fromisoformat(told["time"]) == one.time
        found.append((one.time, device, told["value"], told["datum"]))
    assert found == expected()
    assert len(found) == 175


def test_forecasts_and_hours_without_a_stage_are_left_out() -> None:
    with (FLOOD / "stages.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if BEGIN <= datetime.fromisoformat(row["time_iso8601"]) < END]
    assert any(row["quality"] == "forecast" for row in rows)
    assert len(rows) > 175


SCENARIO = """\
title_zh = "试"
title_en = "Test"
start = 2020-08-11T00:00:00+08:00
end = 2020-08-12T00:00:00+08:00
live_from = 2020-08-11T00:00:00+08:00
readings = "stages.csv"
sensors = "sensors.csv"
time = "time"
sensor = "station"
value = "stage"
datum = "datum"
unit = "m"
quantity = "stage"
"""


def scenario(folder: Path, *rows: str, toml: str = SCENARIO) -> str:
    (folder / "scenario.toml").write_text(toml, encoding="utf-8")
    (folder / "sensors.csv").write_text("name,division\na,500105\n", encoding="utf-8")
    (folder / "stages.csv").write_text("\n".join(["time,station,stage,datum", *rows]), encoding="utf-8")
    return str(folder)


def test_a_scenario_of_ones_own_with_its_edges(tmp_path: Path) -> None:
    place = scenario(
        tmp_path,
        "2020-08-12T00:00:00+08:00,a,4,w",
        "2020-08-11T12:00:00+08:00,a,2,w",
        "2020-08-11T12:00:00+08:00,a,3,w",
        "2020-08-11T00:00:00+08:00,a,1,w",
        "2020-08-10T23:59:59+08:00,a,0,w",
        "2020-08-11T12:00:00+08:00,a,,w",
    )
    assert [json.loads(one.payload)["value"] for one in recorded(load_scenario(place))] == [1, 2, 3]


@pytest.mark.parametrize(
    "row",
    [
        "yesterday,a,1,w",
        "2020-08-11T12:00:00,a,1,w",
        "2020-08-11T12:00:00+08:00,a,high,w",
        "2020-08-11T12:00:00+08:00,nobody,1,w",
        "2020-08-11T12:00:00+08:00,a,nan,w",
    ],
)
def test_a_faulty_row_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    place = scenario(tmp_path, "2020-08-11T11:00:00+08:00,a,1,w", row)
    with pytest.raises(ConfigError, match=r"stages\.csv line 3"):
        recorded(load_scenario(place))


@pytest.mark.parametrize(
    "toml",
    [
        "nonsense",
        SCENARIO.replace('value = "stage"\n', ""),
        SCENARIO.replace("start = 2020", "start = 20"),
        SCENARIO.replace("00:00+08:00", "00:00"),
        SCENARIO + "only = 5\n",
    ],
)
def test_a_faulty_file_is_named(tmp_path: Path, toml: str) -> None:
    with pytest.raises(ConfigError, match=r"scenario\.toml"):
        load_scenario(scenario(tmp_path, toml=toml))


@pytest.mark.parametrize("column", ["time", "station", "stage", "datum", "quality"])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, column: str) -> None:
    toml = SCENARIO + "\n[only]\nquality = ['observed']\n" if column == "quality" else SCENARIO
    place = scenario(tmp_path, "2020-08-11T12:00:00+08:00,a,1,w", toml=toml)
    readings = tmp_path / "stages.csv"
    readings.write_text(readings.read_text().replace(column, "other", 1))
    with pytest.raises(ConfigError, match=column):
        recorded(load_scenario(place))


@pytest.mark.parametrize("name", ["no-such-flood", "./nowhere", ""])
def test_a_scenario_that_is_not_there(name: str) -> None:
    with pytest.raises(ConfigError, match="flood-2020-08"):
        load_scenario(name)
