"""Layers for tests, written as programs of others write them."""

import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

Tiles = dict[tuple[int, int, int], bytes]


def png(pixels: NDArray[np.uint8] | tuple[int, int, int]) -> bytes:
    """A tile of these pixels, or of one colour."""
    image = Image.new("RGB", (256, 256), pixels) if isinstance(pixels, tuple) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def write_mbtiles(path: Path, tiles: Tiles, **metadata: str) -> None:
    """Tiles by z, x and y from the north; rows are stored from the south."""
    with closing(sqlite3.connect(path)) as sheet, sheet:
        sheet.execute("create table metadata (name text, value text)")
        sheet.executemany("insert into metadata values (?, ?)", metadata.items())
        sheet.execute("create table tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
        rows = [(z, x, 2**z - 1 - y, body) for (z, x, y), body in tiles.items()]
        sheet.executemany("insert into tiles values (?, ?, ?, ?)", rows)


def write_pmtiles(path: Path, tiles: Tiles, kind: TileType = TileType.PNG) -> None:
    """By the writer of the format's own authors."""
    with path.open("wb") as file:
        writer = Writer(file)
        for place in sorted(tiles, key=lambda one: zxy_to_tileid(*one)):
            writer.write_tile(zxy_to_tileid(*place), tiles[place])
        header: dict[str, Any] = {
            "tile_type": kind, "tile_compression": Compression.NONE,
            "min_lon_e7": 1062000000, "min_lat_e7": 291000000, "max_lon_e7": 1068000000, "max_lat_e7": 298000000,
            "center_zoom": 8, "center_lon_e7": 1065000000, "center_lat_e7": 295000000,
        }  # fmt: skip
        writer.finalize(header, {})


def write_folder(path: Path, tiles: Tiles, ending: str = "png") -> None:
    """As z/x/y.png."""
    for (z, x, y), body in tiles.items():
        file = path / str(z) / str(x) / f"{y}.{ending}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
