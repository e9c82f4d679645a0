"""From many alerts to one incident, in the real database: footprints, merges, storms, several writers at once."""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any

import pytest
from psycopg import errors

from alerts.incidents import Grouped, group, tick
from alerts.instants import aware
from config.database import Connection, connect
from geo.defaults import import_defaults

MINUTE, HOUR = 60_000_000, 3_600_000_000
START = 1_597_300_000_000_000  # 2020-08-13T06:26:40Z
_names = count(1)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What `group` wants to know of an alert."""

    id: int


def one(connection: Connection, query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    assert row
    return row[0] if len(row) == 1 else row


def rows(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()


def divisions(connection: Connection, level: str, number: int) -> list[int]:
    query = "insert into divisions (level) select %s from generate_series(1, %s) returning id"
    return [row[0] for row in rows(connection, query, level, number)]


def touch(connection: Connection, level: str, *pairs: tuple[int, int]) -> None:
    for a, b in pairs:
        connection.execute(
            "insert into division_touches (level, division_id, other_id, shared_m, valid)"
            " values (%(l)s, %(a)s, %(b)s, 100, '(,)'), (%(l)s, %(b)s, %(a)s, 100, '(,)')",
            {"l": level, "a": a, "b": b},
        )


@pytest.fixture
def row_of_four(connection: Connection) -> list[int]:
    """Four townships side by side."""
    found = divisions(connection, "township", 4)
    touch(connection, "township", *pairwise(found))
    return found


def raise_alert(connection: Connection, township: int | None = None, **given: Any) -> int:
    """An alert as `record` writes it, at `at` minutes; its id."""
    at = given.pop("at", 0)
    row = {"rule_id": "river-stage", "kind": "manual", "family": "flood", "level": "yellow", "grid_id": None,
           "lon": None, "lat": None, "exercise": False, "sensor_id": None, **given}  # fmt: skip
    subject = row.pop("subject", None) or row["sensor_id"] or (4 << 32 | next(_names))
    return int(
        one(
            connection,
            "insert into alerts (rule_id, kind, family, level, peak, grid_id, lon, lat, exercise, sensor_id, subject,"
            " township_id, state, value, opened_at, changed_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
            " 'open', 1, %s, %s) returning id",
            *(row["rule_id"], row["kind"], row["family"], row["level"], row["level"], row["grid_id"], row["lon"]),
            *(row["lat"], row["exercise"], row["sensor_id"], subject, township),
            *([aware(START + round(at * MINUTE))] * 2),
        )
    )


def change(connection: Connection, alert: int, *, at: float, level: str | None = None, state: str = "open") -> Grouped:
    """A change of an alert, and what `record` calls after it."""
    with connection.transaction():
        connection.execute(
            "update alerts set level = coalesce(%(level)s, level), peak = coalesce(%(level)s, peak), state = %(state)s,"
            " changed_at = %(at)s, resolved_at = case when %(state)s = 'resolved' then %(at)s::timestamptz end"
            " where id = %(id)s",
            {"level": level, "state": state, "at": aware(START + round(at * MINUTE)), "id": alert},
        )
        return group(connection, [Told(id=alert)])


def told(connection: Connection, *alerts: int) -> Grouped:
    with connection.transaction():
        return group(connection, [Told(id=alert) for alert in alerts])


def raised(connection: Connection, township: int | None = None, **given: Any) -> int:
    """An alert that is grouped at once; its id."""
    with connection.transaction():
        alert = raise_alert(connection, township, **given)
        group(connection, [Told(id=alert)])
    return alert


def incident_of(connection: Connection, alert: int) -> int:
    return int(one(connection, "select incident_id from alert_incidents where alert_id = %s", alert))


def story(connection: Connection, incident: int) -> list[tuple[Any, ...]]:
    query = "select kind, from_level, to_level from incident_transitions where incident_id = %s order by id"
    return rows(connection, query, incident)


def check_books(connection: Connection) -> None:
    """What must hold after whatever happened."""
    assert rows(connection, "select id from alerts where incident_id is null") == []
    doubled = "select id from alerts where (select count(*) from incident_transitions where alert_id = alerts.id) <> 1"
    assert rows(connection, doubled) == []
    members = "(select count(*) from alert_incidents m where m.incident_id = i.id)"
    wrong = f"select id, alerts, {members} from incidents i where merged_into is null and alerts <> {members}"
    assert rows(connection, wrong) == []
    cells = "(select sum(c.alerts) from incident_cells c where c.incident_id = i.id)"
    assert rows(connection, f"select id from incidents i where merged_into is null and alerts <> {cells}") == []
    assert rows(connection, "select id from incidents where merged_into in (select id from incidents"
                            " where merged_into is not null)") == []  # fmt: skip
    standing = (
        "(select array_agg((select count(*)::int from alert_incidents m join alerts a on a.id = m.alert_id"
        "   where m.incident_id = i.id and a.level = grade and a.state in ('open', 'acknowledged', 'in_hand'))"
        "  order by place) from unnest(array['blue', 'yellow', 'orange', 'red']) with ordinality g(grade, place))"
    )
    query = f"select id, open_alerts, {standing} from incidents i where merged_into is null"
    assert [row for row in rows(connection, query) if row[1] != row[2]] == []
    last = "(select to_level from incident_transitions t where t.incident_id = i.id order by t.id desc limit 1)"
    assert rows(connection, f"select id, level from incidents i where level <> {last}") == []


def test_alerts_of_touching_townships_are_one_incident(connection: Connection, row_of_four: list[int]) -> None:
    first, second, _, fourth = row_of_four
    a = raised(connection, first)
    b = raised(connection, second, at=10, level="red")
    far = raised(connection, fourth, at=11)
    assert incident_of(connection, a) == incident_of(connection, b) != incident_of(connection, far)
    found = one(
        connection,
        "select level, peak, alerts, state, opened_at, changed_at from incidents where id = %s",
        incident_of(connection, a),
    )
    assert found == ("red", "red", 2, "open", aware(START), aware(START + 10 * MINUTE))
    assert story(connection, incident_of(connection, a)) == [
        ("opened", "none", "yellow"),
        ("joined", "yellow", "yellow"),
        ("escalated", "yellow", "red"),
    ]
    check_books(connection)


def test_another_family_an_exercise_and_a_later_day_are_other_incidents(
    connection: Connection, row_of_four: list[int]
) -> None:
    here = row_of_four[0]
    alerts = [
        raised(connection, here, family="gas"),
        raised(connection, here, family="fire"),
        raised(connection, here, family="gas", exercise=True),
        raised(connection, here, family="gas", at=121),
    ]
    assert len({incident_of(connection, alert) for alert in alerts}) == 4
    in_time = raised(connection, here, family="gas", at=240)
    assert incident_of(connection, in_time) == incident_of(connection, alerts[3])
    late = raised(connection, here, family="gas", at=-119)  # found late, and before the first
    assert incident_of(connection, late) == incident_of(connection, alerts[0])
    check_books(connection)


def test_grids_meet_grids_and_townships_where_no_grid_is_known(connection: Connection, row_of_four: list[int]) -> None:
    first, second = row_of_four[:2]
    grids = divisions(connection, "grid", 3)
    touch(connection, "grid", (grids[0], grids[1]))
    a = raised(connection, first, grid_id=grids[0])
    b = raised(connection, second, grid_id=grids[1])
    apart = raised(connection, first, grid_id=grids[2])  # the same township, but its grid touches none of them
    assert incident_of(connection, a) == incident_of(connection, b) != incident_of(connection, apart)
    whole = raised(connection, second, at=1)
    assert incident_of(connection, whole) == incident_of(connection, apart) == incident_of(connection, a)
    check_books(connection)


def test_the_older_incident_takes_in_the_younger(connection: Connection, row_of_four: list[int]) -> None:
    first, second, third, fourth = row_of_four
    left, right = raised(connection, first), raised(connection, third, at=1, level="orange")
    older, younger = incident_of(connection, left), incident_of(connection, right)
    bridge = raised(connection, second, at=2)
    assert older < younger
    assert {incident_of(connection, alert) for alert in (left, right, bridge)} == {older}
    assert one(connection, "select merged_into, state, level from incidents where id = %s", younger) == (
        older,
        "closed",
        "orange",
    )
    assert story(connection, younger)[-1] == ("merged", "orange", "orange")
    assert story(connection, older) == [
        ("opened", "none", "yellow"),
        ("absorbed", "yellow", "yellow"),
        ("joined", "yellow", "yellow"),
        ("escalated", "yellow", "orange"),
    ]
    # What the younger one had goes on in the older: its places, its alerts' changes, its level.
    beside = raised(connection, fourth, at=3)
    assert incident_of(connection, beside) == older
    change(connection, right, at=4, level="red")
    assert one(connection, "select level, alerts from incidents where id = %s", older) == ("red", 4)
    check_books(connection)


def test_a_chain_of_merges_is_always_one_step(connection: Connection) -> None:
    found = divisions(connection, "township", 9)
    touch(connection, "township", *pairwise(found))
    alerts = [raised(connection, found[i]) for i in (4, 2, 0, 6, 8)]  # five incidents with gaps between
    assert one(connection, "select count(*) from incidents") == 5
    alerts += [raised(connection, found[i]) for i in (1, 3, 7, 5)]
    assert {incident_of(connection, alert) for alert in alerts} == {incident_of(connection, alerts[0])}
    assert one(connection, "select alerts from incidents where merged_into is null") == 9
    assert one(connection, "select count(*) from incident_cells") == 9
    check_books(connection)


def test_level_follows_what_is_open_and_the_peak_stays(connection: Connection, row_of_four: list[int]) -> None:
    a, b = raised(connection, row_of_four[0], level="red"), raised(connection, row_of_four[1], level="blue")
    number = incident_of(connection, a)
    change(connection, a, at=5, state="resolved")
    assert one(connection, "select level, peak, state from incidents where id = %s", number) == ("blue", "red", "open")
    change(connection, b, at=6, state="closed")
    assert one(connection, "select level, peak, state from incidents where id = %s", number) == ("none", "red", "open")
    assert story(connection, number)[-2:] == [("lowered", "red", "blue"), ("lowered", "blue", "none")]
    change(connection, b, at=7, level="yellow")  # reopened
    assert story(connection, number)[-1] == ("escalated", "none", "yellow")
    check_books(connection)


def test_an_incident_closes_when_its_window_has_passed_and_only_then(
    connection: Connection, row_of_four: list[int]
) -> None:
    here = row_of_four[0]
    a = raised(connection, here, family="gas")
    number = incident_of(connection, a)
    assert tick(connection, START + 10 * HOUR).closed == ()  # the alert is open
    change(connection, a, at=60, state="resolved")
    assert tick(connection, START + 3 * HOUR - 1).closed == ()
    assert tick(connection, START + 30 * HOUR).closed == (number,)
    closed = "select state, closed_at from incidents where id = %s"
    assert one(connection, closed, number) == ("closed", aware(START + 3 * HOUR))
    assert one(connection, "select payload->>'state' from live_events order by id desc limit 1") == "closed"
    assert tick(connection, START + 30 * HOUR).closed == ()
    # Found late, of a time within the window: it was never over.
    late = raised(connection, here, family="gas", at=100)
    assert incident_of(connection, late) == number
    assert one(connection, closed, number) == ("open", None)
    assert [kind for kind, _, _ in story(connection, number)] == [
        "opened", "lowered", "closed", "joined", "reopened", "escalated"
    ]  # fmt: skip
    check_books(connection)


def test_what_lies_in_no_division_goes_by_river_or_by_itself(connection: Connection) -> None:
    def gauge(name: str, river: str) -> int:
        device = one(connection, "insert into devices (name) values (%s) returning id", name)
        query = "insert into sensors (name, device_id, quantity, unit, river) values (%s, %s, 'stage', 'm', %s)"
        return int(one(connection, query + " returning id", name, device, river))

    alerts = [
        raised(connection, sensor_id=gauge(name, river), kind="sensor")
        for name, river in (("a", "长江"), ("b", "长江"), ("c", "嘉陵江"), ("d", ""), ("e", ""))
    ]
    numbers = [incident_of(connection, alert) for alert in alerts]
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 4
    check_books(connection)


def test_people_who_need_help_are_incidents_of_their_own(connection: Connection, row_of_four: list[int]) -> None:
    here = row_of_four[0]
    person, neighbour = 4 << 32 | 901, 4 << 32 | 902
    a = raised(connection, here, family="care", subject=person, rule_id="sos")
    b = raised(connection, here, family="care", subject=neighbour, rule_id="sos")
    again = raised(connection, here, family="care", subject=person, rule_id="dwell")
    assert incident_of(connection, a) == incident_of(connection, again) != incident_of(connection, b)
    assert rows(connection, "select distinct township_id from incident_cells") == [(here,)]
    check_books(connection)


def test_the_same_told_twice_changes_nothing(connection: Connection, row_of_four: list[int]) -> None:
    a = raised(connection, row_of_four[0])
    before = rows(connection, "select * from incidents"), rows(connection, "select * from incident_transitions")
    assert told(connection, a).events == ()
    assert (
        rows(connection, "select * from incidents"),
        rows(connection, "select * from incident_transitions"),
    ) == before


def test_nothing_of_a_rolled_back_batch_stays(connection: Connection, row_of_four: list[int]) -> None:
    class Interrupted(Exception): ...

    with pytest.raises(Interrupted), connection.transaction():
        group(connection, [Told(id=raise_alert(connection, row_of_four[0]))])
        raise Interrupted
    assert one(connection, "select count(*) from incidents") == 0


def test_the_books_of_incidents_are_append_only(connection: Connection, row_of_four: list[int]) -> None:
    raised(connection, row_of_four[0])
    for statement in ("update incident_transitions set note = 'x'", "delete from incident_transitions"):
        with pytest.raises(errors.RestrictViolation, match="append-only"):
            connection.execute(statement.encode())


def test_the_direction_of_spread(connection: Connection) -> None:
    """A front that goes east-north-east at 2 km/h, an alert every five minutes."""
    here = divisions(connection, "township", 1)[0]
    for number in range(12):
        hours = number * 5 / 60
        lon, lat = 106.5 + hours * 1732.05 / 96_900, 29.5 + hours * 1000 / 110_850
        last = raised(connection, here, at=number * 5, lon=lon, lat=lat)
    speed, bearing = one(
        connection,
        "select spread_m_per_h, spread_bearing from incidents where id = %s",
        incident_of(connection, last),
    )
    assert speed == pytest.approx(2000, rel=0.01)
    assert bearing == pytest.approx(60, abs=0.5)


# A gateway that fell silent.


@pytest.fixture
def gateway(connection: Connection) -> tuple[int, list[int]]:
    """The gateway's subject and the three sensors behind it."""
    own = one(connection, "insert into devices (name) values ('gw') returning id")
    sensors = []
    for number in range(3):
        device = one(connection, "insert into devices (name, gateway) values (%s, 'gw') returning id", f"d{number}")
        query = "insert into sensors (name, device_id, quantity, unit) values (%s, %s, 'stage', 'm') returning id"
        sensors.append(int(one(connection, query, f"s{number}", device)))
    return 2 << 32 | own, sensors


def silent(connection: Connection, township: int, subject: int) -> int:
    given = {"subject": subject} if subject >> 32 else {"sensor_id": subject}
    return raise_alert(connection, township, kind="silence", family="device", rule_id="silence", level="blue", **given)


def hidden(connection: Connection) -> dict[int, int]:
    return dict(rows(connection, "select id, inhibited_by from alerts where inhibited_by is not null"))


def test_a_silent_gateway_hides_its_sensors_and_brings_them_forth(
    connection: Connection, row_of_four: list[int], gateway: tuple[int, list[int]]
) -> None:
    here, (subject, sensors) = row_of_four[0], gateway
    early = silent(connection, here, sensors[0])
    told(connection, early)
    assert hidden(connection) == {}
    head, behind = silent(connection, here, subject), silent(connection, here, sensors[1])
    done = told(connection, head, behind)
    assert done.inhibition.hidden == {early: head, behind: head} == hidden(connection)
    last = silent(connection, here, sensors[2])
    assert told(connection, last).inhibition.hidden == {last: head}
    assert {incident_of(connection, alert) for alert in (early, head, behind, last)} == {incident_of(connection, head)}
    change(connection, early, at=1, state="resolved")
    done = change(connection, head, at=2, state="resolved")
    assert done.inhibition.released == (behind, last)
    assert hidden(connection) == {}
    reasons = "select reason from alert_transitions where alert_id = %s and kind = 'state' order by id"
    assert rows(connection, reasons, behind) == [("inhibited",), ("uninhibited",)]
    check_books(connection)


def test_what_another_transaction_holds_is_hidden_by_the_next_tick(
    connection: Connection, database_url: str, row_of_four: list[int], gateway: tuple[int, list[int]]
) -> None:
    here, (subject, sensors) = row_of_four[0], gateway
    held = silent(connection, here, sensors[0])
    told(connection, held)
    with connect(database_url, "person") as other:
        other.execute("select from alerts where id = %s for update", (held,))
        head = silent(connection, here, subject)
        assert told(connection, head).inhibition.hidden == {}  # and it did not wait
    assert tick(connection, START).inhibition.hidden == {held: head}
    assert hidden(connection) == {held: head}


# Several writers at once.


def test_two_pipelines_at_the_same_moment_end_in_one_incident(
    connection: Connection, database_url: str, row_of_four: list[int]
) -> None:
    for turn in range(10):
        barrier = threading.Barrier(2, timeout=20)

        def pipeline(township: int, barrier: threading.Barrier = barrier, turn: int = turn) -> int:
            with connect(database_url, "pipeline", autocommit=True) as own, own.transaction():
                alert = raise_alert(own, township, at=turn * 10_000)
                barrier.wait()
                group(own, [Told(id=alert)])
                return alert

        with ThreadPoolExecutor(2) as pool:
            alerts = list(pool.map(pipeline, row_of_four[:2]))
        assert incident_of(connection, alerts[0]) == incident_of(connection, alerts[1])
    assert one(connection, "select count(*) from incidents") == 10
    check_books(connection)


def test_pipelines_that_raise_in_any_order_of_families_never_wait_for_each_other(
    connection: Connection, database_url: str
) -> None:
    """With resolves, people's row locks and ticks between; a deadlock would be an error of the database."""
    townships = divisions(connection, "township", 30)
    touch(connection, "township", *pairwise(townships))

    def pipeline(seed: int) -> None:
        luck = random.Random(seed)
        mine: list[int] = []
        with connect(database_url, "pipeline", autocommit=True) as own:
            for turn in range(40):
                with own.transaction():
                    chosen = luck.sample(mine, min(len(mine), 3))
                    own.execute("select from alerts where id = any(%s) order by id for update", (chosen,))
                    own.execute("update alerts set state = 'resolved' where id = any(%s)", (chosen,))
                    families = luck.sample(["flood", "rain", "gas", "fire", "heat"], 3)
                    new = [raise_alert(own, luck.choice(townships), family=each, at=turn) for each in families]
                    group(own, [Told(id=each) for each in [*chosen, *new]])
                    mine += new
                if turn % 10 == 0:
                    tick(own, START + turn * MINUTE)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pipeline, range(4)))
    assert one(connection, "select count(*) from alerts") == 480
    check_books(connection)


FAMILIES = ("flood", "rain", "waterlogging", "geohazard")


def hanging_together(connection: Connection, alerts: Sequence[tuple[int, str, int]]) -> set[frozenset[int]]:
    """Alerts (id, family, township) by brute force: of one family, in townships that hang together."""
    beside: dict[int, set[int]] = {}
    for a, b in rows(connection, "select division_id, other_id from division_touches where level = 'township'"):
        beside.setdefault(a, {a}).add(b)
    found = set()
    for family in {family for _, family, _ in alerts}:
        left = {township for _, own, township in alerts if own == family}
        while left:
            part, edge = set(), {left.pop()}
            while edge:
                part |= edge
                edge = {b for a in edge for b in beside[a]} & left
                left -= edge
            found.add(frozenset(alert for alert, own, township in alerts if own == family and township in part))
    return found


def test_a_storm_of_5000_alerts_in_a_minute_is_a_few_incidents(connection: Connection, database_url: str) -> None:
    """Four pipelines write it at once, in batches of 50; nothing is dropped, and all that hangs together is one."""
    import_defaults(connection)
    located = rows(connection, "select distinct division_id from division_touches where level = 'township' order by 1")
    luck = random.Random(5000)
    alerts = [
        {"township": luck.choice(located)[0], "family": luck.choice(FAMILIES), "at": number / 5000}
        for number in range(5000)
    ]

    def pipeline(own_alerts: Sequence[dict[str, Any]]) -> None:
        with connect(database_url, "pipeline", autocommit=True) as own:
            for start in range(0, len(own_alerts), 50):
                with own.transaction():
                    ids = [raise_alert(own, **alert) for alert in own_alerts[start : start + 50]]
                    group(own, [Told(id=each) for each in ids])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pipeline, [alerts[start::4] for start in range(4)]))
    written = rows(connection, "select id, family, township_id from alerts")
    assert len(written) == 5000
    groups = rows(connection, "select array_agg(alert_id), incident_id from alert_incidents group by incident_id")
    assert {frozenset(members) for members, _ in groups} == hanging_together(connection, written)
    standing = rows(connection, "select id, alerts from incidents where merged_into is null")
    assert {(number, len(members)) for members, number in groups} == set(standing)
    assert len(standing) <= 40
    largest = sorted((alerts for _, alerts in standing), reverse=True)[: len(FAMILIES)]
    assert sum(largest) > 4800  # one great incident of each family, and a few stray ones
    check_books(connection)


# What is mended.


def test_alerts_that_nobody_grouped_are_found_by_the_tick(connection: Connection, row_of_four: list[int]) -> None:
    """Such as those that are older than incidents, or that were changed by hand."""
    forgotten = [raise_alert(connection, row_of_four[0], level="red"), raise_alert(connection, row_of_four[1])]
    assert tick(connection, START).mended == tuple(forgotten)
    number = incident_of(connection, forgotten[0])
    assert one(connection, "select alerts, level from incidents where id = %s", number) == (2, "red")
    connection.execute("update alerts set state = 'closed' where id = %s", (forgotten[0],))
    assert tick(connection, START).mended == (forgotten[0],)
    assert one(connection, "select alerts, level from incidents where id = %s", number) == (2, "yellow")
    assert tick(connection, START).mended == ()
    check_books(connection)
