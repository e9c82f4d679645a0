"""What a PDF may read while it is drawn: the fonts of its folder."""

from pathlib import Path

import pytest
from weasyprint.urls import FatalURLFetchingError

from web.pdf_drawing import FontFetcher


@pytest.fixture
def fonts(tmp_path: Path) -> str:
    folder = tmp_path / "fonts"
    folder.mkdir()
    (folder / "one.woff2").write_bytes(b"letters")
    (tmp_path / "secret").write_text("of another folder")
    return folder.as_uri()


def test_a_font_of_the_folder_is_read(fonts: str) -> None:
    answer = FontFetcher(fonts).fetch(f"{fonts}/one.woff2")
    assert answer.read() == b"letters"
    answer.close()


@pytest.mark.parametrize("rest", ["/../secret", "2/one.woff2", ""])
def test_nothing_else_of_the_machine_is_read(fonts: str, rest: str) -> None:
    with pytest.raises(FatalURLFetchingError, match="nothing but its font"):
        FontFetcher(fonts).fetch(fonts + rest)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x", "data:text/plain,x", "file:///etc/hostname"])
def test_no_address_is_asked(fonts: str, address: str) -> None:
    with pytest.raises(FatalURLFetchingError, match="nothing but its font"):
        FontFetcher(fonts).fetch(address)
