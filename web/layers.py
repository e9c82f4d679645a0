"""Map layers as gzipped GeoJSON, made once for each version of the boundaries."""

import gzip
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.database import Connection
from config.settings import PROJECT
from geo.divisions import layer_geojson
from web.errors import LayerUnknownError
from web.state import read_layer_stamp

LEVELS = {"districts": "district", "townships": "township"}
RIVERS = PROJECT / "geo" / "data" / "rivers_10m.geojson"
_KEPT = 8  # versions in memory; a township layer is about half a megabyte gzipped


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer's bytes (GeoJSON, lon/lat in degrees, gzipped) and the tag of its version."""

    body: bytes
    etag: str


class Layers:
    """The layers made so far; safe to share between threads."""

    def __init__(self, rivers: Path = RIVERS) -> None:
        self._rivers = rivers
        self._made: dict[str, Layer] = {}
        self._making = threading.Lock()  # one at a time: fifty screens may ask at once after an import

    def get(self, connection: Connection, name: str, at: datetime) -> Layer:
        """A layer as valid at a time; raises LayerUnknownError for a name that is not in LEVELS."""
        if name not in LEVELS:
            raise LayerUnknownError(name)
        etag = f'"{name}-{read_layer_stamp(connection, at)}"'
        with self._making:
            if etag not in self._made:
                collection = layer_geojson(connection, LEVELS[name], at)
                self._keep(Layer(body=gzip.compress(collection, 6), etag=etag))
            return self._made[etag]

    def rivers(self) -> Layer:
        """The main rivers; raises LayerUnknownError where the file is not there."""
        try:
            seen = self._rivers.stat()
        except FileNotFoundError as error:
            raise LayerUnknownError(f"rivers: {self._rivers} is not there") from error
        etag = f'"rivers-{seen.st_mtime_ns:x}-{seen.st_size:x}"'
        return Layer(body=gzip.compress(self._rivers.read_bytes(), 6), etag=etag)

    def _keep(self, layer: Layer) -> None:
        while len(self._made) >= _KEPT:
            self._made.pop(next(iter(self._made)))
        self._made[layer.etag] = layer
