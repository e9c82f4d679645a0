"""`shijing sensor`: the record of a place by both clocks, the divisions that follow it, and the pipeline that hears."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner

from alerts.pipeline import Pipeline
from commands.divisions import run_import
from commands.registry import change_place, default_divisions, register
from commands.sensor import position
from config.database import Connection, connect
from config.settings import PipelineSettings
from geo.errors import CrsError
from geo.placement import Placement
from ingest.errors import Refused
from ingest.gather import Message
from ingest.place_history import Change, moment_of
from ingest.session import MqttSession
from shijing import app

pytestmark = pytest.mark.storage

CUNTAN, YUZHONG = (106.60, 29.62), (106.55, 29.555)
FIRST, SECOND = "2020-08-18T00:00:00+08:00", "2020-08-20T00:00:00+08:00"
HEADER = "name,device,quantity,datum,lon,lat"
ROW = "cuntan,cuntan,stage,wusong,106.60,29.62"


@pytest.fixture
def url(database_url: str, connection: Connection, tmp_path: Path) -> str:
    """A database with one gauge, in no township yet."""
    register(database_url, write(tmp_path, HEADER, ROW))
    return database_url


@pytest.fixture
def located(url: str) -> str:
    """The same with the default divisions."""
    run_import(url, default_divisions)
    return url


def write(folder: Path, *lines: str) -> Path:
    path = folder / "sensors.csv"
    path.write_text("\n".join([*lines, ""]))
    return path


def sensor(url: str, *words: object) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["sensor", *map(str, words), "--json", "--database", url])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def move(url: str, place: tuple[float, float], since: str, *more: str) -> dict[str, Any]:
    return sensor(url, "move", "cuntan", "--lon", place[0], "--lat", place[1], "--since", since, *more)


def retire(url: str, since: str) -> dict[str, Any]:
    return sensor(url, "retire", "cuntan", "--since", since)


def correct(url: str, place: tuple[float, float], *more: str) -> dict[str, Any]:
    return sensor(url, "correct", "cuntan", "--lon", place[0], "--lat", place[1], *more)


def stays(connection: Connection) -> list[tuple[Any, ...]]:
    """What the record knows now."""
    return connection.execute(
        "select lon, lat, reason, source, lower(valid), upper(valid) from sensor_places"
        " where upper_inf(recorded) order by lower(valid) nulls first"
    ).fetchall()


def townships(connection: Connection, *times: str) -> list[int]:
    (sensor_id,) = cast("tuple[int]", connection.execute("select id from sensors where name = 'cuntan'").fetchone())
    asked = np.array([round(datetime.fromisoformat(time).timestamp() * 1e6) for time in times], dtype=np.int64)
    return Placement.load(connection).township_of(np.full(len(times), sensor_id, dtype=np.int32), asked).tolist()


def believed(connection: Connection, recorded: datetime, time: str) -> tuple[Any, ...] | None:
    """Where the database then thought that the sensor stood at a time."""
    return connection.execute(
        "select lon, lat from sensor_places where recorded @> %s::timestamptz and valid @> %s::timestamptz",
        (recorded, time),
    ).fetchone()


def test_a_move_leaves_old_readings_with_the_old_division(located: str, connection: Connection) -> None:
    (before,) = cast("tuple[datetime]", connection.execute("select clock_timestamp()").fetchone())
    (old,) = townships(connection, FIRST)
    told = move(located, YUZHONG, SECOND, "--source", "work order 17")
    earlier, later = townships(connection, "2020-08-19T23:59:59.999999+08:00", SECOND)
    assert earlier == old and later not in (-1, old)
    since = datetime.fromisoformat(SECOND)
    assert stays(connection) == [
        (*CUNTAN, "installed", "sensors.csv line 2", None, since),
        (*YUZHONG, "moved", "work order 17, shijing sensor move", since, None),
    ]
    screens = connection.execute("select kind, payload from live_events order by id desc limit 1").fetchall()
    assert screens == [("divisions", {"sensors": 1})], "the screens read again where it stands"
    assert told["changed"] and [stay["begins"] for stay in told["history"]] == [None, SECOND]
    assert believed(connection, before, SECOND) == CUNTAN, "what was believed before the move stays readable"
    districts = connection.execute(
        "select valid from sensor_divisions"
        " where level = 'district' and upper_inf(recorded) and valid @> %s::timestamptz",
        (SECOND,),
    ).fetchall()
    assert [row[0].lower for row in districts] == [since]


def test_the_same_move_again_changes_nothing(located: str, connection: Connection) -> None:
    move(located, YUZHONG, SECOND)
    rows = connection.execute("select * from sensor_places order by id").fetchall()
    assert not move(located, YUZHONG, "2020-08-20T00:00")["changed"], "no offset: Beijing time"
    assert connection.execute("select * from sensor_places order by id").fetchall() == rows


def test_a_forgotten_move_is_put_in_only_when_stated_as_a_correction(located: str, connection: Connection) -> None:
    move(located, YUZHONG, SECOND)
    rows = connection.execute("select * from sensor_places order by id").fetchall()
    with pytest.raises(Refused, match="--correction"):
        move(located, (106.58, 29.61), FIRST)
    assert connection.execute("select * from sensor_places order by id").fetchall() == rows
    assert move(located, (106.58, 29.61), FIRST, "--correction")["changed"]
    assert [stay[:3] for stay in stays(connection)] == [
        (*CUNTAN, "installed"),
        (106.58, 29.61, "moved"),
        (*YUZHONG, "moved"),
    ]


def test_a_correction_says_that_the_record_was_wrong_all_the_time(located: str, connection: Connection) -> None:
    move(located, YUZHONG, SECOND)
    right = townships(connection, SECOND)
    correct(located, YUZHONG, "--at", FIRST)
    assert townships(connection, "2019-01-01T00:00:00+08:00", SECOND) == right * 2
    assert [stay[:3] for stay in stays(connection)] == [(*YUZHONG, "corrected"), (*YUZHONG, "moved")]


def test_a_new_instrument_keeps_the_place_and_is_on_record(located: str, connection: Connection) -> None:
    assigned = connection.execute("select * from sensor_divisions").fetchall()
    sensor(located, "replace", "cuntan", "--since", SECOND)
    assert [stay[:3] for stay in stays(connection)] == [(*CUNTAN, "installed"), (*CUNTAN, "replaced")]
    assert [row[2] for row in connection.execute("select * from sensor_divisions where upper_inf(recorded)")] == [
        row[2] for row in assigned
    ], "the divisions are the same as before"


def test_a_retired_sensor_belongs_nowhere_after_its_end(located: str, connection: Connection) -> None:
    before = townships(connection, FIRST)
    told = retire(located, SECOND)
    assert townships(connection, FIRST, SECOND) == [*before, -1]
    assert told["unlocated"] == []
    assert sensor(located, "history", "cuntan")["history"] == told["history"]


def test_a_change_is_written_with_its_divisions_or_not_at_all(located: str, connection: Connection) -> None:
    connection.execute(
        "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$"
    )
    connection.execute("create trigger refuse before insert on sensor_divisions execute function refuse()")
    rows = connection.execute("select * from sensor_places").fetchall()
    with pytest.raises(psycopg.errors.RaiseException, match="full"):
        move(located, YUZHONG, SECOND)
    assert connection.execute("select * from sensor_places").fetchall() == rows


def test_two_people_at_once_write_one_after_the_other(located: str, connection: Connection) -> None:
    def try_move(since: str, lon: float) -> bool:
        change = Change(reason="moved", since=moment_of(since), lon=lon, lat=29.56, source="test")
        try:
            return change_place(located, "cuntan", change).changed
        except Refused as refused:
            assert "--correction" in str(refused)
            return False

    with ThreadPoolExecutor(2) as people:
        done = list(people.map(try_move, [FIRST, SECOND], [106.55, 106.56]))
    assert done[1]
    assert [stay[2] for stay in stays(connection)] == ["installed"] + ["moved"] * sum(done)


def test_stored_readings_of_the_changed_time_are_counted(url: str, connection: Connection) -> None:
    connection.execute("select ensure_readings_partition('2020-08-19'), ensure_readings_partition('2020-08-20')")
    connection.execute(
        "insert into readings select id, t, 180, false, true from sensors,"
        " unnest(array['2020-08-19 23:00+08', '2020-08-20 00:00+08', '2020-08-20 01:00+08']::timestamptz[]) t"
    )
    assert retire(url, SECOND)["readings"] == 2
    assert correct(url, CUNTAN)["readings"] == 2


def test_an_unknown_sensor_is_told_with_its_likes(url: str) -> None:
    with pytest.raises(Refused, match="no sensor is called 'cuntam'; is it cuntan"):
        sensor(url, "retire", "cuntam", "--since", SECOND)


@pytest.mark.parametrize("crs", ["gcj02", "GCJ-02", "bd09", "EPSG:4546"])
def test_a_position_in_another_system_is_stored_in_ours(crs: str) -> None:
    import shapely

    from geo.crs import GEOGRAPHIC, bd09_from_wgs84, gcj02_from_wgs84, project

    lon, lat = np.array([CUNTAN[0]]), np.array([CUNTAN[1]])
    if crs.startswith("EPSG"):
        (point,) = project(np.array([shapely.Point(*CUNTAN)], dtype=object), GEOGRAPHIC, crs)
        given = point.x, point.y
    else:
        x, y = (bd09_from_wgs84 if crs == "bd09" else gcj02_from_wgs84)(lon, lat)
        given = float(x[0]), float(y[0])
    assert given != pytest.approx(CUNTAN, abs=1e-3)
    assert position(*given, crs) == pytest.approx(CUNTAN, abs=2e-8)


def test_a_system_or_a_position_that_is_none() -> None:
    with pytest.raises(CrsError, match="unknown"):
        position(106.5, 29.5, "mars")
    with pytest.raises(Refused, match="no place"):
        position(float("nan"), 29.5, "gcj02")
    with pytest.raises(Refused, match="both"):
        position(106.5, None, "cgcs2000")


class Script:
    """In place of the session: hands over batches, may do something between them, then stops the pipeline."""

    connected, may_connect = True, False
    steady_s, waiting, window = 3600.0, 0, 2000

    def __init__(self, *steps: list[Message] | Callable[[], object]) -> None:
        self.stop = threading.Event()
        self._steps = iter(steps)

    def take(self, **_: object) -> list[Message]:
        step = next(self._steps, self.stop.set)
        if isinstance(step, list):
            return list(step)
        step()
        return []

    def acknowledge(self, messages: list[Message]) -> None:
        """Nobody waits for it."""

    def close(self) -> None:
        """Nothing is open."""


def run(url: str, *steps: list[Message] | Callable[[], object]) -> None:
    script = Script(*steps)
    Pipeline(PipelineSettings(), url, cast(MqttSession, script), follow_clock=False).run(script.stop)


def stage(time: str, value: float = 175) -> Message:
    told = {"value": value, "time": time, "unit": "m", "datum": "wusong"}
    return Message(topic="cq/500105/cuntan/stage", payload=json.dumps(told).encode(), mid=1)


def stored(connection: Connection) -> list[str]:
    rows = connection.execute("select (time at time zone 'Asia/Shanghai')::text from readings order by time").fetchall()
    return [row[0] for row in rows]


def test_a_pipeline_hears_of_a_retirement_and_refuses_what_comes_after_it(url: str, connection: Connection) -> None:
    """The gauge is in no township: no row of its divisions changes, and the pipeline hears all the same."""
    batch = [stage("2020-08-19T23:00:00+08:00"), stage(SECOND), stage("2020-08-20T01:00:00+08:00")]
    run(url, [stage("2020-08-20T02:00:00+08:00")], lambda: retire(url, SECOND), batch)
    assert stored(connection) == ["2020-08-19 23:00:00", "2020-08-20 02:00:00"]
    kept = connection.execute("select reason, detail, time from quarantine order by time").fetchall()
    assert [row[0] for row in kept] == ["retired_sensor"] * 2
    assert f"sensor cuntan: it is retired since {SECOND}" in kept[0][1]
    assert "shijing sensor replace cuntan" in kept[0][1] and "release" in kept[0][1]
    assert kept[0][2] == datetime.fromisoformat(SECOND)
    books = connection.execute("select sum(readings - stored - repeats - quarantined) from intake").fetchone()
    assert books == (0,)


def test_what_was_refused_goes_through_once_the_retirement_is_mended(url: str, connection: Connection) -> None:
    def mend() -> None:
        correct(url, CUNTAN)
        words = ["quarantine", "release", "--reason", "retired_sensor", "--database", url]
        assert CliRunner().invoke(app, words).exit_code == 0

    retire(url, FIRST)
    run(url, [stage(SECOND)], mend, [stage("2020-08-20T01:00:00+08:00")])
    assert stored(connection) == ["2020-08-20 00:00:00", "2020-08-20 01:00:00"]
    assert connection.execute("select state from quarantine").fetchall() == [("released",)]


def test_between_a_retirement_and_a_new_instrument_nothing_is_accepted(url: str, connection: Connection) -> None:
    retire(url, FIRST)
    sensor(url, "replace", "cuntan", "--since", SECOND, "--lon", YUZHONG[0], "--lat", YUZHONG[1])
    run(url, [stage("2020-08-17T00:00:00+08:00"), stage("2020-08-19T00:00:00+08:00"), stage(SECOND)])
    assert stored(connection) == ["2020-08-17 00:00:00", "2020-08-20 00:00:00"]


@pytest.mark.parametrize("words", [("retire",), ("replace",)])
def test_whoever_keeps_the_registry_in_memory_is_woken(url: str, words: tuple[str, ...]) -> None:
    with connect(url, "test", autocommit=True) as listener:
        listener.execute("listen shijing_registry")
        sensor(url, *words, "cuntan", "--since", SECOND)
        assert list(listener.notifies(timeout=10, stop_after=1))


def test_a_place_that_someone_writes_by_hand_wakes_them_too(url: str, connection: Connection) -> None:
    with connect(url, "test", autocommit=True) as listener:
        listener.execute("listen shijing_registry")
        connection.execute("update sensor_places set source = 'survey'")
        assert list(listener.notifies(timeout=10, stop_after=1))


def test_a_retired_sensor_with_a_place_is_refused_by_the_database(url: str, connection: Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="sensor_places_retired"):
        connection.execute("update sensor_places set reason = 'retired'")
