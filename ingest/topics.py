"""The topic map: which topics carry readings, in what form, and whose."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import msgspec

from config.errors import ConfigError
from config.settings import CONFIG
from ingest.errors import Refused

_LONGEST = 500  # what strangers send is remembered: it must not be large
Format = Literal["json", "senml", "huawei", "clock", "other"]
_PARTS = {
    "division": r"(?P<division>\d{6}|\d{9}|\d{12})",
    "device": r"(?P<device>[^/]+)",
    "quantity": r"(?P<quantity>[^/]+)",
}


@dataclass(frozen=True, kw_only=True)
class Route:
    """What a topic says before the payload is read."""

    format: Format
    device: str = ""
    quantity: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of `topics.toml`."""

    pattern: str
    format: Format


class TopicMap:
    """Compiled entries of `topics.toml`, in their order."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = [(re.compile(_expression(entry.pattern)), entry.format) for entry in entries]
        self.route = lru_cache(maxsize=200_000)(self._route)  # a device keeps its topic

    def _route(self, topic: str) -> Route:
        """The route of a topic; raises Refused("topic", …) where no entry matches."""
        if len(topic) > _LONGEST:
            raise Refused("topic", f"the topic has {len(topic)} characters, at most {_LONGEST} are read")
        for expression, form in self._entries:
            match = expression.fullmatch(topic)
            if match:
                named = match.groupdict()
                return Route(format=form, device=named.get("device", ""), quantity=named.get("quantity", ""))
        raise Refused(
            "topic",
            f"no entry of the topic map fits {topic!r}: publish to cq/<division: 6, 9 or 12 digits>"
            "/<device>/<quantity>, or add the layout to topics.toml",
        )


def _expression(pattern: str) -> str:
    parts = re.split(r"\{(\w+)\}", pattern)
    return "".join(_PARTS[part] if i % 2 else re.escape(part) for i, part in enumerate(parts))


def load_topic_map(path: Path = CONFIG / "topics.toml") -> TopicMap:
    """Read the topic map; raises ConfigError that names the file and the entry."""
    return TopicMap(read_topic_entries(path))


def read_topic_entries(path: Path = CONFIG / "topics.toml") -> list[Entry]:
    """Its entries as they are written; raises ConfigError that names the file and the entry."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, list[Entry]])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error} (a format is one of {', '.join(get_args(Format))})") from error
    entries = found.get("topic", [])
    if not entries:
        raise ConfigError(f"{path}: no [[topic]] entry, so nothing would be received")
    for entry in entries:
        unknown = set(re.findall(r"\{(\w+)\}", entry.pattern)) - set(_PARTS)
        if unknown:
            raise ConfigError(f"{path}: pattern {entry.pattern!r} uses {{{unknown.pop()}}}; known are {list(_PARTS)}")
        if doubled := [part for part in _PARTS if entry.pattern.count(f"{{{part}}}") > 1]:
            raise ConfigError(f"{path}: pattern {entry.pattern!r} names {{{doubled[0]}}} more than once")
    return entries
