"""What makes one incident of many alerts, by family (`config/incidents.toml`)."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from alerts.edited import Step, convert
from alerts.errors import EditedFileError
from config.settings import CONFIG

Reach = Literal["touching", "place", "subject"]
Hours = Annotated[float, Meta(gt=0, le=24 * 366)]

_HOUR_US = 3_600_000_000
_MEND = {
    "window_h": "write hours, more than 0: window_h = 2.0",
    "reach": 'write reach = "touching", "place" or "subject"',
    "families": "write [families.flood], and under it window_h, reach or both",
}


class Family(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a family has of its own; None: as for all."""

    window_h: Hours | None = None
    reach: Reach | None = None


class IncidentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For all families, and those that differ."""

    window_h: Hours = 2.0
    reach: Reach = "touching"
    families: dict[str, Family] = {}

    def window_us(self, family: str) -> int:
        """How far apart in event time alerts of the family may be, µs."""
        own = self.families.get(family)
        return round((self.window_h if own is None or own.window_h is None else own.window_h) * _HOUR_US)

    def windows_us(self) -> dict[str, int]:
        """The same of every family that has anything of its own; `window_us("")` holds for the others."""
        return {family: self.window_us(family) for family in self.families}

    def reach_of(self, family: str) -> Reach:
        """How far apart in space."""
        own = self.families.get(family)
        return self.reach if own is None or own.reach is None else own.reach


def load_incident_settings(path: Path) -> IncidentSettings:
    """Read the file; raises EditedFileError."""
    text = path.read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        raise EditedFileError(path, line, f"not TOML: {error}", 'write key = value, texts in "…"') from error
    return convert(data, IncidentSettings, path=path, line_of=lambda steps: _line_of(text, steps), mend=_MEND)


@cache
def incident_settings() -> IncidentSettings:
    """Those of config/incidents.toml, as they were when first asked for: every pipeline has the same."""
    return load_incident_settings(CONFIG / "incidents.toml")


def _line_of(text: str, steps: list[Step]) -> int:
    """The line of a key, 1-based: below its family's header where it has one."""
    lines, line = text.splitlines(), 1
    words = [str(step) for step in steps]
    if words[:1] == ["families"] and len(words) > 1:
        line = _first(lines, 0, rf"\s*\[\s*families\.{re.escape(words[1])}\s*\]") or line
    return (_first(lines, line - 1, rf"\s*{re.escape(words[-1])}\s*=") if words else None) or line


def _first(lines: list[str], start: int, pattern: str) -> int | None:
    return next((number for number, line in enumerate(lines[start:], start + 1) if re.match(pattern, line)), None)
