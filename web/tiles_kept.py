"""Vector tiles, gzipped, made when they are first asked for and kept within bounds."""

import asyncio
import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from access.scope import Scope
from geo.snapshot import DrawnDivision, Snapshot
from geo.tiles import TileFeature, TileSource
from web.errors import TileUnknownError
from web.levels_kept import Kept, Levels, Reading, Stamp, Stamps

Answer = TypeVar("Answer")

# The zooms at which a level is drawn. Below them its divisions are smaller than a finger; above them clients draw the
# last tile larger.
ZOOMS = {
    "city": (4, 14),
    "district": (5, 14),
    "township": (6, 15),
    "village": (9, 16),
    "grid": (10, 16),
    "microgrid": (12, 17),
}
_SOURCES = 6
_BYTES = 64 << 20
_THREADS = 4
_GZIP = 4  # level: 6 takes half as long again for 3 % less


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A tile's bytes (MVT, gzipped) and the tag of its version."""

    body: bytes
    etag: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which tile."""

    z: int
    x: int
    y: int


class Tiles:
    """The tiles made so far; safe to share between threads."""

    def __init__(self, levels: Levels, stamps: Stamps, most_bytes: int = _BYTES) -> None:
        self.stamps = stamps
        self._levels = levels
        self._sources: Kept[str, TileSource] = Kept(_SOURCES)
        self._tiles = _Bounded(most_bytes)
        # Their own: after a change of boundaries many wait for one level, and nobody else shall wait with them.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tiles")

    async def in_turn(self, answer: Callable[[], Answer]) -> Answer:
        """Work it out in one of the threads that tiles have."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, answer)

    def close(self) -> None:
        """Let go of the threads; what is begun is ended."""
        self._threads.shutdown(cancel_futures=True)
        self.stamps.close()

    def etag(self, reading: Reading, levels: Sequence[str], place: Place, scope: Scope, stamp: Stamp) -> str:
        """The tag that the tile of these levels has now."""
        tags = " ".join(self._levels.tag(reading, level, stamp) for level in levels)
        told = f"{tags} {scope.setting()} {stamp.number} {place}"
        return f'"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'

    def tagged(
        self, reading: Reading, levels: Sequence[str], place: Place, scope: Scope, stamp: Stamp, etag: str
    ) -> Tile:
        """A tile of what the scope shows of these levels, each a layer of it; its tag is known."""
        if (body := self._tiles.get(etag)) is None:
            shown = self._levels.visible(reading, scope, stamp)
            sources = [self.source(reading, level, stamp) for level in levels if ZOOMS[level][0] <= place.z]
            body = self._cut(etag, sources, place, shown)
        return Tile(body=body, etag=etag)

    def foresee(self, reading: Reading, levels: Sequence[str], zooms: Sequence[int]) -> None:
        """What the first of these tiles would wait for is made now."""
        stamp = self.stamps.read(None, None)
        for level in levels:
            source = self.source(reading, level, stamp)
            for z in zooms:
                source.prepare(z)

    def drawn(self, tag: str, place: Place, make: Callable[[], TileSource]) -> Tile:
        """A tile of what is drawn and not in force; `tag` is that of all its tiles together."""
        etag = f'"{hashlib.sha256(f"{tag} {place}".encode()).hexdigest()[:24]}"'
        if (body := self._tiles.get(etag)) is None:
            body = self._cut(etag, [self._sources.get(tag, make)], place, None)
        return Tile(body=body, etag=etag)

    def _cut(self, etag: str, sources: Sequence[TileSource], place: Place, shown: NDArray[np.int64] | None) -> bytes:
        # The layers of a tile are a repeated field: tiles written one after another are the tile of all their layers.
        layers = b"".join(source.tile(place.z, place.x, place.y, shown) for source in sources)
        body = gzip.compress(layers, _GZIP)
        self._tiles.keep(etag, body)
        return body

    def source(self, reading: Reading, level: str, stamp: Stamp) -> TileSource:
        """What the tiles of a level are cut from."""
        kept = self._levels.read(reading, level, stamp)
        return self._sources.get(kept.tag, lambda: TileSource(level, _features(kept.snapshot)))


def levels_of(text: str) -> list[str]:
    """One level, or several with commas between them; raises TileUnknownError for what is none, or there twice."""
    levels = text.split(",")
    for level in levels:
        if level not in ZOOMS:
            raise TileUnknownError(f"no level is called {level!r}: take one of {', '.join(ZOOMS)}")
    if len(set(levels)) < len(levels):
        raise TileUnknownError(f"a level is there twice: {text}")
    return levels


def check_place(levels: Sequence[str], place: Place) -> None:
    """Raise TileUnknownError for a place that has no tiles: of several levels, where none of them has any."""
    lowest, highest = min(ZOOMS[level][0] for level in levels), max(ZOOMS[level][1] for level in levels)
    if not lowest <= place.z <= highest:
        raise TileUnknownError(f"{', '.join(levels)} has tiles of zoom {lowest} to {highest}, not of {place.z}")
    if not (0 <= place.x < 2**place.z and 0 <= place.y < 2**place.z):
        raise TileUnknownError(f"zoom {place.z} has tiles 0 to {2**place.z - 1} each way")


def _features(snapshot: Snapshot) -> Iterator[TileFeature]:
    for division, geometry in zip(snapshot.divisions, snapshot.geometries, strict=True):
        yield TileFeature(id=division.id, geometry=geometry, properties=_told(division))


def _told(division: DrawnDivision) -> dict[str, str | int | bool]:
    return {
        "id": division.id,
        "code": division.code,
        "name": division.name,
        "parent": division.parent_id or 0,
        "derived": division.derived,
        "state": "in_force",
    }


class _Bounded:
    """Bodies by tag, no more bytes of them than allowed; the one asked for longest ago goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, tag: str) -> bytes | None:
        with self._lock:
            if (body := self._kept.pop(tag, None)) is not None:
                self._kept[tag] = body
            return body

    def keep(self, tag: str, body: bytes) -> None:
        with self._lock:
            self._bytes += len(body) - len(self._kept.pop(tag, b""))
            self._kept[tag] = body
            while self._bytes > self._most:
                self._bytes -= len(self._kept.pop(next(iter(self._kept))))
