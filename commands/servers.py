"""The servers a command works with: those named, or the embedded ones of its data folder."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import ProgrammingError, conninfo
from pydantic import SecretStr

from access.vault import Vault
from config.access_settings import AccessSettings
from config.database import Connection, connect
from config.database_keeper import kept_up
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
    named = place.database or ("" if place.data else settings.url.get_secret_value())
    if named:
        _check_url(named, "--database" if place.database else "SHIJING_DATABASE_URL")
        yield _with_password(named, settings.password)
    else:
        folder = place.folder()
        with embedded_database(folder) as url, kept_up(folder):
            yield url


@contextmanager
def opened(place: Place, name: str) -> Iterator[Connection]:
    """An autocommit connection to the place's database."""
    with database(place) as url, connect(url, name, autocommit=True) as connection:
        yield connection


@contextmanager
def broker(place: Place, *, port: int = 0) -> Iterator[BrokerSettings]:
    """The embedded broker of the place's data folder where it has one, else the one that the settings name.

    A data folder comes first, so that what is replayed there never reaches a broker of real devices.
    """
    settings = BrokerSettings()
    if place.data is None and settings.port:
        yield settings
        return
    if place.data is None and (place.database or DatabaseSettings().url):
        raise ConfigError(
            "no broker is named: set SHIJING_MQTT_HOST and SHIJING_MQTT_PORT, or give a data folder with --data DIR"
        )
    with embedded_broker(place.folder(), port=port) as embedded:
        # No name and no certificate: those of the settings are another broker's.
        yield settings.model_copy(
            update={
                "host": embedded.host,
                "port": embedded.port,
                "username": "",
                "password": SecretStr(""),
                "tls_ca": None,
            }
        )


def vault(place: Place) -> Vault:
    """The keys of the place: those of its data folder, made at the first use, or of the key file that is named.

    Raises ConfigError where a database is named and no key file, VaultError where it cannot be used.
    """
    named = AccessSettings().key_file
    if place.data is None and named is not None:
        return Vault(named)
    if place.data is None and (place.database or DatabaseSettings().url):
        raise ConfigError(
            "no key file is named: set SHIJING_ACCESS_KEY_FILE (`shijing vault new FILE` makes one),"
            " or give a data folder with --data DIR"
        )
    return Vault.of_folder(place.folder().path)


def vault_if_named(place: Place) -> Vault | None:
    """The same; None where a database is named and no key file, for what runs without one."""
    if place.data is None and AccessSettings().key_file is None and (place.database or DatabaseSettings().url):
        return None
    return vault(place)


def _check_url(url: str, origin: str) -> None:
    """Raise ConfigError for what is no database URL, without a word of it: a password may be among it.

    A password with / or @ in it that is not escaped is read as part of the host or port; the server's
    library would then print it.
    """
    try:
        parts = conninfo.conninfo_to_dict(url)
    except ProgrammingError:
        parts = {"port": "none"}
    ports, host = str(parts.get("port") or ""), str(parts.get("host") or "")
    if not re.fullmatch(r"[0-9,]*", ports) or "@" in host[1:]:
        raise ConfigError(
            f"{origin} is no database URL (it is not shown, it may hold a password): write"
            " postgresql://user@host:5432/name, and in a password %40 for @, %2F for /, %25 for %"
        )


def _with_password(url: str, password: SecretStr) -> str:
    return conninfo.make_conninfo(url, password=password.get_secret_value()) if password else url
