"""Nothing that works on the readings is forgotten on TimescaleDB."""

import re
from pathlib import Path

import pytest

DATABASE = Path(__file__).parents[1] / "database"
THEIRS = re.compile(r"\b(from|into|join|update|table) (readings|rollup)|\b(migrate|Pipeline|run_upkeep)\(")


@pytest.mark.parametrize("path", sorted(DATABASE.glob("test_*.py")), ids=lambda path: path.name)
def test_what_works_on_readings_is_marked_for_timescale(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if THEIRS.search(text):
        assert "pytestmark = pytest.mark.storage" in text, "make test-timescale would leave it out"
