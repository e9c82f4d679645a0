"""Which database and which broker a command works with."""

from pathlib import Path

import pytest

from commands.servers import Place, broker, database
from config.errors import ConfigError
from config.folder import DataFolder
from ingest.session import check_broker

URL = "postgresql://shijing@database:5432/shijing"


@pytest.fixture(autouse=True)
def production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment names a broker of real devices, as a server's does."""
    authority = tmp_path / "ca.pem"
    authority.write_text("")
    monkeypatch.delenv("SHIJING_DATABASE_URL", raising=False)
    for name, value in {"HOST": "broker.cq", "PORT": "8883", "USERNAME": "shijing", "PASSWORD": "hunter2"}.items():
        monkeypatch.setenv(f"SHIJING_MQTT_{name}", value)
    monkeypatch.setenv("SHIJING_MQTT_TLS_CA", str(authority))


def test_a_data_folders_own_broker_comes_before_the_settings(data_folder: DataFolder) -> None:
    with broker(Place(data=data_folder.path)) as settings:
        assert settings.host == "127.0.0.1"
        assert (settings.username, settings.password.get_secret_value(), settings.tls_ca) == ("", "", None)
        check_broker(settings)


@pytest.mark.parametrize("place", [Place(), Place(database=URL)])
def test_without_a_folder_the_settings_name_the_broker(place: Place) -> None:
    with broker(place) as settings:
        assert (settings.host, settings.port, settings.username) == ("broker.cq", 8883, "shijing")


def test_a_named_database_without_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHIJING_MQTT_PORT")
    with pytest.raises(ConfigError, match="SHIJING_MQTT_PORT"), broker(Place(database=URL)):
        pass


@pytest.mark.parametrize(
    "url",
    [
        "http://shijing:hunter2@database/shijing",
        "hunter2",
        "postgresql://shijing:hunter2@database/shijing?nothing=1",
        "postgresql://shijing:hunter2%zz@database/shijing",
        "postgresql://shijing:hun@ter2@database/shijing",
        "postgresql://shijing:hunter2/x@database/shijing",
        "host=database password=hunter2 port=hunter2",
    ],
)
def test_a_malformed_url_is_refused_without_its_text(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(ConfigError, match=r"^--database is no database URL") as caught, database(Place(database=url)):
        pass
    assert "ter2" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    monkeypatch.setenv("SHIJING_DATABASE_URL", url)
    with pytest.raises(ConfigError, match=r"^SHIJING_DATABASE_URL is no database URL"), database(Place()):
        pass


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "postgresql:///shijing?host=/run/postgresql",
        "host=/run/postgresql dbname=shijing",
        "postgresql://a:%40%2F@one:5432,two:5433/shijing",
        "postgresql://[::1]/shijing",
        "host=@abstract",
    ],
)
def test_a_sound_url_is_taken_as_it_is(url: str) -> None:
    with database(Place(database=url)) as taken:
        assert taken == url
