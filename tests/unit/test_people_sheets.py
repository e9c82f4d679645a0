"""Files from strangers: what is damaged, too large or hidden is named, and nothing in them is expanded or computed."""

import io
import zipfile
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from config import sheets as bounds
from people.errors import Refused
from people.file_words import WORDS
from people.importing import PEOPLE, ROSTER
from people.rows import Told, read_rows
from people.sheets import read_sheets
from people.sheets_out import template
from people.tables import TABLES

HEADS = ["机构", "工号", "姓名", "电话", "邮箱", "用工", "技能", "起", "止"]


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def workbook(*rows: list[Any], name: str = "人员") -> Workbook:
    book = Workbook()
    assert book.active is not None
    book.active.title = name
    for row in (HEADS, *rows):
        book.active.append(row)
    return book


def person(number: str = "A1", since: Any = "2026-01-01") -> list[Any]:
    return ["500", number, "甲", "", "", "", "", since, ""]


def read(book: Workbook) -> Told:
    return read_rows(read_sheets("a.xlsx", saved(book)), PEOPLE)


def faults(told: Told) -> list[tuple[str, int, str, str]]:
    return [(one.sheet, one.row, one.column, one.what) for one in told.faults]


def repacked(raw: bytes, part: str, change: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return out.getvalue()


def test_merged_cells_are_named_row_by_row() -> None:
    book = workbook(person("A1"), person("A2"), person("A3"))
    assert book.active is not None
    book.active.merge_cells("A2:A4")
    told = read(book)
    assert [one.staff_number for one in told.people] == ["A1"]
    assert faults(told) == [("人员", 3, "A 机构", "merged"), ("人员", 4, "A 机构", "merged")]
    assert "A2:A4" in told.faults[0].zh


def test_merged_cells_without_end_are_refused_before_they_are_walked() -> None:
    raw = saved(workbook(*(person(f"A{at}") for at in range(1000))))

    def merging(*areas: str) -> bytes:
        cells = "".join(f"<mergeCell ref='{area}'/>" for area in areas)
        part = f"</sheetData><mergeCells>{cells}</mergeCells>".encode()
        return repacked(raw, "xl/worksheets/sheet1.xml", lambda content: content.replace(b"</sheetData>", part))

    with pytest.raises(Refused, match="A2:XFD1048576 and others merge more than 20000 cells"):
        read_rows(read_sheets("a.xlsx", merging("A2:XFD1048576")), PEOPLE)
    with pytest.raises(Refused, match="more than 20000 merged cells"):
        read_sheets("a.xlsx", merging(*["A2:A3"] * 20_001))


def test_a_hidden_sheet_is_named_and_the_lists_behind_drop_downs_are_not() -> None:
    book = workbook(person())
    for name, rows in (("岗位", [["机构", "工号", "岗位", "区划代码", "起"]]), ("lists", [["是"], ["否"]])):
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden"
        for row in rows:
            sheet.append(row)
    assert faults(read(book)) == [("岗位", 0, "", "hidden")]


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        (0, "number_date"),
        (45987, "number_date"),
        (45987.5, "number_date"),
        (datetime(1900, 1, 1), "far_date"),
        ("1900/1/0", "no_date"),
        ("2026-13-01", "no_date"),
        ("明天", "no_date"),
        ("=TODAY()", "formula"),
        ("#N/A", "error_cell"),
        ("2199-01-01", "far_date"),
        ("x" * 500, "too_long"),
    ],
)
def test_dates_that_are_none(cell: Any, what: str) -> None:
    assert faults(read(workbook(person(), person("A2", cell)))) == [("人员", 3, "H 起", what)]


@pytest.mark.parametrize(
    "text",
    ["2026-11-26 08:00", "2026/11/26 8:00", "2026-11-26T00:00:00Z", "2026-11-26 08:00:00", datetime(2026, 11, 26, 8)],
)
def test_dates_as_people_write_them_are_of_beijing(text: Any) -> None:
    [one] = read(workbook(person(since=text))).people
    assert one.since is not None
    assert one.since.isoformat(sep=" ") in ("2026-11-26 08:00:00+08:00", "2026-11-26 00:00:00+00:00")


def test_heads_are_told_in_both_languages_and_wrong_ones_named() -> None:
    english = "organisation,Staff Number,name,since\n500,A1,甲,2026-01-01\n"
    assert len(read_rows(read_sheets("x.csv", english.encode()), PEOPLE).people) == 1
    wrong = "机构,工号,工号,姓名,年龄\n500,A1,A1,甲,30\n"
    told = read_rows(read_sheets("人员.csv", wrong.encode()), PEOPLE)
    assert faults(told) == [("人员", 1, "C 工号", "doubled_head"), ("人员", 1, "E 年龄", "unknown_head")]
    short = read_rows(read_sheets("人员.csv", "机构,工号\n500,A1\n".encode()), PEOPLE)
    assert faults(short) == [("人员", 1, "", "missing_head")]
    beyond = read_rows(read_sheets("人员.csv", "机构,工号,姓名\n500,A1,甲,更多\n".encode()), PEOPLE)
    assert faults(beyond) == [("人员", 2, "", "too_many_cells")]


def test_two_sheets_of_one_table_and_one_of_none_are_named() -> None:
    book = workbook(person())
    for name, heads in (("人员2", HEADS), ("账目", ["收入", "支出"])):
        book.create_sheet(name).append(heads)
    assert faults(read(book)) == [("人员2", 0, "", "second_sheet"), ("账目", 0, "", "unknown_sheet")]


def test_a_hundred_thousand_rows_are_read_and_the_faulty_one_is_named() -> None:
    lines = [f"500,N{number},甲,,,,,2026-01-01," for number in range(100_000)]
    lines[77_776] = "500,N77776,甲,,,,,2026-02-30,"
    told = read_rows(read_sheets("人员.csv", "\n".join([",".join(HEADS), *lines]).encode()), PEOPLE)
    assert len(told.people) == 99_999
    assert faults(told) == [("人员", 77_778, "H 起", "no_date")]


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = saved(workbook(person("A1"), person("A2")))
    monkeypatch.setattr(bounds, "MOST_ROWS", 1)
    with pytest.raises(Refused, match="more than 1 rows: split"):
        read_sheets("a.xlsx", raw)
    with pytest.raises(Refused, match="more than 1 rows: split"):
        read_sheets("a.csv", b"a\n" * 5)
    with pytest.raises(Refused, match="more than 60 columns"):
        read_sheets("a.csv", b"a," * 80)
    monkeypatch.setattr(bounds, "MOST_BYTES", 100)
    with pytest.raises(Refused, match="are the most: split it"):
        read_sheets("a.xlsx", raw)


def test_a_zip_bomb_is_counted_as_it_unpacks_whatever_it_says_of_itself() -> None:
    raw = repacked(saved(workbook(person())), "xl/styles.xml", lambda _: b" " * (500 << 20))
    assert len(raw) < 1 << 20
    with pytest.raises(Refused, match="unpacks to more than 400 MB"):
        read_sheets("a.xlsx", raw)
    with pytest.raises(Refused, match="parts"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for number in range(1001):
                archive.writestr(str(number), b"")
        read_sheets("a.xlsx", out.getvalue())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_any_is_expanded(encoding: str) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    raw = repacked(saved(workbook(person())), "xl/workbook.xml", lambda _: bomb.encode(encoding))
    with pytest.raises(Refused, match="declares a document type"):
        read_sheets("a.xlsx", raw)


def test_a_row_far_away_is_not_walked_to() -> None:
    raw = repacked(
        saved(workbook(person())),
        "xl/worksheets/sheet1.xml",
        lambda content: content.replace(b'<row r="2"', b'<row r="2000000000"').replace(b'r="A2"', b'r="A2000000000"'),
    )
    with pytest.raises(Refused, match="10000 empty rows up to row 10002: delete them"):
        read_sheets("a.xlsx", raw)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old .xls file, or has a password"),
        (b"PK\x03\x04rubbish", "no sound .xlsx"),
        (b"\xff\xff\xff\xff", "neither UTF-8 nor GBK"),
        (b"a\0b", "is no table"),
    ],
)
def test_what_is_no_table_is_refused_in_words(raw: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read_sheets("a.xlsx", raw)


_SOUND = saved(workbook(person("A1"), person("A2", datetime(2026, 1, 1))))


@given(st.integers(0, len(_SOUND) - 1), st.binary(min_size=1, max_size=8))
def test_damaged_files_are_refused_or_read_and_never_crash(at: int, noise: bytes) -> None:
    damaged = _SOUND[:at] + noise + _SOUND[at + len(noise) :]
    try:
        told = read_rows(read_sheets("a.xlsx", damaged), PEOPLE)
    except Refused as error:
        assert "a.xlsx" in str(error) or "no rows" in str(error)
    else:
        assert told.rows() + len(told.faults) >= 0


@given(st.lists(st.lists(st.text(max_size=30), min_size=9, max_size=9), min_size=1, max_size=5))
def test_any_text_in_cells_is_a_row_or_a_fault_with_row_and_column(rows: list[list[str]]) -> None:
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [HEADS, *rows])
    try:
        told = read_rows(read_sheets("人员.csv", text.encode("utf-8", "ignore")), PEOPLE)
    except Refused as error:
        assert "人员.csv" in str(error)
        return
    assert all(fault.row > 1 and fault.zh and fault.en for fault in told.faults)


def test_the_words_of_faults_are_there_in_both_languages() -> None:
    assert all(zh and en and zh != en for zh, en in WORDS.values())


def test_templates_have_every_head_and_read_as_files_without_rows() -> None:
    for wanted in (PEOPLE, ROSTER):
        raw = template(wanted)
        book = load_workbook(io.BytesIO(raw))
        for what in wanted:
            heads = [cell.value for cell in next(book[TABLES[what].zh].iter_rows())]
            assert heads == [column.zh for column in TABLES[what].columns]
        assert read_rows(read_sheets("a.xlsx", raw), wanted).faults == []
    with pytest.raises(Refused, match="one table"):
        template(PEOPLE, as_csv=True)
