"""The pipeline's transaction on a real database, with batches handed to it in place of a broker's.

What the broker has to do with it is tested in tests/broker; here it is what each batch leaves behind.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.errors import Fenced
from alerts.pipeline import Pipeline
from commands.figures import status
from config.database import Connection
from config.settings import PipelineSettings
from ingest import quarantine
from ingest.gather import Fault, Message
from ingest.scenario import SCENARIOS
from ingest.sensor_files import import_sensors
from ingest.session import MqttSession

pytestmark = pytest.mark.storage

CLOCK = Message(topic="cq/clock", payload=b'{"time":"2020-08-20T00:00:00+08:00"}', mid=1)
NOW = datetime.fromisoformat("2020-08-20T00:00:00+08:00")


class Script:
    """In place of the session: hands over batches, may do something between them, then stops the pipeline."""

    connected, may_connect = True, False
    steady_s, waiting, window = 3600.0, 0, 2000

    def __init__(self, batches: Iterable[list[Message] | Callable[[], object]], stop: threading.Event) -> None:
        self._batches = iter(batches)
        self._stop = stop
        self.acknowledged: list[Message] = []

    def take(self, **_: object) -> list[Message]:
        step = next(self._batches, self._stop.set)
        if isinstance(step, list):
            return list(step)
        step()
        return []

    def acknowledge(self, messages: list[Message]) -> None:
        self.acknowledged += messages

    def close(self) -> None:
        """Nothing is open."""


def run(url: str, *batches: list[Message] | Callable[[], object]) -> list[Message]:
    """Run a pipeline over the batches; what it acknowledged."""
    return run_through(url, batches)


def run_through(url: str, batches: Iterable[list[Message] | Callable[[], object]]) -> list[Message]:
    stop = threading.Event()
    script = Script(batches, stop)
    Pipeline(PipelineSettings(), url, cast(MqttSession, script), follow_clock=True).run(stop)
    return script.acknowledged


@pytest.fixture
def url(database_url: str, connection: Connection) -> str:
    """A database with the flood's stations."""
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    return database_url


def message(topic: str, payload: Any) -> Message:
    return Message(topic=topic, payload=payload if isinstance(payload, bytes) else json.dumps(payload).encode(), mid=1)


def stage(
    value: float, time: str = "2020-08-19T08:00:00+08:00", station: str = "cuntan", datum: str = "wusong"
) -> Message:
    payload = {"value": value, "time": time, "unit": "m", "datum": datum}
    return message(f"cq/500105/{station}/stage", payload)


def stored(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select s.name, r.time, r.value from readings r join sensors s on s.id = r.sensor_id order by r.time, s.name"
    ).fetchall()


def held(connection: Connection) -> list[tuple[str, int, str]]:
    return connection.execute("select reason, count, state from quarantine order by id").fetchall()


def books(connection: Connection) -> dict[str, int]:
    told = status(connection)
    return {name: told[name] for name in ("received", "stored", "repeats", "quarantined")}


def test_another_value_for_a_reading_that_is_stored(url: str, connection: Connection) -> None:
    acknowledged = run(url, [CLOCK, stage(180)], [stage(181)], [stage(182), stage(180)])
    assert [value for _, _, value in stored(connection)] == [180]
    assert held(connection) == [("conflict", 1, "held"), ("conflict", 1, "held")]
    assert books(connection) == {"received": 4, "stored": 1, "repeats": 1, "quarantined": 2}
    assert len(acknowledged) == 5, "refused is as committed as stored"


def test_of_two_values_in_one_batch_the_first_stays(url: str, connection: Connection) -> None:
    run(url, [CLOCK, stage(180), stage(181), stage(180)])
    assert [value for _, _, value in stored(connection)] == [180]
    assert books(connection) == {"received": 3, "stored": 1, "repeats": 1, "quarantined": 1}


def test_a_stage_of_another_datum_is_never_compared(url: str, connection: Connection) -> None:
    """磁器口 on 2020-07-27 was published in Huanghai; its levels are in Wusong. And one that names none."""
    at = "2020-07-27T08:00:00+08:00"
    run(url, [CLOCK, stage(190, at, "ciqikou", "huanghai"), stage(190, at, "ciqikou", "")])
    assert stored(connection) == []
    assert held(connection) == [("datum", 1, "held"), ("datum", 1, "held")]
    details = [row.detail for row in quarantine.listing(connection)]
    assert all("ciqikou" in detail and "'wusong'" in detail for detail in details)
    assert any("'huanghai'" in detail for detail in details)
    assert connection.execute("select count(*) from alerts").fetchone() == (0,)


def test_the_same_fault_again_only_counts_up(url: str, connection: Connection) -> None:
    odd = message("cq/500105/stranger/stage", {"value": 1, "time": 1_597_800_000})
    run(url, [CLOCK, odd, odd], [odd])
    assert held(connection) == [("unknown_sensor", 3, "held")]
    (told,) = quarantine.counts(connection)
    assert (told.reason, told.kept, told.seen) == ("unknown_sensor", 1, 3)


def test_a_released_reading_is_stored_once_its_cause_is_mended(
    url: str, connection: Connection, tmp_path: Path
) -> None:
    odd = message("cq/500105/new-1/rain", {"value": 5, "time": "2020-08-19T08:00:00+08:00"})
    file = tmp_path / "new.csv"
    file.write_text("name,device,quantity\nnew-1,new-1,rain\n")
    run(
        url,
        [CLOCK, odd],
        lambda: import_sensors(connection, file),
        lambda: quarantine.request_release(connection, reason="unknown_sensor"),
        [stage(180)],
        [],
        [],
    )
    assert [(name, value) for name, _, value in stored(connection)] == [("cuntan", 180), ("new-1", 5)]
    assert held(connection) == [("unknown_sensor", 1, "released")]
    assert quarantine.counts(connection) == []


def test_a_released_reading_that_fails_again_is_held(url: str, connection: Connection) -> None:
    odd = message("cq/500105/stranger/stage", {"value": 1, "time": 1_597_800_000})
    run(url, [CLOCK, odd], lambda: quarantine.request_release(connection), [CLOCK], [CLOCK])
    assert [(reason, state) for reason, _, state in held(connection)] == [("unknown_sensor", "held")]
    assert quarantine.request_release(connection, ids=[0]) == 0
    assert quarantine.request_release(connection, reason="unit") == 0
    assert quarantine.request_release(connection) == 1


def test_a_part_of_a_pack_is_kept_and_released_alone(url: str, connection: Connection, tmp_path: Path) -> None:
    pack = message(
        "cq/500105/gateway/senml",
        [
            {"bn": "cuntan/", "bt": 1_597_795_200, "bu": "m", "n": "stage", "v": 180, "datum": "wusong"},
            {"bn": "new-1/", "bu": "mm", "n": "rain", "t": -60.5, "v": 5},
        ],
    )
    file = tmp_path / "new.csv"
    file.write_text("name,device,quantity\nnew-1,new-1,rain\n")
    run(
        url,
        [CLOCK, pack],
        lambda: import_sensors(connection, file),
        lambda: quarantine.request_release(connection),
        [CLOCK],
        [CLOCK],
    )
    assert stored(connection) == [
        ("new-1", datetime.fromtimestamp(1_597_795_139.5, UTC), 5),
        ("cuntan", datetime.fromtimestamp(1_597_795_200, UTC), 180),
    ]
    assert books(connection) == {"received": 3, "stored": 2, "repeats": 0, "quarantined": 1}


@pytest.mark.parametrize(
    "odd",
    [
        Message(topic="cq/500105/a\0b/stage", payload=b'{"value":1,"time":1597800000}'),
        Message(topic="\0", payload=b""),
        Message(topic="cq/500105/a/senml", payload=b'[{"n":"\\u0000/\\u0000","v":1},{"n":"\\u0000","v":1}]'),
        Message(topic="cq/500105/a/senml", payload=b'[{"n":"x/y","u":"\\u0000","v":1},{"vs":"\\u0000"}]'),
        Message(topic="cq/clock", payload=b'{"time":"9999-12-31T23:59:59-12:00"}'),
        Message(topic="cq/clock", payload=b'{"time":"0001-01-01T00:00:00+12:00"}'),
        Message(topic="x" * 65_535, payload=b"\0" * 100_000),
        stage(1, "9999-12-31T23:59:59-12:00"),
        stage(1, "0001-01-01T00:00:00+12:00"),
    ],
    ids=lambda odd: f"{odd.topic[:20]!r}",
)  # fmt: skip
def test_no_message_ends_the_pipeline(url: str, connection: Connection, odd: Message) -> None:
    """One that did would come again at every start."""
    assert len(run(url, [CLOCK, odd, stage(180)])) == 3
    assert len(stored(connection)) == 1
    assert held(connection)
    quarantine.request_release(connection)
    run(url, [CLOCK], [CLOCK])
    assert {state for _, _, state in held(connection)} == {"held"}


def test_a_clock_is_followed_and_found_again(url: str, connection: Connection) -> None:
    ahead = stage(180, "2020-08-20T09:00:00+08:00")
    run(url, [ahead], [CLOCK, ahead])
    assert status(connection)["partitions"][0]["clock"] == NOW.isoformat()
    run(url, [ahead, stage(180, "2020-08-20T00:04:00+08:00")])
    assert held(connection) == [("time_ahead", 2, "held")]
    # Before the first clock the machine's counted, by which the reading is years old.
    assert len(stored(connection)) == 2


_traffic = st.lists(
    st.lists(
        st.one_of(
            st.builds(
                stage,
                st.sampled_from([180.0, 181.0, 1e9]),
                st.sampled_from(["2020-08-19T08:00:00+08:00", "2020-08-19T09:00:00+08:00", "2021-01-01T00:00:00Z"]),
                st.sampled_from(["cuntan", "nobody"]),
                st.sampled_from(["wusong", ""]),
            ),
            st.builds(Message, topic=st.sampled_from(["x", "cq/1/a/senml", "cq/1"]), payload=st.binary(max_size=9)),
        ),
        max_size=6,
    ),
    max_size=4,
)  # fmt: skip


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(_traffic)
def test_the_books_add_up_for_any_traffic(url: str, connection: Connection, batches: list[list[Message]]) -> None:
    connection.execute("truncate readings, intake, quarantine, rule_states cascade")
    with connection.transaction():  # transitions refuse it, but for a new start
        connection.execute("set local session_replication_role = replica")
        connection.execute("truncate alerts cascade")
    sent = [message for batch in batches for message in batch]
    run(url, [CLOCK], *batches)
    told = books(connection)
    assert told["received"] == told["stored"] + told["repeats"] + told["quarantined"] == len(sent)
    assert told["stored"] == len(stored(connection))
    assert told["quarantined"] == sum(count for _, count, _ in held(connection))
    again = Counter(one.payload for one in sent)
    assert told["repeats"] <= sum(count - 1 for count in again.values())


def test_a_second_pipeline_ends_the_first(url: str, connection: Connection) -> None:
    acknowledged: list[Message] = []
    with pytest.raises(Fenced, match="SHIJING_PIPELINE_PARTITION"):
        run(
            url,
            [CLOCK, stage(180)],
            lambda: acknowledged.extend(run(url, [stage(181, "2020-08-19T09:00:00+08:00")])),
            [stage(182, "2020-08-19T10:00:00+08:00")],
        )
    assert len(acknowledged) == 1
    assert [value for _, _, value in stored(connection)] == [180, 181], "the first wrote nothing after the claim"


def test_the_first_of_two_sees_it_also_when_nothing_comes(url: str) -> None:
    def idle() -> Iterator[list[Message] | Callable[[], object]]:
        yield lambda: run(url, [CLOCK])
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            yield []

    with pytest.raises(Fenced):
        run_through(url, idle())


def test_a_database_that_drops_the_connection_costs_no_reading(url: str, connection: Connection) -> None:
    def drop() -> None:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'shijing-pipeline' and datname = current_database()"
        )

    acknowledged = run(url, [CLOCK, stage(180)], drop, [stage(181, "2020-08-19T09:00:00+08:00")], drop, [stage(180)])
    assert [value for _, _, value in stored(connection)] == [180, 181]
    assert len(acknowledged) == 4
    assert books(connection) == {"received": 3, "stored": 2, "repeats": 1, "quarantined": 0}


def test_faults_beyond_what_a_timestamp_holds_are_kept(connection: Connection) -> None:
    faults = [
        Fault(reason="time_ahead", detail="x", topic="x", payload=str(time_us).encode(), time_us=time_us)
        for time_us in (-(10**18), -1, 0, 10**15, 10**17 * 3, 9 * 10**18)
    ]
    with connection.transaction():
        quarantine.keep(connection, "cq", faults, NOW)
    timed = {row.payload for row in quarantine.listing(connection) if row.time is not None}
    assert timed == {b"0", str(10**15).encode()}
