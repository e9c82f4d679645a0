"""Divisions, organisations and people for the tests of people/: one township, two villages, a grid in each."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from access.vault import Vault
from config.database import Connection
from people.organisations import add_organisation
from people.persons import add_person
from people.private import private

_numbers = itertools.count(1)
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ACTOR = UUID("11111111-1111-4111-8111-111111111111")
DIVISIONS = [
    ("district", "500103", None),
    ("township", "500103001", "500103"),
    ("village", "500103001001", "500103001"),
    ("village", "500103001002", "500103001"),
    ("grid", "500103001001001", "500103001001"),
    ("grid", "500103001002001", "500103001002"),
    ("district", "500104", None),
    ("township", "500104001", "500104"),
]
DISTRICT, TOWNSHIP, VILLAGE, OTHER_VILLAGE, GRID, OTHER_GRID, _, FAR = [code for _, code, _ in DIVISIONS]


@dataclass(frozen=True, kw_only=True)
class Town:
    """What the seed made; ids of divisions by code."""

    vault: Vault
    divisions: dict[str, int]
    organisation: int  # of the township

    def person(self, connection: Connection, name: str, *, organisation: int | None = None) -> UUID:
        """Somebody who serves since long ago."""
        return add_person(
            connection,
            self.vault,
            organisation_id=organisation or self.organisation,
            staff_number=f"N{next(_numbers)}",
            fields=private(name, f"1380000{next(_numbers):04}", f"n{next(_numbers)}@example.org"),
            since=LONG_AGO,
        )


def town(connection: Connection, folder: Path) -> Town:
    """Divisions and the township's organisation."""
    ids: dict[str, int] = {}
    for level, code, parent in DIVISIONS:
        row = connection.execute("insert into divisions (level) values (%s) returning id", (level,)).fetchone()
        assert row is not None
        ids[code] = row[0]
        connection.execute(
            "insert into division_versions (division_id, parent_id, code, name, kind, source)"
            " values (%s, %s, %s, %s, '', 'test')",
            (ids[code], ids.get(parent or ""), code, f"区划{code}"),
        )
    organisation = add_organisation(
        connection, kind="township", code=TOWNSHIP, name="示例街道", divisions=[ids[TOWNSHIP]], actor=ACTOR
    )
    return Town(vault=Vault.of_folder(folder), divisions=ids, organisation=organisation)
