"""Counts and silence: which pairs of another rule, or which sensors, belong to which place."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alerts import subjects
from alerts.columns import Floats, Rows
from alerts.levels import GRADES, rank
from alerts.near import within
from alerts.pairs import Counted, Index, Silent
from alerts.rule_kinds import CountRule, SilenceRule
from alerts.rule_overrides import effective
from alerts.rule_values import micros
from alerts.sensor_subjects import Subject

Touches = Mapping[int, frozenset[int]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """The pairs of a rule that is counted, and where they lie; m rows."""

    pair: Rows
    subject: Rows
    where: Sequence[Subject | None]


def counted(rule: CountRule, number: int, base: int, pairs: Pairs, touches: Touches) -> tuple[Counted, Rows]:
    """The rule's places and their subjects."""
    found = _areas(rule, pairs, touches)
    names = sorted(found)
    place = np.repeat(np.arange(len(names)), [len(found[name]) for name in names]).astype(np.int64)
    member = np.array([row for name in names for row in found[name]], np.int64)
    ranks, least = _shares(rule, [len(found[name]) for name in names])
    made = Counted(
        rule=number,
        base=base,
        ranks=ranks,
        members=Index.made(place, pairs.pair[member], len(names)),
        places=Index.made(pairs.pair[member], place, int(pairs.pair.max(initial=-1)) + 1),
        least=least,
        told=next(column for column, grade in enumerate(GRADES) if grade in rule.graded()),
    )
    return made, np.array(names, np.int64)


def _areas(rule: CountRule, pairs: Pairs, touches: Touches) -> dict[int, list[int]]:
    """Rows of `pairs` by the subject that they are counted for."""
    if rule.within == "radius_m":
        return _circles(pairs, rule.radius_m or 0.0)
    level = "township_id" if rule.within == "township" else "grid_id"
    found: dict[int, list[int]] = defaultdict(list)
    for row, place in enumerate(pairs.where):
        division = None if place is None else getattr(place, level)
        if division is not None:
            found[division].append(row)
    if rule.within == "touching":
        return {_division(one): _around(one, found, touches) for one in found}
    return {_division(one): rows for one, rows in found.items()}


def _division(number: int) -> int:
    return subjects.of("division", number)


def _around(grid: int, found: Mapping[int, list[int]], touches: Touches) -> list[int]:
    grids = [grid, *sorted(touches.get(grid, frozenset()))]
    return sorted(row for one in grids for row in found.get(one, ()))


def _circles(pairs: Pairs, radius_m: float) -> dict[int, list[int]]:
    placed = [row for row, one in enumerate(pairs.where) if one is not None and one.lon is not None]
    if not placed:
        return {}
    where = [pairs.where[row] for row in placed]
    lon, lat = ([float(getattr(one, axis)) for one in where] for axis in ("lon", "lat"))
    found: dict[int, list[int]] = defaultdict(list)
    for middle, near in zip(*(column.tolist() for column in within(lon, lat, radius_m)), strict=True):
        found[int(pairs.subject[placed[middle]])].append(placed[near])
    return found


def _shares(rule: CountRule, sizes: Sequence[int]) -> tuple[Rows, Floats]:
    """[4] the rank that each level counts, and [n, 4] how many raise it."""
    ranks, least = np.full(len(GRADES), len(GRADES) + 1), np.full((len(sizes), len(GRADES)), np.inf)
    for grade, share in rule.graded().items():
        column = GRADES.index(grade)
        ranks[column] = rank(share.level or rule.level)
        least[:, column] = [
            max(share.at_least or 1, math.ceil(round((share.fraction or 0.0) * size, 9))) for size in sizes
        ]
    return ranks, least


def silent(rule: SilenceRule, number: int, base: int, sensors: Sequence[Subject]) -> tuple[Silent, Rows]:
    """The rule's places and their subjects."""
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one in sensors:
        own = effective(rule, one.name, one.codes) if rule.override else rule
        if own is None or one.interval_s is None or (rule.quantities and one.quantity not in rule.quantities):
            continue
        member = (one.sensor_id, micros(own.intervals * one.interval_s))
        if "sensor" in rule.subjects:
            places[one.sensor_id].append(member)
        if "gateway" in rule.subjects and one.gateway_id is not None:
            places[subjects.of("gateway", one.gateway_id)].append(member)
    names = sorted(places)
    place = np.repeat(np.arange(len(names)), [len(places[name]) for name in names]).astype(np.int64)
    members = [member for name in names for member in places[name]]
    sensor = np.array([sensor for sensor, _ in members], np.int64)
    made = Silent(
        rule=number,
        base=base,
        column=GRADES.index(rule.level),
        members=Index.made(place, sensor, len(names)),
        places=Index.made(sensor, place, int(sensor.max(initial=-1)) + 1),
        allowed=np.array([allowed for _, allowed in members], np.int64),
    )
    return made, np.array(names, np.int64)
