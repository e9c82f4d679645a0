"""The small map of a frame, as SVG: grounds coloured by their worst alert, and where the alerts are.

Colours are attributes and not styles: WeasyPrint applies none to a picture within a page, and a page allows none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from markupsafe import Markup
from shapely.geometry.base import BaseGeometry

WIDE = 320  # units of the picture
_MARGIN = 6
_MOST = 400  # signs in a picture: more is one ground of colour
# On white paper: each has 3:1 or more beside it, and a shape of its own.
INK = {"red": "#c00f1f", "orange": "#d4610a", "yellow": "#a67c00", "blue": "#1763b8"}
GROUND = {"red": "#f3a6a6", "orange": "#fac793", "yellow": "#f6e08a", "blue": "#b5d3f2"}
# In a box of 24 by 24, as on the screen (web/static/levels.js).
SHAPES = {
    "red": "M8 1.5h8L22.5 8v8L16 22.5H8L1.5 16V8Z",
    "orange": "M12 .8 23.2 12 12 23.2 .8 12Z",
    "yellow": "M12 1.6 23.4 22H.6Z",
    "blue": "M12 2a10 10 0 1 1 0 20 10 10 0 1 1 0 -20Z",
}


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where an alert is; degrees."""

    level: str
    lon: float
    lat: float


class Sheet:
    """Where the pictures of a strip are drawn: all on one scale."""

    def __init__(self, lines: Sequence[BaseGeometry]) -> None:
        bounds = shapely.total_bounds(np.array([*lines], dtype=object)) if lines else (105.2, 28.1, 110.3, 32.3)
        self._west, south, east, self._north = (float(one) for one in bounds)
        self._narrow = math.cos(math.radians((south + self._north) / 2))
        self._scale = (WIDE - 2 * _MARGIN) / max((east - self._west) * self._narrow, 1e-6)
        self.high = round(min(max((self._north - south) * self._scale + 2 * _MARGIN, 80), WIDE))
        self._lines = "".join(self._path(one) for one in lines)

    def picture(self, grounds: Mapping[str, Sequence[BaseGeometry]], spots: Sequence[Spot]) -> Markup:
        """`grounds`: by their level, of what is coloured; the gravest on top."""
        parts = [f'<path d="{self._lines}" fill="#f4f6f8" stroke="#9aa7b3" stroke-width="0.6"/>']
        for level in reversed(INK):
            paths = "".join(self._path(one) for one in grounds.get(level, ()))
            if paths:
                parts.append(f'<path d="{paths}" fill="{GROUND[level]}" stroke="{INK[level]}" stroke-width="0.8"/>')
        for level in reversed(INK):
            parts += [self._sign(one) for one in spots[:_MOST] if one.level == level]
        size = f'viewBox="0 0 {WIDE} {self.high}" width="{WIDE}" height="{self.high}"'
        return Markup(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>')  # noqa: S704 - numbers and words of ours

    def _path(self, geometry: BaseGeometry) -> str:
        simple = shapely.simplify(geometry, 0.7 / self._scale)
        rings, of = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(simple)), return_index=True)
        told = []
        for ring in range(int(of[-1]) + 1 if len(of) else 0):
            x, y = self._places(rings[of == ring])
            told.append("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)) + "Z")
        return "".join(told)

    def _places(self, points: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> tuple[list[float], list[float]]:
        x = (points[:, 0] - self._west) * self._narrow * self._scale + _MARGIN
        return x.tolist(), ((self._north - points[:, 1]) * self._scale + _MARGIN).tolist()

    def _sign(self, spot: Spot) -> str:
        (x,), (y,) = self._places(np.array([[spot.lon, spot.lat]]))
        return (
            f'<path d="{SHAPES[spot.level]}" transform="translate({x - 5:.1f} {y - 5:.1f}) scale(0.42)"'
            f' fill="{INK[spot.level]}" stroke="#fff" stroke-width="2.5"/>'
        )


def sign(level: str) -> Markup:
    """The shape of a level, for a line of words."""
    path = f'<path d="{SHAPES[level]}" fill="{INK[level]}"/>'
    return Markup(  # noqa: S704 - of the constants above
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="12" height="12">{path}</svg>'
    )
