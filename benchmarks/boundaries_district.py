"""A made-up district that is tiled without a gap: townships in a row of blocks, each of them tiled by grids.

Borders wander (seeded: the same every time), and whoever shares one has the very same vertices.
"""

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from config.database import Connection
from geo.crs import areas_m2

WEST, SOUTH = 107.0, 29.5  # degrees
CELL = 0.004  # degrees: some 390 m by 440 m
_PER_SIDE = 6  # edges of one side of a cell
_JITTER = 0.12  # of a cell

_ADD = """
with made as (insert into divisions (level) values (%(level)s) returning id),
about as (
    insert into division_versions (division_id, parent_id, code, name, kind, households, source, recorded)
    select id, %(parent)s, %(code)s, %(name)s, '', %(households)s, 'made up', tstzrange('2020-01-01', null) from made
)
insert into boundary_versions (division_id, geometry, area_m2, derived, source, recorded)
select id, %(geometry)s, %(area)s, false, 'made up', tstzrange('2020-01-01', null) from made
returning division_id
"""


@dataclass(frozen=True, kw_only=True)
class District:
    """Ids, as the database has them."""

    city: int
    district: int
    townships: tuple[int, ...]
    grids: tuple[int, ...]


def lattice(columns: int, rows: int, *, seed: int = 1) -> NDArray[np.object_]:
    """Polygons of columns × rows cells, row by row from the south, lon/lat; neighbours share every vertex."""
    draws = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=-1)
    corners += draws.uniform(-_JITTER, _JITTER, corners.shape)
    across = _sides(corners[:, :-1], corners[:, 1:], draws)  # from west to east
    upward = _sides(corners[:-1], corners[1:], draws)
    cells = []
    for row in range(rows):
        for column in range(columns):
            ring = np.concatenate(
                [
                    across[row, column],
                    upward[row, column + 1],
                    across[row + 1, column][::-1],
                    upward[row, column][::-1],
                ]
            )
            cells.append(shapely.Polygon(np.round(ring * CELL + (WEST, SOUTH), 9)))
    return np.array(cells, dtype=object)


def _sides(begin: Any, end: Any, draws: np.random.Generator) -> Any:
    """Chains of vertices between corners, their inner ones a little beside the straight line."""
    along = np.linspace(0, 1, _PER_SIDE + 1)[:, None]
    chains = begin[..., None, :] * (1 - along) + end[..., None, :] * along
    chains[..., 1:-1, :] += draws.uniform(-0.3, 0.3, chains[..., 1:-1, :].shape) * _JITTER
    return chains


def seed_district(
    connection: Connection, *, townships: int = 20, columns: int = 10, rows: int = 10, number: int = 199, seed: int = 1,
    households: tuple[int, int] = (400, 400),
) -> District:  # fmt: skip
    """A city, in it a district, its townships side by side, each of columns × rows grids; `households` of a grid are
    between the two."""
    pick = random.Random(seed)
    cells = lattice(townships * columns, rows, seed=seed).reshape(rows, townships, columns)
    blocks = [cells[:, i, :].ravel() for i in range(townships)]
    outlines = [shapely.coverage_union_all(block) for block in blocks]
    with connection.transaction():
        outline = shapely.coverage_union_all(np.array(outlines, dtype=object))
        city = _city(connection, outline)
        district = _add(connection, "district", city, f"500{number}", "试验区", outline)
        made, grids = [], []
        for i, (block, own) in enumerate(zip(blocks, outlines, strict=True), start=1):
            code = f"500{number}{i:03}"
            made.append(_add(connection, "township", district, code, f"第{i}镇", own))
            for j, cell in enumerate(block, start=1):
                name = f"{i}镇{j}网格"
                live = pick.randint(*households)
                grids.append(_add(connection, "grid", made[-1], f"{code}000{j:03}", name, cell, households=live))
    return District(city=city, district=district, townships=tuple(made), grids=tuple(grids))


def _city(connection: Connection, outline: Any) -> int:
    row = connection.execute("select id from divisions where level = 'city'").fetchone()
    return _add(connection, "city", None, "500000", "重庆市", outline) if row is None else int(row[0])


def _add(
    connection: Connection, level: str, parent: int | None, code: str, name: str, geometry: Any,
    *, households: int | None = None,
) -> int:  # fmt: skip
    area = float(areas_m2(np.array([geometry], dtype=object))[0])
    row = connection.execute(
        _ADD,
        {
            "level": level, "parent": parent, "code": code, "name": name, "households": households,
            "geometry": shapely.to_wkb(geometry), "area": area,
        },
    ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])
