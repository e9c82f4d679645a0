"""The queries beside a tiny model of two clocks: whatever is published, back-dated and corrected, in whatever order.

The model is a list of sayings. What held at `valid`, as known at `recorded`, is what was said last by then of a time
that has `valid` in it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.database import Connection
from geo.history import Look, Path, Point, Sensor, look_up
from geo.hits import keep_hits
from tests.database.clocks_ground import ALWAYS, at, division, draw, middle, place, rewrite, sensor, span

pytestmark = pytest.mark.storage

CELLS = range(4)
YEARS = range(2020, 2026)


@dataclass
class Said:
    """From `recorded` on: that `value` holds from `begin` until before `end` (None: for ever)."""

    recorded: datetime
    begin: datetime | None
    end: datetime | None
    value: Any


@dataclass
class Model:
    """What was said of one thing, in order."""

    said: list[Said] = field(default_factory=list)

    def at(self, valid: datetime, recorded: datetime | None) -> Any:
        for one in reversed(self.said):
            if (recorded is None or one.recorded <= recorded) and self._covers(one, valid):
                return one.value
        return None

    @staticmethod
    def _covers(one: Said, valid: datetime) -> bool:
        return (one.begin is None or one.begin <= valid) and (one.end is None or valid < one.end)


ranges = st.one_of(
    st.just((None, None)),  # a correction of all that was
    st.tuples(st.sampled_from(YEARS), st.none()),  # a change, of now or back-dated
    st.tuples(st.sampled_from(YEARS), st.integers(1, 3)).map(lambda pair: (pair[0], pair[0] + pair[1])),
)
# Of each square to which of three townships it goes, or to none; a township that passes to a district; a move.
maps = st.tuples(st.just("map"), st.lists(st.integers(-1, 2), min_size=len(CELLS), max_size=len(CELLS)), ranges)
parents = st.tuples(st.just("parent"), st.tuples(st.integers(0, 2), st.integers(0, 1)), ranges)
moves = st.tuples(st.just("move"), st.one_of(st.none(), st.sampled_from(CELLS)), ranges)
acts = st.lists(st.one_of(maps, parents, moves, st.tuples(st.just("keep"), st.none(), st.none())), max_size=7)


class Country:
    """Two districts, three townships, one sensor; written to the database and to the model."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        start = at(2019)
        city = division(connection, "city", "500000", None)
        self.districts = [division(connection, "district", f"50010{n}", city) for n in (1, 2)]
        self.townships = [division(connection, "township", f"50010100{n}", None) for n in range(3)]
        self.sensor = sensor(connection, "gauge")
        self.cells = {cell: Model() for cell in CELLS}
        self.parents = [Model() for _ in self.townships]
        self.place = Model()
        for township in range(3):
            self._parent((township, 0), None, None, start)
        self._map([0, 0, 1, 2], None, None, start)
        self._move(0, None, None, start)

    def act(self, kind: str, what: Any, years: tuple[int | None, int | None] | None, recorded: datetime) -> None:
        if years is None:
            keep_hits(self.connection)
            return
        begin, end = (None if year is None else at(year) for year in years)
        {"map": self._map, "parent": self._parent, "move": self._move}[kind](what, begin, end, recorded)

    def _map(self, owners: list[int], begin: datetime | None, end: datetime | None, recorded: datetime) -> None:
        for number, township in enumerate(self.townships):
            squares = [cell for cell in CELLS if owners[cell] == number]
            draw(self.connection, township, span(begin, end), recorded, *squares)
        for cell in CELLS:
            owner = owners[cell]
            self.cells[cell].said.append(Said(recorded, begin, end, None if owner < 0 else self.townships[owner]))

    def _parent(self, what: tuple[int, int], begin: datetime | None, end: datetime | None, recorded: datetime) -> None:
        township, district = what
        about = {"parent_id": self.districts[district], "code": f"50010100{township}", "name": f"T{township}",
                 "source": "test"}  # fmt: skip
        rewrite(self.connection, "division_versions", self.townships[township], span(begin, end), recorded, about)
        self.parents[township].said.append(Said(recorded, begin, end, self.districts[district]))

    def _move(self, cell: int | None, begin: datetime | None, end: datetime | None, recorded: datetime) -> None:
        where = None if cell is None else middle(cell)
        place(self.connection, self.sensor, span(begin, end), recorded, where)
        self.place.said.append(Said(recorded, begin, end, cell))

    def expected(self, cell: int | None, map_at: datetime, known: datetime | None) -> tuple[int | None, int | None]:
        """(district, township)."""
        township = None if cell is None else self.cells[cell].at(map_at, known)
        if township is None:
            return None, None
        return self.parents[self.townships.index(township)].at(map_at, known), township


def _found(path: Path) -> tuple[int | None, int | None]:
    district, township = path.of("district"), path.of("township")
    return district and district.id, township and township.id


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts)
def test_every_pair_of_instants_is_answered_as_by_the_model(connection: Connection, done: list[Any]) -> None:
    with connection.transaction(force_rollback=True):
        country = Country(connection)
        for number, (kind, what, years) in enumerate(done):
            country.act(kind, what, years, at(2026, 1, 1 + number))
        knowns = [at(2018), at(2019), *(at(2026, 1, 1 + number) for number in range(len(done))), None]
        instants = [at(2018), *(at(year) for year in YEARS), at(2023, 6), at(2028)]
        looks: list[Look] = []
        expected: list[tuple[int | None, int | None]] = []
        for known in knowns:
            for instant in instants:
                for cell in CELLS:
                    lon, lat = middle(cell)
                    looks.append(Look(thing=Point(lon=lon, lat=lat), at=instant, map_at=instant, known=known))
                    expected.append(country.expected(cell, instant, known))
                for map_at in (instant, at(2027)):  # as it was, and under a later map
                    looks.append(Look(thing=Sensor(id=country.sensor), at=instant, map_at=map_at, known=known))
                    expected.append(country.expected(country.place.at(instant, known), map_at, known))
        assert [_found(path) for path in look_up(connection, looks)] == expected


def test_the_model_knows_what_two_clocks_are() -> None:
    told = Model()
    told.said.append(Said(at(2020), None, None, "old"))
    told.said.append(Said(at(2022), at(2021), None, "new"))  # back-dated by a year
    told.said.append(Said(at(2023), at(2020), at(2021), "corrected"))
    asked = [(at(2021, 6), at(2021)), (at(2021, 6), None), (at(2020, 6), at(2022)), (at(2020, 6), None)]
    assert [told.at(*one) for one in asked] == ["old", "new", "old", "corrected"]
    assert ALWAYS.lower is None
