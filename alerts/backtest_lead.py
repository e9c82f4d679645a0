"""How long before the official warnings our alerts came, or after: by event type and township; pure.

A warning episode is what stood over one township without a break for one event type, whatever its
colours. An alert belongs to it where it stood open at some time from `HORIZON_H` before its begin to its
end. The lead of a rule is from the first of these alerts to the begin of the episode.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from alerts.backtest_places import Places
from alerts.backtest_sums import HOUR_US, AlertSum
from alerts.levels import rank

HORIZON_H = 24.0

# The event types (national catalogue) that warn of what a family of ours raises. Rain and water on streets
# come from one cloud; no official warning is about gas, devices or care.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "flood": ("11A01",),
    "rain": ("11B03",),
    "waterlogging": ("11B36", "11B03"),
    "geohazard": ("11B37",),
    "heat": ("11B09",),
    "fire": ("11B25",),
}
NO_FOREST = frozenset({"smoke"})  # of the family fire, and about houses


@dataclass(frozen=True, kw_only=True)
class Official:
    """One official warning over one township; times in µs."""

    event: str
    township: int
    level: str
    begin: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Episode:
    """Official warnings of one event over one township, without a break."""

    event: str
    township: int
    peak: str
    begin: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Met:
    """One episode, and the first alert of a rule that belongs to it."""

    event: str
    code: str  # of the township
    name: str
    official: str  # its gravest level
    official_begin: int  # µs
    alert_begin: int | None  # None: the rule raised nothing then and there
    peak: str | None
    lead_h: float | None  # above 0: the alert came first


@dataclass(frozen=True, kw_only=True)
class Lead:
    """One rule against the warnings over the townships that it judges."""

    events: tuple[str, ...]
    episodes: int
    before: int  # our alert came first, or with it
    after: int
    nothing: int  # warned of, and no alert of ours
    unwarned: int  # alerts of ours that no warning belongs to
    median_h: float | None  # of those with an alert
    least_h: float | None
    most_h: float | None
    met: tuple[Met, ...]


def events_of(rule_id: str, family: str) -> tuple[str, ...]:
    """The official event types that a rule is held against; empty: there are none."""
    return () if rule_id in NO_FOREST else EVENTS.get(family, ())


def episodes_of(warnings: Iterable[Official]) -> list[Episode]:
    """What overlaps or follows at once is one."""
    found: list[Episode] = []
    last: dict[tuple[str, int], int] = {}
    for one in sorted(warnings, key=lambda each: each.begin):
        key = (one.event, one.township)
        at = last.get(key)
        if at is not None and one.begin <= found[at].end:
            before = found[at]
            peak = max(before.peak, one.level, key=rank)
            end = max(before.end, one.end)
            found[at] = Episode(event=one.event, township=one.township, peak=peak, begin=before.begin, end=end)
        else:
            last[key] = len(found)
            found.append(Episode(event=one.event, township=one.township, peak=one.level, begin=one.begin, end=one.end))
    return found


def lead_of(
    events: tuple[str, ...],
    episodes: Sequence[Episode],
    alerts: Sequence[AlertSum],
    places: Places,
    judged: Collection[int | None],
) -> Lead:
    """One rule's alerts against the episodes of `events` over the townships that it judges (`judged`)."""
    by_township: dict[int | None, list[AlertSum]] = defaultdict(list)
    for alert in alerts:
        by_township[places.township_of.get(alert.subject)].append(alert)
    ours = [one for one in episodes if one.event in events and one.township in judged]
    met = tuple(_met(one, by_township[one.township], places) for one in ours)
    leads = [one.lead_h for one in met if one.lead_h is not None]
    warned = {id(alert) for one in ours for alert in by_township[one.township] if _belongs(alert, one)}
    return Lead(
        events=events,
        episodes=len(ours),
        before=sum(lead >= 0 for lead in leads),
        after=sum(lead < 0 for lead in leads),
        nothing=len(met) - len(leads),
        unwarned=len(alerts) - len(warned),
        median_h=round(median(leads), 2) if leads else None,
        least_h=min(leads, default=None),
        most_h=max(leads, default=None),
        met=met,
    )


def _belongs(alert: AlertSum, episode: Episode) -> bool:
    return alert.begin < episode.end and alert.end >= episode.begin - HORIZON_H * HOUR_US


def _met(episode: Episode, alerts: Iterable[AlertSum], places: Places) -> Met:
    its = [alert for alert in alerts if _belongs(alert, episode)]
    first = min((alert.begin for alert in its), default=None)
    return Met(
        event=episode.event,
        code=places.codes.get(episode.township, ""),
        name=places.division_name(episode.township),
        official=episode.peak,
        official_begin=episode.begin,
        alert_begin=first,
        peak=max((alert.peak for alert in its), key=rank) if its else None,
        lead_h=None if first is None else round((episode.begin - first) / HOUR_US, 2),
    )
