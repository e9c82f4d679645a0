"""`shijing ledger`: does everything that came, was judged and was raised add up, and what does not."""

from datetime import datetime
from typing import Any

from alerts.ledger import Ledger, accept, check
from alerts.ledger_account import Account, Span, local
from alerts.plan_library import plans_in_force
from alerts.rule_sets import rules_in_force
from config.database import connect

_PATIENCE_S = 3600  # `--deep` judges between two statements of its snapshot


def reconcile(
    database_url: str, since: datetime | None, until: datetime | None, *, deep: bool, note: str | None
) -> Ledger:
    """Check a span; with a note, write off what does not add up, and check again."""
    with connect(database_url, "ledger", autocommit=True, idle_in_transaction_s=_PATIENCE_S) as connection:
        rules, plans = rules_in_force(connection), plans_in_force(connection)
        span = Span(since=since, until=until)
        found = check(connection, span, rules, plans, deep=deep)
        if note and accept(connection, found.accounts, note):
            found = check(connection, span, rules, plans, deep=deep)
        return found


def lines(found: Ledger) -> list[str]:
    """For people."""
    told = [line for account in found.accounts for line in _account(account)]
    ends = [local(found.span.since) or "the beginning", local(found.span.until) or "now"]
    words = "balances" if found.balanced else "does NOT balance"
    return [*told, f"the ledger from {ends[0]} to {ends[1]} {words} ({found.took_s:.2f} s)"]


def _account(account: Account) -> list[str]:
    figures: dict[str, Any] = account.as_dict()
    mark = "ok " if account.balanced else "BAD"
    head = f"{mark} {account.name:<12} expected {account.expected:>12,}   found {account.found:>12,}"
    told = [head + (f"   ({account.accepted} written off)" if account.accepted else "")]
    told += [f"      {fault}" for fault in figures["missing"]]
    told += [f"      and {figures['more']} more"] if figures["more"] else []
    return told + [f"      note: {note}" for note in account.notes]
