"""leaves_line: a road or river that runs through the middle of a grid, where its border could follow it."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from config.boundary_settings import BoundarySettings
from geo.crs import lengths_m
from geo.examined import array
from geo.finding import Finding, finding
from geo.lines import Line
from geo.topology import Unit

_METRE = 1 / 100_000  # degrees, some 1.0 m from west to east and 1.1 m from south to north


def leaves_line(units: Sequence[Unit], lines: Sequence[Line], settings: BoundarySettings) -> Iterator[Finding]:
    """Lines are the caller's choice: the main ones, or every street would be one."""
    if not units or not lines:
        return
    courses = np.array([line.geometry for line in lines], dtype=object)
    shapes = array(units)
    of, on = shapely.STRtree(courses).query(shapes, predicate="intersects")
    through = shapely.length(shapely.intersection(shapes[of], courses[on])) > settings.line_inside_m * _METRE / 1.2
    of, on = of[through], on[through]
    inner = {i: shapely.buffer(shapes[i], -settings.line_tolerance_m * _METRE) for i in np.unique(of).tolist()}
    pieces = shapely.intersection(np.array([inner[i] for i in of.tolist()], dtype=object), courses[on])
    for i, j, piece in zip(of.tolist(), on.tolist(), pieces, strict=True):
        if shapely.length(piece) == 0:
            continue
        size = float(lengths_m(np.array([piece], dtype=object))[0])
        if size > settings.line_inside_m:
            line = lines[j]
            yield finding(
                "leaves_line", [units[i]], size=size, unit="m", at=piece, geometry=piece,
                mark=_mark(line),
                line=line.name, what=line.kind,
            )  # fmt: skip


def _mark(line: Line) -> str:
    """Tells lines apart: a road may come in several pieces."""
    lon, lat = shapely.get_coordinates(line.geometry)[0].tolist()
    return f"{line.kind} {line.name} {lon:.5f} {lat:.5f}"
