"""What follows a published draft: open alerts, incidents, runs, posts, rights; now and at a later date of effect."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from alerts.incidents import group
from boundaries.takeover import TakenOver, take_over, take_over_due
from config.database import Connection
from tests.database.out_seed import one
from tests.database.publish_ground import Ground, lay_out, published

pytestmark = pytest.mark.storage


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return lay_out(connection)


class Opened:
    """An alert whose row is written."""

    def __init__(self, number: int) -> None:
        self.id = number


def open_alert(connection: Connection, ground: Ground, row: int, column: int) -> int:
    sensor = ground.sensors[ground.code(row, column)]
    with connection.transaction():
        alert = one(
            connection,
            "insert into alerts (rule_id, subject, sensor_id, township_id, grid_id, level, peak, state, value, family,"
            " opened_at, changed_at) values ('street-water', %s, %s, %s, %s, 'red', 'red', 'open', 50, 'flood', now(),"
            " now()) returning id",
            *(sensor, sensor, ground.township, ground.grid(row, column)),
        )
        group(connection, [Opened(int(alert))])
    return int(alert)


def run_of(connection: Connection, ground: Ground, alert: int, grids: list[int]) -> int:
    """An open run with a task of grid workers, assigned in each grid."""
    run = one(
        connection,
        "insert into plan_runs (plan_id, township_id, level, state, started_at, name, plan) values"
        " ('FLD', %s, 'red', 'open', now(), '防汛', '{}') returning id",
        ground.township,
    )
    connection.execute("insert into run_alerts values (%s, %s, now())", (run, alert))
    task = one(
        connection,
        "insert into tasks (run_id, task_key, post, post_id, what, state, started_at, due_at, limit_min) values"
        " (%s, 'T1', '专职网格员', 'grid_worker', '封路', 'sent', now(), now(), 30) returning id",
        run,
    )
    for grid in grids:
        connection.execute("insert into run_grids values (%s, %s, now())", (run, grid))
        connection.execute(
            "insert into assignments (task_id, run_id, division_id, state, due_at) values"
            " (%s, %s, %s, 'called', now())",
            (task, run, grid),
        )
    return int(run)


def worker_of(connection: Connection, grid: int, number: str) -> UUID:
    """Somebody who holds the post of a grid."""
    organisation = one(
        connection,
        "insert into organisations (kind, code) values ('township', '镇') on conflict (code) do update set code = '镇'"
        " returning id",
    )
    person = one(
        connection,
        "insert into people (organisation_id, staff_number) values (%s, %s) returning id",
        *(organisation, number),
    )
    connection.execute(
        "insert into post_holdings (person_id, post, division_id, valid) values (%s, 'grid_worker', %s,"
        " tstzrange('2024-01-01', null))",
        (person, grid),
    )
    return UUID(str(person))


def merge(ground: Ground) -> tuple[int, int, list[dict[str, Any]]]:
    gone, heir = ground.grid(0, 0), ground.grid(0, 1)
    return gone, heir, [{"kind": "merge", "units": [f"d{gone}", f"d{heir}"], "into": f"d{heir}"}]


def holds(connection: Connection, person: UUID, grid: int, at: datetime) -> bool:
    return bool(
        one(
            connection,
            "select exists (select from post_holdings where person_id = %s and division_id = %s and valid @> %s"
            " and upper_inf(recorded))",
            *(person, grid, at),
        )
    )


def test_an_open_alert_follows_its_sensor_and_keeps_its_state(connection: Connection, ground: Ground) -> None:
    gone, heir, steps = merge(ground)
    alert = open_alert(connection, ground, 0, 0)
    done = published(connection, ground, steps)
    assert done.taken_over is not None and done.taken_over.alerts == 1
    row = connection.execute("select state, level, township_id, grid_id from alerts where id = %s", (alert,)).fetchone()
    assert row == ("open", "red", ground.township, heir)
    places = connection.execute("select alert_id, from_grid, to_grid, draft_id from alert_places").fetchall()
    assert places == [(alert, gone, heir, done.draft.id)]
    assert connection.execute("select grid_id, alerts from incident_cells").fetchall() == [(heir, 1)]


def test_alerts_that_are_over_stay_where_they_were(connection: Connection, ground: Ground) -> None:
    gone, _, steps = merge(ground)
    alert = open_alert(connection, ground, 0, 0)
    connection.execute("update alerts set state = 'resolved', resolved_at = now() where id = %s", (alert,))
    published(connection, ground, steps)
    assert one(connection, "select grid_id from alerts where id = %s", alert) == gone


def test_a_run_goes_on_in_the_heir_and_asks_nobody_twice(connection: Connection, ground: Ground) -> None:
    gone, heir, steps = merge(ground)
    alert = open_alert(connection, ground, 0, 0)
    both = run_of(connection, ground, alert, [gone, heir])
    connection.execute("update plan_runs set plan_id = 'OTHER' where id = %s", (both,))
    single = run_of(connection, ground, alert, [gone])
    published(connection, ground, steps)
    grids = connection.execute("select run_id, grid_id from run_grids order by 1, 2").fetchall()
    assert grids == [(both, heir), (single, heir)]
    told = connection.execute("select run_id, division_id, state from assignments order by run_id, id").fetchall()
    assert told == [(both, gone, "stood_down"), (both, heir, "called"), (single, heir, "called")]


def test_posts_go_to_the_heir_and_to_each_part(connection: Connection, ground: Ground) -> None:
    gone, heir, steps = merge(ground)
    worker, other = worker_of(connection, gone, "1"), worker_of(connection, ground.grid(1, 1), "2")
    before = datetime.now(UTC)
    line = [ground.corner(1, 1.75), ground.corner(2, 1.75)]
    done = published(connection, ground, [*steps, {"kind": "split", "unit": ground.key(1, 1), "line": line}])
    now, part = datetime.now(UTC), done.ids["n1"]
    assert holds(connection, worker, heir, now) and not holds(connection, worker, gone, now)
    assert holds(connection, worker, gone, before)
    assert holds(connection, other, ground.grid(1, 1), now) and holds(connection, other, part, now)


def test_a_right_reaches_the_parts_and_does_not_grow(connection: Connection, ground: Ground) -> None:
    gone, heir, steps = merge(ground)
    account = one(connection, "insert into actors (name, kind) values ('a', 'person') returning id")
    connection.execute("insert into accounts (id, name, kind) values (%s, 'a', 'person')", (account,))
    for grid in (gone, ground.grid(1, 1)):
        connection.execute(
            "insert into account_roles (account_id, role, division_id) values (%s, 'grid_worker', %s)", (account, grid)
        )
    line = [ground.corner(1, 1.75), ground.corner(2, 1.75)]
    done = published(connection, ground, [*steps, {"kind": "split", "unit": ground.key(1, 1), "line": line}])
    held = connection.execute("select division_id from account_roles order by 1").fetchall()
    assert [row[0] for row in held] == sorted([gone, ground.grid(1, 1), done.ids["n1"]])
    undecided = connection.execute("select kind, from_id from boundary_follows where to_id is null").fetchall()
    assert undecided == [("role", gone)]
    assert heir not in [row[0] for row in held]


def test_a_later_date_of_effect_takes_over_once(connection: Connection, ground: Ground) -> None:
    gone, heir, steps = merge(ground)
    alert = open_alert(connection, ground, 0, 0)
    later = datetime.now(UTC) + timedelta(seconds=4)
    assert published(connection, ground, steps, effective=later).taken_over is None
    assert one(connection, "select grid_id from alerts where id = %s", alert) == gone
    while not take_over_due(connection):
        assert datetime.now(UTC) < later + timedelta(seconds=30)
    assert datetime.now(UTC) >= later
    assert one(connection, "select grid_id from alerts where id = %s", alert) == heir
    assert take_over_due(connection) == 0
    assert one(connection, "select count(*) from alert_places") == 1
    assert one(connection, "select count(*) from division_closure where descendant_id = %s", gone) == 1


def test_residents_go_with_the_land_or_are_kept_above_it(connection: Connection, ground: Ground) -> None:
    gone, heir, steps = merge(ground)
    for grid in (gone, ground.grid(1, 1)):
        connection.execute(
            "insert into residents (id, division_id, kind, valid) values"
            " (%s, %s, 'elder', tstzrange('2024-01-01', null))",
            (uuid4(), grid),
        )
    published(connection, ground, steps)
    kept = connection.execute("select division_id from residents order by 1").fetchall()
    assert [row[0] for row in kept] == sorted([heir, ground.grid(1, 1)])


def test_what_is_shelved_stays_so_in_the_parts_alone(connection: Connection, ground: Ground) -> None:
    gone, _, steps = merge(ground)
    for grid in (gone, ground.grid(1, 1)):
        connection.execute(
            "insert into suppressions (kind, division_id, valid, reason) values ('maintenance', %s,"
            " tstzrange(now(), now() + interval '1 day'), '检修')",
            (grid,),
        )
    line = [ground.corner(1, 1.75), ground.corner(2, 1.75)]
    done = published(connection, ground, [*steps, {"kind": "split", "unit": ground.key(1, 1), "line": line}])
    shelved = connection.execute("select division_id from suppressions order by id").fetchall()
    assert [row[0] for row in shelved] == [gone, ground.grid(1, 1), done.ids["n1"]]


def test_reports_and_events_follow_their_place(connection: Connection, ground: Ground) -> None:
    part_of = ground.grid(1, 1)
    lon, lat = ground.corner(1.5, 1.9)
    alert = one(
        connection,
        "insert into alerts (rule_id, subject, kind, township_id, grid_id, level, peak, state, value, title, opened_at,"
        " changed_at, lon, lat) values ('report', 17179869185, 'manual', %s, %s, 'red', 'red', 'open', null, '滑坡',"
        " now(), now(), %s, %s) returning id",
        *(ground.township, part_of, lon, lat),
    )
    event = one(
        connection,
        "insert into events (key, kind, urgent, way, happened_at, reported_at, lon, lat, grid_id, township_id, actor,"
        " state, level, division_id, since, due_at) values (gen_random_uuid(), 'road', false, 'phone', now(), now(),"
        " %s, %s, %s, %s, gen_random_uuid(), 'reported', 'grid', %s, now(), now()) returning id",
        *(lon, lat, part_of, ground.township, part_of),
    )
    line = [ground.corner(1, 1.75), ground.corner(2, 1.75)]
    done = published(connection, ground, [{"kind": "split", "unit": ground.key(1, 1), "line": line}])
    part = done.ids["n1"]
    assert done.taken_over is not None and (done.taken_over.alerts, done.taken_over.events) == (1, 1)
    assert one(connection, "select grid_id from alerts where id = %s", alert) == part
    row = connection.execute("select grid_id, division_id from events where id = %s", (event,)).fetchone()
    assert row == (part, part)
    assert connection.execute("select kind, from_id, to_id from boundary_follows").fetchall() == [
        ("event", part_of, part)
    ]


def test_what_is_taken_over_is_not_looked_at_again_at_once(connection: Connection, ground: Ground) -> None:
    _, _, steps = merge(ground)
    done = published(connection, ground, steps)
    with connection.transaction():
        assert take_over(connection, done.draft.id) == TakenOver()
    connection.execute("update boundary_drafts set taken_over_at = taken_over_at - interval '2 minutes'"
                       ", effective = effective - interval '3 minutes'")  # fmt: skip
    assert take_over_due(connection) == 1
    assert one(connection, "select looked_after_at is not null from boundary_drafts")
    assert take_over_due(connection) == 0
