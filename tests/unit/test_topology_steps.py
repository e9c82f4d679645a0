"""Each kind of step, by example: what it does to whom, and what it refuses."""

from dataclasses import replace
from typing import Any

import pytest
import shapely

from geo.apply import apply
from geo.apply_words import drawn
from geo.steps import Replace, Step, parse_step, step_json
from geo.topology import Coverage, Parent, StepRefused, Unit
from tests.unit.coverages import CELL, assert_sound, cell, of, squares, unit

# In squares(): 7 8 9 / 4 5 6 / 1 2 3, from the north-west. The inner corners are at 1 and 2 cells.


def at(column: float, row: float) -> list[float]:
    return [round(106 + column * CELL, 9), round(29 + row * CELL, 9)]


def step(kind: str, **said: Any) -> Step:
    return parse_step({"kind": kind, **said})


def taken(coverage: Coverage, asked: Step) -> Coverage:
    """The coverage after the step, sound, and back to what it was without it."""
    change = apply(coverage, asked)
    after = coverage.with_(change)
    assert_sound(after)
    assert after.without(change).units == coverage.units
    return after


def refusal(coverage: Coverage, asked: Step) -> str:
    with pytest.raises(StepRefused) as refused:
        apply(coverage, asked)
    assert refused.value.zh and refused.value.en and "{" not in refused.value.zh + refused.value.en
    return refused.value.code


def share(coverage: Coverage, key: str) -> float:
    """The area in cells."""
    return float(coverage.units[key].geometry.area) / CELL**2


def corners(coverage: Coverage, key: str) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(coverage.units[key].geometry).tolist()))


# moving vertices


def test_a_vertex_moves_for_all_four_that_share_it() -> None:
    after = taken(squares(), step("move", moves=[[at(1, 1), at(1.2, 1.1)]]))
    assert all(tuple(at(1.2, 1.1)) in corners(after, key) for key in ("d1", "d2", "d4", "d5"))
    assert share(after, "d1") > 1 > share(after, "d5")


def test_several_vertices_move_at_once() -> None:
    after = taken(squares(), step("move", moves=[[at(1, 1), at(1.2, 1)], [at(1, 2), at(1.2, 2)]]))
    assert share(after, "d4") == pytest.approx(1.2)


def test_a_vertex_on_the_parent_slides_and_is_drawn_onto_its_border() -> None:
    nearly = [at(1.3, 0)[0], at(1.3, 0)[1] + 4e-7]
    after = taken(squares(), step("move", moves=[[at(1, 0), nearly]]))
    assert tuple(at(1.3, 0)) in corners(after, "d1")
    assert share(after, "d1") == pytest.approx(1.15)


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ((1, 0), (1, 0.2), "parent_border"),  # into the parent
        ((1, 0), (1, -0.2), "parent_border"),  # out of it
        ((1, 0), (3.2, 0), "parent_border"),  # past its corner
        ((0, 0), (0.1, 0.1), "parent_corner"),
        ((1, 1), (2.5, 1.5), "invalid"),  # through others
        ((1.5, 1), (1.6, 1), "no_vertex"),
    ],
)
def test_a_move_that_would_break_the_coverage_is_refused(
    start: tuple[float, float], end: tuple[float, float], code: str
) -> None:
    assert refusal(squares(), step("move", moves=[[at(*start), at(*end)]])) == code


def test_a_vertex_moved_onto_another_takes_away_the_edge_between_them() -> None:
    after = taken(squares(), step("move", moves=[[at(1, 1), at(1, 2)]]))
    assert len(corners(after, "d4")) == 3  # a triangle
    assert refusal(of([unit(1, cell(0, 0))], cell(0, 0)), step("move", moves=[[at(0, 0), at(1, 1)]])) == "parent_corner"


def test_without_a_parent_the_outer_border_is_free() -> None:
    free = replace(squares(), parents={1: Parent(id=1, name="测试镇", geometry=None)})
    after = free.with_(apply(free, step("move", moves=[[at(0, 0), at(-0.5, -0.5)]])))
    assert share(after, "d1") > 1


# adding and removing vertices


def test_a_new_vertex_is_in_both_sides_and_goes_again() -> None:
    after = taken(squares(), step("add_vertex", edge=[at(1, 1), at(1, 2)], at=at(1, 1.4)))
    assert tuple(at(1, 1.4)) in corners(after, "d4") & corners(after, "d5")
    again = taken(after, step("remove_vertex", at=at(1, 1.4)))
    assert corners(again, "d4") == corners(squares(), "d4")


def test_a_new_vertex_may_be_pulled_aside_at_once() -> None:
    after = taken(squares(), step("add_vertex", edge=[at(1, 1), at(1, 2)], at=at(1.3, 1.5)))
    assert share(after, "d4") == pytest.approx(1.15)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (step("add_vertex", edge=[at(1, 1), at(2, 2)], at=at(1.5, 1.5)), "no_edge"),
        (step("add_vertex", edge=[at(1, 1), at(1, 2)], at=at(1, 1)), "vertex_taken"),
        (step("remove_vertex", at=at(1, 1)), "junction"),
        (step("remove_vertex", at=at(0, 0)), "gap"),  # a corner of the parent
        (step("remove_vertex", at=at(5, 5)), "no_vertex"),
    ],
)
def test_vertices_that_cannot_come_or_go(asked: Step, code: str) -> None:
    assert refusal(squares(), asked) == code


# reshaping


def test_a_border_takes_another_course_for_both_sides() -> None:
    course = [at(1, 1), at(1.3, 1.2), at(1.3, 1.8), at(1, 2)]
    after = taken(squares(), step("reshape", old=[at(1, 1), at(1, 2)], new=course))
    assert share(after, "d4") + share(after, "d5") == pytest.approx(2)
    assert {tuple(point) for point in course} <= corners(after, "d4") & corners(after, "d5")
    straight = taken(after, step("reshape", old=course[::-1], new=[at(1, 2), at(1, 1)]))
    assert share(straight, "d4") == pytest.approx(1)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ([(1, 0), (1, 1), (1, 2)], [(1, 0), (1.2, 1), (1, 2)], "no_border"),  # over a junction
        ([(1, 1), (1, 2)], [(1, 1), (1.2, 1.5), (2, 2)], "ends_differ"),
        ([(1.5, 1), (1.5, 2)], [(1.5, 1), (1.5, 2)], "no_border"),
        ([(1, 1), (1, 2)], [(1, 1), (2.4, 1.5), (1, 2)], "invalid"),  # through d5 and out on its other side
        ([(0, 0), (1, 0)], [(0, 0), (0.5, 0.5), (1, 0)], "gap"),
        ([(0, 0), (1, 0)], [(0, 0), (0.5, -0.5), (1, 0)], "outside"),
    ],
)
def test_courses_that_are_refused(old: list[tuple[float, float]], new: list[tuple[float, float]], code: str) -> None:
    got = refusal(squares(), step("reshape", old=[at(*p) for p in old], new=[at(*p) for p in new]))
    assert got == code or {got, code} == {"invalid", "overlap"}


# splitting


def test_a_line_splits_a_unit_and_its_neighbours_get_the_vertices() -> None:
    after = taken(squares(), step("split", unit="d5", line=[at(1.3, 0.5), at(1.3, 2.5)], name="新网格"))
    new = after.units["n1"]
    assert (new.division_id, new.name, new.code, new.parent_id) == (None, "新网格", "500105001000010", 1)
    assert share(after, "d5") == pytest.approx(0.7) and share(after, "n1") == pytest.approx(0.3)
    assert (after.units["d5"].households, new.households) == (280, 120)
    assert tuple(at(1.3, 1)) in corners(after, "d2") and tuple(at(1.3, 2)) in corners(after, "d8")


def test_ends_of_a_line_that_nearly_reach_the_border_reach_it() -> None:
    after = taken(squares(), step("split", unit="d5", line=[at(1.3, 1 + 5e-5), at(1.3, 2 - 5e-5)]))
    assert share(after, "n1") == pytest.approx(0.3)


def test_a_line_from_vertex_to_vertex_adds_none() -> None:
    after = taken(squares(), step("split", unit="d5", line=[at(1, 1), at(2, 2)]))
    assert corners(after, "d2") == corners(squares(), "d2")
    assert share(after, "n1") == pytest.approx(0.5)


def test_a_line_over_a_horseshoe_makes_three() -> None:
    horseshoe = cell(0, 0, 3, 3) - cell(1, 1, 1, 2)
    coverage = of([unit(1, shapely.orient_polygons(horseshoe)), unit(2, cell(1, 1, 1, 2))], cell(0, 0, 3, 3))
    after = taken(coverage, step("split", unit="d1", line=[at(-1, 2), at(4, 2)]))
    assert sorted(after.units) == ["d1", "d2", "n1", "n2"]
    assert {one.name for one in after.units.values()} >= {"第1网格", "第1网格-2", "第1网格-3"}
    assert tuple(at(1, 2)) in corners(after, "d2")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ([(1.5, 0.5), (1.5, 1.5)], "not_cut"),  # ends inside
        ([(0.5, 0.5), (0.7, 0.7)], "not_cut"),  # elsewhere
        ([(1, 1), (1, 2)], "not_cut"),  # along the border
        ([(0.5, 1.5), (2.5, 1.5), (1.5, 2.5), (1.5, 0.5)], "line_crosses"),
    ],
)
def test_lines_that_do_not_cut(line: list[tuple[float, float]], code: str) -> None:
    assert refusal(squares(), step("split", unit="d5", line=[at(*p) for p in line])) == code


def test_a_zigzag_makes_too_many_parts() -> None:
    line = [at(1 + 0.06 * i, 0.5 if i % 2 else 2.5) for i in range(1, 16)]
    assert refusal(squares(), step("split", unit="d5", line=line)) == "too_many_parts"


# merging


def test_units_become_one_and_keep_the_vertices_of_their_neighbours() -> None:
    after = taken(squares(), step("merge", units=["d1", "d2", "d5"], into="d2", name="大网格"))
    assert sorted(after.units) == ["d2", "d3", "d4", "d6", "d7", "d8", "d9"]
    merged = after.units["d2"]
    assert (merged.name, merged.households, merged.code) == ("大网格", 1200, "500105001000002")
    assert share(after, "d2") == pytest.approx(3)


def test_households_of_a_merge_are_unknown_where_one_is() -> None:
    coverage = squares()
    unknown = replace(coverage.units["d2"], households=None)
    coverage = replace(coverage, units={**coverage.units, "d2": unknown})
    assert taken(coverage, step("merge", units=["d1"], into="d2")).units["d2"].households is None


def test_a_ring_of_units_becomes_one_with_a_hole() -> None:
    ring = ["d1", "d2", "d3", "d4", "d6", "d7", "d8", "d9"]
    after = taken(squares(), step("merge", units=ring, into="d1"))
    assert len(after.units["d1"].geometry.interiors) == 1


@pytest.mark.parametrize(
    ("units", "into", "code"),
    [
        (["d1"], "d1", "too_few"),
        (["d3"], "d1", "not_touching"),
        (["d5"], "d1", "not_touching"),  # a mere corner
        (["d99"], "d1", "unknown_unit"),
    ],
)
def test_merges_that_are_refused(units: list[str], into: str, code: str) -> None:
    assert refusal(squares(), step("merge", units=units, into=into)) == code


def test_units_of_different_parents_do_not_merge_but_villages_of_one_township_do() -> None:
    coverage = squares(2, 1)
    two = {**coverage.units, "d2": replace(coverage.units["d2"], parent_id=2)}
    township = coverage.parents[1]
    apart = {1: Parent(id=1, name="甲镇", geometry=cell(0, 0)), 2: Parent(id=2, name="乙镇", geometry=cell(1, 0))}
    merge = step("merge", units=["d2"], into="d1")
    assert refusal(Coverage(units=two, parents=apart), merge) == "other_parent"
    villages = Coverage(units=two, parents={1: township, 2: township})
    assert taken(villages, merge).units["d1"].parent_id == 1


# transferring


def test_a_piece_goes_to_the_neighbour() -> None:
    piece = [at(0.5, 1.2), at(1.5, 1.2), at(1.5, 1.8), at(0.5, 1.8)]  # over the border between d4 and d5
    after = taken(squares(), step("transfer", **{"from": "d5", "to": "d4", "piece": piece}))
    assert share(after, "d4") == pytest.approx(1.3) and share(after, "d5") == pytest.approx(0.7)
    assert (after.units["d4"].households, after.units["d5"].households) == (520, 280)


def test_only_what_touches_the_taker_goes() -> None:
    horseshoe = shapely.orient_polygons(cell(0, 0, 3, 3) - cell(1, 1, 1, 2))
    units = [unit(1, horseshoe), unit(2, cell(1, 1, 1, 2)), unit(3, cell(3, 0, 1, 3))]
    piece = [at(0.5, 1.5), at(3.5, 1.5), at(3.5, 2), at(0.5, 2)]  # over both arms
    asked = step("transfer", **{"from": "d1", "to": "d3", "piece": piece})
    after = taken(of(units, cell(0, 0, 4, 3)), asked)
    assert share(after, "d3") == pytest.approx(3.5) and share(after, "d1") == pytest.approx(6.5)


@pytest.mark.parametrize(
    ("giver", "taker", "piece", "code"),
    [
        ("d5", "d4", [(1.4, 1.4), (1.6, 1.4), (1.6, 1.6)], "not_touching"),  # an island
        ("d5", "d1", [(1.4, 1.4), (2.6, 1.4), (2.6, 1.6)], "not_touching"),
        ("d5", "d4", [(0.9, 0.9), (2.1, 0.9), (2.1, 2.1), (0.9, 2.1)], "whole_piece"),
        ("d5", "d4", [(0.1, 0.1), (0.2, 0.1), (0.2, 0.2)], "empty_piece"),
        ("d5", "d4", [(0.5, 1.2), (1.5, 1.8), (1.5, 1.2), (0.5, 1.8)], "bad_piece"),
        ("d5", "d5", [(0.5, 1.2), (1.5, 1.2), (1.5, 1.8)], "same_unit"),
    ],
)
def test_pieces_that_do_not_go(giver: str, taker: str, piece: list[tuple[float, float]], code: str) -> None:
    asked = step("transfer", **{"from": giver, "to": taker, "piece": [at(*p) for p in piece]})
    assert refusal(squares(), asked) == code


# words, and units from elsewhere


def test_a_rename_changes_what_it_says_and_no_more() -> None:
    after = taken(squares(), step("rename", unit="d1", name="一格", households=333))
    one = after.units["d1"]
    assert (one.name, one.households, one.code) == ("一格", 333, "500105001000001")
    assert one.geometry is squares().units["d1"].geometry or one.geometry == squares().units["d1"].geometry
    assert refusal(after, step("rename", unit="d1", name="一格")) == "nothing"


def replaced(*units: Unit, gone: tuple[str, ...] = (), **other: Any) -> Step:
    return parse_step(step_json(Replace(units=[drawn(one, **other) for one in units], gone=list(gone))))


def test_a_replaced_unit_is_joined_to_its_neighbours_with_a_vertex_on_both_sides() -> None:
    wide = shapely.Polygon([at(1, 1), at(2, 1), at(2.2, 1.5), at(2, 2), at(1, 2)])
    coverage = squares()
    after = coverage.with_(apply(coverage, replaced(coverage.units["d5"], geometry=wide)))
    half = cell(0, 1.5, 1, 0.5)
    after = after.with_(apply(after, replaced(coverage.units["d4"], geometry=half)))
    assert tuple(at(1, 1.5)) in corners(after, "d5")


def test_six_decimals_do_not_leave_a_seam() -> None:
    coverage = squares().with_(apply(squares(), step("move", moves=[[at(1, 1), [106.010123456, 29.010987654]]])))
    rough = shapely.transform(coverage.units["d5"].geometry, lambda points: points.round(6))
    assert refusal(coverage, replaced(coverage.units["d5"], geometry=rough)) == "nothing"


def test_new_units_get_keys_and_gone_ones_go() -> None:
    coverage = squares()
    halves = [replace(coverage.units["d5"], name=f"半{i}", geometry=cell(1 + i / 2, 1, 0.5, 1)) for i in (0, 1)]
    after = taken(coverage, replaced(*halves, gone=("d5",), key=None))
    assert "d5" not in after.units and {after.units[k].name for k in ("n1", "n2")} == {"半0", "半1"}
    assert not after.units["n1"].derived


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        ({"type": "Point", "coordinates": at(1, 1)}, "no_polygon"),
        ({"type": "Polygon", "coordinates": []}, "no_polygon"),
        ({"type": "Nonsense"}, "no_polygon"),
        ({"type": "Polygon", "coordinates": [[[5e6, 3e6], [5e6, 4e6], [6e6, 3e6], [5e6, 3e6]]]}, "not_lonlat"),
        ({"type": "Polygon", "coordinates": [[at(1, 1), at(2, 2), at(2, 1), at(1, 2), at(1, 1)]]}, "invalid"),
    ],
)
def test_shapes_that_are_none_are_refused(geometry: dict[str, Any], code: str) -> None:
    assert refusal(squares(), replaced(squares().units["d5"], geometry=geometry)) == code


def test_units_of_a_strange_parent_or_twice_are_refused() -> None:
    one = squares().units["d5"]
    assert refusal(squares(), replaced(one, parent_id=77)) == "unknown_parent"
    assert refusal(squares(), replaced(one, one)) == "same_unit"
    assert refusal(squares(), replaced(gone=("d77",))) == "unknown_unit"


# what was broken before


def test_in_a_broken_coverage_one_can_work_and_mend_but_not_make_it_worse() -> None:
    units = [unit(1, cell(0, 0, 1.2)), unit(2, cell(1, 0)), unit(3, cell(2, 0))]
    coverage = of(units, cell(0, 0, 3))  # d1 and d2 overlap by 0.2
    elsewhere = coverage.with_(apply(coverage, step("add_vertex", edge=[at(2, 0), at(2, 1)], at=at(2, 0.5))))
    assert tuple(at(2, 0.5)) in corners(elsewhere, "d2")
    less = coverage.with_(apply(coverage, step("move", moves=[[at(1.2, 0), at(1.1, 0)]])))
    assert share(less, "d1") < 1.2
    assert refusal(coverage, step("move", moves=[[at(1.2, 0), at(1.3, 0)]])) == "overlap"


def test_an_invalid_unit_is_not_cut() -> None:
    bow = shapely.Polygon([at(0, 0), at(1, 1), at(1, 0), at(0, 1)])
    coverage = of([unit(1, bow), unit(2, cell(1, 0))], cell(0, 0, 2))
    assert refusal(coverage, step("split", unit="d1", line=[at(-1, 0.2), at(2, 0.2)])) == "broken"
    assert refusal(coverage, step("merge", units=["d1"], into="d2")) == "broken"


# JSON


@pytest.mark.parametrize(
    ("json", "field"),
    [
        ('{"kind": "move", "moves": [[[106, 29], [106, 290]]]}', "moves[0][1][1]"),
        ('{"kind": "move", "moves": []}', "moves"),
        ('{"kind": "fly"}', "kind"),
        ('{"kind": "split", "unit": "5", "line": [[1, 2], [3, 4]]}', "unit"),
        ('{"kind": "rename", "unit": "d5", "name": " "}', "name"),
        ('{"kind": "rename", "unit": "d5", "colour": "red"}', "step"),
        ('{"kind": "replace", "units": [{"name": "x"}]}', "units[0]"),
        ('{"kind": "move", "moves": [[[106, 29], ["x", 29]]]}', "moves[0][1][0]"),
        ("[", "step"),
    ],
)
def test_a_malformed_step_names_its_field(json: str, field: str) -> None:
    with pytest.raises(StepRefused) as refused:
        parse_step(json)
    assert (refused.value.code, refused.value.values["field"]) == ("malformed", field)


def test_steps_are_the_same_after_json() -> None:
    for asked in (
        step("move", moves=[[at(1, 1), at(1.2, 1.1)]]),
        step("transfer", **{"from": "d5", "to": "d4", "piece": [at(0, 0), at(1, 0), at(1, 1)]}),
        step("rename", unit="d1", name="一"),
        replaced(squares().units["d1"]),
    ):
        assert parse_step(step_json(asked)) == asked


def test_networks_of_two_townships_need_not_share_vertices_and_each_stays_exact() -> None:
    parents = {
        1: Parent(id=1, name="甲镇", geometry=cell(0, 0, 2)),
        2: Parent(id=2, name="乙镇", geometry=cell(0, 1, 2)),
    }
    south = [unit(1, cell(0, 0, 0.7)), unit(2, cell(0.7, 0, 1.3))]
    north = [unit(3, cell(0, 1), parent_id=2), unit(4, cell(1, 1), parent_id=2)]
    coverage = Coverage(units={one.key: one for one in (*south, *north)}, parents=parents)
    asked = step("move", moves=[[at(0.7, 1), at(0.9, 1)]])
    after = coverage.with_(apply(coverage, asked))
    assert share(after, "d1") == pytest.approx(0.8) and tuple(at(0.9, 1)) in corners(after, "d3")
    over = step("move", moves=[[at(0.7, 0), at(2.5, 0)]])
    assert refusal(coverage, over) == "parent_border"
    cut = coverage.with_(apply(coverage, step("split", unit="d3", line=[at(0.4, 0.5), at(0.4, 2.5)])))
    assert tuple(at(0.4, 1)) in corners(cut, "d1")  # what is new is a vertex of both sides
    assert shapely.coverage_is_valid([cut.units[key].geometry for key in ("d3", "n1", "d4")])
