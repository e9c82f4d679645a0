"""`shijing grids generate`, as a person types it: its report, its errors, and what a kill leaves."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from config.database import Connection
from config.settings import PROJECT, inherited
from shijing import app
from tests.database.districts_seed import seed_districts

Typed = Callable[..., Any]


@pytest.fixture
def typed(connection: Connection, database_url: str) -> Typed:
    seed_districts(connection, "500103")

    def run(*arguments: object) -> Any:
        return CliRunner().invoke(
            app, ["grids", "generate", *map(str, arguments), "--processes", "1", "--database", database_url]
        )

    return run


def test_the_report_says_what_was_made(typed: Typed, tmp_path: Path) -> None:
    answer = typed("--district", "渝中区", "--report", tmp_path / "report.txt")
    assert answer.exit_code == 0, answer.output
    assert "grids proposed in 11 of 11 townships" in answer.output
    assert "in force nowhere" in answer.output
    text = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert "渝中区 解放碑街道" in text and "not contiguous: 0" in text
    again = json.loads(typed("--all", "--json", "--report", tmp_path / "report.json").output)
    assert (again["made"], again["there"]) == (0, 11)
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == again


def test_json_has_the_figures_of_each_township(typed: Typed) -> None:
    told = json.loads(typed("--township", "解放碑街道", "--seed", "4", "--json").output)
    (one,) = told["each"]
    assert one["grids"] == told["figures"]["grids"] > 50
    assert one["p5"] <= one["p50"] <= one["p95"]
    assert one["not_contiguous"] == 0 and 0 < one["along_lines_m"] < one["border_m"]
    assert told["seed"] == 4 and told["settings"]["target"] == 400


def test_the_number_of_grids_follows_from_what_is_asked(typed: Typed) -> None:
    few = json.loads(typed("--township", "解放碑街道", "--target", "1000", "--json").output)
    assert few["figures"]["grids"] == pytest.approx(24, abs=3)
    many = json.loads(typed("--all", "--grids", "1100", "--json").output)
    assert many["figures"]["grids"] == pytest.approx(1100, rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "which townships"),
        (("--all", "--township", "解放碑街道"), "--all, or a township"),
        (("--all", "--target", "3", "--grids", "5"), "--target or --grids"),
        (("--all", "--share-by", "luck"), "committees or area"),
        (("--all", "--report", "/nowhere/at/all/report.txt"), "is no folder"),
    ],
)
def test_what_contradicts_itself_is_refused(typed: Typed, arguments: tuple[str, ...], said: str) -> None:
    answer = typed(*arguments)
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.replace("│", " ").split())


def test_a_township_that_is_none_and_a_target_for_which_codes_do_not_do(typed: Typed) -> None:
    assert "no township '无此镇'" in str(typed("--township", "无此镇").exception)
    too_many = typed("--township", "解放碑街道", "--target", "5")
    assert too_many.exit_code == 1
    assert "codes have room for 999" in too_many.output and "--target" in too_many.output


def test_rubbish_files_are_named_and_nothing_is_written(typed: Typed, connection: Connection, tmp_path: Path) -> None:
    for name, text, said in (
        ("empty.csv", "", "no rows"),
        ("metres.csv", "lon,lat\n500000,3270000\n", "--crs"),
        ("words.csv", "lon,lat,households\n106.57,29.55,viele\n", "row 1"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        answer = typed("--all", "--points", tmp_path / name)
        assert answer.exit_code == 1 and said in str(answer.exception) and name in str(answer.exception)
    assert connection.execute("select count(*) from boundary_proposals").fetchone() == (0,)


def test_points_elsewhere_are_told_and_the_area_decides(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "beijing.csv").write_text("lon,lat,households\n116.4,39.9,400\n", encoding="utf-8")
    answer = typed("--township", "解放碑街道", "--points", tmp_path / "beijing.csv")
    assert "points in no township that was asked for: 1" in answer.output
    assert "grids proposed in 1 of 1" in answer.output


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_what_a_kill_leaves_is_whole_and_gone_on_with(
    connection: Connection, database_url: str, typed: Typed, how: signal.Signals
) -> None:
    work = [sys.executable, "-m", "shijing", "grids", "generate", "--all", "--database", database_url, "--json"]
    child = subprocess.Popen(
        work, cwd=PROJECT, env=inherited({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    _await_first(database_url, child)
    os.killpg(child.pid, how) if how is signal.SIGKILL else child.send_signal(how)
    out, _ = child.communicate(timeout=120)
    kept = connection.execute("select count(*), count(*) filter (where grids <> there) from (select p.grids,"
                              " (select count(*) from boundary_proposed_grids where proposal_id = p.id) as there"
                              " from boundary_proposals p) whole").fetchone()  # fmt: skip
    assert kept is not None and kept[0] >= 1 and kept[1] == 0
    if how is signal.SIGINT:
        assert (child.returncode == 130 and json.loads(out)["stopped"]) or (child.returncode == 0 and kept[0] == 11)
    after = json.loads(typed("--all", "--json").output)
    assert (after["there"], after["made"]) == (kept[0], 11 - kept[0])


def _await_first(url: str, child: "subprocess.Popen[bytes]") -> None:
    """Until one network is there: asked of the database, which says so at its commit."""
    with psycopg.connect(url, autocommit=True) as asking:
        while asking.execute("select not exists (select from boundary_proposals)").fetchone() == (True,):
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.05)
            assert child.poll() is None, child.stderr and child.stderr.read()
