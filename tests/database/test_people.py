"""Changes of people: one transaction and one audit entry each; refused in words; nothing personal in plain text."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import errors

from access import audit
from access.errors import CannotOpen
from access.key_file import add_key
from access.retention import run_retention
from access.rotation import reencrypt
from access.seals import seal
from access.vault import Vault
from access.verify import verify
from config.database import Connection
from people.absences import add_absence, end_absence
from people.duty import on_duty
from people.errors import Overlaps, Refused, Unknown
from people.holdings import add_shift, cancel_shift, end_post, hold_post
from people.organisations import (
    add_organisation,
    change_organisation,
    cover_division,
    end_cover,
    organisation_named,
    organisations,
)
from people.persons import add_person, change_term, leave, people, person_named, renew_term
from people.private import (
    KINDS,
    SEALED,
    change_private,
    erase_private,
    find_private,
    open_private,
    private,
)
from tests.database.people_seed import ACTOR, GRID, LONG_AGO, NOW, TOWNSHIP, VILLAGE, Town, town
from tests.database.plain_texts import plain_texts

HOUR = timedelta(hours=1)
PERSONAL = ["王建国", "13912345678", "02363845678", "wang@example.org", "李翠花"]


@pytest.fixture
def there(connection: Connection, tmp_path: Path) -> Town:
    return town(connection, tmp_path)


def acts(connection: Connection) -> list[str]:
    return [entry.act for entry in reversed(audit.entries(connection))]


def test_every_change_is_one_act_of_its_actor_with_ids_only(connection: Connection, there: Town) -> None:
    who = there.person(connection, "王建国")
    other = there.person(connection, "李翠花")
    place = there.divisions[GRID]
    cover_division(connection, there.organisation, there.divisions[VILLAGE], actor=ACTOR)
    hold_post(connection, who, "网格员", place, since=NOW, actor=ACTOR)
    shift = add_shift(connection, who, "值班长", place, since=NOW, until=NOW + 8 * HOUR, actor=ACTOR)
    absence = add_absence(connection, who, since=NOW, kind="sick", stand_in_id=other, actor=ACTOR)
    change_private(connection, there.vault, who, private("王建国", "13912345678"), actor=ACTOR)
    change_term(connection, who, at=NOW, employment="part_time", skills=["急救"], actor=ACTOR)
    end_absence(connection, absence, at=NOW + HOUR, actor=ACTOR)
    cancel_shift(connection, shift, at=NOW + 4 * HOUR, actor=ACTOR)
    end_post(connection, who, "grid_worker", place, at=NOW + HOUR, actor=ACTOR)
    leave(connection, who, at=NOW + 2 * HOUR, actor=ACTOR)
    renew_term(connection, who, since=NOW + 9 * HOUR, actor=ACTOR)
    leave(connection, who, at=NOW + 9 * HOUR, actor=ACTOR)
    erase_private(connection, who, now=NOW + 9 * HOUR, actor=ACTOR)
    end_cover(connection, there.organisation, there.divisions[VILLAGE], at=NOW, actor=ACTOR)
    change_organisation(connection, there.organisation, name="新名街道", parent_id=None, at=NOW, actor=ACTOR)
    assert acts(connection) == [
        "organisation.added", "person.added", "person.added", "organisation.covers", "post.held", "shift.added",
        "absence.added", "person.fields_changed", "person.term_changed", "absence.ended", "shift.cancelled",
        "post.ended", "person.left", "person.term_renewed", "person.left", "person.erased",
        "organisation.covers_no_more", "organisation.changed",
    ]  # fmt: skip
    by_us = [entry for entry in audit.entries(connection) if entry.act not in ("person.added", "organisation.added")]
    assert {entry.actor for entry in by_us} == {ACTOR}
    held = next(entry for entry in by_us if entry.act == "post.held")
    assert (held.subject, held.division_id) == (str(who), place)
    assert held.details == {"post": "grid_worker", "since": NOW.isoformat()}
    ill = next(entry for entry in by_us if entry.act == "absence.added")
    assert (ill.division_id, ill.details) == (there.divisions[TOWNSHIP], {"at": NOW.isoformat()})
    assert verify(connection, there.vault).intact


def test_a_change_that_is_refused_leaves_nothing_not_even_an_act(connection: Connection, there: Town) -> None:
    who = there.person(connection, "甲")
    hold_post(connection, who, "网格员", there.divisions[GRID], since=NOW)
    before = acts(connection)
    with pytest.raises(Overlaps, match="holds grid_worker there already for some of that time"):
        hold_post(connection, who, "网格员", there.divisions[GRID], since=NOW + HOUR)
    with pytest.raises(Unknown, match="there is no post '市长'"):
        hold_post(connection, who, "市长", there.divisions[GRID], since=NOW)
    with pytest.raises(Unknown, match="there is no such row"):
        hold_post(connection, who, "网格员", 10**8, since=NOW)
    with pytest.raises(Unknown, match="there is no person"):
        hold_post(connection, uuid4(), "网格员", there.divisions[GRID], since=NOW)
    with pytest.raises(Refused, match="terms do not cover the post"):
        hold_post(connection, who, "网格长", there.divisions[GRID], since=LONG_AGO - HOUR)
    with pytest.raises(Refused, match="has no offset"):
        hold_post(connection, who, "网格长", there.divisions[GRID], since=NOW.replace(tzinfo=None))
    with pytest.raises(Refused, match=r"would end .* before it begins"):
        add_shift(connection, who, "值班长", there.divisions[GRID], since=NOW, until=NOW)
    with pytest.raises(Refused, match="stands in for themselves"):
        add_absence(connection, who, since=NOW, stand_in_id=who)
    with pytest.raises(Refused, match="no kind of absence: take one of leave, sick"):
        add_absence(connection, who, since=NOW, kind="holiday")  # type: ignore[arg-type]
    with pytest.raises(Unknown, match="there is no absence 77"):
        end_absence(connection, 77, at=NOW)
    with pytest.raises(Unknown, match="there is no shift 77"):
        cancel_shift(connection, 77)
    with pytest.raises(Unknown, match="does not hold grid_leader"):
        end_post(connection, who, "网格长", there.divisions[GRID], at=NOW)
    with pytest.raises(Overlaps, match="serves already"):
        renew_term(connection, who, since=NOW)
    with pytest.raises(Refused, match="does not serve at"):
        change_term(connection, who, at=LONG_AGO - HOUR, employment="volunteer")
    with pytest.raises(Refused, match="still serves: end their term first"):
        erase_private(connection, who, now=NOW)
    assert acts(connection) == before
    assert connection.execute("select count(*) from post_holdings").fetchone() == (1,)


def test_a_stand_in_serves_and_is_there(connection: Connection, there: Town) -> None:
    first, second = there.person(connection, "甲"), there.person(connection, "乙")
    add_absence(connection, second, since=NOW, until=NOW + HOUR)
    with pytest.raises(Refused, match="the stand-in is away themselves"):
        add_absence(connection, first, since=NOW, stand_in_id=second)
    leave(connection, second, at=NOW + 2 * HOUR)
    with pytest.raises(Refused, match="do not cover standing in"):
        add_absence(connection, first, since=NOW + HOUR, stand_in_id=second)
    with pytest.raises(Overlaps, match="away already"):
        add_absence(connection, second, since=NOW, until=NOW + HOUR / 2)


def test_organisations_are_named_once_and_keep_their_history(connection: Connection, there: Town) -> None:
    with pytest.raises(Overlaps, match=f"there is an organisation {TOWNSHIP} already"):
        add_organisation(connection, kind="bureau", code=TOWNSHIP, name="又一个")
    with pytest.raises(Refused, match="no kind of organisation: take one of city"):
        add_organisation(connection, kind="club", code="x", name="x")  # type: ignore[arg-type]
    with pytest.raises(Refused, match="no space"):
        add_organisation(connection, kind="bureau", code="a b", name="x")
    with pytest.raises(Refused, match="has a name"):
        add_organisation(connection, kind="bureau", code="x", name=" ")
    with pytest.raises(Unknown, match="there is no such row"):
        add_organisation(connection, kind="bureau", code="x", name="x", parent_id=10**8)
    bureau = add_organisation(connection, kind="bureau", code="yj", name="示例街道", parent_id=there.organisation)
    with pytest.raises(Refused, match=f"2 organisations are called '示例街道': give the code of one \\({TOWNSHIP}, yj"):
        organisation_named(connection, "示例街道", NOW)
    change_organisation(connection, bureau, name="应急办", parent_id=there.organisation, at=NOW)
    assert organisation_named(connection, "应急办", NOW).id == bureau
    with pytest.raises(Unknown, match="no organisation has the code or name '应急办'"):
        organisation_named(connection, "应急办", NOW - HOUR)
    assert [one.code for one in organisations(connection, NOW)] == [TOWNSHIP, "yj"]
    end_cover(connection, there.organisation, there.divisions[TOWNSHIP], at=NOW)
    assert organisation_named(connection, TOWNSHIP, NOW).divisions == []
    assert organisation_named(connection, TOWNSHIP, NOW - HOUR).divisions == [there.divisions[TOWNSHIP]]
    with pytest.raises(Unknown, match="does not answer for division"):
        end_cover(connection, there.organisation, there.divisions[TOWNSHIP], at=NOW)


def test_people_are_found_by_whole_names_and_numbers_only(connection: Connection, there: Town) -> None:
    who = add_person(
        connection, there.vault, organisation_id=there.organisation, staff_number="007",
        fields=private(" 王建国 ", "023-6384 5678", "wang@example.org"), since=NOW, skills=["急救", "急救", "驾驶 "],
    )  # fmt: skip
    namesake = there.person(connection, "王建国")
    assert set(find_private(connection, there.vault, "王建国")) == {who, namesake}
    assert find_private(connection, there.vault, "02363845678") == [who]
    assert find_private(connection, there.vault, "王建") == []
    assert find_private(connection, there.vault, " ") == []
    opened = open_private(connection, there.vault, [who, uuid4()])
    assert opened == {who: private("王建国", "02363845678", "wang@example.org")}
    assert "王建国" not in repr(opened)
    for named in ("007", f"{TOWNSHIP}/007", str(who), "023 63845678"):
        assert person_named(connection, there.vault, named) == who
    with pytest.raises(Refused, match="2 people are called so"):
        person_named(connection, there.vault, "王建国")
    with pytest.raises(Unknown, match="no people are called so"):
        person_named(connection, None, "王建国")
    [one] = people(connection, NOW, organisation_id=there.organisation, after=min(who, namesake))
    assert one.id == max(who, namesake)
    row = next(one for one in people(connection, NOW) if one.id == who)
    assert (row.staff_number, row.skills, row.employment) == ("007", ["急救", "驾驶"], "full_time")


@pytest.mark.parametrize(
    "number", ["13912345678", "+8613912345678", "510202194001010011", "wang@example.org", "", "a/b"]
)
def test_a_staff_number_is_nothing_personal(connection: Connection, there: Town, number: str) -> None:
    with pytest.raises(Refused, match="a staff number"):
        add_person(
            connection, there.vault, organisation_id=there.organisation, staff_number=number, fields=private("甲"),
            since=NOW,
        )  # fmt: skip


def test_a_staff_number_is_taken_once(connection: Connection, there: Town) -> None:
    def add() -> None:
        add_person(
            connection, there.vault, organisation_id=there.organisation, staff_number="1", fields=private("甲"),
            since=NOW,
        )  # fmt: skip

    add()
    with pytest.raises(Overlaps, match="has that staff number already"):
        add()


@pytest.mark.parametrize(("fields", "said"), [
    (("",), "has a name"), (("王" * 101,), "no field is longer"), (("王", "12a"), "is no number"),
    (("王", "", "nobody"), "mail address is none"), (("王\0",), "has a name"),
])  # fmt: skip
def test_fields_that_are_none_are_refused_without_saying_them(fields: tuple[str, ...], said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        private(*fields)
    assert not any(text and text in str(refused.value) for text in ("王", "12a", "nobody"))


def test_who_leaves_holds_nothing_and_nobody_is_lost(connection: Connection, there: Town) -> None:
    goes, stays, other = (there.person(connection, name) for name in "甲乙丙")
    place = there.divisions[GRID]
    hold_post(connection, goes, "网格员", place, since=NOW)
    hold_post(connection, stays, "网格员", there.divisions[TOWNSHIP], since=NOW)
    hold_post(connection, other, "网格长", place, since=NOW)
    add_shift(connection, goes, "值班长", place, since=NOW, until=NOW + 9 * HOUR)
    add_absence(connection, other, since=NOW, stand_in_id=goes)
    assert [one.person_id for one in on_duty(connection, place, NOW)] == [goes, goes, goes]
    leave(connection, goes, at=NOW + HOUR)
    assert [one.person_id for one in on_duty(connection, place, NOW + HOUR / 2)] == [goes, goes, goes]
    [left] = on_duty(connection, place, NOW + HOUR)
    assert (left.person_id, left.division_id, left.why) == (stays, there.divisions[TOWNSHIP], "holder")
    entry = audit.entries(connection, act="person.left")[0]
    assert entry.details == {
        "at": (NOW + HOUR).isoformat(), "holdings": 1, "shifts": 1, "absences": 0, "stand_ins": 1
    }  # fmt: skip
    with pytest.raises(Refused, match="terms do not cover"):
        hold_post(connection, goes, "网格长", place, since=NOW + HOUR)
    with pytest.raises(Refused, match="they left before"):
        leave(connection, goes, at=NOW + HOUR)


def test_history_is_not_rewritten(connection: Connection, there: Town) -> None:
    who = there.person(connection, "甲")
    hold_post(connection, who, "网格员", there.divisions[GRID], since=NOW)
    for statement in (
        "delete from post_holdings",
        "update post_holdings set post = 'commander'",
        "update post_holdings set recorded = tstzrange('2020-01-01', null)",
        "update person_terms set valid = tstzrange('2020-01-01', '2021-01-01')",
        "delete from organisation_versions",
    ):
        with pytest.raises(errors.RestrictViolation, match="are history: close what is recorded"):
            connection.execute(statement.encode())


def test_nothing_personal_is_in_plain_text_anywhere(connection: Connection, there: Town) -> None:
    who = add_person(
        connection, there.vault, organisation_id=there.organisation, staff_number="1",
        fields=private("王建国", "13912345678", "wang@example.org"), since=NOW,
    )  # fmt: skip
    change_private(connection, there.vault, who, private("李翠花", "023-63845678"))
    add_absence(connection, who, since=NOW, kind="sick")
    leave(connection, who, at=NOW + HOUR)
    assert plain_texts(connection, PERSONAL) == []
    connection.execute("insert into actors (name, kind) values ('李翠花', 'person')")
    assert plain_texts(connection, PERSONAL) == ["actors.name: 李翠花"]  # it would have been found


def test_a_field_is_bound_to_its_person(connection: Connection, there: Town) -> None:
    first, second = there.person(connection, "甲"), there.person(connection, "乙")
    connection.execute(
        "update people_private set name = (select name from people_private where person_id = %s) where person_id = %s",
        (first, second),
    )
    with pytest.raises(CannotOpen, match="was changed, or belongs to another row"):
        open_private(connection, there.vault, [second])


def test_a_new_key_encrypts_people_too(connection: Connection, there: Town, tmp_path: Path) -> None:
    who = add_person(
        connection, there.vault, organisation_id=there.organisation, staff_number="1",
        fields=private("王建国", "13912345678"), since=NOW,
    )  # fmt: skip
    add_key(there.vault.path, now=NOW)
    fresh = Vault(there.vault.path)
    assert reencrypt(connection, fresh, SEALED) == 3
    row = connection.execute("select name, phone, email, name_blind, phone_blind from people_private").fetchone()
    assert row is not None
    assert {Vault.key_of(field) for field in row} == {fresh.key_ids[-1]}
    assert find_private(connection, fresh, "王建国") == [who]
    assert open_private(connection, fresh, [who])[who].phone == "13912345678"


def test_after_their_term_people_are_forgotten_and_the_trail_stays_whole(connection: Connection, there: Town) -> None:
    gone, recent, back, serving = (there.person(connection, name) for name in "甲乙丙丁")
    hold_post(connection, gone, "网格员", there.divisions[GRID], since=NOW - timedelta(days=40))
    leave(connection, gone, at=NOW - timedelta(days=31))
    leave(connection, recent, at=NOW - timedelta(days=29))
    leave(connection, back, at=NOW - timedelta(days=31))
    renew_term(connection, back, since=NOW)
    seal(connection, there.vault, now=NOW)
    [done] = run_retention(connection, KINDS, {"people": 30}, now=NOW)
    assert (done.rows, done.left) == (1, 0)
    assert open_private(connection, there.vault, [gone, recent, back, serving]).keys() == {recent, back, serving}
    erase_private(connection, recent, now=NOW)
    with pytest.raises(Unknown, match="were erased before"):
        erase_private(connection, recent, now=NOW)
    [then] = on_duty(connection, there.divisions[GRID], NOW - timedelta(days=35))
    assert then.person_id == gone  # that somebody was on duty stays
    seal(connection, there.vault, now=NOW + HOUR)
    assert verify(connection, there.vault).intact
    assert run_retention(connection, KINDS, {"people": 30}, now=NOW)[0].audit_seq is None
