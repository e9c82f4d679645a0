"""Which transitions were found late: a reading that was late did it, whatever the alert is about, or nobody looked."""

from collections.abc import Sequence

import numpy as np

from alerts.columns import Batch
from alerts.moves import Transition
from alerts.pairs import RuleSet

Key = tuple[int, int]  # subject, time in µs


def found_late(rules: RuleSet, transitions: Sequence[Transition], batch: Batch, late: Batch, before: int) -> set[Key]:
    """Of the transitions of a batch those that its `late` readings brought.

    A change of a device or a gateway has the time of the reading that made it, a change of a count that of the
    change of a member. Silence begins, and the holds of counts end, at instants of which no reading tells: these
    are found late `before` what is late by the clock after the batch.
    """
    if not transitions:
        return set()
    keys, times, read = _keys(rules, late), set(late.time.tolist()), set(batch.time.tolist())
    counts = {rules.ids[rule.rule] for rule in rules.counted}
    return {
        (one.subject, one.time)
        for one in transitions
        if (one.subject, one.time) in keys
        or (one.rule_id in counts and one.time in times)
        or (one.time < before and (one.reason == "silent" or (one.rule_id in counts and one.time not in read)))
    }


def _keys(rules: RuleSet, late: Batch) -> set[Key]:
    """The late readings as they are times of their sensors, devices and gateways."""
    found = set(zip(late.sensor.tolist(), late.time.tolist(), strict=True))
    if not len(late.time):
        return found
    sensor = late.sensor.astype(np.int64)
    pair, at = rules.streams.of_sensors(sensor)
    found |= set(zip(rules.subject[pair].tolist(), late.time[at].tolist(), strict=True))
    for rule in rules.silent:
        place, at = rule.places.of(sensor)
        found |= set(zip(rules.subject[rule.base + place].tolist(), late.time[at].tolist(), strict=True))
    return found
