"""What a pipeline keeps in memory; all of it can be built again from the database."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.fence import Fence
from alerts.hearing import Hearing, load_hearing
from alerts.kernel import Transition
from alerts.levels import GRADES, Level
from alerts.pairs import RuleSet
from alerts.plans import Plan
from alerts.record import record
from alerts.rules import AnyRule
from alerts.ruleset import compile_rules
from alerts.state import State
from alerts.state_rows import StateRow, orphans
from alerts.stored_state import (
    forget_states,
    load_state,
    load_states,
    load_subjects,
    load_touches,
    load_warnings,
)
from config.database import Connection
from geo.placement import Placement
from ingest.gather import Gatherer
from ingest.registry import Registry


@contextmanager
def lasting() -> Iterator[None]:
    """What is built inside lives long, what a batch makes dies with it: the collector need not look at either.

    While millions of objects are made, all of which stay, it would look through them again and again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    gc.collect()
    gc.freeze()


@dataclass(frozen=True, kw_only=True)
class Known:
    """Everything that a batch is judged with."""

    gatherer: Gatherer
    rules: Sequence[AnyRule]
    ruleset: RuleSet
    state: State
    placement: Placement
    hearing: Hearing

    @property
    def registry(self) -> Registry:
        """The sensors that exist."""
        return self.gatherer.registry

    def warned(self, connection: Connection) -> "Known":
        """With the official warnings that are in force now."""
        return replace(self, ruleset=replace(self.ruleset, warnings=tuple(load_warnings(connection))))


def remember(connection: Connection, partition: str, rules: Sequence[AnyRule], gatherer: Gatherer) -> Known:
    """As it is after the last committed batch."""
    placement = Placement.load(connection)  # first: its version tells whether anything of what follows is older
    subjects = load_subjects(connection, partition)
    ruleset = compile_rules(rules, subjects, touches=load_touches(connection), warnings=load_warnings(connection))
    return Known(
        gatherer=gatherer,
        rules=rules,
        ruleset=ruleset,
        state=load_state(connection, ruleset, partition),
        placement=placement,
        hearing=load_hearing(connection, partition, len(gatherer.registry.low)),
    )


def end_orphans(
    connection: Connection, fence: Fence, known: Known, plans: Sequence[Plan], clock: Callable[[datetime | None], int]
) -> list[Transition]:
    """Resolve what no rule judges any more: its rule is gone, or its subject is retired or judged no longer."""
    rows = orphans(known.ruleset, load_states(connection, fence.partition))
    if not rows:
        return []
    with connection.transaction():
        now = clock(fence.check(connection))
        gone = forget_states(connection, rows)  # another pipeline may have done it meanwhile
        ended = _ended(known.ruleset, [row for row in rows if (row.rule_id, row.subject) in gone], now)
        record(connection, ended, rules=known.rules, plans=plans)
    return ended


def _ended(ruleset: RuleSet, rows: Iterable[StateRow], now: int) -> list[Transition]:
    ids = set(ruleset.ids)
    return [
        Transition(
            rule_id=row.rule_id,
            subject=row.subject,
            time=max(now, last.get("time", now)),
            from_level=level,
            to_level="none",
            value=last.get("value") or 0.0,
            reason="retired" if row.rule_id in ids else "rule_removed",
        )
        for row in rows
        if row.state and (level := _level(last := row.state.get("versions", [row.state])[-1])) != "none"
    ]


def _level(version: dict[str, dict[str, bool]]) -> Level:
    latched = [grade for grade in GRADES if version.get(grade, {}).get("latched")]
    return latched[-1] if latched else "none"
