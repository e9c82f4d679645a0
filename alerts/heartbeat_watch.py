"""Whether heartbeats are there: told from outside the pipeline, from the database and from MQTT; pure.

A partition that was heard of has to be heard again. Where several places tell of it, each that
is listened to has to: a heartbeat that stays in the machine does not reach anyone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Source = Literal["database", "mqtt"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one source tells of one partition, now."""

    source: Source
    partition: str  # "": the source itself
    trouble: str | None  # None: it lives


@dataclass(frozen=True, kw_only=True)
class Change:
    """A partition that was lost, is lost for another reason, or is back."""

    source: Source
    partition: str
    trouble: str | None

    def words(self) -> str:
        """For people."""
        name = f"partition {self.partition}" if self.partition else f"the {self.source}"
        return f"{name} is alive again" if self.trouble is None else f"{name}: {self.trouble}"


@dataclass(kw_only=True)
class Watch:
    """What was told last; `look` tells what is new."""

    troubles: dict[tuple[Source, str], str | None] = field(default_factory=dict)

    def look(self, reports: Iterable[Report]) -> list[Change]:
        """The changes since the last look; a first look tells troubles only."""
        changes = []
        for one in reports:
            key = (one.source, one.partition)
            before = self.troubles.get(key)
            if (before is None) != (one.trouble is None):
                changes.append(Change(source=one.source, partition=one.partition, trouble=one.trouble))
            self.troubles[key] = one.trouble
        return changes

    def failed(self) -> list[str]:
        """What is in trouble now, in words."""
        return [
            Change(source=source, partition=partition, trouble=trouble).words()
            for (source, partition), trouble in sorted(self.troubles.items())
            if trouble is not None
        ]


@dataclass(kw_only=True)
class Heard:
    """Heartbeats as they came over MQTT; times are of any clock that runs on, in seconds."""

    silent_s: float
    since: float  # when listening began
    beats: dict[str, tuple[float, str | None]] = field(default_factory=dict)  # partition → when, and its trouble

    def take(self, partition: str, at: float, trouble: str | None) -> None:
        """A heartbeat came, from a moment `at`: a retained one is as old as it says."""
        known = self.beats.get(partition)
        if known is None or at >= known[0]:
            self.beats[partition] = (at, trouble)

    def reports(self, now: float) -> list[Report]:
        """What they tell at `now`."""
        if not self.beats and now - self.since > self.silent_s:
            words = f"no heartbeat came within {self.silent_s:g} s"
            return [Report(source="mqtt", partition="", trouble=words)]
        found = [Report(source="mqtt", partition="", trouble=None)] if self.beats else []
        for partition, (at, trouble) in sorted(self.beats.items()):
            silent = now - at > self.silent_s
            told = f"no heartbeat for {now - at:.0f} s" if silent else trouble
            found.append(Report(source="mqtt", partition=partition, trouble=told))
        return found
