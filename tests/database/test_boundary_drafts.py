"""Drafts of boundaries: opened on what is in force, drawn in, undone to the byte, put on another base."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import hypothesis
import numpy as np
import pytest
import shapely
from hypothesis import strategies

from access.audit import entries
from boundaries.bases import is_outdated
from boundaries.desk import Desk
from boundaries.drafts import Opening, discard, drafts_of, load_draft, open_draft
from boundaries.editing import mend_of
from boundaries.errors import DraftRefused, DraftUnknown, RevisionMoved, StepNotTaken
from boundaries.rebasing import rebase
from boundaries.steps_kept import history
from config.database import Connection, connect
from config.draft_settings import DraftSettings
from geo.divisions import lock_divisions
from geo.errors import StepRefused
from tests.database.boundary_ground import Ground, bytes_of, rename, seed_ground, step


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return seed_ground(connection)


def shared(ground: Ground, draft: Any, one: str, other: str) -> list[float]:
    """A vertex within the border of two units."""
    units = ground.drawn(draft.id).units
    both = shapely.line_merge(shapely.intersection(units[one].geometry, units[other].geometry))
    return list(both.coords[len(both.coords) // 2])


def moved(at: list[float], by: float = 0.0001) -> dict[str, Any]:
    return {"kind": "move", "moves": [[at, [round(at[0] + by, 9), round(at[1] + by, 9)]]]}


def test_a_draft_begins_with_what_is_in_force(ground: Ground, connection: Connection) -> None:
    draft = ground.open()
    coverage = ground.drawn(draft.id)
    assert set(coverage.units) == {ground.key(0, i) for i in range(12)}
    assert set(coverage.parents) == {ground.district.townships[0]}
    assert all(parent.whole for parent in coverage.parents.values())
    assert (draft.revision, draft.cursor, draft.steps, draft.state) == (0, 0, 0, "draft")
    act = entries(connection, act="boundary.draft_opened")[0]
    assert (act.subject, act.division_id, act.actor) == (str(draft.id), draft.root_id, ground.planner)


def test_grids_of_a_district_and_townships_of_one(ground: Ground) -> None:
    grids = ground.drawn(ground.open(ground.district.district).id)
    assert len(grids.units) == 24
    assert set(grids.parents) == {ground.district.district, *ground.district.townships}
    townships = ground.drawn(ground.open(ground.district.district, "township").id)
    assert set(townships.units) == {f"d{one}" for one in ground.district.townships}
    assert set(townships.parents) == {ground.district.district}
    districts = ground.drawn(ground.open(ground.district.city, "district").id)
    assert set(districts.units) == {f"d{ground.district.district}"}


def test_grids_of_a_village_tile_the_township(ground: Ground, connection: Connection) -> None:
    """Villages have no polygon: their grids have to tile what lies above."""
    township = ground.district.townships[0]
    row = connection.execute("insert into divisions (level) values ('village') returning id").fetchone()
    assert row is not None
    connection.execute(
        "insert into division_versions (division_id, parent_id, code, name, source)"
        " values (%s, %s, '500199001001', '一村', 'test')",
        (row[0], township),
    )
    connection.execute(
        "update division_versions set parent_id = %s where division_id = any(%s)",
        (row[0], list(ground.district.grids[:6])),
    )
    coverage = ground.drawn(ground.open().id)
    assert len(coverage.units) == 12
    assert coverage.parents[row[0]].id == coverage.parents[township].id == township
    assert coverage.units[ground.key(0, 0)].parent_id == row[0]


def test_what_has_no_polygon_is_told_and_leaves_room(ground: Ground, connection: Connection) -> None:
    connection.execute("delete from boundary_versions where division_id = %s", (ground.district.grids[0],))
    draft = ground.open()
    held = Desk().held(connection, draft)
    assert [one.id for one in held.base.not_drawn] == [ground.district.grids[0]]
    assert not held.coverage.parents[draft.root_id].whole


@pytest.mark.parametrize(
    ("root", "level", "title"),
    [("township", "township", "x"), ("city", "grid", "x"), ("grid", "grid", "x"), ("none", "grid", "x"),
     ("township", "grid", "  ")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(ground: Ground, root: str, level: str, title: str) -> None:
    roots = {
        "township": ground.district.townships[0], "city": ground.district.city, "grid": ground.district.grids[0],
        "none": 10_000,
    }  # fmt: skip
    opening = Opening(root_id=roots[root], level=level, title=title)
    with pytest.raises(DraftRefused) as refused:
        open_draft(ground.connection, opening, actor=ground.planner, now=ground.now)
    assert refused.value.zh
    assert not drafts_of(ground.connection)


def test_more_units_than_a_page_can_draw_are_refused(ground: Ground) -> None:
    draft = ground.open()
    ground.desk = Desk(drafts=DraftSettings(most_units=11))
    with pytest.raises(DraftRefused, match="12 divisions are too many"):
        ground.take(draft.id, rename(ground.key(0, 0), "新名"))


def test_a_step_changes_the_draft_and_nothing_in_force(ground: Ground, connection: Connection) -> None:
    before = connection.execute("select * from boundary_versions order by id").fetchall()
    draft = ground.open()
    one, other = ground.key(0, 0), ground.key(0, 1)
    came = ground.take(draft.id, moved(shared(ground, draft, one, other)), revision=0)
    assert set(came.changed) == {one, other}
    assert not came.gone
    assert (came.draft.revision, came.draft.cursor) == (1, 1)
    assert bytes_of(ground.drawn(draft.id)) == bytes_of(came.held.coverage)
    assert connection.execute("select * from boundary_versions order by id").fetchall() == before
    kept = connection.execute("select unit from boundary_draft_units order by unit").fetchall()
    assert {row[0] for row in kept} == {one, other}


def test_a_step_that_is_sent_again_is_taken_once(ground: Ground) -> None:
    draft = ground.open()
    one, two = step(rename(ground.key(0, 0), "甲")), step(rename(ground.key(0, 1), "乙"))
    ground.send(draft.id, [one], revision=0)
    came = ground.send(draft.id, [one, two], revision=0)  # the first answer never came
    assert came.taken == (one.id, two.id)
    assert set(came.changed) == {ground.key(0, 0), ground.key(0, 1)}
    again = ground.send(draft.id, [one, two], revision=0)
    assert (again.draft.revision, again.draft.steps) == (2, 2)
    assert again.taken == (one.id, two.id)
    assert [kept.id for kept in history(ground.connection, draft.id)] == [two.id, one.id]


def test_an_old_step_sent_again_lets_nothing_by_that_others_drew(ground: Ground) -> None:
    """Two had been taken when the page last read; then somebody drew one more."""
    draft, first = ground.open(), step(rename(ground.key(0, 0), "甲"))
    ground.send(draft.id, [first], revision=0)
    ground.take(draft.id, rename(ground.key(0, 1), "乙"))
    ground.take(draft.id, rename(ground.key(0, 2), "丙"))
    late = step(rename(ground.key(0, 3), "丁"))
    with pytest.raises(RevisionMoved):
        ground.send(draft.id, [first, late], revision=2)
    assert ground.send(draft.id, [first, late], revision=3).draft.revision == 4


def test_many_steps_of_one_request_are_what_they_are_one_by_one(ground: Ground) -> None:
    one, all_at_once = ground.open(), ground.open()
    first, second, third = (ground.key(0, i) for i in range(3))
    line = {"kind": "split", "unit": first, "line": [[107.0019, 29.49], [107.002, 29.51]]}
    told = [line, rename("n1", "新"), {"kind": "merge", "units": ["n1", second], "into": second}, rename(third, "新")]
    for each in told:
        came = ground.take(one.id, each)
    together = ground.take(all_at_once.id, *told)
    assert bytes_of(together.held.coverage) == bytes_of(came.held.coverage)
    assert together.held.findings is not None
    assert came.held.findings is not None
    assert set(together.held.findings) == set(came.held.findings)
    above = ground.key(0, 4)  # which got the vertex where the line met its border
    assert (set(together.changed), together.gone) == ({first, second, third, above}, ("n1",))
    for _ in told:
        ground.undo(all_at_once.id)
    assert bytes_of(ground.drawn(all_at_once.id)) == bytes_of(ground.drawn(ground.open().id))


def test_a_step_sent_again_after_it_was_undone_stays_undone(ground: Ground) -> None:
    draft = ground.open()
    one = step(rename(ground.key(0, 0), "甲"))
    ground.send(draft.id, [one], revision=0)
    ground.undo(draft.id)
    came = ground.send(draft.id, [one], revision=0)
    assert (came.draft.revision, came.draft.cursor) == (2, 0)
    assert came.held.coverage.units[ground.key(0, 0)].name != "甲"


def test_steps_of_one_request_are_taken_all_or_none(ground: Ground) -> None:
    draft = ground.open()
    wrong = step({"kind": "remove_vertex", "at": [107.0, 29.0]})
    with pytest.raises(StepNotTaken) as refused:
        ground.send(draft.id, [step(rename(ground.key(0, 0), "甲")), wrong], revision=0)
    assert refused.value.told == {"code": "no_vertex", "step": wrong.id}
    assert load_draft(ground.connection, draft.id).revision == 0
    assert not history(ground.connection, draft.id)
    came = ground.take(draft.id, rename(ground.key(0, 1), "乙"), revision=0)  # nothing of it was remembered
    assert came.held.coverage.units[ground.key(0, 0)].name != "甲"


def test_another_revision_is_told(ground: Ground) -> None:
    draft = ground.open()
    ground.take(draft.id, rename(ground.key(0, 0), "甲"), revision=0)
    with pytest.raises(RevisionMoved) as moved_on:
        ground.take(draft.id, rename(ground.key(0, 1), "乙"), revision=0)
    assert moved_on.value.told == {"revision": 1}


def test_too_many_steps_and_one_id_twice_are_refused(ground: Ground) -> None:
    draft = ground.open()
    ground.desk = Desk(drafts=DraftSettings(most_steps=2))
    with pytest.raises(DraftRefused, match="too many"):
        ground.take(draft.id, *(rename(ground.key(0, i), f"{i}") for i in range(3)))
    one = step(rename(ground.key(0, 0), "甲"))
    with pytest.raises(DraftRefused, match="same id"):
        ground.send(draft.id, [one, one])


def test_there_is_nothing_to_undo_or_to_do_again_in_a_new_draft(ground: Ground) -> None:
    draft = ground.open()
    for go in (ground.undo, ground.redo):
        with pytest.raises(DraftRefused):
            go(draft.id)
    with pytest.raises(DraftUnknown):
        ground.undo(uuid4())


def test_a_step_after_an_undo_takes_the_place_of_what_was_undone(ground: Ground) -> None:
    draft = ground.open()
    for name in ("甲", "乙", "丙"):
        ground.take(draft.id, rename(ground.key(0, 0), name))
    ground.undo(draft.id)
    ground.undo(draft.id)
    came = ground.take(draft.id, rename(ground.key(0, 1), "丁"))
    assert (came.draft.cursor, came.draft.steps, came.draft.revision) == (2, 2, 6)
    units = ground.drawn(draft.id).units
    assert (units[ground.key(0, 0)].name, units[ground.key(0, 1)].name) == ("甲", "丁")
    with pytest.raises(DraftRefused):
        ground.redo(draft.id)


def edits(ground: Ground, draft: Any, choose: Callable[[int], int]) -> dict[str, Any]:
    """One of all kinds of steps that fits what is drawn now."""
    units = ground.desk.held(ground.connection, load_draft(ground.connection, draft.id)).coverage.units
    keys = sorted(units)
    key = keys[choose(len(keys))]
    near = [other for other in keys if other != key and shapely.length(
        shapely.intersection(units[key].geometry, units[other].geometry)) > 0]  # fmt: skip
    west, south, east, north = units[key].bounds
    lon = west + (east - west) * (choose(5) + 3) / 11
    kind = ("rename", "move", "split", "merge")[choose(4)]
    if kind == "split":
        line = [[lon, south - 0.001], [lon + 1e-5, north + 0.001]]
        return {"kind": "split", "unit": key, "line": line}
    if kind == "merge" and near:
        return {"kind": "merge", "units": [key, near[choose(len(near))]], "into": key}
    if kind == "move" and near:
        vertices = shapely.get_coordinates(shapely.intersection(units[key].geometry, units[near[0]].geometry)).tolist()
        return moved(vertices[choose(len(vertices))], by=1e-5)
    return rename(key, f"名{choose(1000)}")


@hypothesis.settings(
    max_examples=12, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], database=None
)
@hypothesis.given(data=strategies.data())
def test_undo_and_redo_bring_every_state_back_to_the_byte(ground: Ground, data: strategies.DataObject) -> None:
    """Whatever was drawn, however far one goes back and forth, also read anew as after a restart."""

    def choose(many: int) -> int:
        return data.draw(strategies.integers(0, many - 1))

    draft = ground.open()
    states = [bytes_of(ground.drawn(draft.id))]
    ground.connection.execute("delete from boundary_locks")
    for _ in range(12):
        try:
            ground.take(draft.id, edits(ground, draft, choose))
        except StepNotTaken:
            continue
        states.append(bytes_of(ground.drawn(draft.id)))
    at = len(states) - 1
    for _ in range(24):
        back = at > 0 and (at == len(states) - 1 or choose(2) == 0)
        if not back and at == len(states) - 1:
            break
        if choose(4) == 0:
            ground.desk = Desk()  # a restart
        came = ground.undo(draft.id) if back else ground.redo(draft.id)
        at += -1 if back else 1
        assert bytes_of(came.held.coverage) == bytes_of(ground.drawn(draft.id)) == states[at]
    for _ in range(at):
        ground.undo(draft.id)
    assert bytes_of(ground.drawn(draft.id)) == states[0]
    rows = ground.connection.execute("select from boundary_draft_units where draft_id = %s", (draft.id,)).fetchall()
    assert not rows  # nothing differs from the base any more


def test_findings_of_small_looks_are_those_of_a_whole_one(ground: Ground) -> None:
    draft = ground.open()
    one, other = ground.key(0, 0), ground.key(0, 1)
    ground.take(draft.id, rename(one, "同名"), rename(other, "同名"))
    came = ground.take(draft.id, moved(shared(ground, draft, one, other)))
    whole = Desk().checked(ground.connection, came.draft)
    assert came.held.findings is not None
    assert whole.findings is not None
    assert set(came.held.findings) == set(whole.findings)
    assert "duplicate_name" in {finding.kind for finding in whole.findings.values()}
    came = ground.take(draft.id, rename(other, "别名"))
    assert came.held.findings is not None
    assert "duplicate_name" not in {finding.kind for finding in came.held.findings.values()}


def test_a_finding_is_mended_by_the_step_that_it_has(ground: Ground, connection: Connection) -> None:
    hole = shapely.to_wkb(shapely.Point(107.002, 29.502).buffer(0.0003, quad_segs=1))
    grid = ground.district.grids[0]
    row = connection.execute("select geometry from boundary_versions where division_id = %s", (grid,)).fetchone()
    assert row is not None
    holed = shapely.set_precision(shapely.difference(shapely.from_wkb(row[0]), shapely.from_wkb(hole)), 1e-9)
    connection.execute(
        "update boundary_versions set geometry = %s where division_id = %s", (shapely.to_wkb(holed), grid)
    )
    draft = ground.open()
    held = ground.desk.checked(connection, draft)
    assert held.findings is not None
    gaps = [one for one in held.findings.values() if one.kind == "gap"]
    assert len(gaps) == 1
    mend = mend_of(held, gaps[0].id)
    came = ground.send(draft.id, [step(_told(mend))])
    assert came.held.findings is not None
    assert "gap" not in {one.kind for one in came.held.findings.values()}
    with pytest.raises(DraftUnknown):
        mend_of(came.held, gaps[0].id)


def _told(mend: Any) -> dict[str, Any]:
    from geo.steps import step_json

    return step_json(mend)


def test_another_process_that_took_steps_is_caught_up_with(ground: Ground) -> None:
    draft = ground.open()
    ground.take(draft.id, rename(ground.key(0, 0), "甲"))
    here, ground.desk = ground.desk, Desk()
    ground.take(draft.id, {"kind": "merge", "units": [ground.key(0, 0), ground.key(0, 1)], "into": ground.key(0, 0)})
    ground.undo(draft.id)
    ground.take(draft.id, {"kind": "merge", "units": [ground.key(0, 4), ground.key(0, 5)], "into": ground.key(0, 5)})
    ground.desk = here
    came = ground.take(draft.id, rename(ground.key(0, 2), "丙"))
    assert bytes_of(came.held.coverage) == bytes_of(ground.drawn(draft.id))
    assert ground.key(0, 4) not in came.held.coverage.units
    whole = Desk().checked(ground.connection, came.draft)
    assert came.held.findings is not None
    assert whole.findings is not None
    assert set(came.held.findings) == set(whole.findings)


def test_what_is_rolled_back_is_not_remembered(ground: Ground, connection: Connection) -> None:
    draft = ground.open()
    ground.desk.checked(connection, draft)
    with connection.transaction(force_rollback=True):
        ground.take(draft.id, rename(ground.key(0, 0), "甲"))
        ground.take(draft.id, rename(ground.key(0, 1), "乙"))
    came = ground.take(draft.id, rename(ground.key(0, 2), "丙"))
    assert came.draft.revision == 1
    assert bytes_of(came.held.coverage) == bytes_of(ground.drawn(draft.id))


def publish(connection: Connection, division: int, geometry: Any, *, name: str | None = None) -> None:
    """Another boundary (and name) for a division, as whoever publishes writes it: old rows closed, new ones opened."""
    with connection.transaction(), connection.cursor() as cursor:
        at = lock_divisions(cursor)
        cursor.execute(
            "update boundary_versions set recorded = tstzrange(lower(recorded), %s)"
            " where division_id = %s and upper_inf(recorded)",
            (at, division),
        )
        cursor.execute(
            "insert into boundary_versions (division_id, geometry, area_m2, derived, source, recorded)"
            " values (%s, %s, 1, false, 'published', tstzrange(%s, null))",
            (division, shapely.to_wkb(geometry), at),
        )


def test_what_others_publish_does_not_shift_the_draft(ground: Ground, connection: Connection) -> None:
    draft, district = ground.open(), ground.open(ground.district.district)
    ground.take(draft.id, rename(ground.key(0, 0), "甲"))
    before = bytes_of(ground.drawn(draft.id))
    units = ground.drawn(draft.id).units
    assert not is_outdated(connection, draft, now=ground.now)
    publish(connection, ground.district.grids[1], shapely.simplify(units[ground.key(0, 1)].geometry, 1e-4))
    assert bytes_of(ground.drawn(draft.id)) == before
    assert is_outdated(connection, draft, now=ground.now)
    assert is_outdated(connection, district, now=ground.now)
    assert not is_outdated(connection, ground.open(ground.district.townships[1]), now=ground.now)


def test_what_takes_effect_later_outdates_it_then(ground: Ground, connection: Connection) -> None:
    later = ground.now + timedelta(days=3)
    connection.execute(
        "update division_versions set valid = tstzrange(null, %s) where division_id = %s",
        (later, ground.district.grids[0]),
    )
    draft = ground.open()
    assert not is_outdated(connection, draft, now=ground.now)
    assert is_outdated(connection, draft, now=later)


def test_a_publisher_who_has_not_committed_is_waited_for(
    ground: Ground, connection: Connection, database_url: str
) -> None:
    """Else the base would be read again, later, with what they had already stamped."""
    with connect(database_url, "publisher") as other, other.cursor() as cursor:
        lock_divisions(cursor)
        connection.execute("set lock_timeout = '200ms'")
        with pytest.raises(Exception, match="lock timeout"):
            ground.open()
        other.rollback()
    ground.open()


def test_a_draft_on_another_base_keeps_the_steps_that_still_apply(ground: Ground, connection: Connection) -> None:
    draft = ground.open()
    first, second = ground.key(0, 0), ground.key(0, 1)
    at = shared(ground, draft, first, second)
    line = [[107.0099, 29.49], [107.01, 29.53]]
    ground.take(draft.id, moved(at), {"kind": "split", "unit": ground.key(0, 6), "line": line}, rename("n1", "新网格"))
    units = ground.drawn(draft.id).units
    new = {(round(x, 9), round(y, 9)) for x, y in shapely.get_coordinates(units["n1"].geometry).tolist()}
    base = Desk().held(connection, draft).base.coverage.units
    for number, key in enumerate((first, second)):  # their border is another one now
        straight = [one for one in base[key].geometry.exterior.coords if list(one) != at]
        publish(connection, ground.district.grids[number], shapely.Polygon(straight))
    head = load_draft(connection, draft.id)
    again, dropped = rebase(
        connection, draft.id, actor=ground.planner, revision=head.revision, now=ground.now, desk=ground.desk
    )
    assert [one.kind for one in dropped] == ["move"]
    assert dropped[0].zh
    assert (again.cursor, again.steps, again.revision) == (2, 2, head.revision + 1)
    now = ground.drawn(draft.id).units
    assert now["n1"].name == "新网格"
    assert {(round(x, 9), round(y, 9)) for x, y in shapely.get_coordinates(now["n1"].geometry).tolist()} == new
    assert not is_outdated(connection, load_draft(connection, draft.id), now=ground.now)
    came = ground.undo(draft.id)  # the desk that knew the old base reads the new one
    assert bytes_of(came.held.coverage) == bytes_of(ground.drawn(draft.id))
    assert [one.made_by for one in history(connection, draft.id)] == [ground.planner] * 2


def test_new_units_keep_their_keys_where_an_earlier_one_is_not_made_any_more(
    ground: Ground, connection: Connection
) -> None:
    draft = ground.open()
    gone, stays = ground.key(0, 0), ground.key(0, 6)
    ground.take(
        draft.id,
        {"kind": "split", "unit": gone, "line": [[107.0019, 29.49], [107.002, 29.51]]},
        {"kind": "split", "unit": stays, "line": [[107.0099, 29.49], [107.01, 29.53]]},
        rename("n1", "先"),
        rename("n2", "后"),
    )
    with connection.transaction():
        connection.execute(
            "update division_versions set recorded = tstzrange(lower(recorded), clock_timestamp())"
            " where division_id = %s", (ground.district.grids[0],),
        )  # fmt: skip
    _, dropped = rebase(connection, draft.id, actor=ground.planner, revision=4, now=ground.now, desk=ground.desk)
    assert len(dropped) == 2
    units = ground.drawn(draft.id).units
    assert "n1" not in units
    assert units["n2"].name == "后"


def test_a_discarded_draft_is_closed(ground: Ground, connection: Connection) -> None:
    draft = ground.open()
    ground.take(draft.id, rename(ground.key(0, 0), "甲"))
    assert discard(connection, draft.id, actor=ground.planner).state == "withdrawn"
    with pytest.raises(DraftRefused):
        ground.take(draft.id, rename(ground.key(0, 0), "乙"))
    assert connection.execute("select from boundary_locks").fetchall() == []
    assert entries(connection, act="boundary.draft_discarded")[0].subject == str(draft.id)


def test_a_large_polygon_is_taken_or_refused_in_words(ground: Ground) -> None:
    draft = ground.open()
    turn = np.linspace(0, 2 * np.pi, 100_000)
    piece = (np.column_stack([np.cos(turn), np.sin(turn)]) * 0.05 + (107.03, 29.506)).tolist()
    piece[-1] = piece[0]
    drawn = {
        "key": ground.key(0, 0), "name": "巨", "code": "500199001000001", "parent_id": draft.root_id, "kind": "",
        "geometry": {"type": "Polygon", "coordinates": [piece]},
    }  # fmt: skip
    came = ground.take(draft.id, {"kind": "replace", "units": [drawn]})
    assert ground.key(0, 0) in came.changed
    assert came.held.findings is not None
    assert "outside_parent" in {one.kind for one in came.held.findings.values()}
    line = {"kind": "transfer", "from": ground.key(0, 0), "to": ground.key(0, 1), "piece": piece}
    with pytest.raises(StepRefused) as refused:
        step(line)
    assert refused.value.code == "malformed"
    assert refused.value.zh
