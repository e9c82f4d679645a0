"""A fortnight of alerts, tasks and events in a small city, by a fixed dice, kept as plain rows to count by hand."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from config.database import Connection
from tests.database.out_seed import (
    DISTRICT,
    GRID,
    OTHER_DISTRICT,
    OTHER_TOWNSHIP,
    TOWNSHIP,
    one,
)
from tests.database.rights_city import OTHER_GRID, SECOND_TOWNSHIP, VILLAGE, VILLAGE_GRID, RightsCity, seed_rights_city

NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)  # 18:30 in Shanghai
FIRST = datetime(2026, 11, 6, 16, tzinfo=UTC)  # midnight of the 7th
# Where things happen: the divisions of each level that a place lies in.
PLACES: tuple[dict[str, str | None], ...] = (
    {"district": DISTRICT, "township": TOWNSHIP, "village": None, "grid": GRID},
    {"district": DISTRICT, "township": TOWNSHIP, "village": VILLAGE, "grid": VILLAGE_GRID},
    {"district": DISTRICT, "township": TOWNSHIP, "village": None, "grid": None},
    {"district": DISTRICT, "township": SECOND_TOWNSHIP, "village": None, "grid": None},
    {"district": OTHER_DISTRICT, "township": OTHER_TOWNSHIP, "village": None, "grid": OTHER_GRID},
)
LEVELS = ("blue", "yellow", "orange", "red")
Row = dict[str, Any]


@dataclass
class Seeded:
    """What was written, as whoever wrote it knows it."""

    city: RightsCity
    alerts: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    people: list[Any] = field(default_factory=list)


def seed_figures(connection: Connection, *, alerts: int = 300, tasks: int = 200, events: int = 150) -> Seeded:
    """All of it."""
    made = Seeded(city=seed_rights_city(connection))
    dice = random.Random(7)
    connection.execute("update partitions set clock = %s", (NOW,))
    _people(connection, made)
    for _ in range(alerts):
        _alert(connection, made, dice)
    for _ in range(tasks):
        _task(connection, made, dice)
    for _ in range(events):
        _event(connection, made, dice)
    return made


def _some_time(dice: random.Random) -> datetime:
    return FIRST + timedelta(seconds=dice.randrange(int((NOW - FIRST).total_seconds())))


def _later(dice: random.Random, at: datetime | None, chance: float, minutes: float) -> datetime | None:
    """Some time after `at`, or never; nothing is later than the clock."""
    if at is None or dice.random() > chance:
        return None
    then = at + timedelta(seconds=int(dice.expovariate(1 / (minutes * 60))))
    return then if then < NOW else None


def _id(made: Seeded, code: str | None) -> int | None:
    return None if code is None else made.city.divisions[code]


def _people(connection: Connection, made: Seeded) -> None:
    organisation = one(connection, "insert into organisations (kind, code) values ('township', 'T-1') returning id")
    connection.execute(
        "insert into organisation_divisions (organisation_id, division_id) values (%s, %s)",
        (organisation, made.city.divisions[TOWNSHIP]),
    )
    for number in range(6):
        made.people.append(
            one(
                connection,
                "insert into people (organisation_id, staff_number) values (%s, %s) returning id",
                organisation, f"G{number}",
            )
        )  # fmt: skip
        connection.execute(
            "insert into post_holdings (person_id, post, division_id, valid)"
            " values (%s, 'grid_worker', %s, '[2020-01-01,)')",
            (made.people[-1], made.city.divisions[GRID if number < 4 else OTHER_GRID]),
        )


def _alert(connection: Connection, made: Seeded, dice: random.Random) -> None:
    place = dice.choice(PLACES)
    opened = _some_time(dice)
    acknowledged = _later(dice, opened, 0.8, 4)
    in_hand = _later(dice, acknowledged, 0.6, 10)
    resolved = _later(dice, in_hand or acknowledged, 0.8, 90)
    closed = _later(dice, resolved, 0.7, 60)
    row = {
        **place, "opened": opened, "acknowledged": acknowledged, "in_hand": in_hand, "resolved": resolved,
        "closed": closed, "peak": dice.choice(LEVELS), "family": dice.choice(("flood", "rain", "fire", "gas")),
        "rule": f"rule-{dice.randrange(5)}", "exercise": dice.random() < 0.1, "held": dice.random() < 0.05,
        "cause": dice.choice(("real", "real", "false", "test")) if closed and dice.random() < 0.9 else None,
    }  # fmt: skip
    row["id"] = add_alert(connection, made, row)
    made.alerts.append(row)


def add_alert(connection: Connection, made: Seeded, row: Row) -> int:
    """As the engine and people leave it."""
    state = (
        "closed" if row["closed"] else "resolved" if row["resolved"] else "in_hand" if row["in_hand"]
        else "acknowledged" if row["acknowledged"] else "open"
    )  # fmt: skip
    number = 4 * 2**32 + 10_000 + len(made.alerts)
    held = None
    if row["held"]:
        held = one(
            connection,
            "insert into suppressions (kind, subject, valid, reason) values ('shelve', %s,"
            " '[2026-01-01,2027-01-01)', '检修') returning id", number,
        )  # fmt: skip
    last = row["closed"] or row["resolved"] or row["in_hand"] or row["acknowledged"] or row["opened"]
    return int(
        one(
            connection,
            "insert into alerts (rule_id, subject, township_id, grid_id, level, peak, state, value, kind, family,"
            " title, exercise, cause, opened_at, changed_at, acknowledged_at, in_hand_at, resolved_at, closed_at,"
            " suppressed_by) values (%s, %s, %s, %s, %s, %s, %s, 1, 'manual', %s, '试验', %s, %s, %s, %s, %s, %s, %s,"
            " %s, %s) returning id",
            row["rule"], number, _id(made, row["township"]), _id(made, row["grid"]), row["peak"], row["peak"], state,
            row["family"], row["exercise"], row["cause"], row["opened"], last, row["acknowledged"], row["in_hand"],
            row["resolved"], row["closed"], held,
        )
    )  # fmt: skip


def _task(connection: Connection, made: Seeded, dice: random.Random) -> None:
    place = dice.choice(PLACES)
    called = _some_time(dice)
    acknowledged = _later(dice, called, 0.85, 2)
    on_site = _later(dice, acknowledged, 0.8, 15)
    done = _later(dice, on_site, 0.8, 30)
    spared = acknowledged is None and dice.random() < 0.4
    due = called + timedelta(minutes=30)
    row = {
        **place, "called": called, "acknowledged": acknowledged, "on_site": on_site, "done": done, "due": due,
        "spared": spared, "drill": dice.random() < 0.15, "ended": done or (called if spared else None),
        "person": dice.choice(made.people) if acknowledged else None,
    }  # fmt: skip
    row["division"] = place["grid"] or place["township"]
    _write_task(connection, made, row)
    made.tasks.append(row)


def _write_task(connection: Connection, made: Seeded, row: Row) -> None:
    state = "stood_down" if row["spared"] else "done" if row["done"] else "acknowledged" if row["person"] else "called"
    run = one(
        connection,
        "insert into plan_runs (plan_id, name, township_id, level, state, exercise, drill, started_at, ended_at)"
        " values ('FLD', '防汛', %s, 'red', 'terminated', %s, %s, %s, %s) returning id",
        _id(made, row["township"]), row["drill"], row["drill"], row["called"], NOW,
    )  # fmt: skip
    task = one(
        connection,
        "insert into tasks (run_id, task_key, post, post_id, what) values (%s, 'T1', '网格员', 'grid_worker', '巡查')"
        " returning id", run,
    )  # fmt: skip
    assignment = one(
        connection,
        "insert into assignments (task_id, run_id, division_id, state, person_id, due_at, called_at, acknowledged_at,"
        " on_site_at, done_at, ended_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        task, run, _id(made, row["division"]), state, row["person"], row["due"], row["called"], row["acknowledged"],
        row["on_site"], row["done"], row["ended"],
    )  # fmt: skip
    for kind in ("acknowledged", "on_site", "done"):
        if row[kind]:
            connection.execute(
                "insert into answers (key, assignment_id, person_id, actor, kind, tapped_at, received_at, counted)"
                " values (%s, %s, %s, %s, %s, %s, %s, true)",
                (uuid4(), assignment, row["person"], uuid4(), kind, row[kind], row[kind]),
            )


def _event(connection: Connection, made: Seeded, dice: random.Random) -> None:
    place = dice.choice(PLACES)
    reported = _some_time(dice)
    accepted = _later(dice, reported, 0.9, 3)
    handled = _later(dice, accepted, 0.9, 40)
    closed = _later(dice, handled, 0.9, 20)
    levels = [level for level in ("grid", "village", "township", "district") if place[level]]
    row = {
        **place, "reported": reported, "accepted": accepted, "handled": handled, "closed": closed,
        "level": dice.choice(levels), "urgent": dice.random() < 0.2, "late": dice.random() < 0.3,
    }  # fmt: skip
    _write_event(connection, made, row)
    made.events.append(row)


def _write_event(connection: Connection, made: Seeded, row: Row) -> None:
    state = next((name for name in ("closed", "handled", "accepted") if row[name]), "reported")
    since = row["handled"] or row["accepted"] or row["reported"]
    event = one(
        connection,
        "insert into events (key, kind, urgent, way, happened_at, reported_at, grid_id, village_id, township_id,"
        " district_id, actor, state, level, division_id, since, due_at, was_late, closed_level, closed_at)"
        " values (%s, 'road', %s, 'phone', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        uuid4(), row["urgent"], row["reported"], row["reported"],
        *(_id(made, row[level]) for level in ("grid", "village", "township", "district")), uuid4(), state,
        row["level"], _id(made, row[row["level"]]), since, None if row["closed"] else since + timedelta(hours=1),
        row["late"], row["level"] if row["closed"] else None, row["closed"],
    )  # fmt: skip
    before = row["reported"]
    for act in ("accepted", "handled"):
        if row[act]:
            connection.execute(
                "insert into event_steps (event_id, time, act, state, level, division_id, since)"
                " values (%s, %s, %s, %s, %s, %s, %s)",
                (event, row[act], act, act, row["level"], _id(made, row[row["level"]]), before),
            )
            before = row[act]
