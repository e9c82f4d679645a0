"""What the kernel's transitions do to alerts, before any of it is written: open, change, resolve, reopen.

Pure. Every transition becomes one step, and every step one row; a row tells level and state
before and after, so that the rows of an alert, folded, are the alert (`fold`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from alerts.corrections import Correction, is_correction
from alerts.kernel import Transition
from alerts.levels import Level, highest, rank
from alerts.standing import Alert, Key, Nature, Pair, Said, Step, level_of

_PLAIN = Nature()


@dataclass(kw_only=True)
class Moves:
    """The steps of a batch in their order, and transitions that found no alert to belong to."""

    steps: list[Step] = field(default_factory=list)
    orphans: list[Transition] = field(default_factory=list)

    def alerts(self) -> list[Alert]:
        """Every alert touched, once, in order of its first step."""
        return list({id(step.alert): step.alert for step in self.steps}.values())


def apply(transitions: Sequence[Transition], pairs: dict[Key, Pair], natures: Mapping[str, Nature]) -> Moves:
    """Walk the transitions in order over the alerts of their pairs; these are changed in place.

    A rise that finds no open alert reopens one that was resolved a moment ago, else opens
    another. A fall that finds none, because a person ended the alert meanwhile, is written to
    that alert and changes no state; without any alert it is an orphan. Transitions that correct
    what was said before are taken together, so that an alert does not flap on its way.
    """
    moves = Moves()
    for (key, corrects), group in groupby(transitions, lambda one: ((one.rule_id, one.subject), is_correction(one))):
        pair = pairs.setdefault(key, Pair(rule_id=key[0], subject=key[1]))
        nature = natures.get(key[0], _PLAIN)
        if corrects:
            correction = Correction(pair, nature)
            correction.take(list(group))
            moves.steps += correction.steps
            moves.orphans += correction.orphans
        else:
            for transition in group:
                _take(pair, transition, nature, moves)
    return moves


def _take(pair: Pair, transition: Transition, nature: Nature, moves: Moves) -> None:
    reason: str
    alert, reason, rises = pair.open, transition.reason, rank(transition.to_level) > rank(transition.from_level)
    if alert is None and rises:
        last = pair.latest
        if last is not None and last.reopens(transition.time, nature.reopen_us):
            alert, reason = last, "reopened"
        else:
            alert = pair.opened(transition, nature)
    if alert is not None and rises:
        alert.suppressed_by = pair.place.suppressed_at(transition.time)
    alert = alert or pair.latest or (None if transition.to_level == "none" else pair.opened(transition, nature))
    if alert is None:
        moves.orphans.append(transition)
    else:
        moves.steps.append(_step(alert, transition, reason))


def _step(alert: Alert, transition: Transition, reason: str) -> Step:
    before = alert.state
    if reason == "reopened":
        alert.reopen()
    elif before == "none":
        alert.state = "open"
    said = Said.of(transition)
    alert.level = level_of([said])
    alert.peak = highest(alert.peak, transition.to_level)
    if transition.to_level == "none" and alert.is_open:
        alert.state, alert.resolved_at = "resolved", transition.time
    alert.value, alert.changed_at = transition.value, transition.time
    alert.said.append(said)
    return Step(alert=alert, transition=transition, reason=reason, from_state=before, to_state=alert.state)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of alert_transitions, as far as folding needs it."""

    kind: str
    time: int  # any number that orders, µs
    from_level: Level
    to_level: Level
    to_state: str
    reason: str
    retracts: bool
    revision: int


def fold(rows: Iterable[Row]) -> tuple[Level, str]:
    """Level and state that an alert's rows, in the order they were written, come to."""
    said: list[Said] = []
    level: Level = "none"
    state = "none"
    for _, group in groupby(enumerate(rows), lambda one: _together(*one)):
        for _, row in group:
            state = row.to_state
            if row.kind == "level":
                _fold_in(said, row)
        level = level_of(said) if said else level
    return level, state


def _together(number: int, row: Row) -> tuple[str, int]:
    """Rows of one correction count at once, every other one by itself."""
    corrects = row.kind == "level" and (row.retracts or row.reason == "corrected")
    return ("correction", row.revision) if corrects else ("row", number)


def _fold_in(said: list[Said], row: Row) -> None:
    one = Said(time=row.time, from_level=row.from_level, to_level=row.to_level)
    if not row.retracts:
        said.append(one)
        said.sort(key=lambda other: other.time)
    elif one in said:
        said.remove(one)
