"""How long it takes to weigh a draft of a district of 2,000 grids with 20,000 sensors, each of its grids redrawn."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely

from alerts.actors import actor_of
from benchmarks.boundaries_district import District, seed_district
from boundaries.desk import Desk
from boundaries.drafts import Draft, Opening, load_draft, open_draft
from boundaries.unit_rows import about_of, wkb_of
from boundaries.weighing import impact_of
from config.database import Connection
from geo.placement import assign_sensors
from geo.rings import oriented
from geo.topology import Unit

TOWNSHIPS, COLUMNS, ROWS, SENSORS = 20, 10, 10, 20_000

_SENSORS = """
with made as (
    insert into devices (name) select 'bench-' || n from generate_series(1, %(count)s) n returning id, name
), sensor as (
    insert into sensors (name, device_id, quantity, unit) select name, id, 'water_depth', 'cm' from made
    returning id
), spots as (
    select row_number() over () as n, id from sensor
)
insert into sensor_places (sensor_id, lon, lat, reason)
select spots.id, spot.lon, spot.lat, 'installed'
from spots join unnest(%(lon)s::float8[], %(lat)s::float8[]) with ordinality as spot (lon, lat, n) on spot.n = spots.n
"""
_ALERTS = """
insert into alerts (rule_id, subject, sensor_id, township_id, grid_id, level, peak, state, value, opened_at, changed_at)
select 'street-water', s.id, s.id, t.division_id, g.division_id, 'red', 'red', 'open', 50, now(), now()
from sensors s
join sensor_divisions g on g.sensor_id = s.id and g.level = 'grid' and upper_inf(g.recorded)
join sensor_divisions t on t.sensor_id = s.id and t.level = 'township' and upper_inf(t.recorded)
where mod(s.id, 10) = 0
"""


def impact_s(connection: Connection, *, rounds: int = 5) -> dict[str, Any]:
    """On an empty, migrated database: the median of some rounds, and how much there was to weigh."""
    district = seed_district(connection, townships=TOWNSHIPS, columns=COLUMNS, rows=ROWS)
    seed_sensors(connection, SENSORS, district)
    draft, desk = every_grid_redrawn(connection, district), Desk()
    held = desk.checked(connection, draft)  # as a server has it that the draft is edited on
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        impact = impact_of(connection, draft, held, at=datetime.now(UTC))
        took.append(time.perf_counter() - begun)
    slowest, median = round(max(took), 3), round(float(np.median(took)), 3)
    return {
        "impact_s": median,
        "slowest_s": slowest,
        "grids": len(district.grids),
        "sensors": SENSORS,
        **impact.counts(),
    }


def seed_sensors(connection: Connection, count: int, district: District) -> None:
    """Sensors all over the district, a tenth of them with an open alert."""
    row = connection.execute(
        "select geometry from boundary_versions where division_id = %s", (district.district,)
    ).fetchone()
    assert row is not None
    west, south, east, north = shapely.from_wkb(row[0]).bounds
    random = np.random.default_rng(3)
    spots = {"lon": random.uniform(west, east, count).tolist(), "lat": random.uniform(south, north, count).tolist()}
    with connection.transaction():
        connection.execute(_SENSORS, {"count": count, **spots})
        assign_sensors(connection)
        connection.execute(_ALERTS)
    connection.execute("analyze")


def every_grid_redrawn(connection: Connection, district: District) -> Draft:
    """A draft in which each grid gives the western half of its land to the one before it in its township."""
    now = datetime.now(UTC)
    opening = Opening(root_id=district.district, level="grid", title="impact")
    draft = open_draft(connection, opening, actor=actor_of(connection, "bench"), now=now)
    held = Desk().held(connection, draft)
    units = list(held.coverage.units.values())
    rows = [row for pair in zip(units[::2], units[1::2], strict=True) for row in _exchanged(*pair)]
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy("copy boundary_draft_units (draft_id, unit, about, geometry) from stdin") as copy:
            for unit in rows:
                copy.write_row((draft.id, unit.key, about_of(unit), wkb_of(unit)))
        cursor.execute("update boundary_drafts set revision = 1, cursor = 1 where id = %s", (draft.id,))
    return load_draft(connection, draft.id)


def _exchanged(one: Unit, other: Unit) -> list[Unit]:
    """The land of two neighbours, cut the other way."""
    both = shapely.union(one.geometry, other.geometry)
    west, south, east, north = both.bounds
    middle = (south + north) / 2
    parts = [shapely.intersection(both, shapely.box(west, a, east, b)) for a, b in ((south, middle), (middle, north))]
    return [replace(unit, geometry=oriented(part)) for unit, part in zip((one, other), parts, strict=True)]
