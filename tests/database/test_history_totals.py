"""Totals of history under either map: nothing is rewritten, nothing is lost, nothing is counted twice."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from boundaries.totals import Counted, Level, Total, What, by_division, totals
from config.database import Connection
from config.logs import BEIJING
from geo.hits import keep_hits
from geo.placement import assign_sensors
from tests.database.clocks_ground import (
    ALWAYS,
    Country,
    alert,
    at,
    division,
    draw,
    event,
    middle,
    place,
    rewrite,
    run,
    sensor,
    span,
)

pytestmark = pytest.mark.storage

SINCE, UNTIL = at(2024, 1, 1, 0), at(2025, 1, 1, 0)
REFORM = at(2024, 7, 1, 6, 30)  # on no hour
WHATS: tuple[What, ...] = ("readings", "alerts", "events", "runs")


class History:
    """The country, whose township B went from East to West in 2024 and gave a square to A, told in 2025."""

    def __init__(self, connection: Connection) -> None:
        self.country = country = Country(connection)
        self.still = self._sensor(connection, "still", middle(2))
        self.given = self._sensor(connection, "given", middle(3))
        self.moved = self._sensor(connection, "moved", middle(0))
        place(connection, self.moved, span(at(2024, 3, 10, 4, 20)), at(2024, 3, 11), middle(5))
        self.lost = self._sensor(connection, "lost", None)
        self.outside = self._sensor(connection, "outside", middle(40))
        self.sensors = [self.still, self.given, self.moved, self.lost, self.outside]
        self.readings = self._read(connection)
        for number in self.sensors:
            alert(connection, at(2024, 2), sensor_id=number)
            alert(connection, at(2024, 9), sensor_id=number, grade="blue")
        for begin in (at(2024, 2), at(2024, 9)):
            alert(connection, begin, within=country.b)
            alert(connection, begin, within=country.b, where=middle(3))
            run(connection, country.b, begin)
            run(connection, country.c, begin)
            event(connection, country.b, begin, middle(3))
            event(connection, country.b, begin)
        # Back-dated: told long after it holds.
        told = at(2025, 2)
        about = {"parent_id": country.west, "code": "500102002", "name": "B", "source": "test"}
        rewrite(connection, "division_versions", country.b, span(REFORM), told, about)
        draw(connection, country.b, span(REFORM), told, 2)
        draw(connection, country.a, span(REFORM), told, 0, 1, 3)
        assign_sensors(connection)

    @staticmethod
    def _sensor(connection: Connection, name: str, where: tuple[float, float] | None) -> int:
        number = sensor(connection, name)
        place(connection, number, ALWAYS, at(2020), where)
        return number

    def _read(self, connection: Connection) -> dict[int, list[datetime]]:
        """Every 10 minutes around the changes, and once on some other days."""
        times = [at(2024, month, 5, 3) for month in range(1, 13)]
        times += [at(2024, 3, 10, 2) + timedelta(minutes=10 * n) for n in range(24)]
        times += [at(2024, 7, 1, 5) + timedelta(minutes=10 * n) for n in range(24)]
        times += [at(2024, 3, 10, 4, 20) - timedelta(seconds=1), REFORM - timedelta(seconds=1)]
        for day in {time.date() for time in times}:
            connection.execute("select ensure_readings_partition(%s)", (day,))
        rows = [(number, time, 1.0, False, True) for number in self.sensors for time in times]
        with connection.cursor() as cursor:
            cursor.executemany("insert into readings values (%s, %s, %s, %s, %s)", rows)
        hours = sorted({time.replace(minute=0, second=0) for time in times})
        connection.execute("select mark_rollups(%s)", (hours,))
        connection.execute("call refresh_rollups(%s, null)", (at(2026),))
        return dict.fromkeys(self.sensors, times)


@pytest.fixture
def history(connection: Connection) -> Iterator[History]:
    yield History(connection)


def counted(
    connection: Connection, what: What, level: Level = "township", map_at: datetime | None = None
) -> list[Total]:
    return totals(connection, Counted(what=what, level=level, since=SINCE, until=UNTIL, map_at=map_at))


def named(rows: list[Total]) -> dict[str | None, int]:
    names = {one.division_id: one.name for one in rows}
    return {names[division]: count for division, count in by_division(rows).items()}


@pytest.mark.parametrize("what", WHATS)
def test_sums_are_equal_under_every_map(connection: Connection, history: History, what: What) -> None:
    levels: tuple[Level, ...] = ("district", "township", "grid")
    maps = (None, at(2023), at(2024, 5), at(2026, 11))
    found = {(level, map_at): counted(connection, what, level, map_at) for level in levels for map_at in maps}
    sums = {key: sum(one.count for one in rows) for key, rows in found.items()}
    expected = {"readings": 62 * 5, "alerts": 14, "events": 4, "runs": 4}[what]
    assert set(sums.values()) == {expected}
    months: set[tuple[tuple[datetime, int], ...]] = set()
    for rows in found.values():
        by_month: dict[datetime, int] = {}
        for one in rows:
            by_month[one.month] = by_month.get(one.month, 0) + one.count
        months.add(tuple(sorted(by_month.items())))
    assert len(months) == 1  # and so is each month


def test_readings_belong_to_each_ones_own_time_or_to_one_map(connection: Connection, history: History) -> None:
    moved_before = sum(time < at(2024, 3, 10, 4, 20) for time in history.readings[history.moved])
    given_before = sum(time < REFORM for time in history.readings[history.given])
    then = named(counted(connection, "readings"))
    assert then == {
        "A": moved_before + 62 - given_before, "B": 62 + given_before, "C": 62 - moved_before, None: 2 * 62
    }  # fmt: skip
    today = named(counted(connection, "readings", map_at=at(2026)))
    assert today == {"A": moved_before + 62, "B": 62, "C": 62 - moved_before, None: 2 * 62}
    assert named(counted(connection, "readings", map_at=at(2023))) == {
        "A": moved_before, "B": 2 * 62, "C": 62 - moved_before, None: 2 * 62
    }  # fmt: skip
    districts = named(counted(connection, "readings", "district", at(2026)))
    assert districts == {"East": moved_before + 62, "West": 62 + 62 - moved_before, None: 2 * 62}
    # The hours that a change runs through are known to the minute after the readings are gone, too.
    connection.execute("select drop_readings_before(%s)", (at(2025),))
    assert connection.execute("select count(*) from readings").fetchone() == (0,)
    assert named(counted(connection, "readings")) == then
    assert named(counted(connection, "readings", map_at=at(2026))) == today


def test_alerts_by_level_under_either_map(connection: Connection, history: History) -> None:
    then = counted(connection, "alerts")
    # In February B had all of it; in September the square of `given` and of the report was A's.
    grades = {(one.name, one.month.astimezone(BEIJING).month, one.grade): one.count for one in then if one.name}
    assert grades == {("A", 2, "red"): 1, ("A", 9, "red"): 1, ("A", 9, "blue"): 1, ("B", 2, "red"): 4,
                      ("B", 9, "red"): 1, ("B", 9, "blue"): 1, ("C", 9, "blue"): 1}  # fmt: skip
    assert named(then) == {"A": 3, "B": 6, "C": 1, None: 4}
    assert named(counted(connection, "alerts", map_at=at(2026))) == {"A": 5, "B": 4, "C": 1, None: 4}
    assert named(counted(connection, "alerts", map_at=at(2023))) == {"A": 1, "B": 8, "C": 1, None: 4}
    assert named(counted(connection, "runs", "district")) == {"East": 1, "West": 3}
    assert named(counted(connection, "runs", "district", at(2026))) == {"West": 4}
    assert named(counted(connection, "events")) == {"A": 1, "B": 3}


def test_a_division_that_is_gone_is_counted_where_most_of_it_lies(connection: Connection, history: History) -> None:
    country = history.country
    rewrite(connection, "division_versions", country.b, span(at(2025)), at(2025, 3), None)
    draw(connection, country.b, span(at(2025)), at(2025, 3))
    whole = division(connection, "township", "500102009", country.west, 2, name="B2", valid=span(at(2025)),
                     recorded=at(2025, 3))  # fmt: skip
    assert named(counted(connection, "runs", map_at=at(2026))) == {"B2": 2, "C": 2}
    assert named(counted(connection, "runs")) == {"B": 2, "C": 2}
    assert counted(connection, "runs", map_at=at(2026))[-1].parent == "West"
    assert whole


def test_nothing_is_rewritten_and_what_is_written_down_changes_no_sum(connection: Connection, history: History) -> None:
    before = [counted(connection, what, map_at=map_at) for what in WHATS for map_at in (None, at(2026))]
    keep_hits(connection)
    assert [counted(connection, what, map_at=map_at) for what in WHATS for map_at in (None, at(2026))] == before
    query = "select md5(string_agg(rows::text, '' order by rows::text)) from readings_1h rows"
    sums = connection.execute(query).fetchone()
    counted(connection, "readings", map_at=at(2026))
    assert connection.execute(query).fetchone() == sums
