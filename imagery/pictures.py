"""Pictures of tiles: what they are, within which bounds they are taken, and how they are opened and written."""

import io
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagery.errors import TileRefused

Media = Literal["image/png", "image/jpeg", "image/webp"]

SIZE = 256  # pixels of a tile that we make
MOST_BYTES = 4 << 20
_MOST_SIDE = 1024
_FORMATS = ("PNG", "JPEG", "WEBP")
_QUALITY = 85


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A tile's bytes and what they are."""

    body: bytes
    media: Media


def picture_of(body: bytes) -> Picture:
    """Stored bytes, by their own account; raises TileRefused for what no browser draws."""
    if len(body) > MOST_BYTES:
        raise TileRefused(f"a stored tile has {len(body)} bytes, and {MOST_BYTES} are the most")
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return Picture(body=body, media="image/png")
    if body.startswith(b"\xff\xd8\xff"):
        return Picture(body=body, media="image/jpeg")
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return Picture(body=body, media="image/webp")
    raise TileRefused(f"a stored tile is no PNG, JPEG or WebP: it begins with {body[:8]!r}")


def opened(picture: Picture) -> Image.Image:
    """A picture in red, green, blue and how much it covers; raises TileRefused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(picture.body), formats=_FORMATS)
            if max(image.size) > _MOST_SIDE:
                raise TileRefused(f"a stored tile has {image.size} pixels, and {_MOST_SIDE} a side are the most")
            return image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TileRefused(f"a stored tile cannot be opened: {error}") from error


def written(pixels: NDArray[np.uint8]) -> Picture | None:
    """Pixels [height, width, 4] as a picture: JPEG where all is covered, else PNG; None where nothing is."""
    covered = pixels[:, :, 3]
    if not covered.any():
        return None
    file = io.BytesIO()
    if covered.min() == 255:
        Image.fromarray(np.ascontiguousarray(pixels[:, :, :3])).save(file, "JPEG", quality=_QUALITY)
        return Picture(body=file.getvalue(), media="image/jpeg")
    Image.fromarray(pixels).save(file, "PNG", compress_level=3)
    return Picture(body=file.getvalue(), media="image/png")
