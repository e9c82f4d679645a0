"""The ledger by itself: checked beside the pipeline, what does not balance checked again until it does, and an alert.

Each run goes on where the last one ended, so that no span is left out; once a day the whole
day before is counted. An imbalance is an alert of its own (rule `ledger`), resolved when
everything that did not balance does.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from msgspec import Struct
from psycopg.types.json import Jsonb

from alerts import subjects
from alerts.kernel import Reason, Transition
from alerts.ledger import Ledger, check
from alerts.ledger_account import QUERIES, Span, local
from alerts.levels import Level, rank
from alerts.plans import Plan
from alerts.record import record
from alerts.rules import AnyRule, Words
from config.database import Connection

log = logging.getLogger(__name__)

SUBJECT = subjects.of("ledger", 0)
_GRAVE = {"readings", "judged", "alerts", "judged_again"}  # a reading or an alert is lost: red; else orange
_AGAIN_AT_ONCE = 20
_KEEP_DAYS = 90
_DAY = timedelta(days=1)


class LedgerRule(Struct, frozen=True, kw_only=True, tag="ledger"):
    """What alerts know a rule by; it has no file, and no plan names it."""

    id: str = "ledger"
    number: int = 0
    family: str = "device"
    reopen_s: float = 1800.0
    label: Words = Words(zh="账目不平", en="The ledger does not balance")
    first_action: Words = Words(zh="运行 shijing ledger，查明缺失", en="Run shijing ledger and find what is missing")


LEDGER_RULE = LedgerRule()


@dataclass(frozen=True, kw_only=True)
class Due:
    """A check that has to be made."""

    kind: str
    span: Span


@dataclass(frozen=True, kw_only=True)
class LedgerStanding:
    """What the checks that were made by themselves say."""

    checked_at: datetime | None
    age_s: float | None
    imbalances: list[dict[str, Any]]  # spans that do not balance: from, to, accounts

    @property
    def balanced(self) -> bool | None:
        """None where it was never checked."""
        return None if self.checked_at is None else not self.imbalances

    def accounts(self) -> dict[str, int]:
        """Name → the largest difference of those that do not balance."""
        found: dict[str, int] = {}
        for one in self.imbalances:
            for account in one["accounts"] or ():
                found[account["name"]] = max(found.get(account["name"], 0), abs(account["difference"]))
        return found


def due(now: datetime, last_until: datetime | None, last_day: datetime | None, every: timedelta) -> list[Due]:
    """What is to be checked at `now` (aware, the readings' clock), given the end of the last span and the last day."""
    found = []
    if last_until is None or now - last_until >= every:
        since = now - every if last_until is None else max(last_until, now - _DAY)
        found.append(Due(kind="span", span=Span(since=since, until=now)))
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    if last_day != midnight - _DAY:
        found.append(Due(kind="day", span=Span(since=midnight - _DAY, until=midnight)))
    return found


def keep_checking(
    connection: Connection, *, now: datetime, every_s: float, rules: Sequence[AnyRule], plans: Sequence[Plan]
) -> list[Ledger]:
    """Make the checks that are due, on an autocommit connection; nothing where another process is at it."""
    row = connection.execute(QUERIES["lock"]).fetchone()
    if row is None or not row[0]:
        return []
    try:
        return _checked(connection, now, timedelta(seconds=every_s), rules, plans)
    finally:
        connection.execute(QUERIES["unlock"])


def _checked(
    connection: Connection, now: datetime, every: timedelta, rules: Sequence[AnyRule], plans: Sequence[Plan]
) -> list[Ledger]:
    last = connection.execute(QUERIES["last_checks"], {"now": now}).fetchone()
    assert last is not None
    todo = due(now, last[0], last[1], every)
    if not todo:
        return []
    began = datetime.now(UTC)
    found = [_check(connection, one, rules, plans) for one in todo]
    again = connection.execute(QUERIES["unsettled"], {"before": began, "most": _AGAIN_AT_ONCE}).fetchall()
    for kind, since, until in again:
        found.append(_check(connection, Due(kind=kind, span=Span(since=since, until=until)), rules, plans))
    connection.execute(QUERIES["forget_checks"], {"days": _KEEP_DAYS})
    tell(connection, now, rules, plans)
    return found


def _check(connection: Connection, one: Due, rules: Sequence[AnyRule], plans: Sequence[Plan]) -> Ledger:
    ledger = check(connection, one.span, rules, plans)
    connection.execute(
        QUERIES["keep_check"],
        {
            "kind": one.kind,
            "since": one.span.since,
            "until": one.span.until,
            "took_s": ledger.took_s,
            "accounts": Jsonb([account.as_dict() for account in ledger.accounts]),
            "balanced": ledger.balanced,
        },
    )
    for account in ledger.accounts:
        for fault in account.faults[:1]:
            log.error("the ledger does not balance: %s: %s (of %d)", account.name, fault, len(account.faults))
    return ledger


def standing(connection: Connection) -> LedgerStanding:
    """How it stands."""
    row = connection.execute(QUERIES["standing"]).fetchone()
    assert row is not None
    return LedgerStanding(checked_at=row[0], age_s=row[1], imbalances=row[2])


def tell(connection: Connection, now: datetime, rules: Sequence[AnyRule], plans: Sequence[Plan]) -> None:
    """Bring the ledger's alert to where the ledger stands."""
    wrong = sorted(standing(connection).accounts())
    wanted: Level = "none" if not wrong else "red" if _GRAVE.intersection(wrong) else "orange"
    row = connection.execute(QUERIES["open_alert"], {"subject": SUBJECT}).fetchone()
    was: Level = row[0] if row else "none"
    if was == wanted:
        return
    transition = Transition(
        rule_id=LEDGER_RULE.id,
        subject=SUBJECT,
        time=round(now.timestamp() * 1e6),
        from_level=was,
        to_level=wanted,
        value=float(len(wrong)),
        reason=_reason(was, wanted),
    )
    with connection.transaction():
        record(connection, [transition], rules=[*rules, cast(AnyRule, LEDGER_RULE)], plans=plans)
        title = f"{LEDGER_RULE.label.zh} · {LEDGER_RULE.label.en}: {', '.join(wrong)}"
        connection.execute(QUERIES["name_alert"], {"title": title, "subject": SUBJECT})
    log.warning("the ledger's alert: %s → %s at %s", was, wanted, local(now))


def _reason(was: Level, wanted: Level) -> Reason:
    if was == "none":
        return "raised"
    if wanted == "none":
        return "cleared"
    return "escalated" if rank(wanted) > rank(was) else "lowered"
