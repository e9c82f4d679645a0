"""The life of a division: its versions under both clocks, what it came from, and what came of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import shapely
from psycopg.rows import class_row
from shapely.geometry.base import BaseGeometry

from config.database import Connection
from geo.crs import areas_m2
from geo.hits import HISTORY_QUERIES

ALWAYS = "infinity"
_INSTANT = timedelta(microseconds=1)
_LEAST_SHARE = 0.0005  # below it two outlines touch by the inaccuracy of their drawing


@dataclass(frozen=True, kw_only=True)
class Found:
    """A division that was asked for by a code or a name of any time; as it was last."""

    id: int
    level: str
    code: str
    name: str
    kind: str
    parent: str | None
    since: datetime | None  # of its last version; None: always
    until: datetime | None  # None: it is there


@dataclass(frozen=True, kw_only=True)
class Version:
    """What held in the world from … to, and was believed from … to; None: without an end."""

    id: int
    code: str
    name: str
    kind: str
    parent_id: int | None
    parent: str | None
    population: int | None
    households: int | None
    note: str
    source: str
    valid_from: datetime | None
    valid_to: datetime | None
    recorded_from: datetime
    recorded_to: datetime | None


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A version of its boundary, under the same two clocks."""

    id: int
    area_m2: float
    derived: bool
    source: str
    valid_from: datetime | None
    valid_to: datetime | None
    recorded_from: datetime
    recorded_to: datetime | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of the lineage."""

    id: int
    kind: str  # split, merge, rename, transfer, correction, established, abolished
    from_id: int | None
    to_id: int | None
    effective: datetime
    recorded_at: datetime
    note: str
    share: float | None  # of the land of `from_id`, where that was told
    from_name: str | None
    to_name: str | None
    parent_before: str | None
    parent_after: str | None
    forward: bool  # False: it leads to the division; True: away from it


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Divisions right under it that came from another parent, or went to one."""

    came: bool
    other_id: int
    other: str | None
    effective: datetime
    count: int
    names: list[str]


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a division is under another map: `share` of its area lies in this one; None: told by the lineage alone."""

    division_id: int
    code: str
    name: str
    share: float | None


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """What a division came from and what came of it."""

    changes: list[Change]
    moved: list[Moved]
    # Under today's map, the largest first, of what it was before its boundary changed last; itself, where it goes on.
    successors: list[Share]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def find(connection: Connection, asked: str, *, partly: bool = False, most: int = 50) -> list[Found]:
    """Divisions by a code or a name of any time, from the largest level down; `partly`: it begins or occurs so."""
    with connection.cursor(row_factory=class_row(Found)) as cursor:
        return cursor.execute(
            HISTORY_QUERIES["find_divisions"], {"asked": asked, "partly": partly, "most": most}
        ).fetchall()


def level_of(connection: Connection, division: int) -> str | None:
    """None: there never was such a division."""
    row = connection.execute(HISTORY_QUERIES["level_of_division"], {"id": division}).fetchone()
    return None if row is None else str(row[0])


def versions_of(connection: Connection, division: int) -> list[Version]:
    """Every version, by when it held, then by when it was believed."""
    with connection.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(HISTORY_QUERIES["versions_of_division"], {"id": division}).fetchall()


def drawings_of(connection: Connection, division: int) -> list[Drawing]:
    """Every version of its boundary."""
    with connection.cursor(row_factory=class_row(Drawing)) as cursor:
        return cursor.execute(HISTORY_QUERIES["boundaries_of_division"], {"id": division}).fetchall()


def outlines_of(connection: Connection, division: int) -> dict[int, BaseGeometry]:
    """The outlines of its drawings by their ids, lon/lat CGCS2000."""
    rows = connection.execute(HISTORY_QUERIES["outlines_of_division"], {"id": division}).fetchall()
    return {row[0]: shapely.from_wkb(row[1]) for row in rows}


def lineage_of(
    connection: Connection, division: int, *, now: datetime | None = None, known: datetime | None = None
) -> Lineage:
    """Forwards and backwards, as known at `known`; and what the division is under the map of `now`."""
    today = now or datetime.now(UTC)
    asked = {"id": division, "known": known.isoformat() if known else ALWAYS}
    with connection.cursor(row_factory=class_row(Change)) as cursor:
        changes = cursor.execute(HISTORY_QUERIES["lineage_of_division"], asked).fetchall()
    with connection.cursor(row_factory=class_row(Moved)) as cursor:
        moved = cursor.execute(HISTORY_QUERIES["children_that_moved"], asked).fetchall()
    row = connection.execute(HISTORY_QUERIES["last_changed"], {"id": division, "at": today}).fetchone()
    before = row[0] - _INSTANT if row is not None and row[0] is not None else today
    (shares,) = shares_of(connection, [(division, before)], today)
    return Lineage(changes=changes, moved=moved, successors=_named(connection, shares, today))


def counterparts(
    connection: Connection, asked: Sequence[tuple[int, datetime]], map_at: datetime
) -> dict[tuple[int, datetime], int]:
    """The one division that a division of an instant is under the map of another: itself, else where most of it lies.

    What is in no other by area or by lineage is left out.
    """
    ids = list({division for division, _ in asked})
    rows = connection.execute(HISTORY_QUERIES["standing_at"], {"ids": ids, "at": map_at, "known": ALWAYS}).fetchall()
    standing = {row[0] for row in rows}
    gone = [one for one in dict.fromkeys(asked) if one[0] not in standing]
    found = {one: one[0] for one in asked if one[0] in standing}
    for one, shares in zip(gone, shares_of(connection, gone, map_at), strict=True):
        if shares:
            found[one] = shares[0][0]
    return found


def shares_of(
    connection: Connection, asked: Sequence[tuple[int, datetime]], map_at: datetime
) -> list[list[tuple[int, float | None]]]:
    """(division, share of the area) of each asked division as it was at its instant, under the map of `map_at`.

    The largest share first, the lowest id among equals. Without an outline: by the lineage, without a share.
    """
    named = {"ids": [one[0] for one in asked], "ats": [one[1] for one in asked], "known": ALWAYS}
    rows = connection.execute(HISTORY_QUERIES["outlines_at"], named).fetchall() if asked else []
    answers: list[list[tuple[int, float | None]]] = []
    for (division, at), (_, level, wkb) in zip(asked, rows, strict=True):
        shares = _by_area(connection, level, shapely.from_wkb(wkb), map_at) if wkb is not None else []
        answers.append(shares or _by_lineage(connection, division, at, map_at))
    return answers


def _by_area(
    connection: Connection, level: str, outline: BaseGeometry, map_at: datetime
) -> list[tuple[int, float | None]]:
    west, south, east, north = shapely.bounds(outline).tolist()
    box = {"west": west, "south": south, "east": east, "north": north}
    rows = connection.execute(
        HISTORY_QUERIES["boundaries_beside"], {"level": level, "at": map_at, "known": ALWAYS, **box}
    ).fetchall()
    pieces = shapely.intersection(
        shapely.make_valid(shapely.from_wkb([row[1] for row in rows])), shapely.make_valid(outline)
    )
    there = shapely.area(pieces) > 0
    areas = areas_m2(np.append(pieces[there], outline))
    shares = zip(
        [row[0] for row, is_there in zip(rows, there, strict=True) if is_there], areas / areas[-1], strict=False
    )
    kept = [(division, round(float(share), 6)) for division, share in shares if share >= _LEAST_SHARE]
    kept.sort(key=lambda one: (-round(one[1], 4), one[0]))
    return [(division, share) for division, share in kept]


def _by_lineage(
    connection: Connection, division: int, at: datetime, map_at: datetime
) -> list[tuple[int, float | None]]:
    named = {"ids": [division], "at": map_at, "known": ALWAYS}
    if connection.execute(HISTORY_QUERIES["standing_at"], named).fetchone():
        return [(division, None)]
    for forward in (map_at >= at, map_at < at):
        asked = {"id": division, "at": map_at, "known": ALWAYS, "forward": forward}
        if rows := connection.execute(HISTORY_QUERIES["heirs_of"], asked).fetchall():
            return [(row[0], None) for row in rows]
    return []


def _named(connection: Connection, shares: Sequence[tuple[int, float | None]], at: datetime) -> list[Share]:
    asked = {"ids": [division for division, _ in shares], "at": at}
    names = {row[0]: row for row in connection.execute(HISTORY_QUERIES["names_at"], asked).fetchall()}
    return [
        Share(division_id=division, code=names[division][1], name=names[division][2], share=share)
        for division, share in shares
    ]
