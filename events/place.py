"""Where an event is: the divisions around a position, or one that is named, as divided now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import shapely

from alerts.act_errors import ActRefused, AlertUnknown
from alerts.actors import ACT_QUERIES
from alerts.acts import now
from alerts.reports import Report as AlertReport
from alerts.reports import place_of
from config.database import Connection
from events.errors import Misplaced
from events.kinds import LEVELS, Level
from events.statements import QUERIES


@dataclass(frozen=True, kw_only=True)
class Located:
    """The divisions of a place by level; lon/lat in degrees, CGCS2000."""

    places: Mapping[Level, int]
    names: Mapping[Level, str]
    lon: float | None
    lat: float | None
    code: str | None = None  # of the division that was named

    @property
    def outside_grids(self) -> bool:
        """Whether no grid is there."""
        return "grid" not in self.places


def locate(connection: Connection, *, lon: float | None, lat: float | None, division: str | None) -> Located:
    """By the position's boundaries, by the code of a division, or both; raises Misplaced where no township is."""
    try:
        around = place_of(connection, AlertReport(title="-", level="blue", lon=lon, lat=lat, division=division))
    except (ActRefused, AlertUnknown) as error:
        raise Misplaced(
            "no township is there: choose the place on the map, or name a township, village or grid by its code",
            "该位置不在任何镇街范围内，请在地图上重新选点，或填写镇街、村社、网格代码。",
        ) from error
    at = now(connection)
    lowest = around.grid_id
    if lowest is None and division is not None:
        lowest = _named_village(connection, division, at)
    if lowest is None and division is None and around.township_id is not None:
        lowest = _village_around(connection, around.township_id, lon, lat, at)
    rows = connection.execute(
        QUERIES["divisions_above"], {"division": lowest or around.township_id, "at": at}
    ).fetchall()
    found: dict[Level, tuple[int, str]] = {level: (number, name) for number, level, name in rows if level in LEVELS}
    return Located(
        places={level: number for level, (number, _) in found.items()},
        names={level: name for level, (_, name) in found.items()},
        lon=lon,
        lat=lat,
        code=division,
    )


def _named_village(connection: Connection, code: str, at: datetime) -> int | None:
    """A village that was named, where no grid of it was."""
    row = connection.execute(QUERIES["village_of_code"], {"code": code, "at": at}).fetchone()
    return None if row is None else int(row[0])


def _village_around(
    connection: Connection, township: int, lon: float | None, lat: float | None, at: datetime
) -> int | None:
    """A village of the township around the position, where no grid of it is."""
    asked = {"level": "village", "at": at, "below": [township]}
    rows = connection.execute(ACT_QUERIES["boundaries_at"], asked).fetchall()
    if not rows:
        return None
    around = shapely.intersects_xy(shapely.from_wkb([row[1] for row in rows]), lon, lat)
    return min((row[0] for row, hit in zip(rows, around, strict=True) if hit), default=None)
