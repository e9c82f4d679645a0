"""What there is to hold a layer against: the divisions of each level as they are, and where they lie."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from numpy.typing import NDArray

from config.database import Connection
from geo.divisions import all_of, boundaries

LEVELS = ("city", "district", "township", "grid")
_SIMPLE = 0.0001  # degrees, about 10 m: fit is told in percent of an area


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The polygons of a level."""

    names: tuple[str, ...]
    shapes: NDArray[np.object_]
    tree: shapely.STRtree
    places: Mapping[str, tuple[int, ...]]  # where the polygons of each name are


@dataclass(frozen=True, kw_only=True)
class Known:
    """Names and codes by level, and the polygons of those levels that have any."""

    names: Mapping[str, frozenset[str]]
    codes: Mapping[str, frozenset[str]]
    drawn: Mapping[str, Drawn]


def read_known(connection: Connection, at: datetime) -> Known:
    """The divisions at an instant."""
    names: dict[str, frozenset[str]] = {}
    codes: dict[str, frozenset[str]] = {}
    drawn: dict[str, Drawn] = {}
    for level in LEVELS:
        listed = {division.id: division for division in all_of(connection, level, at)}
        names[level] = frozenset(division.name for division in listed.values())
        codes[level] = frozenset(division.code for division in listed.values())
        outlines = boundaries(connection, level, at)
        if outlines:
            shapes = shapely.simplify([one.geometry for one in outlines], _SIMPLE)
            called = tuple(listed[one.division_id].name if one.division_id in listed else "" for one in outlines)
            drawn[level] = drawn_of(called, shapes)
    return Known(names=names, codes=codes, drawn=drawn)


def drawn_of(names: Sequence[str], shapes: NDArray[np.object_]) -> Drawn:
    """Polygons with their names, to be looked through."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        places[name].append(index)
    return Drawn(
        names=tuple(names),
        shapes=shapes,
        tree=shapely.STRtree(shapes),
        places={name: tuple(found) for name, found in places.items()},
    )
