"""What each scope shows of each table, beside the same worked out in Python from all the rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from access.readers import ReaderLogin, ScopedPool
from access.scope import EVERYWHERE, NOWHERE, Scope, as_reader, narrow, read_seal
from config.database import Connection, connect
from ingest.upkeep import Retention, run_upkeep
from tests.database.out_seed import DISTRICT, GRID, OTHER_DISTRICT, OTHER_TOWNSHIP, TOWNSHIP, add_division, division
from tests.database.rights_city import VILLAGE, RightsCity, seed_rights_city
from web.state import read_snapshot

pytestmark = pytest.mark.storage

Row = dict[str, Any]
_LOW = (1 << 32) - 1

SCOPES: dict[str, list[str] | None] = {
    "nowhere": [],
    "grid": [GRID],
    "village": [VILLAGE],
    "township": [TOWNSHIP],
    "other township": [OTHER_TOWNSHIP],
    "district": [DISTRICT],
    "two townships": [TOWNSHIP, OTHER_TOWNSHIP],
    "two districts": [DISTRICT, OTHER_DISTRICT],
    "everywhere": None,
}


@pytest.fixture
def city(connection: Connection) -> RightsCity:
    return seed_rights_city(connection)


@contextmanager
def reader(url: str, scope: Scope | None) -> Iterator[Connection]:
    """A connection as pages have it; None: one that was never given a scope."""
    with connect(url, "reader", autocommit=True) as connection:
        seal = read_seal(connection)
        as_reader(connection)
        if scope is not None:
            narrow(connection, scope, seal)
        yield connection


def scope_of(city: RightsCity, codes: list[str] | None) -> Scope:
    return EVERYWHERE if codes is None else Scope(divisions=frozenset(city.divisions[code] for code in codes))


class Model:
    """All the rows, and which of them a scope shows: written from docs/rights.md, not from the policies."""

    def __init__(self, connection: Connection, roots: set[int] | None) -> None:
        self.all = roots is None
        self._connection = connection
        parents = {row["division_id"]: row["parent_id"] for row in self.rows("division_versions")}
        self.inside = {one for one in parents if roots and self._chain(parents, one) & roots}
        above = {up for root in roots or () for up in self._chain(parents, root)}
        self.around = self.inside | above
        lies = self.rows("sensor_divisions")
        self.sensors = {row["sensor_id"] for row in lies if row["division_id"] in self.inside}

    @staticmethod
    def _chain(parents: dict[int, int | None], start: int) -> set[int]:
        found, at = set(), start
        while at is not None:
            found.add(at)
            at = parents[at]  # type: ignore[assignment]
        return found

    def rows(self, table: str) -> list[Row]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(table))).fetchall()

    def of(self, table: str, shows: Callable[[Row], bool]) -> list[Row]:
        return [row for row in self.rows(table) if self.all or shows(row)]

    def ids(self, table: str, shows: Callable[[Row], bool], column: str = "id") -> set[Any]:
        return {row[column] for row in self.of(table, shows)}

    def alert(self, row: Row) -> bool:
        of_division = row["subject"] >> 32 == 3 and row["subject"] & _LOW in self.inside
        return row["township_id"] in self.inside or row["grid_id"] in self.inside or of_division

    def expected(self) -> dict[str, set[Any]]:
        alerts = self.ids("alerts", self.alert)
        devices = self._devices()
        cells = self.of(
            "incident_cells", lambda row: row["township_id"] in self.inside or row["grid_id"] in self.inside
        )
        touched = {row["incident_id"] for row in cells}
        incidents = self.ids("incidents", lambda row: (row["merged_into"] or row["id"]) in touched)
        runs = self.ids("plan_runs", lambda row: row["township_id"] in self.inside)
        warnings = {
            row["warning_id"] for row in self.of("warning_divisions", lambda r: r["division_id"] in self.around)
        }
        lies = ("grid_id", "village_id", "township_id")
        reported = self.ids("events", lambda row: any(row[place] in self.inside for place in lies))
        shown = {"alert": alerts, "run": runs, "incident": incidents, "event": reported}
        subjects = {row["subject"] for row in self.of("alerts", self.alert)}

        def suppression(row: Row) -> bool:
            kind, low = (None, None) if row["subject"] is None else (row["subject"] >> 32, row["subject"] & _LOW)
            if row["division_id"] in self.around or (row["subject"] is None and row["division_id"] is None):
                return True
            by_kind = {0: self.sensors, 1: devices, 2: devices, 3: self.inside}
            return low in by_kind[kind] if kind in by_kind else row["subject"] in subjects

        def event(row: Row) -> bool:
            if row["kind"] == "warning":
                return bool(warnings & set(row["payload"]["warning_ids"]))
            key = f"{row['kind']}_id"
            return row["kind"] == "divisions" or row["payload"][key] in shown[row["kind"]]

        return {
            "sensors": self.ids("sensors", lambda row: row["id"] in self.sensors),
            "sensor_places": self.ids("sensor_places", lambda row: row["sensor_id"] in self.sensors),
            "devices": self.ids("devices", lambda row: row["id"] in devices),
            "readings": self.ids("readings", lambda row: row["sensor_id"] in self.sensors, "sensor_id"),
            "alerts": alerts,
            "alert_transitions": self.ids("alert_transitions", lambda row: row["alert_id"] in alerts),
            "incidents": incidents,
            "incident_transitions": self.ids(
                "incident_transitions",
                lambda row: row["incident_id"] in incidents and row["alert_id"] in alerts | {None},
            ),
            "plan_runs": runs,
            "run_transitions": self.ids("run_transitions", lambda row: row["run_id"] in runs),
            "tasks": self.ids("tasks", lambda row: row["run_id"] in runs),
            "events": reported,
            "event_steps": self.ids("event_steps", lambda row: row["event_id"] in reported),
            "suppressions": self.ids("suppressions", suppression),
            "warnings": self.ids("warnings", lambda row: row["id"] in warnings),
            "live_events": self.ids("live_events", event),
            "actors": self.ids("actors", lambda _: False),
        }

    def _devices(self) -> set[int]:
        sensors = [row for row in self.rows("sensors") if row["id"] in self.sensors]
        own = {row["device_id"] for row in sensors}
        gateways = {row["gateway"] for row in self.rows("devices") if row["id"] in own}
        return {row["id"] for row in self.rows("devices") if row["id"] in own or row["name"] in gateways}


def shown_by(connection: Connection, table: str) -> set[Any]:
    column = "sensor_id" if table == "readings" else "id"
    query = sql.SQL("select {} from {}").format(sql.Identifier(column), sql.Identifier(table))
    return {row[0] for row in connection.execute(query)}


@pytest.mark.parametrize("name", SCOPES)
def test_each_scope_shows_what_it_should(
    name: str, database_url: str, connection: Connection, city: RightsCity
) -> None:
    codes = SCOPES[name]
    roots = None if codes is None else {city.divisions[code] for code in codes}
    expected = Model(connection, roots).expected()
    with reader(database_url, scope_of(city, codes)) as asking:
        assert {table: shown_by(asking, table) for table in expected} == expected
    assert name == "nowhere" or all(expected[table] for table in ("sensors", "alerts", "suppressions", "warnings"))


@pytest.mark.parametrize("name", SCOPES)
def test_the_first_view_has_the_sensors_of_the_scope(
    name: str, database_url: str, connection: Connection, city: RightsCity
) -> None:
    """What functions with the owner's rights find for it, beside the tables as the policies show them."""
    codes = SCOPES[name]
    expected = Model(connection, None if codes is None else {city.divisions[code] for code in codes}).expected()
    with reader(database_url, scope_of(city, codes)) as asking:
        view = read_snapshot(asking)
    assert {station.id for station in view.stations} == expected["sensors"]
    assert {value.id for value in view.values} == expected["readings"]
    assert view.board.counts.sensors == len(expected["sensors"])


def test_a_township_sees_what_was_meant(database_url: str, city: RightsCity) -> None:
    """The same once more in names, so that an error in the model does not hide one in the policies."""
    with reader(database_url, scope_of(city, [TOWNSHIP])) as asking:

        def names(table: str, of: dict[str, int]) -> set[str]:
            ids = shown_by(asking, table)
            return {name for name, number in of.items() if number in ids}

        assert names("sensors", city.sensors) == {"cuntan", "gas-a"}
        assert names("devices", city.devices) == {"cuntan", "gas-a", "gate"}
        assert names("alerts", city.alerts) == {"cuntan", "gas-a", "device", "count-a", "report-a"}
        assert names("incidents", city.incidents) == {"both", "merged"}
        assert names("warnings", city.warnings) == {"city", "district", "a"}
        assert names("suppressions", city.suppressions) == {
            *("rule", "500000", DISTRICT, TOWNSHIP, GRID),
            *("gas-a", "device-gas-a", "gate", "division-a", "report-a"),
        }


def test_without_a_scope_there_is_nothing(database_url: str, city: RightsCity) -> None:
    for scope in (None, NOWHERE):
        with reader(database_url, scope) as asking:
            for table in ("sensors", "devices", "readings", "alerts", "incidents", "plan_runs", "tasks", "warnings"):
                assert shown_by(asking, table) == set(), table


@pytest.mark.parametrize(
    "table",
    ["accounts", "account_roles", "sessions", "sign_in_links", "api_tokens", "unknown_names", "rule_states",
     "refused_warnings", "warning_feeds", "resident_details", "event_private"],
)  # fmt: skip
def test_what_pages_do_not_read_they_cannot(table: str, database_url: str) -> None:
    with reader(database_url, EVERYWHERE) as asking, pytest.raises(psycopg.errors.InsufficientPrivilege):
        asking.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))


@pytest.mark.parametrize("table", ["alerts", "sensors", "warnings", "suppressions", "plan_runs", "rule_sets"])
def test_pages_change_nothing(table: str, database_url: str) -> None:
    with reader(database_url, EVERYWHERE) as asking, pytest.raises(psycopg.errors.InsufficientPrivilege):
        asking.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))


def test_each_table_that_pages_read_is_narrowed_or_named_here(connection: Connection) -> None:
    """A table that is granted without row-level security is shown whole: each of them on purpose."""
    rows = connection.execute(
        "select relname from pg_class join pg_namespace n on n.oid = relnamespace where nspname = 'public'"
        " and relkind in ('r', 'p') and not relrowsecurity"
        " and has_table_privilege('shijing_web', pg_class.oid, 'select')"
    ).fetchall()
    whole = {row[0] for row in rows}
    assert whole - {"readings"} == {
        # the map: every division is public
        *("divisions", "division_versions", "boundary_versions", "division_lineage", "division_touches"),
        *("division_closure", "boundary_boxes", "division_changes", "hits_kept"),
        *("sensor_divisions", "points_tested"),  # numbers alone
        *("rule_sets", "partitions", "intake", "instance"),  # of the whole installation
    }


def test_a_connection_of_the_pool_forgets_whom_it_served(database_url: str, city: RightsCity) -> None:
    pool = ScopedPool(ReaderLogin(database_url), size=1)
    try:
        with pool.connection(EVERYWHERE, 5) as first:
            assert len(shown_by(first, "sensors")) == len(city.sensors)
        with pool.connection(NOWHERE, 5) as second:
            assert shown_by(second, "sensors") == set()
        with pytest.raises(ZeroDivisionError), pool.connection(EVERYWHERE, 5) as third, third.transaction():
            raise ZeroDivisionError
        with pool.connection(scope_of(city, [TOWNSHIP]), 5) as fourth:
            assert len(shown_by(fourth, "sensors")) == 2
    finally:
        pool.close()


def closure(connection: Connection, ancestor: int) -> set[int]:
    rows = connection.execute("select descendant_id from division_closure where ancestor_id = %s", (ancestor,))
    return {row[0] for row in rows}


def test_the_closure_follows_what_is_imported(connection: Connection, city: RightsCity) -> None:
    assert closure(connection, city.divisions[OTHER_TOWNSHIP]) == {
        city.divisions[OTHER_TOWNSHIP],
        division(connection, "500106004001001"),
    }
    added = add_division(connection, "grid", "500106004001002", "新网格", city.divisions[OTHER_TOWNSHIP])
    assert added in closure(connection, city.divisions[OTHER_DISTRICT])


def move_township(connection: Connection, city: RightsCity, at: datetime) -> None:
    """The first township goes to the other district, from then on."""
    township, district = city.divisions[TOWNSHIP], city.divisions[OTHER_DISTRICT]
    with connection.transaction():
        connection.execute(
            "update division_versions set recorded = tstzrange(lower(recorded), now()) where division_id = %s",
            (township,),
        )
        for valid, parent in (((None, at), city.divisions[DISTRICT]), ((at, None), district)):
            connection.execute(
                "insert into division_versions (division_id, parent_id, code, name, source, valid) values"
                " (%s, %s, %s, '寸滩街道', 'test', tstzrange(%s, %s))",
                (township, parent, TOWNSHIP, *valid),
            )


def test_a_township_that_changed_districts_is_seen_there(
    database_url: str, connection: Connection, city: RightsCity
) -> None:
    move_township(connection, city, datetime.now(UTC) - timedelta(hours=1))
    assert city.divisions[GRID] in closure(connection, city.divisions[OTHER_DISTRICT])
    with reader(database_url, scope_of(city, [DISTRICT])) as asking:
        assert city.alerts["cuntan"] not in shown_by(asking, "alerts")
    with reader(database_url, scope_of(city, [OTHER_DISTRICT])) as asking:
        assert city.alerts["cuntan"] in shown_by(asking, "alerts")


def test_what_becomes_valid_by_time_alone_is_taken_over_by_upkeep(connection: Connection, city: RightsCity) -> None:
    row = connection.execute("select clock_timestamp() + interval '50 milliseconds'").fetchone()
    assert row is not None
    move_township(connection, city, row[0])
    assert city.divisions[GRID] not in closure(connection, city.divisions[OTHER_DISTRICT])
    connection.execute("select pg_sleep_for(greatest(%s - clock_timestamp(), interval '0'))", (row[0],))
    now = datetime.now(UTC)
    run_upkeep(connection, now=now, wall=now, ahead_days=0, keep=Retention())
    assert city.divisions[GRID] in closure(connection, city.divisions[OTHER_DISTRICT])
    assert city.divisions[GRID] not in closure(connection, city.divisions[DISTRICT])
