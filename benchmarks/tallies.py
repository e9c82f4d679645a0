"""Tallies and search of a city of 1,031 townships, 62,000 grids and 100,000 sensors, over HTTP: p50 and p95."""

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.rights_scope import DISTRICTS, GRIDS, SENSORS, TOWNSHIPS, furnish, server, session, told_times
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder

ROUNDS = 40
SILENT, WORKERS, CALLED = 5_000, 62_000, 20_000

# Of the sensors of the city every twentieth is silent; every grid has a worker, and a third of the grids was called.
_SILENT = """
insert into alerts (rule_id, subject, sensor_id, township_id, grid_id, level, peak, state, value, kind, family,
                    opened_at, changed_at)
select 'device-offline', s.id, s.id, township.division_id, grid.division_id, 'blue', 'blue', 'open', 1, 'silence',
       'device', now(), now()
from sensors s
join sensor_divisions township on township.sensor_id = s.id and township.level = 'township'
join sensor_divisions grid on grid.sensor_id = s.id and grid.level = 'grid'
where s.id %% 20 = 7 order by s.id limit %(silent)s
"""
_PEOPLE = """
with made as (insert into organisations (kind, code) values ('city', 'bench') returning id)
insert into people (organisation_id, staff_number) select made.id, n::text from made, generate_series(1, %(workers)s) n
"""
_HOLD = """
insert into post_holdings (person_id, post, division_id, valid)
select person.id, 'grid_worker', grid.id, tstzrange('2020-01-01', null)
from (select id, row_number() over (order by id) as n from people) person
join (select id, row_number() over (order by id) as n from divisions where level = 'grid') grid using (n)
"""
_RUNS = """
insert into plan_runs (plan_id, township_id, level, state, started_at)
select 'bench', id, 'red', 'open', now() - interval '2 hours' from divisions where level = 'township' and id %% 3 = 0
"""
_TASKS = """
insert into tasks (run_id, task_key, post, what, started_at, due_at)
select id, 'T1', '网格员', '巡查', started_at, started_at from plan_runs
"""
_CALLED = """
insert into assignments (task_id, run_id, division_id, state, due_at, called_at, acknowledged_at)
select t.id, t.run_id, v.division_id, 'acknowledged', now(), t.started_at,
       t.started_at + v.division_id %% 600 * interval '1 second'
from tasks t join plan_runs r on r.id = t.run_id join division_versions v on v.parent_id = r.township_id
limit %(called)s
"""


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """`tallies_ms` and `search_ms`, each by what is asked and who asks."""
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
    ):
        bench = furnish(url)
        with connect(url, "bench", autocommit=True) as connection:
            _add(connection)
            sessions = {
                name: session(connection, name, division)
                for name, division in (("everywhere", None), ("district", bench.district))
            }
        return _asked(url, bench.township, sessions, rounds)


def _asked(url: str, township: int, sessions: dict[str, dict[str, str]], rounds: int) -> dict[str, Any]:
    tallies = {
        "districts": "level=district",
        "townships": "level=township",
        "grids of a township": f"level=grid&in={township}",
    }
    asked = ("township 50", "grid 1234", "d99", "5000", "nothing is called so")
    told: dict[str, Any] = {"tallies_ms": {}, "search_ms": {}}
    with server(url) as address:
        for who, headers in sessions.items():
            for what, query in tallies.items():
                if who == "everywhere" or what != "grids of a township":
                    told["tallies_ms"][f"{what}, {who}"] = told_times(address, f"/api/tallies?{query}", headers, rounds)
            for text in asked:
                times = told_times(address, f"/api/search?q={quote(text)}", headers, rounds)
                told["search_ms"][f"{text!r}, {who}"] = times
    return {**told, "sensors": SENSORS, "grids": GRIDS, "townships": TOWNSHIPS, "districts": DISTRICTS}


def _add(connection: Connection) -> None:
    sizes = {"silent": SILENT, "workers": WORKERS, "called": CALLED}
    for statement in (_SILENT, _PEOPLE, _HOLD, _RUNS, _TASKS, _CALLED):
        connection.execute(statement, sizes)
    connection.execute("analyze")


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    return [f"{part}: {what}: {times}" for part in ("tallies_ms", "search_ms") for what, times in result[part].items()]
