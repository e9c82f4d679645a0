"""The look at everything, once a second: jobs wake the dispatcher when something is due, this misses nothing."""

from contextlib import ExitStack

from config.database import Connection
from dispatch.advance import advance
from dispatch.clock import now_of
from dispatch.judging import judge_open
from dispatch.overdue import mark_overdue, start_unasked
from events.sweep import mark_overdue as mark_late_events


def sweep(connection: Connection, *, channels: frozenset[str]) -> None:
    """All that time brings, on an autocommit connection; each step a transaction of its own.

    Raises what failed once every step had its turn.
    """
    at = now_of(connection)
    with ExitStack() as steps:  # left in reverse order, each whatever became of the others
        steps.callback(advance, connection, at, channels=channels)
        steps.callback(mark_overdue, connection, at)
        steps.callback(mark_late_events, connection, at)
        steps.callback(start_unasked, connection, at)
        steps.callback(judge_open, connection, at)
