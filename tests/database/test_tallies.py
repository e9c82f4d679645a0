"""Tallies by division: alerts as the board counts them, sensors, silence, answers and load, in the reader's scope."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import shapely

from access.scope import EVERYWHERE, Scope, ScopeSeal, as_reader, narrow
from alerts import subjects
from config.database import Connection, connect
from screen.paths import read_way
from screen.tallies import Level, Tally, read_tallies
from tests.database.out_seed import CITY, DISTRICT, GRID, OTHER_DISTRICT, OTHER_TOWNSHIP, SENSOR, T0, TOWNSHIP, one
from tests.database.rights_city import (
    SECOND_TOWNSHIP,
    VILLAGE,
    VILLAGE_GRID,
    RightsCity,
    add_alert,
    seed_rights_city,
    suppress,
)
from web.state import read_board, read_clock

NOW = T0 + timedelta(hours=1)


@pytest.fixture
def city(connection: Connection) -> RightsCity:
    return seed_rights_city(connection)


@pytest.fixture
def reader(database_url: str, city: RightsCity, seal: ScopeSeal) -> Iterator[Callable[[Scope], Connection]]:
    """A connection that shows a scope."""
    with connect(database_url, "test", autocommit=True) as opened:
        as_reader(opened)

        def showing(scope: Scope) -> Connection:
            narrow(opened, scope, seal)
            return opened

        yield showing


@pytest.fixture
def everywhere(reader: Callable[[Scope], Connection]) -> Connection:
    return reader(EVERYWHERE)


def of(connection: Connection, city: RightsCity, level: Level, under: str | None = None) -> dict[str, Tally]:
    """By code."""
    codes = {number: code for code, number in city.divisions.items()}
    rows = read_tallies(connection, level, under and city.divisions[under], NOW)
    return {codes[row.id]: row for row in rows}


def column(rows: dict[str, Tally], name: str) -> dict[str, Any]:
    return {code: getattr(row, name) for code, row in rows.items()}


def test_alerts_are_those_of_the_board(connection: Connection, city: RightsCity, everywhere: Connection) -> None:
    connection.execute(  # as the engine writes it
        "update alerts set township_id = %s where id = %s", (city.divisions[TOWNSHIP], city.alerts["count-a"])
    )
    connection.execute("update alerts set level = 'orange' where id = %s", (city.alerts["gas-second"],))
    connection.execute("update alerts set state = 'closed' where id = %s", (city.alerts["report-b"],))
    connection.execute("update alerts set inhibited_by = %s where id = %s", (city.alerts["gate"], city.alerts["gas-b"]))
    shelf = suppress(connection, rule_id="rule-gas-a")
    connection.execute("update alerts set suppressed_by = %s where id = %s", (shelf, city.alerts["gas-a"]))
    townships = of(everywhere, city, "township")
    # The gauge, the device, the count and the report; the fifth; of the other what is neither closed nor hidden.
    assert column(townships, "red") == {TOWNSHIP: 4, SECOND_TOWNSHIP: 0, OTHER_TOWNSHIP: 2}
    assert column(townships, "orange") == {TOWNSHIP: 0, SECOND_TOWNSHIP: 1, OTHER_TOWNSHIP: 0}
    board = read_board(everywhere, read_clock(everywhere))
    for code, row in townships.items():
        shown = [alert.level for alert in board.alerts if alert.township_id == city.divisions[code]]
        assert (row.red, row.orange, row.yellow, row.blue) == tuple(
            shown.count(level) for level in ("red", "orange", "yellow", "blue")
        )
    # What concerns a whole district is in no township of it, and in the district.
    assert column(of(everywhere, city, "district"), "red") == {DISTRICT: 5, OTHER_DISTRICT: 3}
    assert column(of(everywhere, city, "grid", TOWNSHIP), "red") == {GRID: 2, VILLAGE_GRID: 1}
    assert column(of(everywhere, city, "village", TOWNSHIP), "red") == {VILLAGE: 1}


def test_sensors_count_where_they_stand_at_the_clock(
    connection: Connection, city: RightsCity, everywhere: Connection
) -> None:
    assert column(of(everywhere, city, "district"), "sensors") == {DISTRICT: 3, OTHER_DISTRICT: 2}
    assert column(of(everywhere, city, "township"), "sensors") == {TOWNSHIP: 2, SECOND_TOWNSHIP: 1, OTHER_TOWNSHIP: 2}
    assert column(of(everywhere, city, "grid", TOWNSHIP), "sensors") == {GRID: 1, VILLAGE_GRID: 1}
    assert column(of(everywhere, city, "village", TOWNSHIP), "sensors") == {VILLAGE: 1}
    connection.execute(  # it went to the second township an hour before the clock
        "update sensor_divisions set valid = tstzrange(null, %s) where sensor_id = %s and level = 'township'",
        (T0, city.sensors[SENSOR]),
    )
    connection.execute(
        "insert into sensor_divisions (sensor_id, level, division_id, valid)"
        " values (%s, 'township', %s, tstzrange(%s, null))",
        (city.sensors[SENSOR], city.divisions[SECOND_TOWNSHIP], T0),
    )
    assert column(of(everywhere, city, "township"), "sensors") == {TOWNSHIP: 1, SECOND_TOWNSHIP: 2, OTHER_TOWNSHIP: 2}


def test_silent_is_who_has_an_open_alert_of_silence(
    connection: Connection, city: RightsCity, everywhere: Connection
) -> None:
    def silence(name: str, township: str, grid: str | None = None) -> int:
        alert = add_alert(connection, "device-offline", city.sensors[name], township, grid)
        connection.execute("update alerts set kind = 'silence', level = 'blue' where id = %s", (alert,))
        return alert

    silence(SENSOR, TOWNSHIP, GRID)
    hidden = silence("gas-b", OTHER_TOWNSHIP)  # behind the gateway's: hidden, and silent all the same
    connection.execute("update alerts set inhibited_by = %s where id = %s", (city.alerts["gate"], hidden))
    over = silence("rain-b", OTHER_TOWNSHIP)
    connection.execute("update alerts set state = 'resolved', resolved_at = %s where id = %s", (NOW, over))
    assert column(of(everywhere, city, "township"), "silent") == {TOWNSHIP: 1, SECOND_TOWNSHIP: 0, OTHER_TOWNSHIP: 1}
    assert column(of(everywhere, city, "district"), "silent") == {DISTRICT: 1, OTHER_DISTRICT: 1}
    assert column(of(everywhere, city, "grid", TOWNSHIP), "silent") == {GRID: 1, VILLAGE_GRID: 0}


def assign(
    connection: Connection,
    run: int,
    division: int,
    called: timedelta | None,
    answered: timedelta | None = None,
    *,
    done: bool = False,
) -> int:
    """A task there for which somebody was called so long before the clock, and answered so long after."""
    task = one(
        connection,
        "insert into tasks (run_id, task_key, post, what) select %s, 'A' || count(*), '网格员', '巡查' from tasks"
        " returning id",
        run,
    )
    at = None if called is None else NOW - called
    answer = None if at is None or answered is None else at + answered
    return int(
        one(
            connection,
            "insert into assignments (task_id, run_id, division_id, state, due_at, called_at, acknowledged_at,"
            " ended_at) values (%s, %s, %s, %s, %s, %s, %s, %s) returning id",
            *(task, run, division, "done" if done else "called", NOW, at, answer, answer if done else None),
        )
    )


def test_answers_are_the_median_of_a_day(connection: Connection, city: RightsCity, everywhere: Connection) -> None:
    def minutes(count: float) -> timedelta:
        return timedelta(minutes=count)

    run, at = city.runs["a"], city.divisions
    assert set(column(of(everywhere, city, "township"), "answer_s").values()) == {None}
    for called, answered in ((60, 1), (50, 3), (40, 8)):
        assign(connection, run, at[GRID], minutes(called), minutes(answered), done=True)
    assign(connection, run, at[VILLAGE_GRID], minutes(30), minutes(9))
    assign(connection, run, at[GRID], minutes(10))  # nobody answered it
    assign(connection, run, at[GRID], minutes(5), minutes(60))  # nor by the clock, this
    assign(connection, run, at[GRID], minutes(60 * 24), minutes(1))  # of the day before
    # Who is on site has answered, and first of all.
    site = assign(connection, run, at[VILLAGE_GRID], minutes(30), minutes(20))
    connection.execute("update assignments set on_site_at = called_at where id = %s", (site,))
    answers = column(of(everywhere, city, "grid", TOWNSHIP), "answer_s")
    assert answers == {GRID: 180.0, VILLAGE_GRID: 270.0}
    assert column(of(everywhere, city, "township"), "answer_s") == {
        TOWNSHIP: 180.0, SECOND_TOWNSHIP: None, OTHER_TOWNSHIP: None,
    }  # fmt: skip
    assert column(of(everywhere, city, "district"), "answer_s") == {DISTRICT: 180.0, OTHER_DISTRICT: None}
    connection.execute("update plan_runs set exercise = true, drill = true where id = %s", (run,))
    assert set(column(of(everywhere, city, "township"), "answer_s").values()) == {None}


def hold(connection: Connection, division: int, number: str, post: str = "grid_worker") -> UUID:
    """Somebody who holds a post there."""
    person = one(
        connection,
        "with office as (insert into organisations (kind, code) values ('township', %s) returning id)"
        " insert into people (organisation_id, staff_number) select id, '1' from office returning id",
        number,
    )
    connection.execute(
        "insert into post_holdings (person_id, post, division_id, valid) values (%s, %s, %s, '[2020-01-01,)')",
        (person, post, division),
    )
    return person  # type: ignore[no-any-return]


def away(connection: Connection, person: UUID, stand_in: UUID | None) -> None:
    connection.execute(
        "insert into absences (person_id, organisation_id, during, kind, stand_in_id)"
        " select id, organisation_id, '[2020-08-01,2020-09-01)', 'leave', %s from people where id = %s",
        (stand_in, person),
    )


def test_load_is_open_tasks_for_each_worker_on_duty(
    connection: Connection, city: RightsCity, everywhere: Connection
) -> None:
    run, at = city.runs["a"], city.divisions

    def load() -> Any:
        return of(everywhere, city, "township")[TOWNSHIP].load

    assert load() == 0
    for _ in range(3):
        assign(connection, run, at[GRID], timedelta(minutes=5))
    assign(connection, run, at[GRID], None)  # nobody was called yet
    assign(connection, run, at[GRID], timedelta(minutes=5), timedelta(minutes=1), done=True)
    assert load() is None  # and there is nobody
    worker, second = hold(connection, at[GRID], "w1"), hold(connection, at[VILLAGE_GRID], "w2")
    assert load() == 1.5
    assert column(of(everywhere, city, "grid", TOWNSHIP), "load") == {GRID: 3, VILLAGE_GRID: 0}
    assert column(of(everywhere, city, "district"), "load") == {DISTRICT: 1.5, OTHER_DISTRICT: 0}
    away(connection, worker, second)  # one for both
    assert load() == 3
    third = hold(connection, at[TOWNSHIP], "w3", "duty_officer")
    assert load() == 1.5
    fourth = hold(connection, at[OTHER_TOWNSHIP], "w4")
    connection.execute(  # has the shift that the third's post leaves to
        "insert into shifts (person_id, post, division_id, during)"
        " values (%s, 'duty_officer', %s, '[2020-08-20,2020-08-21)')",
        (fourth, at[TOWNSHIP]),
    )
    assert load() == 1.5
    away(connection, fourth, None)  # so the third does it
    assert load() == 1.5
    away(connection, third, None)
    assert load() == 3
    connection.execute('update plan_runs set plan = \'{"privacy": {"show_on_wall": false}}\' where id = %s', (run,))
    assert load() == 0


def test_a_scope_has_the_rows_of_its_divisions(
    connection: Connection, city: RightsCity, reader: Callable[[Scope], Connection]
) -> None:
    assign(connection, city.runs["a"], city.divisions[GRID], timedelta(minutes=5), timedelta(minutes=1))
    whole = of(reader(EVERYWHERE), city, "township")
    own = reader(Scope(divisions=frozenset({city.divisions[TOWNSHIP]})))
    assert of(own, city, "township") == {TOWNSHIP: whole[TOWNSHIP]}
    assert whole[TOWNSHIP].answer_s == 60.0
    assert of(own, city, "district") == {}
    assert of(own, city, "grid", OTHER_TOWNSHIP) == {}
    village = reader(Scope(divisions=frozenset({city.divisions[VILLAGE]})))
    assert of(village, city, "grid", TOWNSHIP).keys() == {VILLAGE_GRID}
    assert read_tallies(reader(Scope()), "township", None, NOW) == []


def outline(connection: Connection, division: int, west: float, valid: str = "[,)") -> None:
    connection.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source, valid)"
        " values (%s, %s, 1e6, true, 'test', %s)",
        (division, shapely.to_wkb(shapely.box(west, 29, west + 1, 30)), valid),
    )


def test_a_way_has_the_bounds_of_its_time_and_what_is_drawn_below(
    connection: Connection, city: RightsCity, reader: Callable[[Scope], Connection]
) -> None:
    at, whole = city.divisions, reader(EVERYWHERE)

    def below(code: str | None) -> str | None:
        way = read_way(whole, code and at[code], NOW)
        assert way is not None
        return way.below

    assert [below(code) for code in (None, DISTRICT, TOWNSHIP, VILLAGE)] == ["township", "township", None, None]
    outline(connection, at[VILLAGE_GRID], 106)
    assert [below(code) for code in (TOWNSHIP, VILLAGE, VILLAGE_GRID)] == ["grid", "grid", None]
    outline(connection, at[VILLAGE], 106)
    assert below(TOWNSHIP) == "village"
    outline(connection, at[DISTRICT], 106, "[,2020-08-01)")
    outline(connection, at[DISTRICT], 108, "[2020-08-01,)")
    outline(connection, at[OTHER_DISTRICT], 110)
    way = read_way(whole, at[DISTRICT], NOW)
    assert way is not None and way.path[0].bounds == (108, 29, 109, 30)
    assert way.city is not None and (way.city.code, way.city.bounds) == (CITY, (108, 29, 111, 30))
    earlier = read_way(whole, at[DISTRICT], datetime.fromisoformat("2020-07-01T00:00:00Z"))
    assert earlier is not None and earlier.path[0].bounds == (106, 29, 107, 30)
    own = reader(Scope(divisions=frozenset({at[DISTRICT]})))
    mine = read_way(own, None, NOW)
    assert mine is not None and mine.city is not None and mine.city.bounds == (108, 29, 109, 30)
    assert read_way(own, at[OTHER_DISTRICT], NOW) is None
    assert read_way(own, 99_999, NOW) is None
    grid = read_way(own, at[GRID], NOW)
    assert grid is not None and [one.code for one in grid.path] == [DISTRICT, TOWNSHIP, GRID]


def test_subjects_of_divisions_are_told_apart(city: RightsCity) -> None:
    assert subjects.of("division", 7) >> 32 == 3  # as the query has it
