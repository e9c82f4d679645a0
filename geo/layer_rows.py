"""One row of a layer: its value as text, its geometry as a polygon, or the reason why it is none."""

import threading
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException

from geo.layer_faults import LayerFault

_QUIET = threading.Lock()  # filters of warnings are the process's
_CLOSING = 1e-6  # of a line's extent: ends that are nearer are one


@contextmanager
def quietly() -> Iterator[None]:
    """What GDAL warns of while it reads (a ring that is not closed, say) is looked for and named by us."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield


def as_text(value: object) -> str:
    """A field as text: full-width forms and spaces as plain ones, 500105005.0 as 500105005."""
    if value is None or value != value:  # noqa: PLR0124  NaN
        return ""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    return str(value)


def plain(text: str) -> str:
    """Full-width forms and spaces as plain ones."""
    return unicodedata.normalize("NFKC", text).replace("\0", "").strip()


def polygons_of(wkb: NDArray[np.object_], *, closed_lines: bool) -> tuple[NDArray[np.object_], list[LayerFault]]:
    """The (Multi)Polygon of each row; None where there is none, and then a fault says why.

    `closed_lines`: a line that comes back to its start is an outline.
    """
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    faults: list[LayerFault] = []
    polygons = np.full(len(wkb), None, dtype=object)
    kinds = shapely.get_type_id(shapes)
    whole = np.isin(kinds, (3, 6)) & ~shapely.is_empty(shapes) & _finite(shapes)
    polygons[whole] = shapes[whole]
    for index in np.flatnonzero(~whole).tolist():
        polygons[index], told = _odd_row(index + 1, wkb[index], shapes[index], closed_lines=closed_lines)
        faults += told
    for index in [i for i in np.flatnonzero(whole).tolist() if shapely.area(polygons[i]) == 0]:
        faults.append(_left(index + 1, "collapsed", polygons[index]))
        polygons[index] = None
    return polygons, faults


def _finite(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    finite: NDArray[np.bool_] = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    return finite


def _odd_row(row: int, wkb: bytes | None, shape: Any, *, closed_lines: bool) -> tuple[Any, list[LayerFault]]:
    """A row that is not simply a polygon: mended where that is safe."""
    if wkb is None:
        return None, [_left(row, "no_geometry", None)]
    told: list[LayerFault] = []
    if shape is None:
        shape = _closed(wkb)
        if shape is None:
            return None, [_left(row, "unreadable", None)]
        told.append(_mended(row, "unclosed", shape))
    if shapely.is_empty(shape):
        return None, [_left(row, "empty", None)]
    if not _finite(np.array([shape], dtype=object))[0]:
        return None, [_left(row, "not_finite", None)]
    return _areas(row, shape, told, closed_lines=closed_lines)


def _areas(row: int, shape: Any, told: list[LayerFault], *, closed_lines: bool) -> tuple[Any, list[LayerFault]]:
    kind = shapely.get_type_id(shape)
    if kind in (3, 6):
        return (shape, told) if shapely.area(shape) > 0 else (None, [_left(row, "collapsed", shape)])
    if kind in (1, 2) and closed_lines:
        ring = closed_ring(shape)
        return (ring, told) if ring is not None else (None, [_left(row, "open_line", shape)])
    if kind == 7:
        parts = [part for part in shapely.get_parts(shape) if shapely.get_type_id(part) in (3, 6)]
        if parts:
            return shapely.union_all(parts), [*told, _mended(row, "mixed", shape)]
    return None, [_left(row, "not_polygon", shape)]


def closed_ring(line: Any) -> Any:
    """The polygon that a line encloses which ends where it began; None for an open one."""
    points = shapely.get_coordinates(line)
    extent = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
    if len(points) < 4 or np.abs(points[0] - points[-1]).max() > extent * _CLOSING:
        return None
    points[-1] = points[0]
    polygon = shapely.polygons(points)
    return polygon if shapely.area(polygon) > 0 else None


def _closed(wkb: bytes) -> Any:
    try:
        return shapely.from_wkb(wkb, on_invalid="fix")
    except (GEOSException, ValueError, TypeError):
        return None


def _place(shape: Any) -> tuple[float | None, float | None]:
    points = shapely.get_coordinates(shape) if shape is not None else np.empty((0, 2))
    sound = points[np.isfinite(points).all(axis=1)]
    return (float(sound[0, 0]), float(sound[0, 1])) if len(sound) else (None, None)


def _left(row: int, kind: str, shape: Any) -> LayerFault:
    x, y = _place(shape)
    return LayerFault(kind=kind, rows=(row,), lon=x, lat=y, left_out=True)


def _mended(row: int, kind: str, shape: Any) -> LayerFault:
    x, y = _place(shape)
    return LayerFault(kind=kind, rows=(row,), lon=x, lat=y, mended=True)
