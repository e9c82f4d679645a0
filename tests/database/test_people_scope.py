"""Who sees whom on the pages, table by table; and what two hands at once may not write."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql

from access.scope import EVERYWHERE, NOWHERE, Scope, ScopeSeal, as_reader, narrow
from config.database import Connection, connect
from people.absences import add_absence
from people.duty import on_duty
from people.errors import Overlaps, PeopleError
from people.holdings import add_shift, hold_post
from people.organisations import add_organisation, organisations
from people.persons import leave, people
from tests.database.people_seed import DISTRICT, FAR, GRID, NOW, OTHER_GRID, OTHER_VILLAGE, TOWNSHIP, Town, town

TABLES = ("organisations", "organisation_versions", "organisation_divisions", "people", "person_terms")
TABLES += ("post_holdings", "shifts", "absences")


@pytest.fixture
def there(connection: Connection, tmp_path: Path) -> Town:
    return town(connection, tmp_path)


@pytest.fixture
def page(database_url: str) -> Iterator[Connection]:
    with connect(database_url, "test", autocommit=True) as opened:
        as_reader(opened)
        yield opened


class Cast:
    """Who there is: `own` of the township, `far` of another one, and two of an organisation of no division."""

    def __init__(self, connection: Connection, there: Town) -> None:
        far = add_organisation(connection, kind="township", code=FAR, name="远", divisions=[there.divisions[FAR]])
        firm = add_organisation(connection, kind="outside", code="firm", name="公司")
        self.own = there.person(connection, "甲")
        self.far = there.person(connection, "乙", organisation=far)
        self.hired = there.person(connection, "丙", organisation=firm)
        self.stand_in = there.person(connection, "丁", organisation=firm)
        hold_post(connection, self.own, "值班长", there.divisions[TOWNSHIP], since=NOW)
        hold_post(connection, self.own, "值班长", there.divisions[FAR], since=NOW)  # lent to the others
        hold_post(connection, self.far, "值班长", there.divisions[FAR], since=NOW)
        hold_post(connection, self.hired, "物业", there.divisions[GRID], since=NOW)
        add_shift(connection, self.hired, "物业", there.divisions[OTHER_GRID], since=NOW, until=NOW.replace(hour=20))
        add_absence(connection, self.hired, since=NOW, stand_in_id=self.stand_in)
        add_absence(connection, self.far, since=NOW)


@pytest.fixture
def cast(connection: Connection, there: Town) -> Cast:
    return Cast(connection, there)


def seen(page: Connection, table: str) -> int:
    row = page.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(("codes", "counts"), [
    # organisations, versions, divisions, people, terms, holdings, shifts, absences
    ([], (0, 0, 0, 0, 0, 0, 0, 0)),
    ([DISTRICT], (1, 1, 1, 3, 3, 3, 1, 1)),
    ([TOWNSHIP], (1, 1, 1, 3, 3, 3, 1, 1)),
    ([GRID], (0, 0, 0, 2, 2, 1, 0, 1)),
    ([OTHER_VILLAGE], (0, 0, 0, 2, 2, 0, 1, 1)),
    ([FAR], (1, 1, 1, 2, 2, 2, 0, 1)),
    ([TOWNSHIP, FAR], (2, 2, 2, 4, 4, 4, 1, 2)),
])  # fmt: skip
def test_each_table_shows_what_is_in_the_scope(
    page: Connection, seal: ScopeSeal, there: Town, cast: Cast, codes: list[str], counts: tuple[int, ...]
) -> None:
    narrow(page, Scope(divisions=frozenset(there.divisions[code] for code in codes)), seal)
    assert tuple(seen(page, table) for table in TABLES) == counts
    narrow(page, EVERYWHERE, seal)
    assert tuple(seen(page, table) for table in TABLES) == (3, 3, 2, 4, 4, 4, 1, 2)
    narrow(page, NOWHERE, seal)
    assert [seen(page, table) for table in TABLES] == [0] * len(TABLES)


def test_no_page_reads_a_name_or_writes_anything(page: Connection, seal: ScopeSeal, there: Town, cast: Cast) -> None:
    narrow(page, EVERYWHERE, seal)
    for statement in ("select 1 from people_private", *(f"delete from {table}" for table in TABLES)):
        with pytest.raises(errors.InsufficientPrivilege):
            page.execute(statement.encode())
    with pytest.raises(errors.InsufficientPrivilege):
        hold_post(page, cast.own, "网格员", there.divisions[GRID], since=NOW)


def test_duty_on_a_page_is_that_of_its_scope(page: Connection, seal: ScopeSeal, there: Town, cast: Cast) -> None:
    def told(code: str) -> list[tuple[UUID, str]]:
        return [(one.person_id, one.why) for one in on_duty(page, there.divisions[code], NOW)]

    narrow(page, Scope(divisions=frozenset([there.divisions[TOWNSHIP]])), seal)
    assert told(GRID) == [(cast.own, "holder"), (cast.stand_in, "stand_in")]
    assert told(FAR) == [(cast.own, "holder")]  # their own, lent; the other one's people are not theirs to see
    narrow(page, Scope(divisions=frozenset([there.divisions[FAR]])), seal)
    assert told(GRID) == []
    assert told(FAR) == [(cast.own, "holder")]  # the one of theirs is away
    assert [one.id for one in people(page, NOW)] == sorted([cast.own, cast.far])
    assert [one.code for one in organisations(page, NOW)] == [FAR]


INSERTS = {
    "post_holdings": "insert into post_holdings (person_id, post, division_id, valid)"
    " values (%(person)s, 'grid_worker', %(division)s, tstzrange(%(at)s, null))",
    "shifts": "insert into shifts (person_id, post, division_id, during)"
    " values (%(person)s, 'grid_worker', %(division)s, tstzrange(%(at)s, '2030-01-01'))",
    "absences": "insert into absences (person_id, organisation_id, kind, during)"
    " values (%(person)s, %(organisation)s, 'leave', tstzrange(%(at)s, null))",
    "person_terms": "insert into person_terms (person_id, organisation_id, employment, valid)"
    " values (%(person)s, %(organisation)s, 'volunteer', tstzrange(%(at)s, null))",
    "organisation_divisions": "insert into organisation_divisions (organisation_id, division_id)"
    " values (%(organisation)s, %(division)s)",
    "organisation_versions": "insert into organisation_versions (organisation_id, name) values (%(bare)s, '名')",
}


@pytest.mark.parametrize("table", INSERTS)
def test_of_two_at_once_the_database_takes_one(
    connection: Connection, database_url: str, there: Town, table: str
) -> None:
    who = there.person(connection, "甲")
    leave(connection, who, at=NOW)
    bare = connection.execute(
        "insert into organisations (kind, code) values ('bureau', 'bare') returning id"
    ).fetchone()
    assert bare is not None
    asked = {
        "person": who, "organisation": there.organisation, "division": there.divisions[GRID], "at": NOW,
        "bare": bare[0],
    }  # fmt: skip
    refused: list[psycopg.Error] = []

    def second() -> None:
        with connect(database_url, "second", autocommit=True) as other:
            try:
                other.execute(INSERTS[table].encode(), asked)
            except errors.ExclusionViolation as error:
                refused.append(error)

    together(connection, "second", lambda: connection.execute(INSERTS[table].encode(), asked), second)
    assert len(refused) == 1


def test_of_two_who_enter_the_same_one_is_told(connection: Connection, database_url: str, there: Town) -> None:
    who = there.person(connection, "甲")
    place = there.divisions[GRID]
    told: list[PeopleError] = []

    def second() -> None:
        with connect(database_url, "second", autocommit=True) as other:
            try:
                hold_post(other, who, "网格员", place, since=NOW)
            except PeopleError as error:
                told.append(error)

    together(connection, "second", lambda: hold_post(connection, who, "网格员", place, since=NOW), second)
    assert [type(one) for one in told] == [Overlaps]


def test_two_who_stand_in_for_each_other_leave_at_once(connection: Connection, database_url: str, there: Town) -> None:
    first, second = there.person(connection, "甲"), there.person(connection, "乙")
    add_absence(connection, first, since=NOW, until=NOW.replace(hour=9), stand_in_id=second)
    add_absence(connection, second, since=NOW.replace(hour=10), until=NOW.replace(hour=11), stand_in_id=first)

    def other_leaves() -> None:
        with connect(database_url, "second", autocommit=True) as other:
            leave(other, second, at=NOW)

    together(connection, "second", lambda: leave(connection, first, at=NOW), other_leaves)
    row = connection.execute("select count(*) from absences where upper_inf(recorded)").fetchone()
    assert row == (0,)


def together(connection: Connection, name: str, first: Callable[[], object], second: Callable[[], object]) -> None:
    """The first in a transaction; the second waits for it in another, and it commits only then."""
    waits = threading.Thread(target=second)
    with connection.transaction():
        first()
        waits.start()
        while connection.execute(
            "select 1 from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'"
            " and datname = current_database()",
            (f"shijing-{name}",),
        ).fetchone() is None:  # fmt: skip
            waits.join(0.01)
            assert waits.is_alive(), "the second did not wait"
            connection.execute("select pg_stat_clear_snapshot()")
    waits.join()
