"""The promise, with real processes: whatever is killed, cut or restarted, each reading is stored once and
the alerts are those of an undisturbed run."""

import random
import time
from collections import Counter
from typing import Any

from alerts.heartbeat import read_heartbeats
from commands.children import FENCED_STATUS
from config.database import connect
from config.embedded_database import embedded_database, start_server, stop_server
from config.folder import DataFolder
from config.settings import BrokerSettings
from tests.broker.chain import PATIENCE_S, SCENARIO, Chain, differences, eventually, undisturbed

KILLS = 10
OUTAGE_S = 30


def test_an_undisturbed_run_stores_every_reading_once(chain: Chain, expected: dict[str, Any]) -> None:
    assert undisturbed(chain) == expected
    assert len(expected["readings"]) == 174
    assert [reason for _, reason in expected["quarantine"]] == ["datum"]
    assert Counter(one["rule"] for one in expected["transitions"]) == {"river-stage": 17, "river-rise": 2}
    assert expected["books"] == (0, 174)
    assert not any(late for *_, late, _ in expected["readings"])
    # Sent once more, all of it: every reading is a repeat, and nothing else happens.
    assert undisturbed(chain) == expected


def test_kill_9_ten_times_loses_nothing_and_repeats_nothing(chain: Chain, expected: dict[str, Any]) -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    with chain.replaying(seconds=20) as done:
        for _ in range(KILLS):
            done.wait(moments.uniform(0.05, 0.8))
            chain.kill()
            chain.start()
        done.wait(PATIENCE_S)
    chain.await_end()
    assert differences(chain.outcome(), expected) == {}, f"seed {seed}"


def test_a_stopped_database_holds_everything_up_and_loses_nothing(
    point_at_broker: BrokerSettings, data_folder: DataFolder, expected: dict[str, Any]
) -> None:
    with embedded_database(data_folder) as url:
        pgdata = data_folder / "postgres"
        chain = Chain(url, point_at_broker, data_folder.path)
        pipeline = chain.start()
        with chain.replaying(seconds=10) as done:
            eventually(lambda: (told := chain.clock()) is not None and told > SCENARIO.live_from)
            stop_server(pgdata, start_server(pgdata).system_user)
            outage = time.monotonic() + OUTAGE_S  # the devices go on, the broker keeps what they say
            eventually(lambda: time.monotonic() > outage)
            start_server(pgdata)
            assert done.wait(PATIENCE_S)
        chain.await_end()
        assert pipeline.process.poll() is None, "the pipeline lived through it"
        assert differences(chain.outcome(), expected) == {}
        pipeline.ask_to_stop()
        assert pipeline.await_end() == 0


def test_a_restarted_broker_loses_nothing(chain: Chain, mosquitto: Any, expected: dict[str, Any]) -> None:
    with chain.replaying(seconds=10) as done:
        for _ in range(3):
            done.wait(1.5)
            mosquitto.stop()
            mosquitto.start()
        assert done.wait(PATIENCE_S)
    chain.await_end()
    assert differences(chain.outcome(), expected) == {}


def test_a_pipeline_without_its_broker_says_so_until_it_is_back(chain: Chain, mosquitto: Any) -> None:
    def trouble() -> str | None:
        with connect(chain.url, "test", autocommit=True) as connection:
            return read_heartbeats(connection)[0].trouble

    eventually(lambda: trouble() is None)
    mosquitto.stop()
    eventually(lambda: (trouble() or "").startswith("cut off from the broker since"))
    mosquitto.start()
    eventually(lambda: trouble() is None)
    chain.kill()
    eventually(lambda: (trouble() or "").startswith("not running, or cut off from the database"))


def test_of_two_pipelines_by_mistake_the_newer_one_works(chain: Chain, expected: dict[str, Any]) -> None:
    former = chain.pipeline
    with chain.replaying(seconds=6) as done:
        done.wait(1.0)
        chain.start()
        assert former.await_end() == FENCED_STATUS
        assert done.wait(PATIENCE_S)
    chain.await_end()
    assert chain.pipeline.process.poll() is None
    assert differences(chain.outcome(), expected) == {}
