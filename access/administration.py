"""Accounts kept by those who hold `accounts.manage`: what each may do to which account, and what nobody may.

The command line, for whoever has the server, goes by access/accounts.py alone.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from access import accounts as kept
from access.accounts import QUERIES, Kind
from access.erasure import erase_account
from access.errors import AccountRefused, AccountUnknown
from access.rights import FOR_SCREENS, Role
from access.scope import Scope
from access.sessions import add_link, end_sessions
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """Somebody who keeps accounts: `scope` is that of their right accounts.manage."""

    account_id: UUID
    scope: Scope
    roles: Mapping[str, Role]

    def may_give(self, role: str) -> bool:
        """Whether they may give or take the role at all; where, is asked of each division."""
        return role in self.roles and (self.scope.everywhere or not self.roles[role].reserved)

    def found(self, connection: Connection, account_id: UUID, *, now: datetime) -> dict[str, Any]:
        """The account with its grants; raises AccountUnknown for one beyond the scope, as for one that there is not."""
        rows = kept.accounts(connection, self.scope, now=now, account_id=account_id)
        if not rows:
            raise AccountUnknown(str(account_id))
        return rows[0]

    def why_not(self, account: Mapping[str, Any]) -> AccountRefused | None:
        """Why they may not change that account, where they may not."""
        if account["id"] == self.account_id:
            return AccountRefused(
                "this is your own account: its roles and its lock are another administrator's to change, the rest is"
                " at /account",
                "这是您自己的账号：角色和锁定由其他管理员办理，其余在“我的账号”中办理。",
            )
        held = [grant["role"] for grant in account["grants"]]
        if any(role in self.roles and not self.may_give(role) for role in held):
            return AccountRefused(
                "the account has a role that only administrators of everywhere give: they keep it",
                "该账号持有仅限全市管理员授予的角色，由全市管理员维护。",
            )
        return None

    def make(
        self, connection: Connection, name: str, kind: Kind, role: str, division_id: int | None, *,
        password: str | None, now: datetime,
    ) -> UUID:  # fmt: skip
        """A new account with its first role, so that it lies somewhere; raises AccountRefused."""
        self._check_role(connection, kind, role, division_id)
        with connection.transaction():
            made = kept.add_account(
                connection, name, kind=kind, password=password, must_change=password is not None, by=self.account_id,
                division_id=division_id,
            )  # fmt: skip
            kept.grant(connection, made, role, division_id, roles=self.roles, now=now, by=self.account_id)
        return made

    def give(
        self, connection: Connection, account_id: UUID, role: str, division_id: int | None, *,
        now: datetime, until: datetime | None = None,
    ) -> None:  # fmt: skip
        """Give a role for a division in the scope; raises AccountRefused."""
        with self._changing(connection, account_id, now) as account:
            self._check_role(connection, account["kind"], role, division_id)
            kept.grant(
                connection, account_id, role, division_id, roles=self.roles, now=now, until=until, by=self.account_id
            )

    def take(self, connection: Connection, account_id: UUID, grant_id: int, *, now: datetime) -> None:
        """Take a role back; raises AccountRefused where the last administrator of everywhere would be gone."""
        with self._changing(connection, account_id, now) as account:
            kept.end_grant(connection, account_id, grant_id, now=now, by=self.account_id)
            self._check_one_is_left(connection, account, now)

    def lock(self, connection: Connection, account_id: UUID, *, now: datetime) -> None:
        """Lock it, and end its sessions; raises AccountRefused for the last administrator of everywhere."""
        with self._changing(connection, account_id, now) as account:
            kept.lock(connection, account_id, now=now, by=self.account_id)
            self._check_one_is_left(connection, account, now)

    def unlock(self, connection: Connection, account_id: UUID, *, now: datetime) -> None:
        """Let it be used again."""
        with self._changing(connection, account_id, now):
            kept.unlock(connection, account_id, by=self.account_id)

    def renew_password(self, connection: Connection, account_id: UUID, *, now: datetime) -> str:
        """A new password, told this once, which has to be changed at the next sign-in; every session ends."""
        new = new_password()
        with self._changing(connection, account_id, now):
            kept.set_password(connection, account_id, new, must_change=True, by=self.account_id)
        return new

    def new_link(self, connection: Connection, account_id: UUID, *, now: datetime, lasts_s: float) -> str:
        """The secret of a link that signs in once."""
        with self._changing(connection, account_id, now) as account:
            if account["locked_at"] is not None:
                raise AccountRefused("the account is locked: unlock it first", "账号已锁定，请先解锁。")
            return add_link(connection, account_id, now=now, lasts_s=lasts_s, by=self.account_id)

    def erase(self, connection: Connection, account_id: UUID, name: str, *, now: datetime) -> None:
        """Erase it for good; `name`, as the administrator wrote it, says that this one is meant."""
        with self._changing(connection, account_id, now) as account:
            if name != account["name"]:
                raise AccountRefused(
                    "nothing was erased: the name that you wrote is not the account's", "未注销：填写的名称与账号不符。"
                )
            erase_account(connection, account_id, now=now, by=self.account_id)
            self._check_one_is_left(connection, account, now)

    def link_person(self, connection: Connection, account_id: UUID, person_id: UUID | None, *, now: datetime) -> None:
        """Let it answer for a person, who was found in the scope before; None: for nobody."""
        with self._changing(connection, account_id, now) as account:
            if account["kind"] != "person" and person_id is not None:
                raise AccountRefused(
                    "a wall screen or a program answers for nobody: take a person's account",
                    "大屏和程序账号不能关联人员。",
                )
            kept.link_person(connection, account_id, person_id, by=self.account_id)

    def sign_out(self, connection: Connection, account_id: UUID, *, now: datetime) -> int:
        """End its sessions; how many there were."""
        with self._changing(connection, account_id, now):
            return end_sessions(connection, account_id, by=self.account_id)

    @contextmanager
    def _changing(self, connection: Connection, account_id: UUID, now: datetime) -> Iterator[dict[str, Any]]:
        """One change of an account at a time, so that two administrators cannot take each other out at once."""
        with connection.transaction():
            connection.execute(QUERIES["lock_administration"])
            account = self.found(connection, account_id, now=now)
            if (refused := self.why_not(account)) is not None:
                raise refused
            yield account

    def _check_role(self, connection: Connection, kind: str, role: str, division_id: int | None) -> None:
        if role not in self.roles:
            raise AccountRefused(f"there is no role {role[:40]!r}", "没有这个角色。")
        if not self.may_give(role):
            raise AccountRefused(
                f"the role {role} is given by administrators of everywhere only",
                f"“{self.roles[role].zh}”仅限全市管理员授予。",
            )
        if not kept.is_within(connection, division_id, self.scope):
            raise AccountRefused(
                "you keep no accounts there: name a division of yours", "超出您的管理范围，请填写本范围内的区划。"
            )
        if kind == "screen" and not self.roles[role].rights <= FOR_SCREENS:
            raise AccountRefused(
                "a wall screen is signed in for months, and anybody may touch it: it is given roles that only show",
                "大屏长期登录且人人可触，只能授予仅供查看的角色。",
            )

    def _check_one_is_left(self, connection: Connection, changed: Mapping[str, Any], now: datetime) -> None:
        """After a change of an account and before its commit; `changed` as it was."""
        managing = [name for name, role in self.roles.items() if "accounts.manage" in role.rights]
        if not any(grant["role"] in managing and grant["division_id"] is None for grant in changed["grants"]):
            return
        row = connection.execute(QUERIES["administrators_left"], {"roles": managing, "now": now}).fetchone()
        if row is None or not row[0]:
            raise AccountRefused(
                "this is the last administrator of everywhere: make another one first",
                "这是最后一个全市管理员，请先另设一人。",
            )


def new_password() -> str:
    """Four groups of five letters and digits, none of which looks like another: 98 random bits, easy to read out."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
