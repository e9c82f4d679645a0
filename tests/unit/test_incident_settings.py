"""config/incidents.toml: what is shipped, and what is refused."""

from pathlib import Path

import pytest

from alerts.errors import EditedFileError
from alerts.incident_settings import incident_settings, load_incident_settings

HOUR = 3_600_000_000


def test_the_shipped_settings() -> None:
    shipped = incident_settings()
    assert (shipped.window_us("gas"), shipped.reach_of("gas")) == (2 * HOUR, "touching")
    assert (shipped.window_us("flood"), shipped.reach_of("flood")) == (24 * HOUR, "touching")
    assert (shipped.window_us("care"), shipped.reach_of("care")) == (2 * HOUR, "subject")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("window_h = 2\nreach = 'far'\n", r"incidents.toml:2: .*reach.*touching"),
        ("\n[families.flood]\nwindow_h = 0\n", r"incidents.toml:3: .*window_h.*more than 0"),
        ("[families.rain]\nreach = 'place'\n[families.flood]\nwindow = 3\n", r"incidents.toml:4: .*window"),
        ("window_h = \n", r"incidents.toml:1: not TOML"),
    ],
)
def test_a_fault_is_named_with_its_line_and_its_remedy(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "incidents.toml"
    path.write_text(text)
    with pytest.raises(EditedFileError, match=said):
        load_incident_settings(path)
