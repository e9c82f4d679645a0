"""The schema comes up, comes up again as it is, and refuses what it cannot know."""

import pytest

from config.database import Connection
from config.errors import MigrationError
from config.migrate import VARIANTS, available, migrate

pytestmark = pytest.mark.storage


def test_a_second_run_has_nothing_to_do(connection: Connection) -> None:
    assert migrate(connection) == []


def test_a_newer_schema_is_refused_with_advice(connection: Connection) -> None:
    connection.execute("insert into schema_migrations (version, name, variant, sha256) values (9999, 'future', '', '')")
    with pytest.raises(MigrationError, match=r"schema 9999.*run the newer program"):
        migrate(connection)


def test_a_changed_migration_is_named(connection: Connection) -> None:
    connection.execute("update schema_migrations set sha256 = 'other' where version = 1")
    with pytest.raises(MigrationError, match=r"0001_divisions\.sql was changed"):
        migrate(connection)


@pytest.mark.parametrize("edition", VARIANTS)
def test_every_edition_has_every_step(edition: str) -> None:
    versions = [step.version for step in available(edition)]
    assert versions == list(range(1, len(versions) + 1))
