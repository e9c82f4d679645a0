"""What each list of the API, and the stream, shows to each scope, beside the same asked of the database by its owner.

The queries below are written from docs/rights.md: they know neither the policies nor the closure of divisions.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import shapely

from access import audit
from access.accounts import add_account
from config.database import Connection
from tests.browser.accounts import ROLES, SignedIn, signed_in
from tests.browser.conftest import Running, Serve
from tests.browser.test_api import listening
from tests.browser.walk import WALKS
from tests.database.out_seed import OTHER_DISTRICT, TOWNSHIP
from tests.database.rights_city import SECOND_TOWNSHIP, VILLAGE, RightsCity, seed_rights_city

SCOPES: dict[str, list[str] | None] = {
    "a township": [TOWNSHIP],
    "another district": [OTHER_DISTRICT],
    "a village and a township": [VILLAGE, SECOND_TOWNSHIP],
    "everywhere": None,
}

# Divisions in the scope, and those around it; sensors, devices and alerts in it.
WITHIN = """
with recursive roots as (
    select distinct division_id from division_versions where %(all)s or code = any(%(codes)s)
), inside as (
    select division_id as id from roots
    union select v.division_id from division_versions v join inside on v.parent_id = inside.id
), around as (
    select division_id as id from roots
    union select v.parent_id from division_versions v join around on v.division_id = around.id
    where v.parent_id is not null
), near as (select id from inside union select id from around),
own_sensors as (
    select id from sensors where %(all)s or id in
        (select sensor_id from sensor_divisions where division_id in (select id from inside))
), own_devices as (
    select d.id from devices d where %(all)s or d.id in (select device_id from sensors where id in (table own_sensors))
        or d.name in (select b.gateway from sensors s join devices b on b.id = s.device_id
                      where s.id in (table own_sensors))
), own_alerts as (
    select * from alerts where %(all)s or township_id in (table inside) or grid_id in (table inside)
        or (subject >> 32 = 3 and (subject & 4294967295) in (table inside))
), own_incidents as (
    select * from incidents i where %(all)s or coalesce(merged_into, id) in
        (select incident_id from incident_cells
         where township_id in (table inside) or grid_id in (table inside))
), own_warnings as (
    select * from warnings where %(all)s or id in
        (select warning_id from warning_divisions where division_id in (table near))
), own_runs as (
    select * from plan_runs where %(all)s or township_id in (table inside)
), own_suppressions as (
    select * from suppressions s where %(all)s or division_id in (table near)
        or (subject is null and division_id is null)
        or (subject >> 32 = 0 and subject in (table own_sensors))
        or (subject >> 32 in (1, 2) and (subject & 4294967295) in (table own_devices))
        or (subject >> 32 = 3 and (subject & 4294967295) in (table inside))
        or (subject >> 32 = 4 and subject in (select subject from own_alerts))
)
"""
OPEN = "state in ('open', 'acknowledged', 'in_hand') and suppressed_by is null and inhibited_by is null"
THEN = "2020-08-20T01:00:00Z"

Answer = dict[str, Any]
ALERT = re.compile(r"/api/alerts/(\d+)\.cap")


def column(*path: str, key: str = "id") -> Callable[[httpx.Response], list[Any]]:
    """The values of `key` in a list that lies in an answer."""

    def of(answer: httpx.Response) -> list[Any]:
        told = answer.json()
        for name in path:
            told = told[name]
        return [one[key] for one in told]

    return of


# A list: how it is asked, which ids it shows, and the owner's query for them.
LISTS: dict[str, tuple[str, Callable[[httpx.Response], list[Any]], str]] = {
    "export": (
        "/api/boundaries/export?format=geojson",
        column("features"),
        "select b.division_id from boundary_versions b join divisions d on d.id = b.division_id"
        " where d.level = 'township' and upper_inf(b.recorded) and b.division_id in (table inside)",
    ),
    "stations": ("/api/state", column("stations"), "select id from own_sensors"),
    "values": ("/api/state", column("values"), "select id from own_sensors"),
    "board alerts": ("/api/state", column("board", "alerts"), f"select id from own_alerts where {OPEN}"),
    "runs": ("/api/state", column("board", "runs"), "select id from own_runs where state = 'open'"),
    "tasks": (
        "/api/state",
        column("board", "tasks", key="run_id"),
        "select run_id from tasks where run_id in (select id from own_runs)",
    ),
    "board incidents": (
        "/api/state",
        column("board", "notices", "incidents"),
        "select id from own_incidents where state = 'open' and level <> 'none'",
    ),
    "waiting incidents": (
        "/api/now",
        column("incidents"),
        "select id from own_incidents where state = 'open' and level <> 'none'",
    ),
    "plans with answers": (
        "/api/now",
        column("lanes"),
        "select id from own_runs where state in ('proposed', 'open')",
    ),
    "stations of then": (f"/api/then?at={THEN}", column("stations"), "select id from own_sensors"),
    "alerts of then": (f"/api/then?at={THEN}", column("board", "alerts"), f"select id from own_alerts where {OPEN}"),
    "runs of then": (
        f"/api/then?at={THEN}",
        column("board", "runs"),
        f"select id from own_runs where started_at <= '{THEN}' and coalesce(ended_at > '{THEN}', true)",
    ),
    "alerts in the chart of then": (
        "/api/then/track?from=2020-08-20T00:00:00Z",
        lambda answer: [answer.json()["red"][-1]],
        f"select count(*) from own_alerts where level = 'red' and {OPEN}",
    ),
    "board warnings": ("/api/state", column("board", "notices", "warnings"), "select id from own_warnings"),
    "alerts": ("/api/alerts?limit=500", column("alerts"), "select id from own_alerts"),
    "proposed networks of grids": (
        "/api/boundaries/proposals",
        column("proposals", key="township_id"),
        "select township_id from boundary_proposals where %(all)s or township_id in (table inside)",
    ),
    "incidents": (
        "/api/incidents?limit=500",
        column("incidents"),
        "select id from own_incidents where merged_into is null",
    ),
    "warnings": ("/api/warnings?in_force=all&limit=1000", column("warnings"), "select id from own_warnings"),
    "suppressions": ("/api/suppressions", column("suppressions"), "select id from own_suppressions"),
    "feed": (
        "/api/feed.atom?limit=200",
        lambda answer: [int(one) for one in ALERT.findall(answer.text)],
        "select id from own_alerts",
    ),
    "audit": (
        "/api/audit?limit=500",
        column("entries", key="seq"),
        "select seq from audit where %(all)s or division_id in (table inside)",
    ),
    "totals": (  # how many, and under today's map as many
        "/api/boundaries/totals?what=alerts&level=township&from=2020-01-01&to=2022-12-31&map=today",
        lambda answer: [answer.json()["sum"]],
        "select count(*) from own_alerts where opened_at < '2022-12-31 16:00Z' and not exercise",
    ),
    "townships tallied": (
        "/api/tallies?level=township",
        lambda answer: [row[0] for row in answer.json()["rows"]],
        "select id from divisions where level = 'township' and (%(all)s or id in (table inside))",
    ),
    "found": (
        "/api/search?q=gas",
        lambda answer: [one["id"] for one in answer.json()["found"] if one["kind"] == "sensor"],
        "select id from sensors where name like 'gas%%' and id in (select id from own_sensors)",
    ),
    "rules": (
        "/api/rules",
        lambda answer: [one["id"] for place in answer.json()["places"] for one in place["townships"]],
        "select distinct division_id from sensor_divisions where level = 'township'"
        " and sensor_id in (select id from own_sensors)",
    ),
    "runs under way": (
        "/api/runs",
        lambda answer: [one["run"]["id"] for one in answer.json()["lanes"]],
        "select id from own_runs where state in ('proposed', 'open')",
    ),
    "runs that are over": (
        "/api/runs",
        column("closed"),
        "select id from own_runs where state not in ('proposed', 'open')",
    ),
    "events": (
        "/api/events?limit=500",
        column("events"),
        "select id from events where %(all)s or township_id in (table inside) or village_id in (table inside)"
        " or grid_id in (table inside)",
    ),
    "drafts of boundaries": (
        "/api/boundaries/drafts",
        column("drafts"),
        "select id::text from boundary_drafts where %(all)s or root_id in (table inside)",
    ),
    "counted": (
        "/api/records/counts",
        lambda answer: [_total(answer.json())],
        "select count(*) from residents where %(all)s or division_id in (table inside)",
    ),
}


OF_RUNS = ("plans with answers", "runs", "runs of then", "tasks", "runs under way", "runs that are over")


def _total(told: Answer) -> int:
    """Of the one division that was looked into, or of all that the scope has."""
    if told["counts"] is not None:
        return int(told["counts"]["total"])
    return sum(one["total"] for one in told["divisions"])


@pytest.fixture
def city(connection: Connection) -> RightsCity:
    found = seed_rights_city(connection)
    somebody = add_account(connection, "somebody")
    for division in found.divisions.values():  # in each a resident and an act; in none an act of the whole system
        connection.execute(
            "insert into residents (id, division_id, kind, valid)"
            " values (gen_random_uuid(), %s, 'elder', tstzrange('2020-01-01', null))",
            (division,),
        )
        with connection.transaction():
            audit.append(connection, act="role.granted", actor=None, division_id=division)
        connection.execute(
            "insert into boundary_drafts (root_id, level, title, base_at, base_recorded, opened_by)"
            " values (%s, 'grid', '试验草案', now(), now(), %s)",
            (division, somebody),
        )
    connection.execute(
        "insert into boundary_proposals (township_id, seed, settings, inputs, grids, quality)"
        " select id, 1, '{}', '', 1, '{}' from divisions where level = 'township'"
    )
    return found


@pytest.fixture
def running(database_url: str, city: RightsCity, serve: Serve) -> Running:
    return serve(database_url)


@pytest.fixture(params=SCOPES)
def codes(request: pytest.FixtureRequest) -> list[str] | None:
    return SCOPES[request.param]


@pytest.fixture
def asking(connection: Connection, city: RightsCity, running: Running, codes: list[str] | None) -> SignedIn:
    """Somebody with every role for the scope."""
    where = [None] if codes is None else [city.divisions[code] for code in codes]
    return signed_in(connection, "asking", [(role, one) for role in ROLES for one in where])


@pytest.fixture
def client(running: Running, asking: SignedIn) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, timeout=30, headers=asking.headers) as opened:
        yield opened


def owners(connection: Connection, codes: list[str] | None, query: str) -> list[Any]:
    values = {"all": codes is None, "codes": codes or []}
    return [row[0] for row in connection.execute((WITHIN + query).encode(), values).fetchall()]


def test_every_list_is_compared() -> None:
    """Of what the API answers, what is no list of one's own: one by its number, names, map layers, rule texts."""
    asked = {path.partition("?")[0] for path, _, _ in LISTS.values()}
    lists = {path for method, path in WALKS if method == "GET" and path.startswith("/api/") and "{" not in path}
    public = {"/api/names", "/api/layers/rivers.geojson", "/api/openapi.json", "/api/rules/history"}
    # Of one division that is named; and what a worker has, which goes by the person (test_worker_api.py).
    public |= {"/api/boundaries/belonging", "/api/boundaries/divisions", "/api/boundaries/totals.xlsx"}
    public |= {"/api/now/standing", "/api/now/tour"}  # numbers, and districts, which are everybody's
    public |= {"/api/path", "/api/run-choices", "/api/events/figures", "/api/stream"}
    public |= {"/api/scene/kinds", "/api/scene/things"}
    public |= {"/api/run-choices", "/api/events/figures", "/api/stream"}
    public |= {"/api/figures", "/api/figures/strip"}  # counts: test_figures.py, test_figures_page.py
    asked |= {path for path in lists if path.startswith("/api/worker/")}
    assert lists - public == asked


def test_every_list_shows_what_the_owner_finds_for_the_scope(
    client: httpx.Client, connection: Connection, codes: list[str] | None
) -> None:
    connection.execute(  # of each run one of its plan that is over
        "insert into plan_runs (plan_id, township_id, level, state, started_at, ended_at)"
        " select plan_id, township_id, level, 'terminated', started_at, now() from plan_runs"
    )
    connection.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
        " select id, %s, 1e6, true, 'scope' from divisions d where level = 'township'"
        " and not exists (select from boundary_versions b where b.division_id = d.id)",
        (shapely.to_wkb(shapely.box(106.5, 29.5, 106.51, 29.51)),),
    )
    for name, (path, shown, query) in LISTS.items():
        expected = owners(connection, codes, query)  # before: what is asked may write itself down
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        assert set(shown(answer)) == set(expected), name
        has_none = name in OF_RUNS and codes == SCOPES["a village and a township"]
        assert expected or has_none, f"{name}: nothing was compared"


def test_one_by_one_there_is_what_the_lists_show(
    client: httpx.Client, connection: Connection, city: RightsCity, codes: list[str] | None
) -> None:
    ones = {
        "/api/alerts/{}": (city.alerts, "own_alerts"),
        "/api/alerts/{}/transitions": (city.alerts, "own_alerts"),
        "/api/alerts/{}.cap": (city.alerts, "own_alerts"),
        "/api/incidents/{}": (city.incidents, "own_incidents"),
        "/api/warnings/{}": (city.warnings, "own_warnings"),
        "/api/sensors/{}/series": (city.sensors, "own_sensors"),
        "/api/divisions/{}/card": (city.divisions, "inside"),
        "/api/scene/things?in={}": (city.divisions, "inside"),
        "/api/boundaries/belonging?sensor={}": (city.sensors, "own_sensors"),
        "/api/boundaries/belonging?alert={}": (city.alerts, "own_alerts"),
        "/api/boundaries/belonging?run={}": (city.runs, "own_runs"),
    }
    for path, (known, table) in ones.items():
        expected = set(owners(connection, codes, f"select id from {table}"))
        found = {number for number in known.values() if client.get(path.format(number)).status_code == 200}
        assert found == expected & set(known.values()), path
    alerts = set(owners(connection, codes, "select id from own_alerts"))
    for number in owners(connection, codes, "select id from own_incidents"):
        assert set(client.get(f"/api/incidents/{number}").json()["alert_ids"]) <= alerts


def test_the_stream_tells_the_scope_and_nothing_else(
    running: Running, asking: SignedIn, connection: Connection, codes: list[str] | None
) -> None:
    expected = {
        kind: set(owners(connection, codes, f"select id from own_{kind}s"))
        for kind in ("alert", "run", "incident", "warning", "sensor")
    }
    theirs = SimpleNamespace(url=running.url, headers=asking.headers)
    told: dict[str, set[int]] = {kind: set() for kind in ("alert", "run", "incident", "warning")}
    with listening(theirs, after=0) as events:
        for _, event, data in events:
            if event == "snapshot":
                break
            if event in told:
                told[event] |= set(data["warning_ids"]) if event == "warning" else {data[f"{event}_id"]}
        assert told == {kind: expected[kind] for kind in told}
        assert {one["id"] for one in data["stations"]} == expected["sensor"]
        now = datetime.now(UTC)
        for sensor in connection.execute("select id from sensors order by id").fetchall():
            connection.execute("select ensure_readings_partition(%s::date)", (now.date(),))
            connection.execute(
                "insert into readings (sensor_id, time, value, late, judged) values (%s, %s, 2, false, true)",
                (sensor[0], now),
            )
        connection.execute("notify shijing_readings, 'cq'")
        heard: set[int] = set()
        while heard != expected["sensor"]:
            event, data = next((event, data) for _, event, data in events if event == "readings")
            heard |= {one["id"] for one in data}
            assert heard <= expected["sensor"], json.dumps(data)
