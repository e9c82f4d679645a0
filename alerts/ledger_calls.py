"""The accounts of 叫应: every task that began is somebody's, every call was made, every answer moved something."""

from collections.abc import Iterator

from alerts.ledger_account import QUERIES, Account, Span
from config.database import Connection

_SENT = ("sent", "delivered", "read")


def calls(connection: Connection, span: Span) -> list[Account]:
    """Tasks that began, calls, messages and answers of the span."""
    return [
        _tasks(connection, span),
        _called(connection, span),
        _messages(connection, span),
        _answers(connection, span),
    ]


def _tasks(connection: Connection, span: Span) -> Account:
    rows = connection.execute(QUERIES["begun_tasks"], span.parameters()).fetchall()
    faults = tuple(
        f"task {key} ({number}) of run {run} has begun and is nobody's"
        for number, run, key, placed in rows
        if not placed
    )
    return Account(name="tasks", expected=len(rows), found=len(rows) - len(faults), faults=faults)


def _called(connection: Connection, span: Span) -> Account:
    rows = connection.execute(QUERIES["called_assignments"], span.parameters()).fetchall()
    faults = tuple(
        f"assignment {number} of run {run} called nobody, and does not say so"
        for number, run, called, under_way, told in rows
        if not (called or under_way or told)
    )
    return Account(name="calls", expected=len(rows), found=len(rows) - len(faults), faults=faults)


def _messages(connection: Connection, span: Span) -> Account:
    rows = connection.execute(QUERIES["messages"], span.parameters()).fetchall()
    faults = tuple(
        f"message {number} by {channel} is {state} and has no time of sending"
        for number, channel, state, sent in rows
        if state in _SENT and not sent
    )
    return Account(name="messages", expected=len(rows), found=len(rows) - len(faults), faults=faults)


def _answers(connection: Connection, span: Span) -> Account:
    rows = connection.execute(QUERIES["counted_answers"], span.parameters()).fetchall()
    lost = [f"answer {key} ({kind}) moved nothing of assignment {one}" for key, kind, one, kept in rows if not kept]
    return Account(
        name="answers", expected=len(rows), found=len(rows) - len(lost), faults=(*lost, *_unsaid(connection, span))
    )


def _unsaid(connection: Connection, span: Span) -> Iterator[str]:
    for (number,) in connection.execute(QUERIES["done_unsaid"], span.parameters()):
        yield f"assignment {number} is done and nobody said so"
