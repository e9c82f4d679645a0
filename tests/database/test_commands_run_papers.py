"""`shijing run`: reports as files, reviews due, personal data deleted and held against its proof."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import docx
import pytest
from typer.testing import CliRunner

from access import audit
from access.vault import Vault
from config.database import Connection
from shijing import app
from tests.database.rights_city import seed_rights_city
from tests.database.run_ground import RunGround, add_run, divisions_of

OVER = datetime.now(UTC) - timedelta(days=200)


@pytest.fixture
def ground(connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunGround:
    vault = Vault.of_folder(tmp_path)
    monkeypatch.setenv("SHIJING_ACCESS_KEY_FILE", str(vault.path))
    city = seed_rights_city(connection)
    return add_run(connection, divisions_of(city.divisions), vault=vault, closed_at=OVER)


def told(*words: str, fails: int = 0) -> str:
    done = CliRunner().invoke(app, ["run", *words])
    assert done.exit_code == fails, done.output
    return done.output


def test_reports_are_written_as_files(
    connection: Connection, database_url: str, ground: RunGround, tmp_path: Path
) -> None:
    files = {form: tmp_path / f"report.{form}" for form in ("pdf", "docx", "html")}
    named = [part for form, file in files.items() for part in (f"--{form}", str(file))]
    told("report", str(ground.run_id), *named, "--database", database_url)
    assert files["pdf"].read_bytes().startswith(b"%PDF")
    html = files["html"].read_text(encoding="utf-8")
    assert "叫应率" in html and "李格长" not in html and "刘奶奶" not in html and "http" not in html
    assert len(docx.Document(str(files["docx"])).tables) > 5
    assert audit.entries(connection, act="person.names_listed") == []
    told(
        "report",
        str(ground.run_id),
        "--html",
        str(files["html"]),
        "--names",
        "--lang",
        "en",
        "--database",
        database_url,
    )
    html = files["html"].read_text(encoding="utf-8")
    assert "Answer rate" in html and "李格长" in html and "刘奶奶" not in html
    assert len(audit.entries(connection, act="person.names_listed")) == 1


def test_what_is_wrong_is_said(database_url: str, ground: RunGround, tmp_path: Path) -> None:
    assert "--pdf FILE" in told("report", "1", "--database", database_url, fails=2)
    file = str(tmp_path / "none.pdf")
    assert "no run 999" in told("report", "999", "--pdf", file, "--database", database_url, fails=2)
    assert "name the run" in told("forget", "--check", "--database", database_url, fails=2)
    assert "no proof" in told("forget", str(ground.run_id), "--check", "--database", database_url, fails=2)


def test_reviews_and_what_is_forgotten(connection: Connection, database_url: str, ground: RunGround) -> None:
    connection.execute("update partitions set clock = null")
    [due] = json.loads(told("reviews", "--json", "--database", database_url))["reviews"]
    assert (due["id"], due["overdue"]) == (ground.run_id, True)
    [gone] = json.loads(told("forget", "--json", "--database", database_url))["forgotten"]
    assert (gone["run_id"], gone["days"], gone["left"], gone["attachments"]) == (ground.run_id, 180, False, 2)
    assert "nothing is due" in told("forget", "--database", database_url)
    assert "is what stayed" in told("forget", str(ground.run_id), "--check", "--database", database_url)
    connection.execute("update assignments set rung = rung + 1")
    assert "IS NOT" in told("forget", str(ground.run_id), "--check", "--database", database_url, fails=2)


def test_the_term_of_the_settings(database_url: str, ground: RunGround, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIJING_ACCESS_FORGET_RUNS_D", "365")
    assert "nothing is due" in told("forget", "--database", database_url)
