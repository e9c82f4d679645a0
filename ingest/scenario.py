"""A scenario: a folder of recorded readings that can be replayed as devices would send them."""

import csv
import math
import tomllib
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import msgspec

from config.errors import ConfigError

SCENARIOS = Path(__file__).with_name("scenarios")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What `scenario.toml` says; `start` ≤ a row's time < `end` is replayed."""

    title_zh: str
    title_en: str
    start: datetime
    end: datetime
    live_from: datetime  # what is earlier is sent without waiting
    readings: str
    sensors: str
    time: str
    sensor: str
    value: str
    datum: str
    unit: str
    quantity: str
    only: dict[str, list[str]] = field(default_factory=dict)
    folder: Path = Path()


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One reading to publish."""

    time: datetime
    topic: str
    payload: bytes


def names() -> list[str]:
    """The scenarios there are."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/scenario.toml"))


def load_scenario(name: str) -> Scenario:
    """Read a scenario by name, or by the path of its folder; raises ConfigError."""
    folder = Path(name) if "/" in name else SCENARIOS / (name or "-")
    path = folder / "scenario.toml"
    if not path.exists():
        raise ConfigError(f"there is no scenario {name!r}; there are {', '.join(names())}, or give a folder with a /")
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if any(moment.tzinfo is None for moment in (found.start, found.end, found.live_from)):
        raise ConfigError(f"{path}: start, end and live_from need an offset: 2020-08-11T00:00:00+08:00")
    return replace(found, folder=folder)


def recorded(scenario: Scenario) -> list[Recorded]:
    """The readings to publish, in order of their time."""
    divisions = {row["name"]: row["division"] for row in _rows(scenario.folder / scenario.sensors)}
    found = []
    for line, row in enumerate(_rows(scenario.folder / scenario.readings), start=2):
        try:
            if any(row[column] not in wanted for column, wanted in scenario.only.items()) or not row[scenario.value]:
                continue
            time = datetime.fromisoformat(row[scenario.time])
            if scenario.start <= time < scenario.end:
                found.append(_reading(scenario, row, time, divisions))
        except KeyError as error:
            raise ConfigError(
                f"{scenario.folder / scenario.readings} line {line}: there is no column or sensor {error}"
            ) from error
        except (ValueError, TypeError) as error:
            raise ConfigError(f"{scenario.folder / scenario.readings} line {line}: {error}") from error
    return sorted(found, key=lambda reading: reading.time)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _reading(scenario: Scenario, row: dict[str, str], time: datetime, divisions: dict[str, str]) -> Recorded:
    device, value = row[scenario.sensor], float(row[scenario.value])
    if not math.isfinite(value):
        raise ValueError(f"{row[scenario.value]!r} is no number")
    payload = {
        "value": value,
        "time": time.isoformat(),
        "unit": scenario.unit,
        "datum": row[scenario.datum],
    }
    return Recorded(
        time=time,
        topic=f"cq/{divisions[device]}/{device}/{scenario.quantity}",
        payload=msgspec.json.encode(payload),
    )
