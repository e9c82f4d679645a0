"""All grids of a city: generated, checked, and points located in them."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely

from benchmarks.locate import points_inside, township_polygons
from config.boundary_settings import BoundarySettings
from config.database import Connection
from config.generation_settings import GenerationSettings
from geo.defaults import import_defaults
from geo.finding_words import told_of
from geo.findings import Finding, check
from geo.generate_run import Wanted, Watch
from geo.generate_run import run as generate
from geo.locate import Locator
from geo.proposals import places, proposed_grids, waiting
from geo.topology import Coverage, Parent, Unit

GRIDS = 62_000


@dataclass(frozen=True, kw_only=True)
class City:
    """A network for each township that has a polygon, as it was kept."""

    coverage: Coverage
    seconds: float
    townships: int


def generated(connection: Connection, grids: int = GRIDS) -> City:
    """On an empty, migrated database: with the default divisions, one process for each core."""
    import_defaults(connection)
    now, wanted = datetime.now(UTC), Wanted(grids=grids, processes=os.cpu_count() or 1)
    report = generate(connection, wanted, GenerationSettings(), now=now, watch=Watch())
    return City(coverage=_kept(connection, now), seconds=report.seconds, townships=len(report.made))


def _kept(connection: Connection, now: datetime) -> Coverage:
    parents = {
        one.id: Parent(id=one.id, name=one.name, geometry=shapely.from_wkb(one.geometry), code=one.code)
        for one in places(connection, now)
    }
    units: dict[str, Unit] = {}
    for proposal in waiting(connection, now):
        for grid in proposed_grids(connection, proposal.id):
            key = f"n{len(units) + 1}"
            units[key] = Unit(
                key=key, division_id=None, parent_id=proposal.township_id, code=grid.code, name=grid.name,
                kind="网格", households=grid.households, geometry=shapely.from_wkb(grid.geometry),
            )  # fmt: skip
    return Coverage(units=units, parents=parents)


def check_s(coverage: Coverage) -> dict[str, Any]:
    """All findings of all grids, in one process."""
    begun, worked = time.perf_counter(), time.process_time()
    findings = check(coverage, BoundarySettings())
    seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
    kinds = sorted({one.kind for one in findings})
    return {
        "check_s": round(seconds, 2),
        "check_cpu_s": round(cpu, 2),  # what it takes of one core: the rest is waiting for others on the machine
        "findings": {kind: sum(one.kind == kind for one in findings) for kind in kinds},
        "errors": [_where(one, coverage) for one in findings if one.severity == "error"][:10],
    }


def _where(one: Finding, coverage: Coverage) -> str:
    codes = ", ".join(coverage.units[key].code for key in one.units)
    return f"{told_of(one)[1]} ({codes}; {one.lon}, {one.lat})"


def locate_points_per_s(coverage: Coverage, count: int = 1_000_000, rounds: int = 5) -> dict[str, Any]:
    """The best of some rounds; building the locator is told apart. Points lie inside the city."""
    begun = time.perf_counter()
    locator = Locator([one.geometry for one in coverage.units.values()])
    build_s = time.perf_counter() - begun
    city = shapely.coverage_union_all(township_polygons())
    lon, lat = points_inside(city, count, np.random.default_rng(1)).T.copy()
    best, found = float("inf"), np.zeros(0, dtype=np.int32)
    for _ in range(rounds):
        begun = time.perf_counter()
        found = locator.locate(lon, lat)
        best = min(best, time.perf_counter() - begun)
    return {
        "locate_points_per_s": round(count / best),
        "locate_build_s": round(build_s, 2),
        "points": count,
        "points_in_no_grid": int((found < 0).sum()),
    }
