"""People of the demo: invented, and each of them says so. Nobody of these names is meant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from uuid import UUID

from psycopg.rows import class_row

from access.vault import Vault
from config.database import Connection
from config.queries import Queries
from people.absences import add_absence
from people.holdings import add_shift, hold_post
from people.organisations import add_organisation
from people.persons import add_person
from people.private import private

QUERIES = Queries(Path(__file__).with_name("demo_queries.sql"))
MARK = "（虚构）"
# A number that no network of the country gives out: nobody is called by mistake.
_PHONE = "000{:08}"
_SURNAMES, _GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", ("甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸")
_OF_TOWNSHIP = (
    *("commander", "deputy_a", "deputy_b", "duty_officer", "duty_officer"),
    *("hydrology", "livelihood_section", "city_management"),
)
_OF_VILLAGE = ("grid_leader", "grid_worker")
_DUTY = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class _Township:
    id: int
    code: str
    name: str
    villages: list[int]


def make_demo_people(connection: Connection, vault: Vault, *, begin: datetime, end: datetime) -> int:
    """People, posts and a roster from `begin` to `end` for each township with a sensor; how many people were made.

    They serve from a year before on, so also now. Where a township has its demo organisation already, nothing is
    written.
    """
    with connection.cursor(row_factory=class_row(_Township)) as cursor:
        townships = cursor.execute(QUERIES["townships"], {"at": begin}).fetchall()
    names = (f"{surname}{given}{MARK}" for given, surname in product(_GIVEN * 10, _SURNAMES))
    made = 0
    for township in townships:
        with connection.transaction():  # all of a township, or the next start would find a part
            made += _furnish(connection, vault, township, names, begin, end)
    return made


def _furnish(
    connection: Connection, vault: Vault, township: _Township, names: Iterator[str], begin: datetime, end: datetime
) -> int:
    organisation = add_organisation(
        connection,
        kind="township",
        code=f"demo-{township.code}",
        name=f"{township.name}基层治理指挥中心{MARK}",
        divisions=[township.id],
    )
    since = begin - timedelta(days=365)
    jobs = [(post, township.id) for post in _OF_TOWNSHIP]
    # One of each for the whole township: gauges stand in no village that the demo knows the boundary of.
    jobs += [(post, place) for place in [township.id, *township.villages] for post in _OF_VILLAGE]
    held: dict[str, list[UUID]] = {}
    for number, (post, division) in enumerate(jobs, 1):
        fields = private(next(names), _PHONE.format(organisation * 100 + number))
        person = add_person(
            connection,
            vault,
            organisation_id=organisation,
            staff_number=f"demo-{number:02}",
            fields=fields,
            since=since,
        )
        hold_post(connection, person, post, division, since=since)
        held.setdefault(post, []).append(person)
    _roster(connection, township.id, held["duty_officer"], begin, end)
    # One is on leave for the first three days, and the backup stands in.
    add_absence(
        connection, held["hydrology"][0], since=begin, until=begin + timedelta(days=3), stand_in_id=held["deputy_b"][0]
    )
    return len(jobs)


def _roster(connection: Connection, township: int, officers: list[UUID], begin: datetime, end: datetime) -> None:
    """By turns, day and night."""
    turn = 0
    while (since := begin + turn * _DUTY) < end:
        officer = officers[turn % len(officers)]
        add_shift(connection, officer, "duty_officer", township, since=since, until=min(since + _DUTY, end))
        turn += 1
