"""Retention: what is too old is erased, counted, proven by an entry, and the trail stays whole."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from psycopg import conninfo

from access import audit
from access.errors import RecordError, RetentionError
from access.records import detail_context, open_record, openings
from access.retention import FILE, KINDS, Kind, load_days, run_retention
from access.seals import seal, stored_seals
from access.vault import Vault
from access.verify import verify
from commands.keeping import Keeping, seal_at_start
from commands.pipeline import _keep_up
from commands.retention import KINDS as ALL_KINDS
from config.database import Connection

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
ACTOR = UUID("11111111-1111-4111-8111-111111111111")
DAYS = {"access_log": 180, "sessions": 30, "sign_in_links": 7, "residents": 30, "opening_reasons": 365}
REASON = "高温预警，上门看望"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.of_folder(tmp_path)


def asked(connection: Connection, *, days_ago: float) -> None:
    connection.execute(
        "insert into access_log (at, method, route, status, ms, address) values (%s, 'GET', '/', 200, 1, '')",
        (NOW - timedelta(days=days_ago),),
    )


def resident(connection: Connection, vault: Vault, *, ended: datetime | None) -> UUID:
    """One in a township of their own."""
    number, one = connection.execute("insert into divisions (level) values ('township') returning id"), uuid4()
    row = number.fetchone()
    assert row is not None
    connection.execute(
        "insert into residents (id, division_id, kind, valid) values (%s, %s, 'elder', tstzrange('2026-01-01', %s))",
        (one, row[0], ended),
    )
    name = vault.seal("王建国", context=detail_context("name", one))
    connection.execute("insert into resident_details (resident_id, name) values (%s, %s)", (one, name))
    return one


def erased(connection: Connection, now: datetime = NOW) -> dict[str, int]:
    done = run_retention(connection, KINDS, DAYS, now=now)
    assert [one.left for one in done] == [0] * len(KINDS)
    return {one.kind: one.rows for one in done if one.rows}


def test_what_is_older_goes_and_the_rest_stays(connection: Connection) -> None:
    for days_ago in (179.9, 180.1, 400, 0):
        asked(connection, days_ago=days_ago)
    assert erased(connection) == {"access_log": 2}
    rows = connection.execute("select at from access_log order by at").fetchall()
    assert rows == [(NOW - timedelta(days=179.9),), (NOW,)]
    assert erased(connection) == {}


def test_the_erasure_is_proven_in_the_audit_trail(connection: Connection, vault: Vault) -> None:
    asked(connection, days_ago=200)
    [done, *_] = run_retention(connection, KINDS, DAYS, now=NOW)
    [entry] = audit.entries(connection)
    assert (entry.seq, entry.act, entry.subject, entry.actor) == (
        done.audit_seq,
        "retention.erased",
        "access_log",
        None,
    )
    assert entry.details == {"before": "2026-05-30T08:00:00+00:00", "days": 180, "rows": 1, "left": 0}
    assert verify(connection, vault).intact


def test_a_statement_that_leaves_something_is_told(connection: Connection) -> None:
    asked(connection, days_ago=200)
    lazy = Kind(
        name="access_log",
        what="",
        erase=b"select count(*) from access_log where %(before)s is null",
        left=KINDS[0].left,
    )
    [done] = run_retention(connection, [lazy], DAYS, now=NOW)
    assert (done.rows, done.left) == (0, 1)
    assert audit.entries(connection)[0].details["left"] == 1


def test_after_their_term_residents_are_forgotten_and_the_trail_stays_whole(
    connection: Connection, vault: Vault
) -> None:
    over = resident(connection, vault, ended=NOW - timedelta(days=31))
    others = [resident(connection, vault, ended=NOW - timedelta(days=29)), resident(connection, vault, ended=None)]
    open_record(connection, vault, over, actor=ACTOR, reason=REASON, now=NOW)
    seal(connection, vault, now=NOW)
    assert erased(connection) == {"residents": 1}
    left = connection.execute("select resident_id from resident_details").fetchall()
    assert {row[0] for row in left} == set(others)
    [opening] = openings(connection, vault)
    assert (opening.resident_id, opening.actor) == (over, ACTOR)
    assert (opening.reason, opening.unchanged) == (None, True)
    with pytest.raises(RecordError, match="was erased: its term is over"):
        open_record(connection, vault, over, actor=ACTOR, reason=REASON)
    assert connection.execute("select erased_at from residents where id = %s", (over,)).fetchone() == (NOW,)
    seal(connection, vault, now=NOW + timedelta(hours=1))
    found = verify(connection, vault)
    assert (found.intact, found.sealed, found.entries) == (True, 2, 2)


def test_sessions_and_links_go_after_they_expired(connection: Connection) -> None:
    connection.execute("insert into actors (id, name, kind) values (%s, 'li', 'person')", (ACTOR,))
    connection.execute("insert into accounts (id, name, kind) values (%s, 'li', 'person')", (ACTOR,))
    for days_ago in (6, 8, 29, 31):
        expired = NOW - timedelta(days=days_ago)
        connection.execute(
            "insert into sessions (token_hash, account_id, created_at, seen_at, expires_at, idle_s, way)"
            " values (%s, %s, %s, %s, %s, 60, 'link')",
            (uuid4().bytes, ACTOR, expired, expired, expired),
        )
        connection.execute(
            "insert into sign_in_links (token_hash, account_id, expires_at) values (%s, %s, %s)",
            (uuid4().bytes, ACTOR, expired),
        )
    assert erased(connection) == {"sessions": 1, "sign_in_links": 3}
    assert connection.execute("select count(*) from sessions").fetchone() == (3,)
    assert connection.execute("select expires_at from sign_in_links").fetchall() == [(NOW - timedelta(days=6),)]


def test_reasons_are_forgotten_in_their_time(connection: Connection, vault: Vault) -> None:
    one = resident(connection, vault, ended=None)
    open_record(connection, vault, one, actor=ACTOR, reason=REASON, now=NOW - timedelta(days=366))
    open_record(connection, vault, one, actor=ACTOR, reason=REASON, now=NOW)
    assert erased(connection) == {"opening_reasons": 1}
    assert [opening.reason for opening in openings(connection, vault)] == [REASON, None]


def test_the_shipped_days_hold_together() -> None:
    days = load_days(ALL_KINDS)
    assert days["access_log"] >= 180
    assert days.keys() == {kind.name for kind in ALL_KINDS}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("access_log = 400", "access_log = 179", r"retention.toml:4: access_log: 179 days are too few: .* 180 or more"),
        ("access_log = 400", "access_log = true", "True is no number of days"),
        ("access_log = 400", 'access_log = "400"', "'400' is no number of days"),
        ("access_log = 400", "", "access_log is missing: add access_log ="),
        ("residents = 30 ", "residents = 0 ", "retention.toml:7: residents: 0 is no number of days"),
        ("residents = 30 ", "citizens = 30 ", "retention.toml:7: citizens: nothing of that name is kept"),
        ("residents = 30 ", "residents 30 ", "not TOML"),
    ],
)
def test_days_that_do_not_hold_together_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "retention.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RetentionError, match=said):
        load_days(ALL_KINDS, path)


def test_the_keeper_seals_and_erases_by_its_clock(connection: Connection, vault: Vault) -> None:
    keeping = Keeping(vault=vault, seal_every=timedelta(hours=1))
    asked(connection, days_ago=401)
    keeping.keep(connection, NOW)
    assert len(audit.entries(connection)) == 1
    asked(connection, days_ago=401)
    keeping.keep(connection, NOW + timedelta(minutes=59))
    assert len(audit.entries(connection)) == 1
    keeping.keep(connection, NOW + timedelta(hours=1))
    assert len(audit.entries(connection)) == 2
    assert [one.seq for one in stored_seals(connection)] == [1]
    keeping.keep(connection, NOW + timedelta(hours=2))
    assert [one.seq for one in stored_seals(connection)] == [1, 2]
    assert verify(connection, vault).sealed == 2


def test_a_broken_trail_is_told_and_what_is_old_is_erased_all_the_same(
    connection: Connection, vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.transaction():
        audit.append(connection, act="account.added", actor=None)
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute("update audit set act = 'account.locked'")
    asked(connection, days_ago=401)
    Keeping(vault=vault, seal_every=timedelta(hours=1)).keep(connection, NOW)
    assert "the audit trail is broken at entry 1" in caplog.text
    assert connection.execute("select count(*) from access_log").fetchone() == (0,)


def test_the_upkeep_of_a_pipeline_seals_and_erases(connection: Connection, database_url: str, vault: Vault) -> None:
    asked(connection, days_ago=2000)
    stop = threading.Event()
    stop.set()  # one round
    _keep_up(database_url, "cq", False, Keeping(vault=vault), stop)
    assert [entry.act for entry in audit.entries(connection)] == ["retention.erased"]
    _keep_up(database_url, "cq", False, Keeping(vault=vault), stop)
    assert [one.seq for one in stored_seals(connection)] == [1]


def test_a_server_seals_at_its_start_and_waits_for_no_database(
    connection: Connection, database_url: str, vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.transaction():
        audit.append(connection, act="account.added", actor=None)
    seal_at_start(conninfo.make_conninfo(database_url, dbname="not_there"), vault, now=NOW)
    assert caplog.text == ""
    seal_at_start(database_url, None, now=NOW)
    assert "no key file is named: the audit trail is not sealed" in caplog.text
    assert stored_seals(connection) == []
    seal_at_start(database_url, vault, now=NOW)
    assert [one.seq for one in stored_seals(connection)] == [1]
