"""Who shares a border with whom: exact lengths, no corners."""

import numpy as np
import pytest
import shapely

from geo.adjacency import borders
from geo.crs import lengths_m
from geo.default_data import read_defaults


def found(*shapes: shapely.Geometry) -> dict[tuple[int, int], float]:
    first, second, shared = borders(np.array(shapes, dtype=object))
    return {(int(a), int(b)): float(m) for a, b, m in zip(first, second, shared, strict=True)}


def square(x: float, y: float, size: float = 0.01) -> shapely.Polygon:
    return shapely.box(106.5 + x, 29.5 + y, 106.5 + x + size, 29.5 + y + size)


def test_a_side_touches_and_a_corner_does_not() -> None:
    shared = found(square(0, 0), square(0.01, 0), square(0.01, 0.01), square(0.05, 0.05))
    assert set(shared) == {(0, 1), (1, 2)}
    side = lengths_m(np.array([shapely.LineString([(106.51, 29.5), (106.51, 29.51)])], dtype=object))[0]
    assert shared[0, 1] == pytest.approx(side, abs=1e-6)
    assert side == pytest.approx(1108.6, abs=1)


def test_less_than_the_shortest_border_is_a_corner() -> None:
    """A contact of 0.000005° is half a metre."""
    assert found(square(0, 0), square(0.01, 0.01 - 0.000005)) == {}
    assert len(found(square(0, 0), square(0.01, 0.01 - 0.00005))) == 1


def test_shapes_that_overlap_or_lie_in_each_other_touch() -> None:
    shared = found(square(0, 0), square(0.009, 0), square(0.002, 0.002, 0.001))
    assert set(shared) == {(0, 1), (0, 2)}
    assert shared[0, 2] == pytest.approx(4 * 0.001 * 104_000, rel=0.05)  # all of the enclave's border


def test_a_township_of_several_parts() -> None:
    exclave = shapely.union_all([square(0, 0), square(0.03, 0)])
    assert set(found(exclave, square(0.04, 0), square(0.01, 0))) == {(0, 1), (0, 2)}


def test_nothing_gives_nothing() -> None:
    assert found() == {}
    assert found(square(0, 0)) == {}


def test_all_townships_as_brute_force_finds_them() -> None:
    defaults = read_defaults()
    levels = {row.key: row.level for row in defaults.versions}
    shapes = [row.geometry for row in defaults.boundaries if levels[row.key] == "township"]
    assert len(shapes) == 1016
    touching = found(*shapes)
    for chosen in range(0, 1016, 127):
        others = np.array(shapes, dtype=object)
        lines = shapely.intersection(shapely.boundary(shapes[chosen]), shapely.boundary(others))
        lines[chosen] = shapely.Point()
        long = [i for i in np.flatnonzero(shapely.length(lines)) if lengths_m(lines[[i]])[0] >= 1]
        assert {b if a == chosen else a for a, b in touching if chosen in (a, b)} == set(long)
