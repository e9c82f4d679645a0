"""A first grid network of a township: pure, and the same for the same input, whatever machine part made it.

From points with households where there are any, else by area; grids tile the township's polygon vertex by vertex.
First lines cut it into faces (geo/generate_faces.py), small faces are joined and large ones cut along short straight
lines (geo/generate_cut.py); what comes out is numbered from the north-west to the south-east.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from config.generation_settings import GenerationSettings
from geo.crs import areas_m2
from geo.errors import GeoError
from geo.generate_cut import Piece, Plane, Seams
from geo.generate_faces import Sizes, faces_of, grouped, ranked_edges
from geo.generate_holes import joined
from geo.generate_mend import Making, cut_up, mended
from geo.generate_places import households_of, order_by_place, weighed
from geo.generate_quality import measured
from geo.generate_township import Grid, Network, Township

VERSION = 2  # of this procedure: what another one made is made again
MOST_GRIDS = 999  # the three digits of a grid's code
_TRIES = 4


class NotCut(GeoError):
    """No network of sound polygons was found for a township."""


class TooManyGrids(GeoError):
    """A township would have more grids than their codes can tell apart."""


def generate(township: Township, settings: GenerationSettings, seed: int) -> Network:
    """Grids that tile the township; raises TooManyGrids where there is no code for all of them, and NotCut."""
    shapely.prepare(township.polygon)
    inside = shapely.intersects_xy(township.polygon, township.points)
    sizes, is_complex = _sizes(township, settings, float(township.weights[inside].sum()))
    for again in range(_TRIES):
        making = _making(township, settings, sizes, np.random.default_rng([seed, int(township.code), again]))
        pieces = [piece for part in shapely.get_parts(township.polygon) for piece in _of_part(making, part)]
        polygons = np.array([*(making.seams.polygon(piece.polygon) for piece in pieces), None], dtype=object)[:-1]
        # Rounding may fold a border where grids are a few metres wide; turned a little, it does not.
        if shapely.is_valid(polygons).all() and shapely.coverage_is_valid(polygons):
            break
    else:
        raise NotCut(
            f"{township.name} ({township.code}) cannot be cut into sound grids: do points with many households lie"
            " within metres of each other? Give one point for each building, and another seed (--seed)"
        )
    grids = _numbered(making, shapely.orient_polygons(polygons))
    return Network(
        township_id=township.id,
        grids=grids,
        quality=measured(
            [grid.geometry for grid in grids],
            [grid.households for grid in grids],
            township.courses,
            sizes.least,
            sizes.most,
        ),
        complex=is_complex,
        points_outside=int(np.count_nonzero(~inside)),
    )


def _making(township: Township, settings: GenerationSettings, sizes: Sizes, rng: np.random.Generator) -> Making:
    cutting = township.ranks >= settings.least_line
    return Making(
        township=township,
        keep=settings.along_lines,
        courses=township.courses[cutting],
        ranks=township.ranks[cutting],
        sizes=sizes,
        plane=Plane.at(float(shapely.centroid(township.polygon).y), float(rng.random())),
        seams=Seams(),
        rng=rng,
    )


def _sizes(township: Township, settings: GenerationSettings, known: float) -> tuple[Sizes, bool]:
    """How large the grids are to be: by how scattered or crowded people live."""
    households = known or township.households
    density = households / (float(areas_m2(np.array([township.polygon]))[0]) / 1e6)
    if settings.scattered_per_km2 <= density <= settings.crowded_per_km2:
        return Sizes(target=settings.target, least=settings.least, most=settings.most), False
    few = Sizes(target=settings.complex_target, least=settings.complex_least, most=settings.complex_most)
    return few, True


def _of_part(making: Making, part: Any) -> list[Piece]:
    """The grids of one part of the township: those of another part never belong to them."""
    faces = faces_of(part, making.courses)
    pieces = weighed(making.township, faces, making.sizes, making.plane, making.rng)
    if len(pieces) > 1:
        lines = list(zip(making.courses, making.ranks.tolist(), strict=True))
        borders = ranked_edges(faces, lines, making.plane)
        groups = grouped(pieces, borders, making.sizes, making.plane, making.keep)
        pieces = [joined([pieces[i] for i in members]) for members in groups]
    grids = [grid for piece in pieces for grid in cut_up(making, piece)]
    return mended(making, grids) if len(faces) > 1 else grids


def _numbered(making: Making, polygons: NDArray[np.object_]) -> tuple[Grid, ...]:
    """Names and codes by place."""
    township = making.township
    if len(polygons) > MOST_GRIDS:
        raise TooManyGrids(
            f"{township.name} ({township.code}) would have {len(polygons)} grids, and codes have room for {MOST_GRIDS}"
            " in a township: ask for more households in each (--target)"
        )
    areas = areas_m2(polygons)
    households = households_of(township, list(polygons), making.plane)
    return tuple(
        Grid(
            number=number,
            code=f"{township.code[:9]}000{number:03d}",
            name=f"第{number}网格",
            households=int(households[i]),
            area_m2=float(areas[i]),
            geometry=polygons[i],
        )
        for number, i in enumerate(order_by_place(polygons), start=1)
    )
