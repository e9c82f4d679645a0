"""Acts on accounts in the audit: with the division they belong to, and an account that is gone leaves its id alone."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from access import audit
from access.accounts import account, account_of, add_account, grant, lock, set_password
from access.broker_accounts import accounts as broker_accounts
from access.erasure import erase_account
from access.errors import AccountRefused, AccountUnknown, SignInRefused
from access.rights import load_roles
from access.scope import Scope, as_reader, narrow, read_seal
from access.seals import seal
from access.sessions import Origin, add_link, check_password, open_session, use_link, viewer_of_session
from access.tokens import add_token, revoke_token, tokens
from access.vault import Vault
from access.verify import verify
from commands.gateway import gateway_app
from commands.user import user_app
from config.access_settings import SignInSettings
from config.database import Connection, connect
from tests.database.plain_texts import plain_texts

NOW = datetime.now(UTC)
ROLES = load_roles()
PASSWORD = "seven otters paddle home"


@pytest.fixture
def places(connection: Connection) -> tuple[int, int]:
    """Two townships."""
    found = []
    for code in ("500103001", "500109001"):
        row = connection.execute("insert into divisions (level) values ('township') returning id").fetchone()
        assert row is not None
        connection.execute(
            "insert into division_versions (division_id, code, name, kind, source, valid)"
            " values (%s, %s, %s, '', 'test', tstzrange('2020-01-01', null))",
            (row[0], code, f"区划{code}"),
        )
        found.append(row[0])
    return found[0], found[1]


def somebody(connection: Connection, name: str, *places: int | None) -> UUID:
    made = add_account(connection, name, password=PASSWORD)
    for place in places:
        grant(connection, made, "commander", place, roles=ROLES, now=NOW - timedelta(days=1))
    return made


def sign_in(connection: Connection, account_id: UUID) -> str:
    return open_session(
        connection, account_of(connection, account_id), way="password", origin=Origin(), settings=SignInSettings(),
        now=NOW,
    )  # fmt: skip


def acts_in(url: str, *places: int) -> list[tuple[str, str]]:
    """What an auditor of these divisions reads, oldest first."""
    with connect(url, "reader", autocommit=True) as reader:
        seal = read_seal(reader)
        as_reader(reader)
        narrow(reader, Scope(divisions=frozenset(places)), seal)
        return [(one.act, one.subject) for one in reversed(audit.entries(reader))]


def test_who_watches_over_a_division_reads_the_acts_on_its_accounts(
    connection: Connection, database_url: str, places: tuple[int, int]
) -> None:
    here, there = places
    one, both, all_over = (
        somebody(connection, name, *where)
        for name, where in (("one", (here,)), ("both", (here, there)), ("all", (None,)))
    )
    for account_id in (one, both, all_over):
        sign_in(connection, account_id)
        set_password(connection, account_id, PASSWORD + "!")
        lock(connection, account_id, now=NOW)
        add_link(connection, account_id, now=NOW, lasts_s=60)
    told = [act for act, subject in acts_in(database_url, here) if subject == str(one)]
    assert told == ["role.granted", "session.opened", "password.set", "account.locked", "link.made"]
    others = [act for act, subject in acts_in(database_url, here, there) if subject != str(one)]
    assert others == ["role.granted", "role.granted"]  # of `both`, one in each


def test_an_account_without_a_role_belongs_where_its_last_ones_were(
    connection: Connection, database_url: str, places: tuple[int, int]
) -> None:
    left = somebody(connection, "left", places[0])
    connection.execute(
        "update account_roles set valid = tstzrange(lower(valid), now() - interval '1 hour') where account_id = %s",
        [left],
    )
    lock(connection, left, now=NOW)
    assert acts_in(database_url, places[0])[-1] == ("account.locked", str(left))
    secret = add_token_of(connection, somebody(connection, "program", places[1]))
    revoke_token(connection, secret, now=NOW)
    assert [act for act, _ in acts_in(database_url, places[1])][-2:] == ["token.added", "token.revoked"]


def add_token_of(connection: Connection, account_id: UUID) -> UUID:
    add_token(
        connection, account_id, label="张三的程序", rights=["map.read"], division_id=None, roles=ROLES, now=NOW,
        expires=NOW + timedelta(days=1),
    )  # fmt: skip
    return tokens(connection, account_id)[0]["id"]  # type: ignore[no-any-return]


def test_an_erased_account_leaves_its_id_and_an_intact_trail(
    connection: Connection, database_url: str, places: tuple[int, int], tmp_path: Path
) -> None:
    vault = Vault.of_folder(tmp_path)
    gone = somebody(connection, "王建国", places[0])
    by = somebody(connection, "chief", None)
    session, link = sign_in(connection, gone), add_link(connection, gone, now=NOW, lasts_s=600)
    add_token_of(connection, gone)
    seal(connection, vault, now=NOW)
    before = [(one.seq, one.subject) for one in audit.entries(connection, subject=str(gone))]
    assert plain_texts(connection, ["王建国", "张三"]) != []

    called = erase_account(connection, gone, now=NOW, by=by)

    assert plain_texts(connection, ["王建国", "张三"]) == []
    assert called == f"erased-{str(gone)[:13]}"
    [entry, *rest] = audit.entries(connection, subject=str(gone))
    assert (entry.act, entry.actor, entry.division_id) == ("account.erased", by, places[0])
    assert [(one.seq, one.subject) for one in rest] == before
    found = verify(connection, vault)
    assert (found.intact, found.entries) == (True, entry.seq)
    seal(connection, vault, now=NOW)
    assert verify(connection, vault).sealed == entry.seq

    assert viewer_of_session(connection, session, now=NOW) is None
    with pytest.raises(SignInRefused):
        use_link(connection, link, now=NOW)
    for name in ("王建国", called):
        with pytest.raises(AccountUnknown):
            account(connection, name)
        with pytest.raises(SignInRefused):
            check_password(connection, name, PASSWORD, settings=SignInSettings(), now=NOW)
    assert connection.execute("select count(*) from account_roles where valid @> now()").fetchone() == (1,)
    with pytest.raises(AccountRefused):
        erase_account(connection, gone, now=NOW)
    assert somebody(connection, "王建国", places[0]) != gone  # the name is free again, for somebody else


def told(url: str, *arguments: str, status: int = 0) -> Any:
    done = CliRunner().invoke(user_app, [*arguments, "--json", "--database", url])
    assert done.exit_code == status, (done.output, done.exception)
    return json.loads(done.stdout) if status == 0 else done.output


def test_it_is_erased_by_command_after_a_question(connection: Connection, database_url: str) -> None:
    gone = somebody(connection, "chen.lan", None)
    told(database_url, "erase", "chen.lan", status=1)  # nobody there who says yes
    assert account(connection, "chen.lan").id == gone
    assert told(database_url, "erase", "chen.lan", "--yes") == {"erased": f"erased-{str(gone)[:13]}"}
    assert told(database_url, "list")["accounts"] == []


def test_acts_on_gateways_are_in_the_audit_by_an_id(connection: Connection, database_url: str, tmp_path: Path) -> None:
    for arguments in (
        ["add", "网关-1", "--note", "老王家"], ["lock", "网关-1", "--reason", "stolen"], ["unlock", "网关-1"],
        ["rotate", "网关-1"], ["write", str(tmp_path)],
    ):  # fmt: skip
        done = CliRunner().invoke(gateway_app, [*arguments, "--json", "--database", database_url])
        assert done.exit_code == 0, (done.output, done.exception)
    [gateway] = broker_accounts(connection)
    acts = list(reversed(audit.entries(connection, act="gateway")))
    assert [one.act.removeprefix("gateway.") for one in acts] == ["added", "locked", "unlocked", "rotated", "written"]
    assert {one.subject for one in acts[:-1]} == {str(gateway.id)}
    assert acts[-1].details == {"accounts": 1, "locked": 0}
    done = CliRunner().invoke(gateway_app, ["lock", "nobody", "--database", database_url])
    assert done.exit_code != 0
    assert len(audit.entries(connection, act="gateway")) == 5
