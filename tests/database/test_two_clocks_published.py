"""What published drafts leave behind, asked under both clocks: merged, split, back-dated, taken back, at random."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boundaries.belonging import views_of
from boundaries.publish import publish
from boundaries.rolling_back import roll_back
from boundaries.totals import Counted, by_division, totals
from config.database import Connection
from geo.history import Asked, Look, Sensor, Views, look_up, views
from geo.hits import keep_hits
from geo.lineage import lineage_of
from tests.database.clocks_ground import alert, event, run
from tests.database.publish_ground import SINCE, Ground, acting, approved, lay_out, published

pytestmark = pytest.mark.storage

MONTH = timedelta(days=30)


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return lay_out(connection)


def merge(ground: Ground, gone: tuple[int, int], heir: tuple[int, int]) -> dict[str, Any]:
    return {"kind": "merge", "units": [ground.key(*gone), ground.key(*heir)], "into": ground.key(*heir)}


def of_sensor(connection: Connection, ground: Ground, row: int, column: int, asked_at: datetime, **more: Any) -> Views:
    sensor = ground.sensors[ground.code(row, column)]
    return views(connection, [Asked(thing=Sensor(id=sensor), at=asked_at, **more)], now=datetime.now(UTC))[0]


def grids(found: Views) -> list[int | None]:
    """Then, as known then, today."""
    paths = (found.then, found.known_then, found.today)
    return [None if (grid := path.of("grid")) is None else grid.id for path in paths]


def test_a_reading_from_before_a_merge(connection: Connection, ground: Ground) -> None:
    before = datetime.now(UTC)
    gone, heir = ground.grid(0, 0), ground.grid(0, 1)
    published(connection, ground, [merge(ground, (0, 0), (0, 1))])
    assert grids(of_sensor(connection, ground, 0, 0, before)) == [gone, gone, heir]
    assert [s.division_id for s in lineage_of(connection, gone).successors] == [heir]
    assert [(c.kind, c.to_id, c.share) for c in lineage_of(connection, gone).changes] == [("merge", heir, 1.0)]


def test_a_back_dated_change_was_not_known_before_it_was_published(connection: Connection, ground: Ground) -> None:
    known, since = datetime.now(UTC), datetime.now(UTC) - MONTH
    gone, heir = ground.grid(0, 0), ground.grid(0, 1)
    published(connection, ground, [merge(ground, (0, 0), (0, 1))], effective=since, reason="补录")
    asked = since + timedelta(days=1)
    assert grids(of_sensor(connection, ground, 0, 0, asked, recorded=known)) == [heir, gone, heir]
    assert grids(of_sensor(connection, ground, 0, 0, asked, recorded=datetime.now(UTC))) == [heir, heir, heir]
    assert grids(of_sensor(connection, ground, 0, 0, since - timedelta(days=1))) == [gone, gone, heir]


def test_a_change_that_is_to_come_is_not_yet_todays(connection: Connection, ground: Ground) -> None:
    gone, heir, later = ground.grid(0, 0), ground.grid(0, 1), datetime.now(UTC) + MONTH
    published(connection, ground, [merge(ground, (0, 0), (0, 1))], effective=later)
    sensor = Sensor(id=ground.sensors[ground.code(0, 0)])
    assert grids(of_sensor(connection, ground, 0, 0, SINCE + MONTH))[2] == gone
    (path,) = look_up(connection, [Look(thing=sensor, at=SINCE + MONTH, map_at=later)])
    assert path.divisions[-1].id == heir


def test_what_was_split_and_taken_back(connection: Connection, ground: Ground) -> None:
    line = [ground.corner(0, 0.25), ground.corner(1, 0.25)]
    split = {"kind": "split", "unit": ground.key(0, 0), "line": line, "name": "新网格"}
    done = published(connection, ground, [split])
    part, between = done.ids["n1"], datetime.now(UTC)
    shares = {s.division_id: s.share for s in lineage_of(connection, ground.grid(0, 0)).successors}
    assert shares == {ground.grid(0, 0): pytest.approx(0.75, abs=1e-3), part: pytest.approx(0.25, abs=1e-3)}
    back = roll_back(
        connection, done.draft.id, actor=ground.planner, reason="误划", now=datetime.now(UTC), desk=ground.desk
    )
    approved(connection, ground, back)
    publish(connection, back.id, actor=acting(ground.reviewer), effective=None, reason="", desk=ground.desk)
    successors = lineage_of(connection, part).successors
    assert [s.division_id for s in successors] == [ground.grid(0, 0)]
    assert grids(of_sensor(connection, ground, 0, 0, between))[2] == ground.grid(0, 0)


def test_what_has_followed_is_counted_where_it_was(connection: Connection, ground: Ground) -> None:
    """An open alert, a run and an event go along with the change; history tells where they were."""
    at = datetime.now(UTC) - timedelta(hours=1)
    gone, heir = ground.grid(0, 0), ground.grid(0, 1)
    number = alert(connection, at, within=gone)
    sensors = alert(connection, at, sensor_id=ground.sensors[ground.code(0, 0)], within=ground.township)
    happened = event(connection, ground.township, at)
    started = run(connection, ground.township, at)
    published(connection, ground, [merge(ground, (0, 0), (0, 1))])
    for which in (number, sensors):
        found = views_of(connection, "alert", which)
        assert found is not None and grids(found) == [gone, gone, heir]
    period = {"since": SINCE, "until": at.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)}
    for map_at, grid in ((None, gone), (datetime.now(UTC), heir)):
        rows = totals(connection, Counted(what="alerts", level="grid", map_at=map_at, **period))
        assert by_division(rows) == {grid: 2}
        for what in ("runs", "events"):
            counted = totals(connection, Counted(what=what, level="township", map_at=map_at, **period))  # type: ignore[arg-type]
            assert by_division(counted) == {ground.township: 1}
    assert started and happened


@dataclass(frozen=True, kw_only=True)
class Done:
    """What the model keeps of a publication: which grid was given to which, since when, and when it was told."""

    gone: tuple[int, int]
    heir: tuple[int, int]
    since: datetime
    told: datetime


PAIRS = [((row, column), other) for row in range(3) for column in range(3)
         for other in ((row, column + 1), (row + 1, column)) if max(other) < 3]  # fmt: skip
publications = st.lists(
    st.tuples(st.sampled_from(PAIRS), st.booleans(), st.sampled_from([-2, -1, 0, 1]), st.booleans()),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], derandomize=True
)
@given(publications)
def test_publications_at_random_are_answered_as_by_a_model(connection: Connection, asked: list[Any]) -> None:
    """Merges of neighbours, now, back-dated and to come: each (valid, recorded) pair, sensor by sensor."""
    with connection.transaction(force_rollback=True):
        ground = lay_out(connection)
        done: list[Done] = []
        base = datetime.now(UTC)
        for pair, turned, months, keeps in asked:
            gone, heir = reversed(pair) if turned else pair
            since = base + months * MONTH if months else None
            if not _fits(gone, heir, done, since):
                continue
            told = published(connection, ground, [merge(ground, gone, heir)], effective=since, reason="随机")
            recorded, effective = told.draft.recorded, told.draft.effective
            assert recorded is not None and effective is not None
            done.append(Done(gone=gone, heir=heir, since=effective, told=recorded))
            if keeps:
                keep_hits(connection)
        _compare(connection, ground, done, base)


def _fits(gone: tuple[int, int], heir: tuple[int, int], done: list[Done], since: datetime | None) -> bool:
    """Both untouched so far, and not before what was published already (that is refused)."""
    touched = {cell for one in done for cell in (one.gone, one.heir)}
    latest = max((one.since for one in done), default=None)
    in_order = latest is None or (since or datetime.now(UTC)) > latest
    return not touched & {gone, heir} and in_order


def _compare(connection: Connection, ground: Ground, done: list[Done], base: datetime) -> None:
    instants = [base + months * MONTH + timedelta(days=1) for months in (-3, -2, -1, 1, 2)] + [base]
    knowns: list[datetime | None] = [base, *(one.told for one in done), None]
    looks, expected = [], []
    for row in range(3):
        for column in range(3):
            sensor = Sensor(id=ground.sensors[ground.code(row, column)])
            for instant in instants:
                for known in knowns:
                    looks.append(Look(thing=sensor, at=instant, map_at=instant, known=known))
                    expected.append(ground.grid(*_owner((row, column), instant, known, done)))
    found = [path.of("grid") for path in look_up(connection, looks)]
    assert [grid and grid.id for grid in found] == expected


def _owner(cell: tuple[int, int], at: datetime, known: datetime | None, done: list[Done]) -> tuple[int, int]:
    for one in done:
        if one.gone == cell and one.since <= at and (known is None or one.told <= known):
            return one.heir
    return cell
