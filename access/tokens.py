"""API tokens: a program asks as an account, with no more than the rights and the division that its token names."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from access.accounts import QUERIES, home, tell
from access.audit import append
from access.credentials import fingerprint, new_api_token
from access.errors import AccountRefused
from access.rights import RIGHTS, Role
from config.database import Connection


def add_token(
    connection: Connection,
    account_id: UUID,
    *,
    label: str,
    rights: Collection[str],
    division_id: int | None,
    expires: datetime,
    roles: Mapping[str, Role],
    now: datetime,
    by: UUID | None = None,
) -> str:
    """A new token; it is told this once. Raises AccountRefused for a right that the account has nowhere."""
    if expires <= now:
        raise AccountRefused("the token would have expired already: name a later end", "有效期须晚于现在。")
    if not label.strip():
        raise AccountRefused("a token needs words that tell what it is for", "请填写令牌用途。")
    _check_rights(connection, account_id, rights, roles, now)
    secret = new_api_token()
    row = {
        "hash": fingerprint(secret),
        "account": account_id,
        "label": label.strip()[:100],
        "rights": sorted(rights),
        "division": division_id,
        "now": now,
        "expires": expires,
    }
    with connection.transaction():
        found = connection.execute(QUERIES["add_token"], row).fetchone()
        assert found is not None
        told = {"id": str(found[0]), "rights": sorted(rights), "expires": expires.isoformat()}
        tell(
            connection, act="token.added", by=by, account_id=account_id, details=told,
            division_id=division_id,
        )  # fmt: skip
    return secret


def _check_rights(
    connection: Connection, account_id: UUID, rights: Collection[str], roles: Mapping[str, Role], now: datetime
) -> None:
    if not rights:
        raise AccountRefused(f"a token needs a right: name one of {', '.join(RIGHTS)}", "请至少选择一项权限。")
    rows = connection.execute(QUERIES["grants_of"], {"account": account_id, "now": now}).fetchall()
    held = frozenset[str]().union(*(roles[role].rights for _, role, _ in rows if role in roles))
    for right in sorted(rights):
        if right not in RIGHTS:
            raise AccountRefused(f"there is no right {right!r}: name one of {', '.join(RIGHTS)}")
        if right not in held:
            raise AccountRefused(f"the account has the right {right} nowhere, nor can its token: give it a role first")


def tokens(connection: Connection, account_id: UUID | None = None) -> list[dict[str, Any]]:
    """Tokens without their secrets; of one account, or of all."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES["tokens"], {"account": account_id}).fetchall()


def revoke_token(
    connection: Connection, token_id: UUID, *, now: datetime, account_id: UUID | None = None, by: UUID | None = None
) -> None:
    """It opens nothing any more; raises AccountRefused where there is none (of that account) to be revoked."""
    with connection.transaction():
        asked = {"id": token_id, "account": account_id, "now": now}
        row = connection.execute(QUERIES["revoke_token"], asked).fetchone()
        if row is None:
            raise AccountRefused(
                "there is no such token, or it was revoked before: see `shijing token list`", "该令牌不存在或已撤销。"
            )
        append(connection, act="token.revoked", actor=by, subject=str(token_id), division_id=home(connection, row[0]))
