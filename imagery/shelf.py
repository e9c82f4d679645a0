"""The owner's layers, opened when they are looked at; one that cannot be used takes nothing else with it."""

import hashlib
import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.imagery_settings import ImagerySettings
from imagery.archives import TileFolder, TileSheet, TilesInOne
from imagery.errors import ImageryError, LayerBroken, LayerBusy, LayerUnknown
from imagery.geotiff import GeoTiff
from imagery.kept_tiles import KeptTiles
from imagery.layers import OwnerLayer, read_layers
from imagery.pictures import Picture
from imagery.shifted import Shifted
from imagery.source import Extent, Source
from imagery.squares import CHONGQING, meets, tile_at
from imagery.wmts import TileService

log = logging.getLogger(__name__)

_THREADS = 4  # of a layer: one whose service hangs keeps no other waiting
_WAITING = 400  # tiles of a layer that are asked for and not made yet
_BYTES = 64 << 20  # of tiles that were made, not stored


@dataclass(frozen=True, kw_only=True)
class _Open:
    """A layer as it was opened, or why it was not."""

    signature: str  # of the file when it was
    source: Source | None
    fault: str = ""


class Shelf:
    """All layers of the owner; safe to share between threads. Raises ConfigError for a file of layers that is wrong."""

    def __init__(self, settings: ImagerySettings, layers: Sequence[OwnerLayer] | None = None) -> None:
        self.layers = {one.id: one for one in (read_layers(settings.layers) if layers is None else layers)}
        self._settings = settings
        self._kept = KeptTiles(settings.cache, settings.cache_mib << 20, settings.cache_days)
        self._open: dict[str, _Open] = {}
        self._opening = {name: threading.Lock() for name in self.layers}
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._made = _Made(_BYTES)
        self._waiting: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()  # tiles that could not be made, by layer
        self._said: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def extent(self, name: str) -> Extent:
        """Where a layer has tiles; raises LayerUnknown, LayerBroken."""
        return _within(self._known(name), self._source(name)[0].extent)

    def usable(self) -> list[tuple[OwnerLayer, Extent]]:
        """The layers that can be opened, in their order; of the others the log tells, once."""
        found = []
        for name, layer in self.layers.items():
            try:
                found.append((layer, self.extent(name)))
            except ImageryError as error:
                self._say(name, str(error))
        return found

    def ask(self, name: str, z: int, x: int, y: int) -> "Future[Picture | None]":
        """A tile, in one of the layer's threads; raises LayerUnknown, LayerBusy."""
        self._known(name)
        with self._lock:
            if self._waiting[name] >= _WAITING:
                raise LayerBusy(f"{_WAITING} tiles of {name} are waited for: ask again in a moment")
            self._waiting[name] += 1
            if name not in self._threads:
                self._threads[name] = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"imagery-{name}")
            asked = self._threads[name].submit(self.tile, name, z, x, y)
        asked.add_done_callback(lambda _: self._waited(name))
        return asked

    def tile(self, name: str, z: int, x: int, y: int) -> Picture | None:
        """A tile, None where there is none or it cannot be made (counted; told in the log once)."""
        try:
            source, signature = self._source(name)
            extent = _within(self.layers[name], source.extent)
            outside = extent.bounds is not None and not meets(extent.bounds, z, x, y)
            if outside or not extent.min_zoom <= z <= extent.max_zoom:
                return None
            if self.layers[name].kind == "wmts":  # kept on disk, for as long as the settings say
                return source.tile(z, x, y)
            return self._made.get(f"{name} {signature} {z}/{x}/{y}", lambda: source.tile(z, x, y))
        except ImageryError as error:
            with self._lock:
                self.faults[name] += 1
            self._say(name, str(error))
            return None

    def examined(self, name: str) -> dict[str, Any]:
        """Zooms, bounds and one tile of a layer; raises ImageryError where no tile can be made."""
        source, extent = self._source(name)[0], self.extent(name)
        bounds = extent.bounds or CHONGQING
        for z in _likely(extent):
            x, y = tile_at((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, z)
            if (picture := source.tile(z, x, y)) is not None:
                break
        else:
            raise LayerBroken("no tile was found in the middle of it at any zoom: do bounds and zooms say where it is?")
        return {
            "min_zoom": extent.min_zoom,
            "max_zoom": extent.max_zoom,
            "bounds": extent.bounds,
            "tile": f"{z}/{x}/{y}",
            "media": picture.media,
            "bytes": len(picture.body),
        }

    def close(self) -> None:
        """Let go of the threads."""
        for threads in self._threads.values():
            threads.shutdown(cancel_futures=True)

    def _known(self, name: str) -> OwnerLayer:
        if name not in self.layers:
            raise LayerUnknown(f"no layer has the id {name[:40]!r}: {', '.join(self.layers) or 'none is configured'}")
        return self.layers[name]

    def _waited(self, name: str) -> None:
        with self._lock:
            self._waiting[name] -= 1

    def _source(self, name: str) -> tuple[Source, str]:
        """An open layer and of which version it is; opened again when its file has changed."""
        layer = self.layers[name]
        signature = _signature(layer.path)
        found = self._open.get(name)
        if found is None or found.signature != signature:
            with self._opening[name]:
                found = self._open.get(name)
                if found is None or found.signature != signature:
                    found = self._open[name] = self._opened(layer, signature)
        if found.source is None:
            raise LayerBroken(found.fault)
        return found.source, signature

    def _opened(self, layer: OwnerLayer, signature: str) -> _Open:
        try:
            return _Open(signature=signature, source=open_layer(layer, self._settings, self._kept))
        except ImageryError as error:
            return _Open(signature=signature, source=None, fault=str(error))

    def _say(self, name: str, fault: str) -> None:
        """Each fault of a layer once; of faults of single tiles the first alone."""
        with self._lock:
            if (name, fault) in self._said or len([one for one in self._said if one[0] == name]) >= 3:
                return
            self._said.add((name, fault))
        log.warning("imagery %s: %s", name, fault)


def open_layer(layer: OwnerLayer, settings: ImagerySettings, kept: KeptTiles) -> Source:
    """A layer's source, drawn in WGS 84; raises ImageryError."""
    source = _bare(layer, settings, kept)
    return Shifted(source, layer.datum) if layer.datum in ("gcj02", "bd09") else source


def _bare(layer: OwnerLayer, settings: ImagerySettings, kept: KeptTiles) -> Source:
    if layer.kind == "wmts":
        return TileService(layer, kept, timeout_s=settings.timeout_s)
    assert layer.path is not None
    if layer.kind == "xyz-folder":
        return TileFolder(layer.path, layer.rows)
    if layer.kind == "mbtiles":
        return TileSheet(layer.path)
    return TilesInOne(layer.path) if layer.kind == "pmtiles" else GeoTiff(layer.path, layer.look)


def _within(layer: OwnerLayer, stored: Extent) -> Extent:
    """What is stored, within what the owner says; where they have nothing in common, what the owner says."""
    lowest = stored.min_zoom if layer.min_zoom is None else max(layer.min_zoom, stored.min_zoom)
    highest = stored.max_zoom if layer.max_zoom is None else min(layer.max_zoom, stored.max_zoom)
    return replace(stored, min_zoom=lowest, max_zoom=max(lowest, highest), bounds=layer.bounds or stored.bounds)


def _likely(extent: Extent) -> list[int]:
    """Zooms, those in the middle first."""
    middle = (extent.min_zoom + extent.max_zoom) // 2
    return sorted(range(extent.min_zoom, extent.max_zoom + 1), key=lambda z: abs(z - middle))


def _signature(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        seen = path.stat()
    except OSError:
        return "gone"
    return f"{seen.st_mtime_ns:x}-{seen.st_size:x}"


def etag_of(picture: Picture) -> str:
    """The tag of a tile's version."""
    return f'"{hashlib.sha256(picture.body).hexdigest()[:24]}"'


class _Made:
    """Tiles by name, no more bytes of them than allowed; the one asked for longest ago goes first."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._kept: OrderedDict[str, Picture | None] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str, make: Callable[[], Picture | None]) -> Picture | None:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        made = make()
        with self._lock:
            if name not in self._kept:
                self._kept[name] = made
                self._bytes += _weight(made)
            while self._bytes > self._most:
                self._bytes -= _weight(self._kept.popitem(last=False)[1])
        return made


def _weight(picture: Picture | None) -> int:
    return 200 + (len(picture.body) if picture else 0)
