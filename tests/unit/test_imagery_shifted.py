"""Layers in GCJ-02 and BD-09: a landmark is drawn where it stands."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from geo.crs import bd09_from_wgs84, gcj02_from_wgs84
from imagery.pictures import Picture
from imagery.shifted import Shifted
from imagery.source import Extent
from imagery.squares import tile_at, world_of

Convert = Callable[..., tuple[np.ndarray, np.ndarray]]
LANDMARKS = [(106.5765, 29.5572), (106.5512, 29.5631), (107.7601, 29.3250), (108.4, 30.82)]


class Drawn:
    """A layer with a cross of light at the landmark's shifted place, drawn tile by tile as its maker would."""

    extent = Extent(min_zoom=3, max_zoom=18, bounds=None)

    def __init__(self, lon: float, lat: float, convert: Convert) -> None:
        x, y = world_of(*convert(np.array([lon]), np.array([lat])))
        self._x, self._y = float(x[0]), float(y[0])

    def tile(self, z: int, x: int, y: int) -> Picture | None:
        image = Image.new("RGB", (256, 256), (10, 10, 10))
        across, down = (self._x * 2**z - x) * 256, (self._y * 2**z - y) * 256
        draw = ImageDraw.Draw(image)
        draw.ellipse([across - 6, down - 6, across + 6, down + 6], fill=(255, 255, 255))
        file = io.BytesIO()
        image.save(file, "PNG")
        return Picture(body=file.getvalue(), media="image/png")


@pytest.mark.parametrize(("datum", "convert"), [("gcj02", gcj02_from_wgs84), ("bd09", bd09_from_wgs84)])
@pytest.mark.parametrize("z", [11, 14, 16, 17])
@pytest.mark.parametrize("place", LANDMARKS)
def test_a_landmark_is_aligned_to_a_pixel(datum: str, convert: Convert, z: int, place: tuple[float, float]) -> None:
    lon, lat = place
    across, down = world_of(np.array([lon]), np.array([lat]))
    x, y = tile_at(lon, lat, z)
    expected = np.array([down[0] * 2**z - y, across[0] * 2**z - x]) * 256
    made = Shifted(Drawn(lon, lat, convert), datum).tile(z, x, y)
    assert made is not None
    light = np.asarray(Image.open(io.BytesIO(made.body)).convert("L")).astype(float)
    light[light < 60] = 0
    rows, columns = np.mgrid[0:256, 0:256] + 0.5
    seen = np.array([(light * rows).sum(), (light * columns).sum()]) / light.sum()
    if (np.abs(expected - 128) < 118).all():  # else a part of it is in the next tile
        assert np.abs(seen - expected).max() <= 1
    else:
        assert np.abs(seen - expected).max() <= 7


def test_without_it_the_landmark_is_hundreds_of_pixels_away() -> None:
    """So the test above can fail."""
    lon, lat = LANDMARKS[0]
    there = np.array(world_of(*gcj02_from_wgs84(np.array([lon]), np.array([lat]))))
    here = np.array(world_of(np.array([lon]), np.array([lat])))
    assert np.hypot(*(there - here)[:, 0]) * 2**16 * 256 > 150


def test_nothing_is_drawn_outside_of_china_or_where_the_layer_has_nothing() -> None:
    class Empty(Drawn):
        def tile(self, *_: int) -> Picture | None:
            return None

    assert Shifted(Drawn(*LANDMARKS[0], gcj02_from_wgs84), "gcj02").tile(10, 0, 0) is None
    empty = Shifted(Empty(*LANDMARKS[0], gcj02_from_wgs84), "gcj02")
    assert empty.tile(12, *tile_at(*LANDMARKS[0], 12)) is None
