"""How readers sign in where the server asks for a password, and where it does not let them in at all."""

import logging
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import conninfo
from pydantic import SecretStr

from access.errors import ReaderLoginRefused
from access.readers import ReaderLogin, ScopedPool, set_reader_password
from access.scope import EVERYWHERE
from commands import figures
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate
from config.settings import DatabaseSettings

pytestmark = pytest.mark.storage

SECRET = "correct horse battery"


@pytest.fixture
def strict(data_folder: DataFolder) -> Iterator[str]:
    """A server of this test's own (roles are the server's), that asks shijing_web for a password."""
    with embedded_database(data_folder) as url, connect(url, "test", autocommit=True) as owner:
        migrate(owner)
        hba = data_folder / "postgres" / "pg_hba.conf"
        hba.write_text(f"local all shijing_web scram-sha-256\n{hba.read_text()}")
        owner.execute("select pg_reload_conf()")
        yield url


def signed_in_as(login: ReaderLogin) -> str:
    pool = ScopedPool(login, size=1)
    try:
        with pool.connection(EVERYWHERE, 10) as connection:
            row = connection.execute("select session_user || ' as ' || current_user").fetchone()
            assert row is not None
            return str(row[0])
    finally:
        pool.close()


def with_password(password: str) -> DatabaseSettings:
    return DatabaseSettings(web_password=SecretStr(password))


def test_readers_sign_in_with_their_password_or_as_the_owner(strict: str, caplog: pytest.LogCaptureFixture) -> None:
    owner = conninfo.conninfo_to_dict(strict)["user"]
    with caplog.at_level(logging.WARNING):
        login = ReaderLogin(strict)
        assert signed_in_as(login) == f"{owner} as shijing_web"
        assert signed_in_as(login) == f"{owner} as shijing_web"
    told = [record.getMessage() for record in caplog.records if "SHIJING_DATABASE_WEB_PASSWORD" in record.getMessage()]
    assert len(told) == 1
    with connect(strict, "test", autocommit=True) as connection:
        set_reader_password(connection, SECRET)
        assert kept_hash(connection).startswith("SCRAM-SHA-256$")
    assert signed_in_as(ReaderLogin(strict, with_password(SECRET))) == "shijing_web as shijing_web"
    with pytest.raises(psycopg.OperationalError):  # whoever named one gets no less than that
        psycopg.connect(ReaderLogin(strict, with_password("another")).url())


def kept_hash(connection: Connection) -> str:
    row = connection.execute("select rolpassword from pg_authid where rolname = 'shijing_web'").fetchone()
    assert row is not None
    return str(row[0])


def test_the_status_tells_how_pages_sign_in(strict: str) -> None:
    with connect(strict, "test", autocommit=True) as connection:
        assert figures.status(connection)["readers"] == []
        for login, expected in (
            (ReaderLogin(strict), [conninfo.conninfo_to_dict(strict)["user"]]),
            (own(connection, strict), ["shijing_web"]),
        ):
            pool = ScopedPool(login, size=1)
            with pool.connection(EVERYWHERE, 10):
                told = figures.status(connection)
            pool.close()
            assert told["readers"] == expected
            line = next(line for line in figures.lines(told) if line.startswith("pages read"))
            assert line.endswith("shijing_web, signed in as itself") is (expected == ["shijing_web"])


def own(connection: Connection, url: str) -> ReaderLogin:
    set_reader_password(connection, SECRET)
    return ReaderLogin(url, with_password(SECRET))


def test_whoever_may_not_give_the_password_is_told_what_to_do(strict: str) -> None:
    with connect(strict, "test", autocommit=True) as connection:
        connection.execute("create role keeper login; set role keeper")
        with pytest.raises(ReaderLoginRefused, match="let an administrator"):
            set_reader_password(connection, SECRET)
