"""The account of the judging itself: the stored readings go through the kernel once more, in order of event time.

What comes out is compared with what was told live, corrections folded in. Silence, and what counts it, is
proven from what was told instead (`ledger_silence`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerts import subjects
from alerts.instants import aware
from alerts.ledger_account import QUERIES, Account, Span, local
from alerts.ledger_again import Again, Move, Pair, Raised, warm_up
from alerts.ledger_silence import (
    NOT_STORED,
    Word,
    counted_again,
    counts_of_silence,
    found_late_of,
    prove,
    without_silence,
)
from alerts.pairs import RuleSet
from alerts.rules import AnyRule
from alerts.ruleset import compile_rules
from alerts.stored_state import load_subjects, load_touches, load_warnings
from config.database import Connection

_NOT_BY_READINGS = ("rule_changed", "rule_removed", "retired")
_TOO_LATE = "readings came too late for some rules and not for others"


@dataclass(frozen=True, kw_only=True)
class _Scope:
    """What is compared of what was told and what the readings call for."""

    rules: set[str]
    changed: set[str]  # rules that were changed within the span
    skipped: set[Pair]  # raised before the span, and not to be gone back to

    def of(self, moves: Counter[Move]) -> Counter[Move]:
        """Those moves that are compared."""
        return Counter({move: count for move, count in moves.items() if count and self._holds(move)})

    def _holds(self, move: Move) -> bool:
        return move[0][0] in self.rules - self.changed and move[0] not in self.skipped

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
    by_silence = _rules_of_silence(ruleset)
    raised = [one for one in _raised(connection, span) if one.pair[0] not in by_silence]
    scope = _Scope(
        rules={rule.id for rule in rules}, changed=changed, skipped={one.pair for one in raised if not one.sensors}
    )
    again = Again(connection, without_silence(ruleset), span, [one for one in raised if one.sensors])
    silence = _Silence(connection, ruleset, span, changed)
    expected, found = scope.of(Counter(again.moves())) + silence.called_for, scope.of(told)
    differ = [*(expected - found), *(found - expected)]
    of_readings = [move for move in differ if move[0][0] not in by_silence]
    doubts = dict.fromkeys(_doubtful(connection, span, ruleset, of_readings), _TOO_LATE) | silence.doubts(differ)
    notes = (*scope.notes(), *_in_words(doubts), *([NOT_STORED] if ruleset.silent else []))
    return _account(expected, found, doubts, notes)


class _Silence:
    """What the ledger makes of who was told to be silent, and of the counts of these."""

    def __init__(self, connection: Connection, ruleset: RuleSet, span: Span, changed: set[str]) -> None:
        names = {ruleset.ids[rule.rule] for rule in ruleset.silent}
        counts = {ruleset.ids[rule.rule] for rule in counts_of_silence(ruleset)}
        words = _words_of_silence(connection, span, sorted(names))
        proof = prove(connection, ruleset, [one for one in words if _within(span, one.move[1])])
        counted = [move for move in counted_again(connection, ruleset, words) if _within(span, move[1])]
        self.called_for = Counter(
            {move: count for move, count in proof.proven.items() if move[0][0] not in changed}
        ) + Counter(move for move in counted if move[0][0] in counts - changed)
        self._unproven = proof.unproven
        self._late = found_late_of(ruleset, words)

    def doubts(self, differ: Iterable[Move]) -> dict[Move, str]:
        """Of the moves that differ those that nobody can decide, and why."""
        return {move: why for move in differ if (why := self._unproven.get(move) or self._late.get(move[0]))}


def _rules_of_silence(ruleset: RuleSet) -> set[str]:
    silent, counts = ({ruleset.ids[one.rule] for one in ruleset.silent}, counts_of_silence(ruleset))
    return silent | {ruleset.ids[one.rule] for one in counts}


def _words_of_silence(connection: Connection, span: Span, rules: list[str]) -> list[Word]:
    words: list[Word] = []
    asked = {"rules": rules, "until": span.parameters()["until"]}
    for rule, subject, time, from_, to, retracts, value, late in connection.execute(QUERIES["silence_told"], asked):
        word = Word(move=((rule, subject), time, from_, to), value=value, late=late)
        if not retracts:
            words.append(word)
        else:
            words = [one for one in words if one.move != word.move]
    return words


def _within(span: Span, time: int) -> bool:
    since, until = span.since, span.until
    return (since is None or aware(time) >= since) and (until is None or aware(time) < until)


def _account(
    expected: Counter[Move], found: Counter[Move], doubts: Mapping[Move, str], notes: tuple[str, ...]
) -> Account:
    missing, strange = expected - found, found - expected
    untold, uncalled = (sorted(move for move in moves if move not in doubts) for moves in (missing, strange))
    return Account(
        name="judged_again",
        expected=expected.total(),
        found=expected.total() - missing.total(),
        faults=(
            *(f"the readings call for {_words(move)}, and it was not told" for move in untold),
            *(f"{_words(move)} was told, and the readings do not call for it" for move in uncalled),
        ),
        notes=notes,
    )


def _in_words(doubts: Mapping[Move, str]) -> list[str]:
    pairs = {(move[0], why) for move, why in doubts.items()}
    return [f"rule {rule}, {_subject(subject)} is not compared: {why}" for (rule, subject), why in sorted(pairs)]


def _doubtful(connection: Connection, span: Span, ruleset: RuleSet, moves: Sequence[Move]) -> set[Move]:
    """Of the moves that differ, those whose rule may have found a reading too late that another rule took.

    A reading tells that a rule judged it, not which one.
    """
    pairs = {move[0] for move in moves}
    if not pairs:
        return set()
    early = Span(since=span.since - warm_up(ruleset) if span.since else None, until=span.until)
    late = {row[0] for row in connection.execute(QUERIES["sensors_with_late_readings"], early.parameters())}
    missed = {pair for pair in pairs if late and _may_have_missed(ruleset, pair, late)}
    return {move for move in moves if move[0] in missed}


def _may_have_missed(ruleset: RuleSet, pair: Pair, late: set[int]) -> bool:
    sensor, place = subjects.sensor_id(pair[1]), ruleset.pair(*pair)
    if sensor is None or place is None:
        return True
    return sensor in late and bool(ruleset.lateness[place] < ruleset.most_lateness[sensor])


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
