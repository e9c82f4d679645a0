"""Relief from elevations: hill shade by Horn's method, as shadow and light that lie over any ground."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_AZIMUTH, _ALTITUDE = np.radians(315.0), np.radians(45.0)  # the light comes from the north-west, as on every map
_DARKEST, _LIGHTEST = 200.0, 110.0  # how much shadow and light cover, of 255


def hill_shade(elevations: Floats, cell_m: float, exaggeration: float = 1.0) -> Floats:
    """How much light falls on each cell but those of the margin, 0 to 1; flat ground has the sine of 45°.

    Slopes by Horn (1981, Hill shading and the reflectance map): the eight neighbours, those at a side counted twice.
    `elevations` [height, width] in metres, rows from the north; `cell_m`: how far cells are apart on the ground.
    """
    a, b, c = elevations[:-2, :-2], elevations[:-2, 1:-1], elevations[:-2, 2:]
    d, f = elevations[1:-1, :-2], elevations[1:-1, 2:]
    g, h, i = elevations[2:, :-2], elevations[2:, 1:-1], elevations[2:, 2:]
    scale = exaggeration / (8 * cell_m)
    east = ((c + 2 * f + i) - (a + 2 * d + g)) * scale
    north = ((a + 2 * b + c) - (g + 2 * h + i)) * scale
    light_east, light_north = np.sin(_AZIMUTH) * np.cos(_ALTITUDE), np.cos(_AZIMUTH) * np.cos(_ALTITUDE)
    lit = (np.sin(_ALTITUDE) - east * light_east - north * light_north) / np.sqrt(1 + east**2 + north**2)
    shade: Floats = np.clip(lit, 0, 1).astype(np.float32)
    return shade


def shaded_pixels(
    elevations: Floats, known: NDArray[np.bool_], cell_m: float, exaggeration: float
) -> NDArray[np.uint8]:
    """Pixels [height - 2, width - 2, 4]: black where it is darker than flat ground, white where lighter.

    Where nothing is known (`known` false) nothing is drawn; at its edge the ground is taken to go on level.
    """
    level = np.where(known, elevations, np.nan).astype(np.float32)
    shade = hill_shade(_levelled(level), cell_m, exaggeration)
    flat = float(np.sin(_ALTITUDE))
    pixels = np.zeros((*shade.shape, 4), np.uint8)
    dark = np.clip((flat - shade) / flat, 0, 1) * _DARKEST
    light = np.clip((shade - flat) / (1 - flat), 0, 1) * _LIGHTEST
    pixels[:, :, :3] = np.where(shade > flat, 255, 0)[:, :, None]
    pixels[:, :, 3] = np.where(known[1:-1, 1:-1], np.maximum(dark, light), 0).astype(np.uint8)
    return pixels


def _levelled(elevations: Floats) -> Floats:
    """With what is not known as high as a known neighbour, so that no cliff is drawn there."""
    filled = elevations
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        filled = np.where(np.isnan(filled), np.roll(elevations, step, axis), filled)
    return np.nan_to_num(filled, nan=0.0)
