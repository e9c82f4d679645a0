"""A back-test tells what the pipeline said, in slices of any size, and how long before the official warnings."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alerts import backtest as module
from alerts.backtest import run_rules
from alerts.backtest_lead import Official, episodes_of, lead_of
from alerts.backtest_places import Places
from alerts.backtest_report import Backtest, backtest
from alerts.backtest_sums import AlertSum
from alerts.errors import BacktestRefused
from alerts.plan_files import load_plans
from alerts.rule_drafts import SHIPPED, changed_files, read_files, rules_of
from alerts.rules import AnyRule, load_rules
from alerts.stored_state import load_subjects
from alerts.warnings_alerts import Judging
from alerts.warnings_store import Origin, receive
from config.database import Connection
from config.settings import CONFIG
from geo.defaults import import_defaults
from geo.placement import assign_sensors
from ingest.scenario import SCENARIOS
from ingest.sensor_files import import_sensors
from shijing import app
from tests.database.feed import running_pipeline
from tests.database.warning_messages import AREA, cap, info

pytestmark = pytest.mark.storage

BEGIN = datetime(2020, 8, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)
US = 3_600_000_000
# Of Cuntan, an hour apart: warning 180.5 m, guarantee 183.5 m.
STAGES = (179.0, 180.1, 180.6, 183.6, 184.0, 183.4, 183.2, 183.1, 180.4, 180.2, 180.1, 179.0, 178.9, 178.8)
END = BEGIN + len(STAGES) * HOUR
TOWNSHIP = "500157004"  # where Cuntan lies by the boundaries of today


@pytest.fixture
def fed(connection: Connection, database_url: str) -> Connection:
    """The flood's stations in their townships, and readings of one of them through the pipeline."""
    import_defaults(connection)
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    assign_sensors(connection)
    with running_pipeline(database_url) as feed:
        for number, value in enumerate(STAGES):
            feed.stage(value, BEGIN + number * HOUR)
        feed.send("cq/clock", {"time": END.isoformat()})
    return connection


def shipped() -> tuple[AnyRule, ...]:
    return tuple(load_rules(SHIPPED))


def higher() -> tuple[AnyRule, ...]:
    """Orange a metre higher, which the river does not reach."""
    text = read_files(SHIPPED)["river-stage.toml"]
    changed = text.replace('orange = {from = "guarantee"}', 'orange = {from = "guarantee", offset = 1.0}')
    assert changed != text
    found = rules_of(changed_files(read_files(SHIPPED), {"river-stage.toml": changed}))
    assert isinstance(found, tuple)
    return found


def compared(connection: Connection, proposed: tuple[AnyRule, ...], **more: Any) -> Backtest:
    span = {"begin": BEGIN, "end": END} | more
    return backtest(connection, shipped(), proposed, rule_ids={"river-stage", "river-rise"}, **span)


def test_the_rules_in_force_give_what_the_pipeline_recorded(fed: Connection) -> None:
    found = compared(fed, shipped())
    recorded = fed.execute(
        "select rule_id, opened_at, resolved_at, peak from alerts where rule_id like 'river-%'"
        " order by opened_at, rule_id"
    ).fetchall()
    assert recorded
    assert [(row.rule_id, row.begin, row.end, row.peak) for row in found.rows] == [
        (rule, begin, end or END, peak) for rule, begin, end, peak in recorded
    ]
    assert {row.side for row in found.rows} == {"both"}
    assert (found.readings, found.sensors) == (len(STAGES), 1)
    assert all(rule.in_force == rule.proposed for rule in found.rules)


def test_what_a_draft_would_change_is_told_by_level_and_division(fed: Connection) -> None:
    found = compared(fed, higher())
    (rule,) = [one for one in found.rules if one.rule_id == "river-stage"]
    assert rule.in_force is not None
    assert rule.proposed is not None
    assert (rule.in_force.levels["orange"].raised, rule.proposed.levels["orange"].raised) == (1, 0)
    (place,) = rule.in_force.divisions
    assert (place.code, place.peak, place.hours) == (TOWNSHIP, "orange", rule.in_force.hours)
    assert {row.side for row in found.rows if row.rule_id == "river-stage"} == {"in_force", "proposed"}


@pytest.mark.parametrize("rows", [1, 3])
def test_slices_make_no_difference(fed: Connection, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    subjects = load_subjects(fed)
    whole = run_rules(fed, [shipped()], subjects, BEGIN, END)
    monkeypatch.setattr(module, "_SLICE_ROWS", rows)
    monkeypatch.setattr(module, "_AT_ONCE", rows)
    sliced = run_rules(fed, [shipped()], subjects, BEGIN, END)
    assert sliced.slices > whole.slices
    assert sliced.spells == whole.spells
    assert sliced.readings == whole.readings == len(STAGES)


def test_only_the_divisions_that_are_asked_for(fed: Connection) -> None:
    assert compared(fed, shipped(), codes=[TOWNSHIP]).readings == len(STAGES)
    assert compared(fed, shipped(), codes=[TOWNSHIP[:6]]).readings == len(STAGES)
    assert compared(fed, shipped(), codes=["500103"]).readings == 0
    with pytest.raises(BacktestRefused, match="no division has the code 999999"):
        compared(fed, shipped(), codes=["999999"])
    with pytest.raises(BacktestRefused, match="give an earlier --from"):
        compared(fed, shipped(), begin=END + HOUR)


def test_what_has_not_been_heard_yet_is_not_silent(fed: Connection) -> None:
    found = backtest(
        fed, shipped(), shipped(), rule_ids={"device-offline"}, begin=BEGIN, end=datetime(2030, 1, 1, tzinfo=UTC)
    )
    assert found.end == END  # the pipeline's clock
    assert found.alerts == {"in_force": 0, "proposed": 0}


def test_the_lead_before_an_official_warning(fed: Connection) -> None:
    """A flood warning of 12 h takes effect 6 h after the first alert over the township of the gauge."""
    opened = fed.execute("select min(opened_at) from alerts where rule_id = 'river-stage'").fetchone()
    assert opened is not None
    effective = opened[0] + 6 * HOUR
    part = info(
        event="11A01",
        effective=effective.isoformat(),
        expires=(effective + 12 * HOUR).isoformat(),
        area=AREA.format(TOWNSHIP),
    )
    judging = Judging(rules=list(shipped()), plans=load_plans(CONFIG / "plans"))
    outcome = receive(fed, cap("flood", part), Origin(source="file", place="test"), judging, now=END)
    assert outcome.state == "stored", outcome.detail
    (rule,) = [one for one in compared(fed, shipped()).rules if one.rule_id == "river-stage"]
    assert rule.in_force is not None
    lead = rule.in_force.lead
    assert lead is not None
    assert (lead.episodes, lead.before, lead.after, lead.nothing, lead.unwarned) == (1, 1, 0, 0, 0)
    assert lead.median_h == 6.0
    assert lead.met[0].code == TOWNSHIP


def test_leads_are_counted_from_the_first_alert_that_belongs() -> None:
    episodes = episodes_of(
        [
            Official(event="11A01", township=1, level="blue", begin=100 * US, end=110 * US),
            Official(event="11A01", township=1, level="red", begin=110 * US, end=120 * US),
            Official(event="11A01", township=1, level="blue", begin=300 * US, end=310 * US),
            Official(event="11A01", township=2, level="blue", begin=100 * US, end=110 * US),
        ]
    )
    assert [(one.peak, one.begin // US, one.end // US) for one in episodes if one.township == 1] == [
        ("red", 100, 120),
        ("blue", 300, 310),
    ]
    alerts = [
        AlertSum(rule_id="r", subject=7, begin=begin * US, end=end * US, peak="blue")
        for begin, end in ((10, 20), (90, 95), (105, 106), (305, 306))
    ]
    places = Places(township_of={7: 1}, codes={}, names={}, sensors={}, devices={})
    lead = lead_of(("11A01",), episodes, alerts, places, {1})
    assert [one.lead_h for one in lead.met] == [10.0, -5.0]
    assert (lead.before, lead.after, lead.nothing, lead.unwarned) == (1, 1, 0, 1)


def test_the_command_writes_json_and_a_page_that_needs_nothing_else(
    fed: Connection, database_url: str, tmp_path: Path
) -> None:
    asked = ["--from", BEGIN.isoformat(), "--to", END.isoformat(), "--database", database_url, "--out", str(tmp_path)]
    answer = CliRunner().invoke(app, ["backtest", "--rules", str(SHIPPED / "river-stage.toml"), *asked, "--json"])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert told == json.loads((tmp_path / "backtest.json").read_text(encoding="utf-8"))
    assert [rule["rule_id"] for rule in told["rules"]] == ["river-stage"]
    assert told["alerts"] == {"in_force": 1, "proposed": 1}
    page = (tmp_path / "backtest.html").read_text(encoding="utf-8")
    assert "规则回测" in page
    assert "河道水位" in page
    assert "寸滩" in page
    assert not any(word in page for word in ("<script", "http:", "https:", "src=", "url(", "EXERCISE"))


def test_a_file_that_does_not_hold_together_is_named(fed: Connection, database_url: str, tmp_path: Path) -> None:
    broken = tmp_path / "river-stage.toml"
    broken.write_text((SHIPPED / "river-stage.toml").read_text(encoding="utf-8").replace("margin", "margln"), "utf-8")
    asked = ["backtest", "--rules", str(broken), "--from", BEGIN.isoformat(), "--database", database_url]
    answer = CliRunner().invoke(app, asked)
    assert answer.exit_code != 0
    assert "margln" in str(answer.exception)
