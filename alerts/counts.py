"""k of n: how many subjects of another rule have reached a level, as samples of the place that they belong to.

Exact in event time: a count changes when one of its members does, and where a member's past is
corrected within the lateness, so is the count's. What is older is counted from the end of the
lateness on. Between changes a count stays what it is, so a hold ends at an instant of its own,
which is looked at as soon as anything later was read of a member.
"""

import numpy as np

from alerts.columns import NEVER, Heads, Rows, Times, begins
from alerts.history import History
from alerts.latches import Tracks
from alerts.moves import Moves
from alerts.pairs import Counted, RuleSet
from alerts.samples import head_keys

_FIRST = -1  # a tie before every member's
_LAST = 1 << 62  # tie of the instant at which a hold ends, and of the one that a recount begins with: after all

Head = tuple[Times, Rows]


def count_tracks(
    rules: RuleSet, rule: Counted, before: Heads, after: Heads, history: History, changed: Moves | None
) -> tuple[Tracks, Head] | None:
    """The places whose members changed, or whose hold goes on, counted anew; and what they had heard before.

    `before` and `after` are how far was heard before and with the batch; `history` has it.
    """
    places, start = _changed(rule, changed)
    going_on = _going_on(rule, history)
    places, start = _with(places, start, going_on)
    if not len(places):
        return None
    head, newest = count_heads(rules, rule, before, places), count_heads(rules, rule, after, places)[0]
    heard = newest != NEVER
    if not heard.all():
        places, start, newest, head = places[heard], start[heard], newest[heard], (head[0][heard], head[1][heard])
    floor = np.where(head[0] == NEVER, NEVER, np.maximum(head[0], NEVER + _LAST) - rules.lateness[rule.base])
    # What was said up to the head is settled but for changes: a recount begins with an instant that repeats it.
    start = np.minimum(np.maximum(start, floor), np.where(head[0] == NEVER, newest, head[0] + 1))
    return (_recounted(rules, rule, places, start, newest, history), head) if len(places) else None


def count_heads(rules: RuleSet, rule: Counted, heads: Heads, places: Rows) -> Head:
    """[k] the newest sample of all members: its time, and the pair that it is of.

    Of a member that is a count itself, the pair is that beneath it: two samples of one instant that come
    one after the other are two samples for every count above them.
    """
    member, of = rule.members.of(places)
    time, tie = _member_heads(rules, heads, member)
    order = np.lexsort((tie, time, of))
    last = np.searchsorted(of, np.arange(len(places)), side="right") - 1
    return time[order][last], tie[order][last]


def _member_heads(rules: RuleSet, heads: Heads, pairs: Rows) -> Head:
    time, tie = np.full(len(pairs), NEVER), pairs.copy()
    heard = pairs < rules.streams.end
    time[heard] = head_keys(rules, heads, pairs[heard])[0]
    for rule in rules.silent:
        its = (pairs >= rule.base) & (pairs < rule.base + len(rule.members))
        time[its] = rule.heads(heads, pairs[its] - rule.base)
    for other in rules.counted:
        its = (pairs >= other.base) & (pairs < other.base + len(other.least))
        if its.any():
            time[its], tie[its] = count_heads(rules, other, heads, pairs[its] - other.base)
    return time, tie


def _ties(rules: RuleSet, member: Rows, row_tie: Rows) -> Rows:
    """[n] what orders changes of members at one instant: the member, or what is beneath one that is a count."""
    tie = member.copy()
    for other in rules.counted:
        its = (member >= other.base) & (member < other.base + len(other.least))
        tie[its] = row_tie[its]
    return tie


def _changed(rule: Counted, changed: Moves | None) -> tuple[Rows, Times]:
    """The places with a member that crossed a level that counts, and the first time at which one did."""
    none = np.zeros(0, np.int64)
    if changed is None:
        return none, none
    was, now = changed.was[:, None], changed.now[:, None]
    crossing = ((was >= rule.ranks) != (now >= rule.ranks)).any(axis=1)
    place, at = rule.places.of(changed.pair[crossing])
    places, which = np.unique(place, return_inverse=True)
    start = np.full(len(places), np.iinfo(np.int64).max)
    np.minimum.at(start, which, changed.time[crossing][at])
    return places, start


def _going_on(rule: Counted, history: History) -> Rows:
    """The places that are not at rest."""
    pairs = history.pairs()
    pairs = pairs[(pairs >= rule.base) & (pairs < rule.base + len(rule.least))]
    return pairs[~history.latest(pairs).at_rest()] - rule.base


def _with(places: Rows, start: Times, others: Rows) -> tuple[Rows, Times]:
    """And the others, from their heads on."""
    others = np.setdiff1d(others, places)
    places = np.concatenate([places, others])
    start = np.concatenate([start, np.full(len(others), np.iinfo(np.int64).max)])
    order = np.argsort(places)
    return places[order], start[order]


def _recounted(rules: RuleSet, rule: Counted, places: Rows, start: Times, newest: Times, history: History) -> Tracks:
    member, of = rule.members.of(places)
    before = history.at(member, start[of], np.full(len(member), _FIRST))
    began = before.levels()[:, None] >= rule.ranks
    base = np.zeros((len(places), len(rule.ranks)), np.int64)
    np.add.at(base, of, began)
    rows, who = history.rows_of(member)
    later = history.time[rows] >= start[of[who]]
    rows, who = rows[later], who[later]
    now = history.latches.take(rows).levels()[:, None] >= rule.ranks
    first = begins(who)
    change = now.astype(np.int64) - np.where(first[:, None], began[who], np.roll(now, 1, axis=0))
    some = change.any(axis=1)
    ties = _ties(rules, member[who], history.tie[rows])
    pair = np.concatenate([np.arange(len(places)), of[who[some]]])
    time = np.concatenate([start - 1, history.time[rows[some]]])
    ends, end = _ends(rules, rule, places, start, newest, changes=(pair, time), history=history)
    tie = np.concatenate([np.full(len(places), _LAST), ties[some], np.full(len(end), _LAST)])
    pair, time = np.concatenate([pair, ends]), np.concatenate([time, end])
    change = np.concatenate([base, change[some], np.zeros((len(end), len(rule.ranks)), np.int64)])
    order = np.lexsort((tie, time, pair))
    return _tracks(rule, places, pair[order], time[order], tie[order], change[order])


def _ends(
    rules: RuleSet, rule: Counted, places: Rows, start: Times, newest: Times, *, changes: Head, history: History
) -> tuple[Rows, Times]:
    """When holds that began with a change, or before `start`, end: places and times, as far as was heard."""
    terms = rules.terms_of(rule.base + places)
    latches = history.at(rule.base + places, start - 1, np.full(len(places), _LAST))
    place = np.concatenate([changes[0], np.repeat(np.arange(len(places)), latches.since.shape[1])])
    begin = np.concatenate([changes[1], latches.since.ravel()])
    place, begin = np.tile(place, 2), np.tile(begin, 2)
    half = np.arange(len(place)) < len(place) // 2
    span = np.where(half, terms.hold[place], terms.clear_for[place])
    good = (begin != NEVER) & (span > 0)
    place, end = place[good], begin[good] + span[good]
    good = (end >= start[place]) & (end <= newest[place])
    found = np.unique(np.stack([place[good], end[good]]), axis=1)
    return found[0], found[1]


def _tracks(rule: Counted, places: Rows, pair: Rows, time: Times, tie: Rows, change: Rows) -> Tracks:
    starts = np.searchsorted(pair, np.arange(len(places)))
    total = np.cumsum(change, axis=0)
    count = total - (total - change)[starts][pair]
    met = count >= rule.least[places[pair]]
    return Tracks(
        pairs=rule.base + places,
        pair=pair,
        time=time,
        tie=tie,
        value=count[:, rule.told].astype(np.float64),
        arrival=np.full(len(pair), np.iinfo(np.int32).max),  # told after what it counts
        met=met,
        clear=~met,
    )
