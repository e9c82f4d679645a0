"""Shapes and seams of a layer: what is safe is mended, the rest named with its place and size; nothing vanishes."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import areas_m2
from geo.layer_file import Feature
from geo.layer_mesh import Piece, mesh
from geo.layer_moved import moved
from geo.layer_shapes import mend_shapes
from tests.database.layer_files import round_polygon, squares

METRE = 1e-5  # degrees, about


def feature(shape: Any, row: int = 1, name: str = "甲") -> Feature:
    return Feature(row=row, name=name, district="", code="", parent="", geometry=shape)


def square(west: float = 106.5, south: float = 29.5, side: float = 0.01) -> Any:
    return shapely.box(west, south, west + side, south + side)


def pieces(shapes: list[Any]) -> list[Piece]:
    return [Piece(shape=shape, name=f"第{i}网格", rows=(i,)) for i, shape in enumerate(shapes, 1)]


def valid(shapes: list[Any]) -> bool:
    return bool(shapely.coverage_is_valid(np.array(shapes, dtype=object)))


def test_repeated_vertices_and_the_direction_of_rings_are_mended() -> None:
    ring = list(square().exterior.coords)[::-1]  # of the other direction than box has
    shape = shapely.polygons([*ring[:2], ring[1], *ring[2:]])
    shape = shapely.reverse(shape) if shapely.is_ccw(shapely.get_exterior_ring(shape)) else shape
    mended = mend_shapes([feature(shape)], loop_m2=100)
    assert [fault.kind for fault in mended.faults] == ["duplicate_vertices", "orientation"]
    assert all(fault.mended and fault.rows == (1,) for fault in mended.faults)
    assert shapely.get_num_coordinates(mended.features[0].geometry) == 5
    assert shapely.is_ccw(shapely.get_exterior_ring(mended.features[0].geometry))


@pytest.mark.parametrize(("loop", "safe"), [(2 * METRE, True), (200 * METRE, False)])
def test_a_small_loop_is_cut_off_and_a_large_one_left_to_people(loop: float, safe: bool) -> None:
    points = [(106.5, 29.5), (106.51, 29.5), (106.51, 29.51), (106.505 + loop, 29.51), (106.505, 29.51 + loop),
              (106.505 + loop, 29.51 + loop), (106.505, 29.51), (106.5, 29.51), (106.5, 29.5)]  # fmt: skip
    mended = mend_shapes([feature(shapely.polygons(points))], loop_m2=100)
    [fault] = [fault for fault in mended.faults if fault.kind == "self_crossing"]
    assert (fault.mended, fault.left_out) == (safe, not safe)
    assert fault.unit == "m²" and fault.size > 0
    assert fault.lon == pytest.approx(106.505, abs=0.003) and fault.lat == pytest.approx(29.51, abs=0.003)
    assert mended.unsound == (frozenset() if safe else frozenset({1}))
    if safe:
        assert mended.features[0].geometry.is_valid


def test_tiny_parts_and_holes_are_taken_away_with_their_size() -> None:
    hole = shapely.box(106.505, 29.505, 106.505 + 0.5 * METRE, 29.505 + 0.5 * METRE)
    crumb = shapely.box(106.52, 29.52, 106.52 + 0.5 * METRE, 29.52 + 0.5 * METRE)
    shape = shapely.multipolygons([square().difference(hole), crumb])
    mended = mend_shapes([feature(shape)], loop_m2=100)
    [fault] = [fault for fault in mended.faults if fault.kind == "crumb"]
    assert fault.mended and 0.3 < fault.size < 0.8
    assert shapely.equals(mended.features[0].geometry, square())


def test_narrow_seams_close_and_wide_ones_are_told() -> None:
    """Left to right: touching, a gap of 0.4 m, an overlap of 0.4 m, a gap of 50 m, an overlap of 50 m."""
    x = [106.5]
    offsets = (0.0, 0.4 * METRE, -0.4 * METRE, 50 * METRE, -50 * METRE)
    shapes = [square()]
    for offset in offsets:
        x.append(x[-1] + 0.01 + offset)
        shapes.append(square(west=x[-1]))
    # The gaps are enclosed by two long ones, above and below.
    whole = (106.5, x[-1] + 0.01)
    shapes += [shapely.box(whole[0], 29.51, whole[1], 29.52), shapely.box(whole[0], 29.49, whole[1], 29.5)]
    made = mesh(pieces(shapes), [], None, tolerance_m=1.0)
    told = sorted((fault.kind, fault.mended, round(fault.size, -2)) for fault in made.faults)
    width = 0.01 * 110_900  # m, of a side north to south
    assert [(kind, mended) for kind, mended, _ in told] == [
        ("gap", False), ("gap", True), ("overlap", False), ("overlap", True)
    ]  # fmt: skip
    assert told[0][2] == pytest.approx(50 * 0.968 * width, rel=0.05)
    for fault in made.faults:
        assert fault.lon is not None and whole[0] < fault.lon < whole[1]
        assert all(row <= len(shapes) for row in fault.rows) and fault.names
    assert all(shape is not None and shape.is_valid for shape in made.shapes)
    assert valid(made.shapes[:4])  # what was mended shares its vertices
    assert not valid(made.shapes[:6])  # the wide overlap stays as it came


def test_what_stays_beside_the_layer_keeps_its_shape() -> None:
    fixed = Piece(shape=square(west=106.51), name="旧网格")
    moving = Piece(shape=shapely.box(106.5, 29.5, 106.51 + 0.5 * METRE, 29.51), name="新网格", rows=(1,))
    made = mesh([moving], [fixed], None, tolerance_m=1.0)
    assert [(fault.kind, fault.mended) for fault in made.faults] == [("overlap", True)]
    assert valid([made.shapes[0], fixed.shape])


def test_the_parent_is_filled_to_its_border_and_no_further() -> None:
    room = square()
    inner = shapely.box(106.5 + 0.3 * METRE, 29.5, 106.51 + 0.3 * METRE, 29.51)
    made = mesh(pieces([inner]), [], room, tolerance_m=1.0)
    assert sorted((fault.kind, fault.mended) for fault in made.faults) == [("gap", True), ("outside_parent", True)]
    assert shapely.symmetric_difference(made.shapes[0], room).area < 1e-12
    far = mesh(pieces([shapely.box(106.5, 29.5, 106.512, 29.51)]), [], room, tolerance_m=1.0)
    [fault] = far.faults
    assert (fault.kind, fault.mended) == ("outside_parent", False)
    assert fault.size == pytest.approx(0.002 * 96_800 * 0.01 * 110_900, rel=0.02)
    assert shapely.equals(far.shapes[0], shapely.box(106.5, 29.5, 106.512, 29.51))


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    tremble=st.sampled_from([0.0, 0.05, 0.3]),
)
def test_borders_digitised_twice_become_one(seed: int, tremble: float) -> None:
    """Each cell's vertices tremble by some centimetres: the land is kept, and the result is a coverage."""
    cells, outline = squares(4)
    random = np.random.default_rng(seed)

    def trembling(points: np.ndarray) -> np.ndarray:
        shaken = np.round(points + random.uniform(-1, 1, points.shape) * tremble * METRE, 9)
        shaken[-1] = shaken[0]
        return shaken

    cells = [part for cell in cells for part in shapely.get_parts(cell)]
    shaken = [shapely.transform(cell, trembling) for cell in cells]
    shaken = [shape if shape.is_valid else shapely.make_valid(shape, method="structure") for shape in shaken]
    made = mesh(pieces(shaken), [], outline, tolerance_m=1.0)
    assert all(shape is not None and shape.is_valid for shape in made.shapes)
    assert valid(made.shapes)
    before, after = areas_m2(np.array(cells, dtype=object)), areas_m2(np.array(made.shapes, dtype=object))
    assert np.abs(before - after).max() < 0.02 * before.max()
    # Nobody gets what lies before another: a seam is shared out where it is.
    assert all(moved(cell, shape).farthest_m < 2 for cell, shape in zip(cells, made.shapes, strict=True))
    gap = shapely.difference(outline, shapely.union_all(made.shapes)).area
    assert gap < 1e-12 * 1e3
    assert all(fault.mended for fault in made.faults)


def test_a_hundred_thousand_vertices_are_compared_and_meshed() -> None:
    one, other = round_polygon(106.5, 29.5, 0.1, 100_000), round_polygon(106.5001, 29.5, 0.1, 100_000)
    how = moved(one, other)
    assert how.shift[0] == pytest.approx(9.7, abs=0.2)
    assert 8 < how.farthest_m < 12
    room = shapely.box(106.3, 29.3, 106.7, 29.7)
    around = shapely.difference(room, one)
    made = mesh(pieces([one, around]), [], room, tolerance_m=1.0)
    assert made.faults == [] and valid(made.shapes)
    assert shapely.get_num_coordinates(made.shapes[0]) >= 100_001
