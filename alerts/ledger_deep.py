"""The account of the judging itself: the stored readings go through the kernel once more, in order of event time.

What comes out is compared with what was told live, corrections folded in.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerts import subjects
from alerts.instants import aware
from alerts.ledger_account import QUERIES, Account, Span, local
from alerts.ledger_again import Again, Move, Pair, Raised, warm_up
from alerts.pairs import RuleSet
from alerts.rules import AnyRule, SilenceRule
from alerts.ruleset import compile_rules
from alerts.stored_state import load_subjects, load_touches, load_warnings
from config.database import Connection

_NOT_BY_READINGS = ("rule_changed", "rule_removed", "retired")


@dataclass(frozen=True, kw_only=True)
class _Scope:
    """What is compared of what was told and what the readings call for."""

    rules: set[str]
    silent: set[str]  # of these, the rules of silence: judged as far as something was heard
    heard: int  # µs, the newest reading of the span
    changed: set[str]  # rules that were changed within the span
    skipped: set[Pair]  # raised before the span, and not to be gone back to

    def of(self, moves: Counter[Move]) -> Counter[Move]:
        """Those moves that are compared."""
        return Counter({move: count for move, count in moves.items() if count and self._holds(move)})

    def _holds(self, move: Move) -> bool:
        pair, time = move[0], move[1]
        if pair[0] not in self.rules or pair[0] in self.changed or pair in self.skipped:
            return False
        return pair[0] not in self.silent or time <= self.heard

    def notes(self) -> tuple[str, ...]:
        """What is not compared, and why."""
        changed = [f"rule {rule} was changed within the span and is not compared" for rule in sorted(self.changed)]
        before = [f"rule {rule}, {_subject(subject)} was raised before the span" for rule, subject in self.skipped]
        return (*changed, *sorted(before))


def judged_again(connection: Connection, span: Span, rules: Sequence[AnyRule]) -> Account:
    """Every change of level that the readings call for was told, and no other."""
    ruleset = compile_rules(
        rules, load_subjects(connection), touches=load_touches(connection), warnings=load_warnings(connection)
    )
    told, changed = _told(connection, span.parameters())
    raised = _raised(connection, span)
    again = Again(connection, ruleset, span, [one for one in raised if one.sensors])
    called_for = Counter(again.moves())
    scope = _Scope(
        rules={rule.id for rule in rules},
        silent={rule.id for rule in rules if isinstance(rule, SilenceRule)},
        heard=again.heard,
        changed=changed,
        skipped={one.pair for one in raised if not one.sensors},
    )
    return _account(connection, span, ruleset, scope, scope.of(called_for), scope.of(told))


def _account(
    connection: Connection,
    span: Span,
    ruleset: RuleSet,
    scope: _Scope,
    expected: Counter[Move],
    found: Counter[Move],
) -> Account:
    missing, strange = expected - found, found - expected
    doubtful = _doubtful(connection, span, ruleset, (*missing, *strange))
    untold = sorted(move for move in missing if move[0] not in doubtful)
    uncalled = sorted(move for move in strange if move[0] not in doubtful)
    return Account(
        name="judged_again",
        expected=expected.total(),
        found=expected.total() - missing.total(),
        faults=(
            *(f"the readings call for {_words(move)}, and it was not told" for move in untold),
            *(f"{_words(move)} was told, and the readings do not call for it" for move in uncalled),
        ),
        notes=(*scope.notes(), *(_too_late(pair) for pair in sorted(doubtful))),
    )


def _doubtful(connection: Connection, span: Span, ruleset: RuleSet, moves: Iterable[Move]) -> set[Pair]:
    """Of the moves that differ, the pairs whose rule may have found a reading too late that another rule took.

    A reading tells that a rule judged it, not which one.
    """
    pairs = {move[0] for move in moves}
    if not pairs:
        return set()
    early = Span(since=span.since - warm_up(ruleset) if span.since else None, until=span.until)
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


def _raised(connection: Connection, span: Span) -> list[Raised]:
    rows = connection.execute(QUERIES["raised_before"], span.parameters())
    return [Raised(pair=(rule, subject), since=since, sensors=sensors) for rule, subject, since, sensors in rows]


def _told(connection: Connection, parameters: dict[str, str]) -> tuple[Counter[Move], set[str]]:
    """What was said and not taken back; and the rules that were changed meanwhile."""
    said: Counter[Move] = Counter()
    changed: set[str] = set()
    for rule, subject, time, from_, to, retracts, reason, *_ in connection.execute(QUERIES["levels_told"], parameters):
        said[(rule, subject), time, from_, to] += -1 if retracts else 1
        if reason in _NOT_BY_READINGS:
            changed.add(rule)
    return said, changed


def _words(move: Move) -> str:
    (rule, subject), time, from_, to = move
    return f"{from_} → {to} of rule {rule}, {_subject(subject)}, at {local(aware(time))}"


def _subject(subject: int) -> str:
    return f"{subjects.kind_of(subject)} {subjects.number_of(subject)}"
