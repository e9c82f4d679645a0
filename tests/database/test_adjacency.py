"""Touching divisions in the database: derived by both clocks, refreshed when boundaries change."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
from psycopg import errors

from config.database import Connection
from geo.adjacency import refresh_missing_touches, refresh_touches, touching
from geo.default_data import DATA
from geo.defaults import import_defaults
from geo.importer import import_layer

LONG_AGO, BREAK, NOW = (
    datetime(2001, 1, 1, tzinfo=UTC),
    datetime(2025, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC),
)


def draw(connection: Connection, division: int, shape: shapely.Geometry, valid: str = "(,)") -> None:
    connection.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source, valid)"
        " values (%s, %s, 1, false, 'test', %s)",
        (division, shapely.to_wkb(shape), valid),
    )


def grids(connection: Connection, *shapes: shapely.Geometry) -> list[int]:
    ids: list[int] = [
        row[0]
        for row in connection.execute(
            "insert into divisions (level) select 'grid' from generate_series(1, %s) returning id", (len(shapes),)
        )
    ]
    for division, shape in zip(ids, shapes, strict=True):
        draw(connection, division, shape)
    return ids


def square(column: int, row: int = 0) -> shapely.Polygon:
    x, y = 106.5 + 0.01 * column, 29.5 + 0.01 * row
    return shapely.box(x, y, x + 0.01, y + 0.01)


def one(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row
    return row[0]


def test_grids_that_touch(connection: Connection) -> None:
    a, b, corner, far = grids(connection, square(0), square(1), square(2, 1), square(9))
    report = refresh_touches(connection)
    assert (report.touching, report.opened, report.closed) == (2, 2, 0)
    assert touching(connection, [a, b, corner, far], NOW) == {
        a: frozenset([b]),
        b: frozenset([a]),
        corner: frozenset(),
        far: frozenset(),
    }
    again = refresh_touches(connection)
    assert (again.touching, again.opened, again.closed) == (2, 0, 0)


def test_a_border_that_moved_is_known_by_both_clocks(connection: Connection) -> None:
    a, b = grids(connection, square(0), square(1))
    refresh_touches(connection)
    before = one(connection, "select clock_timestamp()")
    # Since 2025 the second lies elsewhere; the database learns it only now.
    connection.execute(
        "update boundary_versions set recorded = tstzrange(lower(recorded), clock_timestamp()) where division_id = %s",
        (b,),
    )
    draw(connection, b, square(1), f"(,{BREAK.isoformat()})")
    draw(connection, b, square(5), f"[{BREAK.isoformat()},)")
    assert refresh_touches(connection).closed == 2
    assert touching(connection, [a], LONG_AGO) == {a: frozenset([b])}
    assert touching(connection, [a], NOW) == {a: frozenset()}
    assert touching(connection, [a], NOW, recorded=before) == {a: frozenset([b])}


def test_the_default_divisions_touch_at_once(connection: Connection) -> None:
    import_defaults(connection)
    touches = "select count(*) from division_touches where upper_inf(recorded) and level = "
    assert one(connection, touches + "'township'") == 5714
    assert one(connection, touches + "'district'") > 100
    one_way = (
        "select count(*) from division_touches a where not exists (select from division_touches b"
        " where (b.division_id, b.other_id, b.shared_m) = (a.other_id, a.division_id, a.shared_m))"
    )
    assert one(connection, one_way) == 0
    assert refresh_missing_touches(connection) is None
    connection.execute("delete from division_touches")  # a database that is older than this table
    import_defaults(connection)
    assert one(connection, touches + "'township'") == 5714


def test_a_division_does_not_touch_itself(connection: Connection) -> None:
    (a,) = grids(connection, square(0))
    with pytest.raises(errors.CheckViolation):
        connection.execute(
            "insert into division_touches (level, division_id, other_id, shared_m, valid)"
            " values ('grid', %s, %s, 1, '(,)')",
            (a, a),
        )


def test_an_import_of_boundaries_derives_it_again(connection: Connection, tmp_path: Path) -> None:
    import_defaults(connection)
    connection.execute("delete from division_touches")
    layer = geopandas.read_file(DATA / "townships_derived.geojson")
    layer = layer[layer["district_code"] == "500103"][["name", "district_name", "geometry"]]
    path = tmp_path / "yuzhong.geojson"
    layer.to_file(path)
    done = import_layer(
        connection, path, level="township", name_field="name", district_field="district_name", write=True
    )
    assert done.written
    assert one(connection, "select count(*) from division_touches where level = 'township'") >= 5714
