"""What the figures mean is told once: the document has the very sentences, and their queries are there."""

from pathlib import Path

import pytest

from screen.figures import QUERIES
from web.figures_words import DEFINED

DOCUMENT = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", DEFINED)
def test_each_figure_is_told_in_the_document(key: str) -> None:
    one = DEFINED[key]
    for text in (one.zh, one.en, one.means_zh, one.means_en):
        assert text in DOCUMENT
    assert set(one.sql.split(", ")) <= set(QUERIES.names())
