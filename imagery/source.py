"""What every kind of layer is once it is open."""

from dataclasses import dataclass
from typing import Protocol

from imagery.pictures import Picture
from imagery.squares import Bounds


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Where a layer has tiles."""

    min_zoom: int
    max_zoom: int
    bounds: Bounds | None  # None: it does not say


class Source(Protocol):
    """An open layer; safe to share between threads."""

    extent: Extent

    def tile(self, z: int, x: int, y: int) -> Picture | None:
        """A tile, None where there is none; raises ImageryError."""
        ...
