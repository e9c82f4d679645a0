"""Whatever somebody asks for, in whatever order: the coverage stays whole, and undo gives the very bytes back.

`SHIJING_TEST_TOPOLOGY_STEPS=20000` makes the long sequences longer.
"""

import math
import os
import random
from collections import Counter
from collections.abc import Callable, Mapping

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import affinity

from config.boundary_settings import BoundarySettings
from geo.apply import apply
from geo.apply_words import drawn
from geo.findings import Finding, check, check_around
from geo.steps import Replace
from geo.topology import Change, Coverage, StepRefused
from tests.unit.coverages import KINDS, Wishes, assert_sound, grids, squares, townships

STEPS = int(os.environ.get("SHIJING_TEST_TOPOLOGY_STEPS", "1000"))
RULES = BoundarySettings()
SHAPES = BoundarySettings(households_min=0, households_max=10**6, load_ratio=100, area_min_m2=0)
COVERAGES: Mapping[str, Callable[[], Coverage]] = {
    "townships of Jiangbei": lambda: townships("500105"),
    "townships of Yubei": lambda: townships("500112"),
    "40 grids": lambda: grids("500105", 40, 1),
    "12 grids": lambda: grids("500103", 12, 2),
}


def _bytes(coverage: Coverage) -> dict[str, object]:
    return {
        key: (one.name, one.code, one.households, one.parent_id, shapely.to_wkb(one.geometry))
        for key, one in coverage.units.items()
    }


@pytest.mark.parametrize("name", COVERAGES)
def test_long_sequences_keep_the_coverage_whole_and_are_undone_to_the_byte(name: str) -> None:
    pick = random.Random(name)
    first = coverage = COVERAGES[name]()
    before = _bytes(first)
    done: list[Change] = []
    undone: list[Change] = []
    taken, refused = Counter[str](), Counter[str]()
    for _ in range(STEPS):
        if done and pick.random() < 0.15:  # undo, and now and then redo
            undone.append(done.pop())
            coverage = coverage.without(undone[-1])
            if pick.random() < 0.5:
                done.append(undone.pop())
                coverage = coverage.with_(done[-1])
            continue
        kind = pick.choice(KINDS)
        if kind == "merge" and len(coverage.units) < 8:
            kind = "split"  # else there would soon be one unit, and nothing to share
        try:
            change = apply(coverage, Wishes(coverage, pick.random).step(kind))
        except StepRefused as refusal:
            refused[kind] += 1
            assert refusal.zh and refusal.en
            continue
        taken[kind] += 1
        after = coverage.with_(change)
        assert_sound(after)
        assert _bytes(after.without(change)) == _bytes(coverage)
        coverage = after
        done.append(change)
    while done:
        coverage = coverage.without(done.pop())
    assert _bytes(coverage) == before
    assert all(taken[kind] for kind in KINDS), taken
    assert taken.total() > 0.35 * (taken.total() + refused.total()), (taken, refused)


picks = st.lists(st.floats(0, 1, exclude_max=True), min_size=24, max_size=24)
sequences = st.lists(st.tuples(st.sampled_from(KINDS), picks), min_size=1, max_size=8)


@given(wanted=sequences)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_sequence_keeps_squares_whole(wanted: list[tuple[str, list[float]]]) -> None:
    """Squares are full of what is hard: corners of four, collinear vertices, coordinates that are equal."""
    coverage = squares()
    for kind, numbers in wanted:
        left = iter(numbers)
        try:
            change = apply(coverage, Wishes(coverage, lambda left=left: next(left, 0.5)).step(kind))  # type: ignore[misc]
        except StepRefused:
            continue
        assert _bytes(coverage.with_(change).without(change)) == _bytes(coverage)
        coverage = coverage.with_(change)
        assert_sound(coverage)


@pytest.mark.parametrize("name", ["townships of Yubei", "12 grids"])
def test_findings_after_an_edit_are_those_of_a_whole_look(name: str) -> None:
    pick = random.Random(7)
    coverage = COVERAGES[name]()
    found = {one.id: one for one in check(coverage, RULES)}
    looks = 0
    while looks < STEPS // 10:
        try:
            change = apply(coverage, Wishes(coverage, pick.random).step(pick.choice(KINDS)))
        except StepRefused:
            continue
        looks += 1
        coverage = coverage.with_(change)
        looked, anew = check_around(coverage, change, RULES)
        found = {key: one for key, one in found.items() if looked.isdisjoint(one.units)}
        found |= {one.id: one for one in anew}
        assert _said(found) == _said({one.id: one for one in check(coverage, RULES)})


@pytest.mark.parametrize("seed", range(12))
def test_what_others_drew_is_mended_by_the_mends_alone(seed: int) -> None:
    pick = random.Random(seed)
    coverage = squares() if seed % 3 == 0 else grids("500105", 15, seed)
    for _ in range(3):
        coverage = coverage.with_(apply(coverage, _drawn_badly(coverage, pick)))
        assert shapely.is_valid([one.geometry for one in coverage.units.values()]).all()
    for _ in range(60):
        errors = [one for one in check(coverage, SHAPES) if one.severity == "error"]
        if not errors:
            break
        worst = pick.choice([one for one in errors if one.mend is not None])
        assert worst.mend is not None
        coverage = coverage.with_(apply(coverage, worst.mend))
        assert worst.id not in {one.id for one in check(coverage, SHAPES)} or worst.kind == "not_contiguous"
    assert not errors


def _drawn_badly(coverage: Coverage, pick: random.Random) -> Replace:
    one = pick.choice(list(coverage.units.values()))
    shape, size = one.geometry, math.sqrt(one.geometry.area)
    shapes = [
        affinity.translate(shape, pick.gauss(0, 0.1) * size, pick.gauss(0, 0.1) * size),
        affinity.scale(shape, pick.uniform(0.5, 0.95), pick.uniform(1.05, 1.4)),
        shape.buffer(pick.choice([-0.05, 0.05]) * size),
        shapely.union(shape, shapely.Point(shape.exterior.coords[0]).buffer(0.3 * size)),
    ]
    return Replace(units=[drawn(one, geometry=pick.choice(shapes))])


def _said(findings: Mapping[str, Finding]) -> set[tuple[object, ...]]:
    return {(key, one.kind, one.units, round(one.size, 1)) for key, one in findings.items()}
