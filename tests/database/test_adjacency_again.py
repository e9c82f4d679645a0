"""What is written again for few divisions, touches and places, is what writing all of it again gives."""

import pytest

from config.database import Connection
from geo.adjacency import refresh_touches
from geo.placement import assign_sensors
from tests.database.publish_ground import Ground, lay_out, published

pytestmark = pytest.mark.storage


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return lay_out(connection)


def test_few_are_as_all(connection: Connection, ground: Ground) -> None:
    line = [ground.corner(1, 1.75), ground.corner(2, 1.75)]
    merge = {"kind": "merge", "units": [ground.key(0, 0), ground.key(0, 1)], "into": ground.key(0, 1)}
    published(connection, ground, [merge, {"kind": "split", "unit": ground.key(1, 1), "line": line}])
    published(
        connection, ground, [{"kind": "merge", "units": [ground.key(0, 1), ground.key(1, 0)], "into": ground.key(0, 1)}]
    )
    assigned = assign_sensors(connection)
    assert (assigned.closed, assigned.opened) == (0, 0)
    report = refresh_touches(connection)
    assert (report.closed, report.opened) == (0, 0)
    rows = connection.execute("select count(*) from division_touches where upper_inf(recorded)").fetchone()
    assert rows is not None and rows[0] > 0
