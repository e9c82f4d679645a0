"""What a database holds, as figures for people and for JSON."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from access.readers import signed_in
from access.scope import ROLE
from alerts import report
from alerts.heartbeat import Heartbeat, read_heartbeats
from alerts.heartbeat_out import read_sent
from alerts.ledger_keeper import LedgerStanding, standing
from alerts.rule_sets import InForce, in_force
from alerts.split_places import Split, split_places
from config.database import Connection
from config.exercise import is_exercise
from config.logs import BEIJING
from geo.placement import unlocated
from ingest import quarantine
from ingest.registry import QUERIES


@dataclass(frozen=True, kw_only=True)
class Books:
    """Sums over every batch ever committed; received = stored + repeats + quarantined."""

    devices: int
    sensors: int
    stored: int
    received: int
    repeats: int
    late: int
    quarantined: int


def status(connection: Connection) -> dict[str, Any]:
    """Everything `shijing status` tells."""
    with connection.cursor(row_factory=class_row(Books)) as cursor:
        books = cursor.execute(QUERIES["status"]).fetchone()
    assert books is not None
    return {
        **asdict(books),
        "exercise": is_exercise(connection),
        "partitions": [_partition(one) for one in read_heartbeats(connection)],
        "quarantine": [asdict(count) for count in quarantine.counts(connection)],
        "unlocated": [
            {"sensor": one.sensor, "label": one.label, "reason": one.reason()} for one in unlocated(connection)
        ],
        "alerts": report.open_alerts(connection),
        "runs": report.runs(connection),
        "split": [{"rule": one.rule, "reason": one.reason()} for one in _split(connection)],
        "ledger": _ledger(standing(connection)),
        "rules": _rules(in_force(connection)),
        "readers": signed_in(connection),
        "heartbeats": [asdict(sent) for sent in read_sent(connection)],
    }


def _split(connection: Connection) -> list[Split]:
    """Not told where the rules cannot be read, which is told of them."""
    now = in_force(connection)
    return [] if now.trouble else split_places(connection, list(now.rules))


def _rules(now: InForce) -> dict[str, Any]:
    return {"set": now.id, "count": len(now.rules), "trouble": now.trouble or None}


def _ledger(stands: LedgerStanding) -> dict[str, Any]:
    return {
        "balanced": stands.balanced,
        "checked_at": _local(stands.checked_at),
        "accounts": stands.accounts(),
    }


def _partition(one: Heartbeat) -> dict[str, Any]:
    return {
        "name": one.name,
        "epoch": one.epoch,
        "clock": _local(one.clock),
        "alive": one.trouble is None,
        "trouble": one.trouble,
        "seen_at": _local(one.seen_at),
    }


def demo_result(connection: Connection, published: int) -> dict[str, Any]:
    """The object that a headless demo prints."""
    stored, refused = _one(connection, QUERIES["kept"])
    return {
        "transitions": report.transitions(connection),
        "runs": report.runs(connection),
        "readings": {"published": published, "stored": stored, "quarantined": refused},
    }


def _one(connection: Connection, query: bytes) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def _local(moment: datetime | None) -> str | None:
    return moment.astimezone(BEIJING).isoformat() if moment else None


def lines(told: dict[str, Any]) -> list[str]:
    """`status` for people."""
    books = "  ".join(f"{name} {told[name]:,}" for name in ("received", "stored", "repeats", "quarantined", "late"))
    drill = ["EXERCISE: nothing here is real"] if told["exercise"] else []
    found = [*drill, f"{told['devices']:,} devices, {told['sensors']:,} sensors", books]
    found += [_reader_line(one) for one in told["readers"]]
    for one in told["partitions"]:
        found.append(f"pipeline {one['name']}: {one['trouble'] or 'alive'}, clock {one['clock']}")
    found.append(_ledger_line(told["ledger"]))
    rules = told["rules"]
    found.append(f"rules: {rules['trouble'] or 'version ' + str(rules['set'])}, {rules['count']} in force")
    for sent in told["heartbeats"]:
        failed = [f"{channel}: {sent[channel]}" for channel in ("webhook", "mqtt") if sent[channel]]
        found.append(f"heartbeat of {sent['partition']}: {_local(sent['sent_at'])} {'; '.join(failed)}".rstrip())
    found += [_quarantine_line(one) for one in told["quarantine"]]
    found += [f"rule {one['rule']} counts too little: {one['reason']}" for one in told["split"]]
    found += [f"unlocated {one['label'] or one['sensor']}: {one['reason']}" for one in told["unlocated"]]
    found += [f"open alerts {one['rule']} {one['level']}: {one['count']}" for one in told["alerts"]]
    return found + [f"plan {one['plan']} {one['township']}: {one['level']} since {one['time']}" for one in told["runs"]]


def _reader_line(login: str) -> str:
    if login == ROLE:
        return f"pages read as {ROLE}, signed in as itself"
    return f"pages read as {ROLE} by the login of {login}: set SHIJING_DATABASE_WEB_PASSWORD (docs/operations.md)"


def _quarantine_line(one: dict[str, Any]) -> str:
    line = f"quarantine {one['reason']}: {one['kept']} kept, seen {one['seen']} times"
    return f"{line}, {one['not_kept']} of these beyond the cap, with no sample kept" if one["not_kept"] else line


def _ledger_line(ledger: dict[str, Any]) -> str:
    if ledger["balanced"] is None:
        return "ledger: not checked yet"
    words = "balances" if ledger["balanced"] else f"does not balance: {', '.join(ledger['accounts'])}"
    return f"ledger: {words} (checked at {ledger['checked_at']})"
