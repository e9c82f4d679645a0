"""Alerts as they stand: one that is open or was ended, all those of a rule and subject, and a step of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from alerts.kernel import Transition
from alerts.levels import Level, highest

AlertKind = Literal["sensor", "silence", "count", "manual", "warning"]
Key = tuple[str, int]  # rule id, subject

OPEN = ("open", "acknowledged", "in_hand")

# From → to, whoever moves it. An ended one comes back as it was where its end is taken back.
EDGES: Mapping[str, frozenset[str]] = {
    "none": frozenset({"open", "resolved"}),  # the second: over when it was found, by a correction
    "open": frozenset({"acknowledged", "in_hand", "resolved", "closed"}),
    "acknowledged": frozenset({"in_hand", "resolved", "closed"}),
    "in_hand": frozenset({"resolved", "closed"}),
    "resolved": frozenset({*OPEN, "closed"}),
    "closed": frozenset(),
}


# Of these, what people do.
BY_PEOPLE: Mapping[str, frozenset[str]] = {
    **{state: EDGES[state] for state in OPEN},
    "resolved": frozenset({"closed"}),
    "closed": frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Nature:
    """What a rule says of its alerts."""

    kind: AlertKind = "sensor"
    family: str = ""
    reopen_us: int = 1_800_000_000  # after it was resolved, event time


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a subject was when its alert opened, and what people call it; lon/lat in degrees, CGCS2000."""

    name: str = ""
    township_id: int | None = None
    township: str | None = None
    grid_id: int | None = None
    lon: float | None = None
    lat: float | None = None
    suppressed_by: int | None = None  # the suppression in force there then
    suppressed_later: Mapping[int, int | None] = field(default_factory=dict)  # at further rises: time, µs → which

    def suppressed_at(self, time: int) -> int | None:
        """The suppression in force at a rise at that time."""
        return self.suppressed_later.get(time, self.suppressed_by)


NOWHERE = Place()


@dataclass(frozen=True, kw_only=True)
class Said:
    """A change of level that was told and not taken back."""

    time: int  # event time, µs
    from_level: Level
    to_level: Level
    value: float | None = field(default=None, compare=False)

    @classmethod
    def of(cls, transition: Transition) -> "Said":
        """What a transition says."""
        return cls(
            time=transition.time,
            from_level=transition.from_level,
            to_level=transition.to_level,
            value=transition.value,
        )


def level_of(said: list[Said]) -> Level:
    """The level that a history ends in; of one that has cleared, the last it had."""
    return said[-1].from_level if said[-1].to_level == "none" else said[-1].to_level


@dataclass(kw_only=True, eq=False)
class Alert:
    """An alert on its way to the database; times are event times in µs."""

    id: int | None  # None until one is drawn for a new alert
    rule_id: str
    subject: int
    level: Level
    peak: Level
    state: str  # none: opened by this batch, before its first step
    opened_at: int = 0
    changed_at: int = 0
    resolved_at: int | None = None
    pending_since: int | None = None
    value: float | None = None
    revision: int = 0
    suppressed_by: int | None = None
    nature: Nature = Nature()
    place: Place = NOWHERE
    is_new: bool = False  # this batch opened it
    stood: Level = "none"  # before this batch, as plans saw it: none where it was over, or held back
    begins_anew: bool = False  # reopened: nobody has acknowledged it yet
    was_acknowledged: bool = False
    was_in_hand: bool = False
    # Oldest first; only what this batch said, unless it has corrections: then all that stands.
    said: list[Said] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether nobody and nothing has ended it."""
        return self.state in OPEN

    def reopens(self, time: int, within: int) -> bool:
        """Whether a rise at that time is the same alert again."""
        return self.state == "resolved" and (self.resolved_at is None or time - self.resolved_at <= within)

    def reopen(self) -> None:
        """Open as on the first day."""
        self.state, self.resolved_at, self.begins_anew = "open", None, True
        self.was_acknowledged = self.was_in_hand = False

    def resume(self) -> None:
        """Open as it was before its end, which is taken back."""
        self.state = "in_hand" if self.was_in_hand else "acknowledged" if self.was_acknowledged else "open"
        self.resolved_at = None


@dataclass(kw_only=True, eq=False)
class Step:
    """One transition and what it did to the alert that it belongs to."""

    alert: Alert
    transition: Transition
    reason: str
    from_state: str
    to_state: str
    revision: int = 0
    suppressed_by: int | None = None  # the alert's, when it was taken: a later rise may be under another one, or none

    def __post_init__(self) -> None:
        self.revision, self.suppressed_by = self.alert.revision, self.alert.suppressed_by


@dataclass(kw_only=True, eq=False)
class Pair:
    """A rule and a subject with those of their alerts that a batch may touch, oldest first."""

    rule_id: str
    subject: int
    alerts: list[Alert] = field(default_factory=list)
    place: Place = NOWHERE
    next_id: int | None = None  # of an alert that may be opened
    has_kin: bool = False  # other rules have an open alert of the subject

    @property
    def open(self) -> Alert | None:
        """The one that is open; the database allows one."""
        return next((alert for alert in reversed(self.alerts) if alert.is_open), None)

    @property
    def latest(self) -> Alert | None:
        """The last one, whatever its state."""
        return self.alerts[-1] if self.alerts else None

    def opened(self, transition: Transition, nature: Nature) -> Alert:
        """A new alert; its first step opens it."""
        alert = Alert(
            id=self.next_id,
            rule_id=self.rule_id,
            subject=self.subject,
            level=transition.to_level,
            peak=highest(transition.to_level),
            state="none",
            opened_at=transition.time,
            pending_since=transition.pending_since,
            nature=nature,
            place=self.place,
            is_new=True,
        )
        self.next_id = None
        self.alerts.append(alert)
        return alert
