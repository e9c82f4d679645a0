"""Things of the map: in a division as GeoJSON, one by one with all that is told of it, by kind for their keepers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import shapely
from psycopg.rows import class_row

from access import audit
from access.scope import Scope
from config.database import Connection
from scene.errors import ThingUnknown
from scene.kinds import shipped_kinds
from scene.placing import QUERIES

MOST_SHOWN = 5000  # of a division, on the map
MOST_LISTED = 200
MEDIA = ("snapshot", "hls", "webrtc", "panorama")  # attributes of a camera: told is only whether there is one
_DIGITS = 6  # of a degree: 0.1 m


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One thing; lon/lat in degrees, CGCS2000."""

    id: int
    kind: str
    name: str
    lon: float
    lat: float
    geometry: bytes | None
    attributes: dict[str, Any]
    source: str
    external_id: str
    licence: str
    changed_at: datetime
    grid_id: int | None
    village_id: int | None
    township_id: int | None
    district_id: int | None
    path: list[str]  # names of the divisions around it, from the district down


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A thing in its keeper's list."""

    id: int
    kind: str
    name: str
    source: str
    external_id: str
    changed_at: datetime
    place: str | None


def level_seen(connection: Connection, division: int) -> str | None:
    """The level of a division that the scope reaches; None where there is none."""
    row = connection.execute(QUERIES["division_seen"], {"division": division}).fetchone()
    return None if row is None else str(row[0])


def stamp(connection: Connection, division: int | None, level: str) -> str:
    """A text that differs whenever what stands in a division, or where, can have changed."""
    row = connection.execute(QUERIES["things_stamp"], {"division": division, "level": level}).fetchone()
    assert row is not None
    return "-".join(str(part) for part in row)


def things_in(connection: Connection, division: int | None, level: str, kinds: Sequence[str] | None) -> dict[str, Any]:
    """A FeatureCollection in the order of kinds; `more`: that there are more than are shown."""
    named = {
        "division": division, "level": level, "kinds": None if kinds is None else list(kinds),
        "order": list(shipped_kinds()), "most": MOST_SHOWN + 1,
    }  # fmt: skip
    rows = connection.execute(QUERIES["things_in"], named).fetchall()
    return {
        "type": "FeatureCollection",
        "more": len(rows) > MOST_SHOWN,
        "features": [_feature(row) for row in rows[:MOST_SHOWN]],
    }


def _feature(row: Sequence[Any]) -> dict[str, Any]:
    number, kind, name, lon, lat, geometry, grid = row
    shape: Any = {"type": "Point", "coordinates": [round(lon, _DIGITS), round(lat, _DIGITS)]}
    properties: dict[str, Any] = {"kind": kind, "name": name, "grid": grid}
    if geometry is not None:
        properties["at"] = shape["coordinates"]  # where its sign stands
        drawn = shapely.set_precision(shapely.from_wkb(bytes(geometry)), 10**-_DIGITS)
        shape = shape if drawn.is_empty else orjson.loads(shapely.to_geojson(drawn))
    return {"type": "Feature", "id": number, "geometry": shape, "properties": properties}


def read_thing(connection: Connection, number: int) -> Thing:
    """One of the scope; raises ThingUnknown."""
    with connection.cursor(row_factory=class_row(Thing)) as cursor:
        found = cursor.execute(QUERIES["thing"], {"id": number}).fetchone()
    if found is None:
        raise ThingUnknown
    return found


def listed(connection: Connection, kind: str | None, find: str) -> list[Listed]:
    """Of the scope, what was changed last first."""
    with connection.cursor(row_factory=class_row(Listed)) as cursor:
        named = {"kind": kind, "find": find.strip() or None, "most": MOST_LISTED}
        return cursor.execute(QUERIES["listed"], named).fetchall()


def counted(connection: Connection) -> dict[str, int]:
    """How many of each kind there are in the scope."""
    return dict(connection.execute(QUERIES["counted"]).fetchall())


def remove(connection: Connection, number: int, *, actor: UUID | None) -> None:
    """It stands there no more; raises ThingUnknown where that is known already. Whether it may be is asked before."""
    with connection.transaction():
        row = connection.execute(QUERIES["remove_thing"], {"id": number}).fetchone()
        if row is None:
            raise ThingUnknown
        audit.append(
            connection, act="scene.removed", actor=actor, subject=f"thing/{number}", division_id=row[1],
            details={"kind": row[0]},
        )  # fmt: skip


def note_camera(connection: Connection, number: int, what: str, *, actor: UUID | None, scope: Scope) -> None:
    """That somebody looked through a camera, in the audit."""
    with connection.transaction():
        row = connection.execute(
            "select coalesce(grid_id, village_id, township_id) from things where id = %s", (number,)
        ).fetchone()
        audit.append(
            connection, act="camera.opened", actor=actor, subject=f"thing/{number}",
            division_id=row[0] if row else scope.only(), details={"way": what},
        )  # fmt: skip
