"""What a draft does, as GeoJSON: units before and after, and whatever moves and stands somewhere."""

from typing import Any

import orjson
import shapely

from boundaries.desk import Held
from boundaries.difference import Difference
from boundaries.impact import Impact, Moved
from geo.topology import Unit


def impact_features(impact: Impact, held: Held) -> bytes:
    """A FeatureCollection in lon/lat CGCS2000; `side` of a unit is before or after."""
    difference = Difference(held.base.coverage.units, held.coverage.units)
    new, gone = set(difference.new), set(difference.gone)
    features = [
        _unit(difference.before[key], "before", "gone" if key in gone else "redrawn")
        for key in difference.touched_before
    ]
    features += [
        _unit(difference.after[key], "after", "new" if key in new else "redrawn") for key in difference.touched_after
    ]
    features += [_unit(difference.after[key], "after", "described") for key in difference.described
                 if key not in set(difference.redrawn)]  # fmt: skip
    features += [_moved(one) for one in impact.moved if one.lon is not None]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _unit(unit: Unit, side: str, kind: str) -> dict[str, Any]:
    about = {"side": side, "kind": kind, "key": unit.key, "division_id": unit.division_id, "code": unit.code}
    return {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(unit.geometry),
        "properties": {**about, "name": unit.name, "derived": unit.derived},
    }


def _moved(one: Moved) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [one.lon, one.lat]},
        "properties": {
            "kind": one.kind,
            "subject": one.subject,
            "name": one.name,
            "detail": one.detail,
            "from_key": one.before and one.before.key,
            "from": one.before and one.before.name,
            "to_key": one.after and one.after.key,
            "to": one.after and one.after.name,
        },
    }
