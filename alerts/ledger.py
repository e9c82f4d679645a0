"""The ledger: whether everything that came, was judged and was raised is where it has to be, and what is not.

One account for each promise. All are read in one snapshot, so that a batch is in every account
or in none, and nothing has to stand still for it. What does not add up is named.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from alerts.ledger_account import QUERIES, Account, Span, local
from alerts.ledger_alerts import alerts, incidents, live_events
from alerts.ledger_calls import calls
from alerts.ledger_deep import judged_again
from alerts.ledger_readings import intake, quarantine, readings
from alerts.ledger_runs import runs
from alerts.plans import Plan
from alerts.rules import AnyRule
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All accounts of a span."""

    span: Span
    accounts: tuple[Account, ...]
    took_s: float
    checked_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def balanced(self) -> bool:
        """Whether every account is."""
        return all(account.balanced for account in self.accounts)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "balanced": self.balanced,
            "from": local(self.span.since),
            "to": local(self.span.until),
            "accounts": [account.as_dict() for account in self.accounts],
            "took_s": round(self.took_s, 3),
        }


def check(
    connection: Connection,
    span: Span,
    rules: Sequence[AnyRule],
    plans: Sequence[Plan],
    *,
    deep: bool = False,
) -> Ledger:
    """Reconcile a span on an autocommit connection; `deep` also judges its stored readings once more."""
    began = time.perf_counter()
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        accounts = [
            intake(connection, span),
            *readings(connection, span),
            quarantine(connection),
            alerts(connection, span),
            runs(connection, span, rules, plans),
            *calls(connection, span),
            *incidents(connection, span),
            live_events(connection, span),
        ]
        if deep:
            accounts.append(judged_again(connection, span, rules))
        accounts = [_without_accepted(connection, account) for account in accounts]
    return Ledger(span=span, accounts=tuple(accounts), took_s=time.perf_counter() - began)


def _without_accepted(connection: Connection, account: Account) -> Account:
    if not account.faults:
        return account
    rows = connection.execute(QUERIES["accepted"], {"faults": [_key(account, fault) for fault in account.faults]})
    known = {row[0] for row in rows}
    left = tuple(fault for fault in account.faults if _key(account, fault) not in known)
    return replace(account, faults=left, accepted=len(account.faults) - len(left))


def accept(connection: Connection, found: Iterable[Account], note: str) -> int:
    """Write off, with a reason, what the accounts name; it is not told again unless it changes."""
    rows = [
        {"fault": _key(account, fault), "account": account.name, "note": note}
        for account in found
        for fault in account.faults
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(QUERIES["accept"], rows)
    return len(rows)


def _key(account: Account, fault: str) -> str:
    return f"{account.name}: {fault}"
