"""Any past moment: what the screen showed live, recorded step by step, beside what the books tell of it afterwards."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from access.scope import EVERYWHERE, Scope, as_reader, narrow, read_seal
from alerts.act_errors import ActRefused, AlertUnknown
from alerts.actors import actor_of
from alerts.acts import acknowledge, close, take_in_hand
from alerts.acts import resolve as resolve_alert
from alerts.books import micros
from alerts.incidents import tick
from alerts.kernel import Transition
from alerts.levels import LEVELS, Level, rank
from alerts.record import record
from alerts.suppress import end, shelve
from alerts.suppress import release as let_go
from config.database import Connection, connect
from dispatch.advance import advance
from dispatch.answers import Answer, Kind, give
from dispatch.clock import now_of
from dispatch.receipts import Receipt, receive
from dispatch.sweep import sweep
from screen.errors import NoSuchMoment
from screen.past import read_rows
from screen.past_track import read_track
from tests.database.people_seed import ACTOR, FAR, TOWNSHIP
from tests.database.run_seed import MINUTE, PLANS, RULES, START, START_US, Ground, a_ground, open_page
from web.state import Snapshot, read_snapshot
from web.then_state import read_past

pytestmark = pytest.mark.storage


@contextmanager
def reader(url: str, scope: Scope = EVERYWHERE) -> Iterator[Connection]:
    """A connection as pages have it."""
    with connect(url, "reader", autocommit=True) as connection:
        seal = read_seal(connection)
        as_reader(connection)
        narrow(connection, scope, seal)
        yield connection


@pytest.fixture
def ground(connection: Connection, tmp_path: Path) -> Ground:
    return a_ground(connection, tmp_path)


class History:
    """Things happen one after the other, and after each the screen is looked at."""

    def __init__(self, connection: Connection, reading: Connection, ground: Ground) -> None:
        self.connection, self.reading, self.ground = connection, reading, ground
        self.seen: list[tuple[datetime, Snapshot]] = []
        self.lin = actor_of(connection, "林")

    def move(self, subject: int, was: Level, level: Level, minute: float, **how: Any) -> None:
        """A rule says something, at its time by the clock unless `at` says when the clock stood."""
        at = how.pop("at", minute)
        rule = how.pop("rule", "river-stage")
        reason = "cleared" if level == "none" else "raised" if was == "none" else "escalated"
        self.ground.at(self.connection, at)
        step = Transition(
            rule_id=rule, subject=subject, time=START_US + round(minute * 60_000_000), from_level=was, to_level=level,
            value=180.0 + rank(level) + minute / 100, **{"reason": reason, **how},
        )  # fmt: skip
        with self.connection.transaction():
            record(self.connection, [step], rules=RULES, plans=PLANS)

    def read(self, sensor: int, value: float, minute: float) -> None:
        time = self.ground.at(self.connection, minute)
        self.connection.execute("select ensure_readings_partition(%s::date)", (time.date(),))
        self.connection.execute(
            "insert into readings (sensor_id, time, value, late, judged) values (%s, %s, %s, false, true)",
            (sensor, time, value),
        )
        self.connection.execute(
            "insert into intake as i (partition, minute, last_at, stored)"
            " values ('cq', date_trunc('minute', %s), %s, 1)"
            " on conflict (partition, minute) do update set stored = i.stored + 1",
            (time, time),
        )

    def look(self) -> None:
        snapshot = read_snapshot(self.reading)
        self.seen.append((snapshot.board.clock.now, snapshot))

    def shelve(self, until: float, **what: int) -> int:
        return shelve(self.connection, until=START + until * MINUTE, reason="检修", actor=self.lin, **what)

    def now(self, minute: float) -> datetime:
        return self.ground.at(self.connection, minute)

    def alert(self, subject: int, rule: str = "river-stage") -> int:
        row = self.connection.execute(
            "select max(id) from alerts where subject = %s and rule_id = %s", (subject, rule)
        ).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def history(connection: Connection, database_url: str, ground: Ground) -> Iterator[History]:
    with reader(database_url) as reading:
        made = History(connection, reading, ground)
        made.read(ground.sensor, 179.0, -60)
        yield made


def another_sensor(history: History, name: str, code: str) -> int:
    row = history.connection.execute(
        "with device as (insert into devices (name) values (%s) returning id)"
        " insert into sensors (name, device_id, quantity, unit, datum, levels)"
        " select %s, id, 'stage', 'm', 'wusong', '{\"warning\": 180.5}' from device returning id",
        (name, name),
    ).fetchone()
    assert row is not None
    history.connection.execute(
        "insert into sensor_divisions (sensor_id, level, division_id, valid) values (%s, 'township', %s, '(,)')",
        (row[0], history.ground.town.divisions[code]),
    )
    return int(row[0])


def plain(snapshot: Snapshot) -> dict[str, Any]:
    """What has to be the same; sums of degrees are rounded, ids of events are of the stream."""
    told = asdict(snapshot)
    board = told["board"]
    for incident in board["notices"]["incidents"]:
        for axis in ("lon", "lat"):
            incident[axis] = None if incident[axis] is None else round(incident[axis], 6)
    del board["clock"]["injected"], board["counts"]["readings"]
    return {"stations": told["stations"], "values": told["values"], **board}


def assert_told_again(history: History) -> None:
    """Each moment that was looked at, told by the books; the last look of a moment is what it came to."""
    for at, snapshot in dict(history.seen).items():
        past = read_past(history.reading, at)
        assert 0 <= past.board.counts.readings - snapshot.board.counts.readings <= 5  # the books go by the minute
        told = plain(past)
        for part, live in plain(snapshot).items():
            assert told[part] == live, (part, (at - START) / MINUTE)


def assert_chart_agrees(history: History) -> None:
    """At each edge of the chart as many alerts as the screen of that moment has."""
    since, until = history.seen[0][0], history.seen[-1][0]
    chart = read_track(history.reading, since, until, step_s=1800, first=None)
    assert chart.times[0] == since
    assert chart.times[-1] >= until > chart.times[-2]
    for number, at in enumerate(chart.times[:-1]):
        board = read_past(history.reading, at).board
        for level in ("red", "orange", "yellow", "blue"):
            assert getattr(chart, level)[number] == sum(one.level == level for one in board.alerts), (level, at)
        assert chart.runs[number] == len(board.runs)
    begun = sum(chart.opened) + sum(getattr(chart, level)[0] for level in ("red", "orange", "yellow", "blue"))
    assert begun - sum(chart.closed) == len(read_past(history.reading, until).board.alerts)
    assert {one.sensor for one in chart.values} <= {one.id for one in history.seen[-1][1].stations}
    assert max(value for value in chart.values[0].values if value is not None) > 170


def test_every_moment_of_a_flood_is_told_as_it_was_shown(history: History) -> None:
    """Alerts rise, are acknowledged, hidden, shelved, reopened; the plan runs, people are called and answer."""
    ground, connection, lin = history.ground, history.connection, history.lin
    first, second, far = ground.sensor, another_sensor(history, "second", TOWNSHIP), another_sensor(history, "far", FAR)
    open_page(connection, ground.people["网格员"])
    history.look()

    def answers(task: str, kind: Kind, who: str | None) -> None:
        at = now_of(connection)
        row = connection.execute(
            "select assignments.id from assignments join tasks on tasks.id = task_id where task_key = %s"
            " order by round desc, assignments.id limit 1", (task,),
        ).fetchone()  # fmt: skip
        assert row is not None
        answer = Answer(key=uuid4(), assignment_id=row[0], kind=kind, tapped_at=at, result=None)
        give(connection, answer, actor=ACTOR, person_id=None if who is None else ground.people[who], at=at)

    def is_read(kind: Any) -> None:
        row = connection.execute(
            "select calls.assignment_id, calls.person_id from calls join deliveries on call_id = calls.id"
            " where channel = 'app' order by calls.id limit 1"
        ).fetchone()
        assert row is not None
        receive(connection, [Receipt(assignment_id=row[0], person_id=row[1], kind=kind)], now_of(connection))

    sms = frozenset({"sms", "voice"})
    steps: list[tuple[float, Any]] = [
        (0, lambda: history.move(first, "none", "yellow", 0)),
        (0.5, lambda: advance(connection, now_of(connection), channels=sms)),
        (1, lambda: is_read("delivered")),
        (1.5, lambda: is_read("read")),
        (2, lambda: acknowledge(connection, history.alert(first), actor=lin)),
        (2.5, lambda: advance(connection, now_of(connection), channels=sms)),
        (3, lambda: answers("T2", "acknowledged", "网格员")),
        (4, lambda: history.move(second, "none", "yellow", 4)),
        (5, lambda: history.move(first, "yellow", "orange", 5)),
        (6, lambda: answers("T1", "acknowledged", "值班长")),
        (7, lambda: history.move(far, "none", "blue", 7)),
        (8, lambda: answers("T2", "on_site", "网格员")),
        (9, lambda: history.shelve(15, alert_id=history.alert(second))),
        (10, lambda: history.move(first, "orange", "red", 10)),
        (11, lambda: sweep(connection, channels=sms)),
        (12, lambda: answers("T2", "done", "网格员")),
        (13, lambda: take_in_hand(connection, history.alert(first), actor=lin)),
        (14, lambda: answers("T1", "done", None)),
        (16, lambda: let_go(connection, now_of(connection), rules=RULES, plans=PLANS)),
        (17, lambda: history.move(far, "blue", "none", 17)),
        (20, lambda: history.move(far, "none", "yellow", 20)),  # reopened
        (22, lambda: sweep(connection, channels=sms)),
        (25, lambda: history.move(first, "red", "yellow", 25, reason="lowered")),
        (30, lambda: close(connection, history.alert(second), actor=lin, cause="real", note="")),
        (31, lambda: history.move(first, "yellow", "none", 31)),
        (32, lambda: history.move(far, "yellow", "none", 32)),
        (40, lambda: history.move(first, "none", "orange", 400)),
    ]  # fmt: skip
    value = 179.0
    for minute, act in steps:
        at = 400.0 if act is steps[-1][1] else minute
        value += 0.37
        history.read(first, round(value, 2), at)
        act()
        history.now(at)
        history.look()
    assert {alert.state for _, one in history.seen for alert in one.board.alerts} == {"open", "acknowledged", "in_hand"}
    assert {task.state for _, one in history.seen for task in one.board.tasks} >= {
        "waiting", "sent", "delivered", "read", "acknowledged", "on_site", "done"
    }  # fmt: skip
    assert max(one.board.counts.suppressed for _, one in history.seen) == 1
    assert_told_again(history)


@pytest.mark.parametrize("seed", range(2))
def test_any_history_is_told_as_it_was_shown(history: History, seed: int) -> None:
    """Twelve sensors under two rules, sixty things at random; the incidents that they come to among them."""
    dice = random.Random(seed)
    connection, lin = history.connection, history.lin
    sensors = [another_sensor(history, f"s{number}", dice.choice([TOWNSHIP, FAR])) for number in range(12)]
    levels: dict[tuple[int, str], Level] = {}
    shelves: list[int] = []
    minute = 1.0
    for _ in range(60):
        minute += dice.choice([0.2, 1, 7, 25])
        at = history.now(minute)
        sensor, rule = dice.choice(sensors), dice.choice(["river-stage", "river-stage", "river-rise"])
        what = dice.random()
        alerts = connection.execute("select id from alerts where resolved_at is null").fetchall()
        if what < 0.6:
            was = levels.get((sensor, rule), "none")
            level = dice.choice([one for one in LEVELS if one != was])
            levels[sensor, rule] = level
            history.move(sensor, was, level, minute, rule=rule)
        elif what < 0.85 and alerts:
            act = dice.choice([acknowledge, take_in_hand, resolve_alert])
            with suppress(ActRefused):
                act(connection, dice.choice(alerts)[0], actor=lin)
        elif what < 0.9:
            shelves.append(history.shelve(minute + 30, subject=sensor))
        elif what < 0.93 and shelves:
            with suppress(AlertUnknown):  # it may be over
                end(connection, shelves.pop(), actor=lin)
        else:
            let_go(connection, at, rules=RULES, plans=PLANS)
            tick(connection, micros(at))
        history.read(sensor, round(dice.uniform(170, 190), 2), minute)
        history.look()
    assert max(len(one.board.alerts) for _, one in history.seen) > 3
    assert_chart_agrees(history)
    assert max(one.board.notices.incident_count for _, one in history.seen) > 1
    assert_told_again(history)


def told_at(history: History, minute: float) -> list[tuple[str, str]]:
    return [(one.level, one.state) for one in read_past(history.reading, START + minute * MINUTE).board.alerts]


def test_what_was_found_late_or_taken_back_counts_as_it_is_known_today(history: History) -> None:
    sensor = history.ground.sensor
    history.move(sensor, "none", "blue", 10)
    acknowledge(history.connection, history.alert(sensor), actor=history.lin)
    with history.connection.transaction():
        wrong = {"rule_id": "river-stage", "subject": sensor, "value": 181.0}
        at = START_US + 10 * 60_000_000
        moved = [
            Transition(**wrong, time=at, from_level="none", to_level="blue", reason="raised", retracts=True),
            Transition(**wrong, time=at - 120_000_000, from_level="none", to_level="red", reason="corrected"),
            Transition(**wrong, time=at, from_level="red", to_level="blue", reason="corrected"),
        ]
        record(history.connection, moved, rules=RULES, plans=PLANS)
    history.move(sensor, "blue", "none", 15)
    history.move(sensor, "blue", "none", 15, at=20, retracts=True)  # the clearing never was
    history.now(60)
    assert told_at(history, 7) == []
    assert told_at(history, 8) == [("red", "open")]
    assert told_at(history, 10) == [("blue", "acknowledged")]
    assert told_at(history, 16) == [("blue", "acknowledged")]
    history.move(sensor, "red", "blue", 10, at=60, retracts=True)
    history.move(sensor, "none", "red", 8, at=60, retracts=True)
    assert told_at(history, 8) == told_at(history, 16) == []


def test_a_moment_that_there_is_not_is_refused(history: History, database_url: str) -> None:
    history.now(5)
    with reader(database_url) as connection:
        with pytest.raises(NoSuchMoment, match="later"):
            read_past(connection, START + 6 * MINUTE)
        with pytest.raises(NoSuchMoment, match="first reading"):
            read_past(connection, START - 61 * MINUTE)
        assert read_past(connection, START - 60 * MINUTE).values[0].value == 179.0


def test_the_past_keeps_to_the_scope_and_to_the_division(history: History, database_url: str) -> None:
    far = another_sensor(history, "far", FAR)
    history.move(history.ground.sensor, "none", "orange", 1)
    history.move(far, "none", "orange", 2)
    history.now(3)
    divisions = history.ground.town.divisions
    at = START + 3 * MINUTE
    with reader(database_url, Scope(divisions=frozenset([divisions[FAR]]))) as connection:
        past = read_past(connection, at)
        assert [one.sensor_id for one in past.board.alerts] == [far]
        assert [one.id for one in past.stations] == [far]
        assert {run.township_id for run in past.board.runs} == {divisions[FAR]}
        assert past.board.notices.incident_count == 1
        assert read_rows(connection, "stations", type(past.stations[0]), ids=[history.ground.sensor], at=at) == []
    with reader(database_url) as connection:
        assert [one.id for one in read_past(connection, at, divisions[TOWNSHIP]).stations] == [history.ground.sensor]
        assert len(read_past(connection, at, divisions[TOWNSHIP]).board.alerts) == 2
    with reader(database_url, Scope()) as connection:
        nothing = read_past(connection, at)
        assert (nothing.board.alerts, nothing.stations, nothing.board.notices.incident_count) == ([], [], 0)


def test_an_alert_stands_where_it_stood(history: History) -> None:
    history.move(history.ground.sensor, "none", "blue", 1)
    here, there = (history.ground.town.divisions[code] for code in (TOWNSHIP, FAR))
    history.connection.execute(
        "with moved as (update alerts set township_id = %(to)s returning id)"
        " insert into alert_places (alert_id, from_township, to_township, at)"
        " select id, %(from)s, %(to)s, %(at)s from moved",
        {"from": here, "to": there, "at": START + 5 * MINUTE},
    )
    history.now(10)
    for minute, township in ((4, here), (5, there)):
        (alert,) = read_past(history.reading, START + minute * MINUTE).board.alerts
        assert alert.township_id == township


def test_a_place_and_a_warning_are_those_of_then(history: History, database_url: str) -> None:
    connection, sensor = history.connection, history.ground.sensor
    for lon, during in ((106.5, (None, START)), (106.7, (START, None))):
        connection.execute(
            "insert into sensor_places (sensor_id, lon, lat, reason, valid)"
            " values (%s, %s, 29.6, 'moved', tstzrange(%s, %s))", (sensor, lon, *during),
        )  # fmt: skip
    connection.execute(
        "insert into warnings (identifier, sender, sent, status, msg_type, event, level, effective, expires,"
        " cancelled_at, source, fingerprint) values ('w', 'w', %(at)s, 'actual', 'alert', '暴雨', 'red', %(at)s,"
        " %(expires)s, %(over)s, 'hand', '\\x01')",
        {"at": START, "expires": START + 90 * MINUTE, "over": START + 30 * MINUTE},
    )
    history.now(60)
    with reader(database_url) as reading:
        before, during, after = (read_past(reading, START + minute * MINUTE) for minute in (-1, 10, 40))
    assert [one.stations[0].lon for one in (before, during)] == [106.5, 106.7]
    assert [one.board.notices.warning_count for one in (before, during, after)] == [0, 1, 0]
    assert during.board.notices.warnings[0].ends == START + 90 * MINUTE  # as it was known then
    assert replace(during.board.clock, injected=True).now == START + 10 * MINUTE
