"""Tiles that a service gave, kept on disk within a bound."""

import hashlib
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

_ROOM = 0.9  # of the bound is left when it was reached


@dataclass(frozen=True, kw_only=True)
class KeptTile:
    """A tile's bytes, b"" where the service said that there is none; `fresh`: it need not be asked for again."""

    body: bytes
    fresh: bool


class KeptTiles:
    """A folder of tiles; safe to share between threads. A disk that cannot be written keeps nothing, said once."""

    def __init__(self, folder: Path, most_bytes: int, days: float, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._most, self._seconds, self._clock = folder, most_bytes, days * 86_400, clock
        self._bytes: int | None = None  # of all; None: not counted yet
        self._lock = threading.Lock()
        self._said = False

    def get(self, layer: str, place: tuple[int, int, int]) -> KeptTile | None:
        """What is kept of a tile, old or not."""
        file = self._file(layer, place)
        try:
            age = self._clock() - file.stat().st_mtime
            return KeptTile(body=file.read_bytes(), fresh=0 <= age < self._seconds)
        except OSError:
            return None

    def keep(self, layer: str, place: tuple[int, int, int], body: bytes) -> None:
        """Keep a tile; the oldest make room for it."""
        if len(body) > self._most or not self._most:
            return
        file = self._file(layer, place)
        try:
            self._put(file, body)
        except OSError as error:
            if not self._said:
                log.warning("tiles are not kept: %s: %s: mend SHIJING_IMAGERY_CACHE", self._folder, error.strerror)
            self._said = True

    def _put(self, file: Path, body: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as made:
            made.write(body)
        now = self._clock()
        os.utime(made.name, (now, now))
        Path(made.name).replace(file)
        with self._lock:
            self._bytes = self._counted() if self._bytes is None else self._bytes + len(body)
            if self._bytes > self._most:
                self._make_room()

    def _file(self, layer: str, place: tuple[int, int, int]) -> Path:
        z, x, y = place
        return self._folder / hashlib.sha256(layer.encode()).hexdigest()[:24] / str(z) / str(x) / str(y)

    def _counted(self) -> int:
        return sum(file.stat().st_size for file in self._files())

    def _files(self) -> list[Path]:
        return [Path(folder) / name for folder, _, names in os.walk(self._folder) for name in names]

    def _make_room(self) -> None:
        """The oldest go until a tenth is free."""
        stated = sorted(
            ((one.stat().st_mtime, one.stat().st_size, one) for one in self._files()), key=lambda one: one[0]
        )
        left = sum(size for _, size, _ in stated)
        for _, size, file in stated:
            if left <= self._most * _ROOM:
                break
            file.unlink(missing_ok=True)
            left -= size
        self._bytes = left
