"""The second factor: codes that a phone makes from a shared secret and the time (TOTP, RFC 6238), and what stands in.

The secret is in the database only as the vault seals it. A code is taken once; the code of the half minute before
and after is taken, too, for clocks that are a little off.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyotp

from access.accounts import QUERIES as ACCOUNTS
from access.accounts import Account, account_of, tell
from access.credentials import fingerprint, is_same
from access.errors import AccountRefused, CannotOpen, SignInRefused
from access.vault import Vault
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("factor_queries.sql"))

STEP_S = 30
RECOVERY_CODES = 10
_SETUP_LASTS = timedelta(minutes=15)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another one
_GROUPS, _GROUP = 4, 4


def begin(connection: Connection, vault: Vault, account_id: UUID, *, now: datetime) -> str:
    """A new secret for the account to be confirmed by a code; raises AccountRefused where it has one already."""
    if account_of(connection, account_id).totp_secret is not None:
        raise AccountRefused(
            "the account has a second factor: turn it off before you set up another one",
            "已启用两步验证，更换前请先关闭。",
        )
    secret = pyotp.random_base32()
    row = {"account": account_id, "secret": vault.seal(secret, context=_context(account_id))}
    connection.execute(QUERIES["begin_setup"], {**row, "expires": now + _SETUP_LASTS})
    return secret


def being_set_up(connection: Connection, vault: Vault, account_id: UUID, *, now: datetime) -> str | None:
    """The secret that waits for its first code."""
    row = connection.execute(QUERIES["setup"], {"account": account_id, "now": now}).fetchone()
    return None if row is None else vault.open(row[0], context=_context(account_id))


def address_of(secret: str, name: str, issuer: str) -> str:
    """What the QR code says (otpauth://…)."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def give_up(connection: Connection, account_id: UUID, *, now: datetime) -> None:
    """Forget a secret that was not confirmed."""
    connection.execute(QUERIES["end_setup"], {"account": account_id, "now": now})


def confirm(connection: Connection, vault: Vault, account_id: UUID, code: str, *, now: datetime) -> list[str]:
    """Turn it on; the recovery codes, which are told this once. Raises AccountRefused, SignInRefused("code")."""
    secret = being_set_up(connection, vault, account_id, now=now)
    if secret is None:
        raise AccountRefused("this was begun too long ago: begin anew", "等待时间过长，请重新开始。")
    step = _step_of(secret, code, now)
    if step is None:
        raise SignInRefused("code")
    row = {"id": account_id, "secret": vault.seal(secret, context=_context(account_id)), "step": step}
    with connection.transaction():
        connection.execute(QUERIES["set_second_factor"], row)
        connection.execute(QUERIES["end_setup"], {"account": account_id, "now": now})
        codes = _new_codes(connection, account_id, now)
        tell(connection, act="factor.added", by=account_id, account_id=account_id)
    return codes


def renew_codes(connection: Connection, account_id: UUID, *, now: datetime) -> list[str]:
    """New recovery codes; the former ones open nothing any more."""
    with connection.transaction():
        codes = _new_codes(connection, account_id, now)
        tell(connection, act="factor.codes_renewed", by=account_id, account_id=account_id)
    return codes


def codes_left(connection: Connection, account_id: UUID) -> int:
    """How many recovery codes are not used."""
    row = connection.execute(QUERIES["recovery_left"], {"account": account_id}).fetchone()
    return 0 if row is None else int(row[0])


def remove(connection: Connection, account_id: UUID, *, now: datetime, by: UUID | None = None) -> None:
    """Turn it off. Raises AccountRefused where there is none."""
    if account_of(connection, account_id).totp_secret is None:
        raise AccountRefused("the account has no second factor", "未启用两步验证。")
    with connection.transaction():
        connection.execute(QUERIES["set_second_factor"], {"id": account_id, "secret": None, "step": None})
        connection.execute(QUERIES["forget_recovery_codes"], {"account": account_id})
        connection.execute(ACCOUNTS["forget_tickets"], {"account": account_id})
        connection.execute(QUERIES["end_setup"], {"account": account_id, "now": now})
        tell(connection, act="factor.removed", by=by, account_id=account_id)


def taker(connection: Connection, vault: Vault | None, code: str, *, now: datetime) -> Callable[[Account], bool]:
    """For `access.sessions.attempt`: whether the code is one of the account's, which uses it up.

    Raises SignInRefused("keys") where the secret cannot be read: no code can be right then.
    """

    def is_taken(tried: Account) -> bool:
        if tried.totp_secret is None:
            return False
        if len(_plain(code)) != 6:
            return _use_recovery(connection, tried.id, code, now)
        step = _step_of(_secret_of(vault, tried), code, now)
        asked = {"id": tried.id, "step": step}
        return step is not None and connection.execute(QUERIES["use_code"], asked).fetchone() is not None

    return is_taken


def _secret_of(vault: Vault | None, account: Account) -> str:
    assert account.totp_secret is not None
    if vault is None:
        raise SignInRefused("keys")
    try:
        return vault.open(account.totp_secret, context=_context(account.id))
    except CannotOpen as error:
        raise SignInRefused("keys") from error


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The half minute whose code it is; None for none near now."""
    totp, current = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
    near = (current, current - 1, current + 1)
    return next((step for step in near if is_same(totp.generate_otp(step), _plain(code))), None)


def _use_recovery(connection: Connection, account_id: UUID, code: str, now: datetime) -> bool:
    asked = {"account": account_id, "hash": _recovery_hash(account_id, code), "now": now}
    if connection.execute(QUERIES["use_recovery_code"], asked).fetchone() is None:
        return False
    tell(connection, act="factor.code_used", by=account_id, account_id=account_id)
    return True


def _new_codes(connection: Connection, account_id: UUID, now: datetime) -> list[str]:
    connection.execute(QUERIES["forget_recovery_codes"], {"account": account_id})
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    for code in codes:
        row = {"account": account_id, "hash": _recovery_hash(account_id, code), "now": now}
        connection.execute(QUERIES["add_recovery_code"], row)
    return codes


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _recovery_hash(account_id: UUID, code: str) -> bytes:
    return fingerprint(f"{account_id} {_plain(code)}")


def _plain(code: str) -> str:
    """As it was meant, whatever stands between its groups."""
    return "".join(code.split()).replace("-", "").lower()


def _context(account_id: UUID) -> tuple[str, str, UUID]:
    return ("accounts", "totp_secret", account_id)
