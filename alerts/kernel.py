"""The kernel: readings in, transitions out. Pure: no clock, no database, no network.

Live running, catching up, back-tests and drills all call `evaluate`, and the same readings
give the same transitions and the same state in whatever batches they come; shuffled within
the lateness of the rules, the same once retractions are taken off and corrections are added.
"""

from dataclasses import replace

import numpy as np

from alerts.arrivals import Arrived, Placed, arrivals, placed
from alerts.columns import NEVER, Batch, Flags, Rows, Times
from alerts.counts import count_heads, count_tracks
from alerts.history import History
from alerts.latches import Tracks
from alerts.moves import Moves, Reason, Transition, gathered, judged, told
from alerts.pairs import RuleSet
from alerts.samples import head_keys, other_tracks, reaching, simple_tracks
from alerts.silence import lively_until, silences
from alerts.state import State

__all__ = ["Placed", "Reason", "Transition", "evaluate", "late_needs", "placed", "suspect"]


def evaluate(rules: RuleSet, state: State, batch: Batch, now: int) -> tuple[State, list[Transition]]:
    """Judge the batch: the state after it, and the transitions, corrections first, then by arrival and rule.

    `now` (µs) is how far everything was heard: who is silent by then is silent. Rows that are
    not `placed` are passed over. Nothing that is handed in is changed.
    """
    arrived = arrivals(rules, state, batch)
    after = _heard(state, arrived)
    tracks: list[Tracks] = []
    if len(arrived.row):
        simple = simple_tracks(rules, state, arrived, batch.past)
        others = other_tracks(rules, state, after.windows, arrived)
        tracks = [*([] if simple is None else [simple]), *others]
    history, moves = _judged(rules, state, tracks)
    history, silent = silences(rules, after, history, arrived, now)
    moves += silent
    after = replace(after, lively_until=lively_until(rules, after, now))
    history, counted = counted_moves(rules, state, after, history, moves)
    moves += counted
    touched = [each.pairs for each in tracks]
    after = replace(after, history=_pruned(rules, after, history, touched))
    return (after, _told(rules, moves)) if len(arrived.row) or moves else (state, [])


def late_needs(rules: RuleSet, state: State, batch: Batch) -> list[tuple[int, int]]:
    """What `Batch.past` has to hold: sensors and the time, µs, from which on their judged readings are needed."""
    arrived = arrivals(rules, state, batch)
    late = arrived.take(arrived.behind > 0)
    if not len(late.row):
        return []
    starts = late.starts
    pairs, of = rules.simple.pairs_of(late.sensor[starts])
    if not len(pairs):
        return []
    loud = reaching(rules, late, starts, pairs, of) | state.history.has(pairs)
    needed = starts[np.unique(of[loud])]
    return list(zip(late.sensor[needed].tolist(), late.time[needed].tolist(), strict=True))


def suspect(rules: RuleSet, state: State, batch: Batch) -> Flags:
    """[n] which rows are a larger step from the reading before than their sensor can do; of late ones none is told."""
    flags = np.zeros(len(batch.time), bool)
    if not np.isfinite(rules.step).any():
        return flags
    arrived = arrivals(rules, state, batch)
    arrived = arrived.take((arrived.sensor < len(rules.step)) & (arrived.behind < 0))
    if not len(arrived.row):
        return flags
    known = state.spread(int(arrived.sensor[-1]) + 1)
    first = arrived.sensor[arrived.starts]
    before, when = np.roll(arrived.value, 1), np.roll(arrived.time, 1)
    before[arrived.starts], when[arrived.starts] = known.last[first], known.watermark[first]
    near = (when != NEVER) & (when >= arrived.time - rules.step_within[arrived.sensor])
    flags[arrived.row] = near & (np.abs(arrived.value - before) > rules.step[arrived.sensor])
    return flags


def _heard(state: State, arrived: Arrived) -> State:
    """The state with the readings in it, and nothing judged."""
    if not len(arrived.row):
        return state
    state = state.spread(int(arrived.sensor[-1]) + 1)
    ends = np.append(arrived.starts[1:], len(arrived.row)) - 1
    ends = ends[arrived.behind[ends] < 0]  # else only late ones came
    watermark, last = state.watermark.copy(), state.last.copy()
    watermark[arrived.sensor[ends]], last[arrived.sensor[ends]] = arrived.time[ends], arrived.value[ends]
    first = (state.watermark[arrived.sensor[ends]] == NEVER).any()
    after = replace(state, watermark=watermark, last=last, lively_until=NEVER if first else state.lively_until)
    kept = (state.reach[arrived.sensor] >= 0) & ~np.isnan(arrived.value)
    if not kept.any():
        return after
    rows = arrived if kept.all() else arrived.take(kept)
    # By the heads of before: the batch's own samples look back, too, however long it is.
    return replace(after, windows=after.windows.add(rows.sensor, rows.time, rows.value, state.oldest()))


def _judged(rules: RuleSet, state: State, tracks: list[Tracks]) -> tuple[History, list[Moves]]:
    """All of them at once: no pair is in two tracks."""
    history, moves = state.history, []
    for each in tracks:
        head = head_keys(rules, state, each.pairs)
        history, more = judged(history, each, rules.terms_of(each.pairs), head)
        if len(more):
            moves.append(more)
    return history, moves


def counted_moves(
    rules: RuleSet, before: State, after: State, history: History, moves: list[Moves]
) -> tuple[History, list[Moves]]:
    """Counts go by what their members said just now: the history with what they say, and this."""
    found: list[Moves] = []
    for rule in rules.counted:
        changed = gathered([*moves, *found]) if moves or found else None
        anew = count_tracks(rules, rule, before, after, history, changed)
        if anew is not None:
            tracks, head = anew
            history, more = judged(history, tracks, rules.terms_of(tracks.pairs), head)
            found += [more] if len(more) else []
    return history, found


def _pruned(rules: RuleSet, after: State, history: History, touched: list[Rows]) -> History:
    """Without versions that nothing can go back to any more."""
    for pairs in touched:
        head = head_keys(rules, after, pairs)[0]
        history = history.pruned(pairs, _horizon(head, rules.keep[pairs]))
    for rule in rules.counted:
        pairs = history.pairs()
        pairs = pairs[(pairs >= rule.base) & (pairs < rule.base + len(rule.least))]
        if len(pairs):
            head = count_heads(rules, rule, after, pairs - rule.base)[0]
            history = history.pruned(pairs, _horizon(head, rules.keep[pairs]))
    return history


def _horizon(head: Times, keep: Times) -> Times:
    return np.where(head == NEVER, NEVER, np.where(head == NEVER, 0, head) - keep)


def _told(rules: RuleSet, moves: list[Moves]) -> list[Transition]:
    if not moves:
        return []
    all_ = gathered(moves)
    ids = rules.ids
    rule = [ids[number] for number in rules.rule[all_.pair].tolist()]
    silent = np.isin(rules.rule[all_.pair], [one.rule for one in rules.silent])
    return told(all_, rule, rules.subject[all_.pair].tolist(), silent)
