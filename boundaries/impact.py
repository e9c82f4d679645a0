"""What a draft would do, as values: which sensors, posts, alerts, runs, plans and people go from where to where."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from config.database import Connection
from config.queries import Queries
from geo.topology import Unit

QUERIES = Queries(Path(__file__).with_name("impact_queries.sql"))


@dataclass(frozen=True, kw_only=True)
class Place:
    """A unit as a list names it; `id` None: a new one."""

    key: str
    id: int | None
    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class UnitChange:
    """What becomes of a unit."""

    kind: str  # a kind of lineage, or 'described'
    before: Place | None
    after: Place | None
    share: float | None  # of the former's land
    area_m2: float


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Something that goes from one unit to another; to None: somebody has to decide."""

    kind: str  # sensor, alert, run, holding, shift, resident, event, role, token, suppression, organisation
    subject: str  # its number, or the id of a person
    name: str
    detail: str
    before: Place | None
    after: Place | None
    count: int = 1
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, kw_only=True)
class Impact:
    """All of it, at an instant."""

    at: datetime
    units: list[UnitChange]
    moved: list[Moved]
    households: list[tuple[Place, Place, int]]  # estimated by area: from, to, how many
    without_worker: list[Place]  # no grid worker is on duty there, nor for what it lies in
    plans_left: list[Moved]  # plans of a unit that is gone
    findings: Mapping[str, int]  # 'error gap' → how many
    area_before_m2: float
    area_after_m2: float

    def of(self, *kinds: str) -> list[Moved]:
        """Those of some kinds."""
        return [one for one in self.moved if one.kind in kinds]

    def counts(self) -> dict[str, int]:
        """How many of each kind, the undecided apart."""
        found = Counter[str]()
        for one in self.moved:
            found[one.kind] += one.count
            found["undecided"] += one.count if one.after is None and one.kind != "sensor" else 0
        return dict(found)


@dataclass(frozen=True, kw_only=True)
class LeftBehind:
    """Something that still hangs on a division that is gone."""

    kind: str
    subject: str
    division_id: int
    name: str  # of the division


def left_behind(connection: Connection, draft_id: UUID) -> list[LeftBehind]:
    """What a published draft left to people to decide, and nobody has yet."""
    rows: Iterable[Any] = connection.execute(QUERIES["left_behind"], {"draft": draft_id}).fetchall()
    return [LeftBehind(kind=row[0], subject=row[1], division_id=row[2], name=row[3]) for row in rows]


def place_of(unit: Unit) -> Place:
    return Place(key=unit.key, id=unit.division_id, code=unit.code, name=unit.name)


def followed(connection: Connection, draft_id: UUID) -> list[tuple[str, int, int]]:
    """Of a published draft: kind, how many of it followed or were to, and how many of these nobody could decide."""
    return [(row[0], row[1], row[2]) for row in connection.execute(QUERIES["followed"], {"draft": draft_id})]
