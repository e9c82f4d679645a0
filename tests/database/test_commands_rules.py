"""`shijing rules` as it is typed, on a real database."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerts.rule_drafts import SHIPPED, read_files
from commands.figures import lines, status
from config.database import Connection
from shijing import app

runner = CliRunner()


def run(url: str, *arguments: str) -> Result:
    return runner.invoke(app, ["rules", *arguments, "--database", url])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped files, to be changed."""
    for name, text in read_files(SHIPPED).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def rewrite(folder: Path, old: str, new: str) -> None:
    path = folder / "river-stage.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_check_needs_no_database_and_names_the_line(folder: Path) -> None:
    assert runner.invoke(app, ["rules", "check", str(folder)]).stdout == "sound\n"
    rewrite(folder, "margin = 0.2", "margin = -1")
    line = read_files(folder)["river-stage.toml"].splitlines().index("margin = -1") + 1
    for path in (folder, folder / "river-stage.toml"):
        checked = runner.invoke(app, ["rules", "check", str(path), "--json"])
        assert checked.exit_code == 1
        (fault,) = json.loads(checked.stdout)["faults"]
        assert (fault["file"], fault["line"]) == ("river-stage.toml", line)
        assert fault["mend"]


def test_a_folder_is_put_in_force_compared_and_taken_back(
    database_url: str, connection: Connection, folder: Path
) -> None:
    rewrite(folder, "margin = 0.2", "margin = 0.3")
    differs = json.loads(run(database_url, "diff", "in-force", str(folder), "--json").stdout)["diff"]
    assert [one["file"] for one in differs] == ["river-stage.toml"]
    put = run(database_url, "put", str(folder), "--author", "李工", "--note", "回落更稳", "--json")
    number = json.loads(put.stdout)["set"]
    assert "低于阈值 0.3 m" in run(database_url, "show", "river-stage").stdout
    assert f"{number}" in run(database_url, "history").stdout
    assert json.loads(run(database_url, "list", "--json").stdout)["set"] == number
    assert status(connection)["rules"]["set"] == number
    assert f"rules: version {number}" in "\n".join(lines(status(connection)))
    back = run(database_url, "revert", "0", "--author", "王工", "--json")
    assert json.loads(back.stdout)["set"] == number + 1
    told = json.loads(run(database_url, "history", "--json").stdout)
    assert [one["author"] for one in told["versions"]] == ["王工", "李工", ""]
    assert run(database_url, "diff").stdout == "nothing differs\n"


def test_a_faulty_folder_leaves_the_old_rules_in_force(database_url: str, connection: Connection, folder: Path) -> None:
    rewrite(folder, "margin = 0.2", 'margin = "a lot"')
    put = run(database_url, "put", str(folder), "--author", "李工", "--note", "a")
    assert put.exit_code == 1
    assert re.search(r"river-stage.toml:\d+: margin", str(put.exception))
    assert status(connection)["rules"]["set"] == 0


def test_an_unknown_rule_is_said_in_a_sentence(database_url: str, connection: Connection) -> None:
    shown = run(database_url, "show", "rain-of-frogs")
    assert shown.exit_code == 1
    assert "shijing rules list names them" in str(shown.exception)
