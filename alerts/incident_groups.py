"""From many alerts to one incident: which alert belongs to which, and which incidents turn out to be one.

Pure. An alert joins where it touches the footprint of an incident of its family within the
window; where it touches several, the oldest takes them all in and keeps its number.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from alerts.incident_pace import Minute, Pace, joined, minute_of, spread
from alerts.incident_settings import IncidentSettings
from alerts.levels import GRADES, LEVELS, Level, highest, rank

Touches = Mapping[int, frozenset[int]]  # division → those that share a border with it


class Spot(NamedTuple):
    """One piece of a footprint: a grid or a township; where `place` says a word, that alone is compared."""

    township_id: int | None = None
    grid_id: int | None = None
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """An alert, as far as grouping needs it; event times in µs, degrees CGCS2000."""

    id: int
    kind: str
    subject: int
    family: str
    exercise: bool
    level: Level
    peak: Level
    is_open: bool
    spot: Spot
    lon: float | None
    lat: float | None
    opened_at: int
    changed_at: int
    first_incident: int | None  # that it joined before; it may be part of another by now
    counted: Level  # with which it counts there so far

    @property
    def counts(self) -> Level:
        """The level with which it counts in its incident now."""
        return self.level if self.is_open else "none"

    def by_itself(self) -> "Arrival":
        """The same where its subject alone makes the incident; the footprint still says where that is."""
        return replace(self, spot=self.spot._replace(place=f"subject {self.subject}"))


@dataclass(kw_only=True, eq=False)
class Incident:
    """An incident as it stands, and what a batch does to it."""

    id: int | None  # None until one is drawn
    family: str
    exercise: bool
    level: Level  # the highest that is open
    peak: Level
    state: str
    opened_at: int
    changed_at: int
    closed_at: int | None = None
    alerts: int = 0
    open_alerts: list[int] = field(default_factory=lambda: [0] * len(GRADES))  # by level, blue … red
    located: int = 0
    lon: float = 0.0  # the mean of the located ones
    lat: float = 0.0
    pace: Pace = ()
    spread_m_per_h: float | None = None
    spread_bearing: float | None = None
    merged_into: "Incident | None" = None
    joined: list[Arrival] = field(default_factory=list)  # by this batch
    changed: list[Arrival] = field(default_factory=list)  # of its own: changed by this batch
    absorbed: list["Incident"] = field(default_factory=list)  # that had numbers
    is_new: bool = False  # this batch opened it
    was_closed: bool = False  # and this batch opened it again

    def __post_init__(self) -> None:
        self.pace = tuple(Minute(*one) for one in self.pace)

    def root(self) -> "Incident":
        """What it is part of now."""
        root = self
        while root.merged_into is not None:
            root = root.merged_into
        return root

    def reaches(self, arrival: Arrival, window: int) -> bool:
        """Whether the alert is within the window of the incident's time."""
        return arrival.opened_at <= self.changed_at + window and arrival.changed_at >= self.opened_at - window

    def extend(self, one: "Arrival | Incident") -> None:
        """Take in the time and the peak of an alert or an incident."""
        self.opened_at = min(self.opened_at, one.opened_at)
        self.changed_at = max(self.changed_at, one.changed_at)
        self.peak = highest(self.peak, one.peak)

    def follow(self, arrival: Arrival) -> None:
        """One of its alerts changed."""
        self.extend(arrival)
        self.changed.append(arrival)
        self._count(arrival.counted, -1)
        self._count(arrival.counts, 1)

    def join(self, arrival: Arrival) -> None:
        """One alert more."""
        self.extend(arrival)
        self.joined.append(arrival)
        self._count(arrival.counts, 1)
        self.alerts += 1
        if arrival.lon is not None and arrival.lat is not None:
            self._weigh(arrival.lon, arrival.lat, 1)

    def absorb(self, other: "Incident") -> None:
        """Take in another, younger one."""
        self.extend(other)
        self.alerts += other.alerts
        self.open_alerts = [a + b for a, b in zip(self.open_alerts, other.open_alerts, strict=True)]
        self.pace = joined(self.pace, other.pace)
        self._weigh(other.lon, other.lat, other.located)
        self.joined += other.joined
        self.changed += other.changed
        self.absorbed += other.absorbed if other.id is None else [other, *other.absorbed]
        other.merged_into, other.joined, other.changed, other.absorbed = self, [], [], []

    def settle(self) -> None:
        """Level, pace and direction after all that the batch did."""
        self.level = LEVELS[max((i + 1 for i, number in enumerate(self.open_alerts) if number), default=0)]
        if self.joined or self.absorbed:
            self.pace = joined(self.pace, (minute_of(one.opened_at, one.lon, one.lat) for one in self.joined))
            motion = spread(self.pace)
            self.spread_m_per_h = motion.m_per_h if motion else None
            self.spread_bearing = motion.bearing if motion else None
        if self.state == "closed" and (self.joined or self.level != "none"):
            self.state, self.closed_at, self.was_closed = "open", None, True

    def _count(self, level: Level, number: int) -> None:
        if level != "none":
            self.open_alerts[rank(level) - 1] += number

    def _weigh(self, lon: float, lat: float, count: int) -> None:
        if count:
            self.located += count
            share = count / self.located
            self.lon += (lon - self.lon) * share
            self.lat += (lat - self.lat) * share


@dataclass(kw_only=True)
class Footprints:
    """Where the incidents of a family are."""

    touches: Touches
    by_grid: dict[int, list[Incident]] = field(default_factory=lambda: defaultdict(list))
    by_township: dict[int, list[Incident]] = field(default_factory=lambda: defaultdict(list))
    by_whole_township: dict[int, list[Incident]] = field(default_factory=lambda: defaultdict(list))  # no grid is known
    by_place: dict[str, list[Incident]] = field(default_factory=lambda: defaultdict(list))

    def add(self, spot: Spot, incident: Incident) -> None:
        """The incident is here, too."""
        if spot.place:
            _note(self.by_place[spot.place], incident)
            return
        if spot.grid_id is not None:
            _note(self.by_grid[spot.grid_id], incident)
        elif spot.township_id is not None:
            _note(self.by_whole_township[spot.township_id], incident)
        if spot.township_id is not None:
            _note(self.by_township[spot.township_id], incident)

    def touched(self, spot: Spot, *, across: bool) -> list[Incident]:
        """The incidents that are here or, `across` borders, beside; each once.

        Grids meet grids; where either side knows no grid, townships meet.
        """
        found = self._here(spot) if not across or spot.place else self._beside(spot)
        return list({id(root): root for incident in found for root in [incident.root()]}.values())

    def _here(self, spot: Spot) -> Iterator[Incident]:
        if spot.place:
            yield from self.by_place.get(spot.place, ())
        elif spot.grid_id is not None:
            yield from self.by_grid.get(spot.grid_id, ())
        elif spot.township_id is not None:
            yield from self.by_whole_township.get(spot.township_id, ())

    def _beside(self, spot: Spot) -> Iterator[Incident]:
        townships = self._around(spot.township_id)
        if spot.grid_id is None:
            yield from (one for township in townships for one in self.by_township.get(township, ()))
            return
        yield from (one for grid in self._around(spot.grid_id) for one in self.by_grid.get(grid, ()))
        yield from (one for township in townships for one in self.by_whole_township.get(township, ()))

    def _around(self, division: int | None) -> tuple[int, ...]:
        return () if division is None else (division, *self.touches.get(division, ()))


def _note(incidents: list[Incident], incident: Incident) -> None:
    if not incidents or incidents[-1].root() is not incident:
        incidents.append(incident)


def place(
    arrivals: Iterable[Arrival],
    standing: Sequence[Incident],
    footprints: Iterable[tuple[Incident, Spot]],
    touches: Touches,
    settings: IncidentSettings,
) -> list[Incident]:
    """Put every arrival that has no incident into one; returns the incidents that have news, oldest first.

    `standing`: those that have an arrival already (by id), or may get one; changed in place. `footprints`: where
    they are, at least around the arrivals.
    """
    by_id = {incident.id: incident for incident in standing}
    boards: dict[tuple[str, bool], Footprints] = defaultdict(lambda: Footprints(touches=touches))
    for incident, spot in footprints:
        boards[incident.family, incident.exercise].add(spot, incident)
    in_order = sorted(arrivals, key=lambda one: (one.opened_at, one.id))
    for arrival in in_order:
        if arrival.first_incident is not None:
            owner = by_id[arrival.first_incident]
            owner.follow(arrival)
    drafts: list[Incident] = []
    for arrival in in_order:
        if arrival.first_incident is None:
            _place(arrival, boards[arrival.family, arrival.exercise], drafts, settings)
    known = sorted((one for one in standing if one.id is not None), key=lambda one: one.id or 0)
    return [one for one in [*known, *drafts] if one.merged_into is None and (one.joined or one.changed)]


def _place(arrival: Arrival, board: Footprints, drafts: list[Incident], settings: IncidentSettings) -> None:
    across, window = settings.reach_of(arrival.family) == "touching", settings.window_us(arrival.family)
    found = [one for one in board.touched(arrival.spot, across=across) if one.reaches(arrival, window)]
    if found:
        oldest = min(found, key=lambda one: (one.id is None, one.id or drafts.index(one)))
        for other in found:
            if other is not oldest:
                oldest.absorb(other)
    else:
        oldest = _opened(arrival)
        drafts.append(oldest)
    oldest.join(arrival)
    board.add(arrival.spot, oldest)


def _opened(arrival: Arrival) -> Incident:
    return Incident(
        id=None,
        family=arrival.family,
        exercise=arrival.exercise,
        level="none",
        peak=arrival.peak,
        state="open",
        opened_at=arrival.opened_at,
        changed_at=arrival.changed_at,
        is_new=True,
    )
