"""By the machine's clock, what waits at the broker is no silence, however little the broker sends at a time."""

import json
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from alerts.pipeline import Pipeline
from config.database import Connection
from config.settings import PipelineSettings
from ingest.gather import Message
from ingest.session import MqttSession
from tests.database.test_pipeline_rules import Script, a_rule, url

pytestmark = pytest.mark.storage

__all__ = ["url"]  # the fixture


@pytest.fixture
def watched(url: str, connection: Connection) -> str:
    connection.execute("update sensors set interval_s = 600 where name = 'cuntan'")
    return url


def reading(now: datetime, minutes_ago: int) -> Message:
    time = (now - timedelta(minutes=minutes_ago)).isoformat()
    told = {"value": 170, "time": time, "unit": "m", "datum": "wusong"}
    return Message(topic="cq/500105/cuntan/stage", payload=json.dumps(told).encode(), mid=1)


def run(url: str, now: datetime, *minutes_ago: int) -> None:
    """One small batch for each reading, then an idle look."""
    script = Script([*([reading(now, each)] for each in minutes_ago), lambda: None], steady_s=3600.0)
    rules = [a_rule("silence", level="blue")]
    Pipeline(PipelineSettings(), url, cast(MqttSession, script), follow_clock=False, rules=rules).run(script.stop)


def silences(connection: Connection) -> list[datetime]:
    return [time for (time,) in connection.execute("select opened_at from alerts order by id")]


def test_a_backlog_that_comes_in_small_batches_is_no_silence(watched: str, connection: Connection) -> None:
    run(watched, datetime.now(UTC), *range(120, -1, -10))
    assert silences(connection) == []


def test_who_stays_away_after_the_backlog_is_silent(watched: str, connection: Connection) -> None:
    now = datetime.now(UTC)
    run(watched, now, 120, 110, 100)
    assert silences(connection) == [now - timedelta(minutes=70)]
