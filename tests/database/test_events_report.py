"""The daily and weekly report: every figure is the records', every cell is text or a number, in a scope."""

import io
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from access.readers import ReaderLogin, ScopedPool
from access.scope import Scope
from config.database import Connection
from config.logs import BEIJING
from events.flow import By
from events.report_data import Records, day_of, records, week_of
from events.report_sheets import Report
from shijing import app
from tests.database.events_seed import IN_FAR, IN_GRID, IN_VILLAGE, EventTown, after, event_town, say, set_clock, tap
from tests.database.people_seed import FAR, TOWNSHIP

DAY = date(2026, 11, 26)  # a Thursday
T0 = datetime(2026, 11, 26, 9, tzinfo=BEIJING)


@pytest.fixture
def made(connection: Connection, tmp_path: Path) -> EventTown:
    """Two events in the township, closed in the grid and open; one elsewhere; one of another week; and an alert."""
    set_clock(connection, T0 - timedelta(days=8))
    town = event_town(connection, tmp_path)
    say(connection, town)
    set_clock(connection, T0)
    first = say(connection, town, where=IN_GRID)
    say(connection, town, kind="crack", where=IN_VILLAGE)
    say(connection, town, where=IN_FAR)
    set_clock(connection, after(T0, 20))
    tap(connection, first.event_id, "handle", By(account=town.account, person_id=town.worker), choice="done")
    set_clock(connection, after(T0, 60 * 12))
    return town


def sheets(raw: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(raw))
    return {one.title: [tuple(cell.value for cell in row) for row in one.iter_rows()] for one in book.worksheets}


def drawn(found: Records, *, weekly: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    return sheets(Report(found, {}, weekly=weekly, of="示例街道", told_at=T0).excel())


def test_the_day_is_what_the_records_say(connection: Connection, made: EventTown) -> None:
    found = records(connection, day_of(DAY), until_now=after(T0, 720), owner=True)
    told = drawn(found)
    assert list(told) == ["概况", "办结统计", "事件", "告警", "预案运行", "任务应答", "值守"]
    summary = {row[1]: row[2] for row in told["概况"][3:]}
    assert (summary["上报事件"], summary["已办结"], summary["在网格办结"], summary["其中紧急"]) == (3, 1, 1, 1)
    assert (summary["监测告警"], summary["其中黄色"], summary["不出网格"]) == (1, 1, "100.0%")
    assert summary["全程（中位）"] == 20.0
    head, *rows, of_all = told["办结统计"][2:]
    assert head[:5] == ("镇街", "上报", "紧急", "办结", "办结率")
    assert [row[:5] for row in rows] == [(f"区划{TOWNSHIP}", 2, 1, 1, 0.5), (f"区划{FAR}", 1, 0, 0, 0)]
    assert of_all[:4] == ("合计", 3, 1, 1)
    assert [row[1] for row in told["事件"][3:]] == ["道路破损", "裂缝或掉块", "道路破损"]
    assert told["事件"][5][5] == "不在网格内"
    assert told["告警"][3][3] == "群测群防员发现裂缝或掉块"
    assert {row[2] for row in told["值守"][3:]} == {"值班长"}
    assert {row[0] for row in told["值守"][3:]} == {"2026-11-26 08:00", "2026-11-26 20:00"}


def test_the_week_begins_on_its_monday_and_leaves_others_out(connection: Connection, made: EventTown) -> None:
    period = week_of(DAY)
    assert (period.since, period.until) == (
        datetime(2026, 11, 23, tzinfo=BEIJING), datetime(2026, 11, 30, tzinfo=BEIJING),
    )  # fmt: skip
    told = drawn(records(connection, period, until_now=after(T0, 720), owner=True), weekly=True)
    assert told["概况"][0][0] == "基层治理周报"
    assert told["概况"][1][0].startswith("2026-11-23 至 2026-11-29")
    assert len(told["事件"]) == 3 + 3
    assert told["值守"][-1][0] == "2026-11-26 20:00"  # turns to come are not told


def test_a_scope_sees_its_own_alone(database_url: str, connection: Connection, made: EventTown) -> None:
    pool = ScopedPool(ReaderLogin(database_url), size=1)
    try:
        with pool.connection(Scope(divisions=frozenset({made.divisions[FAR]})), 5) as asking:
            told = drawn(records(asking, day_of(DAY), until_now=after(T0, 720)))
    finally:
        pool.close()
    assert [row[3] for row in told["事件"][3:]] == [f"区划{FAR}"]
    assert [told[name][3][0] for name in ("告警", "值守")] == ["本期无记录", "本期无记录"]
    within = records(connection, day_of(DAY, made.divisions[TOWNSHIP]), until_now=after(T0, 720), owner=True)
    assert len(within.events) == 2


def test_no_cell_is_computed_and_each_sheet_prints(connection: Connection, made: EventTown) -> None:
    connection.execute("update alerts set title = '=1+1'")
    connection.execute("update division_versions set name = '@SUM(A1)' || chr(7) where code = %s", (TOWNSHIP,))
    found = records(connection, day_of(DAY), until_now=after(T0, 720), owner=True)
    raw = Report(found, {}, weekly=False, of="=HYPERLINK(1)", told_at=T0).excel()
    book = load_workbook(io.BytesIO(raw))
    for sheet in book.worksheets:
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
        assert sheet.freeze_panes == "A4"
        assert sheet.print_title_rows in ("1:3", "$1:$3")
        assert (sheet.page_setup.paperSize, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in [
            (9, 1, 0), ("9", 1, 0),
        ]  # fmt: skip
        assert "页" in sheet.oddFooter.right.text
    assert book["告警"]["D4"].value == "=1+1"
    assert book["告警"]["F4"].value == "@SUM(A1)"


def test_the_command_writes_it(connection: Connection, database_url: str, made: EventTown, tmp_path: Path) -> None:
    out = tmp_path / "week.xlsx"
    run = CliRunner().invoke(
        app, ["event", "report", "--week", "2026-11-26", "--out", str(out), "--database", database_url]
    )
    assert run.exit_code == 0, run.output
    assert "3 events" in run.output
    assert len(sheets(out.read_bytes())["事件"]) == 6
    for arguments, told in (
        (["list"], "crack"),
        (["list", "--state", "closed", "--json"], '"closed_level": "grid"'),
        (["list", "--division", FAR], "road"),
        (["show", "1"], "reported"),
    ):
        run = CliRunner().invoke(app, ["event", *arguments, "--database", database_url])
        assert run.exit_code == 0 and told in run.output, run.output
    for wrong in (
        ["list", "--state", "none"],
        ["report", "--day", "x", "--out", str(out)],
        ["report", "--day", "2026-11-26", "--week", "2026-11-26", "--out", str(out)],
        ["show", "999"],
    ):
        assert CliRunner().invoke(app, ["event", *wrong, "--database", database_url]).exit_code != 0
