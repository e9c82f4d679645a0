"""The commands of runs, as a person types them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from commands.runs import run_app
from config.database import Connection
from dispatch.errors import Refused
from tests.database.people_seed import GRID, TOWNSHIP
from tests.database.run_seed import Ground, a_ground


@pytest.fixture
def ground(connection: Connection, tmp_path: Path) -> Ground:
    return a_ground(connection, tmp_path)


def told(url: str, *arguments: str) -> Any:
    """The JSON of a command on the test's database."""
    done = CliRunner().invoke(run_app, [*arguments, "--json", "--database", url])
    if isinstance(done.exception, Refused):
        raise done.exception
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def test_a_drill_from_its_start_to_its_end(connection: Connection, ground: Ground, database_url: str) -> None:
    asked = ("start", "FLD-02", TOWNSHIP, "--level", "orange", "--reason", "月度演练", "--grid", GRID, "--drill")
    run = str(told(database_url, *asked)["run_id"])
    with pytest.raises(Refused):
        told(database_url, *asked)
    [listed] = told(database_url, "list")["runs"]
    assert (listed["exercise"], listed["tasks"], listed["state"]) == (True, 7, "open")
    shown = told(database_url, "show", run)
    assert [one["key"] for one in shown["tasks"]] == [f"T{n}" for n in range(1, 8)]
    with pytest.raises(Refused):
        told(database_url, "end", run)
    assert told(database_url, "end", run, "--reason", "演练结束", "--as", "lena")["state"] == "terminated"
    assert told(database_url, "list")["runs"] == []
    assert told(database_url, "list", "--all")["runs"][0]["state"] == "terminated"
    assert told(database_url, "show", run)["acts"][-1]["kind"] == "terminated"


def test_a_proposed_run_is_confirmed_and_told_in_lines(
    connection: Connection, ground: Ground, database_url: str
) -> None:
    run = ground.flood(connection)
    connection.execute("update plan_runs set state = 'proposed', confirm_by = now() where id = %s", (run,))
    assert told(database_url, "confirm", str(run))["state"] == "open"
    lines = CliRunner().invoke(run_app, ["show", str(run), "--database", database_url]).stdout
    assert "yellow" in lines and "网格员" in lines and "confirmed" in lines
    assert CliRunner().invoke(run_app, ["show", "999", "--database", database_url]).exit_code == 2
