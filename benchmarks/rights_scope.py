"""What session and scope add to a request: a city of 100,000 sensors and 62,000 grids, asked with and without.

Without: the same server, told who asks and reading as the owner, past every policy.
"""

import http.client
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
from psycopg_pool import ConnectionPool

from access.accounts import account_of, add_account, grant
from access.rights import load_roles
from access.scope import EVERYWHERE, Scope, as_reader, narrow, read_seal
from access.sessions import Origin, open_session
from access.viewer import Viewer
from config.access_settings import SignInSettings
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate
from config.settings import WebSettings
from web import viewing
from web.app import create_app
from web.listening import listening_socket
from web.serve import Server
from web.state import QUERIES

SENSORS, GRIDS, TOWNSHIPS, DISTRICTS, ALERTS = 100_000, 62_000, 1031, 41, 100_000
ROUNDS = 200

# Sensors lie evenly; the first district has some 2,400 of them, and the second 5,000 more.
_CITY = """
insert into divisions (level)
select 'city' union all select 'district' from generate_series(1, %(districts)s)
union all select 'township' from generate_series(1, %(townships)s)
union all select 'grid' from generate_series(1, %(grids)s)
"""
_NAMES = """
insert into division_versions (division_id, parent_id, code, name, source)
select id, case level when 'district' then 1
                when 'township' then 2 + (id - 2 - %(districts)s) %% %(districts)s
                when 'grid' then 2 + %(districts)s + (id - 2 - %(districts)s - %(townships)s) %% %(townships)s end,
       case level when 'city' then '500000'
            when 'district' then '5' || lpad(id::text, 5, '0')
            when 'township' then '5' || lpad(id::text, 8, '0') else '5' || lpad(id::text, 14, '0') end,
       level || ' ' || id, 'bench'
from divisions
"""
_DEVICES = "insert into devices (name) select 'd' || n from generate_series(1, %(sensors)s) n"
_SENSORS = """
insert into sensors (name, device_id, quantity, unit) select name, id, 'gas', '%%LEL' from devices order by id
"""
_PLACES = "insert into sensor_places (sensor_id, lon, lat, reason) select id, 106.5, 29.5, 'installed' from sensors"
_LIE = """
insert into sensor_divisions (sensor_id, level, division_id, valid)
select sensors.id, place.level, place.division, tstzrange(null, null)
from (
    select id, case when id %% 20 = 0 then %(second)s::integer
               else 2 + %(districts)s + %(townships)s + id %% %(grids)s end as grid from sensors
) sensors
join division_versions grid on grid.division_id = sensors.grid
join division_versions township on township.division_id = grid.parent_id
cross join lateral (values ('grid', grid.division_id), ('township', township.division_id),
                           ('district', township.parent_id)) place (level, division)
"""
_READINGS = """
insert into readings (sensor_id, time, value, late, judged)
select id, now() - n * interval '1 minute', n, false, true from sensors cross join generate_series(1, 5) n
"""
_ALERTS = """
insert into alerts (rule_id, subject, sensor_id, township_id, grid_id, level, peak, state, value, kind, family,
                    opened_at, changed_at)
select 'bench', sensors.id, sensors.id, township.division_id, grid.division_id, 'yellow', 'yellow',
       case when sensors.id %% 100 = 0 then 'open' else 'resolved' end, 1, 'sensor', 'gas',
       now() - sensors.id * interval '1 second', now() - sensors.id * interval '1 second'
from sensors
join sensor_divisions township on township.sensor_id = sensors.id and township.level = 'township'
join sensor_divisions grid on grid.sensor_id = sensors.id and grid.level = 'grid'
where sensors.id <= %(alerts)s
"""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A database that is ready, and where to look in it."""

    url: str
    township: int
    district: int  # that with 5,000 sensors more


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Figures of one machine, ms; `scope_overhead_ms`: of the requests asked both ways, the most that is added."""
    with tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder:
        data = DataFolder(Path(folder) / "data")
        with embedded_database(data) as url:
            bench = furnish(url)
            requests = _requests(bench, rounds)
            added = max(one["added_ms"] for one in requests.values() if "added_ms" in one)
            return {"scope_overhead_ms": added, "requests": requests, "queries_ms": _queries(bench)}


def furnish(url: str) -> Bench:
    """The city, some minutes of readings and 100,000 alerts."""
    sizes = {"sensors": SENSORS, "grids": GRIDS, "townships": TOWNSHIPS, "districts": DISTRICTS, "alerts": ALERTS}
    # A grid of a township of the second district.
    second = 2 + DISTRICTS + TOWNSHIPS + 1
    with connect(url, "bench", autocommit=True) as connection:
        migrate(connection)
        today = datetime.now(UTC).date()
        connection.execute("select ensure_readings_partition(%s::date)", (today,))
        connection.execute("select ensure_readings_partition((now() - interval '1 hour')::date)")
        for statement in (_CITY, _NAMES, _DEVICES, _SENSORS, _PLACES):
            connection.execute(statement, sizes)
        connection.execute(_LIE, sizes | {"second": second})
        connection.execute(_READINGS)
        connection.execute(_ALERTS, sizes)
        connection.execute("analyze")
    return Bench(url=url, township=2 + DISTRICTS, district=3)


def _requests(bench: Bench, rounds: int) -> dict[str, Any]:
    told: dict[str, Any] = {}
    with connect(bench.url, "bench", autocommit=True) as connection:
        sessions = {
            name: session(connection, name, division)
            for name, division in (("township", bench.township), ("district", bench.district), ("everywhere", None))
        }
        own = "select min(sensor_id), min(alerts.id) from alerts where township_id = %s"
        sensor, alert = connection.execute(own, (bench.township,)).fetchone() or (1, 1)
    paths = {
        "alert": f"/api/alerts/{alert}",
        "alerts": "/api/alerts?limit=100",
        "series": f"/api/sensors/{sensor}/series",
    }
    with server(bench.url) as address:
        for name, path in paths.items():
            told[name] = _beside(address, path, sessions["everywhere"], rounds)
        for scope in ("township", "district"):
            for name, path in {"state": "/api/state", "alerts": "/api/alerts?limit=100"}.items():
                few = max(5, rounds // 4)
                told[f"{name} of a {scope}"] = _told(_times(address, path, sessions[scope], few))
    return told


def _beside(address: str, path: str, headers: Mapping[str, str], rounds: int) -> dict[str, Any]:
    """With and without, in turns, so that a busy machine meets both alike."""
    with_, without = [], []
    for _ in range(4):
        with_ += _times(address, path, headers, rounds // 4)
        with _unchecked():
            without += _times(address, path, headers, rounds // 4)
    added = float(np.median(with_) - np.median(without))
    return {"with": _told(with_), "without": _told(without), "added_ms": round(added, 2)}


def told_times(address: str, path: str, headers: Mapping[str, str], rounds: int) -> dict[str, float]:
    """`p50` and `p95` of them, ms."""
    return _told(_times(address, path, headers, rounds))


def _told(times: list[float]) -> dict[str, float]:
    return {"p50": round(float(np.median(times)), 2), "p95": round(float(np.quantile(times, 0.95)), 2)}


def _times(address: str, path: str, headers: Mapping[str, str], rounds: int) -> list[float]:
    """Milliseconds of each of so many requests, one after the other on one connection."""
    place, took = urlsplit(address), []
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
    for number in range(rounds + 2):
        began = time.perf_counter()
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        if number >= 2:  # the first ones make connections and plans
            took.append((time.perf_counter() - began) * 1000)
    connection.close()
    return took


def session(connection: Connection, name: str, division: int | None) -> dict[str, str]:
    """The headers of a duty officer of that division."""
    now = datetime.now(UTC)
    number = add_account(connection, name)
    grant(connection, number, "duty_officer", division, roles=load_roles(), now=now)
    account = account_of(connection, number)
    secret = open_session(
        connection, account, way="link", origin=Origin(), settings=SignInSettings(), now=datetime.now(UTC)
    )
    return {"Cookie": f"shijing={secret}"}


@contextmanager
def server(url: str) -> Iterator[str]:
    """The server of the pages in a thread."""
    ready = threading.Event()
    listener = listening_socket("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = create_app(WebSettings(port=0), url)
    server = Server(app, address, lambda _: ready.set())
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        ready.wait(30)
        yield address
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


class _Owner:
    """In the place of the scoped pool: the owner's connections, whatever the scope."""

    def __init__(self, pool: ConnectionPool[Connection]) -> None:
        self._pool = pool

    @contextmanager
    def connection(self, scope: Scope, timeout_s: float) -> Iterator[Connection]:  # noqa: ARG002
        with self._pool.connection(timeout_s) as connection:
            yield connection


@contextmanager
def _unchecked() -> Iterator[None]:
    """The server as it was before anybody had to sign in."""
    somebody = Viewer(account_id=uuid4(), name="bench", kind="person", grants=[("duty_officer", None)])

    def parts_without(request: Any) -> Any:
        parts = request.app.state.parts
        return replace(parts, scoped=_Owner(parts.pool))

    with (
        patch.object(viewing, "viewer_of", lambda *_: somebody),
        patch.object(viewing, "parts_of", parts_without),
    ):
        yield


def _queries(bench: Bench) -> dict[str, Any]:
    """Milliseconds of the heavy queries alone, by scope; the best of three."""
    scopes = {
        "township": Scope(divisions=frozenset({bench.township})),
        "district": Scope(divisions=frozenset({bench.district})),
        "everywhere": EVERYWHERE,
    }
    told: dict[str, Any] = {}
    with connect(bench.url, "bench", autocommit=True) as connection:
        seal = read_seal(connection)
        as_reader(connection)
        for name, scope in scopes.items():
            narrow(connection, scope, seal)
            for query in ("stations", "last_values", "open_alerts", "counts"):
                took = []
                for _ in range(3):
                    began = time.perf_counter()
                    connection.execute(QUERIES[query], {"at": datetime.now(UTC)}).fetchall()
                    took.append((time.perf_counter() - began) * 1000)
                told[f"{query} of {name}"] = round(min(took), 1)
    return told


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    parts = [result["requests"], result["queries_ms"]]
    return [f"added by session and scope: {result['scope_overhead_ms']} ms"] + [
        f"  {name}: {value}" for part in parts for name, value in part.items()
    ]
