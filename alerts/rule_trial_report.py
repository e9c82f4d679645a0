"""A trial of rules as a report: each level's alerts and hours, each subject's, and how many stood open when."""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from alerts import subjects as numbers
from alerts.backtest import Spell
from alerts.backtest_sums import LevelSum, hours_of, level_sums, peak_of
from alerts.books import micros
from alerts.levels import GRADES, rank
from alerts.rule_scope import Place, places, quantities_of, with_counted
from alerts.rule_trial import SECONDS_AT_MOST, trial_run
from alerts.rules import AnyRule
from alerts.ruleset import Subject
from alerts.stored_state import load_subjects
from config.database import Connection

BINS = 240
ROWS_AT_MOST = 200


@dataclass(frozen=True, kw_only=True)
class SubjectSum:
    """One subject by one side of the comparison."""

    alerts: int
    hours: float
    peak: str


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one set of rules would have raised."""

    alerts: int
    levels: dict[str, LevelSum]
    bins: dict[str, list[int]]  # most subjects at the level at once, in BINS stretches of equal length


@dataclass(frozen=True, kw_only=True)
class Row:
    """One rule and subject on both sides; None: nothing raised."""

    rule_id: str
    subject: str
    place: str
    in_force: SubjectSum | None
    draft: SubjectSum | None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The whole report."""

    begin: datetime
    end: datetime
    readings: int  # with those of the warm-up
    sensors: int
    in_force: Side
    draft: Side
    rows: tuple[Row, ...]  # those that differ first
    rows_left_out: int
    took_s: float


def try_rules(
    connection: Connection,
    in_force: Sequence[AnyRule],
    draft: Sequence[AnyRule],
    *,
    rule_ids: Collection[str],
    begin: datetime,
    end: datetime,
    divisions: Collection[int] = (),
) -> Trial:
    """Both sets of rules over the stored readings of `divisions` (ids of districts and townships; none: all).

    Raises TrialTooLarge.
    """
    started = time.monotonic()
    now, then = with_counted(in_force, rule_ids), with_counted(draft, rule_ids)
    where = places(connection)
    subjects = _subjects(connection, quantities_of([*now, *then]), where, divisions)
    run = trial_run(connection, (now, then), subjects, begin, end, seconds=SECONDS_AT_MOST)
    both = [_kept(spells, rule_ids) for spells in run.spells]
    span = micros(begin), micros(end)
    rows = sorted(_rows(both, where), key=_by_difference)
    return Trial(
        begin=begin,
        end=end,
        readings=run.readings,
        sensors=run.sensors,
        in_force=_side(both[0], span),
        draft=_side(both[1], span),
        rows=tuple(rows[:ROWS_AT_MOST]),
        rows_left_out=max(0, len(rows) - ROWS_AT_MOST),
        took_s=round(time.monotonic() - started, 3),
    )


def _kept(found: Sequence[Spell], rule_ids: Collection[str]) -> list[Spell]:
    return [spell for spell in found if spell.rule_id in rule_ids]


def _subjects(
    connection: Connection, quantities: frozenset[str], where: Mapping[int, Place], divisions: Collection[int]
) -> list[Subject]:
    inside = {
        sensor
        for sensor, place in where.items()
        if not divisions or place.township_id in divisions or place.district_id in divisions
    }
    return [
        subject
        for subject in load_subjects(connection)
        if subject.sensor_id in inside and (not quantities or subject.quantity in quantities)
    ]


def _side(found: Sequence[Spell], span: tuple[int, int]) -> Side:
    return Side(
        alerts=len({spell.alert for spell in found}),
        levels=level_sums(found),
        bins={grade: _bins([spell for spell in found if spell.level == grade], *span) for grade in GRADES},
    )


def _bins(found: Sequence[Spell], begin: int, end: int) -> list[int]:
    """A spell counts from the bin that it begins in up to the one that it ends in: the next spell counts there."""
    size = max(1, (end - begin) / BINS)
    change = np.zeros(BINS + 1, np.int64)
    for spell in found:
        first = min(BINS - 1, int((spell.begin - begin) / size))
        change[first] += 1
        change[min(BINS, max(first + 1, int((spell.end - begin) / size)))] -= 1
    return [int(many) for many in np.cumsum(change)[:BINS]]


def _rows(both: Sequence[Sequence[Spell]], where: Mapping[int, Place]) -> list[Row]:
    found: dict[tuple[str, int], list[list[Spell]]] = defaultdict(lambda: [[], []])
    for side, of in enumerate(both):
        for spell in of:
            found[spell.rule_id, spell.subject][side].append(spell)
    return [
        Row(
            rule_id=rule_id,
            subject=_name(subject, where),
            place=_place(subject, where),
            in_force=_sum(sides[0]),
            draft=_sum(sides[1]),
        )
        for (rule_id, subject), sides in found.items()
    ]


def _sum(found: Sequence[Spell]) -> SubjectSum | None:
    if not found:
        return None
    return SubjectSum(
        alerts=len({spell.alert for spell in found}),
        hours=hours_of(found),
        peak=peak_of(found),
    )


def _name(subject: int, where: Mapping[int, Place]) -> str:
    place = where.get(subject)
    return place.label if place else f"{numbers.kind_of(subject)} {numbers.number_of(subject)}"


def _place(subject: int, where: Mapping[int, Place]) -> str:
    place = where.get(subject)
    return " ".join(filter(None, [place.district, place.township])) if place else ""


def _by_difference(row: Row) -> tuple[bool, int, str, str]:
    worst = max(rank(side.peak) for side in (row.in_force, row.draft) if side)
    return row.in_force == row.draft, -worst, row.rule_id, row.subject
