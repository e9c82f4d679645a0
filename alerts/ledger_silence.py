"""Silence and what counts it: how far everything was heard is not stored, so the proof goes one way.

What was told has to be proven by the readings: that somebody fell silent by the last reading before, that
somebody was heard again by the reading at that instant. Counts of who is silent are counted once more from
what was told of their members. What should have been told, and was not, nobody can tell.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from psycopg.types.json import Jsonb

from alerts.columns import NEVER
from alerts.history import History
from alerts.instants import iso
from alerts.kernel import counted_moves
from alerts.latches import resting
from alerts.ledger_account import QUERIES
from alerts.ledger_again import Move, Pair
from alerts.levels import LEVELS, rank
from alerts.moves import Moves, gathered
from alerts.pairs import Counted, RuleSet, Silent
from alerts.state import initial_state
from alerts.stored_state import load_heads
from config.database import Connection

NOT_STORED = (
    "silence that was not told is not looked for: how far everything was heard is not stored; what was told is proven"
)


@dataclass(frozen=True, kw_only=True)
class Word:
    """A change of level that was told of who is silent, and not taken back."""

    move: Move
    value: float | None  # since when nobody was heard, s
    late: bool  # found late: a count may have gone by it at a later instant


@dataclass(kw_only=True)
class Proof:
    """What became of the words: moves that the readings prove, and such as nobody can decide; the rest is refuted."""

    proven: Counter[Move] = field(default_factory=Counter)
    unproven: dict[Move, str] = field(default_factory=dict)  # why


def without_silence(ruleset: RuleSet) -> RuleSet:
    """The rules that go by readings alone."""
    return replace(
        ruleset, silent=(), counted=[one for one in ruleset.counted if one not in counts_of_silence(ruleset)]
    )


def counts_of_silence(ruleset: RuleSet) -> list[Counted]:
    """The counts of who is silent, and counts of these."""
    bases = [(one.base, one.base + len(one.members)) for one in ruleset.silent]
    found: list[Counted] = []
    for count in ruleset.counted:
        member = count.members.found
        if any(((member >= begin) & (member < end)).any() for begin, end in bases):
            found.append(count)
            bases.append((count.base, count.base + len(count.least)))
    return found


def prove(connection: Connection, ruleset: RuleSet, words: Iterable[Word]) -> Proof:
    """Hold each word against the readings of its sensors."""
    proof, asked = Proof(), []
    numbered = list(words)
    for number, word in enumerate(numbered):
        members = _members(ruleset, word.move[0])
        asked += [_question(number, word, sensor, allowed) for sensor, allowed in members]
        if not members:
            proof.unproven[word.move] = "it is not judged any more"
    answers: dict[int, list[tuple[bool, bool, bool]]] = {}
    for number, *answer in connection.execute(QUERIES["heard_around"], {"rows": Jsonb(asked)}) if asked else ():
        answers.setdefault(number, []).append((answer[0], answer[1], answer[2]))
    for number, word in enumerate(numbered):
        _decide(proof, word, answers.get(number, []))
    return proof


def _members(ruleset: RuleSet, pair: Pair) -> list[tuple[int, int]]:
    """The sensors that a rule of silence goes by at its subject, each with the µs that are allowed."""
    at = ruleset.pair(*pair)
    if at is None:
        return []
    rule = next((one for one in ruleset.silent if one.base <= at < one.base + len(one.members)), None)
    return [] if rule is None else _at_place(rule, at - rule.base)


def _at_place(rule: Silent, place: int) -> list[tuple[int, int]]:
    rows = slice(int(rule.members.first[place]), int(rule.members.first[place + 1]))
    return list(zip(rule.members.found[rows].tolist(), rule.allowed[rows].tolist(), strict=True))


def _question(number: int, word: Word, sensor: int, allowed: int) -> dict[str, Any]:
    time = word.move[1]
    gap = None if word.value is None else time - round(word.value * 1e6)
    falls = _falls(word.move)
    return {
        "number": number,
        "sensor_id": sensor,
        "since": iso(time - allowed),
        "until": iso(time),
        "at": iso(time - allowed if falls else time),
        "own": iso(gap) if falls and gap is not None else None,
    }


def _falls(move: Move) -> bool:
    return rank(move[3]) > rank(move[2])


def _decide(proof: Proof, word: Word, answers: Sequence[tuple[bool, bool, bool]]) -> None:
    """Each answer: read at the very instant, read in between, read when the alert says that it was heard last."""
    if not answers:
        proof.unproven.setdefault(word.move, "its readings were dropped by age")
        return
    exact, between, own = (any(answer[place] for answer in answers) for place in range(3))
    if exact and not (between and _falls(word.move)):
        proof.proven[word.move] += 1
    elif exact:
        proof.unproven[word.move] = "what was read meanwhile came after it was told, or it was wrong"
    elif own or (between and not _falls(word.move)):
        proof.unproven[word.move] = "another limit than today's was in force, or what was read came late"


def counted_again(connection: Connection, ruleset: RuleSet, words: Iterable[Word]) -> Iterator[Move]:
    """What counts of who is silent have to say, by all that was ever told of silence; how far counts were heard is
    how far the newest readings go."""
    rules = replace(ruleset, counted=counts_of_silence(ruleset))
    moves = _moves(ruleset, words)
    if not rules.counted or not len(moves):
        return
    before = initial_state(ruleset)
    heads = load_heads(connection)
    watermark = before.watermark.copy()
    for sensor, (time, _) in heads.items():
        if sensor < len(watermark):
            watermark[sensor] = time
    _, found = counted_moves(rules, before, replace(before, watermark=watermark), _history(ruleset, moves), [moves])
    if not found:
        return
    all_ = gathered(found)
    columns = (ruleset.rule[all_.pair], ruleset.subject[all_.pair], all_.time, all_.was, all_.now)
    for rule, subject, time, was, now in zip(*(column.tolist() for column in columns), strict=True):
        yield (ruleset.ids[rule], subject), time, LEVELS[was], LEVELS[now]


def _moves(ruleset: RuleSet, words: Iterable[Word]) -> Moves:
    """The words as the kernel's moves, by pair and time."""
    rows = [
        (at, word.move[1], rank(word.move[2]), rank(word.move[3]))
        for word in words
        if (at := ruleset.pair(*word.move[0])) is not None
    ]
    rows.sort(key=lambda row: row[:2])  # of one pair and time as they were told
    pair, time, was, now = np.array(rows, np.int64).reshape(-1, 4).T
    none, no = np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)
    return Moves(
        pair=pair,
        time=time,
        tie=none,
        was=was,
        now=now,
        value=np.zeros(len(rows)),
        pending=np.full(len(rows), NEVER),
        arrival=none,
        corrected=no,
        retracts=no,
    )


def _history(ruleset: RuleSet, moves: Moves) -> History:
    latches = resting(len(moves))
    for rule in ruleset.silent:
        its = (moves.pair >= rule.base) & (moves.pair < rule.base + len(rule.members))
        latches.latched[its, rule.column] = moves.now[its] > 0
    return History(pair=moves.pair, time=moves.time, tie=moves.tie, value=moves.value, latches=latches)


def found_late_of(ruleset: RuleSet, words: Iterable[Word]) -> Mapping[Pair, str]:
    """Counts that may have gone by a member's silence at a later instant than it began, and why."""
    late = [at for word in words if word.late and (at := ruleset.pair(*word.move[0])) is not None]
    found: dict[Pair, str] = {}
    for count in counts_of_silence(ruleset):
        place, _ = count.places.of(np.array(late, np.int64))
        pairs = count.base + np.unique(place)
        late += pairs.tolist()
        for subject in ruleset.subject[pairs].tolist():
            found[ruleset.ids[count.rule], subject] = "the silence of what it counts was found late"
    return found
