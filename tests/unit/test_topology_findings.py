"""Findings: each kind is found, sized, placed and told, and its mend mends it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import shapely
from pydantic import ValidationError

from config.boundary_settings import BoundarySettings
from geo.apply import apply
from geo.finding import ERRORS, WARNINGS
from geo.finding_words import title_of, told_of
from geo.findings import Finding, check, check_around
from geo.fit import fit, with_parent
from geo.lines import Line
from geo.steps import Replace, parse_step, step_json
from geo.topology import Change, Coverage, Parent, StepRefused, Unit
from tests.unit.coverages import CELL, assert_sound, cell, grids, of, squares, townships, unit

RULES = BoundarySettings()
ROOM = BoundarySettings(households_min=0, households_max=10_000, load_ratio=100)  # where a mend moves households


def with_units(*others: Unit, gone: Sequence[str] = ()) -> Coverage:
    coverage = squares()
    units = {key: one for key, one in coverage.units.items() if key not in gone}
    return replace(coverage, units=units | {one.key: one for one in others})


def found(coverage: Coverage, kind: str, rules: BoundarySettings = ROOM, **other: Any) -> Finding:
    findings = check(coverage, rules, **other)
    (one,) = [one for one in findings if one.kind == kind]
    for text in told_of(one):
        assert text and "{" not in text
    assert one.severity == ("error" if kind in ERRORS else "warning")
    return one


def mended(coverage: Coverage, finding: Finding) -> Coverage:
    """After its mend, as the page would ask for it."""
    assert finding.mend is not None
    return coverage.with_(apply(coverage, parse_step(step_json(finding.mend))))


def test_squares_are_sound() -> None:
    assert check(squares(), RULES) == []


def test_every_kind_has_words() -> None:
    for kind in (*ERRORS, *WARNINGS):
        assert all(title_of(kind))


# errors, and their mends


def test_a_gap_goes_to_the_neighbour_with_the_longest_border() -> None:
    coverage = with_units(unit(6, cell(2, 1.4, 1, 0.6)), gone=["d6"])
    gap = found(coverage, "gap")
    assert set(gap.units) == {"d3", "d5", "d6", "d2"}
    assert gap.size == pytest.approx(0.4 * 1_080_000, rel=0.01) and gap.unit == "m²"
    assert cell(2, 1, 1, 0.4).contains(shapely.Point(gap.lon, gap.lat))
    after = mended(coverage, gap)
    assert check(after, ROOM) == []
    assert_sound(after)


def test_land_at_the_border_of_the_parent_is_a_gap_too() -> None:
    gap = found(with_units(gone=["d9"]), "gap")
    assert gap.units[0] in ("d6", "d8")
    assert_sound(mended(with_units(gone=["d9"]), gap))


def test_without_a_parent_only_enclosed_land_is_a_gap() -> None:
    free = {1: Parent(id=1, name="测试镇", geometry=None)}
    assert check(replace(with_units(gone=["d9"]), parents=free), ROOM) == []
    enclosed = replace(with_units(gone=["d5"]), parents=free)
    assert len(found(enclosed, "gap").units) == 8


def test_where_not_every_child_has_a_polygon_land_may_be_nobodys() -> None:
    coverage = with_units(gone=["d5"])
    assert check(replace(coverage, parents={1: replace(coverage.parents[1], whole=False)}), ROOM) == []
    assert check(replace(coverage, units={}), ROOM) == []  # nothing drawn yet


def test_an_overlap_goes_to_the_smaller_one() -> None:
    coverage = with_units(unit(1, cell(0, 0, 1.3)))
    overlap = found(coverage, "overlap")
    assert overlap.units == ("d1", "d2")
    assert overlap.size == pytest.approx(0.3 * 1_080_000, rel=0.01)
    after = mended(coverage, overlap)
    assert check(after, ROOM) == []
    assert_sound(after)


@pytest.mark.parametrize("extra", [cell(0.2, 0.2, 0.3, 0.3), cell(0, 0)])
def test_one_within_another_and_one_drawn_twice_are_overlaps(extra: shapely.Polygon) -> None:
    overlap = found(with_units(unit(10, extra)), "overlap")
    assert overlap.units == ("d1", "d10")


def test_units_of_two_parents_overlap_where_one_leaves_its_own() -> None:
    parents = {1: Parent(id=1, name="甲镇", geometry=cell(0, 0, 2)), 2: Parent(id=2, name="乙镇", geometry=cell(2, 0))}
    units = [unit(1, cell(0, 0)), unit(2, cell(1, 0, 1.2)), unit(3, cell(2, 0), parent_id=2)]
    coverage = Coverage(units={one.key: one for one in units}, parents=parents)
    assert found(coverage, "overlap").units == ("d2", "d3")
    outside = found(coverage, "outside_parent")
    assert outside.units == ("d2",) and outside.size == pytest.approx(0.2 * 1_080_000, rel=0.01)
    assert check(mended(coverage, outside), ROOM) == []
    # Seen from the other parent, too.
    looked, findings = check_around(coverage, ["d3"], ROOM)
    assert looked == {"d3"} and [one.kind for one in findings] == ["overlap"]


def test_a_ring_that_crosses_itself_is_made_valid() -> None:
    bow = shapely.Polygon([(106.02, 29.02), (106.03, 29.03), (106.03, 29.02), (106.02, 29.03)])
    coverage = with_units(unit(9, bow))
    invalid = found(coverage, "invalid")
    assert (invalid.lon, invalid.lat) == pytest.approx((106.025, 29.025))
    after = mended(coverage, invalid)
    assert after.units["d9"].geometry.is_valid


def test_the_wrong_direction_is_turned() -> None:
    coverage = with_units(unit(9, cell(2, 2).reverse()))
    assert_sound(mended(coverage, found(coverage, "orientation")))


def test_a_sliver_is_merged_into_the_neighbour_with_the_longest_border() -> None:
    coverage = with_units(unit(1, cell(0, 0, 1, 0.999)), unit(10, cell(0, 0.999, 1, 0.001)))
    sliver = found(coverage, "sliver")
    assert sliver.units == ("d10",) and sliver.values["width"] == pytest.approx(1.11, abs=0.01)
    after = mended(coverage, sliver)
    assert "d10" not in after.units and check(after, ROOM) == []


def test_a_piece_apart_goes_to_a_neighbour_unless_it_may_be_apart() -> None:
    two = unit(1, shapely.MultiPolygon([cell(0, 0), cell(2, 2, 0.5)]))
    coverage = with_units(two, unit(9, cell(2.5, 2, 0.5)))
    apart = found(coverage, "not_contiguous")
    assert apart.size == pytest.approx(0.5 * 1_080_000, rel=0.01)
    after = mended(coverage, apart)
    assert check(after, ROOM) == [] and after.units["d1"].geometry.geom_type == "Polygon"
    assert check(coverage, ROOM.model_copy(update={"parts_allowed": (two.code,)})) == []


def test_a_unit_may_be_in_pieces_where_its_parent_is() -> None:
    island = shapely.MultiPolygon([cell(0, 0), cell(2, 2)])
    assert check(of([unit(1, island)], island), ROOM) == []


def test_names_and_codes_that_occur_twice_get_numbers() -> None:
    coverage = with_units(unit(2, cell(1, 0), name="第1网格", code="500105001000001"))
    name, code = found(coverage, "duplicate_name"), found(coverage, "duplicate_code")
    assert name.units == code.units == ("d2", "d1")  # the newer one first: it is to be changed
    after = mended(mended(coverage, name), code)
    assert after.units["d2"].name == "第1网格-2" and after.units["d2"].code == "500105001000010"
    assert check(after, ROOM) == []


def test_the_same_name_in_two_villages_is_none() -> None:
    coverage = with_units(unit(2, cell(1, 0), name="第1网格", parent_id=5))
    assert check(replace(coverage, parents={**coverage.parents, 5: coverage.parents[1]}), ROOM) == []


@pytest.mark.parametrize("code", ["", "50", "50010500100000A", "５００１０５００１００００１１"])
def test_a_code_without_its_digits_gets_a_free_one(code: str) -> None:
    coverage = with_units(unit(2, cell(1, 0), code=code))
    assert mended(coverage, found(coverage, "code_form")).units["d2"].code == "500105001000010"


# warnings


def test_households_and_their_balance() -> None:
    coverage = with_units(unit(1, cell(0, 0), households=299), unit(2, cell(1, 0), households=801))
    few, many, uneven = (found(coverage, kind, RULES) for kind in ("households_few", "households_many", "load_uneven"))
    assert (few.units, few.size, few.unit) == (("d1",), 299, "households")
    assert many.units == uneven.units == ("d2",) and uneven.values["median"] == 400
    unknown = with_units(unit(1, cell(0, 0), households=None))
    assert check(unknown, RULES) == []


def test_small_and_large_grids_and_only_grids() -> None:
    rules = BoundarySettings(area_min_m2=500_000, area_max_m2=2_000_000)
    coverage = of([unit(1, cell(0, 0, 0.3)), unit(2, cell(0.3, 0, 2.7))], cell(0, 0, 3))
    assert found(coverage, "area_small", rules).units == ("d1",)
    assert found(coverage, "area_large", rules).units == ("d2",)
    assert [one.kind for one in check(replace(coverage, level="township"), rules)] == ["code_form", "code_form"]


def test_a_road_through_the_middle_is_told_and_one_along_the_border_is_not() -> None:
    middle = shapely.LineString([(106.015, 28.99), (106.015, 29.02)])
    along = shapely.LineString([(106.0101, 28.99), (106.0101, 29.02)])  # 10 m inside
    one, *others = [
        one for one in check(squares(), ROOM, lines=[Line("road", "人民路", middle), Line("river", "", along)])
        if one.kind == "leaves_line"
    ]  # fmt: skip
    assert {one.units, *(other.units for other in others)} == {("d2",), ("d5",)}
    assert one.size == pytest.approx(1048, abs=15) and one.unit == "m"  # without 30 m at each end
    assert "人民路" in told_of(one)[0]


def test_a_division_that_changes_often() -> None:
    one = found(squares(), "changes_often", counts={5: 3, 6: 2})
    assert one.units == ("d5",) and one.size == 3


# around a change


def test_only_the_parents_of_a_change_are_looked_at() -> None:
    parents = {1: Parent(id=1, name="甲镇", geometry=cell(0, 0, 2)), 2: Parent(id=2, name="乙镇", geometry=cell(2, 0))}
    units = [unit(1, cell(0, 0)), unit(2, cell(1, 0)), unit(3, cell(2, 0), parent_id=2, households=9)]
    coverage = Coverage(units={one.key: one for one in units}, parents=parents)
    looked, findings = check_around(coverage, ["d1"], RULES)
    assert looked == {"d1", "d2"} and findings == []


def test_where_a_unit_is_gone_its_parent_is_looked_at() -> None:
    coverage = squares()
    change = apply(coverage, Replace(gone=["d5"]))
    after = coverage.with_(change)
    for changed in (change, ["d5"]):  # the keys alone do not say where it was: all is looked at
        looked, findings = check_around(after, changed, RULES)
        assert looked >= {"d5", "d4"} and [one.kind for one in findings] == ["gap"]


def test_the_default_townships_are_whole() -> None:
    for district in ("500103", "500105", "500112"):
        kinds = {one.kind for one in check(townships(district), RULES)}
        assert kinds <= {"not_contiguous"}  # derived outlines: some are in two pieces


def test_bounds_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(ValidationError, match="SHIJING_BOUNDARIES_HOUSEHOLDS_MIN=600"):
        BoundarySettings(households_min=600)


# a parent whose border moved


def moved_parent(coverage: Coverage, polygon: Any) -> tuple[Coverage, Change]:
    new = Parent(id=1, name="测试镇", geometry=polygon)
    step = fit(coverage, new)
    assert step is not None
    before = with_parent(coverage, new)
    return before, apply(before, step)


def test_units_are_cut_to_a_parent_that_shrinks_and_get_the_land_of_one_that_grows() -> None:
    before, change = moved_parent(squares(), cell(0, 0, 2.6, 3))
    after = before.with_(change)
    assert set(change.after) == {"d3", "d6", "d9"}
    assert_sound(after)
    before, change = moved_parent(squares(), shapely.union(cell(0, 0, 3, 3), cell(3, 0.4, 0.5, 1.2)))
    after = before.with_(change)
    assert_sound(after)
    assert set(change.after) == {"d3", "d6"} or set(change.after) == {"d6"} or set(change.after) == {"d3"}
    assert check(after, ROOM) == []


def test_new_land_is_given_piece_by_piece_and_each_unit_stays_whole() -> None:
    """Three pieces in a row, the largest at the far end: it waits until what lies between has its heir."""
    coverage, wide = squares(1, 1), cell(0, 0, 3)
    new = Parent(id=1, name="测试镇", geometry=wide)
    had = [cell(1, 0, 0.4), cell(1.4, 0, 0.6), cell(2, 0, 1)]
    asked = fit(coverage, new, along=had)
    assert asked is not None
    before = with_parent(coverage, new)
    after = before.with_(apply(before, asked))
    assert_sound(after)
    assert after.units["d1"].geometry.geom_type == "Polygon"
    two = of([unit(1, cell(0, 0)), unit(2, cell(0, 1))], cell(0, 0, 1, 2))
    new = Parent(id=1, name="测试镇", geometry=cell(0, 0, 3, 2))
    had = [cell(1, 0), cell(1, 1), cell(2, 0, 1, 2)]
    asked = fit(two, new, along=had)
    assert asked is not None
    before = with_parent(two, new)
    after = before.with_(apply(before, asked))
    assert_sound(after)
    assert all(one.geometry.geom_type == "Polygon" for one in after.units.values())


def test_irregular_grids_are_fitted() -> None:
    coverage = grids("500105", 40, 3)
    outline = coverage.parents[1].geometry
    west, south, east, north = outline.bounds
    smaller = shapely.intersection(outline, shapely.box(west + 0.002, south, east, north), grid_size=1e-9)
    before, change = moved_parent(coverage, smaller)
    after = before.with_(change)
    assert {one.kind for one in check(after, ROOM)} <= {"not_contiguous", "area_small"}
    assert fit(coverage, coverage.parents[1]) is None


def test_a_unit_that_would_lose_most_of_its_land_is_named() -> None:
    with pytest.raises(StepRefused) as refused:
        moved_parent(squares(), cell(0, 0, 2.3, 3))
    assert refused.value.code == "does_not_fit" and refused.value.values["unit"] in ("d3", "d6", "d9")


def test_what_was_nobodys_stays_nobodys() -> None:
    coverage = with_units(gone=["d5"])
    before, change = moved_parent(coverage, cell(0, 0, 3, 2.8))
    assert found(before.with_(change), "gap").size == pytest.approx(CELL**2 / 1e-4 * 1_080_000, rel=0.01)
