"""What is wrong with a layer from a file: each fault named, with whom, where and how large, mended or not."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class LayerFault:
    """One fault. `mended`: it was, and the feature is taken; else what it says about `left_out`."""

    kind: str  # one of geo.layer_words.FAULTS
    rows: tuple[int, ...] = ()  # of the file, from 1; none: of the file as a whole
    names: tuple[str, ...] = ()
    size: float = 0.0
    unit: str = ""  # of the size: m², m, or nothing
    lon: float | None = None  # a place in it; x and y of the file as long as its system is not known
    lat: float | None = None
    mended: bool = False
    left_out: bool = False  # its rows are not taken
    detail: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
