"""Files of people and rosters: previewed, written whole or not at all, and the same file twice changes nothing."""

import io
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook, load_workbook

from access import audit
from access.key_file import add_key
from access.scope import EVERYWHERE, Scope
from config.database import Connection, connect
from people.duty import on_duty
from people.errors import Refused
from people.exporting import export_file
from people.importing import PEOPLE, ROSTER, Asked, FileReport, import_file
from people.organisations import add_organisation
from people.persons import change_term, leave, person_named
from people.private import open_private
from people.tables import What
from tests.database.people_seed import ACTOR, FAR, GRID, NOW, OTHER_GRID, TOWNSHIP, Town, town

PEOPLE_HEADS = "机构,工号,姓名,电话,邮箱,用工,技能,起,止"
POST_HEADS = "机构,工号,岗位,区划代码,起,止,取消"
AWAY_HEADS = "机构,工号,类别,起,止,顶岗人,取消"
ALL: tuple[What, ...] = (*PEOPLE, *ROSTER)
TABLES = ("people", "person_terms", "people_private", "post_holdings", "shifts", "absences", "audit")


@pytest.fixture
def there(connection: Connection, tmp_path: Path) -> Town:
    connection.autocommit = True
    return town(connection, tmp_path)


def take(
    connection: Connection,
    there: Town,
    raw: bytes | str,
    *,
    name: str = "people.csv",
    wanted: tuple[What, ...] = PEOPLE,
    scope: Scope = EVERYWHERE,
    apply: bool = True,
    now: datetime = NOW,
) -> FileReport:
    plain = raw.encode() if isinstance(raw, str) else raw
    asked = Asked(scope=scope, actor=ACTOR, now=now, apply=apply)
    return import_file(connection, there.vault, name, plain, wanted, asked)


def book(**sheets: list[list[Any]]) -> bytes:
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def csv(heads: str, *rows: str) -> str:
    return "\n".join((heads, *rows)) + "\n"


def staff(*numbers: str) -> str:
    rows = (f"{TOWNSHIP},{one},姓名{one},1380000{at:04},,,,2020-01-01," for at, one in enumerate(numbers))
    return csv(PEOPLE_HEADS, *rows)


def history(connection: Connection) -> dict[str, list[Any]]:
    return {
        table: connection.execute(f"select to_jsonb({table}) from {table} order by 1").fetchall() for table in TABLES
    }


def named(report: FileReport) -> set[tuple[str, int, str, str]]:
    return {(fault.sheet, fault.row, fault.column, fault.what) for fault in report.faults}


def everything() -> bytes:
    return book(
        人员=[
            PEOPLE_HEADS.split(","),
            [TOWNSHIP, "A1", "张三", "13800000001", "", "专职", "急救、驾驶", "2020-01-01", ""],
            [TOWNSHIP, 1002, "李四", 13800000002, "l@example.org", "志愿者", "", datetime(2020, 1, 1), None],
        ],
        岗位=[POST_HEADS.split(","), [TOWNSHIP, "A1", "值班长", TOWNSHIP, "2026-01-01", "", ""]],
        排班=[POST_HEADS.split(","), [TOWNSHIP, 1002, "值班长", TOWNSHIP, "2026-11-27 08:00", "2026-11-27 20:00", ""]],
        请假=[AWAY_HEADS.split(","), [TOWNSHIP, "A1", "病假", "2026-12-01", "2026-12-03", "1002", ""]],
    )


def test_a_preview_writes_nothing_an_import_all_and_the_same_file_again_nothing(
    connection: Connection, there: Town
) -> None:
    before = history(connection)
    preview = take(connection, there, everything(), name="a.xlsx", wanted=ALL, apply=False)
    assert (preview.faults, preview.written) == ([], False)
    assert history(connection) == before

    report = take(connection, there, everything(), name="a.xlsx", wanted=ALL)
    assert report.written
    assert report.counts == preview.counts
    assert report.counts == {"people": {"new": 2}, "posts": {"new": 1}, "shifts": {"new": 1}, "absences": {"new": 1}}
    shift = on_duty(connection, there.divisions[GRID], datetime(2026, 11, 27, 4, tzinfo=UTC), post="duty_officer")
    assert [one.person_id for one in shift] == [person_named(connection, there.vault, f"{TOWNSHIP}/1002")]

    written = history(connection)
    again = take(connection, there, everything(), name="a.xlsx", wanted=ALL)
    assert {state for states in again.counts.values() for state in states} == {"unchanged"}
    assert history(connection) == written


def test_an_import_is_one_entry_of_the_trail_and_nothing_personal_is_in_plain_text(
    connection: Connection, there: Town
) -> None:
    take(connection, there, everything(), name="a.xlsx", wanted=ALL)
    [entry] = audit.entries(connection, act="person.imported")
    assert (entry.actor, entry.division_id) == (ACTOR, there.divisions[TOWNSHIP])
    assert entry.details == {"rows": 5, "tables": ["absences", "people", "posts", "shifts"], "new": 5}
    kept = repr(history(connection))
    assert "张三" not in kept
    assert "13800000001" not in kept
    person = person_named(connection, there.vault, "张三")
    assert open_private(connection, there.vault, [person])[person].phone == "13800000001"


def test_changes_and_ends_are_told_and_history_stays(connection: Connection, there: Town) -> None:
    take(connection, there, everything(), name="a.xlsx", wanted=ALL)
    person = person_named(connection, there.vault, f"{TOWNSHIP}/A1")
    changed = csv(
        PEOPLE_HEADS,
        f"{TOWNSHIP},A1,张三丰,13800000001,,兼职,急救,,",
        f"{TOWNSHIP},1002,李四,13800000002,l@example.org,,,,2026-12-02",
    )
    report = take(connection, there, changed)
    assert report.counts == {"people": {"changed": 1, "ended": 1}}
    assert open_private(connection, there.vault, [person])[person].name == "张三丰"
    terms = connection.execute(
        "select employment, skills from person_terms where person_id = %s and upper_inf(recorded) order by valid",
        [person],
    ).fetchall()
    assert terms == [("full_time", ["急救", "驾驶"]), ("part_time", ["急救"])]
    # Who stood in leaves on the second day: the absence goes on without anybody.
    away = connection.execute(
        "select upper(during) - lower(during), stand_in_id is null from absences"
        " where upper_inf(recorded) order by during"
    ).fetchall()
    assert away == [(timedelta(days=1), False), (timedelta(days=1), True)]
    assert take(connection, there, changed).counts == {"people": {"unchanged": 2}}


def test_shifts_are_moved_shortened_and_cancelled(connection: Connection, there: Town) -> None:
    take(connection, there, staff("A1"))
    one, two, other = (
        f"{TOWNSHIP},A1,值班长,{TOWNSHIP},2026-11-{day} 08:00,2026-11-{day} 20:00," for day in (27, 28, 29)
    )
    take(connection, there, csv(POST_HEADS, one, two), name="排班.csv", wanted=ROSTER)
    longer = one.replace("20:00", "22:00")
    shorter = two.replace("20:00", "10:00")
    changed = take(connection, there, csv(POST_HEADS, longer, shorter, other), name="排班.csv", wanted=ROSTER)
    assert changed.counts == {"shifts": {"changed": 1, "ended": 1, "new": 1}}
    cancelled = csv(POST_HEADS, f"{longer}是", shorter, other)
    assert take(connection, there, cancelled, name="排班.csv", wanted=ROSTER).counts == {
        "shifts": {"ended": 1, "unchanged": 2}
    }
    assert take(connection, there, cancelled, name="排班.csv", wanted=ROSTER).counts == {"shifts": {"unchanged": 3}}
    left = connection.execute("select count(*) from shifts where upper_inf(recorded)").fetchone()
    assert left == (2,)


def test_who_left_serves_again_with_a_later_beginning(connection: Connection, there: Town) -> None:
    row = f"{TOWNSHIP},A1,甲,,,,,2020-01-01,2021-01-01"
    take(connection, there, csv(PEOPLE_HEADS, row))
    late = take(connection, there, csv(PEOPLE_HEADS, row.replace("2021-01-01", "2022-01-01")))
    assert named(late) == {("people", 2, "I 止", "left_already")}
    again = take(connection, there, csv(PEOPLE_HEADS, f"{TOWNSHIP},A1,甲,,,,,2026-01-01,"))
    assert again.counts == {"people": {"renewed": 1}}


def test_every_faulty_row_is_named_and_one_stops_all(connection: Connection, there: Town) -> None:
    add_organisation(connection, kind="township", code=FAR, name="远", divisions=[there.divisions[FAR]])
    take(connection, there, staff("A1", "A2"))
    raw = book(
        人员=[
            PEOPLE_HEADS.split(","),
            [TOWNSHIP, "B1", "甲", "", "", "", "", "2026-02-30", ""],
            [TOWNSHIP, "B2", "乙", "", "", "", "", 45987, ""],
            [TOWNSHIP, "B3", "丙", "", "", "", "", datetime(1900, 1, 5), ""],
            [TOWNSHIP, "B4", "=1+1", "", "", "", "", "2026-01-01", ""],
            [TOWNSHIP, "B5", "戊", "12ab", "nobody", "临时", "", "2026-01-01", "2025-01-01"],
            [TOWNSHIP, "13800000001", "己", "", "", "", "", "2026-01-01", ""],
            [TOWNSHIP, "B7", "庚", "", "", "", "", "", ""],
            [FAR, "B8", "辛", "", "", "", "", "2026-01-01", ""],
            ["nowhere", "B9", "壬", "", "", "", "", "2026-01-01", ""],
            [TOWNSHIP, "C1", "癸", "", "", "", "", "2026-01-01", ""],
            [TOWNSHIP, "C1", "子", "", "", "", "", "2026-01-01", ""],
            [TOWNSHIP, "", "", "", "", "", "", "2026-01-01", ""],
            [TOWNSHIP, "A1", "姓名A1", "", "", "", "", "2021-01-01", ""],
        ],
        岗位=[
            POST_HEADS.split(","),
            [TOWNSHIP, "A1", "皇帝", TOWNSHIP, "2026-01-01", "", ""],
            [TOWNSHIP, "A1", "值班长", "500", "2026-01-01", "", ""],
            [TOWNSHIP, "A1", "值班长", FAR, "2026-01-01", "", ""],
            [TOWNSHIP, "Z9", "值班长", TOWNSHIP, "2026-01-01", "", ""],
            [TOWNSHIP, "A1", "值班长", TOWNSHIP, "2019-01-01", "", ""],
            [TOWNSHIP, "A2", "值班长", TOWNSHIP, "2026-01-01", "2026-03-01", ""],
            [TOWNSHIP, "A2", "值班长", TOWNSHIP, "2026-02-01", "", "也许"],
            [TOWNSHIP, "A2", "值班长", TOWNSHIP, "2026-02-01", "", ""],
        ],
    )
    before = history(connection)
    own = Scope(divisions=frozenset({there.divisions[TOWNSHIP]}))
    report = take(connection, there, raw, name="a.xlsx", scope=own)
    assert named(report) == {
        ("人员", 2, "H 起", "no_date"),
        ("人员", 3, "H 起", "number_date"),
        ("人员", 4, "H 起", "far_date"),
        ("人员", 5, "C 姓名", "formula"),
        ("人员", 6, "D 电话", "personal"),
        ("人员", 6, "E 邮箱", "personal"),
        ("人员", 6, "F 用工", "choice"),
        ("人员", 6, "I 止", "ends_early"),
        ("人员", 7, "B 工号", "staff_number"),
        ("人员", 8, "H 起", "empty"),
        ("人员", 9, "A 机构", "foreign_organisation"),
        ("人员", 10, "A 机构", "no_organisation"),
        ("人员", 12, "B 工号", "doubled"),
        ("人员", 13, "B 工号", "empty"),
        ("人员", 13, "C 姓名", "empty"),
        ("人员", 14, "H 起", "since_differs"),
        ("岗位", 2, "C 岗位", "no_post"),
        ("岗位", 3, "D 区划代码", "no_division"),
        ("岗位", 4, "D 区划代码", "foreign_division"),
        ("岗位", 5, "B 工号", "no_person"),
        ("岗位", 6, "E 起", "not_serving"),
        ("岗位", 8, "G 取消", "choice"),
        ("岗位", 9, "E 起", "overlaps_row"),
    }
    assert history(connection) == before
    told = "\n".join(fault.line() + fault.zh for fault in report.faults)
    assert "12ab" not in told  # what is personal is never quoted
    assert "nobody" not in told
    assert "人员 row 14, column H 起: the person serves since 2020-01-01 00:00:00" in told


def test_absences_name_who_can_stand_in(connection: Connection, there: Town) -> None:
    take(connection, there, staff("A1", "A2"))
    row = f"{TOWNSHIP},%s,休假,2026-12-01,2026-12-05,%s,"
    faulty = csv(AWAY_HEADS, row % ("A1", "A1"), row % ("A2", "Z9"))
    assert named(take(connection, there, faulty, name="请假.csv", wanted=ROSTER)) == {
        ("请假", 2, "F 顶岗人", "own_stand_in"),
        ("请假", 2, "F 顶岗人", "stand_in_away"),
        ("请假", 3, "F 顶岗人", "no_person"),
    }
    both = csv(AWAY_HEADS, row % ("A1", "A2"), row % ("A2", ""))
    assert named(take(connection, there, both, name="请假.csv", wanted=ROSTER)) == {
        ("请假", 2, "F 顶岗人", "stand_in_away")
    }


@pytest.mark.parametrize("as_csv", [False, True])
def test_an_export_imported_again_changes_nothing_and_no_cell_is_computed(
    connection: Connection, there: Town, as_csv: bool
) -> None:
    evil = ["=1+1", "+86", "-2", "@SUM(A1)", "'quoted", "甲,乙"]
    rows = [[TOWNSHIP, f"N{at}", one, "+8613800000001", "", "", one, "2020-01-01", ""] for at, one in enumerate(evil)]
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    assert take(connection, there, f"{PEOPLE_HEADS}\n{text}\n").written
    take(connection, there, csv(POST_HEADS, f"{TOWNSHIP},N1,值班长,{GRID},2026-01-01,,"), name="岗位.csv")
    take(connection, there, csv(POST_HEADS, f"{TOWNSHIP},N1,值班长,{OTHER_GRID},2026-11-27,2026-11-28,"),
         name="排班.csv", wanted=ROSTER)  # fmt: skip
    take(connection, there, csv(AWAY_HEADS, f"{TOWNSHIP},N1,休假,2026-12-01,,N2,"), name="请假.csv", wanted=ROSTER)
    sets: list[tuple[What, ...]] = [(one,) for one in ALL] if as_csv else [ALL]
    for wanted in sets:
        raw = export_file(
            connection, there.vault, wanted, scope=EVERYWHERE, actor=ACTOR, at=NOW, as_csv=as_csv
        )  # fmt: skip
        if not as_csv:
            cells = [cell for sheet in load_workbook(io.BytesIO(raw)) for row in sheet for cell in row if cell.value]
            assert {cell.data_type for cell in cells} == {"s"}
            assert all(cell.quotePrefix for cell in cells if cell.value[0] in "=+-@")
        elif wanted == ("people",):
            assert not any(cell[:1] in "=+-@" for cell in raw.decode("utf-8-sig").replace('"', "").split(",") if cell)
        report = take(connection, there, raw, name=f"{wanted[0]}.csv", wanted=wanted)
        assert {state for states in report.counts.values() for state in states} == {"unchanged"}
        assert len(report.counts) == len(wanted)
        assert report.faults == []


def test_an_export_reaches_no_further_than_the_scope(connection: Connection, there: Town) -> None:
    far = add_organisation(connection, kind="township", code=FAR, name="远", divisions=[there.divisions[FAR]])
    there.person(connection, "远方", organisation=far)
    take(connection, there, staff("A1"))
    own = Scope(divisions=frozenset({there.divisions[TOWNSHIP]}))
    raw = export_file(connection, there.vault, ["people"], scope=own, actor=ACTOR, at=NOW, as_csv=True)
    assert [line.split(",")[1] for line in raw.decode("utf-8-sig").splitlines()[1:]] == ["A1"]


def test_a_rotated_key_is_no_change(connection: Connection, there: Town) -> None:
    take(connection, there, staff("A1"))
    add_key(there.vault.path, now=NOW)
    fresh = type(there.vault)(there.vault.path)
    asked = Asked(scope=EVERYWHERE, actor=ACTOR, now=NOW, apply=True)
    report = import_file(connection, fresh, "people.csv", staff("A1").encode(), PEOPLE, asked)
    assert report.counts == {"people": {"unchanged": 1}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_csv_in_what_spreadsheets_save(connection: Connection, there: Town, encoding: str) -> None:
    assert take(connection, there, staff("A1").encode(encoding)).written
    person = person_named(connection, there.vault, "姓名A1")
    assert open_private(connection, there.vault, [person])[person].name == "姓名A1"


def test_a_file_of_the_other_command_is_refused(connection: Connection, there: Town) -> None:
    report = take(connection, there, csv(AWAY_HEADS, f"{TOWNSHIP},A1,,2026-12-01,,,"), name="请假.csv")
    assert named(report) == {("请假", 0, "", "not_here")}
    with pytest.raises(Refused, match="no rows"):
        take(connection, there, "")


def test_an_import_waits_for_a_single_change_and_judges_what_that_left(
    connection: Connection, database_url: str, there: Town
) -> None:
    take(connection, there, staff("A1"))
    person = person_named(connection, there.vault, f"{TOWNSHIP}/A1")
    reports: list[FileReport] = []

    def second() -> None:
        with connect(database_url, "second", autocommit=True) as other:
            reports.append(take(other, there, csv(PEOPLE_HEADS, f"{TOWNSHIP},A1,姓名A1,13800000000,,兼职,,,")))

    waits = threading.Thread(target=second)
    with connection.transaction():
        change_term(connection, person, at=NOW, employment="part_time")
        waits.start()
        while connection.execute(
            "select 1 from pg_stat_activity where application_name = 'shijing-second' and wait_event_type = 'Lock'"
            " and datname = current_database()"
        ).fetchone() is None:  # fmt: skip
            waits.join(0.01)
            assert waits.is_alive(), "the import did not wait"
            connection.execute("select pg_stat_clear_snapshot()")
    waits.join()
    assert reports[0].counts == {"people": {"unchanged": 1}}


def test_who_leaves_by_a_file_leaves_as_by_a_single_change(connection: Connection, there: Town) -> None:
    take(connection, there, staff("A1", "A2"))
    for what, rows in (("岗位", "2026-01-01,"), ("排班", "2026-11-30 08:00,2026-12-02 08:00")):
        held = [f"{TOWNSHIP},{one},值班长,{TOWNSHIP},{rows}," for one in ("A1", "A2")]
        take(connection, there, csv(POST_HEADS, *held), name=f"{what}.csv", wanted=PEOPLE if what == "岗位" else ROSTER)
    ends = datetime(2026, 11, 30, 16, tzinfo=UTC)  # the first of December in Beijing
    by_file, by_hand = (person_named(connection, there.vault, f"{TOWNSHIP}/{one}") for one in ("A1", "A2"))
    take(connection, there, csv(PEOPLE_HEADS, f"{TOWNSHIP},A1,姓名A1,13800000000,,,,,2026-12-01"))
    leave(connection, by_hand, at=ends)

    def left(person: UUID) -> list[Any]:
        return connection.execute(
            "select valid from person_terms where upper_inf(recorded) and person_id = %(person)s"
            " union all select valid from post_holdings where upper_inf(recorded) and person_id = %(person)s"
            " union all select during from shifts where upper_inf(recorded) and person_id = %(person)s",
            {"person": person},
        ).fetchall()

    assert left(by_file) == left(by_hand)
    assert [span.upper for (span,) in left(by_file)] == [ends] * 3
