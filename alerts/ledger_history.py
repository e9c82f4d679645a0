"""Whether an alert is what its transitions say: pure, from its row and theirs in the order of writing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from alerts.lifecycle import Row, fold


@dataclass(frozen=True, kw_only=True)
class Written:
    """A row of alert_transitions; `row` is what folding needs of it."""

    id: int
    from_state: str
    row: Row


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A row of alerts, as far as its transitions tell it."""

    id: int
    level: str
    state: str
    revision: int


def faults(alert: Standing, rows: Sequence[Written]) -> list[str]:
    """What does not hold, in words; nothing where all does."""
    if not rows:
        return [f"alert {alert.id} has no transition"]
    found = [f"alert {alert.id}: {fault}" for fault in (*_broken(rows), *_apart(alert, rows))]
    return found


def _broken(rows: Sequence[Written]) -> list[str]:
    """Where a transition does not begin where the one before it ended."""
    found = []
    if rows[0].from_state != "none":
        found.append(f"what came before its transition {rows[0].id} is missing")
    found += [
        f"between its transitions {one.id} and {two.id} another is missing ({one.row.to_state} → {two.from_state})"
        for one, two in pairwise(rows)
        if one.row.to_state != two.from_state
    ]
    # What is corrected is put between others; of such an alert the fold alone can tell.
    told = [one for one in rows if one.row.kind == "level"]
    if not any(one.row.revision for one in told):
        found += [
            f"between its transitions {one.id} and {two.id} another is missing"
            f" ({one.row.to_level} → {two.row.from_level})"
            for one, two in pairwise(told)
            if one.row.to_level != two.row.from_level
        ]
    return found


def _apart(alert: Standing, rows: Sequence[Written]) -> list[str]:
    """Where the alert is not what its transitions come to."""
    found = []
    level, state = fold(one.row for one in rows)
    if (level, state) != (alert.level, alert.state):
        found.append(f"it is {alert.level} and {alert.state}, its transitions say {level} and {state}")
    corrections = max(one.row.revision for one in rows)
    if corrections != alert.revision:
        found.append(f"it was corrected {alert.revision} times, its transitions say {corrections}")
    return found
