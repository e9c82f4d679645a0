"""`shijing user reset-factor` and `link-oidc`, as a person types them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from typer.testing import CliRunner

from access.accounts import account, account_of, add_account
from access.key_file import make_key_file
from access.second_factor import begin, codes_left, confirm
from access.sessions import Origin, open_session
from access.vault import Vault
from commands.user import user_app
from config.access_settings import SignInSettings
from config.database import Connection


def run(url: str, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(user_app, [*arguments, "--database", url])
    return done.exit_code, done.output or str(done.exception)


def test_a_lost_second_factor_is_reset_and_its_sessions_end(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    make_key_file(tmp_path / "key", now=now)
    vault = Vault(tmp_path / "key")
    account_id = add_account(connection, "chen.lan")
    secret = begin(connection, vault, account_id, now=now)
    confirm(connection, vault, account_id, pyotp.TOTP(secret).at(now), now=now)
    open_session(connection, account_of(connection, account_id), way="totp", origin=Origin(), settings=SignInSettings(),
                 now=now)  # fmt: skip
    assert "second factor" in run(database_url, "list")[1]
    assert run(database_url, "reset-factor", "Chen.Lan") == (0, "account Chen.Lan has no second factor any more\n")
    assert account(connection, "chen.lan").totp_secret is None
    assert codes_left(connection, account_id) == 0
    assert connection.execute("select count(*) from sessions").fetchone() == (0,)
    acts = connection.execute("select act, actor from audit order by seq desc limit 2").fetchall()
    assert acts == [("session.all_ended", None), ("factor.removed", None)]
    assert run(database_url, "reset-factor", "chen.lan")[1] == "the account has no second factor"


def test_a_subject_is_linked_with_one_account(
    connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("chen.lan", "li.na"):
        add_account(connection, name)
    assert "SHIJING_OIDC_ISSUER" in run(database_url, "link-oidc", "chen.lan", "8f1")[1]
    monkeypatch.setenv("SHIJING_OIDC_ISSUER", "https://id.test/realms/city")
    monkeypatch.setenv("SHIJING_OIDC_CLIENT_ID", "shijing")
    status, said = run(database_url, "link-oidc", "chen.lan", "8f1", "--json")
    assert (status, json.loads(said)) == (0, {"linked": "chen.lan"})
    assert account(connection, "chen.lan").oidc_subject == "https://id.test/realms/city 8f1"
    assert "another account's already" in run(database_url, "link-oidc", "li.na", "8f1")[1]
