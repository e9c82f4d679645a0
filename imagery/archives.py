"""Tiles that are stored ready made: a folder z/x/y, an MBTiles file, a PMTiles archive. Pictures only."""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from pmtiles.reader import Reader
from pmtiles.tile import Compression, TileType

from imagery.errors import LayerBroken, TileRefused
from imagery.layers import HIGHEST
from imagery.pictures import MOST_BYTES, Picture, picture_of
from imagery.source import Extent
from imagery.squares import Bounds

_ENDINGS = ("png", "jpg", "jpeg", "webp")
_ZOOMS = {str(z) for z in range(HIGHEST + 1)}
_LONGEST = 64 << 20  # bytes of a directory of PMTiles
_VECTOR = "it holds vector tiles, and only pictures are drawn from archives: render them first, or import the layer"


class TileFolder:
    """A folder with z/x/y.png (or jpg, webp); raises LayerBroken where it holds no zoom."""

    def __init__(self, path: Path, rows: Literal["xyz", "tms"] = "xyz") -> None:
        if not path.is_dir():
            raise LayerBroken(f"{path}: there is no such folder: mend path")
        try:
            zooms = [int(one.name) for one in path.iterdir() if one.name in _ZOOMS and one.is_dir()]
        except OSError as error:
            raise LayerBroken(f"{path}: {error.strerror}: let the server read it") from error
        if not zooms:
            raise LayerBroken(f"{path}: it holds no folder that is named for a zoom (0 to {HIGHEST}): mend path")
        self._path, self._rows = path, rows
        self.extent = Extent(min_zoom=min(zooms), max_zoom=max(zooms), bounds=None)

    def tile(self, z: int, x: int, y: int) -> Picture | None:
        """A tile as it is stored."""
        row = 2**z - 1 - y if self._rows == "tms" else y
        for ending in _ENDINGS:
            file = self._path / str(z) / str(x) / f"{row}.{ending}"
            try:
                with file.open("rb") as opened:
                    return picture_of(opened.read(MOST_BYTES + 1))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise TileRefused(f"{file}: {error.strerror}") from error
        return None


class TileSheet:
    """An MBTiles file: rows from the south. Raises LayerBroken for what is none, or holds vector tiles."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise LayerBroken(f"{path}: there is no such file: mend path")
        self._uri = f"{path.resolve().as_uri()}?mode=ro"
        self._path = path
        told = dict(self._rows("select name, value from metadata"))
        if str(told.get("format", "")).lower() in ("pbf", "mvt"):
            raise LayerBroken(f"{path}: {_VECTOR}")
        lowest, highest = self._rows("select min(zoom_level), max(zoom_level) from tiles")[0]
        if lowest is None or not 0 <= lowest <= highest <= HIGHEST:
            raise LayerBroken(f"{path}: it holds no tiles of zooms 0 to {HIGHEST}")
        self.extent = Extent(min_zoom=lowest, max_zoom=highest, bounds=_bounds(told.get("bounds")))

    def tile(self, z: int, x: int, y: int) -> Picture | None:
        """A tile as it is stored."""
        rows = self._rows(
            "select tile_data, length(tile_data) from tiles where zoom_level = ? and tile_column = ? and tile_row = ?",
            (z, x, 2**z - 1 - y),
        )
        return picture_of(bytes(rows[0][0])) if rows and rows[0][0] else None

    def _rows(self, query: str, values: tuple[int, ...] = ()) -> list[Any]:
        try:
            with closing(sqlite3.connect(self._uri, uri=True, timeout=1)) as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise LayerBroken(
                f"{self._path}: it is no MBTiles file that can be read ({error}): copy it anew"
            ) from error


class TilesInOne:
    """A PMTiles archive (version 3). Raises LayerBroken for what is none, or holds vector tiles."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = Reader(self._read)
        try:
            told = self._reader.header()
        except OSError as error:
            raise LayerBroken(f"{path}: {error.strerror}: mend path, or who may read it") from error
        except Exception as error:  # the reader raises whatever a broken file makes of it
            raise LayerBroken(f"{path}: it is no PMTiles archive of version 3 ({_why(error)}): copy it anew") from error
        if told["tile_type"] == TileType.MVT:
            raise LayerBroken(f"{path}: {_VECTOR}")
        if told["max_zoom"] > HIGHEST or told["min_zoom"] > told["max_zoom"]:
            raise LayerBroken(
                f"{path}: it says zooms {told['min_zoom']} to {told['max_zoom']}: 0 to {HIGHEST} are drawn"
            )
        self._gzipped = told["tile_compression"] == Compression.GZIP
        bounds = tuple(told[f"{side}_e7"] / 1e7 for side in ("min_lon", "min_lat", "max_lon", "max_lat"))
        self.extent = Extent(min_zoom=told["min_zoom"], max_zoom=told["max_zoom"], bounds=_sound(bounds))

    def tile(self, z: int, x: int, y: int) -> Picture | None:
        """A tile as it is stored."""
        try:
            body = self._reader.get(z, x, y)
        except Exception as error:  # as above
            raise TileRefused(f"{self._path}: the archive is broken there ({_why(error)})") from error
        if not body:
            return None
        return picture_of(_unpacked(body) if self._gzipped else bytes(body))

    def _read(self, offset: int, length: int) -> bytes:
        """Bytes of the file. (Mapped into memory, one that is cut meanwhile would take the server with it.)"""
        if length > _LONGEST:
            raise TileRefused(f"{length} bytes are asked for at once")
        with self._path.open("rb") as file:
            file.seek(offset)
            body = file.read(length)
        if len(body) < length:
            raise TileRefused(f"{length} bytes are told of at {offset}, and {len(body)} are there")
        return body


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise TileRefused(f"a stored tile cannot be unpacked: {error}") from error


def _bounds(text: object) -> Bounds | None:
    try:
        return _sound(tuple(float(one) for one in str(text).split(",")))
    except ValueError:
        return None


def _sound(bounds: tuple[float, ...]) -> Bounds | None:
    """Bounds that can be; None: they are not taken for any."""
    if len(bounds) != 4:
        return None
    west, south, east, north = bounds
    return (west, south, east, north) if -180 <= west < east <= 180 and -90 <= south < north <= 90 else None
