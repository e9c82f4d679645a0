"""Does a layer of boundaries hold together: valid shapes, no gap, no overlap; sizes in m², places in lon/lat."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import areas_m2

Polygons = NDArray[np.object_]

# Less than this is rounding, not a fault that a person could see or mend.
SMALLEST_FAULT_M2 = 1.0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing wrong with a layer."""

    kind: str  # invalid, gap, overlap
    names: tuple[str, ...]  # whose shape, the neighbours of the gap, or the two that overlap
    area_m2: float  # 0 for invalid
    lon: float  # a point in it
    lat: float
    detail: str = ""

    def line(self) -> str:
        """For people."""
        size = f" of {self.area_m2:,.0f} m²" if self.area_m2 else ""
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.kind}{size} at {self.lon:.6f}, {self.lat:.6f} ({', '.join(self.names)}){detail}"


@dataclass(frozen=True, kw_only=True)
class CoverageReport:
    """What is wrong with a layer; the largest first."""

    invalid: tuple[Fault, ...]
    gaps: tuple[Fault, ...]
    overlaps: tuple[Fault, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check_coverage(
    polygons: Polygons, names: Sequence[str], *, smallest_m2: float = SMALLEST_FAULT_M2
) -> CoverageReport:
    """Check N non-empty lon/lat (Multi)Polygons, named for the report.

    A gap is land that the layer encloses and nobody has (an enclave that is meant looks the same).
    Invalid shapes are mended for the two other checks.
    """
    valid = shapely.is_valid(polygons)
    sound = polygons.copy()
    sound[~valid] = shapely.make_valid(polygons[~valid], method="structure", keep_collapsed=False)
    return CoverageReport(
        invalid=tuple(_invalid(polygons[i], names[i]) for i in np.flatnonzero(~valid).tolist()),
        gaps=_gaps(sound, names, smallest_m2),
        overlaps=_overlaps(sound, names, smallest_m2),
    )


def _invalid(polygon: Any, name: str) -> Fault:
    """GEOS says what and where: 'Self-intersection[106.5 29.5]'."""
    reason = str(shapely.is_valid_reason(polygon))
    what, _, where = reason.partition("[")
    try:
        lon, lat = (float(part) for part in where.rstrip("]").split())
    except ValueError:
        lon, lat = shapely.get_coordinates(polygon)[0]
    return Fault(kind="invalid", names=(name,), area_m2=0.0, lon=float(lon), lat=float(lat), detail=what)


def _overlaps(polygons: Polygons, names: Sequence[str], smallest_m2: float) -> tuple[Fault, ...]:
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    # Neighbours that only touch are nearly all: told apart by a relation, which is cheaper than cutting.
    meeting = shapely.relate_pattern(polygons[first], polygons[second], "T********")
    first, second = first[meeting], second[meeting]
    return _faults(
        "overlap",
        shapely.intersection(polygons[first], polygons[second]),
        smallest_m2,
        [(names[a], names[b]) for a, b in zip(first, second, strict=True)],
    )


def _gaps(polygons: Polygons, names: Sequence[str], smallest_m2: float) -> tuple[Fault, ...]:
    parts = shapely.get_parts(shapely.union_all(polygons))
    rings = [shapely.get_interior_ring(part, i) for part in parts for i in range(shapely.get_num_interior_rings(part))]
    if not rings:
        return ()
    holes = np.asarray(shapely.polygons(rings), dtype=object)
    hole, neighbour = shapely.STRtree(polygons).query(holes, predicate="intersects")
    around = [tuple(names[n] for n in neighbour[hole == i]) for i in range(len(holes))]
    return _faults("gap", holes, smallest_m2, around)


def _faults(kind: str, shapes: Polygons, smallest_m2: float, names: Sequence[tuple[str, ...]]) -> tuple[Fault, ...]:
    if len(shapes) == 0:
        return ()
    sizes = areas_m2(shapes)
    places = shapely.get_coordinates(shapely.point_on_surface(shapes))
    large = [i for i in np.argsort(-sizes) if sizes[i] >= smallest_m2]
    return tuple(
        Fault(kind=kind, names=names[i], area_m2=float(sizes[i]), lon=float(places[i, 0]), lat=float(places[i, 1]))
        for i in large
    )
