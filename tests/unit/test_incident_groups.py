"""Grouping against a slow, obviously right one; in any order, in any batches."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alerts.incident_groups import Arrival, Incident, Spot, place
from alerts.incident_settings import Family, IncidentSettings

MINUTE, HOUR = 60_000_000, 3_600_000_000
SETTINGS = IncidentSettings(families={"rain": Family(window_h=6.0), "gas": Family(reach="place")})
# Townships 0 … 9 side by side; the grids of each, t1 and t2, too.
TOUCHES = {town: frozenset({town - 1, town + 1} & set(range(10))) for town in range(10)}
GRIDS = [10 * town + number for town in range(1, 11) for number in (1, 2)]
for low, high in pairwise(GRIDS):
    TOUCHES[low] = TOUCHES.get(low, frozenset()) | {high}
    TOUCHES[high] = TOUCHES.get(high, frozenset()) | {low}


def arrival(number: int, spot: Spot, minute: float = 0, family: str = "flood", **given: object) -> Arrival:
    at = round(minute * MINUTE)
    plain = Arrival(
        id=number,
        kind="sensor",
        subject=number,
        family=family,
        exercise=False,
        level="yellow",
        peak="yellow",
        is_open=True,
        spot=spot,
        lon=None,
        lat=None,
        opened_at=at,
        changed_at=at,
        first_incident=None,
        counted="none",
    )
    return replace(plain, **given)  # type: ignore[arg-type]


@dataclass
class Books:
    """What the database would hold between two batches."""

    incidents: dict[int, Incident] = field(default_factory=dict)
    cells: list[tuple[int, Spot]] = field(default_factory=list)
    member: dict[int, int] = field(default_factory=dict)  # alert → the incident that it joined first
    merged: dict[int, int] = field(default_factory=dict)

    def root(self, number: int) -> int:
        return self.root(self.merged[number]) if number in self.merged else number

    def take(self, batch: list[Arrival]) -> None:
        standing = [one for number, one in self.incidents.items() if number not in self.merged]
        by_id = {one.id: one for one in standing}
        cells = [(by_id[self.root(number)], spot) for number, spot in self.cells]
        for one in place(batch, standing, cells, TOUCHES, SETTINGS):
            number = one.id = one.id or len(self.incidents) + 1
            one.settle()
            self.incidents[number] = one
            for other in one.absorbed:
                assert other.id is not None
                self.merged[other.id] = number
            for each in one.joined:
                assert each.id not in self.member
                self.member[each.id] = number
                self.cells.append((number, each.spot))
            one.joined, one.changed, one.absorbed, one.is_new = [], [], [], False

    def groups(self) -> set[frozenset[int]]:
        roots = {self.root(number) for number in self.member.values()}
        return {frozenset(a for a, number in self.member.items() if self.root(number) == root) for root in roots}


def beside(a: Spot, b: Spot) -> bool:
    """Grids meet grids; else townships meet."""
    if a.grid_id is not None and b.grid_id is not None:
        return a.grid_id == b.grid_id or b.grid_id in TOUCHES[a.grid_id]
    assert a.township_id is not None and b.township_id is not None
    return a.township_id == b.township_id or b.township_id in TOUCHES[a.township_id]


def hanging_together(arrivals: list[Arrival]) -> set[frozenset[int]]:
    left, found = list(arrivals), set()
    while left:
        part = [left.pop()]
        for one in part:
            near = [other for other in left if beside(one.spot, other.spot)]
            part += near
            left = [other for other in left if other not in near]
        found.add(frozenset(one.id for one in part))
    return found


spots = st.builds(
    lambda town, grid: Spot(town, 10 * (town + 1) + grid if grid else None),
    st.integers(0, 9),
    st.sampled_from([0, 1, 2]),
)


@given(st.lists(spots, min_size=1, max_size=25), st.randoms(), st.integers(1, 7))
def test_within_the_window_what_hangs_together_is_one_in_any_order_and_any_batches(
    where: list[Spot], luck: object, size: int
) -> None:
    arrivals = [arrival(number, spot, minute=number) for number, spot in enumerate(where, 1)]
    expected = hanging_together(arrivals)
    luck.shuffle(arrivals)  # type: ignore[attr-defined]
    books = Books()
    for start in range(0, len(arrivals), size):
        books.take(arrivals[start : start + size])
    assert books.groups() == expected
    for root in {books.root(number) for number in books.member.values()}:
        members = [a for a, number in books.member.items() if books.root(number) == root]
        assert books.incidents[root].alerts == len(members)
        assert books.incidents[root].open_alerts == [0, len(members), 0, 0]
        assert root == min(
            number for number in books.incidents if books.root(number) == root
        )  # the older keeps its own


def test_the_window_is_of_the_family() -> None:
    books = Books()
    here = Spot(3)
    books.take([arrival(1, here), arrival(2, here, 120), arrival(3, here, 240.1)])
    assert books.groups() == {frozenset({1, 2}), frozenset({3})}
    books.take([arrival(4, here, family="rain"), arrival(5, here, 360, family="rain")])
    assert frozenset({4, 5}) in books.groups()


def test_reach_of_one_place() -> None:
    books = Books()
    books.take(
        [arrival(1, Spot(3), family="gas"), arrival(2, Spot(3), family="gas"), arrival(3, Spot(4), family="gas")]
    )
    assert books.groups() == {frozenset({1, 2}), frozenset({3})}


def test_an_alert_by_itself_is_compared_by_its_subject() -> None:
    books = Books()
    first, same, other = (arrival(number, Spot(3), family="care").by_itself() for number in (1, 2, 3))
    books.take([first, replace(same, spot=first.spot), other])
    assert books.groups() == {frozenset({1, 2}), frozenset({3})}


def test_a_change_keeps_its_incident_and_lengthens_it() -> None:
    books = Books()
    here = Spot(3)
    books.take([arrival(1, here)])
    rising = replace(arrival(1, here), changed_at=3 * HOUR, level="red", peak="red", first_incident=1, counted="yellow")
    books.take([rising, arrival(2, here, 290)])
    assert books.groups() == {frozenset({1, 2})}
    assert (books.incidents[1].level, books.incidents[1].peak) == ("red", "red")
    assert books.incidents[1].open_alerts == [0, 1, 0, 1]


def test_the_centre_is_that_of_all_located_alerts() -> None:
    books = Books()
    where = [(106.5, 29.5), (106.7, 29.5), (106.6, 29.8), (None, None)]
    for number, (lon, lat) in enumerate(where, 1):
        books.take([arrival(number, Spot(3), lon=lon, lat=lat)])
    one = books.incidents[1]
    assert (round(one.lon, 9), round(one.lat, 9), one.located, one.alerts) == (106.6, 29.6, 3, 4)
