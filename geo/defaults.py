"""Import of the divisions that come with the product (`shijing import divisions` without a file)."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from psycopg import Cursor
from psycopg.rows import TupleRow
from psycopg.types.range import TimestamptzRange

from config.database import Connection
from geo.adjacency import refresh_missing_touches
from geo.crs import areas_m2
from geo.default_data import BoundaryRow, DefaultDivisions, LineageRow, VersionRow, read_defaults
from geo.divisions import QUERIES, lock_divisions


@dataclass(frozen=True, kw_only=True)
class DivisionsReport:
    """What the database holds of each level; first versions unless said otherwise."""

    written: bool  # False: divisions were there already, nothing was touched
    divisions: dict[str, int]  # level → how many
    boundaries: dict[str, int]  # level → how many
    derived: dict[str, int]  # level → boundaries that are no official line
    later_versions: int  # versions that begin later than the first of their division
    lineage: dict[str, int]  # kind → how many
    not_located: tuple[str, ...]  # "district name" of townships with neither point nor boundary

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        lines = ["Divisions imported:" if self.written else "Divisions are there already, nothing was changed:"]
        for level, count in self.divisions.items():
            drawn, derived = self.boundaries.get(level, 0), self.derived.get(level, 0)
            lines.append(f"  {level}: {count}, {drawn} with a boundary" + (f" ({derived} derived)" if derived else ""))
        lines.append(f"  versions that begin later: {self.later_versions}")
        lines += [f"  lineage, {kind}: {count}" for kind, count in self.lineage.items()]
        if self.not_located:
            lines.append(f"  not located ({len(self.not_located)}): {', '.join(self.not_located)}")
        return lines


def import_defaults(connection: Connection) -> DivisionsReport:
    """Write the default divisions in one transaction; where any division exists already, change nothing."""
    with connection.transaction(), connection.cursor() as cursor:
        recorded = lock_divisions(cursor)
        empty = cursor.execute("select not exists (select from divisions)").fetchone() == (True,)
        if empty:
            _write(cursor, read_defaults(), recorded)
        refresh_missing_touches(connection)
        return _report(cursor, written=empty)


def _write(cursor: Cursor[TupleRow], rows: DefaultDivisions, recorded: datetime) -> None:
    levels = {row.key: row.level for row in rows.versions}
    ids = dict(zip(levels, range(1, len(levels) + 1), strict=True))
    _copy(cursor, "copy divisions (id, level) from stdin", ((ids[key], level) for key, level in levels.items()))
    cursor.execute(QUERIES["continue_division_ids"])
    _copy(cursor, QUERIES["copy_division_versions"], (_version(row, ids, recorded) for row in rows.versions))
    polygons = np.array([row.geometry for row in rows.boundaries], dtype=object)
    measured = zip(rows.boundaries, shapely.to_wkb(polygons), areas_m2(polygons), strict=True)
    _copy(
        cursor,
        QUERIES["copy_boundary_versions"],
        (_boundary(row, ids, wkb, area, recorded) for row, wkb, area in measured),
    )
    _copy(cursor, QUERIES["copy_division_lineage"], (_lineage(row, ids, recorded) for row in rows.lineage))
    cursor.execute("analyze divisions, division_versions, boundary_versions")


def _copy(cursor: Cursor[TupleRow], statement: str | bytes, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _valid(row: VersionRow | BoundaryRow) -> TimestamptzRange:
    return TimestamptzRange(row.valid_from, row.valid_to)


def _version(row: VersionRow, ids: dict[str, int], recorded: datetime) -> tuple[Any, ...]:
    return (
        ids[row.key],
        ids[row.parent] if row.parent else None,
        row.code,
        row.name,
        row.kind,
        row.population,
        row.households,
        row.lon,
        row.lat,
        row.note,
        row.source,
        _valid(row),
        TimestamptzRange(recorded, None),
    )


def _boundary(row: BoundaryRow, ids: dict[str, int], wkb: bytes, area: float, recorded: datetime) -> tuple[Any, ...]:
    return (ids[row.key], wkb, float(area), row.derived, row.source, _valid(row), TimestamptzRange(recorded, None))


def _lineage(row: LineageRow, ids: dict[str, int], recorded: datetime) -> tuple[Any, ...]:
    before = ids[row.before] if row.before else None
    after = ids[row.after] if row.after else None
    return (row.kind, before, after, row.effective, recorded, row.note)


def _report(cursor: Cursor[TupleRow], *, written: bool) -> DivisionsReport:
    counts = cursor.execute(QUERIES["count_first_versions"]).fetchall()
    later = cursor.execute(QUERIES["count_later_versions"]).fetchone()
    assert later is not None
    missing = cursor.execute(QUERIES["first_not_located"]).fetchall()
    return DivisionsReport(
        written=written,
        divisions={level: divisions for level, divisions, _, _ in counts},
        boundaries={level: boundaries for level, _, boundaries, _ in counts},
        derived={level: derived for level, _, _, derived in counts},
        later_versions=later[0],
        lineage=dict(cursor.execute(QUERIES["count_lineage"]).fetchall()),
        not_located=tuple(f"{district} {name}" for district, name in missing),
    )
