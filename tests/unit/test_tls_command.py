"""`shijing tls` from nothing to a certificate, and what it tells of it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shijing import app


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SHIJING_TLS_FOLDER", str(tmp_path / "tls"))
    return tmp_path / "tls"


def told(*words: str) -> dict[str, object]:
    result = CliRunner().invoke(app, ["tls", *words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert isinstance(found, dict)
    return found


def test_from_nothing_to_a_certificate(folder: Path) -> None:
    made = told("init", "--name", "永丰镇", "--permit", "cq.example")
    assert "永丰镇" in str(made["subject"]) and "cq.example" in made["names"]  # type: ignore[operator]
    server = told("issue", "--host", "map.cq.example", "--ip", "192.168.1.20")
    assert (server["names"], server["days_left"]) == (["map.cq.example", "192.168.1.20"], 395)
    told("issue", "--for", "broker", "--ip", "192.168.1.20")
    shown = told("show")["certificates"]
    assert isinstance(shown, list)
    assert [Path(one["file"]).name for one in shown] == ["authority.crt", "broker.pem", "server.pem"]
    assert shown[0]["sha256"] == made["sha256"] and len(str(made["sha256"]).split(":")) == 32
    assert sorted(path.name for path in folder.iterdir()) == [
        "authority.crt",
        "authority.key",
        "broker.pem",
        "server.pem",
    ]


def test_the_lines_for_people_say_what_is_next_and_show_no_key(folder: Path) -> None:
    said = CliRunner().invoke(app, ["tls", "init"]).output
    assert "next: shijing tls issue" in said and "SHA-256" in said and "PRIVATE" not in said
