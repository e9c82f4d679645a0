"""A unit as it is kept in a row: what is said of it as JSON, and its polygon as WKB, byte by byte."""

from typing import Any

import orjson
import shapely

from geo.topology import Unit


def about_of(unit: Unit | None) -> str | None:
    """Everything but key and polygon, as JSON; None for no unit."""
    if unit is None:
        return None
    told = {
        "division_id": unit.division_id,
        "parent_id": unit.parent_id,
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "households": unit.households,
        "derived": unit.derived,
    }
    return orjson.dumps(told).decode()


def wkb_of(unit: Unit | None) -> bytes | None:
    """The polygon, lon/lat CGCS2000; None for no unit."""
    if unit is None:
        return None
    wkb: bytes = shapely.to_wkb(unit.geometry)
    return wkb


def unit_of(key: str, about: dict[str, Any] | None, wkb: bytes | None) -> Unit | None:
    """The unit of a row; None for one that is gone."""
    if about is None or wkb is None:
        return None
    return Unit(key=key, geometry=shapely.from_wkb(wkb), **about)


def is_same(one: Unit | None, other: Unit | None) -> bool:
    """Whether both are kept as the same bytes."""
    if one is None or other is None:
        return one is other
    return one is other or (about_of(one) == about_of(other) and wkb_of(one) == wkb_of(other))
