"""The plans in force, and which of them each township has: its own, else its district's, else the city's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import overload

from alerts.levels import Grade, highest
from alerts.plans import Match, OpenAlert, Plan, TriggerKey, meets


@dataclass(frozen=True, kw_only=True)
class Shelved:
    """One plan in force."""

    plan: Plan
    division_id: int | None = None  # whose it is; None: the city's, for every township
    version_id: int | None = None  # None: of a file
    since: datetime | None = None  # when it came into force as it is, with all that it inherits; None: see plans_known
    mildest: Mapping[TriggerKey, Grade] = field(init=False, repr=False)  # as Plan.mildest, worked out once

    def __post_init__(self) -> None:
        object.__setattr__(self, "mildest", self.plan.mildest())


class PlanShelf(Sequence[Plan]):
    """Plans by whose they are; a sequence of all of them."""

    def __init__(
        self,
        shelved: Iterable[Shelved],
        above: Mapping[int, Sequence[int]] | None = None,
        *,
        until: datetime | None = None,
    ) -> None:
        """`above`: of each township the divisions that it lies in, nearest first, itself left out.

        `until`: when the next plan comes into force or ends, None: no such time is known.
        """
        self._all = list(shelved)
        self._above = above or {}
        self._until = until
        self._whose: dict[int | None, list[Shelved]] = defaultdict(list)
        for one in self._all:
            self._whose[one.division_id].append(one)
        self._here: dict[int, tuple[Shelved, ...]] = {}
        self._keys = {key for one in self._all for key in one.mildest}

    @staticmethod
    def of(plans: Sequence[Plan]) -> "PlanShelf":
        """A shelf as it is; plans alone are those of the city."""
        return plans if isinstance(plans, PlanShelf) else PlanShelf(Shelved(plan=plan) for plan in plans)

    def here(self, township_id: int) -> tuple[Shelved, ...]:
        """The plans that a township has, by their codes: of each the nearest one."""
        if township_id not in self._here:
            found: dict[str, Shelved] = {}
            for division in (township_id, *self._above.get(township_id, ()), None):
                for one in self._whose.get(division, ()):
                    found.setdefault(one.plan.id, one)
            self._here[township_id] = tuple(found.values())
        return self._here[township_id]

    def is_over(self, now: datetime) -> bool:
        """Whether it has to be read again."""
        return self._until is not None and now >= self._until

    def names(self, triggers: Iterable[TriggerKey]) -> bool:
        """Whether the trigger of any plan names one of these."""
        return not self._keys.isdisjoint(triggers)

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, index: int) -> Plan: ...
    @overload
    def __getitem__(self, index: slice) -> list[Plan]: ...
    def __getitem__(self, index: int | slice) -> Plan | list[Plan]:
        if isinstance(index, slice):
            return [one.plan for one in self._all[index]]
        return self._all[index].plan


def matches(plans: Sequence[Plan], alerts: Iterable[OpenAlert]) -> list[Match]:
    """The plans that the open alerts call for, township by township."""
    shelf = PlanShelf.of(plans)
    by_township: dict[int, list[OpenAlert]] = defaultdict(list)
    for alert in alerts:
        if alert.township_id is not None:
            by_township[alert.township_id].append(alert)
    found = (_match(one, township, here) for township, here in by_township.items() for one in shelf.here(township))
    return [match for match in found if match]


def _match(one: Shelved, township_id: int, alerts: Sequence[OpenAlert]) -> Match | None:
    joined = [alert for alert in alerts if meets(one.mildest, alert.triggers, alert.level)]
    if not one.plan.trigger.holds(lambda key: highest(*(alert.level for alert in alerts if key in alert.triggers))):
        return None
    return Match(
        plan=one.plan,
        township_id=township_id,
        level=highest(*(alert.level for alert in joined)),
        alert_ids=tuple(alert.alert_id for alert in joined),
        since=one.since,
    )
