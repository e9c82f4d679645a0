"""Replace a layer of boundaries from a file: first a report, then, if asked, one transaction."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg import Cursor
from psycopg.rows import TupleRow
from psycopg.types.range import TimestamptzRange

from config.database import Connection
from geo.adjacency import refresh_touches
from geo.coverage import CoverageReport, check_coverage
from geo.crs import areas_m2
from geo.divisions import QUERIES, boundaries, lock_divisions
from geo.errors import LayerError
from geo.import_report import ImportReport
from geo.layer_file import Feature, LayerFields, LayerFile, read_layer
from geo.matching import Matching, NewGrid, match
from geo.placement import assign_sensors

Polygons = NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """What would be written: boundaries of divisions we have, and new grids with theirs."""

    known: dict[int, Polygons]  # division id → its parts in the file
    new: list[tuple[NewGrid, Feature]]


def import_layer(
    connection: Connection,
    path: Path,
    *,
    level: str,
    crs: str | None = None,
    name_field: str | None = None,
    district_field: str | None = None,
    code_field: str | None = None,
    parent_field: str | None = None,
    encoding: str | None = None,
    valid_from: datetime | None = None,
    write: bool = False,
    partial: bool = False,
) -> ImportReport:
    """Check a Shapefile, GeoPackage or GeoJSON against the divisions of a level, and write it if asked.

    `crs`: what the positions are in ('EPSG:4546', 'GCJ-02', 'BD-09'); None: as the file says.
    `valid_from`: aware, since when the boundaries hold; None: always (a better drawing of the same land).
    `partial`: write what is sound although some features are invalid or no division we know; without it
    such a layer is refused. Gaps and overlaps never refuse a layer: they are reported.
    Raises LayerError or CrsError for a file that cannot be used at all.
    """
    if valid_from is not None and valid_from.tzinfo is None:
        raise ValueError("valid_from must carry a time zone")
    fields = LayerFields(name=name_field, district=district_field, code=code_field, parent=parent_field)
    layer = read_layer(Path(path), crs=crs, fields=fields, encoding=encoding)
    at = valid_from or datetime.now(UTC)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("set local idle_in_transaction_session_timeout = '10min'")  # a large layer takes its time
        recorded = lock_divisions(cursor)
        matching = match(connection, level, layer.features, at)
        report = _examined(connection, layer, level, matching, at)
        refused = "" if partial else _why_not(report)
        if not write or refused:
            return replace(report, refused=refused if write else "")
        _write(cursor, _draft(matching), f"{layer.path.name} ({layer.crs})", valid_from, recorded)
        refresh_touches(connection)
        report = replace(report, written=True, assigned=assign_sensors(connection))
        _announce(cursor, report)
        return report


def _examined(connection: Connection, layer: LayerFile, level: str, matching: Matching, at: datetime) -> ImportReport:
    checked = _coverage_as_it_would_be(connection, level, matching, at)
    return ImportReport(
        path=str(layer.path),
        level=level,
        crs=layer.crs,
        features=len(layer.features),
        matched=len(matching.known),
        created=len(matching.new),
        features_without_division=tuple(f"{s.feature.title()}: {s.hint}" for s in matching.strangers),
        divisions_without_feature=tuple(matching.titles.get(d.id, d.name) for d in matching.without),
        code_differs=tuple(matching.code_differs),
        invalid=checked.invalid,
        gaps=checked.gaps,
        overlaps=checked.overlaps,
        written=False,
    )


def _coverage_as_it_would_be(connection: Connection, level: str, matching: Matching, at: datetime) -> CoverageReport:
    """Check the file's features together with the boundaries that would stay beside them."""
    staying = {division.id for division in matching.without}
    kept = [b for b in boundaries(connection, level, at) if b.division_id in staying] if staying else []
    shapes = [(matching.titles[i], f.geometry) for i, parts in matching.known.items() for f in parts]
    shapes += [(grid.name, feature.geometry) for grid, feature in matching.new]
    shapes += [(f"{s.feature.title()} (unknown)", s.feature.geometry) for s in matching.strangers]
    shapes += [(f"{matching.titles.get(b.division_id, '')} (kept)", b.geometry) for b in kept]
    return check_coverage(np.array([shape for _, shape in shapes], dtype=object), [name for name, _ in shapes])


def _why_not(report: ImportReport) -> str:
    faults = []
    if report.features_without_division:
        faults.append(f"{len(report.features_without_division)} features are no division we know")
    if report.invalid:
        faults.append(f"{len(report.invalid)} shapes are invalid")
    if not faults:
        return ""
    return f"{' and '.join(faults)}: mend the file, or import what is sound (partial)"


def _draft(matching: Matching) -> _Draft:
    sound = {i: np.array([f.geometry for f in parts], dtype=object) for i, parts in matching.known.items()}
    return _Draft(
        known={i: parts for i, parts in sound.items() if shapely.is_valid(parts).all()},
        new=[(grid, feature) for grid, feature in matching.new if shapely.is_valid(feature.geometry)],
    )


def _write(
    cursor: Cursor[TupleRow], draft: _Draft, source: str, valid_from: datetime | None, recorded: datetime
) -> None:
    """Draw the boundaries from `valid_from` on; what was recorded before stays to be asked for."""
    named = {"source": source, "valid_from": valid_from, "recorded": recorded}
    shapes = {i: shapely.union_all(parts) for i, parts in draft.known.items()}
    grids = _create_grids(cursor, [grid for grid, _ in draft.new], source, valid_from, recorded)
    shapes |= {i: feature.geometry for i, (_, feature) in zip(grids, draft.new, strict=True)}
    _copy_drawn(cursor, shapes)
    cursor.execute(QUERIES["create_redrawn"], named)
    cursor.execute(QUERIES["create_remainders"])
    for step in ("close_redrawn", "open_remainders", "open_redrawn", "drop_redrawn"):
        cursor.execute(QUERIES[step], named)


def _create_grids(
    cursor: Cursor[TupleRow], grids: list[NewGrid], source: str, valid_from: datetime | None, recorded: datetime
) -> list[int]:
    """New divisions; their ids in the order of `grids`."""
    ids: list[int] = [row[0] for row in cursor.execute(QUERIES["create_grids"], {"count": len(grids)}).fetchall()]
    valid, known = TimestamptzRange(valid_from, None), TimestamptzRange(recorded, None)
    try:
        with cursor.copy(QUERIES["copy_grid_versions"]) as copy:
            for division, grid in zip(ids, grids, strict=True):
                copy.write_row((division, grid.parent_id, grid.code, grid.name, "网格", source, valid, known))
    except psycopg.errors.ExclusionViolation as error:
        raise LayerError(
            f"two grids of one township have the same code or name ({error.diag.message_detail}): give each its own",
            "同一镇街内有编号或名称相同的网格，请逐一更名后再导入。",
        ) from error
    return ids


def _copy_drawn(cursor: Cursor[TupleRow], shapes: dict[int, Polygons]) -> None:
    polygons = np.array(list(shapes.values()), dtype=object)
    areas = areas_m2(polygons)
    cursor.execute(QUERIES["create_drawn"])
    with cursor.copy(QUERIES["copy_drawn"]) as copy:
        for division, wkb, area in zip(shapes, shapely.to_wkb(polygons), areas, strict=True):
            copy.write_row((division, wkb, float(area)))


def _announce(cursor: Cursor[TupleRow], report: ImportReport) -> None:
    """Tell the screens, and the pipelines that hold placements in memory."""
    payload = {"level": report.level, "boundaries": report.matched + report.created, "source": Path(report.path).name}
    cursor.execute(QUERIES["announce_divisions"], {"payload": orjson.dumps(payload).decode()})
