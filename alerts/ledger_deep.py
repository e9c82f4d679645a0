"""The account of the judging itself: the stored readings go through the kernel once more, in order of event time.

What comes out is compared with what was told live, corrections folded in. It begins early
enough for windows and counts to be full, and earlier still where something was raised already.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts import subjects
from alerts.columns import Batch
from alerts.instants import aware
from alerts.kernel import Transition, evaluate
from alerts.ledger_account import QUERIES, Account, Span, local
from alerts.ledger_copy import copied, slices
from alerts.pairs import RuleSet
from alerts.rules import AnyRule
from alerts.ruleset import compile_rules
from alerts.state import initial_state
from alerts.stored_state import load_subjects, load_touches, load_warnings
from config.database import Connection

_AT_ONCE = 100_000  # readings in one call of the kernel
_MARGIN = timedelta(hours=1)  # beyond the widest window: counts in a row, holds, lateness
_NOT_BY_READINGS = ("rule_changed", "rule_removed", "retired")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Pair = tuple[str, int]  # rule id, subject
Move = tuple[Pair, int, str, str]  # when (µs), from and to which level


@dataclass(frozen=True, kw_only=True)
class _Raised:
    """What was raised already when the span began."""

    pair: Pair
    since: datetime
    sensors: list[int]  # that it goes by; none: of a division or a gateway, which cannot be gone back to


def judged_again(connection: Connection, span: Span, rules: Sequence[AnyRule]) -> Account:
    """Every change of level that the readings call for was told, and no other."""
    ruleset = compile_rules(
        rules, load_subjects(connection), touches=load_touches(connection), warnings=load_warnings(connection)
    )
    parameters = span.parameters()
    told, not_compared = _told(connection, parameters)
    raised = [_Raised(pair=(rule, subject), since=since, sensors=sensors) for rule, subject, since, sensors in
              connection.execute(QUERIES["raised_before"], parameters)]  # fmt: skip
    known = {rule.id for rule in rules}
    skipped = {one.pair for one in raised if not one.sensors}
    called_for = Counter(_again(connection, span, ruleset, [one for one in raised if one.sensors]))

    def compared(move: Move) -> bool:
        pair = move[0]
        return pair[0] in known and pair[0] not in not_compared and pair not in skipped

    expected = Counter({move: count for move, count in called_for.items() if compared(move)})
    found = Counter({move: count for move, count in told.items() if compared(move)})
    missing, strange = expected - found, found - expected
    doubtful = _doubtful(connection, span, ruleset, (*missing, *strange))
    faults = [f"the readings call for {_words(move)}, and it was not told" for move in sorted(missing)
              if move[0] not in doubtful]  # fmt: skip
    faults += [f"{_words(move)} was told, and the readings do not call for it" for move in sorted(strange)
               if move[0] not in doubtful]  # fmt: skip
    return Account(
        name="judged_again",
        expected=expected.total(),
        found=expected.total() - missing.total(),
        faults=tuple(faults),
        notes=(*_notes(not_compared, skipped), *(_too_late(pair) for pair in sorted(doubtful))),
    )


def _doubtful(connection: Connection, span: Span, ruleset: RuleSet, moves: Iterable[Move]) -> set[Pair]:
    """Of the moves that differ, the pairs whose rule may have found a reading too late that another rule took.

    A reading tells that a rule judged it, not which one.
    """
    pairs = {move[0] for move in moves}
    if not pairs:
        return set()
    early = Span(since=span.since - _warm_up(ruleset) if span.since else None, until=span.until)
    late = {row[0] for row in connection.execute(QUERIES["sensors_with_late_readings"], early.parameters())}
    return {pair for pair in pairs if late and _may_have_missed(ruleset, pair, late)}


def _may_have_missed(ruleset: RuleSet, pair: Pair, late: set[int]) -> bool:
    sensor, place = subjects.sensor_id(pair[1]), ruleset.pair(*pair)
    if sensor is None or place is None:
        return True
    return sensor in late and bool(ruleset.lateness[place] < ruleset.most_lateness[sensor])


def _too_late(pair: Pair) -> str:
    rule, subject = pair
    return f"rule {rule}, {_subject(subject)} is not compared: readings came too late for some rules and not for others"


def _notes(not_compared: set[str], skipped: set[Pair]) -> tuple[str, ...]:
    changed = [f"rule {rule} was changed within the span and is not compared" for rule in sorted(not_compared)]
    before = [f"rule {rule}, {_subject(subject)} was raised before the span" for rule, subject in sorted(skipped)]
    return (*changed, *before)


def _told(connection: Connection, parameters: dict[str, str]) -> tuple[Counter[Move], set[str]]:
    """What was said and not taken back; and the rules that were changed meanwhile."""
    said: Counter[Move] = Counter()
    changed: set[str] = set()
    for rule, subject, time, from_, to, retracts, reason, *_ in connection.execute(QUERIES["levels_told"], parameters):
        said[(rule, subject), time, from_, to] += -1 if retracts else 1
        if reason in _NOT_BY_READINGS:
            changed.add(rule)
    return said, changed


def _again(connection: Connection, span: Span, ruleset: RuleSet, raised: Sequence[_Raised]) -> Iterator[Move]:
    """The changes of level within the span, by the kernel."""
    begin = span.since - _warm_up(ruleset) if span.since else None
    state = initial_state(ruleset)
    since, until = _us(span.since, -(1 << 62)), _us(span.until, 1 << 62)
    for batch in _batches(connection, Span(since=begin, until=span.until), raised, _warm_up(ruleset)):
        state, transitions = evaluate(ruleset, state, batch, int(batch.time[-1]))
        yield from (_move(one) for one in transitions if since <= one.time < until)


def _move(one: Transition) -> Move:
    return ((one.rule_id, one.subject), one.time, one.from_level, one.to_level)


def _batches(connection: Connection, span: Span, raised: Sequence[_Raised], warm_up: timedelta) -> Iterator[Batch]:
    """Judged readings in order of event time; those that tell how raised alerts came about come first."""
    if span.since and raised:
        needs: dict[int, datetime] = {}
        for one in raised:
            for sensor in one.sensors:
                needs[sensor] = min(one.since - warm_up, needs.get(sensor, span.since))
        yield from _cut(copied(connection, "copy_judged_before", sensors=list(needs), since=list(needs.values()),
                               until=span.since))  # fmt: skip
    for begin, end in slices(connection, span):
        yield from _cut(copied(connection, "copy_judged", since=begin, until=end))


def _cut(readings: Batch) -> Iterator[Batch]:
    for begin in range(0, len(readings.time), _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        yield Batch(sensor=readings.sensor[rows], time=readings.time[rows], value=readings.value[rows])


def _warm_up(ruleset: RuleSet) -> timedelta:
    """How far back a rule may look from the begin of the span."""
    longest = max(
        (
            int(column.max(initial=0))
            for column in (ruleset.reach, ruleset.keep, ruleset.terms.hold, ruleset.terms.clear_for)
        ),
        default=0,
    )
    return timedelta(microseconds=longest) + _MARGIN


def _us(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else round((moment - _EPOCH) / timedelta(microseconds=1))


def _words(move: Move) -> str:
    (rule, subject), time, from_, to = move
    return f"{from_} → {to} of rule {rule}, {_subject(subject)}, at {local(aware(time))}"


def _subject(subject: int) -> Any:
    return f"{subjects.kind_of(subject)} {subjects.number_of(subject)}"
