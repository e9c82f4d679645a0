"""A layer on the small map, over what we have: before it is compared, and after."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.conflation import Conflation
from geo.layer_faults import LayerFault
from geo.layer_file import Feature
from geo.layer_known import Known
from geo.layer_words import told
from web.pages import Language

_SHOWN = 2000  # shapes; a map of more tells nothing
_FAULTS = 500
_FINE = 1 / 1500  # of the layer's extent: what a small map shows
_AROUND = 0.15  # of the extent


def _simple(shapes: NDArray[np.object_], extent: float) -> NDArray[np.object_]:
    simple = shapely.simplify(shapes, extent * _FINE)
    rounded: NDArray[np.object_] = shapely.transform(simple, lambda points: np.round(points, 6))
    return rounded


def _extent(bounds: NDArray[np.float64]) -> float:
    return float(max(bounds[2] - bounds[0], bounds[3] - bounds[1], 1e-6))


def _collection(shapes: NDArray[np.object_], told_of: list[dict[str, Any]]) -> dict[str, Any]:
    features = [
        {"type": "Feature", "properties": about, "geometry": shapely.geometry.mapping(shape)}
        for shape, about in zip(shapes, told_of, strict=True)
        if not shapely.is_empty(shape)
    ]
    return {"type": "FeatureCollection", "features": features}


def looked_at(features: list[Feature], known: Known, level: str) -> dict[str, Any]:
    """The layer, and what we have there of its level and of the one above."""
    shapes = np.array([feature.geometry for feature in features], dtype=object)
    bounds = shapely.total_bounds(shapes)
    extent = _extent(bounds)
    step = max(1, len(shapes) // _SHOWN)
    layer = _collection(_simple(shapes[::step], extent), [{"name": one.title()} for one in features[::step]])
    return {"layer": layer, "known": _known(known, bounds, extent, level), "bounds": bounds.tolist()}


def _known(known: Known, bounds: NDArray[np.float64], extent: float, level: str) -> dict[str, Any]:
    pad = extent * _AROUND
    box = shapely.box(bounds[0] - pad, bounds[1] - pad, bounds[2] + pad, bounds[3] + pad)
    shown: list[Any] = []
    about: list[dict[str, Any]] = []
    for one in dict.fromkeys(("district", "township", level)):
        drawn = known.drawn.get(one)
        if drawn is None or (one == "township" and level in ("city", "district")):
            continue
        for index in drawn.tree.query(box)[:_SHOWN].tolist():
            shown.append(drawn.shapes[index])
            about.append({"name": drawn.names[index], "level": one})
    return _collection(_simple(np.array(shown, dtype=object), extent), about)


def found(result: Conflation, language: Language) -> dict[str, Any]:
    """The divisions by what becomes of them, and the faults at their places."""
    shapes = np.array([item.shape for item in result.items], dtype=object)
    bounds = shapely.total_bounds(shapes) if len(shapes) else np.array([105.2, 28.1, 110.3, 32.3])
    step = max(1, len(shapes) // _SHOWN)
    items = result.items[::step]
    simple = _simple(shapes[::step], _extent(bounds)) if len(shapes) else shapes
    layer = _collection(simple, [{"name": item.title, "state": item.state} for item in items])
    return {"layer": layer, "bounds": bounds.tolist(), "faults": _points(result.faults, language)}


def _points(faults: tuple[LayerFault, ...], language: Language) -> list[dict[str, Any]]:
    placed = [one for one in faults if one.lon is not None and one.lat is not None]
    placed.sort(key=lambda one: (one.mended, -one.size))
    return [
        {
            "lon": one.lon, "lat": one.lat, "mended": one.mended,
            "text": f"{told(one, language)} · {'、'.join(one.names[:3])}",
        }
        for one in placed[:_FAULTS]
    ]  # fmt: skip
