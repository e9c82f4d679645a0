"""A storm: alerts of thousands of sensors in one batch, with the runs, incidents and live events that follow."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from alerts.kernel import Transition
from alerts.levels import Level
from alerts.plan_files import load_plans
from alerts.record import record
from alerts.rules import load_rules
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import edition, migrate
from config.settings import CONFIG
from geo.defaults import import_defaults

RULE = "river-stage"
START_US = 1_597_300_000_000_000
_APART_US = 3_600_000_000  # further than an alert is reopened
_STORM: tuple[tuple[str, Level, Level], ...] = (
    ("rise", "none", "yellow"),
    ("clear", "yellow", "none"),
    ("rise_again", "none", "red"),
)
_SENSORS = """
with towns as (select d.id, row_number() over (order by d.id) as number from divisions d
               where d.level = 'township'),
     machines as (insert into devices (name) select 'storm-' || n from generate_series(1, %(sensors)s) n
                  returning id, name),
     stages as (insert into sensors (name, device_id, quantity, unit) select name, id, 'stage', 'm' from machines
                returning id)
insert into sensor_divisions (sensor_id, level, division_id, valid)
select stages.id, 'township', towns.id, '(,)'
from stages join towns on towns.number = 1 + stages.id %% (select count(*) from towns)
returning sensor_id
"""


def run(alerts: int, server: str = "") -> dict[str, Any]:
    """Seconds of `record` and its commit for each batch of the storm, on a server named or on an embedded one."""
    with _database(server) as url, connect(url, "bench", autocommit=True) as connection:
        migrate(connection)
        import_defaults(connection)
        subjects = [row[0] for row in connection.execute(_SENSORS, {"sensors": alerts})]
        result: dict[str, Any] = {"alerts": alerts, "server": _server(connection)}
        for number, (name, was, becomes) in enumerate(_STORM):
            batch = [_transition(subject, was, becomes, START_US + number * _APART_US) for subject in subjects]
            result[f"{name}_s"] = round(_written(connection, batch), 2)
        result |= _counted(connection)
    return result


@contextmanager
def _database(server: str) -> Iterator[str]:
    if not server:
        with (
            tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
            embedded_database(DataFolder(Path(folder) / "data")) as url,
        ):
            yield url
        return
    name = f"shijing_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        try:
            yield conninfo.make_conninfo(server, dbname=name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _server(connection: Connection) -> str:
    return f"PostgreSQL {connection.info.server_version // 10_000}, {edition(connection)}"


def _transition(subject: int, was: Level, becomes: Level, time_us: int) -> Transition:
    return Transition(
        rule_id=RULE,
        subject=subject,
        time=time_us,
        from_level=was,
        to_level=becomes,
        value=182.0,
        reason="raised" if was == "none" else "cleared",
    )


def _written(connection: Connection, batch: list[Transition]) -> float:
    rules, plans = load_rules(CONFIG / "rules"), load_plans(CONFIG / "plans")
    begun = time.perf_counter()
    with connection.transaction():
        record(connection, batch, rules=rules, plans=plans)
    return time.perf_counter() - begun


def _counted(connection: Connection) -> dict[str, int]:
    row = connection.execute(
        "select (select count(*) from alerts), (select count(*) from plan_runs),"
        " (select count(*) from incidents where merged_into is null), (select count(*) from live_events)"
    ).fetchone()
    assert row is not None
    return dict(zip(("alerts_written", "runs", "incidents", "live_events"), row, strict=True))


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    return [
        f"{result['alerts']} alerts in one batch on {result['server']}: {result['rise_s']} s to rise,"
        f" {result['clear_s']} s to clear, {result['rise_again_s']} s to rise again",
        f"{result['alerts_written']} alerts, {result['runs']} runs, {result['incidents']} incidents,"
        f" {result['live_events']} live events",
    ]
