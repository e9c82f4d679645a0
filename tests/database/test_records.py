"""Residents' records: numbers for everyone, a record for a reason that is logged, nothing personal in plain text."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from psycopg import errors
from psycopg.types.range import TimestamptzRange

from access import audit
from access.errors import CannotOpen, RecordError
from access.key_file import add_key
from access.record_import import import_records
from access.records import (
    Resident,
    counts,
    counts_of_level,
    end_term,
    find,
    open_record,
    openings,
    residents_in,
)
from access.rotation import SEALED, reencrypt
from access.scope import EVERYWHERE, Scope, ScopeSeal, as_reader, narrow
from access.seals import seal
from access.vault import Vault
from access.verify import verify
from config.database import Connection, connect
from tests.database.plain_texts import plain_texts

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
ACTOR = UUID("11111111-1111-4111-8111-111111111111")
REASON = "高温预警，上门看望"

FILE = """区划代码,类别,姓名,住址,电话,备注,需求,编号,起,止
500103001001001,老人,王建国,民生路88号3-1,13800001111,钥匙在李翠花处,独居、吸氧,510202194001010011,2026-01-01,
500103001001001,elder,赵淑芬,民生路90号,023-63845678,,alone,510202193905050022,2026-01-01,2026-12-31
500103001001002,儿童,陈小果,,,父母在外,,,,
500103001,残疾人,周大勇,较场口1号,,,行动不便,510202197003030033,,
"""
PERSONAL = ["王建国", "赵淑芬", "陈小果", "周大勇", "李翠花", "民生路", "较场口", "13800001111", "63845678"]
PERSONAL += ["510202194001010011", "510202193905050022", "父母在外"]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.of_folder(tmp_path)


@pytest.fixture
def places(connection: Connection) -> dict[str, int]:
    """District 500103 > township 500103001 > village 500103001001 > two grids; ids by code."""
    ids: dict[str, int] = {}
    for level, code, parent in [
        ("district", "500103", None),
        ("township", "500103001", "500103"),
        ("village", "500103001001", "500103001"),
        ("grid", "500103001001001", "500103001001"),
        ("grid", "500103001001002", "500103001001"),
    ]:
        row = connection.execute("insert into divisions (level) values (%s) returning id", (level,)).fetchone()
        assert row is not None
        ids[code] = row[0]
        connection.execute(
            "insert into division_versions (division_id, parent_id, code, name, kind, source, valid)"
            " values (%s, %s, %s, %s, '', 'test', tstzrange('2020-01-01', null))",
            (ids[code], ids.get(parent or ""), code, f"区划{code}"),
        )
    return ids


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "residents.csv"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture
def residents(connection: Connection, vault: Vault, places: dict[str, int], file: Path) -> list[Resident]:
    report = import_records(connection, vault, file, actor=ACTOR, now=NOW)
    assert (report.added, report.changed, report.errors) == (4, 0, [])
    return residents_in(connection, places["500103"], at=NOW)


def of_kind(residents: list[Resident], kind: str) -> Resident:
    return next(one for one in residents if one.kind == kind)


def test_the_search_for_plain_texts_finds_them(connection: Connection) -> None:
    connection.execute("insert into actors (name, kind) values ('王建国', 'person')")
    connection.execute(
        "insert into audit_seals (seq, hash, at, key_id, mac) values (1, '', now(), '', %s)", ("x赵淑芬".encode(),)
    )
    assert plain_texts(connection, PERSONAL) == ["actors.name: 王建国", "audit_seals.mac: 赵淑芬"]


def test_nothing_personal_is_in_plain_text_after_import_and_opening(
    connection: Connection, vault: Vault, residents: list[Resident]
) -> None:
    record = open_record(connection, vault, residents[0].id, actor=ACTOR, reason="看望王建国，送氧气瓶")
    end_term(connection, record.id, actor=ACTOR, at=NOW + timedelta(days=1))
    assert plain_texts(connection, PERSONAL) == []


def test_screens_get_numbers(connection: Connection, places: dict[str, int], residents: list[Resident]) -> None:
    grid = counts(connection, places["500103001001001"], at=NOW)
    assert (grid.total, grid.kinds, grid.needs) == (2, {"elder": 2}, {"alone": 2, "oxygen": 1})
    assert counts(connection, places["500103001001"], at=NOW).total == 3
    assert counts(connection, places["500103001"], at=NOW).kinds == {"elder": 2, "child": 1, "disabled": 1}
    assert counts(connection, places["500103001"], at=NOW + timedelta(days=60)).kinds["elder"] == 1
    assert counts_of_level(connection, "grid", at=NOW) == {
        places["500103001001001"]: {"elder": 2},
        places["500103001001002"]: {"child": 1},
    }
    assert counts_of_level(connection, "district", at=NOW)[places["500103"]] == {"elder": 2, "child": 1, "disabled": 1}


def test_a_record_is_opened_and_the_opening_is_told(
    connection: Connection, vault: Vault, places: dict[str, int], residents: list[Resident]
) -> None:
    disabled = of_kind(residents, "disabled")
    record = open_record(connection, vault, disabled.id, actor=ACTOR, reason=REASON, now=NOW)
    assert (record.name, record.address, record.phone, record.note) == ("周大勇", "较场口1号", "", "")
    assert record.needs == ["walking"]
    [entry] = audit.entries(connection, act="record.opened")
    assert (entry.seq, entry.actor, entry.subject) == (record.opening, ACTOR, str(disabled.id))
    assert entry.division_id == places["500103001"]
    [opening] = openings(connection, vault)
    assert (opening.resident_id, opening.actor, opening.at, opening.reason) == (disabled.id, ACTOR, NOW, REASON)
    assert (opening.audit_seq, opening.unchanged) == (entry.seq, True)
    assert entry.details["opening"] == str(opening.id)


def test_the_auditor_sees_openings_by_whom_whose_and_where(
    connection: Connection, vault: Vault, places: dict[str, int], residents: list[Resident]
) -> None:
    for one in residents:
        open_record(connection, vault, one.id, actor=uuid4(), reason=REASON)
    newest = openings(connection, vault, most=1)[0]
    assert [one.resident_id for one in openings(connection, vault)] == [one.id for one in reversed(residents)]
    assert len(openings(connection, vault, before=newest.audit_seq)) == 3
    assert openings(connection, vault, actor=newest.actor) == [newest]
    child = of_kind(residents, "child")
    assert [one.resident_id for one in openings(connection, vault, resident_id=child.id)] == [child.id]
    grid = openings(connection, vault, divisions=[places["500103001001002"]])
    assert [one.resident_id for one in grid] == [child.id]


def test_words_that_were_exchanged_and_openings_that_never_were_stand_out(
    connection: Connection, vault: Vault, residents: list[Resident]
) -> None:
    for _ in range(2):
        open_record(connection, vault, residents[0].id, actor=ACTOR, reason=REASON)
    newer, older = openings(connection, vault)
    other = vault.seal("例行检查", context=("record_openings", "reason", older.id))  # by one who has the key
    connection.execute("update record_openings set reason = %s where id = %s", (other, older.id))
    connection.execute("update record_openings set id = gen_random_uuid(), reason = null where id = %s", (newer.id,))
    assert [one.unchanged for one in openings(connection, vault)] == [False, False]


@pytest.mark.parametrize("reason", ["", "     ", "看看", "。。。。。。。。", "aaaaaaaa", "查 看 "])
def test_without_a_reason_no_record_is_opened(
    connection: Connection, vault: Vault, residents: list[Resident], reason: str
) -> None:
    with pytest.raises(RecordError, match="is opened for a reason"):
        open_record(connection, vault, residents[0].id, actor=ACTOR, reason=reason)
    assert audit.entries(connection, act="record.opened") == []


def test_the_pages_read_what_is_in_their_scope_and_no_details(
    connection: Connection,
    database_url: str,
    seal: ScopeSeal,
    vault: Vault,
    places: dict[str, int],
    residents: list[Resident],
) -> None:
    for one in residents:
        open_record(connection, vault, one.id, actor=ACTOR, reason=REASON)
    child, elder = of_kind(residents, "child"), of_kind(residents, "elder")
    with connect(database_url, "test", autocommit=True) as page:
        as_reader(page)
        assert (residents_in(page, places["500103"], at=NOW), audit.entries(page)) == ([], [])  # no scope: nothing
        narrow(page, Scope(divisions=frozenset([places["500103001001002"]])), seal)
        assert (find(page, child.id), find(page, elder.id)) == (child, None)
        assert counts(page, places["500103"], at=NOW).kinds == {"child": 1}
        assert [(one.resident_id, one.unchanged) for one in openings(page, vault)] == [(child.id, True)]
        assert [entry.subject for entry in audit.entries(page)] == [str(child.id)]
        narrow(page, EVERYWHERE, seal)
        assert len(openings(page, vault)) == len(residents)
        assert len(audit.entries(page)) == len(residents) + 1
        for statement in ("select 1 from resident_details", "delete from residents", "delete from record_openings"):
            with pytest.raises(errors.InsufficientPrivilege):
                page.execute(statement.encode())
        with pytest.raises(errors.InsufficientPrivilege):
            open_record(page, vault, child.id, actor=ACTOR, reason=REASON)


def test_a_look_cannot_be_rolled_back(
    connection: Connection, database_url: str, vault: Vault, residents: list[Resident]
) -> None:
    with connection.transaction(), pytest.raises(RecordError, match="outside of a transaction"):
        open_record(connection, vault, residents[0].id, actor=ACTOR, reason=REASON)
    with connect(database_url, "test") as other, pytest.raises(RecordError, match="outside of a transaction"):
        open_record(other, vault, residents[0].id, actor=ACTOR, reason=REASON)


def test_where_the_opening_cannot_be_written_nothing_is_shown(
    connection: Connection, vault: Vault, residents: list[Resident]
) -> None:
    connection.execute("alter table record_openings add check (resident_id <> actor), add check (reason is null)")
    with pytest.raises(errors.CheckViolation):
        open_record(connection, vault, residents[0].id, actor=ACTOR, reason=REASON)
    assert audit.entries(connection, act="record.opened") == []


def test_the_opening_is_committed_although_the_key_is_another(
    connection: Connection, tmp_path: Path, residents: list[Resident]
) -> None:
    with pytest.raises(CannotOpen):
        open_record(connection, Vault.of_folder(tmp_path / "other"), residents[0].id, actor=ACTOR, reason=REASON)
    assert len(audit.entries(connection, act="record.opened")) == 1


def test_a_record_that_is_not_there_is_said_to_be_not_there(connection: Connection, vault: Vault) -> None:
    with pytest.raises(RecordError, match="there is no record"):
        open_record(connection, vault, uuid4(), actor=ACTOR, reason=REASON)


def test_a_record_shows_nobody_in_a_log(connection: Connection, vault: Vault, residents: list[Resident]) -> None:
    record = open_record(connection, vault, residents[0].id, actor=ACTOR, reason=REASON)
    assert not any(word in repr(record) for word in PERSONAL)


def test_a_ciphertext_moved_to_another_row_does_not_open(
    connection: Connection, vault: Vault, residents: list[Resident]
) -> None:
    one, other = residents[0], residents[1]
    connection.execute(
        "update resident_details set name = (select name from resident_details where resident_id = %s)"
        " where resident_id = %s",
        (one.id, other.id),
    )
    with pytest.raises(CannotOpen, match="belongs to another row"):
        open_record(connection, vault, other.id, actor=ACTOR, reason=REASON)


def test_importing_again_changes_by_reference(
    connection: Connection, vault: Vault, places: dict[str, int], residents: list[Resident], file: Path
) -> None:
    known = of_kind(residents, "disabled")
    file.write_text(
        "division,kind,name,reference,needs,until\n500103001001,disabled,周大勇,５１０２０２１９７００３０３００３３,"
        "walking，hearing,2027-01-01\n",
        encoding="gb18030",
    )
    later = NOW + timedelta(days=1)
    report = import_records(connection, vault, file, actor=ACTOR, now=later)
    assert (report.added, report.changed, report.errors) == (0, 1, [])
    changed = of_kind(residents_in(connection, places["500103"], at=later), "disabled")
    assert (changed.id, changed.division_id) == (known.id, places["500103001001"])
    assert changed.needs == ["hearing", "walking"]
    assert changed.valid == TimestamptzRange(NOW, datetime(2026, 12, 31, 16, tzinfo=UTC))


def test_faulty_rows_are_named_without_what_they_say_and_nothing_is_written(
    connection: Connection, vault: Vault, places: dict[str, int], file: Path
) -> None:
    file.write_text(
        "division,kind,name,needs,reference,since,until\n"
        "500103,elder,王建国,,,,\n"
        "500103001,grandpa,王建国,flying,7,2026-13-01,\n"
        "500103001,elder,,,7,,\n"
        f"500103001,elder,{'王' * 501},,7,,\n"
        "500103001,elder,王建国,,8,,\n"
        "500103001,elder,王建国,,8,2026-01-02,2026-01-03\n",
        encoding="utf-8",
    )
    report = import_records(connection, vault, file, actor=ACTOR, now=NOW)
    assert [error.partition(":")[0] for error in report.errors] == [
        "residents.csv line 3, since",
        "residents.csv line 3, kind",
        "residents.csv line 3, needs",
        "residents.csv line 4, name",
        "residents.csv line 5, name",
        "residents.csv line 7, reference",
        "residents.csv line 2, division",
    ]
    assert not any(word in error for error in report.errors for word in PERSONAL)
    assert counts(connection, places["500103"], at=NOW).total == 0
    assert audit.entries(connection) == []


def test_a_term_that_ends_before_it_begins_is_refused(
    connection: Connection, vault: Vault, places: dict[str, int], file: Path
) -> None:
    file.write_text("division,kind,name,until\n500103001,elder,王建国,2026-01-01\n", encoding="utf-8")
    report = import_records(connection, vault, file, actor=ACTOR, now=NOW)
    assert report.errors == ["residents.csv line 2, until: it ends before it begins"]
    assert not report.written
    assert counts(connection, places["500103"], at=NOW).total == 0


@pytest.mark.parametrize(
    ("head", "said"), [("division,kind", "the head 'name' (姓名) is missing"), ("a,kind", "the head 'a' is not known")]
)
def test_a_wrong_header_is_named(connection: Connection, vault: Vault, file: Path, head: str, said: str) -> None:
    file.write_text(f"{head}\n", encoding="utf-8")
    report = import_records(connection, vault, file, actor=ACTOR, now=NOW)
    assert report.errors[0].startswith(f"residents.csv line 1: {said}")


def test_a_rotation_brings_everything_to_the_new_key(
    connection: Connection, vault: Vault, residents: list[Resident], file: Path
) -> None:
    open_record(connection, vault, residents[0].id, actor=ACTOR, reason=REASON)
    seal(connection, vault, now=NOW)
    key = add_key(vault.path, now=NOW)
    newer = Vault(vault.path)
    assert reencrypt(connection, newer, SEALED) == 4 + 3 + 2 + 2 + 3 + 1  # names … references, and a reason
    assert reencrypt(connection, newer, SEALED) == 0
    heads = connection.execute(
        "select distinct substr(field, 1, 5) from resident_details,"
        " unnest(array[name, address, phone, note, reference, reference_blind]) field where field is not null"
    ).fetchall()
    assert heads == [(newer.head,)]
    assert newer.head == b"\x01" + bytes.fromhex(key.id)
    assert open_record(connection, vault, residents[0].id, actor=ACTOR, reason=REASON).name  # by one that ran before
    assert [(one.reason, one.unchanged) for one in openings(connection, newer)] == [(REASON, True), (REASON, True)]
    again = import_records(connection, newer, file, actor=ACTOR, now=NOW)
    assert (again.added, again.changed) == (1, 3)  # one has no reference
    seal(connection, newer, now=NOW + timedelta(hours=1))
    found = verify(connection, newer)
    assert (found.intact, found.sealed) == (True, found.entries)


def test_every_column_of_ciphertexts_is_known_to_the_rotation(connection: Connection) -> None:
    found = connection.execute(
        "select table_name, column_name from information_schema.columns where data_type = 'bytea'"
        " and table_schema = 'public'"
        " and (table_name in ('resident_details', 'record_openings') or column_name = 'totp_secret')"
    ).fetchall()
    known = {(one.table, name) for one in SEALED for name in (one.column, one.blind) if name}
    assert set(found) == known
