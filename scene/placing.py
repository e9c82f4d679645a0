"""In which grid, village, township and district things stand, as divided now.

Derived from the boundaries (geo.hits) when they are imported; and again whenever the map is another one than that which
they were placed by: whoever reads them asks for that first (`place_again`), so no change of boundaries is missed,
whether it was published, imported, rolled back, or came into effect by time alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg.types.json import Jsonb

from config.database import Connection
from config.queries import Queries
from geo.hits import hits_of

QUERIES = Queries(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, kw_only=True)
class Place:
    """The divisions that hold a point, from the district down."""

    district: int | None
    township: int
    village: int | None
    grid: int | None

    def lowest(self) -> int:
        """The smallest of them."""
        return self.grid or self.village or self.township

    def all(self) -> list[int]:
        """Those that there are."""
        return [one for one in (self.district, self.township, self.village, self.grid) if one is not None]


def places_of(connection: Connection, points: Sequence[tuple[float, float]], at: datetime) -> dict[int, Place]:
    """The place of each point (lon, lat in degrees, CGCS2000) by its index; one outside of all townships has none."""
    hits = hits_of(connection, points)
    named = {"points": hits.points, "boundaries": hits.boundaries, "at": at}
    rows = connection.execute(QUERIES["places_of"], named).fetchall()
    return {row[0]: Place(district=row[1], township=row[2], village=row[3], grid=row[4]) for row in rows}


def is_placed(connection: Connection) -> bool:
    """Whether things stand where the map of now has them; one look, at every reading."""
    row = connection.execute(QUERIES["placed"]).fetchone()
    return row is not None and bool(row[0])


def place_again(connection: Connection, at: datetime) -> int:
    """Place all things where the map has changed since; how many moved. One does it, others wait and find it done."""
    with connection.transaction():
        connection.execute(QUERIES["lock_things"])
        row = connection.execute(QUERIES["placed"]).fetchone()
        assert row is not None
        if row[0]:
            return 0
        things = connection.execute(QUERIES["things_to_place"]).fetchall()
        places = places_of(connection, [(lon, lat) for _, lon, lat in things], at)
        rows = [{"id": thing[0], **_columns(places.get(number))} for number, thing in enumerate(things)]
        moved = connection.execute(QUERIES["place_things"], {"rows": Jsonb(rows)}).rowcount
        connection.execute(QUERIES["keep_placed"], {"number": row[1]})
    return moved


def _columns(place: Place | None) -> dict[str, int | None]:
    names = ("district", "township", "village", "grid")
    return {name: None if place is None else getattr(place, name) for name in names}
