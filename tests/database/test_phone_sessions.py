"""How long a phone stays signed in: one that is to be called at night, and can do nothing else than answer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from access.accounts import account_of, add_account, grant, link_person
from access.rights import load_roles
from access.sessions import Origin, open_session, viewer_of_session
from config.access_settings import SignInSettings
from config.database import Connection
from tests.database.people_seed import TOWNSHIP, Town, town

NOW = datetime.now(UTC)
SETTINGS = SignInSettings()


@pytest.fixture
def there(connection: Connection, tmp_path: Path) -> Town:
    return town(connection, tmp_path)


def opened(connection: Connection, there: Town, roles: tuple[str, ...], person: UUID | None) -> str:
    account = add_account(connection, "-".join(roles), kind="person")
    for role in roles:
        grant(connection, account, role, there.divisions[TOWNSHIP], roles=load_roles(), now=NOW)
    if person is not None:
        link_person(connection, account, person)
    found = account_of(connection, account)
    return open_session(connection, found, way="link", origin=Origin(), settings=SETTINGS, now=NOW)


@pytest.mark.parametrize(
    ("roles", "linked", "days"),
    [
        (("grid_worker",), True, 30),
        (("grid_worker",), False, 0.5),
        (("grid_worker", "commander"), True, 0.5),
        (("commander",), True, 0.5),
    ],
)
def test_only_a_phone_that_can_just_answer_stays_signed_in(
    connection: Connection, there: Town, roles: tuple[str, ...], *, linked: bool, days: float
) -> None:
    secret = opened(connection, there, roles, there.person(connection, "王伟") if linked else None)
    row = connection.execute("select expires_at, idle_s from sessions").fetchone()
    assert row is not None
    assert row[0] == NOW + timedelta(days=days)
    unused = NOW + timedelta(hours=3)
    still = viewer_of_session(connection, secret, now=unused) is not None
    assert still == (days == 30)
