"""Does the demo's JSON say what the published stages say? Read here from the files alone, with Decimal.

Nothing of the product is imported: the rule is written a second time, from its description.
Usage: check_flood.py DEMO.json (the output of `shijing demo --once --speed max --json`).
"""

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

SCENARIO = Path(__file__).resolve().parents[2] / "ingest" / "scenarios" / "flood-2020-08"
FIRST_DAY, LAST_DAY = date(2020, 8, 11), date(2020, 8, 25)
BEIJING = ZoneInfo("Asia/Shanghai")
LEVELS = ("none", "blue", "yellow", "orange", "red")
# The highest stage on record before this flood (1981-07-16); stations.csv tells it in a note only.
RECORD = {"cuntan": Decimal("191.41")}
MARGIN, CLEAR_FOR = Decimal("0.2"), timedelta(minutes=30)

# (instant, from, to)
Change = tuple[datetime, str, str]


@dataclass
class Latch:
    """One level of one station: set at its threshold, released after a run well under it."""

    threshold: Decimal
    is_set: bool = False
    under_since: datetime | None = None

    def judge(self, time: datetime, stage: Decimal) -> None:
        if stage >= self.threshold - MARGIN:
            self.under_since = None
            self.is_set = self.is_set or stage >= self.threshold
            return
        self.under_since = self.under_since or time
        if time - self.under_since >= CLEAR_FOR:
            self.is_set = False


@dataclass
class Expected:
    """What the files say must come out."""

    published: int = 0
    quarantined: int = 0
    transitions: dict[str, list[Change]] = field(default_factory=dict)


def thresholds(station: dict[str, str]) -> dict[str, Decimal]:
    """Level → stage in metres, in the station's own datum; a level that is not known has none."""
    known: dict[str, Decimal] = {}
    if station["warning_level_m"]:
        known["yellow"] = Decimal(station["warning_level_m"])
        known["blue"] = known["yellow"] - Decimal("0.5")
    if station["guarantee_level_m"]:
        known["orange"] = Decimal(station["guarantee_level_m"])
    if station["station_id"] in RECORD:
        known["red"] = RECORD[station["station_id"]]
    return known


def readings(folder: Path) -> list[tuple[datetime, dict[str, str]]]:
    """The rows that a gauge could have sent in those days, in the order of their times."""
    rows = read(folder / "stages.csv")
    timed = [(datetime.fromisoformat(row["time_iso8601"]), row) for row in rows if row["quality"] != "forecast"]
    inside = [(t, row) for t, row in timed if FIRST_DAY <= t.astimezone(BEIJING).date() <= LAST_DAY and row["stage_m"]]
    return sorted(inside, key=lambda item: item[0])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def expect(folder: Path) -> Expected:
    """Judge every reading of the scenario by hand."""
    stations = {row["station_id"]: row for row in read(folder / "stations.csv")}
    latches = {name: {level: Latch(t) for level, t in thresholds(row).items()} for name, row in stations.items()}
    expected = Expected(transitions={name: [] for name in stations})
    for time, row in readings(folder):
        name = row["station_id"]
        expected.published += 1
        if row["datum"] != stations[name]["level_datum"]:
            expected.quarantined += 1
            continue
        before = highest(latches[name])
        for latch in latches[name].values():
            latch.judge(time, Decimal(row["stage_m"]))
        after = highest(latches[name])
        if after != before:
            expected.transitions[name].append((time, before, after))
    return expected


def highest(latches: dict[str, Latch]) -> str:
    return max((level for level, latch in latches.items() if latch.is_set), key=LEVELS.index, default="none")


def told(demo: dict[str, Any]) -> dict[str, list[Change]]:
    """The `river-stage` transitions of the demo by sensor, in the order they were told."""
    found: dict[str, list[Change]] = {}
    for one in demo["transitions"]:
        if one["rule"] == "river-stage":
            change = (datetime.fromisoformat(one["time"]), one["from"], one["to"])
            found.setdefault(one["sensor"], []).append(change)
    return found


def differences(demo: dict[str, Any], expected: Expected) -> Iterator[str]:
    """One sentence for each thing that is not as the files say."""
    counts = {
        "published": expected.published,
        "stored": expected.published - expected.quarantined,
        "quarantined": expected.quarantined,
    }
    for name, count in counts.items():
        if demo["readings"][name] != count:
            yield f"readings.{name} is {demo['readings'][name]}, the files give {count}"
    found = told(demo)
    for sensor in sorted(expected.transitions.keys() | found.keys()):
        want, have = expected.transitions.get(sensor, []), found.get(sensor, [])
        if want != have:
            yield f"{sensor}: the files give {lines(want)}\n    the demo gave {lines(have)}"
    raised = {time for changes in found.values() for time, before, to in changes if rises(before, to)}
    for run in demo["runs"]:
        if datetime.fromisoformat(run["time"]) not in raised or run["level"] not in LEVELS[1:]:
            yield f"no alert rose when this run started: {run}"
    if not demo["runs"]:
        yield "no plan was started"


def rises(before: str, to: str) -> bool:
    return LEVELS.index(to) > LEVELS.index(before)


def lines(changes: list[Change]) -> str:
    shown = [f"{time.astimezone(BEIJING):%m-%d %H:%M} {before}→{to}" for time, before, to in changes]
    return ", ".join(shown) or "nothing"


def main() -> int:
    demo = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    expected = expect(SCENARIO)
    found = list(differences(demo, expected))
    for difference in found:
        print(difference, file=sys.stderr)
    if not found:
        transitions = sum(map(len, expected.transitions.values()))
        print(
            f"the demo agrees with the published stages: {expected.published} readings,"
            f" {expected.quarantined} quarantined, {transitions} transitions, {len(demo['runs'])} runs"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
