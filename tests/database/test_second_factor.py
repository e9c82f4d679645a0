"""The second factor and its tries, against a real database: many at once, each code once, keys that rotate."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from access.accounts import account, account_of, add_account, set_password
from access.errors import AccountRefused, SignInRefused
from access.key_file import make_key_file
from access.oidc_logins import add_login, new_login, use_login
from access.passwords import hashed
from access.second_factor import begin, being_set_up, confirm, remove, taker
from access.sessions import attempt, check_password
from access.tickets import add_ticket, ticket, use_ticket
from access.vault import Vault
from config.access_settings import SignInSettings
from config.database import Connection, connect

NOW = datetime(2026, 7, 1, 4, 0, 0, tzinfo=UTC)
SETTINGS = SignInSettings()
PASSWORD = "seven otters paddle home"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    make_key_file(tmp_path / "key", now=NOW)
    return Vault(tmp_path / "key")


def code(secret: str, at: datetime = NOW) -> str:
    return pyotp.TOTP(secret).at(at)


def ten_at_once(url: str, act: Callable[[Connection], object]) -> list[str]:
    """What ten connections get that do the same at the same time."""

    def one(_: int) -> str:
        with connect(url, "test", autocommit=True) as connection:
            try:
                act(connection)
                return "in"
            except SignInRefused as refused:
                return refused.reason

    with ThreadPoolExecutor(10) as threads:
        return sorted(threads.map(one, range(10)))


def test_ten_wrong_passwords_at_once_are_no_more_than_ten_in_a_row(connection: Connection, database_url: str) -> None:
    add_account(connection, "chen.lan", password=PASSWORD)

    def guess(own: Connection) -> object:
        return check_password(own, "chen.lan", "not this one", settings=SETTINGS, now=NOW)

    assert ten_at_once(database_url, guess) == ["locked"] * 6 + ["wrong"] * 4
    assert account(connection, "chen.lan").failed_tries == 5


def test_the_same_code_ten_times_at_once_is_taken_once(connection: Connection, database_url: str, vault: Vault) -> None:
    account_id = add_account(connection, "chen.lan", password=PASSWORD)
    secret = begin(connection, vault, account_id, now=NOW)
    confirm(connection, vault, account_id, code(secret), now=NOW)
    later = NOW + timedelta(seconds=30)
    known = account_of(connection, account_id)

    def give(own: Connection) -> object:
        is_right = taker(own, vault, code(secret, later), now=later)
        return attempt(own, known, is_right, settings=SETTINGS, now=later, wrong="code")

    assert ten_at_once(database_url, give).count("in") == 1


@pytest.mark.parametrize(("off_s", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(connection: Connection, vault: Vault, off_s: int, taken: bool) -> None:
    account_id = add_account(connection, "chen.lan")
    secret = begin(connection, vault, account_id, now=NOW)
    confirm(connection, vault, account_id, code(secret), now=NOW)
    now = NOW + timedelta(hours=1)
    is_right = taker(connection, vault, code(secret, now + timedelta(seconds=off_s)), now=now)
    assert is_right(account_of(connection, account_id)) is taken


def test_a_set_up_waits_a_quarter_hour_and_the_secret_is_bound_to_its_account(
    connection: Connection, vault: Vault
) -> None:
    one, other = add_account(connection, "chen.lan"), add_account(connection, "li.na")
    secret = begin(connection, vault, one, now=NOW)
    late = NOW + timedelta(minutes=15)
    assert being_set_up(connection, vault, one, now=late) is None
    with pytest.raises(AccountRefused, match="too long ago"):
        confirm(connection, vault, one, code(secret, late), now=late)
    confirm(connection, vault, one, code(secret), now=NOW)
    with pytest.raises(AccountRefused, match="turn it off"):
        begin(connection, vault, one, now=NOW)
    stored = account_of(connection, one).totp_secret
    connection.execute("update accounts set totp_secret = %s where id = %s", [stored, other])
    with pytest.raises(SignInRefused, match="keys"):  # copied to another row it opens nothing
        taker(connection, vault, code(secret), now=NOW)(account_of(connection, other))
    remove(connection, one, now=NOW)
    assert account_of(connection, one).totp_secret is None


def test_a_ticket_is_used_once_and_ends(connection: Connection) -> None:
    account_id = add_account(connection, "chen.lan", password=PASSWORD)
    secret = add_ticket(connection, account_id, way="password", onward="/rules", now=NOW)
    assert ticket(connection, secret, now=NOW).onward == "/rules"
    use_ticket(connection, secret)
    with pytest.raises(SignInRefused, match="step"):
        use_ticket(connection, secret)
    secret = add_ticket(connection, account_id, way="password", onward="/", now=NOW)
    with pytest.raises(SignInRefused, match="step"):
        ticket(connection, secret, now=NOW + timedelta(minutes=5))
    set_password(connection, account_id, "quiet lamps by the river")
    with pytest.raises(SignInRefused, match="step"):
        ticket(connection, secret, now=NOW)


def test_a_sign_in_at_the_provider_comes_back_once_to_its_browser(connection: Connection) -> None:
    login = new_login(redirect_uri="https://here/back", onward="/", language="zh")
    state = add_login(connection, login, "this browser", now=NOW)
    with pytest.raises(SignInRefused, match="oidc"):
        use_login(connection, state, "another browser", now=NOW)
    assert use_login(connection, state, "this browser", now=NOW) == login
    with pytest.raises(SignInRefused, match="oidc"):
        use_login(connection, state, "this browser", now=NOW)
    state = add_login(connection, login, "this browser", now=NOW)
    with pytest.raises(SignInRefused, match="oidc"):
        use_login(connection, state, "this browser", now=NOW + timedelta(minutes=10))


def test_a_weaker_hash_is_renewed_also_of_a_password_that_would_be_refused_today(connection: Connection) -> None:
    from argon2 import PasswordHasher

    account_id = add_account(connection, "chen.lan")
    weak = PasswordHasher(time_cost=1, memory_cost=8192).hash("admin12345")
    connection.execute("update accounts set password_hash = %s, failed_tries = 3 where id = %s", [weak, account_id])
    check_password(connection, "chen.lan", "admin12345", settings=SETTINGS, now=NOW)
    found = account_of(connection, account_id)
    assert found.password_hash not in (None, weak)
    assert found.failed_tries == 3  # a password alone forgets nothing: a code may be asked for
    with pytest.raises(AccountRefused):
        hashed("admin12345")


def test_failures_go_on_being_counted_however_many_there_were(connection: Connection) -> None:
    account_id = add_account(connection, "chen.lan", password=PASSWORD)
    connection.execute("update accounts set failed_tries = 5000 where id = %s", [account_id])
    with pytest.raises(SignInRefused) as refused:
        check_password(connection, "chen.lan", "not this one", settings=SETTINGS, now=NOW)
    assert (refused.value.reason, refused.value.wait_s) == ("locked", SETTINGS.longest_lock_s)
