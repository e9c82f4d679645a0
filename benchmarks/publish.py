"""`shijing bench publish`: the grids of a district replaced again and again while readings keep flowing.

Readings come at a steady rate, some of them raise alerts; the pipeline is the product's own process. Meanwhile drafts
that redraw every grid of the district are published, one after the other. At the end everything is counted: each
reading stored once, in exactly one grid by its time, each open alert where its sensor is, the ledger clean.
"""

import json
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import shapely

from access.scope import EVERYWHERE
from alerts.actors import actor_of
from alerts.ledger import check
from alerts.ledger_account import Span
from alerts.plan_library import plans_in_force
from alerts.rule_sets import rules_in_force
from benchmarks.boundaries_district import District, seed_district
from benchmarks.city import stand
from benchmarks.load import Sender, publish_packet
from boundaries.desk import Desk
from boundaries.drafts import Draft, Opening, load_draft, open_draft
from boundaries.publish import publish
from boundaries.unit_rows import about_of, wkb_of
from boundaries.workflow import Actor, review, submit
from commands.children import Child
from commands.servers import Place, broker, database
from config.database import Connection, connect
from config.folder import DataFolder
from config.migrate import migrate
from config.settings import BrokerSettings
from geo.adjacency import refresh_touches
from geo.placement import assign_sensors
from geo.rings import oriented
from geo.topology import Unit

PUBLICATIONS, RATE, SENSORS = 20, 5_000, 10_000
_PACK = 20
Depth = Callable[[int, int, int], float]  # of a turn, a group and a place in it: cm
_ALARM_EVERY = 25  # packs
_OPEN_FIRST = 8  # alerts, before the first publication: so that some have to follow their sensor
_PATIENCE_S = 300.0
_FLOODED, _DRY = 60.0, 1.0  # cm

# Of each stored reading: how many grids it lies in by its time, as known now.
_GRIDS_OF_READINGS = """
select coalesce(sum(many), 0)::bigint, coalesce(sum(many) filter (where grids = 0), 0)::bigint,
       coalesce(sum(many) filter (where grids > 1), 0)::bigint
from (
    select grids, count(*) as many from (
        select count(lies.sensor_id) as grids
        from readings
        left join sensor_divisions lies on lies.sensor_id = readings.sensor_id and lies.level = 'grid'
             and upper_inf(lies.recorded) and lies.valid @> readings.time
        group by readings.sensor_id, readings.time) each
    group by grids) sums
"""
# Alerts that are not where their sensor is: open ones now, each at its opening.
_MISPLACED = """
select count(*) filter (where alerts.state in ('open', 'acknowledged', 'in_hand')
                          and alerts.grid_id <> now.division_id), count(*)
from alerts
join sensor_divisions now on now.sensor_id = alerts.sensor_id and now.level = 'grid' and upper_inf(now.recorded)
     and now.valid @> statement_timestamp()
"""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A district with sensors, and who draws and publishes there."""

    district: District
    planner: UUID
    reviewer: UUID


def run(*, publications: int = PUBLICATIONS, rate: int = RATE) -> dict[str, Any]:
    """Figures of this machine, and whether everything adds up."""
    with tempfile.TemporaryDirectory(prefix="shijing-bench-", ignore_cleanup_errors=True) as folder:
        place = Place(data=Path(folder) / "data")
        with database(place) as url, broker(place) as mqtt:
            with connect(url, "bench", autocommit=True) as connection:
                migrate(connection)
                ground = furnish(connection, townships=20, columns=10, rows=10, sensors=SENSORS)
            log = DataFolder(Path(folder) / "data") / "logs" / "pipeline.log"
            with pipeline([*place.arguments()], log):
                result = under_load(url, mqtt, ground, publications=publications, rate=rate, sensors=SENSORS)
    return {**result, "conditions": _conditions(rate)}


def furnish(connection: Connection, *, townships: int, columns: int, rows: int, sensors: int) -> Ground:
    """On a migrated, empty database."""
    district = seed_district(connection, townships=townships, columns=columns, rows=rows)
    row = connection.execute(
        "select geometry from boundary_versions where division_id = %s", (district.district,)
    ).fetchone()
    assert row is not None
    outline = shapely.from_wkb(row[0])
    west, south, east, north = outline.bounds
    random, spots = np.random.default_rng(5), np.empty((0, 2))
    while len(spots) < sensors:
        drawn = random.uniform((west, south), (east, north), (2 * sensors, 2))
        spots = np.concatenate([spots, drawn[shapely.contains_xy(outline, drawn[:, 0], drawn[:, 1])]])
    with connection.transaction():
        stand(connection, spots[:sensors])
        refresh_touches(connection)
        assign_sensors(connection)
    connection.execute("analyze")
    return Ground(
        district=district,
        planner=actor_of(connection, "bench planner"),
        reviewer=actor_of(connection, "bench reviewer"),
    )


@contextmanager
def pipeline(arguments: list[str], log: Path) -> Iterator[Child]:
    """The product's own process."""
    child = Child(name="pipeline", arguments=["pipeline", *arguments], log_file=log)
    child.start()
    try:
        child.await_ready()
        yield child
    finally:
        child.ask_to_stop()
        child.await_end()


def under_load(
    url: str, mqtt: BrokerSettings, ground: Ground, *, publications: int, rate: int, sensors: int
) -> dict[str, Any]:
    """Publish again and again while readings flow and alerts are open; then wait for the last reading, and count."""
    began, context = datetime.now(UTC), multiprocessing.get_context("fork")
    stop, sent = context.Event(), context.Value("q", 0)
    sender = context.Process(target=send, args=(mqtt, rate, sensors, stop, sent))
    sender.start()
    took = []
    try:
        with connect(url, "bench", autocommit=True) as connection:
            _reach(connection, "select count(*) from alerts", _OPEN_FIRST, "alerts are open")
            for number in range(publications):
                draft = every_grid_redrawn(connection, ground, upright=number % 2 == 1)
                started = time.perf_counter()
                put_in_force(connection, ground, draft)
                took.append(time.perf_counter() - started)
    finally:
        stop.set()
        sender.join()
    with connect(url, "bench", autocommit=True) as connection:
        _await(connection, sent.value)
        return {
            "publications": publications,
            "publish_s": {"p50": round(float(np.median(took)), 2), "max": round(max(took), 2)},
            **counted(connection, sent.value, began),
        }


def counted(connection: Connection, sent: int, began: datetime) -> dict[str, Any]:
    """What has to add up."""
    books = connection.execute(
        "select coalesce(sum(stored), 0)::bigint, coalesce(sum(repeats), 0)::bigint,"
        " coalesce(sum(quarantined), 0)::bigint from intake"
    ).fetchone()
    grids = connection.execute(_GRIDS_OF_READINGS).fetchone()
    alerts = connection.execute(_MISPLACED).fetchone()
    assert books is not None and grids is not None and alerts is not None
    now = datetime.now(UTC)
    span = Span(since=began - timedelta(minutes=5), until=now + timedelta(minutes=1))
    ledger = check(connection, span, rules_in_force(connection), plans_in_force(connection))
    return {
        "readings_sent": sent,
        "stored": books[0],
        "repeats": books[1],
        "quarantined": books[2],
        "readings_in_no_grid": grids[1],
        "readings_in_two_grids": grids[2],
        "readings_counted": grids[0],
        "alerts": alerts[1],
        "open_alerts_misplaced": alerts[0],
        "alerts_moved": _one(connection, "select count(*) from alert_places"),
        "ledger_balanced": ledger.balanced,
        "ledger_faults": [
            {"account": account.name, "fault": str(fault)}
            for account in ledger.accounts
            for fault in account.faults[:3]
        ],
    }


def every_grid_redrawn(connection: Connection, ground: Ground, *, upright: bool) -> Draft:
    """A draft in which each two neighbours share their land another way."""
    now = datetime.now(UTC)
    opening = Opening(root_id=ground.district.district, level="grid", title="bench")
    draft = open_draft(connection, opening, actor=ground.planner, now=now)
    units = sorted(Desk().held(connection, draft).coverage.units.values(), key=lambda unit: unit.division_id or 0)
    rows = [row for pair in zip(units[::2], units[1::2], strict=True) for row in _shared(*pair, upright=upright)]
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy("copy boundary_draft_units (draft_id, unit, about, geometry) from stdin") as copy:
            for unit in rows:
                copy.write_row((draft.id, unit.key, about_of(unit), wkb_of(unit)))
        cursor.execute("update boundary_drafts set revision = 1, cursor = 1 where id = %s", (draft.id,))
    return load_draft(connection, draft.id)


def _shared(one: Unit, other: Unit, *, upright: bool) -> list[Unit]:
    both = shapely.union(one.geometry, other.geometry)
    west, south, east, north = both.bounds
    across, along = (west + east) / 2, (south + north) / 2
    boxes = (
        (shapely.box(west, south, across, north), shapely.box(across, south, east, north))
        if upright
        else (shapely.box(west, south, east, along), shapely.box(west, along, east, north))
    )
    parts = [oriented(shapely.intersection(both, box, grid_size=1e-9)) for box in boxes]
    return [replace(unit, geometry=part) for unit, part in zip((one, other), parts, strict=True)]


def put_in_force(connection: Connection, ground: Ground, draft: Draft, *, desk: Desk | None = None) -> None:
    """Submitted, approved and published; a district drawn by a machine has findings that nobody looks at here."""
    desk = desk or Desk()

    def acting(who: UUID) -> Actor:
        return Actor(id=who, now=datetime.now(UTC), scope=EVERYWHERE)

    submit(connection, draft.id, actor=acting(ground.planner), note="", desk=desk)
    review(connection, draft.id, actor=acting(ground.reviewer), verdict="approve", note="")
    publish(connection, draft.id, actor=acting(ground.reviewer), effective=None, reason="", desk=desk)


def _flooding(turn: int, group: int, place: int) -> float:
    """In some packs the same device is flooded in two turns one after the other, then the next."""
    return _FLOODED if group % _ALARM_EVERY == 0 and place == turn // 2 % _PACK else _DRY


def send(mqtt: BrokerSettings, rate: int, sensors: int, stop: Any, sent: Any, depth: Depth = _flooding) -> None:
    """Readings of now, in packs of 20, at a rate, until `stop`; how many were confirmed. `depth`: what they say."""
    with Sender(mqtt.host, mqtt.port, f"bench-{os.getpid()}") as sender:

        def packets() -> Iterator[bytes]:
            k = 0
            while not stop.is_set():
                sent.value += _PACK
                yield _pack(k, sensors, depth)
                k += 1

        sender.send(packets(), per_second=rate / _PACK)


def _pack(k: int, sensors: int, depth: Depth) -> bytes:
    """One reading each of 20 devices."""
    turn, group = divmod(k, sensors // _PACK)
    records: list[dict[str, Any]] = [
        {"n": f"bench{group * _PACK + place}/water_depth", "v": depth(turn, group, place)} for place in range(_PACK)
    ]
    records[0] |= {"bt": round(time.time(), 6), "bu": "cm"}
    return publish_packet("cq/500199/gateway/senml", json.dumps(records).encode(), 1 + k % 60_000)


def _await(connection: Connection, readings: int) -> None:
    """Until all of them are in the books."""
    _reach(connection, "select coalesce(sum(readings), 0)::bigint from intake", readings, "readings are in the books")


def _reach(connection: Connection, statement: str, wanted: int, what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while (have := _one(connection, statement)) < wanted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{have} of {wanted} {what} after {_PATIENCE_S} s")
        time.sleep(0.1)


def _one(connection: Connection, statement: str) -> int:
    row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _conditions(rate: int) -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "district": "2,000 grids in 20 townships, every grid redrawn by every publication",
        "readings": f"{rate} a second in packs of {_PACK}, QoS 1, from {SENSORS} sensors",
    }


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    told = [f"{name}: {value}" for name, value in result.items() if name != "conditions"]
    return told + [f"  {name}: {value}" for name, value in result["conditions"].items()]
