"""A flood in one grid, with people who hold the plan's posts: what the tests of calls and answers begin with."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from alerts.instants import aware
from alerts.kernel import Transition
from alerts.levels import Level
from alerts.plan_files import load_plans
from alerts.record import record
from alerts.rules import load_rules
from config.database import Connection
from config.settings import CONFIG
from people.holdings import hold_post
from tests.database.people_seed import ACTOR, GRID, LONG_AGO, TOWNSHIP, VILLAGE, Town, town

RULES = load_rules(CONFIG / "rules")
PLANS = load_plans(CONFIG / "plans")
START_US = 1_597_300_000_000_000
START = aware(START_US)  # 2020-08-13T06:26:40Z
MINUTE = timedelta(minutes=1)
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """One township, its sensor in one grid, and who holds which post."""

    town: Town
    sensor: int
    people: dict[str, UUID]

    def at(self, connection: Connection, minutes: float) -> datetime:
        """Tell the clock: so many minutes after the start."""
        moment = START + minutes * MINUTE
        connection.execute("update partitions set clock = %s", (moment,))
        return moment

    def flood(self, connection: Connection, was: Level = "none", level: Level = "yellow", *, minutes: int = 0) -> int:
        """The river at a level in the grid; the run of the flood plan."""
        step = Transition(
            rule_id="river-stage",
            subject=self.sensor,
            time=START_US + minutes * 60_000_000,
            from_level=was,
            to_level=level,
            value=181.0,
            reason="raised" if was == "none" else "escalated",
        )
        with connection.transaction():
            record(connection, [step], rules=RULES, plans=PLANS)
        row = connection.execute("select max(id) from plan_runs").fetchone()
        assert row is not None
        return int(row[0])


POSTS = {
    "值班长": ("duty_officer", TOWNSHIP),
    "指挥长": ("commander", TOWNSHIP),
    "网格员": ("grid_worker", GRID),
    "网格长": ("grid_leader", VILLAGE),
}


def a_ground(connection: Connection, folder: Path) -> Ground:
    """Divisions, people, a sensor, and a told clock."""
    made = town(connection, folder)
    people = {}
    for name, (post, division) in POSTS.items():
        people[name] = made.person(connection, name)
        hold_post(
            connection,
            person_id=people[name],
            post=post,
            division_id=made.divisions[division],
            since=LONG_AGO,
            actor=ACTOR,
        )
    connection.execute("insert into partitions (name, clock) values ('cq', %s)", (START,))
    return Ground(town=made, sensor=_sensor(connection, made), people=people)


def _sensor(connection: Connection, made: Town) -> int:
    row = connection.execute(
        "with device as (insert into devices (name) values ('gauge') returning id)"
        " insert into sensors (name, device_id, quantity, unit, datum, levels)"
        " select 'gauge', id, 'stage', 'm', 'wusong', '{\"warning\": 180.5}' from device returning id"
    ).fetchone()
    assert row is not None
    for level, code in (("township", TOWNSHIP), ("grid", GRID)):
        connection.execute(
            "insert into sensor_divisions (sensor_id, level, division_id, valid) values (%s, %s, %s, '(,)')",
            (row[0], level, made.divisions[code]),
        )
    return int(row[0])


def open_page(connection: Connection, person: UUID) -> None:
    """Their phone's page is open."""
    connection.execute("insert into phones (id, person_id) values (gen_random_uuid(), %s)", (person,))
