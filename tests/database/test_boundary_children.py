"""What lies below a unit that changes goes with the land: another parent, an outline that fits; or all is refused."""

from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
import shapely.affinity

from boundaries.errors import DraftRefused
from config.database import Connection
from geo.placement import assign_sensors
from tests.database.out_seed import one
from tests.database.publish_ground import CELL, Ground, add, add_sensor, lay_out, published

pytestmark = pytest.mark.storage


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return lay_out(connection)


def border_moved(ground: Ground, cells: float) -> list[dict[str, object]]:
    """The border between the two townships goes east by so many cells, in its middle."""
    old = [ground.corner(row, ground.side) for row in (0, 1, 2, 3)]
    new = [
        old[0],
        [round(old[1][0] + cells * CELL, 9), old[1][1]],
        [round(old[2][0] + cells * CELL, 9), old[2][1]],
        old[3],
    ]
    return [{"kind": "reshape", "old": old, "new": new}]


def outlines(connection: Connection, level: str) -> dict[int, shapely.Polygon]:
    rows = connection.execute(
        "select b.division_id, b.geometry from boundary_versions b join divisions d on d.id = b.division_id"
        " where d.level = %s and upper_inf(b.recorded) and b.valid @> statement_timestamp()",
        (level,),
    ).fetchall()
    return {row[0]: shapely.from_wkb(row[1]) for row in rows}


def test_grids_are_fitted_to_a_border_of_townships_that_moves(connection: Connection, ground: Ground) -> None:
    done = published(connection, ground, border_moved(ground, 0.25), root=ground.district, level="township")
    assert done.children > 0
    grids, townships = outlines(connection, "grid"), outlines(connection, "township")
    for township in (1, 2):
        own = [grids[ground.grid(row, column, township)] for row in range(3) for column in range(3)]
        whole = townships[ground.ids[f"50010500{township}"]]
        assert shapely.area(shapely.symmetric_difference(shapely.union_all(own), whole)) < 1e-12
        first, second = shapely.STRtree(own).query(np.array(own, dtype=object), predicate="overlaps")
        shared = shapely.intersection(np.array(own)[first], np.array(own)[second])
        assert shapely.area(shared).sum() < 1e-12
    middle = ground.grid(1, 2)
    assert grids[middle].area > outlines_before(connection, middle).area


def outlines_before(connection: Connection, division: int) -> shapely.Polygon:
    return shapely.from_wkb(
        one(connection, "select geometry from boundary_versions where division_id = %s order by id limit 1", division)
    )


def test_a_sensor_on_the_land_goes_with_it_on_both_levels(connection: Connection, ground: Ground) -> None:
    near = shapely.Point(ground.corner(1.5, 3.1))
    sensor = ground.sensors[ground.code(1, 0, 2)]
    connection.execute("update sensor_places set lon = %s, lat = %s where sensor_id = %s", (near.x, near.y, sensor))
    published(connection, ground, border_moved(ground, 0.25), root=ground.district, level="township")
    lies = connection.execute(
        "select level, division_id from sensor_divisions where sensor_id = %s and upper_inf(recorded) and valid @> %s"
        " and level in ('township', 'grid') order by 1",
        (sensor, datetime.now(UTC)),
    ).fetchall()
    assert lies == [("grid", ground.grid(1, 2)), ("township", ground.township)]


def test_what_would_lose_most_of_its_land_is_not_cut(connection: Connection, ground: Ground) -> None:
    with pytest.raises(DraftRefused, match="does not fit it any more"):
        published(connection, ground, border_moved(ground, 0.9), root=ground.district, level="township")
    assert one(connection, "select count(*) from division_lineage") == 0


def test_of_merged_townships_the_villages_and_grids_are_one_s(connection: Connection, ground: Ground) -> None:
    gone, heir = ground.ids["500105001"], ground.ids["500105002"]
    merge = {"kind": "merge", "units": [f"d{gone}", f"d{heir}"], "into": f"d{heir}"}
    published(connection, ground, [merge], root=ground.district, level="township")
    parent = one(
        connection,
        "select parent_id from division_versions where division_id = %s and upper_inf(recorded)"
        " and valid @> statement_timestamp()",
        ground.ids["500105001001"],
    )
    assert parent == heir
    assert (
        one(
            connection,
            "select count(*) from division_closure join divisions on id = descendant_id where ancestor_id = %s"
            " and level = 'grid'",
            heir,
        )
        == 18
    )


def test_a_district_that_is_merged_away_leaves_its_townships_and_sensors_to_its_heir(
    connection: Connection, ground: Ground
) -> None:
    ground.side = 3
    with connection.transaction():
        east = shapely.affinity.translate(outlines(connection, "township")[ground.township], 6 * CELL, 0)
        east = shapely.transform(east, lambda points: np.round(points, 9))
        other = add(connection, ground, "district", "500106", "沙坪坝区", ground.ids["500000"], east)
        far = add(connection, ground, "township", "500106001", "东街道", other, east)
        sensor = add_sensor(connection, ground, "far", east)
        assign_sensors(connection)
    merge = {"kind": "merge", "units": [f"d{other}", f"d{ground.district}"], "into": f"d{ground.district}"}
    published(connection, ground, [merge], root=ground.ids["500000"], level="district")
    lies = connection.execute(
        "select level, division_id from sensor_divisions where sensor_id = %s and upper_inf(recorded) and valid @> %s"
        " order by 1",
        (sensor, datetime.now(UTC)),
    ).fetchall()
    assert lies == [("district", ground.district), ("township", far)]
    assigned = assign_sensors(connection)
    assert (assigned.closed, assigned.opened) == (0, 0)
