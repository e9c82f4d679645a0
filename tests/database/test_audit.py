"""The audit trail: numbers without gaps, a chain that anyone can compute again, and every kind of tampering found."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from psycopg import errors

from access import audit
from access.chain import BEGINNING, Head, follow, links_after
from access.errors import AuditBroken, AuditError
from access.key_file import make_key_file
from access.seals import file_seals, seal, seal_if_due, stored_seals
from access.vault import Vault
from access.verify import verify
from config.database import Connection, connect

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
ACTOR = UUID("11111111-1111-4111-8111-111111111111")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.of_folder(tmp_path)


def act(connection: Connection, times: int = 1) -> None:
    for number in range(times):
        with connection.transaction():
            audit.append(connection, act="account.locked", actor=ACTOR, subject=uuid4(), details={"tries": number})


@pytest.fixture
def sealed(connection: Connection, vault: Vault) -> Connection:
    """Ten entries, sealed at 5 and at 10."""
    act(connection, 5)
    seal(connection, vault, now=NOW)
    act(connection, 5)
    seal(connection, vault, now=NOW + timedelta(hours=1))
    return connection


def tamper(connection: Connection, *statements: str) -> None:
    """As a superuser does it: past the triggers."""
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        for statement in statements:
            assert connection.execute(statement.encode()).rowcount > 0, statement


def rewrite(connection: Connection, from_seq: int) -> None:
    """Compute the chain again from an entry on, as whoever changed it would."""
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute(
            """
            do $$
            declare one audit; before bytea := sha256('shijing audit');
            begin
                for one in select * from audit order by seq loop
                    if one.seq >= FROM then
                        update audit set prev = before,
                            hash = sha256(before || convert_to(audit_text(one), 'UTF8')) where seq = one.seq;
                    end if;
                    select hash into before from audit where seq = one.seq;
                end loop;
            end $$
            """.replace("FROM", str(from_seq)).encode()
        )


def test_an_entry_tells_who_did_what_to_what(connection: Connection) -> None:
    subject = uuid4()
    with connection.transaction():
        first = audit.append(connection, act="account.added", actor=None, subject=subject, details={"role": "planner"})
        second = audit.append(connection, act="account.locked", actor=ACTOR, subject=subject, division_id=7)
    assert (first, second) == (1, 2)
    newest, oldest = audit.entries(connection)
    assert (newest.act, newest.actor, newest.subject, newest.division_id) == ("account.locked", ACTOR, str(subject), 7)
    assert (oldest.actor, oldest.details) == (None, {"role": "planner"})


def test_entries_are_found_by_what_they_tell(connection: Connection) -> None:
    with connection.transaction():
        for number in range(4):
            audit.append(
                connection, act=("account.locked", "accounts.read")[number % 2], actor=None, division_id=number
            )
    found = {
        "act": [entry.seq for entry in audit.entries(connection, act="account")],
        "division": [entry.seq for entry in audit.entries(connection, division_id=1)],
        "actor": [entry.seq for entry in audit.entries(connection, actor=ACTOR)],
        "before": [entry.seq for entry in audit.entries(connection, before=3, most=1)],
        "later": audit.entries(connection, since=datetime.now(UTC) + timedelta(hours=1)),
    }
    assert found == {"act": [3, 1], "division": [2], "actor": [], "before": [2], "later": []}


def test_outside_of_a_transaction_nothing_is_written(connection: Connection) -> None:
    with pytest.raises(AuditError, match="open one first"):
        audit.append(connection, act="account.locked", actor=None)
    assert audit.entries(connection) == []


def test_what_is_rolled_back_leaves_no_gap(connection: Connection, vault: Vault) -> None:
    act(connection)
    with pytest.raises(ZeroDivisionError), connection.transaction():
        audit.append(connection, act="account.locked", actor=None)
        _ = 1 / 0
    act(connection)
    assert [entry.seq for entry in audit.entries(connection)] == [2, 1]
    assert verify(connection, vault).intact


@pytest.mark.parametrize(
    ("subject", "details", "said"),
    [
        ("王大爷", {}, "opaque id"),
        ("", {"who": "王大爷"}, "printable ASCII"),
        ("", {"deep": [{"Phone": "13800000000"}]}, "phone is personal"),
        ("x" * 201, {}, "at most 200"),
    ],
)
def test_nothing_personal_gets_in(connection: Connection, subject: str, details: dict[str, object], said: str) -> None:
    with connection.transaction():
        with pytest.raises(AuditError, match=said):
            audit.append(connection, act="record.opened", actor=None, subject=subject, details=details)
        assert audit.append(connection, act="record.opened", actor=None) == 1  # the transaction goes on


def test_the_database_itself_takes_no_name_in_chinese(connection: Connection) -> None:
    with pytest.raises(errors.CheckViolation):
        connection.execute(
            "insert into audit (act, subject, details) values ('record.opened', '', '{\"who\": \"王大爷\"}')"
        )


@pytest.mark.parametrize(
    "statement", ["update audit set act = 'a.b'", "delete from audit", "truncate audit", "delete from audit_seals"]
)
def test_nobody_rewrites_it_by_the_way(sealed: Connection, statement: str) -> None:
    with pytest.raises(errors.RestrictViolation, match="append-only"):
        sealed.execute(statement.encode())


def test_time_number_and_hash_are_the_databases(connection: Connection, vault: Vault) -> None:
    connection.execute(
        "insert into audit (seq, at, act, subject, details, prev, hash)"
        " values (7, '2001-01-01', 'account.locked', '', '{}', '', '')"
    )
    [entry] = audit.entries(connection)
    assert entry.seq == 1
    assert entry.at > datetime(2020, 1, 1, tzinfo=UTC)
    assert verify(connection, vault).intact


def test_python_computes_the_same_chain_from_the_rows(connection: Connection) -> None:
    with connection.transaction():
        audit.append(
            connection,
            act="rules.put",
            actor=ACTOR,
            subject="a:b-:3:",
            division_id=-1,
            details={"z": 1.50, "a": [None, True, "x\ty\\"], "big": 10**30, "n": {"k": -0.0}},
        )
        audit.append(connection, act="rules.put", actor=None)
        end = follow(links_after(connection, 0), BEGINNING, {})
    row = connection.execute("select hash from audit where seq = 2").fetchone()
    assert row is not None
    assert end == Head(seq=2, hash=row[0])


def test_four_connections_at_once_leave_no_gap(connection: Connection, database_url: str, vault: Vault) -> None:
    each, at_once = 25_000, 100
    start = threading.Barrier(4)

    def write() -> None:
        with connect(database_url, "writer", autocommit=True) as own:
            start.wait()
            for _ in range(each // at_once):
                with own.transaction():
                    for number in range(at_once):
                        audit.append(own, act="account.locked", actor=ACTOR, details={"tries": number})

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write) for _ in range(4)]:
            done.result()
    found = verify(connection, vault)
    assert found.as_dict() == {"intact": True, "entries": 100_000, "sealed": 0, "first_broken": None}


def test_an_untouched_trail_is_intact(sealed: Connection, vault: Vault) -> None:
    act(sealed)
    assert verify(sealed, vault).as_dict() == {"intact": True, "entries": 11, "sealed": 10, "first_broken": None}


def drop_tail(connection: Connection) -> None:
    tamper(connection, "delete from audit where seq >= 8")


def drop_tail_and_seals(connection: Connection) -> None:
    tamper(connection, "delete from audit where seq >= 8", "delete from audit_seals where seq >= 8")


def rewrite_all(connection: Connection) -> None:
    tamper(connection, "update audit set actor = null where seq = 2")
    rewrite(connection, 2)


def rewrite_after_first_seal(connection: Connection) -> None:
    tamper(connection, "update audit set details = '{}' where seq = 7")
    rewrite(connection, 7)


def renumbered(connection: Connection) -> None:
    """One taken out, and the rest moved up and chained anew."""
    tamper(connection, "delete from audit where seq = 3", "update audit set seq = -seq where seq > 3")
    tamper(connection, "update audit set seq = -seq - 1 where seq < 0")
    rewrite(connection, 3)


def swapped(connection: Connection) -> None:
    tamper(
        connection,
        "update audit set seq = -6 where seq = 6",
        "update audit set seq = 6 where seq = 7",
        "update audit set seq = 7 where seq = -6",
    )


def forged_seal(connection: Connection) -> None:
    """The chain rewritten, and seals made to fit it by somebody without the key."""
    rewrite_after_first_seal(connection)
    tamper(connection, "update audit_seals set hash = (select hash from audit where audit.seq = audit_seals.seq)")


def one_more_seal(connection: Connection) -> None:
    connection.execute(
        "insert into audit_seals (seq, hash, at, key_id, mac)"
        " select 9, hash, now(), key_id, mac from audit_seals where seq = 10"
    )


@pytest.mark.parametrize(
    ("done", "seq", "why"),
    [
        (lambda c: tamper(c, "update audit set subject = 'x' where seq = 4"), 4, "not those that were written"),
        (lambda c: tamper(c, "update audit set at = at - interval '1 s' where seq = 1"), 1, "not those that"),
        (lambda c: tamper(c, "update audit set actor = null where seq = 10"), 10, "not those that were written"),
        (lambda c: tamper(c, "update audit set prev = '' where seq = 3"), 3, "does not follow"),
        (lambda c: tamper(c, "delete from audit where seq = 4"), 4, "3 is followed by 5"),
        (lambda c: tamper(c, "delete from audit where seq = 1"), 1, "0 is followed by 2"),
        (lambda c: tamper(c, "delete from audit"), 1, "up to 10 were sealed"),
        (drop_tail, 8, "up to 10 were sealed"),
        (drop_tail_and_seals, 8, "up to 10 were sealed"),
        (rewrite_all, 5, "the chain was rewritten"),
        (rewrite_after_first_seal, 10, "the chain was rewritten"),
        (renumbered, 5, "the chain was rewritten"),
        (swapped, 6, "does not follow"),
        (forged_seal, 10, "not made by that key"),
        (one_more_seal, 9, "not made by that key"),
        (lambda c: tamper(c, "update audit_seals set key_id = 'abcd' where seq = 5"), 5, "of a key"),
        (lambda c: tamper(c, "delete from audit_seals where seq = 5"), 5, "gone from the database"),
    ],
)
def test_tampering_is_found_at_its_first_entry(
    sealed: Connection, vault: Vault, done: Callable[[Connection], None], seq: int, why: str
) -> None:
    done(sealed)
    found = verify(sealed, vault)
    assert found.first_broken is not None
    assert (found.first_broken.seq, found.intact) == (seq, False)
    assert why in found.first_broken.why
    assert found.sealed < seq


def test_a_seal_lost_from_the_file_is_no_fault_while_the_database_has_it(sealed: Connection, vault: Vault) -> None:
    vault.seals_file.unlink()
    assert verify(sealed, vault).as_dict()["sealed"] == 10


def test_nothing_new_is_not_sealed_again(sealed: Connection, vault: Vault) -> None:
    again = seal(sealed, vault, now=NOW + timedelta(hours=2))
    assert again is not None
    assert again.at == NOW + timedelta(hours=1)
    assert [one.seq for one in stored_seals(sealed)] == [5, 10]
    assert file_seals(vault) == stored_seals(sealed)


def test_it_is_sealed_every_hour(connection: Connection, vault: Vault) -> None:
    hour = timedelta(hours=1)
    assert seal_if_due(connection, vault, now=NOW, every=hour) is None
    act(connection)
    assert seal_if_due(connection, vault, now=NOW, every=hour) is not None
    act(connection)
    assert seal_if_due(connection, vault, now=NOW + timedelta(minutes=59), every=hour) is None
    assert seal_if_due(connection, vault, now=NOW + hour, every=hour) is not None
    assert [one.seq for one in stored_seals(connection)] == [1, 2]


def test_what_is_broken_is_not_sealed(sealed: Connection, vault: Vault) -> None:
    act(sealed, 2)
    tamper(sealed, "update audit set act = 'account.added' where seq = 11")
    with pytest.raises(AuditBroken) as caught:
        seal(sealed, vault, now=NOW + timedelta(hours=2))
    assert caught.value.seq == 11
    assert [one.seq for one in stored_seals(sealed)] == [5, 10]


def test_another_key_file_does_not_seal_this_trail(sealed: Connection, tmp_path: Path) -> None:
    make_key_file(tmp_path / "other" / "key", now=NOW)
    with pytest.raises(AuditError, match="not made with a key of"):
        seal(sealed, Vault(tmp_path / "other" / "key"), now=NOW + timedelta(hours=2))


def test_a_line_cut_short_by_a_crash_is_written_again(sealed: Connection, vault: Vault) -> None:
    kept = vault.seals_file.read_text()
    vault.seals_file.write_text(kept[:-20])
    assert [one.seq for one in file_seals(vault)] == [5]
    seal(sealed, vault, now=NOW + timedelta(hours=2))
    assert vault.seals_file.read_text() == kept
    assert verify(sealed, vault).intact


def test_a_seals_file_that_was_edited_is_named_with_its_line(sealed: Connection, vault: Vault) -> None:
    first, second = vault.seals_file.read_text().splitlines()
    vault.seals_file.write_text(f"{first}\n{second[:30]}\n")
    with pytest.raises(AuditError, match=r"key\.seals:2 is no seal"):
        verify(sealed, vault)
    vault.seals_file.write_text(f"{json.dumps({**json.loads(first), 'seq': 4})}\n{second}\n")
    broken = verify(sealed, vault).first_broken
    assert broken is not None
    assert broken.seq == 4


def test_the_file_beside_the_key_is_for_its_owner_alone(sealed: Connection, vault: Vault) -> None:
    assert vault.seals_file.stat().st_mode & 0o777 == 0o600
