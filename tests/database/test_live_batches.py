"""What a batch tells the screens: beside its readings, of each sensor the newest, and nothing before the commit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from access.scope import EVERYWHERE
from config.database import Connection, connect
from ingest.newest import unpack_newest
from ingest.scenario import SCENARIOS
from ingest.sensor_files import import_sensors
from tests.database.feed import running_pipeline
from tests.database.live_ground import packed, tell
from tests.database.out_seed import DISTRICT, GRID, OTHER_DISTRICT, OTHER_TOWNSHIP, TOWNSHIP
from tests.database.rights_city import VILLAGE, RightsCity, seed_rights_city
from tests.database.test_scope_rows import SCOPES, Model, reader, scope_of
from web import state
from web.errors import DivisionUnknownError
from web.last_values import LastValues
from web.state import QUERIES, read_snapshot

pytestmark = pytest.mark.storage

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def since(connection: Connection, **marks: int) -> list[tuple[str, int, list[tuple[int, float]]]]:
    """What a reader that stands at these marks finds: partition, number, and by sensor the value."""
    asked = {"partitions": list(marks), "numbers": list(marks.values())}
    rows = connection.execute(QUERIES["batches_since"], asked).fetchall()
    return [
        (partition, number, [(sensor, value) for sensor, _, value in unpack_newest(told).tolist()])
        for partition, number, told in rows
    ]


def partitions(connection: Connection, *names: str) -> None:
    for name in names:
        connection.execute("insert into partitions (name, epoch) values (%s, 1)", (name,))


def test_of_each_sensor_the_newest_reading_is_told_whatever_came_last() -> None:
    told = packed(
        [(7, at(2), 2.0), (7, at(3), 3.0), (7, at(1), 1.0), (4, at(5), 5.0), (9, at(5), 9.0), (4, at(4), 4.0)]
    )
    assert told is not None
    assert sorted((sensor, value) for sensor, _, value in unpack_newest(told).tolist()) == [
        (4, 5.0),
        (7, 3.0),
        (9, 9.0),
    ]
    assert packed([]) is None


def test_the_pipeline_tells_what_it_stored_in_the_same_transaction(database_url: str, connection: Connection) -> None:
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    with connect(database_url, "test", autocommit=True) as other:
        other.execute("listen shijing_readings")
        with running_pipeline(database_url) as feed:
            feed.stage(180.5, datetime(2020, 8, 20, tzinfo=UTC))
            feed.stage(
                179.0, datetime(2020, 8, 19, 23, 59, tzinfo=UTC)
            )  # late: told, and whoever hears it knows better
        heard = [note.payload for note in other.notifies(timeout=5, stop_after=4)]
    (sensor,) = connection.execute("select id from sensors where name = 'cuntan'").fetchone() or (0,)
    assert since(connection) == [("cq", 1, [(sensor, 180.5)]), ("cq", 2, [(sensor, 179.0)])]
    assert heard == ["cq -", "cq 1", "cq -", "cq 2"], "a told clock stores nothing"
    assert connection.execute("select count(*) from readings").fetchone() == (2,)


def test_two_writers_commit_in_any_order_and_a_reader_misses_neither(database_url: str, connection: Connection) -> None:
    partitions(connection, "north", "south")
    tell(connection, [(1, at(0), 1.0)], "north")
    tell(connection, [(2, at(0), 2.0)], "south")
    with connect(database_url, "north") as north, connect(database_url, "south") as south:
        tell(north, [(1, at(1), 1.1)], "north")
        tell(south, [(2, at(1), 2.1)], "south")
        assert since(connection, north=1, south=1) == [], "nothing before the commit"
        south.commit()
        assert since(connection, north=1, south=1) == [("south", 2, [(2, 2.1)])]
        north.commit()
        assert since(connection, north=1, south=2) == [("north", 2, [(1, 1.1)])]
    with connect(database_url, "north") as north:
        tell(north, [(1, at(2), 1.2)], "north")
        north.rollback()
    tell(connection, [(1, at(3), 1.3)], "north")
    assert since(connection, north=2, south=2) == [("north", 3, [(1, 1.3)])], "without a gap after a batch that failed"


def test_only_the_last_batches_are_kept_and_none_of_it_is_logged(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.books.BATCHES_KEPT", 3)
    partitions(connection, "cq")
    for minute in range(6):
        tell(connection, [(1, at(minute), float(minute))])
        tell(connection, [])
    assert [number for _, number, _ in since(connection)] == [3, 4, 5, 6]
    assert connection.execute("select relpersistence from pg_class where relname = 'live_batches'").fetchone() == ("u",)


def test_a_batch_is_for_whoever_sees_all(database_url: str, connection: Connection) -> None:
    city = seed_rights_city(connection)
    tell(connection, [(city.sensors["cuntan"], at(0), 1.0)])
    with reader(database_url, scope_of(city, [TOWNSHIP])) as asking:
        assert since(asking) == []
    with reader(database_url, EVERYWHERE) as asking:
        assert len(since(asking)) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            asking.execute("delete from live_batches")


def test_an_older_reading_changes_nothing() -> None:
    values = LastValues()

    def take(*readings: Any) -> list[int]:
        return values.take(unpack_newest(packed(readings) or b"")).tolist()

    assert take((3, at(1), 1.0), (5, at(1), 5.0)) == [3, 5]
    assert take((3, at(2), 2.0), (5, at(0), 4.0)) == [3], "of 5 an older one"
    assert take((3, at(2), 9.0)) == [], "the first one of a time stays"
    (told,) = values.of(np.array([3]))
    assert (told.time, told.value, told.previous) == (at(2), 2.0, 1.0)
    whole = [(3, round(at(4).timestamp() * 1e6), 4.0, 2.0), (900, round(at(1).timestamp() * 1e6), 7.0, None)]
    assert values.take_whole(whole).tolist() == [3, 900]
    assert take((5, at(0), 4.0)) == [5], "the database has none of it any more"
    assert [(one.id, one.value, one.previous) for one in values.of(np.array([3, 900]))] == [
        (3, 4.0, 2.0),
        (900, 7.0, None),
    ]


@pytest.mark.parametrize("name", SCOPES)
def test_a_division_in_view_never_shows_more_than_the_scope(
    name: str, database_url: str, connection: Connection, city: RightsCity
) -> None:
    """Beside the tables: of each division what lies in both; one that has nothing to do with the scope is unknown."""
    codes = SCOPES[name]
    roots = None if codes is None else {city.divisions[code] for code in codes}
    allowed = Model(connection, roots).expected()["sensors"]
    with reader(database_url, scope_of(city, codes)) as asking:
        for code in (DISTRICT, OTHER_DISTRICT, TOWNSHIP, OTHER_TOWNSHIP, VILLAGE, GRID):
            division = city.divisions[code]
            lies_in = Model(connection, {division}).expected()["sensors"]
            touches = roots is None or bool(lies_in & allowed) or _nested(connection, division, roots)
            if not touches:
                with pytest.raises(DivisionUnknownError):
                    read_snapshot(asking, division)
                continue
            view = read_snapshot(asking, division)
            assert {station.id for station in view.stations} == lies_in & allowed, code
            assert {value.id for value in view.values} <= lies_in & allowed
            assert view.board.counts.sensors == len(allowed), "the board is of the whole scope"
        with pytest.raises(DivisionUnknownError):
            read_snapshot(asking, 2**31 - 1)


def _nested(connection: Connection, division: int, roots: set[int]) -> bool:
    return bool(
        connection.execute(
            "select from division_closure where ancestor_id = %(one)s and descendant_id = any(%(roots)s)"
            " or descendant_id = %(one)s and ancestor_id = any(%(roots)s)",
            {"one": division, "roots": list(roots)},
        ).fetchall()
    )


@pytest.fixture
def city(connection: Connection) -> RightsCity:
    return seed_rights_city(connection)


def test_of_too_many_sensors_only_those_with_an_open_alert_are_shown(
    database_url: str, connection: Connection, city: RightsCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.execute("update alerts set suppressed_by = (select min(id) from suppressions) where sensor_id < 4")
    with reader(database_url, EVERYWHERE) as asking:
        whole = read_snapshot(asking)
        monkeypatch.setattr(state, "CITY_AT_MOST", len(whole.stations) - 1)
        few = read_snapshot(asking)
        township = read_snapshot(asking, city.divisions[TOWNSHIP])
    alerted = {alert.sensor_id for alert in whole.board.alerts} - {None}
    assert (whole.stations_shown, few.stations_shown, township.stations_shown) == ("all", "alerts", "all")
    assert {station.id for station in few.stations} == alerted
    assert 0 < len(alerted) < len(whole.stations)
    assert few.board.counts == whole.board.counts
    assert len(whole.build) == 16
