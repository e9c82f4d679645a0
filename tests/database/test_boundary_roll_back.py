"""A published draft is taken back by another one, and everything is where it was."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from boundaries.errors import DraftRefused
from boundaries.publish import Published, publish
from boundaries.rolling_back import roll_back
from config.database import Connection
from tests.database.out_seed import one
from tests.database.publish_ground import Ground, acting, approved, lay_out, published

pytestmark = pytest.mark.storage

Rows = list[tuple[Any, ...]]


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return lay_out(connection)


def in_force(connection: Connection, at: datetime) -> tuple[Rows, Rows, Rows]:
    """Divisions, their outlines and where sensors belong, as they are at an instant."""
    return (
        connection.execute(
            "select division_id, parent_id, code, name, households from division_versions"
            " where upper_inf(recorded) and valid @> %s order by 1", (at,),
        ).fetchall(),
        connection.execute(
            "select division_id, geometry, derived from boundary_versions where upper_inf(recorded) and valid @> %s"
            " order by 1", (at,),
        ).fetchall(),
        connection.execute(
            "select sensor_id, level, division_id from sensor_divisions where upper_inf(recorded) and valid @> %s"
            " order by 1, 2", (at,),
        ).fetchall(),
    )  # fmt: skip


def taken_back(connection: Connection, ground: Ground, done: Published, *, since: datetime | None = None) -> Published:
    now = datetime.now(UTC)
    draft = roll_back(connection, done.draft.id, actor=ground.planner, reason="有误", now=now, desk=ground.desk)
    assert draft.republishes == done.draft.id
    approved(connection, ground, draft)
    return publish(connection, draft.id, actor=acting(ground.reviewer), effective=since, reason="", desk=ground.desk)


def steps_of(ground: Ground) -> list[dict[str, Any]]:
    """A merge, a split, a transfer and a name."""
    line = [ground.corner(2, 1.75), ground.corner(3, 1.75)]
    piece = [ground.corner(*place) for place in ((1.25, 0), (1.75, 0), (1.75, 1), (1.25, 1))]
    return [
        {"kind": "merge", "units": [ground.key(0, 0), ground.key(0, 1)], "into": ground.key(0, 1)},
        {"kind": "split", "unit": ground.key(2, 1), "line": line},
        {"kind": "transfer", "from": ground.key(1, 0), "to": ground.key(1, 1), "piece": [*piece]},
        {"kind": "rename", "unit": ground.key(2, 2), "name": "改名"},
    ]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_everything_is_as_it_was(connection: Connection, ground: Ground, number: int) -> None:
    before = in_force(connection, datetime.now(UTC))
    done = published(connection, ground, [steps_of(ground)[number]])
    assert in_force(connection, datetime.now(UTC)) != before
    taken_back(connection, ground, done)
    assert in_force(connection, datetime.now(UTC)) == before


def test_what_is_not_in_force_yet_is_taken_back_too(connection: Connection, ground: Ground) -> None:
    later = datetime.now(UTC) + timedelta(days=2)
    before = in_force(connection, later)
    done = published(connection, ground, steps_of(ground)[:2], effective=later)
    assert in_force(connection, later) != before
    taken_back(connection, ground, done, since=later)
    assert in_force(connection, later) == before


def test_what_is_taken_back_twice_is_refused(connection: Connection, ground: Ground) -> None:
    done = published(connection, ground, steps_of(ground)[3:])
    taken_back(connection, ground, done)
    with pytest.raises(DraftRefused, match="as it was before already"):
        taken_back(connection, ground, done)
    assert one(connection, "select count(*) from boundary_drafts") == 2


def test_outlines_below_have_their_former_vertices_again(connection: Connection, ground: Ground) -> None:
    before = in_force(connection, datetime.now(UTC))
    old = [ground.corner(row, ground.side) for row in (0, 1, 2, 3)]
    new = [old[0], [round(old[1][0] + 0.001, 9), old[1][1]], [round(old[2][0] + 0.001, 9), old[2][1]], old[3]]
    reshape = {"kind": "reshape", "old": old, "new": new}
    done = published(connection, ground, [reshape], root=ground.district, level="township")
    assert done.children > 0
    taken_back(connection, ground, done)
    assert in_force(connection, datetime.now(UTC)) == before
