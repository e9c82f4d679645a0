"""Coverages for tests, what must hold of each, and steps that somebody might ask for."""

import json
import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from benchmarks.locate import generated_coverage
from geo.rings import Point, oriented, rings, shape_of
from geo.steps import AddVertex, Merge, Move, RemoveVertex, Rename, Reshape, Split, Step, Transfer
from geo.topology import Coverage, Parent, Unit

DATA = Path(__file__).parents[2] / "geo" / "data"
KINDS = ("move", "slide", "add_vertex", "remove_vertex", "reshape", "split", "merge", "transfer", "rename")
CELL = 0.01  # degrees


def unit(number: int, geometry: Any, **other: Any) -> Unit:
    said = {
        "key": f"d{number}", "division_id": number, "parent_id": 1, "code": f"500105001000{number:03d}",
        "name": f"第{number}网格", "kind": "网格", "households": 400, "geometry": geometry, **other,
    }  # fmt: skip
    return Unit(**said)


def cell(column: float, row: float, width: float = 1, height: float = 1) -> shapely.Polygon:
    west, south = 106 + column * CELL, 29 + row * CELL
    box = shapely.box(west, south, west + width * CELL, south + height * CELL)
    turned: shapely.Polygon = oriented(shapely.transform(box, lambda at: np.round(at, 9)))
    return turned


def squares(columns: int = 3, rows: int = 3) -> Coverage:
    """Square grids d1, d2 … from the south-west, row by row; the parent is their rectangle."""
    units = [unit(1 + x + y * columns, cell(x, y)) for y in range(rows) for x in range(columns)]
    return of(units, cell(0, 0, columns, rows))


def of(units: Sequence[Unit], parent: Any) -> Coverage:
    return Coverage(units={one.key: one for one in units}, parents={1: Parent(id=1, name="测试镇", geometry=parent)})


@cache
def _features(name: str) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads((DATA / name).read_bytes())["features"]
    return features


def _geometry(feature: dict[str, Any]) -> Any:
    return shapely.from_geojson(json.dumps(feature["geometry"]))


def townships(district: str) -> Coverage:
    """The townships of a real district."""
    (outline,) = [_geometry(f) for f in _features("districts.geojson") if str(f["properties"]["code"]) == district]
    drawn = [
        f for f in _features("townships_derived.geojson")
        if str(f["properties"]["district_code"]) == district and f["geometry"]
    ]  # fmt: skip
    units = [
        unit(10 + i, oriented(_geometry(f)), code=str(f["properties"]["code"]), name=f["properties"]["name"])
        for i, f in enumerate(drawn)
    ]
    return Coverage(
        units={one.key: one for one in units},
        parents={1: Parent(id=1, name=district, geometry=outline)},
        level="township",
    )


def grids(district: str, count: int, seed: int) -> Coverage:
    """Irregular grids in the largest township of a real district."""
    outline = max((one.geometry for one in townships(district).units.values()), key=lambda shape: float(shape.area))
    cells = generated_coverage(outline, count, np.random.default_rng(seed))
    rounded = shapely.transform(cells, lambda at: np.round(at, 9))
    return of([unit(10 + i, oriented(shape)) for i, shape in enumerate(rounded)], outline)


def assert_sound(coverage: Coverage) -> None:
    """All that a level must be: see each line."""
    shapes = np.array([one.geometry for one in coverage.units.values()], dtype=object)
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes), "borders that are shared do not have the same vertices"
    assert shapely.equals_identical(shapes, oriented(shapes)).all(), "not by the right-hand rule"
    points = shapely.get_coordinates(shapes)
    assert (points == np.round(points, 9)).all()
    for parent in coverage.parents.values():
        own = [coverage.units[key].geometry for key in coverage.children[parent.id]]
        rest = shapely.get_parts(shapely.symmetric_difference(parent.geometry, shapely.coverage_union_all(own)))
        # What differs is thinner than 1 mm, though vertices on the parent's edges are rounded again and again.
        assert (2 * shapely.area(rest) <= 1e-8 * shapely.length(rest)).all(), "not what the parent has"


class Wishes:
    """Steps as somebody might ask for them, many of them foolish; `pick` gives numbers from 0 up to 1."""

    def __init__(self, coverage: Coverage, pick: Callable[[], float]) -> None:
        self._coverage = coverage
        self._pick = pick

    def step(self, kind: str) -> Step:
        self._unit = self._one(list(self._coverage.units.values()))
        self._ring = self._one(list(rings(shape_of(self._unit.geometry))))
        self._start = self._below(len(self._ring))
        self._size = math.sqrt(self._unit.geometry.area)
        made: Step = getattr(self, f"_{kind}")()
        return made

    def _below(self, count: int) -> int:
        return int(self._pick() * count)

    def _one(self, of: Sequence[Any]) -> Any:
        return of[self._below(len(of))]

    def _at(self, further: int) -> Point:
        point: Point = self._ring[(self._start + further) % len(self._ring)]
        return point

    def _between(self, a: Point, b: Point, share: float) -> Point:
        return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])

    def _near(self, at: Point, reach: float) -> Point:
        return at[0] + reach * (self._pick() - 0.5), at[1] + reach * (self._pick() - 0.5)

    def _move(self) -> Step:
        return Move(moves=[(self._at(i), self._near(self._at(i), 0.15 * self._size)) for i in range(self._count(3))])

    def _count(self, most: int) -> int:
        return 1 + self._below(min(most, len(self._ring) - 1))

    def _slide(self) -> Step:
        start, towards = self._at(0), self._at(1)
        share = 1.0 if self._pick() < 0.1 else 0.5 * self._pick()
        return Move(moves=[(start, self._between(start, towards, share))])

    def _add_vertex(self) -> Step:
        a, b = self._at(0), self._at(1)
        return AddVertex(edge=(a, b), at=self._between(a, b, self._pick()))

    def _remove_vertex(self) -> Step:
        return RemoveVertex(at=self._at(0))

    def _reshape(self) -> Step:
        old = [self._at(i) for i in range(2 + self._below(min(4, len(self._ring) - 1)))]
        length = math.dist(old[0], old[-1])
        count = self._below(4)
        new = [self._near(self._between(old[0], old[-1], (i + 1) / (count + 1)), 0.2 * length) for i in range(count)]
        return Reshape(old=old, new=[old[0], *new, old[-1]])

    def _split(self) -> Step:
        if self._pick() < 0.4:
            return Split(unit=self._unit.key, line=[self._at(0), self._at(2 + self._below(len(self._ring)))])
        middle = shapely.point_on_surface(self._unit.geometry)
        reach = 4 * self._size
        line = [self._near((middle.x, middle.y), reach) for _ in range(2 + self._below(3))]
        return Split(unit=self._unit.key, line=line)

    def _others(self) -> list[str]:
        return [key for key in self._coverage.near(self._unit.bounds) if key != self._unit.key] or [self._unit.key]

    def _merge(self) -> Step:
        others = self._others()
        return Merge(units=[self._one(others) for _ in range(1 + self._below(2))], into=self._unit.key)

    def _transfer(self) -> Step:
        taker = self._coverage.units[self._one(self._others())]
        at = self._at(0) if self._pick() < 0.5 else self._one(next(rings(shape_of(taker.geometry))))
        reach, corners = self._size * (0.1 + 0.5 * self._pick()), 3 + self._below(6)
        turns = [2 * math.pi * i / corners for i in range(corners)]
        piece = [(at[0] + reach * math.cos(turn), at[1] + reach * math.sin(turn)) for turn in turns]
        return Transfer(from_=self._unit.key, to=taker.key, piece=piece)

    def _rename(self) -> Step:
        return Rename(unit=self._unit.key, name=f"{self._below(10**9)}")
