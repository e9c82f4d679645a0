"""Kinds of what stands in a grid (`config/scene_kinds.toml`): names, groups, a schema of attributes. Data, not code."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from config.errors import ConfigError
from config.settings import CONFIG

FILE = CONFIG / "scene_kinds.toml"
Group = Literal["house", "land", "object", "body"]
Type = Literal["text", "integer", "number", "choice", "url", "date"]

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED = frozenset({"id", "name", "lon", "lat", "address"})  # columns that every kind has


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """What is told of a thing of a kind, and what it may be."""

    zh: str
    en: str
    type: Type
    required: bool = False
    unit: str = ""
    unit_en: str | None = None  # None: the same
    least: float | None = None
    most: float | None = None
    choices: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # id → Chinese, English
    hidden: bool = False  # an address in the closed network: for whoever keeps it alone

    def word(self, language: str) -> str:
        """What it is called."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of thing."""

    zh: str
    en: str
    group: Group
    min_zoom: int  # of the map, from which on it is drawn
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    id: str = ""


class Kinds(Mapping[str, Kind]):
    """The kinds of one file, in its order."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = dict(kinds)

    def __getitem__(self, kind: str) -> Kind:
        return self._kinds[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


ADDRESS = Attribute(zh="地址", en="Address", type="text")  # of every kind


def load_kinds(path: Path = FILE) -> Kinds:
    """The kinds of a file; raises ConfigError that names file, kind and attribute."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        return Kinds({name: _kind(path, name, told) for name, told in given.items()})
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error


@cache
def shipped_kinds() -> Kinds:
    """Those of config/scene_kinds.toml."""
    return load_kinds()


def _kind(path: Path, name: str, told: Mapping[str, Any]) -> Kind:
    kind = msgspec.convert({**told, "id": name}, Kind)
    if not _ID.fullmatch(name):
        raise ConfigError(f"{path}: [{name}]: small letters, digits and _ make the name of a kind")
    heads: set[str] = set()
    for key, one in kind.attributes.items():
        where = f"{path}: [{name}] {key}"
        if not _ID.fullmatch(key) or key in RESERVED:
            raise ConfigError(f"{where}: that cannot be the name of an attribute")
        if (one.type == "choice") != bool(one.choices):
            raise ConfigError(f"{where}: a choice has choices, and nothing else has")
        if {one.zh, one.en} & heads:
            raise ConfigError(f"{where}: another attribute is called so as well")
        heads |= {one.zh, one.en}
    return kind
