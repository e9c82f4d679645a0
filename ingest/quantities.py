"""The quantities a sensor may measure, read from `config/quantities.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from config.errors import ConfigError
from config.settings import CONFIG


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One kind of measurement; `low` and `high` are in `unit`."""

    zh: str
    en: str
    unit: str
    low: float
    high: float
    datum: bool = False  # readings and levels must name their height system
    states: Mapping[str, float] = field(default_factory=dict)  # words that devices send for numbers


def load_quantities(path: Path = CONFIG / "quantities.toml") -> dict[str, Quantity]:
    """Quantities by name; raises ConfigError that names the file and the entry."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, Quantity])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    for name, quantity in found.items():
        if quantity.low >= quantity.high:
            raise ConfigError(f"{path}: [{name}] low {quantity.low} is not under high {quantity.high}")
    return found
