"""No data: who is not heard of for longer than allowed, by how far the caller says that everything was heard.

The instant of a transition is the one at which the next reading was due, however late anybody
looks; silence ends with the reading that is heard again. A gateway is silent when all of the
sensors behind it are.
"""

import numpy as np

from alerts.arrivals import Arrived
from alerts.columns import NEVER, Flags, Rows, Times
from alerts.history import History
from alerts.latches import resting
from alerts.moves import Moves
from alerts.pairs import NO_LIMIT, RuleSet, Silent
from alerts.state import State


def silences(rules: RuleSet, state: State, history: History, arrived: Arrived, now: int) -> tuple[History, list[Moves]]:
    """The history with what fell silent by `now` and what was heard again, and these moves; `state` has the batch."""
    moves: list[Moves] = []
    for rule in rules.silent:
        pairs = history.pairs()
        pairs = pairs[(pairs >= rule.base) & (pairs < rule.base + len(rule.members))]
        silent = pairs[history.latest(pairs).levels() > 0]
        if now >= state.lively_until:
            history, moves = _fallen(rule, state, history, silent, moves, now)
        # When it fell silent, all was heard until then, also where this process has not heard so far again.
        heard = silent[rule.due_of(state, silent - rule.base) > np.maximum(now, _began(history, silent))]
        if len(heard):
            time = np.maximum(_heard_again(rule, arrived, now)[heard - rule.base], _began(history, heard))
            gap = time - _began(history, heard)
            history, more = _moved(rule, history, heard, time, gap, pending=None)
            history, moves = history.pruned(heard, time + 1 - rules.keep[heard]), [*moves, more]
    return history, moves


def lively_until(rules: RuleSet, state: State, now: int) -> int:
    """The next instant at which somebody may fall silent; it is put off with every reading, so it is a bound."""
    if now < state.lively_until:
        return state.lively_until
    due = [rule.due(state) for rule in rules.silent]
    return min((int(each[each > now].min(initial=NO_LIMIT)) for each in due), default=NO_LIMIT)


def _fallen(
    rule: Silent, state: State, history: History, silent: Rows, moves: list[Moves], now: int
) -> tuple[History, list[Moves]]:
    due = rule.due(state)
    falls = due <= now
    falls[silent - rule.base] = False
    places = np.flatnonzero(falls)
    if not len(places):
        return history, moves
    head = rule.heads(state, places)
    history, more = _moved(rule, history, rule.base + places, due[places], due[places] - head, pending=head)
    return history, [*moves, more]


def _began(history: History, pairs: Rows) -> Times:
    return history.time[np.searchsorted(history.pair, pairs, side="right") - 1]


def _heard_again(rule: Silent, arrived: Arrived, now: int) -> Times:
    """[n] time of the first new reading of each place; `now` where the limit was widened instead."""
    first = np.full(len(rule.members), NO_LIMIT)
    fresh: Flags = arrived.behind < 0
    place, at = rule.places.of(arrived.sensor[fresh])
    np.minimum.at(first, place, arrived.time[fresh][at])
    return np.where(first == NO_LIMIT, now, first)


def _moved(
    rule: Silent, history: History, pairs: Rows, time: Times, gap: Times, *, pending: Times | None
) -> tuple[History, Moves]:
    """Latched where `pending` says since when it was not heard, released without; the value is the gap in s."""
    none, latches = np.zeros(len(pairs), np.int64), resting(len(pairs))
    latches.latched[:, rule.column] = pending is not None
    value = gap / 1e6
    versions = History(pair=pairs, time=time, tie=none, value=value, latches=latches)
    level = np.full(len(pairs), rule.column + 1)
    moves = Moves(
        pair=pairs,
        time=time,
        tie=none,
        was=none if pending is not None else level,
        now=level if pending is not None else none,
        value=value,
        pending=np.full(len(pairs), NEVER) if pending is None else pending,
        arrival=np.full(len(pairs), np.iinfo(np.int32).max - 1),  # told after what the batch brought
        corrected=np.zeros(len(pairs), bool),
        retracts=np.zeros(len(pairs), bool),
    )
    return history.with_versions(versions), moves
