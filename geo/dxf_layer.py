"""Areas of a drawing: closed polylines and hatches; names from the text inside, else from the drawing's layer."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from geo.layer_faults import LayerFault
from geo.layer_rows import as_text, closed_ring, plain, quietly

Drawing = tuple[dict[str, list[str]], NDArray[np.object_], list[LayerFault]]
_LAYER_WORDS = ("0", "defpoints")  # names that say nothing
_CODED = re.compile(r"^([0-9]{6,17})[_ -](.+)$")


def read_drawing(path: Path) -> Drawing:
    """The columns name, code, text, layer and handle; a polygon for each area; and what is none, named."""
    with quietly():
        meta, _, wkb, values = pyogrio.raw.read(path, force_2d=True)
    fields = dict(zip([str(name) for name in meta["fields"]], values, strict=True))
    shapes = shapely.from_wkb(wkb, on_invalid="ignore") if wkb is not None else np.empty(0, dtype=object)
    layers = [plain(as_text(value)) for value in fields.get("Layer", [""] * len(shapes))]
    texts = [plain(as_text(value)) for value in fields.get("Text", [""] * len(shapes))]
    handles = [as_text(value) for value in fields.get("EntityHandle", [""] * len(shapes))]
    kinds = [shapely.get_type_id(shape) if shape is not None else -1 for shape in shapes]
    labels = [i for i, kind in enumerate(kinds) if kind == 0 and texts[i]]
    drawn = [i for i, kind in enumerate(kinds) if kind != 0]
    polygons, faults = _areas([shapes[i] for i in drawn], [layers[i] for i in drawn])
    inside = _texts_inside(polygons, [shapes[i] for i in labels], [texts[i] for i in labels])
    named = _names(inside, [layers[i] for i in drawn])
    columns = {
        "name": [name for name, _ in named],
        "code": [code for _, code in named],
        "text": inside,
        "layer": [layers[i] for i in drawn],
        "handle": [handles[i] for i in drawn],
    }
    return columns, polygons, faults


def _names(inside: list[str], layers: list[str]) -> list[tuple[str, str]]:
    """Name and code of each area: the text inside, else the drawing's layer, where that is of this area alone or
    begins with a code (as our own drawings have it)."""
    silent = Counter(layer for text, layer in zip(inside, layers, strict=True) if not text)
    found = []
    for text, layer in zip(inside, layers, strict=True):
        coded = _CODED.match(layer)
        own = coded is not None or (silent[layer] == 1 and layer.lower() not in _LAYER_WORDS)
        name = coded[2] if coded else layer
        found.append((text or (name if own else ""), coded[1] if coded else ""))
    return found


def _areas(shapes: list[Any], layers: list[str]) -> tuple[NDArray[np.object_], list[LayerFault]]:
    polygons = np.full(len(shapes), None, dtype=object)
    faults = []
    for index, shape in enumerate(shapes):
        kind = -1 if shape is None else shapely.get_type_id(shape)
        if kind in (3, 6) and shapely.area(shape) > 0:
            polygons[index] = shape
        elif kind in (1, 2):
            polygons[index] = closed_ring(shape)
        if polygons[index] is None:
            word = "open_line" if kind in (1, 2, 5) else "collapsed" if kind in (3, 6) else "not_polygon"
            points = shapely.get_coordinates(shape) if shape is not None else np.empty((0, 2))
            x, y = (float(points[0, 0]), float(points[0, 1])) if len(points) else (None, None)
            faults.append(LayerFault(kind=word, rows=(index + 1,), names=(layers[index],), lon=x, lat=y, left_out=True))
    return polygons, faults


def _texts_inside(polygons: NDArray[np.object_], points: list[Any], texts: list[str]) -> list[str]:
    """The text inside each area, in the smallest area that has it; several are put together with a space."""
    found: list[list[str]] = [[] for _ in polygons]
    there = np.flatnonzero([polygon is not None for polygon in polygons])
    if len(there) and points:
        label, area = shapely.STRtree(polygons[there]).query(np.array(points, dtype=object), predicate="intersects")
        sizes = shapely.area(polygons[there])
        for one in np.unique(label).tolist():
            # A hatch over its outline has the same text: all areas of about that size get it.
            holding = area[label == one]
            least = sizes[holding].min()
            for which in holding[sizes[holding] <= least * 1.001].tolist():
                found[int(there[which])].append(texts[one])
    return [" ".join(dict.fromkeys(some)) for some in found]
