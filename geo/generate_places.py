"""Where how many households live, as points; and in what order grids are numbered."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.generate_cut import Floats, Piece, Plane
from geo.generate_faces import Sizes
from geo.generate_township import Township

_DENSITY = 48  # points of the lattice that stand for one grid's area
_LAND = 0.03  # how much area weighs where the households are known: grids are cut between them, not beside
_WET = 0.02  # and water where they are not


def weighed(township: Township, faces: list[Any], sizes: Sizes, plane: Plane, rng: np.random.Generator) -> list[Piece]:
    """The faces of a part with the households in them.

    Where no household is known in the whole township they are spread over the land; else the land weighs a little.
    """
    land = land_m2(township, faces, plane)
    whole = sum(land_m2(township, [township.polygon], plane))
    known = shapely.intersects_xy(township.polygon, township.points)
    points, weights = township.points[known], township.weights[known]
    total = float(weights.sum())
    spread = _LAND * total if total else township.households
    count = max(1.0, (total or township.households) / sizes.target)
    lattice = _lattice(
        shapely.MultiPolygon(faces) if len(faces) > 1 else faces[0], whole / count / _DENSITY, plane, rng
    )
    of_lattice, of_points = _owners(faces, lattice), _owners(faces, points)
    pieces = []
    for number, face in enumerate(faces):
        at = lattice[of_lattice == number]
        if len(at) == 0:
            at = shapely.get_coordinates(shapely.point_on_surface(face))
        even = _dry(township, at)
        even *= spread * land[number] / whole / even.sum()
        mine = of_points == number
        pieces.append(
            Piece(
                polygon=face,
                points=np.concatenate([at, points[mine]]),
                weights=np.concatenate([even, weights[mine]]),
            )
        )
    return pieces


def land_m2(township: Township, faces: list[Any], plane: Plane) -> list[float]:
    """m² of each face, water counted as little."""
    areas = [plane.area(face) for face in faces]
    if len(township.water):
        sea = shapely.union_all(township.water)
        areas = [
            area - (1 - _WET) * plane.area(shapely.intersection(face, sea))
            for area, face in zip(areas, faces, strict=True)
        ]
    return areas


def _dry(township: Township, points: Floats) -> Floats:
    weights = np.ones(len(points))
    for water in township.water:
        weights[shapely.contains_xy(water, points)] = _WET
    return weights


def _lattice(shape: Any, each: float, plane: Plane, rng: np.random.Generator) -> Floats:
    """Points spread evenly over a shape, one for `each` m², a little off their rows so that no cut runs along one."""
    step = np.sqrt(each) / plane.scale
    west, south, east, north = shape.bounds
    x, y = np.meshgrid(np.arange(west, east, step[0]), np.arange(south, north, step[1]))
    at = np.stack([x.ravel(), y.ravel()], axis=1)
    at += rng.uniform(0.1, 0.9, at.shape) * step
    shapely.prepare(shape)
    inside: Floats = at[shapely.contains_xy(shape, at)]
    return inside


def _owners(faces: list[Any], points: Floats) -> NDArray[np.int64]:
    """The number of the face that each point lies in, the first where it lies on a border; -1: in none."""
    owners = np.full(len(points), -1, dtype=np.int64)
    if len(faces) == 1:
        owners[shapely.intersects_xy(faces[0], points)] = 0
        return owners
    found, face = shapely.STRtree(faces).query(shapely.points(points), predicate="intersects")
    last_first = np.lexsort((-face, found))
    owners[found[last_first]] = face[last_first]
    return owners


def households_of(township: Township, polygons: list[Any], plane: Plane) -> NDArray[np.int64]:
    """How many live in each: by the points in it, else by its land."""
    weights = np.zeros(len(polygons))
    owners = _owners(polygons, township.points)
    np.add.at(weights, owners[owners >= 0], township.weights[owners >= 0])
    total = float(weights.sum())
    if not total:
        weights, total = np.array(land_m2(township, polygons, plane)), township.households
    return _whole_numbers(weights, round(total))


def _whole_numbers(weights: Floats, total: int) -> NDArray[np.int64]:
    """Whole numbers in proportion to weights that add up to the total (largest remainders)."""
    if len(weights) == 0 or weights.sum() <= 0:
        return np.zeros(len(weights), dtype=np.int64)
    exact = weights / weights.sum() * total
    down = np.floor(exact).astype(np.int64)
    most_left = np.argsort(down - exact, kind="stable")[: total - int(down.sum())]
    down[most_left] += 1
    numbers: NDArray[np.int64] = down
    return numbers


def order_by_place(polygons: NDArray[np.object_]) -> list[int]:
    """The numbers of polygons from the north-west to the south-east: in rows as high as one of them usually is."""
    at = shapely.get_coordinates(shapely.centroid(polygons))
    boxes = shapely.bounds(polygons)
    height = max(float(np.median(boxes[:, 3] - boxes[:, 1])), 1e-9)
    row = np.floor((boxes[:, 3].max() - at[:, 1]) / height)
    return [int(i) for i in np.lexsort((at[:, 0], row))]
