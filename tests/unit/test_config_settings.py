"""Settings, migrations by edition, named queries: faults found at load, and said with their values."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from config.errors import ConfigError, MigrationError
from config.migrate import MIGRATIONS, VARIANTS, available
from config.queries import Queries
from config.settings import PROJECT, BrokerSettings, DatabaseSettings, PipelineSettings, WebSettings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person who runs the tests may have some."""
    import os

    for name in [name for name in os.environ if name.startswith("SHIJING_")]:
        monkeypatch.delenv(name)


def test_defaults_hold_together() -> None:
    assert not DatabaseSettings().url and BrokerSettings().port == 0 and WebSettings().port == 8800
    assert PipelineSettings().earliest == datetime(2000, 1, 1, tzinfo=UTC)


def test_each_reads_its_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIJING_MQTT_HOST", "broker.cq")
    monkeypatch.setenv("SHIJING_MQTT_PORT", "8883")
    monkeypatch.setenv("SHIJING_PIPELINE_TOPICS", '["cq/500105/#", "cq/500103/#"]')
    monkeypatch.setenv("SHIJING_PIPELINE_EARLIEST", "2015-01-01T00:00:00+08:00")
    monkeypatch.setenv("SHIJING_DATABASE_RETENTION_DAYS", "30")
    assert (BrokerSettings().host, BrokerSettings().port) == ("broker.cq", 8883)
    assert PipelineSettings().topics == ["cq/500105/#", "cq/500103/#"]
    assert PipelineSettings().earliest == datetime(2014, 12, 31, 16, tzinfo=UTC)
    assert DatabaseSettings().retention_days == 30


def test_a_password_without_a_name_shows_both_and_not_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIJING_MQTT_PASSWORD", "hunter2")
    with pytest.raises(ValidationError) as caught:
        BrokerSettings()
    said = str(caught.value)
    assert "SHIJING_MQTT_PASSWORD" in said and "SHIJING_MQTT_USERNAME" in said
    assert "hunter2" not in said and "hunter2" not in repr(caught.value)


def test_a_password_with_a_name_is_kept_out_of_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIJING_MQTT_PASSWORD", "hunter2")
    monkeypatch.setenv("SHIJING_MQTT_USERNAME", "shijing")
    assert BrokerSettings().password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(BrokerSettings())


@pytest.mark.parametrize("name", ["", "nowhere.pem"])
def test_a_certificate_that_cannot_be_read_is_refused_at_load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("SHIJING_MQTT_TLS_CA", str(tmp_path / name))
    with pytest.raises(ValidationError, match=r"cannot be read: .*directory") as caught:
        BrokerSettings()
    assert caught.value.errors()[0]["loc"] == ("tls_ca",)


def test_an_empty_certificate_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIJING_MQTT_TLS_CA", "")
    assert BrokerSettings().tls_ca is None


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        (BrokerSettings, "SHIJING_MQTT_PORT", "65536"),
        (BrokerSettings, "SHIJING_MQTT_PORT", "mqtt"),
        (BrokerSettings, "SHIJING_MQTT_KEEPALIVE_S", "4"),
        (BrokerSettings, "SHIJING_MQTT_KEEPALIVE_S", "65536"),
        (BrokerSettings, "SHIJING_MQTT_SESSION_EXPIRY_S", "4294967296"),
        (BrokerSettings, "SHIJING_MQTT_RECEIVE_MAXIMUM", "0"),
        (PipelineSettings, "SHIJING_PIPELINE_PARTITION", "a b"),
        (PipelineSettings, "SHIJING_PIPELINE_PARTITION", ""),
        (PipelineSettings, "SHIJING_PIPELINE_TOPICS", "[]"),
        (PipelineSettings, "SHIJING_PIPELINE_BATCH_MS", "0"),
        (PipelineSettings, "SHIJING_PIPELINE_CLOCK_SKEW_S", "-1"),
        (PipelineSettings, "SHIJING_PIPELINE_CLOCK_SKEW_S", "inf"),
        (PipelineSettings, "SHIJING_PIPELINE_CLOCK_SKEW_S", "1e300"),
        (PipelineSettings, "SHIJING_PIPELINE_LATENESS_S", "inf"),
        (PipelineSettings, "SHIJING_PIPELINE_LATENESS_S", "nan"),
        (PipelineSettings, "SHIJING_PIPELINE_EARLIEST", "2000-01-01"),  # of which place?
        (PipelineSettings, "SHIJING_PIPELINE_EARLIEST", "2000-01-01T00:00:00"),
        (DatabaseSettings, "SHIJING_DATABASE_RETENTION_DAYS", "0"),
        (WebSettings, "SHIJING_WEB_PORT", "-1"),
    ],
)
def test_a_setting_that_could_not_work_is_refused_at_load(
    monkeypatch: pytest.MonkeyPatch, settings: Any, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        settings()
    field = name.lower().split("_", 2)[2]
    assert field in str(caught.value)


def test_every_edition_has_a_form_of_every_step() -> None:
    versions = {edition: [step.version for step in available(edition)] for edition in VARIANTS}
    assert versions["native"] == versions["timescale"] == versions["community"]
    assert versions["native"] == list(range(1, len(versions["native"]) + 1))


@pytest.mark.parametrize(
    ("edition", "readings", "rollups"),
    [("native", "native", "native"), ("timescale", "timescale", "native"), ("community", "timescale", "community")],
)
def test_each_edition_gets_its_form(edition: str, readings: str, rollups: str) -> None:
    chosen = {step.version: step.variant for step in available(edition)}
    assert (chosen[3], chosen[4]) == (readings, rollups)


def steps(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("select 1")
    return folder


def test_a_step_without_a_form_for_the_edition(tmp_path: Path) -> None:
    steps(tmp_path, "0001_a.sql", "0002_b.community.sql")
    assert [step.version for step in available("community", tmp_path)] == [1, 2]
    with pytest.raises(MigrationError, match=r"0002.*native"):
        available("native", tmp_path)


@pytest.mark.parametrize("name", ["1_a.sql", "0001-a.sql", "0001_a.other.sql", "0001.sql", "a.sql"])
def test_a_file_that_is_no_migration_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(MigrationError, match="NNNN_name"):
        available("native", steps(tmp_path, name))


def test_two_steps_of_one_number_are_not_passed_over(tmp_path: Path) -> None:
    """Two branches that both added a step: one of them would never run."""
    with pytest.raises(MigrationError, match="0001"):
        available("native", steps(tmp_path, "0001_a.sql", "0001_b.sql"))


def test_named_queries(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- of this file\n-- name: one\n-- why\nselect 1\n\n-- name: two\nselect 2;\n")
    queries = Queries(path)
    assert queries.names() == ["one", "two"]
    assert queries["one"] == b"-- why\nselect 1" and queries["two"] == b"select 2;"
    with pytest.raises(ConfigError, match="three"):
        queries["three"]


def test_a_query_named_twice(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- name: one\nselect 1\n-- name: one\nselect 2\n")
    with pytest.raises(ConfigError, match="more than once: one"):
        Queries(path)


@pytest.mark.parametrize("path", sorted(PROJECT.glob("*/*queries.sql")), ids=lambda path: f"{path.parent.name}")
def test_every_query_file_can_be_loaded(path: Path) -> None:
    assert Queries(path).names()
    assert MIGRATIONS.is_dir()
