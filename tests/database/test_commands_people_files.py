"""The commands about files of people and rosters, as a person types them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from config.database import Connection
from shijing import app
from tests.database.people_seed import TOWNSHIP, Town, town

Typed = Callable[..., Any]


@pytest.fixture
def there(connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    made = town(connection, tmp_path)
    monkeypatch.setenv("SHIJING_ACCESS_KEY_FILE", str(made.vault.path))
    return made


@pytest.fixture
def typed(database_url: str) -> Typed:
    def run(*arguments: object) -> Any:
        return CliRunner().invoke(app, [*map(str, arguments), "--database", database_url])

    return run


@pytest.mark.usefixtures("there")
def test_a_template_is_filled_in_previewed_applied_and_exported(tmp_path: Path, typed: Typed) -> None:
    file, out = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    assert CliRunner().invoke(app, ["people", "template", str(file)]).exit_code == 0
    book = load_workbook(file)
    book["人员"].append([TOWNSHIP, "A1", "张三", "13800000001", "", "专职", "", "2026-01-01"])
    book["岗位"].append([TOWNSHIP, "A1", "值班长", TOWNSHIP, "2026-01-01"])
    book.save(file)

    preview = json.loads(typed("people", "import", file, "--json").stdout)
    assert (preview["written"], preview["counts"]) == (False, {"people": {"new": 1}, "posts": {"new": 1}})
    written = typed("people", "import", file, "--apply")
    assert written.stdout.endswith("Written.\n")
    assert typed("people", "export", out).exit_code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    again = json.loads(typed("people", "import", out, "--apply", "--json").stdout)
    assert again["counts"] == {"people": {"unchanged": 1}, "posts": {"unchanged": 1}}
    assert "there already: nothing to write" in typed("people", "import", out, "--apply").stdout
    assert typed("people", "export", out).exit_code == 2  # it is there already
    assert typed("people", "export", tmp_path / "c.csv").exit_code == 1  # one table alone
    assert typed("people", "export", tmp_path / "c.csv", "--table", "posts").exit_code == 0


@pytest.mark.usefixtures("there")
def test_a_faulty_roster_names_sheet_row_and_column_and_fails(tmp_path: Path, typed: Typed) -> None:
    file = tmp_path / "排班.csv"
    file.write_bytes(f"机构,工号,岗位,区划代码,起,止\n{TOWNSHIP},A1,值班长,{TOWNSHIP},昨天,2026-01-01\n".encode("gbk"))
    done = typed("roster", "import", file, "--apply", "--json")
    assert done.exit_code == 1
    [fault] = json.loads(done.stdout)["faults"]
    assert (fault["sheet"], fault["row"], fault["column"]) == ("排班", 2, "E 起")
    assert "2026-11-26 08:00" in fault["zh"]
    shown = typed("roster", "import", file).stdout
    assert "排班 row 2, column E 起: '昨天' is no time: write 2026-11-26 08:00" in shown
    assert "Nothing was written: 1 faults." in shown
