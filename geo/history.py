"""Where anything belongs under two clocks: as it was then, as we knew it then, and under today's map.

`at` is the instant in the world; `known` that of the database's knowledge, None for what it knows now. However many
things are asked about, and from however many sides, it is one query.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from config.database import Connection
from geo.hits import HISTORY_QUERIES, Hits, fresh_hits, hits_of

_ALWAYS = "infinity"  # of knowledge: what is believed has no end


@dataclass(frozen=True, kw_only=True)
class Point:
    """A position, lon/lat in degrees, CGCS2000."""

    lon: float
    lat: float


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """Where a sensor stood at the instant asked about: so also a reading of it."""

    id: int


@dataclass(frozen=True, kw_only=True)
class Located:
    """What was reported with a position: an event or an alert, by its number."""

    kind: Literal["event", "alert"]
    id: int


@dataclass(frozen=True, kw_only=True)
class Within:
    """What has no position of its own, but a division that was there then; None: not located."""

    division_id: int | None


Thing = Point | Sensor | Located | Within


@dataclass(frozen=True, kw_only=True)
class Look:
    """One question: where does `thing`, as it was at `at`, belong by the map of `map_at`?"""

    thing: Thing
    at: datetime
    map_at: datetime
    known: datetime | None = None  # None: as known now


@dataclass(frozen=True, kw_only=True)
class Named:
    """A division as it was called then."""

    id: int
    level: str
    code: str
    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Path:
    """The divisions of a place, from the city to the grid; empty: in none, or none was known."""

    divisions: tuple[Named, ...] = ()

    def of(self, level: str) -> Named | None:
        return next((one for one in self.divisions if one.level == level), None)

    def __str__(self) -> str:
        return " · ".join(one.name for one in self.divisions) or "—"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A thing at an instant. `recorded`: what "as we knew it then" goes by; None: that same instant."""

    thing: Thing
    at: datetime
    recorded: datetime | None = None
    # Of a thing without a position: what its division became under today's map (geo/lineage.py); None: itself.
    today: Thing | None = None


@dataclass(frozen=True, kw_only=True)
class Views:
    """The three answers side by side."""

    then: Path  # as it was at `at`, by all that is known now
    known_then: Path  # as it was at `at`, by what was known at `recorded`
    today: Path  # the same place under today's map
    at: datetime
    recorded: datetime
    now: datetime

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def belonging(connection: Connection, thing: Thing, at: datetime, recorded: datetime | None = None) -> Path:
    """Where a thing belonged at `at`, as known at `recorded` (None: now)."""
    return look_up(connection, [Look(thing=thing, at=at, map_at=at, known=recorded)])[0]


def views(connection: Connection, asked: Sequence[Asked], *, now: datetime | None = None) -> list[Views]:
    """Each thing then, as known then, and under today's map (that of `now`), in the order asked."""
    today = now or datetime.now(UTC)
    looks: list[Look] = []
    for one in asked:
        looks.append(Look(thing=one.thing, at=one.at, map_at=one.at))
        looks.append(Look(thing=one.thing, at=one.at, map_at=one.at, known=one.recorded or one.at))
        looks.append(Look(thing=one.today or one.thing, at=one.at, map_at=today))
    paths = look_up(connection, looks)
    return [
        Views(
            then=paths[3 * number],
            known_then=paths[3 * number + 1],
            today=paths[3 * number + 2],
            at=one.at,
            recorded=one.recorded or one.at,
            now=today,
        )
        for number, one in enumerate(asked)
    ]


def look_up(connection: Connection, looks: Sequence[Look]) -> list[Path]:
    """The answers in the order of the looks, by one query (and one before it for what no look found yet)."""
    found: dict[int, list[Named]] = {}
    columns = _columns(looks)
    rows = connection.execute(
        HISTORY_QUERIES["belonging"], {**columns, **_new_hits(connection, looks).as_parameters()}
    ).fetchall()
    for number, division, level, code, name, kind in rows:
        found.setdefault(number, []).append(Named(id=division, level=level, code=code, name=name, kind=kind))
    return [Path(divisions=tuple(found.get(number, ()))) for number in range(len(looks))]


def _columns(looks: Sequence[Look]) -> dict[str, list[Any]]:
    points = _positions(looks)
    columns: dict[str, list[Any]] = {"sensors": [], "kinds": [], "points": [], "divisions": []}
    for look in looks:
        thing = look.thing
        columns["sensors"].append(thing.id if isinstance(thing, Sensor) else None)
        columns["kinds"].append(thing.kind if isinstance(thing, Located) else "asked")
        columns["points"].append(
            points[thing] if isinstance(thing, Point) else thing.id if isinstance(thing, Located) else None
        )
        columns["divisions"].append(thing.division_id if isinstance(thing, Within) else None)
    columns["numbers"] = list(range(len(looks)))
    columns["ats"] = [look.at for look in looks]
    columns["map_ats"] = [look.map_at for look in looks]
    columns["knowns"] = [look.known.isoformat() if look.known else _ALWAYS for look in looks]
    return columns


def _positions(looks: Sequence[Look]) -> dict[Point, int]:
    """Each position once, numbered."""
    points = dict.fromkeys(look.thing for look in looks if isinstance(look.thing, Point))
    return {point: number for number, point in enumerate(points)}


def _new_hits(connection: Connection, looks: Sequence[Look]) -> Hits:
    """What is not written down of the places that are asked about."""
    hits = Hits()
    if points := _positions(looks):
        hits = hits_of(connection, [(point.lon, point.lat) for point in points])
    if sensors := {look.thing.id for look in looks if isinstance(look.thing, Sensor)}:
        rows = connection.execute(HISTORY_QUERIES["places_of_sensors"], {"sensors": list(sensors)}).fetchall()
        hits = hits.with_(fresh_hits(connection, kind="place", ids=[row[0] for row in rows]))
    for kind in ("event", "alert"):
        named = {look.thing.id for look in looks if isinstance(look.thing, Located) and look.thing.kind == kind}
        if named:
            hits = hits.with_(fresh_hits(connection, kind=kind, ids=list(named)))
    return hits
