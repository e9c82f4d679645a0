"""A changed rule takes over in a running pipeline; a trial tells what the pipeline said."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts import rule_trial, rule_trial_report
from alerts.errors import RulesRefused, TrialTooLarge
from alerts.levels import rank
from alerts.rule_drafts import SHIPPED, changed_files, read_files, rules_of
from alerts.rule_sets import in_force, put_in_force
from alerts.rule_trial_report import try_rules
from alerts.rules import AnyRule
from config.database import Connection
from ingest.scenario import SCENARIOS
from ingest.sensor_files import import_sensors
from tests.database.feed import running_pipeline, until

pytestmark = pytest.mark.storage

STAGE = "river-stage.toml"
BEGIN = datetime(2020, 8, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)
WARNING, GUARANTEE = 180.5, 183.5  # of Cuntan, m


@pytest.fixture
def url(database_url: str, connection: Connection) -> str:
    """A database with the flood's stations."""
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    return database_url


def rewritten(*pairs: tuple[str, str]) -> dict[str, str]:
    text = read_files(SHIPPED)[STAGE]
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return changed_files(read_files(SHIPPED), {STAGE: text})


def rules(*pairs: tuple[str, str]) -> tuple[AnyRule, ...]:
    found = rules_of(rewritten(*pairs))
    assert isinstance(found, tuple)
    return found


def alerts(connection: Connection) -> list[Any]:
    return connection.execute("select level, state from alerts where rule_id = 'river-stage' order by id").fetchall()


def told(connection: Connection) -> list[Any]:
    """What was said of levels by the rule of river stages, in order."""
    return connection.execute(
        "select from_level, to_level from alert_transitions said join alerts on alerts.id = said.alert_id"
        " where said.kind = 'level' and rule_id = 'river-stage' order by said.id"
    ).fetchall()


def test_a_changed_rule_takes_over_and_the_open_alert_goes_by_the_new_lines(url: str, connection: Connection) -> None:
    with running_pipeline(url) as feed:
        feed.stage(GUARANTEE + 0.1, BEGIN)
        assert alerts(connection) == [("orange", "open")]
        higher = 'orange = {from = "guarantee", offset = 1.0}'
        files = rewritten(('orange = {from = "guarantee"}', higher), ("clear_for_s = 1800", "clear_for_s = 0"))
        put_in_force(connection, files, author="李工", note="橙色提高一米")
        assert alerts(connection) == [("orange", "open")], "nothing is forgotten, nothing is said without a reading"
        feed.stage(GUARANTEE + 0.1, BEGIN + HOUR)
        assert alerts(connection) == [("yellow", "open")], "lowered by the new line, and it is the same alert"
        feed.stage(WARNING - 5, BEGIN + 2 * HOUR)
        assert alerts(connection) == [("yellow", "resolved")], "with the last level that it had"
    assert told(connection) == [("none", "orange"), ("orange", "yellow"), ("yellow", "none")]


def test_what_does_not_hold_together_is_refused_and_the_old_rules_run_on(url: str, connection: Connection) -> None:
    with running_pipeline(url) as feed:
        feed.stage(WARNING, BEGIN)
        with pytest.raises(RulesRefused, match=r"river-stage.toml:\d+: margin: "):
            put_in_force(connection, rewritten(("margin = 0.2", 'margin = "much"')), author="李工", note="a")
        feed.stage(GUARANTEE, BEGIN + HOUR)
        assert alerts(connection) == [("orange", "open")]
        assert in_force(connection).id == 0


def test_a_rule_that_is_taken_out_ends_its_alerts(url: str, connection: Connection) -> None:
    with running_pipeline(url) as feed:
        feed.stage(WARNING, BEGIN)
        files = changed_files(read_files(SHIPPED), {STAGE: None})
        put_in_force(connection, files, author="李工", note="a")
        until(lambda: [state for _, state in alerts(connection)] == ["resolved"])
    reasons = connection.execute("select reason from alert_transitions order by id desc limit 1").fetchone()
    assert reasons == ("rule_removed",)


STAGES = (179.0, 180.1, 180.6, 183.6, 184.0, 183.4, 183.2, 183.1, 180.4, 180.2, 180.1, 179.0, 178.9, 178.8)


def feed_all(url: str) -> datetime:
    with running_pipeline(url) as feed:
        for number, value in enumerate(STAGES):
            feed.stage(value, BEGIN + number * HOUR)
    return BEGIN + len(STAGES) * HOUR


def test_a_trial_of_the_rules_in_force_tells_what_the_pipeline_said(url: str, connection: Connection) -> None:
    end = feed_all(url)
    trial = try_rules(connection, rules(), rules(), rule_ids={"river-stage"}, begin=BEGIN, end=end)
    assert (trial.readings, trial.sensors) == (len(STAGES), 1)
    assert trial.in_force == trial.draft
    raised = {level: one.raised for level, one in trial.in_force.levels.items() if one.raised}
    rises = [to for before, to in told(connection) if rank(before) < rank(to)]
    assert raised == Counter(rises)
    (row,) = trial.rows
    assert row.in_force is not None
    lasted = connection.execute("select resolved_at - opened_at from alerts where rule_id = 'river-stage'").fetchone()
    assert lasted is not None
    assert row.in_force.hours == lasted[0] / HOUR
    assert sum(one.hours for one in trial.draft.levels.values()) == row.in_force.hours
    assert max(map(max, trial.draft.bins.values())) == 1


def test_a_trial_shows_what_a_draft_would_change(url: str, connection: Connection) -> None:
    end = feed_all(url)
    draft = rules(('orange = {from = "guarantee"}', 'orange = {from = "guarantee", offset = 1.0}'))
    trial = try_rules(connection, rules(), draft, rule_ids={"river-stage"}, begin=BEGIN, end=end)
    assert (trial.in_force.levels["orange"].raised, trial.draft.levels["orange"].raised) == (1, 0)
    (row,) = trial.rows
    assert row.in_force is not None
    assert row.draft is not None
    assert (row.in_force.peak, row.draft.peak) == ("orange", "yellow")


def test_what_stood_open_before_the_trial_stands_open_in_it(url: str, connection: Connection) -> None:
    feed_all(url)
    later = BEGIN + 5 * HOUR
    trial = try_rules(connection, rules(), rules(), rule_ids={"river-stage"}, begin=later, end=later + HOUR / 2)
    assert trial.draft.alerts == 1
    assert trial.draft.levels["orange"].hours == 0.5


def test_a_trial_looks_at_the_chosen_divisions_alone(url: str, connection: Connection) -> None:
    end = feed_all(url)
    elsewhere = try_rules(
        connection, rules(), rules(), rule_ids={"river-stage"}, begin=BEGIN, end=end, divisions={999_999}
    )
    assert (elsewhere.readings, elsewhere.draft.alerts) == (0, 0)


def test_a_trial_that_is_too_large_says_so(url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    end = feed_all(url)

    def trial(begin: datetime = BEGIN) -> None:
        try_rules(connection, rules(), rules(), rule_ids={"river-stage"}, begin=begin, end=end)

    with pytest.raises(TrialTooLarge, match="days are more than"):
        trial(end - timedelta(days=400))
    monkeypatch.setattr(rule_trial_report, "SECONDS_AT_MOST", -1.0)
    with pytest.raises(TrialTooLarge, match="not done in"):
        trial()
    monkeypatch.setattr(rule_trial, "READINGS_AT_MOST", len(STAGES) - 1)
    with pytest.raises(TrialTooLarge, match="more than 13 readings"):
        trial()
