"""A process that draws one PDF: `python -m web.pdf_drawing FONTS` reads HTML and writes the PDF (WeasyPrint).

It imports nothing else of ours, so that it begins at once; and it reads nothing but files of the folder FONTS (a
file:// address): no other file, and no address of a network.
"""

import os
import sys
from typing import Any

from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher


class FontFetcher(URLFetcher):  # type: ignore[misc]  # it has no types
    """Gets the files of one folder, and refuses everything else."""

    def __init__(self, fonts: str) -> None:
        super().__init__(allowed_protocols={"file"})
        self._folder = fonts.rstrip("/") + "/"

    def fetch(self, url: str, headers: Any = None) -> Any:
        if not url.startswith(self._folder) or ".." in url:
            raise FatalURLFetchingError(f"a report asks for nothing but its font, and this is {url[:100]}")
        return super().fetch(url, headers)


def draw_pdf(html: str, fonts: str) -> bytes:
    """The PDF of a report's HTML; `fonts`: the address of the folder with its fonts."""
    return bytes(HTML(string=html, base_url=fonts, url_fetcher=FontFetcher(fonts)).write_pdf())


if __name__ == "__main__":
    os.nice(10)  # the pages of this server come first
    sys.stdout.buffer.write(draw_pdf(sys.stdin.buffer.read().decode(), sys.argv[1]))
