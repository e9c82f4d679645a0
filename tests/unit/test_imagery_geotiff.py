"""GeoTIFFs, written by rasterio, as tiles: where a pixel lies, what is transparent, and the shade of slopes."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import Resampling
from rasterio.transform import from_bounds, from_origin

from geo.crs import gauss_kruger_zone
from imagery.errors import LayerBroken
from imagery.geotiff import GeoTiff
from imagery.pictures import Picture
from imagery.relief import hill_shade
from imagery.squares import degrees_of, tile_at, world_of

WEST, SOUTH, EAST, NORTH = 106.50, 29.50, 106.60, 29.60


def write(
    path: Path, bands: NDArray[Any], *, crs: str | None = "EPSG:4490", overviews: tuple[int, ...] = (), **more: Any
) -> Path:
    count, height, width = bands.shape
    place = from_bounds(WEST, SOUTH, EAST, NORTH, width, height)
    told = {"transform": place, "tiled": True, "blockxsize": 256, "blockysize": 256, **more}
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=bands.dtype, crs=crs, **told
    ) as file:
        file.write(bands)
        if overviews:
            file.build_overviews(overviews, Resampling.average)
    return path


def pixels(picture: Picture | None) -> NDArray[np.uint8]:
    assert picture is not None
    return np.asarray(Image.open(io.BytesIO(picture.body)).convert("RGBA"))


def test_a_landmark_is_where_it_belongs(tmp_path: Path) -> None:
    """A white block of a file in degrees, found in a tile of zoom 14 to a pixel."""
    lon, lat = 106.547, 29.561
    bands = np.full((3, 2000, 2000), 20, np.uint8)
    column, row = round((lon - WEST) / (EAST - WEST) * 2000), round((NORTH - lat) / (NORTH - SOUTH) * 2000)
    bands[:, row - 6 : row + 6, column - 6 : column + 6] = 250
    source = GeoTiff(write(tmp_path / "a.tif", bands, overviews=(2, 4)))
    x, y = tile_at(lon, lat, 14)
    found = pixels(source.tile(14, x, y))
    across, down = world_of(np.array([lon]), np.array([lat]))
    expected = np.array([down[0] * 2**14 - y, across[0] * 2**14 - x]) * 256
    seen = np.argwhere(found[:, :, 0] > 150).mean(axis=0) + 0.5
    assert np.abs(seen - expected).max() <= 1
    assert source.extent.bounds == pytest.approx((WEST, SOUTH, EAST, NORTH), abs=1e-4)
    assert source.extent.min_zoom <= 8 and source.extent.max_zoom in (14, 15, 16)


def test_other_systems_are_warped(tmp_path: Path) -> None:
    """Of a Gauss-Krüger zone; the corners outside of the turned picture are transparent."""
    bands = np.full((3, 400, 400), 200, np.uint8)
    zone = gauss_kruger_zone(106.55)
    path = write(tmp_path / "gk.tif", bands, crs=zone, transform=from_origin(450_000, 3_275_000, 10, 10))
    source = GeoTiff(path)
    assert source.extent.bounds is not None
    west, south, east, north = source.extent.bounds
    inside, corner = tile_at((west + east) / 2, (south + north) / 2, 13), tile_at(west, north, 13)
    assert (pixels(source.tile(13, *inside))[:, :, 3] > 0).any()
    alpha = pixels(source.tile(13, *corner))[:, :, 3]
    assert (alpha == 0).any() and (alpha == 255).any()
    assert source.tile(13, 0, 0) is None


def test_what_has_no_data_is_transparent_and_a_palette_is_kept(tmp_path: Path) -> None:
    band = np.zeros((1, 512, 512), np.uint8)
    band[0, :, 256:] = 7
    path = write(tmp_path / "p.tif", band, nodata=0)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {7: (10, 200, 30, 255)})
    z, (x, y) = 12, tile_at(106.55, 29.55, 12)
    found = pixels(GeoTiff(path).tile(z, x, y))
    kinds = {tuple(one) for one in found.reshape(-1, 4).tolist()}
    assert (10, 200, 30, 255) in kinds and any(one[3] == 0 for one in kinds)


def plane(east: float, north: float, cells: int = 12, cell_m: float = 10) -> NDArray[np.float32]:
    """A slope that rises so much for a metre eastwards and northwards."""
    row, column = np.mgrid[0:cells, 0:cells]
    return ((column * east - row * north) * cell_m).astype(np.float32)


@pytest.mark.parametrize(("east", "north"), [(0, 0), (0.5, 0), (0, 0.5), (-0.3, 0.7), (1, -1)])
def test_the_shade_of_a_plane_is_that_of_its_normal(east: float, north: float) -> None:
    """Lambert's law, worked out from the angle between the normal of the plane and the light."""
    normal = np.array([-east, -north, 1.0]) / np.sqrt(east**2 + north**2 + 1)
    light = np.array([-0.5, 0.5, np.sqrt(0.5)])  # from the north-west, 45° high
    shade = hill_shade(plane(east, north), 10.0)
    assert np.allclose(shade, max(0.0, float(normal @ light)), atol=1e-5)


def test_horn_counts_the_neighbours_at_a_side_twice() -> None:
    """A spike, by hand: its eastern neighbour sees a rise of 2 × 8 over 8 cells of 10 m to the west."""
    ground = np.zeros((5, 5), np.float32)
    ground[2, 2] = 8
    shade = hill_shade(ground, 10.0)
    rise = -2 * 8 / (8 * 10)
    expected = (np.sqrt(0.5) + rise * 0.5) / np.sqrt(1 + rise**2)
    assert shade[1, 2] == pytest.approx(expected, abs=1e-5)


def test_elevations_give_relief(tmp_path: Path) -> None:
    """A ridge from north to south: its western side is light, the eastern dark, flat ground is left as it is."""
    column = np.abs(np.arange(600) - 300)
    heights = np.clip(600 - column * 6.0, 0, None).astype(np.float32)
    bands = np.broadcast_to(heights, (1, 600, 600)).copy()
    bands[0, :100] = -9999
    source = GeoTiff(write(tmp_path / "dem.tif", bands, nodata=-9999))
    z = 12
    x, y = tile_at(106.55, 29.56, z)
    found = pixels(source.tile(z, x, y))
    west, south, east, north = degrees_of(z, x, y)

    def at(lon: float, lat: float = 29.55) -> list[int]:
        return found[int((north - lat) / (north - south) * 256), int((lon - west) / (east - west) * 256)].tolist()

    assert at(106.546)[0] == 255 and at(106.546)[3] > 20
    assert at(106.554)[0] == 0 and at(106.554)[3] > 20
    assert at(max(west + 0.002, 106.505), 29.55)[3] == 0 or found[:, :, 3].min() == 0
    if north > 29.59:
        assert at(106.551, 29.59)[3] == 0


def test_what_cannot_be_drawn_is_told(tmp_path: Path) -> None:
    plain = np.full((3, 64, 64), 9, np.uint8)
    for path, told in (
        (write(tmp_path / "a.tif", plain, crs=None), "-a_srs"),
        (write(tmp_path / "b.tif", plain.astype(np.uint16)), "gdal_translate"),
        (tmp_path / "none.tif", "mend path"),
    ):
        with pytest.raises(LayerBroken, match=told):
            GeoTiff(path)
    cut = tmp_path / "cut.tif"
    cut.write_bytes((tmp_path / "a.tif").read_bytes()[:100])
    with pytest.raises(LayerBroken, match="no GeoTIFF"):
        GeoTiff(cut)
    with pytest.raises(LayerBroken, match="one band of elevations"):
        GeoTiff(write(tmp_path / "c.tif", plain), "relief")


def test_a_huge_file_without_overviews_is_drawn_near_by_only(tmp_path: Path) -> None:
    """Else one tile would read all of it; nothing of it is written here, it is sparse."""
    path = tmp_path / "huge.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=200_000, width=200_000, dtype="uint8", crs="EPSG:4490",
        transform=from_bounds(105, 28, 110, 33, 200_000, 200_000), tiled=True, SPARSE_OK=True, BIGTIFF="YES",
    ):  # fmt: skip
        pass
    source = GeoTiff(path)
    assert source.extent.min_zoom >= 9
    assert source.tile(6, *tile_at(107, 30, 6)) is None
    source.tile(source.extent.min_zoom, *tile_at(107, 30, source.extent.min_zoom))
