"""Whoever asks: an account with its roles, as a session or a token says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from access.rights import Role
from access.scope import Scope, united


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """An account as it asks now; `grants` are (role, division or None for everywhere)."""

    account_id: UUID
    name: str
    kind: str
    grants: Sequence[tuple[str, int | None]]
    only: frozenset[str] | None = None  # the rights of a token; None: a session, which has all of the roles'
    csrf: str = ""  # what a page of the session sends with every change; "": a token, which no page has
    session_hash: bytes = field(default=b"", repr=False)
    since: datetime | None = None  # when the session was opened
    must_change: bool = False  # the password, before anything else
    second_factor: bool = False  # there is one, or the provider that signed them in answers for it
    person_id: UUID | None = None  # whom the account answers for; None: nobody

    def scope(self, right: str, roles: Mapping[str, Role]) -> Scope:
        """Where the right reaches; a scope of nothing where there is no such right."""
        if self.only is not None and right not in self.only:
            return united([])
        return united(division for role, division in self.grants if role in roles and right in roles[role].rights)

    def rights(self, roles: Mapping[str, Role]) -> frozenset[str]:
        """All that is allowed anywhere."""
        held = frozenset[str]().union(*(roles[role].rights for role, _ in self.grants if role in roles))
        return held if self.only is None else held & self.only

    def lacks_factor(self, roles: Mapping[str, Role]) -> bool:
        """Whether a role asks for a second factor, and there is none. (A program's token has none to give.)"""
        return (
            self.only is None
            and not self.second_factor
            and any(role in roles and roles[role].second_factor for role, _ in self.grants)
        )
