"""Records from Excel and CSV, and by hand: within a scope, sealed, in the audit, and nothing told of what is not."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook

from access import audit
from access.errors import RecordError
from access.record_import import Asked, RecordReport, import_file
from access.record_keeping import Keeper, add_record, change_record
from access.record_words import WORDS, Fault
from access.records import find, open_record, residents_in
from access.scope import EVERYWHERE, Scope
from access.vault import Vault
from config.database import Connection
from config.errors import SheetRefused
from tests.database.plain_texts import plain_texts

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
ACTOR = UUID("11111111-1111-4111-8111-111111111111")
HEADS = ("区划代码", "类别", "姓名", "电话", "需求", "编号", "起", "止")
HERE, THERE = "500103001", "500109001"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.of_folder(tmp_path)


@pytest.fixture
def places(connection: Connection) -> dict[str, int]:
    """Two townships, of nothing in common."""
    ids: dict[str, int] = {}
    for code in (HERE, THERE):
        row = connection.execute("insert into divisions (level) values ('township') returning id").fetchone()
        assert row is not None
        ids[code] = row[0]
        connection.execute(
            "insert into division_versions (division_id, code, name, kind, source, valid)"
            " values (%s, %s, %s, '', 'test', tstzrange('2020-01-01', null))",
            (ids[code], code, f"街道{code}"),
        )
    return ids


def excel(*rows: tuple[Any, ...], heads: tuple[str, ...] = HEADS) -> bytes:
    book = Workbook()
    sheet = book.active
    for row in (heads, *rows):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def scope_of(places: dict[str, int], code: str) -> Scope:
    return Scope(divisions=frozenset({places[code]}))


def bring(
    connection: Connection, vault: Vault, raw: bytes, scope: Scope = EVERYWHERE, *, apply: bool = True
) -> RecordReport:
    asked = Asked(scope=scope, actor=ACTOR, now=NOW, apply=apply)
    return import_file(connection, vault, "居民.xlsx", raw, asked)


def opened(connection: Connection, vault: Vault, resident: UUID) -> Any:
    return open_record(connection, vault, resident, actor=ACTOR, reason="核对档案内容")


def number(connection: Connection) -> int:
    row = connection.execute("select count(*) from residents").fetchone()
    assert row is not None
    return int(row[0])


def test_an_excel_file_is_previewed_and_then_written(
    connection: Connection, vault: Vault, places: dict[str, int]
) -> None:
    raw = excel(
        (int(HERE), "老人", "王建国", 13800001111, "独居、吸氧", "510202194001010011", datetime(2026, 1, 1), None),
        (HERE, "child", "=陈小果"[1:], None, None, None, "2026/02/01", "2027-01-01"),
    )
    before = bring(connection, vault, raw, scope_of(places, HERE), apply=False)
    assert (before.added, before.changed, before.errors, before.written) == (2, 0, [], False)
    assert number(connection) == 0
    assert audit.entries(connection) == []
    after = bring(connection, vault, raw, scope_of(places, HERE))
    assert (after.added, after.written) == (2, True)
    [entry] = audit.entries(connection)
    assert (entry.act, entry.division_id, entry.details) == (
        "record.imported", places[HERE], {"added": 2, "changed": 0},
    )  # fmt: skip
    elder = next(
        one for one in residents_in(connection, places[HERE], at=NOW, to_come=True, most=10) if one.kind == "elder"
    )
    record = opened(connection, vault, elder.id)
    assert (record.name, record.phone, record.needs) == ("王建国", "13800001111", ["alone", "oxygen"])
    assert record.valid.lower == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert bring(connection, vault, raw).changed == 1  # by its reference; the other is new each time


def test_what_excel_did_to_a_cell_is_told_beside_its_row(
    connection: Connection, vault: Vault, places: dict[str, int]
) -> None:
    raw = excel(
        (HERE, "elder", "=A1", None, None, None, None, None),
        (HERE, "elder", "王建国", None, None, 510202194001010011, None, None),
        (HERE, "elder", "王建国", "#N/A", None, None, 46000, None),
        (HERE, "elder", "王建国", None, "独居、会飞", None, None, None, "多出来的"),
    )
    report = bring(connection, vault, raw)
    assert [(one.row, one.column, one.what) for one in report.faults] == [
        (2, "name", "formula"),
        (3, "reference", "rounded"),
        (4, "phone", "error_cell"),
        (4, "since", "no_date"),
        (5, "", "too_many_cells"),
        (5, "needs", "choice"),
    ]
    assert [one.at for one in report.faults[:2]] == ["C 姓名", "F 编号"]
    assert not any("王建国" in told for one in report.faults for told in (one.zh, one.en))
    assert number(connection) == 0


def test_every_fault_has_words_in_both_languages() -> None:
    for what in WORDS:
        fault = Fault(row=2, column="name", what=what, told=("一", "二", "三"))
        assert fault.zh
        assert fault.en
        assert "{" not in fault.zh + fault.en


def test_a_reference_of_another_scope_is_refused_as_one_that_cannot_be_used(
    connection: Connection, vault: Vault, places: dict[str, int]
) -> None:
    bring(connection, vault, excel((THERE, "elder", "王建国", None, None, "510", None, None)))
    mine = scope_of(places, HERE)
    taken = excel((HERE, "elder", "李四", None, None, "510", None, None))
    for apply in (False, True):
        report = bring(connection, vault, taken, mine, apply=apply)
        assert [(one.row, one.what, one.at) for one in report.faults] == [(2, "not_yours", "F 编号")]
        assert not report.written
    refused = audit.entries(connection, act="record.import_refused")
    assert [(one.actor, one.division_id) for one in refused] == [(ACTOR, places[HERE])] * 2
    foreign = bring(connection, vault, excel((THERE, "elder", "李四", None, None, None, None, None)), mine)
    unknown = bring(connection, vault, excel(("599999999", "elder", "李四", None, None, None, None, None)), mine)
    assert [one.en for one in foreign.faults] == [one.en for one in unknown.faults]
    [there] = residents_in(connection, places[THERE], at=NOW, to_come=True, most=10)
    assert opened(connection, vault, there.id).name == "王建国"
    keeper = Keeper(scope=mine, actor=ACTOR, now=NOW)
    given = {"division": HERE, "kind": "elder", "name": "李四", "reference": "510"}
    told = add_record(connection, vault, given, keeper)
    own = add_record(connection, vault, {**given, "reference": "77"}, keeper)
    again = add_record(connection, vault, {**given, "reference": "77"}, keeper)
    assert isinstance(own, UUID)
    assert told == again  # of one beyond and of one within: the same words
    assert number(connection) == 2


def test_a_record_is_entered_changed_moved_and_never_shown_for_it(
    connection: Connection, vault: Vault, places: dict[str, int]
) -> None:
    keeper = Keeper(scope=EVERYWHERE, actor=ACTOR, now=NOW)
    given = {"division": HERE, "kind": "elder", "name": "王建国", "phone": "13800001111", "note": "钥匙在李翠花处"}
    resident = add_record(connection, vault, given, keeper)
    assert isinstance(resident, UUID)
    plain = {"division": THERE, "kind": "patient", "needs": "oxygen", "since": "2026-01-01", "until": ""}
    faults = change_record(
        connection, vault, resident, {**plain, "phone": "13900002222"}, keeper, clear=["note", "name"]
    )
    assert faults == []
    record = opened(connection, vault, resident)
    assert (record.name, record.phone, record.note, record.kind) == ("王建国", "13900002222", "", "patient")
    assert record.division_id == places[THERE]
    acts = [(one.act, one.division_id) for one in reversed(audit.entries(connection))]
    assert acts == [
        ("record.added", places[HERE]), ("record.moved", places[HERE]), ("record.changed", places[THERE]),
        ("record.opened", places[THERE]),
    ]  # fmt: skip
    assert audit.entries(connection, act="record.changed")[0].details == {"fields": "note, phone"}
    assert plain_texts(connection, ["王建国", "李翠花", "13800001111", "13900002222"]) == []
    foreign = Keeper(scope=scope_of(places, HERE), actor=ACTOR, now=NOW)
    with pytest.raises(RecordError):
        change_record(connection, vault, resident, {**plain, "division": HERE}, foreign)
    [fault] = change_record(connection, vault, resident, {**plain, "until": "2025-12-31"}, keeper)
    assert fault.what == "ends_early"
    known = find(connection, resident)
    assert known is not None
    assert known.valid.upper is None


def test_a_record_that_was_erased_is_not_changed(connection: Connection, vault: Vault, places: dict[str, int]) -> None:
    keeper = Keeper(scope=EVERYWHERE, actor=ACTOR, now=NOW - timedelta(days=100))
    resident = add_record(connection, vault, {"division": HERE, "kind": "elder", "name": "王建国"}, keeper)
    assert isinstance(resident, UUID)
    connection.execute("update residents set erased_at = now() where id = %s", [resident])
    with pytest.raises(RecordError, match="erased"):
        change_record(
            connection, vault, resident, {"division": HERE, "kind": "elder", "since": "2026-01-01"}, keeper
        )  # fmt: skip
    assert residents_in(connection, places[HERE], at=NOW, to_come=True, most=10) == []


def test_what_is_no_table_is_refused_in_both_languages(connection: Connection, vault: Vault) -> None:
    with pytest.raises(SheetRefused) as refused:
        bring(connection, vault, b"\xd0\xcf\x11\xe0 old")
    assert "old .xls" in str(refused.value)
    assert "旧的 .xls" in refused.value.zh
