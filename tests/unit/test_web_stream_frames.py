"""The head of the page begins the stream before its modules are here: it keeps every frame that they will take."""

import re
from pathlib import Path

from web.page import FRAMES

STREAM = Path(__file__).parents[2] / "web" / "static" / "stream.js"


def test_what_the_head_keeps_is_what_the_stream_takes() -> None:
    """Beside kinds of which nothing is taken, because a board follows them."""
    taken = re.findall(r'^ *on\("(\w+)", (?!\(\) => \{\})', STREAM.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(taken) > 5
    assert sorted(taken) == sorted(FRAMES)
