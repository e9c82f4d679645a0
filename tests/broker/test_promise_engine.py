"""The promise with rules of every kind, with real processes: whatever is killed, cut or restarted, what is stored,
told and grouped is what an undisturbed run stores, tells and groups, and the ledger balances.
"""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from pprint import pformat
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from commands.children import FENCED_STATUS
from config.embedded_database import embedded_database, start_server, stop_server
from config.folder import DataFolder
from config.settings import BrokerSettings
from ingest.embedded_broker import embedded_broker
from tests.broker.chain import PATIENCE_S, differences
from tests.broker.city import City, back, build_city, busy, quiet
from tests.broker.proxy import proxy_to, proxy_to_database

KINDS = {
    *("water-depth", "water-depth-area", "combustible-gas", "combustible-gas-area", "carbon-monoxide"),
    *("rain", "flash-flood-1h", "flash-flood-24h", "river-stage", "river-rise", "heat", "smoke", "sos"),
    *("muggy", "crack-held", "device-offline"),
}


@pytest.fixture(scope="module")
def a_city(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with the city in it."""
    with _database(server_url, template, "city") as name:
        build_city(make_conninfo(server_url, dbname=name), tmp_path_factory.mktemp("city"))
        yield name


@contextmanager
def _database(server_url: str, template: str, purpose: str) -> Iterator[str]:
    name = f"shijing_{purpose}_{os.getpid()}"
    clone = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(clone)
        yield name
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def expected(server_url: str, a_city: str, session_data_folder: DataFolder) -> Iterator[dict[str, Any]]:
    """What comes of the busy hours, and of the whole day, when nothing happens; with a broker of its own."""
    folder = session_data_folder
    with (
        _database(server_url, a_city, "undisturbed") as name,
        embedded_broker(folder) as broker,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SHIJING_MQTT_PORT", str(broker.port))
        city = City(make_conninfo(server_url, dbname=name), broker, folder.path)
        city.start()
        city.send_all(busy())
        outcomes = {"busy": city.outcome()}
        city.send_all(quiet())
        city.await_silence()
        city.send_all(back())
        outcomes["day"] = city.outcome()
        ledger = city.ledger()
        city.pipeline.ask_to_stop()
        assert city.pipeline.await_end() == 0
        assert ledger["balanced"], ledger
        yield outcomes


@pytest.fixture
def city(server_url: str, a_city: str, point_at_broker: BrokerSettings, tmp_path: Path) -> Iterator[City]:
    with _database(server_url, a_city, "disturbed") as name:
        built = City(make_conninfo(server_url, dbname=name), point_at_broker, tmp_path)
        built.start()
        yield built
        built.pipeline.ask_to_stop()
        built.pipeline.await_end()


def check(city: City, expected: dict[str, Any], seed: int) -> None:
    """The same as without any fault, and the books say so, too."""
    found = differences(city.outcome(), expected)
    assert not found, f"seed {seed}: {pformat(found, width=200)}"
    assert (ledger := city.ledger())["balanced"], (f"seed {seed}", ledger)


def a_seed() -> tuple[int, random.Random]:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return seed, random.Random(seed)


def test_the_stream_asks_every_kind_of_rule(expected: dict[str, Any]) -> None:
    told = {one["rule"] for one in expected["day"]["transitions"]}
    assert told >= KINDS
    flags = {name: {row[column] for row in expected["day"]["readings"]} for name, column in FLAGS.items()}
    assert flags == {"late": {True, False}, "judged": {True, False}, "suspect": {True, False}}
    reasons = {reason for _, reason, _ in expected["day"]["quarantine"]}
    assert reasons >= {"malformed", "conflict", "value", "unknown_sensor", "time_ahead", "time", "topic", "unit"}


FLAGS = {"late": 3, "judged": 4, "suspect": 5}


def test_kill_9_at_random_changes_nothing(city: City, expected: dict[str, Any]) -> None:
    seed, moments = a_seed()
    with city.sending(busy(), seconds=5) as done:
        while not done.wait(moments.uniform(0.05, 0.6)):
            city.kill()
            city.start()
    city.await_clock(busy())
    check(city, expected["busy"], seed)


def test_a_network_that_is_cut_on_both_sides_changes_nothing(city: City, expected: dict[str, Any]) -> None:
    seed, moments = a_seed()
    broker = (city.broker.host, city.broker.port)
    with proxy_to(broker) as to_broker, proxy_to_database(city.url) as (to_database, way):
        city.kill()
        city.way_to_database, city.way_to_broker = way, {"SHIJING_MQTT_PORT": str(to_broker.port)}
        pipeline = city.start()
        with city.sending(busy(), seconds=5) as done:
            while not done.wait(moments.uniform(0.3, 0.9)):
                proxy = moments.choice((to_broker, to_database))
                if moments.random() < 0.5:
                    proxy.freeze()
                    done.wait(moments.uniform(0.1, 0.5))
                proxy.cut()
                done.wait(moments.uniform(0.0, 0.5))
                proxy.mend()
        city.await_clock(busy())
        assert pipeline.process.poll() is None, "the pipeline lived through it"
        check(city, expected["busy"], seed)
        pipeline.ask_to_stop()
        assert pipeline.await_end() == 0


def test_two_pipelines_by_mistake_change_nothing(city: City, expected: dict[str, Any]) -> None:
    seed, moments = a_seed()
    with city.sending(busy(), seconds=5) as done:
        for _ in range(2):
            done.wait(moments.uniform(0.2, 1.5))
            former = city.pipeline
            city.start()
            assert former.await_end() == FENCED_STATUS
    city.await_clock(busy())
    assert city.pipeline.process.poll() is None
    check(city, expected["busy"], seed)


def test_a_day_with_everything_that_can_go_wrong_ends_like_any_other(
    point_at_broker: BrokerSettings, mosquitto: Any, data_folder: DataFolder, expected: dict[str, Any]
) -> None:
    seed, moments = a_seed()
    with embedded_database(data_folder) as url, ExitStack() as ends:
        pgdata = data_folder / "postgres"
        build_city(url, data_folder.path)
        city = City(url, point_at_broker, data_folder.path)
        city.start()

        def stop() -> None:
            city.pipeline.ask_to_stop()
            city.pipeline.await_end()

        ends.callback(stop)

        def kill() -> None:
            city.kill()
            city.start()

        def restart_database() -> None:
            stop_server(pgdata, start_server(pgdata).system_user)
            start_server(pgdata)

        faults = [kill, restart_database, mosquitto.restart, kill]
        moments.shuffle(faults)
        with city.sending(busy(), seconds=5) as done:
            for fault in faults:
                done.wait(moments.uniform(0.2, 0.8))
                fault()
            assert done.wait(PATIENCE_S)
        city.await_clock(busy())
        check(city, expected["busy"], seed)
        city.send_all(quiet())
        city.await_silence()
        kill()  # who is silent is known to the next one, too
        with city.sending(back(), seconds=2) as done:
            done.wait(moments.uniform(0.2, 1.0))
            moments.choice(faults)()
        city.await_clock(back())
        check(city, expected["day"], seed)
        city.pipeline.ask_to_stop()
        assert city.pipeline.await_end() == 0
