"""The servers a command works with: those named, or the embedded ones of its data folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import conninfo

from config.embedded_database import embedded_database
from config.errors import ConfigError
from config.folder import DataFolder
from config.settings import PROJECT, BrokerSettings, DatabaseSettings
from ingest.embedded_broker import embedded_broker

DEFAULT_FOLDER = PROJECT / "var" / "data"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a command works: a database URL, or a data folder with servers of its own."""

    database: str | None = None
    data: Path | None = None

    def arguments(self) -> list[str]:
        """The options that make another command work in the same place."""
        if self.data is not None:
            return ["--data", str(self.data)]
        return ["--database", self.database] if self.database else []

    def folder(self) -> DataFolder:
        return DataFolder(self.data or DEFAULT_FOLDER)


@contextmanager
def database(place: Place) -> Iterator[str]:
    """The URL of the place's database, up for the length of the block."""
    settings = DatabaseSettings()
    named = place.database or ("" if place.data else settings.url)
    if named:
        yield _with_password(named, settings.password_file)
    else:
        with embedded_database(place.folder()) as url:
            yield url


@contextmanager
def broker(place: Place, *, port: int = 0) -> Iterator[BrokerSettings]:
    """The broker that the settings name, or the embedded one of the data folder."""
    settings = BrokerSettings()
    if settings.port:
        yield settings
        return
    if place.data is None and (place.database or DatabaseSettings().url):
        raise ConfigError(
            "no broker is named: set SHIJING_MQTT_HOST and SHIJING_MQTT_PORT, or give a data folder with --data DIR"
        )
    with embedded_broker(place.folder(), port=port) as embedded:
        yield settings.model_copy(update={"host": embedded.host, "port": embedded.port})


def _with_password(url: str, password_file: Path | None) -> str:
    if password_file is None:
        return url
    try:
        return conninfo.make_conninfo(url, password=password_file.read_text().strip())
    except OSError as error:
        raise ConfigError(f"SHIJING_DATABASE_PASSWORD_FILE={password_file}: {error.strerror}") from error
