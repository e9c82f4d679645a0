"""What the tests of signing in share: a clock that they set, an account with a password, a browser at the form."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyotp
from playwright.sync_api import BrowserContext, Page

from access.accounts import add_account, grant
from access.key_file import make_key_file
from access.vault import Vault
from config.database import Connection
from tests.browser.accounts import ROLES

PASSWORD = "seven otters paddle home"


@dataclass
class Clock:
    """Time as the test says; it begins now, so that cookies last as long as their sessions."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def new_clock() -> Clock:
    """A clock that stands at the beginning of a half minute of now."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Clock(now=now.replace(second=now.second // 30 * 30))


def new_vault(folder: Path) -> Vault:
    """A vault with a key of its own."""
    make_key_file(folder / "key", now=datetime.now(UTC))
    return Vault(folder / "key")


def account_with_password(
    connection: Connection,
    name: str = "chen.lan",
    roles: tuple[tuple[str, int | None], ...] = (("commander", None),),
    *,
    must_change: bool = False,
) -> UUID:
    """A new account that the password of these tests opens."""
    account_id = add_account(connection, name, password=PASSWORD, must_change=must_change)
    for role, division in roles:
        grant(connection, account_id, role, division, roles=ROLES, now=datetime.now(UTC) - timedelta(days=1))
    return account_id


def code_of(secret: str, clock: Clock) -> str:
    """What a phone with that secret shows at the clock's time."""
    return pyotp.TOTP(secret.replace(" ", "")).at(clock.now)


def fill_in(page: Page, name: str = "chen.lan", password: str = PASSWORD) -> None:
    """Send the form of name and password."""
    page.fill("#name", name)
    page.fill("#password", password)
    page.click(".gate-form button")


def give_code(page: Page, code: str) -> None:
    """Send the second form."""
    page.fill("#code", code)
    page.click(".gate-form button")


def session_of(context: BrowserContext) -> str:
    """The secret that the browser holds; "" without one."""
    found = {cookie["name"]: cookie["value"] for cookie in context.cookies()}  # type: ignore[typeddict-item]
    return found.get("shijing", "")
