"""Accounts of the alerts: each is what its transitions say, none is missing; incidents; what the screens were told."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from alerts import subjects
from alerts.ledger_account import QUERIES, Account, Span
from alerts.ledger_history import Standing, Written, faults
from alerts.lifecycle import Row
from config.database import Connection

_AT_ONCE = 5000


def alerts(connection: Connection, span: Span) -> Account:
    """Every raise has an alert, every alert is the fold of its transitions, one is open for a rule and subject."""
    parameters = span.parameters()
    orphans = connection.execute(QUERIES["orphan_transitions"], parameters).fetchall()
    checked, wrong, found = 0, 0, [f"transition {id_}: its alert {alert_id} is missing" for id_, alert_id in orphans]
    for alert, rows in _histories(connection, parameters):
        told = faults(alert, rows)
        checked += 1
        wrong += bool(told)
        found += told
    found += _open_twice(connection)
    latched = [
        f"rule {rule} holds {_subject(subject)} at {level}, and no alert says so"
        for rule, subject, level in connection.execute(QUERIES["latched_without_alert"])
    ]
    missing = len({alert_id for _, alert_id in orphans})
    return Account(name="alerts", expected=checked + missing, found=checked - wrong, faults=(*found, *latched))


def _histories(connection: Connection, parameters: dict[str, str]) -> Iterator[tuple[Standing, list[Written]]]:
    with connection.cursor(name="ledger_histories") as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(QUERIES["histories"], parameters)
        for (id_, _, level, state, revision), rows in groupby(cursor, lambda row: row[:5]):
            yield Standing(id=id_, level=level, state=state, revision=revision), list(_written(rows))


def _written(rows: Iterable[tuple[Any, ...]]) -> Iterator[Written]:
    for row in rows:
        id_, kind, time, from_level, to_level, from_state, to_state, reason, retracts, revision = row[5:]
        if id_ is not None:  # an alert without any
            told = Row(
                kind=kind,
                time=time,
                from_level=from_level,
                to_level=to_level,
                to_state=to_state,
                reason=reason,
                retracts=retracts,
                revision=revision,
            )
            yield Written(id=id_, from_state=from_state, row=told)


def _open_twice(connection: Connection) -> list[str]:
    return [
        f"rule {rule}, {_subject(subject)}: {len(ids)} alerts are open at once ({', '.join(map(str, ids))})"
        for rule, subject, ids in connection.execute(QUERIES["open_twice"])
    ]


def _subject(subject: int) -> str:
    return f"{subjects.kind_of(subject)} {subjects.number_of(subject)}"


def incidents(connection: Connection, span: Span) -> list[Account]:
    """Each incident counts the alerts that it is made of."""
    parameters = span.parameters()
    checked = connection.execute(QUERIES["incidents_checked"], parameters).fetchone()
    assert checked is not None
    rows = connection.execute(QUERIES["incidents_unequal"], parameters).fetchall()
    wrong = tuple(f"incident {id_}: {told} alerts by its row, {there} are part of it" for id_, told, there in rows)
    return [Account(name="incidents", expected=checked[0], found=checked[0] - len(wrong), faults=wrong)]


def live_events(connection: Connection, span: Span) -> Account:
    """Every transition was told to the screens, as far back as events are kept."""
    parameters = span.parameters()
    row = connection.execute(QUERIES["transitions_to_tell"], parameters).fetchone()
    assert row is not None
    untold = connection.execute(QUERIES["transitions_untold"], parameters, prepare=False).fetchall()
    return Account(
        name="live_events",
        expected=row[0],
        found=row[0] - len(untold),
        faults=tuple(f"transition {id_} of alert {alert_id}: no live event tells it" for id_, alert_id in untold),
    )
