"""A draft of rules tried from its page: a back-test (alerts.backtest) small enough to wait for."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from alerts.backtest import QUERIES, WARM_UP, Run, run_rules
from alerts.errors import TrialTooLarge
from alerts.rules import AnyRule
from alerts.ruleset import Subject
from config.database import Connection

DAYS_AT_MOST = 366
READINGS_AT_MOST = 2_000_000
SECONDS_AT_MOST = 30.0


def trial_run(
    connection: Connection,
    rule_sets: Sequence[Sequence[AnyRule]],
    subjects: Sequence[Subject],
    begin: datetime,
    end: datetime,
    *,
    seconds: float = SECONDS_AT_MOST,
) -> Run:
    """Several sets of rules over the stored readings of `subjects`; raises TrialTooLarge before it takes too long."""
    if end - begin > timedelta(days=DAYS_AT_MOST):
        raise TrialTooLarge(f"{(end - begin).days} days are more than {DAYS_AT_MOST}: choose fewer")
    values = {
        "sensors": [one.sensor_id for one in subjects],
        "begin": begin - WARM_UP,
        "end": end,
        "limit": READINGS_AT_MOST + 1,
    }
    row = connection.execute(QUERIES["count_readings"], values).fetchone()
    if row is not None and row[0] > READINGS_AT_MOST:
        raise _too_many()
    return run_rules(connection, rule_sets, subjects, begin, end, check=_limits(seconds))


def _limits(seconds: float) -> Callable[[int], None]:
    deadline = time.monotonic() + seconds

    def check(judged: int) -> None:
        if judged > READINGS_AT_MOST:  # rules with long windows begin earlier than what was counted
            raise _too_many()
        if time.monotonic() > deadline:
            raise TrialTooLarge(f"not done in {seconds:.0f} s: choose fewer days or divisions")

    return check


def _too_many() -> TrialTooLarge:
    return TrialTooLarge(f"more than {READINGS_AT_MOST:,} readings: choose fewer days or divisions")
