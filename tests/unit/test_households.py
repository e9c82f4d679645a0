"""A district's households are shared out to its townships."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.households import Share, households_of_townships, urban_shares


def share(number: int, urban: int, rural: int, *, district: str = "500101", own: int | None = None) -> Share:
    return Share(
        id=number, district=district, district_households=1000, urban=urban, rural=rural, area_m2=1e6 * number,
        households=own,
    )  # fmt: skip


def test_town_households_go_by_residents_committees_and_the_others_by_villagers() -> None:
    found = households_of_townships([share(1, 3, 0), share(2, 1, 10)])
    urban = urban_shares()["500101"]
    assert found[1] == pytest.approx(1000 * urban * 0.75)
    assert found[2] == pytest.approx(1000 * urban * 0.25 + 1000 * (1 - urban))


def test_by_area_if_asked_or_where_no_committee_is_known() -> None:
    assert households_of_townships([share(1, 3, 0), share(3, 0, 5)], by="area") == {1: 250, 3: 750}
    assert households_of_townships([share(1, 0, 0), share(3, 0, 0)]) == {1: 250, 3: 750}


def test_what_a_township_knows_itself_comes_first() -> None:
    assert households_of_townships([share(1, 3, 0, own=400), share(2, 1, 0)]) == {1: 400, 2: pytest.approx(600)}


def test_a_district_of_which_nothing_is_known_is_left_out() -> None:
    unknown = Share(id=9, district="", district_households=None, urban=1, rural=1, area_m2=1)
    assert households_of_townships([unknown, share(1, 1, 1)]) == {1: pytest.approx(1000)}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=30))
def test_nothing_is_lost(committees: list[tuple[int, int]]) -> None:
    found = households_of_townships([share(i, *two) for i, two in enumerate(committees, start=1)])
    assert sum(found.values()) == pytest.approx(1000)
    assert min(found.values()) >= 0
