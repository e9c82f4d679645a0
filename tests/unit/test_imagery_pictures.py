"""Stored pictures that are none, or more than they seem."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from imagery.errors import TileRefused
from imagery.pictures import opened, picture_of, written


def test_each_form_is_told_by_its_own_bytes() -> None:
    for form, media in (("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")):
        file = io.BytesIO()
        Image.new("RGB", (256, 256), (9, 90, 200)).save(file, form)
        found = picture_of(file.getvalue())
        assert found.media == media
        assert np.abs(np.asarray(opened(found))[0, 0].astype(int) - (9, 90, 200, 255)).max() < 8
    for body in (b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", b"II*\0"):
        with pytest.raises(TileRefused, match="no PNG, JPEG or WebP"):
            picture_of(body)


def test_a_small_file_that_would_be_a_huge_picture_is_not_opened() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    head = (60_000).to_bytes(4) + (60_000).to_bytes(4) + b"\x08\x02\0\0\0"
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(TileRefused):
        opened(picture_of(bomb))
    with pytest.raises(TileRefused, match="cannot be opened"):
        opened(picture_of(b"\x89PNG\r\n\x1a\n and rubbish"))


def test_what_is_whole_is_written_small_and_what_is_empty_not_at_all() -> None:
    pixels = np.full((256, 256, 4), 255, np.uint8)
    assert (whole := written(pixels)) is not None and whole.media == "image/jpeg"
    pixels[0, 0, 3] = 0
    assert (part := written(pixels)) is not None and part.media == "image/png"
    assert written(np.zeros((256, 256, 4), np.uint8)) is None
