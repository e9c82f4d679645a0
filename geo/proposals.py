"""Proposed grid networks in the database: what they are made from, how they are kept, and what waits for a planner.

The database knows nothing of them as divisions until a draft that took one over is published.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from psycopg.rows import class_row

from config.database import Connection
from config.generation_settings import GenerationSettings
from config.queries import Queries
from geo.generate import VERSION
from geo.generate_cut import DECIMALS
from geo.generate_township import Network, Township
from geo.households import By, Share, households_of_townships
from geo.lines import ATTRIBUTION, Lines, shipped_lines, water_in
from geo.point_file import Points

QUERIES = Queries(Path(__file__).with_name("proposal_queries.sql"))
CENSUS_DAY = datetime(2020, 11, 1, tzinfo=UTC)  # whose households the districts carry


@dataclass(frozen=True, kw_only=True)
class Place:
    """A township with a polygon, as the database has it."""

    id: int
    code: str
    name: str
    geometry: bytes
    area_m2: float
    households: int | None
    district_id: int | None
    district: str | None
    census_code: str | None
    census_households: int | None
    urban: int  # residents' committees
    rural: int  # villagers' committees
    has_grids: bool

    def title(self) -> str:
        return f"{self.district or ''} {self.name}".strip()


def places(connection: Connection, at: datetime) -> list[Place]:
    """Every township with a polygon, by code."""
    with connection.cursor(row_factory=class_row(Place)) as cursor:
        return cursor.execute(QUERIES["townships_to_generate"], {"at": at, "census": CENSUS_DAY}).fetchall()


def households_of(every: Iterable[Place], by: By) -> dict[int, float]:
    """How many households each township has, as far as that can be known. Needs all townships of a district."""
    return households_of_townships(
        [
            Share(
                id=one.id,
                district=one.census_code or "",
                district_households=one.census_households,
                urban=one.urban,
                rural=one.rural,
                area_m2=one.area_m2,
                households=one.households,
            )
            for one in every
        ],
        by=by,
    )


def townships(
    chosen: Sequence[Place], households: dict[int, float], points: Points | None, lines: Lines | None
) -> list[Township]:
    """What networks are generated from; `lines`: of the planner's own, beside those that are shipped."""
    polygons = shapely.transform(shapely.from_wkb([one.geometry for one in chosen]), lambda at: np.round(at, DECIMALS))
    mine = _points_in(polygons, points)
    return [
        _township(place, polygon, households.get(place.id, 0.0), points, own, lines)
        for place, polygon, own in zip(chosen, polygons, mine, strict=True)
    ]


def _points_in(polygons: NDArray[np.object_], points: Points | None) -> list[NDArray[np.int64]]:
    if points is None:
        return [np.zeros(0, dtype=np.int64)] * len(polygons)
    polygon, point = shapely.STRtree(shapely.points(points.at)).query(polygons, predicate="intersects")
    order = np.lexsort((point, polygon))
    counts = np.bincount(polygon, minlength=len(polygons))
    return np.split(point[order].astype(np.int64), np.cumsum(counts)[:-1])


def _township(
    place: Place,
    polygon: Any,
    households: float,
    points: Points | None,
    own: NDArray[np.int64],
    lines: Lines | None,
) -> Township:
    found = [(book, book.near(polygon)) for book in (shipped_lines(), lines) if book is not None]
    weights = points.weights[own] if points is not None else np.zeros(0)
    if points is not None and points.relative and weights.sum():
        weights = weights / weights.sum() * households
    return Township(
        id=place.id,
        code=place.code,
        name=place.name,
        polygon=polygon,
        households=households,
        points=points.at[own] if points is not None else np.zeros((0, 2)),
        weights=weights,
        courses=np.concatenate([book.courses[near] for book, near in found]),
        ranks=np.concatenate([book.ranks[near] for book, near in found]),
        water=water_in(tuple(polygon.bounds)),
    )


def fingerprint(township: Township, settings: GenerationSettings, seed: int) -> str:
    """A hash of all that a network is made from: what has the same one need not be made again."""
    told = hashlib.sha256(
        orjson.dumps([VERSION, township.code, township.name, township.households, seed, settings.model_dump()])
    )
    told.update(shapely.to_wkb(township.polygon))
    told.update(township.points.tobytes())
    told.update(township.weights.tobytes())
    told.update(township.ranks.tobytes())
    for shape in (*township.courses, *township.water):
        told.update(shapely.to_wkb(shape))
    return told.hexdigest()


@dataclass(frozen=True, kw_only=True)
class There:
    """What a township has already."""

    waiting: str | None = None  # the fingerprint of what waits for a planner
    adopted: bool = False


def there(connection: Connection) -> dict[int, There]:
    """What townships have already, by id."""
    found: dict[int, There] = {}
    for township, inputs, adopted in connection.execute(QUERIES["proposals_there"]).fetchall():
        before = found.get(township, There())
        found[township] = There(waiting=before.waiting if adopted else inputs, adopted=before.adopted or adopted)
    return found


def keep(
    connection: Connection,
    network: Network,
    settings: GenerationSettings,
    *,
    seed: int,
    inputs: str,
    lines_shown: str,
) -> UUID:
    """Put a network down as proposed, in the place of one that nobody adopted; one transaction."""
    told = {
        "township": network.township_id,
        "seed": seed,
        "settings": orjson.dumps(settings.model_dump()).decode(),
        "inputs": inputs,
        "grids": len(network.grids),
        "quality": orjson.dumps(network.quality.as_dict() | {"complex": network.complex}).decode(),
        "lines_shown": lines_shown,
    }
    wkb = shapely.to_wkb(np.array([*(grid.geometry for grid in network.grids), None], dtype=object)[:-1])
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(QUERIES["lock_proposal"], told)
        cursor.execute(QUERIES["drop_waiting"], told)
        row = cursor.execute(QUERIES["add_proposal"], told).fetchone()
        assert row is not None
        proposal: UUID = row[0]
        with cursor.copy(QUERIES["copy_proposed_grids"]) as copy:
            for grid, shape in zip(network.grids, wkb, strict=True):
                copy.write_row((proposal, grid.number, grid.code, grid.name, grid.households, grid.area_m2, shape))
    return proposal


def lines_shown(township: Township) -> str:
    """What has to stand beside a map of its grids."""
    return ATTRIBUTION if len(township.courses) else ""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A network that waits for a planner."""

    id: UUID
    township_id: int
    township: str
    district: str | None
    seed: int
    settings: dict[str, Any]
    grids: int
    quality: dict[str, Any]
    lines_shown: str
    made_at: datetime

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ProposedGrid:
    """One grid of it."""

    number: int
    code: str
    name: str
    households: int
    area_m2: float
    geometry: bytes  # WKB


def waiting(
    connection: Connection,
    at: datetime,
    *,
    under: int | None = None,
    township: int | None = None,
    most: int = 2000,
) -> list[Proposal]:
    """Proposals that wait for a planner, by township; as the connection may see them."""
    asked = {"at": at, "under": under, "township": township, "most": most}
    with connection.cursor(row_factory=class_row(Proposal)) as cursor:
        return cursor.execute(QUERIES["waiting_proposals"], asked).fetchall()


def proposed_grids(connection: Connection, proposal: UUID) -> list[ProposedGrid]:
    """The grids of a proposal, by number."""
    with connection.cursor(row_factory=class_row(ProposedGrid)) as cursor:
        return cursor.execute(QUERIES["proposed_grids"], {"proposal": proposal}).fetchall()
