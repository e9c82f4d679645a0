"""A draft is put in force: versions under both clocks, lineage, sensors, and nothing half."""

from datetime import UTC, datetime, timedelta

import pytest

from boundaries.errors import DraftRefused, NotTheirs
from boundaries.publish import publish
from boundaries.workflow import review, submit, withdraw
from config.database import Connection
from geo.placement import Placement
from tests.database.out_seed import one
from tests.database.publish_ground import Ground, acting, approved, drawn, lay_out, published

pytestmark = pytest.mark.storage


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return lay_out(connection)


def grid_of(connection: Connection, sensor: int, at: datetime) -> int | None:
    rows = connection.execute(
        "select division_id from sensor_divisions where sensor_id = %s and level = 'grid' and valid @> %s"
        " and upper_inf(recorded)",
        (sensor, at),
    ).fetchall()
    assert len(rows) <= 1
    return rows[0][0] if rows else None


def lineage(connection: Connection) -> list[tuple[str, int | None, int | None]]:
    rows = connection.execute("select kind, from_id, to_id from division_lineage order by id").fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


def test_a_merge_is_in_force_from_now_on_and_the_time_before_stays(connection: Connection, ground: Ground) -> None:
    before = datetime.now(UTC)
    gone, heir = ground.grid(0, 0), ground.grid(0, 1)
    done = published(connection, ground, [{"kind": "merge", "units": [f"d{gone}", f"d{heir}"], "into": f"d{heir}"}])
    sensor = ground.sensors[ground.code(0, 0)]
    assert done.sensors.moved == (sensor,)
    assert grid_of(connection, sensor, before) == gone
    assert grid_of(connection, sensor, datetime.now(UTC)) == heir
    assert lineage(connection) == [("merge", gone, heir)]
    versions = connection.execute(
        "select upper_inf(valid), upper_inf(recorded) from division_versions where division_id = %s order by id",
        (gone,),
    ).fetchall()
    assert versions == [(True, False), (False, True)]
    assert one(connection, "select count(*) from division_closure where descendant_id = %s", gone) == 1
    assert one(connection, "select state from boundary_drafts") == "published"


def test_a_split_makes_a_part_of_what_stays(connection: Connection, ground: Ground) -> None:
    line = [ground.corner(0, 0.75), ground.corner(1, 0.75)]
    done = published(connection, ground, [{"kind": "split", "unit": ground.key(0, 0), "line": line, "name": "新网格"}])
    part = done.ids["n1"]
    assert lineage(connection) == [("split", ground.grid(0, 0), part)]
    assert done.sensors.moved == ()
    assert one(connection, "select name from division_versions where division_id = %s", part) == "新网格"
    touching = one(
        connection, "select array_agg(other_id order by other_id) from division_touches"
        " where division_id = %s and upper_inf(recorded) and valid @> now()", part,
    )  # fmt: skip
    assert touching == [ground.grid(0, 0), ground.grid(0, 1), ground.grid(1, 0)]


def test_it_takes_effect_later_by_itself(connection: Connection, ground: Ground) -> None:
    later = datetime.now(UTC) + timedelta(days=3)
    gone, heir = ground.grid(0, 0), ground.grid(0, 1)
    steps = [{"kind": "merge", "units": [f"d{gone}", f"d{heir}"], "into": f"d{heir}"}]
    assert published(connection, ground, steps, effective=later).taken_over is None
    sensor = ground.sensors[ground.code(0, 0)]
    assert grid_of(connection, sensor, datetime.now(UTC)) == gone
    assert grid_of(connection, sensor, later) == heir
    placement = Placement.load(connection)  # as a pipeline has it: built again when the day has come
    assert placement.is_over(later) and not placement.is_over(datetime.now(UTC))


def test_back_in_time_needs_a_reason_and_keeps_what_was_known(connection: Connection, ground: Ground) -> None:
    gone, heir = ground.grid(0, 0), ground.grid(0, 1)
    steps = [{"kind": "merge", "units": [f"d{gone}", f"d{heir}"], "into": f"d{heir}"}]
    draft = approved(connection, ground, drawn(connection, ground, steps))
    since, known = datetime.now(UTC) - timedelta(days=30), datetime.now(UTC)
    with pytest.raises(DraftRefused, match="needs a reason"):
        publish(connection, draft.id, actor=acting(ground.reviewer), effective=since, reason=" ", desk=ground.desk)
    publish(connection, draft.id, actor=acting(ground.reviewer), effective=since, reason="补录", desk=ground.desk)
    sensor = ground.sensors[ground.code(0, 0)]
    assert grid_of(connection, sensor, since) == heir
    assert grid_of(connection, sensor, since - timedelta(seconds=1)) == gone
    believed = one(
        connection, "select division_id from sensor_divisions where sensor_id = %s and level = 'grid' and valid @> %s"
        " and recorded @> %s", sensor, since, known,
    )  # fmt: skip
    assert believed == gone


def test_nobody_reviews_or_publishes_what_they_drew(connection: Connection, ground: Ground) -> None:
    draft = drawn(connection, ground, [{"kind": "rename", "unit": ground.key(0, 0), "name": "甲"}])
    submit(connection, draft.id, actor=acting(ground.planner), note="", desk=ground.desk)
    with pytest.raises(NotTheirs):
        review(connection, draft.id, actor=acting(ground.planner), verdict="approve", note="")
    review(connection, draft.id, actor=acting(ground.reviewer), verdict="approve", note="")
    with pytest.raises(NotTheirs):
        publish(connection, draft.id, actor=acting(ground.planner), effective=None, reason="", desk=ground.desk)
    withdraw(connection, draft.id, actor=acting(ground.planner), reason="")


def test_what_was_drawn_on_another_state_is_not_published(connection: Connection, ground: Ground) -> None:
    first = drawn(connection, ground, [{"kind": "rename", "unit": ground.key(0, 0), "name": "甲"}])
    approved(connection, ground, first)
    published(connection, ground, [{"kind": "rename", "unit": ground.key(1, 1), "name": "乙"}])
    with pytest.raises(DraftRefused, match="something else is in force"):
        publish(connection, first.id, actor=acting(ground.reviewer), effective=None, reason="", desk=ground.desk)
