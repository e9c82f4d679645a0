"""Accounts of the readings: received and decided, stored and counted again, judged or late, refused and kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.ledger_account import NAMED, QUERIES, Account, Span, local
from config.database import Connection

_SHORT = timedelta(hours=3)  # up to here a look for each sensor is cheaper than the rows of a day
_NO_COUNT = (0, 0)


def intake(connection: Connection, span: Span) -> Account:
    """What was acknowledged to the broker is stored, a repeat, or quarantined; minutes of arrival within the span."""
    parameters = span.parameters()
    received, decided = _row(connection, "intake_sums", **parameters)
    return Account(
        name="intake",
        expected=received,
        found=decided,
        faults=tuple(
            f"partition {partition}, minute {local(minute)}: {came} received, {became} stored, repeated or quarantined"
            for partition, minute, came, became in connection.execute(QUERIES["intake_unequal"], parameters)
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Hour:
    """An hour of event time: by the books, in the table, and of these neither judged nor late."""

    begin: datetime
    booked: int
    counted: int
    unjudged: int


def readings(connection: Connection, span: Span) -> list[Account]:
    """Two accounts from one look: stored by the books is in the table, and each is judged or marked late."""
    hours = span.hours()
    begun, stored_before, kept = _row(connection, "books_begin")
    parameters = {**hours.parameters(), "kept": kept}
    counted = list(_hours(connection, hours, parameters))
    wrong = [hour for hour in counted if _is_wrong(hour, begun if stored_before else None)]
    notes = () if kept == "-infinity" else (f"readings before {kept} were dropped by age",)
    stored = Account(
        name="readings",
        expected=sum(hour.booked for hour in counted),
        found=sum(hour.counted for hour in counted),
        faults=(*_books(connection), *(fault for hour in wrong for fault in _named(connection, hour))),
        notes=notes,
    )
    return [stored, _judged(connection, counted, parameters)]


def _hours(connection: Connection, span: Span, parameters: dict[str, str]) -> Iterator[_Hour]:
    short = span.length is not None and span.length <= _SHORT
    query = "hours_probed" if short else "hours_scanned"
    booked: dict[datetime, int] = dict(connection.execute(QUERIES["hours_in_the_books"], parameters).fetchall())
    rows = connection.execute(QUERIES[query], parameters, prepare=False).fetchall()
    counted = {hour: (rows_, unjudged) for hour, rows_, unjudged in rows}
    for begin in sorted(booked.keys() | counted.keys()):
        there, unjudged = counted.get(begin, _NO_COUNT)
        yield _Hour(begin=begin, booked=booked.get(begin, 0), counted=there, unjudged=unjudged)


def _is_wrong(hour: _Hour, books_begun: datetime | None) -> bool:
    """An hour from before the books may hold more than they know of, never less."""
    if books_begun is not None and hour.begin < books_begun:
        return hour.counted < hour.booked
    return hour.counted != hour.booked


def _books(connection: Connection) -> list[str]:
    by_minute, by_hour = _row(connection, "books_of_both_kinds")
    if by_minute == by_hour:
        return []
    return [f"the books by minute of arrival have {by_minute - by_hour} more stored than those by hour of event time"]


def _named(connection: Connection, hour: _Hour) -> list[str]:
    """Which sensor and minute, where the rollups know; else the hour."""
    rows = connection.execute(QUERIES["minutes_unequal"], {"hour": hour.begin, "most": NAMED}).fetchall()
    whole = f"hour {local(hour.begin)}: {hour.booked} stored by the books, {hour.counted} in the table"
    if not rows:
        return [whole]
    sensors = ", ".join(f"{name} at {local(minute)} ({was} before, now {is_})" for name, minute, was, is_ in rows)
    return [f"{whole}: {sensors}"]


def _judged(connection: Connection, counted: list[_Hour], parameters: dict[str, str]) -> Account:
    unjudged, there = sum(hour.unjudged for hour in counted), sum(hour.counted for hour in counted)
    faults: tuple[str, ...] = ()
    if unjudged:
        rows = connection.execute(QUERIES["not_judged"], {**parameters, "most": unjudged}).fetchall()
        faults = tuple(f"{name} at {local(time)}: not judged, and not late" for name, time in rows)
    return Account(name="judged", expected=there, found=there - unjudged, faults=faults)


def quarantine(connection: Connection) -> Account:
    """What was refused is kept, each time it was seen; always all of it, since an entry covers its whole time."""
    refused, kept = _row(connection, "quarantine_sums")
    faults = []
    if refused != kept:
        faults.append(f"{abs(refused - kept)} {'fewer' if kept < refused else 'more'} kept than were refused")
        rows = connection.execute(QUERIES["refused_without_entry"], {"most": NAMED}).fetchall()
        faults += [
            f"partition {partition}, minute {local(minute)}: {count} refused, and no entry says so"
            for partition, minute, count in rows
        ]
    return Account(name="quarantine", expected=refused, found=kept, faults=tuple(faults))


def _row(connection: Connection, query: str, **parameters: Any) -> tuple[Any, ...]:
    row = connection.execute(QUERIES[query], parameters).fetchone()
    assert row is not None
    return row
