"""As it was then, as we knew it then, and under today's map: for points, sensors, readings, alerts, runs and events."""

from datetime import datetime

import psycopg
import pytest

from boundaries.belonging import views_of
from config.database import Connection
from geo.default_data import LIANGJIANG_BEGINS
from geo.defaults import import_defaults
from geo.history import Asked, Look, Path, Point, Sensor, Views, belonging, look_up, views
from geo.hits import keep_hits
from geo.lineage import counterparts, find, lineage_of, shares_of, versions_of
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

NOW = at(2026, 11, 27)
CUNTAN = (106.60, 29.62)  # a street of Jiangbei, of Liangjiang since 2025-11-06


def names(path: Path) -> list[str]:
    return [one.name for one in path.divisions]


def one(connection: Connection, asked: Asked, now: datetime = NOW) -> Views:
    (found,) = views(connection, [asked], now=now)
    return found


@pytest.fixture
def chongqing(connection: Connection) -> Connection:
    import_defaults(connection)
    return connection


@pytest.fixture
def country(connection: Connection) -> Country:
    return Country(connection)


def test_a_reading_of_2024_in_a_street_of_jiangbei_is_liangjiangs_under_todays_map(chongqing: Connection) -> None:
    cuntan = sensor(chongqing, "cuntan")
    place(chongqing, cuntan, ALWAYS, at(2024), CUNTAN)
    found = one(chongqing, Asked(thing=Sensor(id=cuntan), at=at(2024, 7, 1)))
    assert names(found.then) == ["重庆市", "江北区", "寸滩街道"]
    assert names(found.today) == ["重庆市", "两江新区", "寸滩街道"]
    assert [step.code for step in found.then.divisions] == ["500000", "500105", "500105005"]
    assert [step.code for step in found.today.divisions] == ["500000", "500157", "500157004"]
    # The divisions themselves were written down later than 2024: of what was known then there is nothing.
    assert names(found.known_then) == []
    assert one(chongqing, Asked(thing=Point(lon=CUNTAN[0], lat=CUNTAN[1]), at=at(2024, 7, 1))).today == found.today
    # The instant of the order belongs to the new map, the one before it to the old.
    instants = [LIANGJIANG_BEGINS.replace(year=2025), at(2025, 11, 5, 15, 59)]
    after, before = look_up(chongqing, [Look(thing=Sensor(id=cuntan), at=t, map_at=t) for t in instants])
    assert (names(after)[1], names(before)[1]) == ("两江新区", "江北区")


def test_todays_readings_belong_to_what_was_there_before_under_the_map_of_2024(chongqing: Connection) -> None:
    point = Point(lon=CUNTAN[0], lat=CUNTAN[1])
    (found,) = look_up(chongqing, [Look(thing=point, at=NOW, map_at=at(2024))])
    assert names(found) == ["重庆市", "江北区", "寸滩街道"]


def test_a_path_goes_from_the_city_to_the_grid(connection: Connection, country: Country) -> None:
    lon, lat = middle(1)
    path = belonging(connection, Point(lon=lon, lat=lat), at(2024))
    assert [step.level for step in path.divisions] == ["city", "district", "township", "village", "grid"]
    assert names(path) == ["City", "East", "A", "V", "G1"]
    lon, lat = middle(9)
    assert belonging(connection, Point(lon=lon, lat=lat), at(2024)) == Path()


def test_on_a_shared_border_the_lowest_division_has_it_as_with_sensors(
    connection: Connection, country: Country
) -> None:
    lon, lat = middle(1.5)
    assert names(belonging(connection, Point(lon=lon, lat=lat), at(2024)))[2] == "A"


def test_a_correction_changes_what_was_and_not_what_was_known(connection: Connection, country: Country) -> None:
    gauge = sensor(connection, "gauge")
    place(connection, gauge, ALWAYS, at(2020), middle(2))
    place(connection, gauge, ALWAYS, at(2026), middle(4))  # it never stood there
    found = one(connection, Asked(thing=Sensor(id=gauge), at=at(2024), recorded=at(2025)))
    assert (names(found.then), names(found.known_then)) == (["City", "West", "C"], ["City", "East", "B"])
    later = one(connection, Asked(thing=Sensor(id=gauge), at=at(2024), recorded=at(2026, 2)))
    assert later.known_then == later.then


def test_a_back_dated_change_was_not_known_at_the_time(connection: Connection, country: Country) -> None:
    changed = at(2026, 3)  # written down in March, holding since the January of the year before
    rewrite(connection, "division_versions", country.b, span(at(2025)), changed,
            {"parent_id": country.west, "code": "500102002", "name": "B", "source": "test"})  # fmt: skip
    lon, lat = middle(3)
    asked = Asked(thing=Point(lon=lon, lat=lat), at=at(2025, 6))
    found = one(connection, asked)
    assert (found.then.of("district"), found.known_then.of("district")) != (None, None)
    assert names(found.then)[1] == "West" and names(found.known_then)[1] == "East"
    assert names(one(connection, Asked(thing=asked.thing, at=at(2024))).then)[1] == "East"
    assert names(one(connection, Asked(thing=asked.thing, at=at(2025, 6), recorded=changed)).known_then)[1] == "West"


def test_a_split_shows_its_parts_under_todays_map(connection: Connection, country: Country) -> None:
    half = division(connection, "township", "500101003", country.east, 1, name="A2", valid=span(at(2025)),
                    recorded=at(2025))  # fmt: skip
    draw(connection, country.a, span(at(2025)), at(2025), 0)
    connection.execute(
        "insert into division_lineage (kind, from_id, to_id, effective, recorded_at, note)"
        " values ('split', %s, %s, %s, %s, 'order 1')", (country.a, half, at(2025), at(2025)),
    )  # fmt: skip
    gauge = sensor(connection, "gauge")
    place(connection, gauge, ALWAYS, at(2020), middle(1))
    found = one(connection, Asked(thing=Sensor(id=gauge), at=at(2024)))
    assert (names(found.then)[2], names(found.today)[2], names(found.known_then)[2]) == ("A", "A2", "A")
    lineage = lineage_of(connection, country.a, now=NOW)
    assert [(c.kind, c.from_name, c.to_name, c.forward, c.note) for c in lineage.changes] == [
        ("split", "A", "A2", True, "order 1")
    ]
    assert [(s.name, s.share) for s in lineage.successors] == [
        ("A", pytest.approx(0.5, abs=1e-4)), ("A2", pytest.approx(0.5, abs=1e-4))
    ]  # fmt: skip
    assert [c.forward for c in lineage_of(connection, half, now=NOW).changes] == [False]
    assert lineage_of(connection, country.a, now=NOW, known=at(2024)).changes == []


def test_a_merge_shows_the_whole_under_todays_map(connection: Connection, country: Country) -> None:
    for gone in (country.a, country.b):
        rewrite(connection, "division_versions", gone, span(at(2025)), at(2025), None)
        draw(connection, gone, span(at(2025)), at(2025))
    whole = division(connection, "township", "500101009", country.east, 0, 1, 2, 3, name="AB",
                     valid=span(at(2025)), recorded=at(2025))  # fmt: skip
    for gone in (country.a, country.b):
        connection.execute(
            "insert into division_lineage (kind, from_id, to_id, effective, recorded_at)"
            " values ('merge', %s, %s, %s, %s)", (gone, whole, at(2025), at(2025)),
        )  # fmt: skip
    lon, lat = middle(3)
    found = one(connection, Asked(thing=Point(lon=lon, lat=lat), at=at(2024)))
    assert (names(found.then)[2], names(found.today)[2]) == ("B", "AB")
    assert counterparts(connection, [(country.a, at(2024)), (whole, NOW)], at(2024)) == {
        (country.a, at(2024)): country.a,
        (whole, NOW): country.a,  # half of it each: the lower id
    }
    shares = shares_of(connection, [(whole, NOW)], at(2024))[0]
    assert shares == [(country.a, pytest.approx(0.5, abs=1e-4)), (country.b, pytest.approx(0.5, abs=1e-4))]
    changes = lineage_of(connection, whole, now=NOW).changes
    assert [(c.kind, c.from_name, c.to_name, c.forward) for c in changes] == [
        ("merge", "A", "AB", False), ("merge", "B", "AB", False)
    ]  # fmt: skip


def test_a_lineage_is_followed_further_than_one_step(connection: Connection, country: Country) -> None:
    for kind, begin, end, when in (("merge", country.a, country.b, at(2023)), ("merge", country.b, country.c, at(2024)),
                                   ("rename", country.c, country.c, at(2025))):  # fmt: skip
        connection.execute(
            "insert into division_lineage (kind, from_id, to_id, effective, recorded_at) values (%s, %s, %s, %s, %s)",
            (kind, begin, end, when, when),
        )
    assert [c.effective for c in lineage_of(connection, country.a).changes] == [at(2023), at(2024), at(2025)]
    backwards = lineage_of(connection, country.c).changes
    assert [c.forward for c in backwards] == [False, False, True]


def test_a_sensor_that_moved_is_asked_where_it_stood_then(connection: Connection, country: Country) -> None:
    gauge = sensor(connection, "gauge")
    place(connection, gauge, ALWAYS, at(2020), middle(0))
    place(connection, gauge, span(at(2025)), at(2025), middle(5))
    found = one(connection, Asked(thing=Sensor(id=gauge), at=at(2024)))
    assert names(found.today)[2] == "A"
    assert names(one(connection, Asked(thing=Sensor(id=gauge), at=at(2026))).today)[2] == "C"


def test_what_is_written_down_answers_as_what_is_looked_up(connection: Connection, country: Country) -> None:
    gauge = sensor(connection, "gauge")
    place(connection, gauge, ALWAYS, at(2020), middle(1))
    asked = Asked(thing=Sensor(id=gauge), at=at(2024))
    fresh = one(connection, asked)
    assert keep_hits(connection) > 0
    assert one(connection, asked) == fresh
    assert keep_hits(connection) == 0
    draw(connection, country.a, span(at(2024)), at(2025), 0)  # new boundaries, and the sensor is known already
    draw(connection, country.b, span(at(2024)), at(2025), 1, 2, 3)
    redrawn = one(connection, asked)
    assert names(redrawn.then)[2] == "B"
    keep_hits(connection)
    assert one(connection, asked) == redrawn
    connection.execute("update sensor_places set lon = %s where sensor_id = %s", (middle(5)[0], gauge))
    assert names(one(connection, asked).then)[2] == "C"  # written over by hand: tested again


def test_an_assignment_of_sensors_writes_the_hits_down(connection: Connection, country: Country) -> None:
    place(connection, sensor(connection, "gauge"), ALWAYS, at(2020), middle(1))
    assign_sensors(connection)
    assert keep_hits(connection) == 0


def test_then_is_what_sensors_are_assigned_to(chongqing: Connection) -> None:
    numbers = []
    for n in range(60):
        numbers.append(sensor(chongqing, f"s{n}"))
        place(chongqing, numbers[-1], ALWAYS, at(2020), (106.2 + n % 10 * 0.06, 29.4 + n // 10 * 0.06))
    assign_sensors(chongqing)
    for when in (at(2024), at(2026)):
        paths = look_up(chongqing, [Look(thing=Sensor(id=number), at=when, map_at=when) for number in numbers])
        for number, path in zip(numbers, paths, strict=True):
            assigned = dict(
                chongqing.execute(
                    "select level, division_id from sensor_divisions where sensor_id = %s and valid @> %s::timestamptz",
                    (number, when),
                ).fetchall()
            )
            assert {step.level: step.id for step in path.divisions if step.level != "city"} == assigned


def test_alerts_events_and_runs_are_asked_by_their_number(connection: Connection, country: Country) -> None:
    gauge = sensor(connection, "gauge")
    place(connection, gauge, ALWAYS, at(2020), middle(3))
    asked = [
        ("alert", alert(connection, at(2024), sensor_id=gauge)),
        ("alert", alert(connection, at(2024), within=country.b)),
        ("alert", alert(connection, at(2024), within=country.b, where=middle(2))),
        ("run", run(connection, country.b, at(2024))),
        ("event", event(connection, country.b, at(2024), middle(2))),
        ("event", event(connection, country.b, at(2024))),
    ]
    rewrite(connection, "division_versions", country.b, span(at(2025)), at(2025), None)
    draw(connection, country.b, span(at(2025)), at(2025))
    draw(connection, country.c, span(at(2025)), at(2025), 2, 3, 4, 5)
    for kind, number in asked:
        found = views_of(connection, kind, number, now=NOW)  # type: ignore[arg-type]
        assert found is not None
        assert [names(path) for path in (found.then, found.known_then, found.today)] == [
            ["City", "East", "B"], ["City", "East", "B"], ["City", "West", "C"]
        ], kind  # fmt: skip
    assert views_of(connection, "alert", 999) is None


def test_the_changes_of_2025_are_told_from_all_sides(chongqing: Connection) -> None:
    (yubei,) = [one for one in find(chongqing, "渝北区") if one.level == "district"]
    assert yubei.until == at(2025, 11, 5, 16)
    lineage = lineage_of(chongqing, yubei.id, now=NOW)
    assert [(c.kind, c.from_name, c.forward) for c in lineage.changes] == [("abolished", "渝北区", True)]
    assert {(m.other, m.came): m.count for m in lineage.moved} == {("北碚区", False): 5, ("两江新区", False): 25}
    assert [s.name for s in lineage.successors] == ["两江新区", "北碚区"]
    assert sum(s.share or 0 for s in lineage.successors) == pytest.approx(1, abs=1e-3)
    (liangjiang,) = find(chongqing, "500157")
    moved = lineage_of(chongqing, liangjiang.id, now=NOW).moved
    assert {(m.other, m.count) for m in moved if m.came} == {("江北区", 12), ("渝北区", 25), ("北碚区", 5)}
    # By the code and by the name that it had before.
    assert find(chongqing, "500105005")[0].id == find(chongqing, "500157004")[0].id
    assert find(chongqing, "大木乡")[0].name == "大木镇"
    versions = versions_of(chongqing, find(chongqing, "500105005")[0].id)
    assert [(v.parent, v.code) for v in versions] == [("江北区", "500105005"), ("两江新区", "500157004")]


@pytest.mark.parametrize("doubled", [{"code": "500101002", "name": "new"}, {"code": "500101009", "name": "B"}])
def test_a_code_and_a_name_are_one_divisions_in_its_parent(
    connection: Connection, country: Country, doubled: dict[str, str]
) -> None:
    about = {"parent_id": country.east, "source": "test", **doubled}
    with pytest.raises(psycopg.errors.ExclusionViolation, match="in_parent"):
        rewrite(connection, "division_versions", country.a, span(at(2025)), at(2025), about)


def test_a_code_that_is_free_again_may_be_given_and_so_may_one_of_another_parent(
    connection: Connection, country: Country
) -> None:
    rewrite(connection, "division_versions", country.b, span(at(2025)), at(2025), None)
    division(connection, "township", "500101002", country.east, name="B", valid=span(at(2025)), recorded=at(2025))
    division(connection, "township", "500102009", country.west, name="B")


def test_two_may_change_their_names_in_one_transaction(connection: Connection, country: Country) -> None:
    with connection.transaction():
        connection.execute("set constraints one_name_in_parent, one_code_in_parent deferred")
        for number, name in ((country.a, "B"), (country.b, "A")):
            about = {"parent_id": country.east, "source": "test", "code": f"5001010{number % 90 + 10}", "name": name}
            rewrite(connection, "division_versions", number, span(at(2025)), at(2025), about)
    lon, lat = middle(0)
    assert names(belonging(connection, Point(lon=lon, lat=lat), at(2026)))[2] == "B"
