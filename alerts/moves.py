"""Changes of level: what the latches of a batch say now, against what was said of the same time before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from alerts.columns import NEVER, Flags, Floats, Rows, Times, begins
from alerts.history import History, earlier
from alerts.latches import Latches, Terms, Tracks, joined, stepped
from alerts.levels import LEVELS, Level

Reason = Literal[
    "raised",
    "escalated",
    "lowered",
    "cleared",
    "corrected",
    "silent",
    "rule_changed",
    "rule_removed",
    "retired",
    "warning",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One alert's change of level, by one sample; or, where it `retracts`, that such a change never was."""

    rule_id: str
    subject: int  # see alerts/subjects.py
    time: int  # of the reading, µs
    from_level: Level
    to_level: Level
    value: float
    reason: Reason
    retracts: bool = False  # takes back what was said before: it should not have been
    pending_since: int | None = None  # raises: the first sample that counted, µs


@dataclass(frozen=True, kw_only=True, eq=False)
class Moves:
    """n changes of level."""

    pair: Rows
    time: Times
    tie: Rows
    was: Rows  # 0 none … 4 red
    now: Rows
    value: Floats
    pending: Times  # NEVER: not a raise
    arrival: Rows  # place in the batch
    corrected: Flags  # of a time that was judged before
    retracts: Flags

    def __len__(self) -> int:
        return len(self.pair)

    def take(self, rows: Rows | Flags) -> "Moves":
        """The rows named."""
        return Moves(**{name: column[rows] for name, column in vars(self).items()})


def gathered(parts: Sequence[Moves]) -> Moves:
    """The moves of all parts as they are told: corrections first, then by arrival; of one pair in order of time."""
    all_ = Moves(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})
    arrival = np.where(all_.corrected | all_.retracts, -1, all_.arrival)
    # What is taken back is taken back from its end.
    time = np.where(all_.retracts, -all_.time, all_.time)
    return all_.take(np.lexsort((all_.tie, time, ~all_.retracts, all_.pair, arrival)))


def judged(history: History, tracks: Tracks, terms: Terms, head: tuple[Times, Rows]) -> tuple[History, Moves]:
    """Take k pairs through their samples; `head` [k] is the last sample, time and tie, that was judged before.

    Where samples go back behind the head, what was said of that time is said anew: what
    stays the same is not repeated.
    """
    starts = tracks.begins
    start, tie = tracks.time[starts], tracks.tie[starts]
    before = history.at(tracks.pairs, start, tie)
    after, met_since = stepped(tracks, terms, before)
    old = _previous(before, after, tracks.pair, starts)
    rows, of = history.rows_of(tracks.pairs)
    said = rows[~earlier(history.time[rows], history.tie[rows], start[of], tie[of])]
    new = np.flatnonzero(after.differ(old))
    moves = _moves(tracks, old, after, met_since, new, head)
    if len(said):
        moves = _difference(_said(history, said, before, tracks.pairs), moves)
        history = history.without(said)
    return history.with_versions(_versions(tracks, after, new)), moves


def _previous(before: Latches, after: Latches, pair: Rows, starts: Rows) -> Latches:
    """[m] the latches ahead of each row."""
    at = np.arange(len(pair)) - 1 + len(before)
    at[starts] = np.arange(len(starts))
    return joined(before, after).take(at)


def _versions(tracks: Tracks, after: Latches, rows: Rows) -> History:
    return History(
        pair=tracks.pairs[tracks.pair[rows]],
        time=tracks.time[rows],
        tie=tracks.tie[rows],
        value=tracks.value[rows],
        latches=after.take(rows),
    )


def _moves(
    tracks: Tracks, old: Latches, after: Latches, met_since: Times, rows: Rows, head: tuple[Times, Rows]
) -> Moves:
    was, now = old.take(rows).levels(), after.take(rows).levels()
    moved = was != now
    rows, was, now = rows[moved], was[moved], now[moved]
    of, time, tie = tracks.pair[rows], tracks.time[rows], tracks.tie[rows]
    began = met_since[rows, np.maximum(now, 1) - 1]
    return Moves(
        pair=tracks.pairs[of],
        time=time,
        tie=tie,
        was=was,
        now=now,
        value=tracks.value[rows],
        pending=np.where(was == 0, began, NEVER),
        arrival=tracks.arrival[rows],
        corrected=~earlier(head[0][of], head[1][of], time, tie),
        retracts=np.zeros(len(rows), bool),
    )


def _said(history: History, rows: Rows, before: Latches, pairs: Rows) -> Moves:
    """What these versions, the last ones of their pairs, said."""
    versions = history.take(rows)
    place = np.searchsorted(pairs, versions.pair)
    first = begins(versions.pair)
    now = versions.latches.levels()
    was = np.where(first, before.levels()[place], np.roll(now, 1))
    moved = was != now
    none = np.zeros(int(moved.sum()), np.int64)
    return Moves(
        pair=versions.pair[moved],
        time=versions.time[moved],
        tie=versions.tie[moved],
        was=was[moved],
        now=now[moved],
        value=versions.value[moved],
        pending=np.full(len(none), NEVER),
        arrival=none,
        corrected=np.ones(len(none), bool),
        retracts=np.ones(len(none), bool),
    )


def _difference(said: Moves, new: Moves) -> Moves:
    """What has to be taken back, and what is to be said; rare, and then few."""
    old_keys, new_keys = _identities(said), _identities(new)
    in_both = set(old_keys) & set(new_keys)
    return gathered(
        [
            said.take(np.array([key not in in_both for key in old_keys], bool)),
            new.take(np.array([key not in in_both for key in new_keys], bool)),
        ]
    )


def _identities(moves: Moves) -> list[tuple[int, ...]]:
    columns = (moves.pair, moves.time, moves.tie, moves.was, moves.now, moves.value.view(np.int64))
    return list(zip(*(column.tolist() for column in columns), strict=True))


def told(moves: Moves, rule: Sequence[str], subject: Sequence[int], silent: Flags) -> list[Transition]:
    """As transitions; `rule`, `subject` and whether it is about silence are by row."""
    columns = (silent, moves.time, moves.was, moves.now, moves.value, moves.pending, moves.corrected, moves.retracts)
    rows = zip(rule, subject, *(column.tolist() for column in columns), strict=True)
    return [
        Transition(
            rule_id=rule_id,
            subject=about,
            time=time,
            from_level=LEVELS[was],
            to_level=LEVELS[now],
            value=value,
            reason="corrected" if corrected or retracts else _reason(was, now, silent=quiet),
            retracts=retracts,
            pending_since=None if pending == NEVER else pending,
        )
        for rule_id, about, quiet, time, was, now, value, pending, corrected, retracts in rows
    ]


def _reason(was: int, now: int, *, silent: bool) -> Reason:
    if was == 0:
        return "silent" if silent else "raised"
    if now == 0:
        return "cleared"
    return "escalated" if now > was else "lowered"
