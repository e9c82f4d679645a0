"""Faults of a layer are found, sized and placed."""

import numpy as np
import pytest
import shapely

from geo.coverage import check_coverage

CELL = 0.01


def _grid(columns: int, rows: int) -> list[shapely.Polygon]:
    return [
        shapely.box(106 + x * CELL, 29 + y * CELL, 106 + (x + 1) * CELL, 29 + (y + 1) * CELL)
        for y in range(rows)
        for x in range(columns)
    ]


def _check(polygons: list[shapely.Polygon]):  # type: ignore[no-untyped-def]
    return check_coverage(np.array(polygons, dtype=object), [f"n{i}" for i in range(len(polygons))])


def test_a_sound_layer_has_no_fault() -> None:
    report = _check(_grid(4, 4))
    assert (report.invalid, report.gaps, report.overlaps) == ((), (), ())


def test_a_gap_has_its_size_place_and_neighbours() -> None:
    cells = _grid(3, 3)
    del cells[4]
    (gap,) = _check(cells).gaps
    assert gap.area_m2 == pytest.approx(1_079_000, rel=0.01)
    assert (gap.lon, gap.lat) == pytest.approx((106.015, 29.015), abs=CELL / 2)
    assert len(gap.names) == 8


def test_overlaps_are_found_largest_first_even_when_one_lies_in_another() -> None:
    cells = [*_grid(2, 1), shapely.box(106.002, 29.002, 106.004, 29.004)]
    cells[1] = shapely.box(106.009, 29, 106.02, 29.01)
    first, second = _check(cells).overlaps
    assert first.names == ("n0", "n1") and second.names == ("n0", "n2")
    assert first.area_m2 > second.area_m2 > 1
    assert "overlap of" in first.line()


def test_an_invalid_shape_is_placed_and_mended_for_the_rest() -> None:
    bow = shapely.Polygon([(106, 29), (106.01, 29.01), (106.01, 29), (106, 29.01)])
    report = _check([bow, shapely.box(106.02, 29, 106.03, 29.01)])
    (fault,) = report.invalid
    assert fault.detail == "Self-intersection"
    assert (fault.lon, fault.lat) == pytest.approx((106.005, 29.005))
    assert report.overlaps == ()


def test_rounding_is_no_fault() -> None:
    cells = _grid(2, 1)
    cells[1] = shapely.box(106.01 - 1e-10, 29, 106.02, 29.01)
    assert _check(cells).overlaps == ()
