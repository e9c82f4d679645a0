"""Boundaries are published while readings flow, with real processes: each reading is stored once and lies in just one
grid by its time, open alerts follow, and a publisher that is killed leaves all of it or nothing."""

import multiprocessing
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from access.scope import EVERYWHERE
from benchmarks.publish import Ground, every_grid_redrawn, furnish, pipeline, under_load
from boundaries.desk import Desk
from boundaries.drafts import Draft
from boundaries.errors import DraftRefused
from boundaries.publish import publish
from boundaries.workflow import Actor, review, submit
from config.database import Connection, connect
from config.settings import BrokerSettings
from geo.placement import Placement
from tests.broker.chain import eventually

pytestmark = pytest.mark.storage

SENSORS = 400
KILLS = 8


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return furnish(connection, townships=2, columns=4, rows=3, sensors=SENSORS)


def approved(connection: Connection, ground: Ground, *, upright: bool = False) -> Draft:
    draft, desk = every_grid_redrawn(connection, ground, upright=upright), Desk()
    submit(connection, draft.id, actor=acting(ground.planner), note="", desk=desk)
    return review(connection, draft.id, actor=acting(ground.reviewer), verdict="approve", note="")


def acting(who: UUID) -> Actor:
    return Actor(id=who, now=datetime.now(UTC), scope=EVERYWHERE)


def put(url: str, draft: UUID, reviewer: UUID) -> None:
    with connect(url, "publisher", autocommit=True) as connection:
        publish(connection, draft, actor=acting(reviewer), effective=None, reason="", desk=Desk())


def test_published_under_load_each_reading_lies_in_one_grid(
    database_url: str, point_at_broker: BrokerSettings, ground: Ground, tmp_path: Path
) -> None:
    with pipeline(["--database", database_url], tmp_path / "pipeline.log"):
        found = under_load(database_url, point_at_broker, ground, publications=4, rate=500, sensors=SENSORS)
    assert found["stored"] == found["readings_sent"] == found["readings_counted"] > 0
    assert (found["repeats"], found["quarantined"]) == (0, 0)
    assert (found["readings_in_no_grid"], found["readings_in_two_grids"]) == (0, 0)
    assert found["alerts"] > 0 and found["alerts_moved"] > 0 and found["open_alerts_misplaced"] == 0
    assert found["ledger_faults"] == [] and found["ledger_balanced"]


def test_killed_in_the_middle_it_leaves_all_or_nothing(
    database_url: str, connection: Connection, ground: Ground
) -> None:
    draft = approved(connection, ground)
    before = standing(connection)
    seed = random.randrange(2**32)
    moments, context, killed = random.Random(seed), multiprocessing.get_context("fork"), 0
    state = None
    while state != ("published",) and killed < KILLS:
        child = context.Process(target=put, args=(database_url, draft.id, ground.reviewer))
        child.start()
        child.join(moments.uniform(0.05, 0.6))
        child.kill()
        child.join()
        killed += 1
        eventually(lambda: idle(connection))
        state = connection.execute("select state from boundary_drafts where id = %s", (draft.id,)).fetchone()
        if state != ("published",):
            assert standing(connection) == before, f"seed {seed}"
    if state != ("published",):
        put(database_url, draft.id, ground.reviewer)
    after = standing(connection)
    assert after["lineage"] > 0 and after["grids"] == before["grids"] and after["outlines"] != before["outlines"]


def idle(connection: Connection) -> bool:
    row = connection.execute(
        "select count(*) from pg_stat_activity where application_name = 'shijing-publisher'"
        " and datname = current_database()"
    ).fetchone()
    return row == (0,)


def standing(connection: Connection) -> dict[str, Any]:
    """What is believed now."""
    asked = {
        "grids": "select count(*) from division_versions where upper_inf(recorded) and valid @> now()",
        "versions": "select count(*) from division_versions",
        "outlines": "select md5(string_agg(geometry::text, '' order by division_id)) from boundary_versions"
        " where upper_inf(recorded) and valid @> now()",
        "places": "select md5(string_agg(sensor_id || ' ' || level || ' ' || division_id, '' order by sensor_id, level,"
        " valid)) from sensor_divisions where upper_inf(recorded)",
        "lineage": "select count(*) from division_lineage",
        "touches": "select count(*) from division_touches",
        "placement": "select version from placement",
        "trail": "select count(*) from audit where act = 'boundary.published'",
    }
    found = {}
    for name, statement in asked.items():
        row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        found[name] = row[0]
    return found


def test_of_two_publishers_at_once_one_is_told_that_the_ground_moved(
    database_url: str, connection: Connection, ground: Ground
) -> None:
    drafts = [approved(connection, ground, upright=upright) for upright in (False, True)]
    came: list[str] = []

    def go(draft: Draft) -> None:
        try:
            put(database_url, draft.id, ground.reviewer)
            came.append("published")
        except DraftRefused as refused:
            came.append(str(refused))

    both = [threading.Thread(target=go, args=(draft,)) for draft in drafts]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(came)[1] == "published" and "something else is in force" in sorted(came)[0]


def test_a_batch_and_a_publication_exclude_each_other(
    database_url: str, connection: Connection, ground: Ground
) -> None:
    draft, placement = approved(connection, ground), Placement.load(connection)
    publisher = threading.Thread(target=put, args=(database_url, draft.id, ground.reviewer))
    with connection.transaction():  # as a batch does
        assert placement.is_current(connection)
        publisher.start()
        eventually(waits_for_batches(database_url))
    publisher.join()
    with connection.transaction():
        assert not placement.is_current(connection)
    assert Placement.load(connection).is_current(connection)


def waits_for_batches(url: str) -> Callable[[], bool]:
    def waits() -> bool:
        with connect(url, "test", autocommit=True) as connection:
            row = connection.execute(
                "select count(*) from pg_stat_activity where application_name = 'shijing-publisher'"
                " and datname = current_database() and wait_event = 'advisory'"
            ).fetchone()
            return row == (1,)

    return waits
