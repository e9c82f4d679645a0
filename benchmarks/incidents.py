"""What grouping adds: a storm of alerts in a minute over the real townships, in batches of several sizes."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from psycopg.types.json import Jsonb

from alerts.incidents import group
from alerts.instants import iso
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate
from geo.adjacency import refresh_touches
from geo.defaults import import_defaults

FAMILIES = ("flood", "rain", "waterlogging", "geohazard")
BATCHES = (1, 20, 500)
START = 1_597_300_000_000_000
_DAYS_US = 10 * 86_400_000_000  # between two storms: further apart than any window
_RAISE = """
insert into alerts (rule_id, kind, family, subject, township_id, lon, lat, level, peak, state, value, opened_at,
                    changed_at)
select 'bench', 'manual', family, subject, township, lon, lat, 'yellow', 'yellow', 'open', 1, opened_at, opened_at
from jsonb_to_recordset(%(rows)s) as (
    family text, subject bigint, township integer, lon double precision, lat double precision, opened_at timestamptz)
returning id
"""


@dataclass(frozen=True)
class _Id:
    id: int


def run(alerts: int) -> dict[str, Any]:
    """Figures of one machine; times in ms, of `group` alone (its own commit is the alerts')."""
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
        connect(url, "bench", autocommit=True) as connection,
    ):
        migrate(connection)
        import_defaults(connection)
        begun = time.perf_counter()
        pairs = refresh_touches(connection).touching
        result: dict[str, Any] = {"touching_pairs": pairs // 2, "touches_s": round(time.perf_counter() - begun, 2)}
        for number, size in enumerate(BATCHES):
            result[f"batches_of_{size}"] = _storm(connection, alerts, size, START + number * _DAYS_US)
    return result


def _storm(connection: Connection, alerts: int, size: int, start: int) -> dict[str, float]:
    rows = _rows(connection, alerts, start)
    took = np.array([_batch(connection, rows[first : first + size]) for first in range(0, alerts, size)])
    asked = {"since": iso(start)}
    found = connection.execute(
        "select count(*), sum(alerts) from incidents where merged_into is null and opened_at >= %(since)s", asked
    ).fetchone()
    assert found is not None
    p50, p99 = np.percentile(took, [50, 99]) * 1000
    return {
        "alerts": int(found[1]),
        "incidents": found[0],
        "p50_ms": round(float(p50), 2),
        "p99_ms": round(float(p99), 2),
        "per_alert_ms": round(float(took.sum()) * 1000 / alerts, 3),
    }


def _rows(connection: Connection, alerts: int, start: int) -> list[dict[str, Any]]:
    """Alerts spread over a minute and over the located townships, each near the seat of its own."""
    seats = connection.execute(
        "select v.division_id, v.lon, v.lat from division_versions v join divisions d on d.id = v.division_id"
        " where d.level = 'township' and v.lon is not null and lower_inf(v.valid) order by 1"
    ).fetchall()
    luck = np.random.default_rng(start)
    first = luck.integers(1 << 30)
    return [
        {
            "family": FAMILIES[luck.integers(len(FAMILIES))],
            "subject": (4 << 32) + int(first) + number,
            "township": seat[0],
            "lon": seat[1] + luck.normal(0, 0.002),
            "lat": seat[2] + luck.normal(0, 0.002),
            "opened_at": iso(start + number * 60_000_000 // alerts),
        }
        for number, seat in enumerate(seats[i] for i in luck.integers(len(seats), size=alerts))
    ]


def _batch(connection: Connection, rows: list[dict[str, Any]]) -> float:
    """Seconds that grouping takes."""
    with connection.transaction():
        connection.execute("set local enable_seqscan = off")  # as alerts.record has it
        with connection.pipeline():
            ids = [_Id(row[0]) for row in connection.execute(_RAISE, {"rows": Jsonb(rows)}).fetchall()]
            begun = time.perf_counter()
            group(connection, ids)
            connection.execute("select 1").fetchall()  # waits for all of it
            return time.perf_counter() - begun


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    head = f"{result['touching_pairs']} pairs of divisions touch, found and written in {result['touches_s']} s"
    storms = [(name.rpartition("_")[2], one) for name, one in result.items() if name.startswith("batches_of")]
    return [
        head,
        *(
            f"batches of {size}: {one['alerts']} alerts, {one['incidents']} incidents, {one['p50_ms']} ms a batch"
            f" (p99 {one['p99_ms']}), {one['per_alert_ms']} ms an alert"
            for size, one in storms
        ),
    ]
