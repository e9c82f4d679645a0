"""How many households a township has where no source says it: its share of those of its district in the census.

The census counts districts. Its urban households are shared out by residents' committees (居委会), its rural ones by
villagers' committees (村委会), of which each township's number is known; or, if asked, all of them by area.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

_CENSUS = Path(__file__).parent / "data" / "district_population_2020.csv"

By = Literal["committees", "area"]


@dataclass(frozen=True, kw_only=True)
class Share:
    """What is known of a township."""

    id: int
    district: str  # its code at the census
    district_households: int | None  # None: not known
    urban: int  # residents' committees
    rural: int  # villagers' committees
    area_m2: float
    households: int | None = None  # of its own, where a source says it


@cache
def urban_shares() -> Mapping[str, float]:
    """The part of each district's people that live in towns, by code."""
    with _CENSUS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["code"]: int(row["urban_pop"]) / (int(row["urban_pop"]) + int(row["rural_pop"])) for row in rows}


def households_of_townships(townships: Iterable[Share], *, by: By = "committees") -> dict[int, float]:
    """Households by township; a township is left out where its district's are not known.

    Those of a district add up to the district's, whatever townships are missing: their land is part of their
    neighbours' polygons.
    """
    of_district: dict[str, list[Share]] = defaultdict(list)
    for township in townships:
        of_district[township.district].append(township)
    found: dict[int, float] = {}
    for code, members in of_district.items():
        found |= _of_district(members, urban_shares().get(code, 0.5), by)
    return found


def _of_district(members: list[Share], urban: float, by: By) -> dict[int, float]:
    known = {one.id: float(one.households) for one in members if one.households is not None}
    total = next((one.district_households for one in members if one.district_households is not None), None)
    rest = [one for one in members if one.id not in known]
    if total is None or not rest:
        return known
    left = max(0.0, total - sum(known.values()))
    parts = {one.id: 0.0 for one in rest}
    for share, weights in _weights(rest, urban, by):
        whole = sum(weights)
        for one, weight in zip(rest, weights, strict=True):
            parts[one.id] += left * share * weight / whole
    return known | parts


def _weights(members: list[Share], urban: float, by: By) -> list[tuple[float, list[float]]]:
    """Parts of the households, and by what each is shared out."""
    towns, villages = [float(one.urban) for one in members], [float(one.rural) for one in members]
    if by == "area" or not sum(towns) + sum(villages):
        return [(1.0, [one.area_m2 for one in members])]
    if not sum(towns) or not sum(villages):
        return [(1.0, towns if sum(towns) else villages)]
    return [(urban, towns), (1 - urban, villages)]
