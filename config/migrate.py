"""Ordered plain-SQL migrations, with a variant of a step where the server's edition matters.

A file is `NNNN_name.sql`, or `NNNN_name.<variant>.sql` with the variants of `VARIANTS`.
Of each number the first variant that the server can run is taken.
"""

import hashlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from config.database import Connection
from config.errors import MigrationError
from config.jobs import keep_job_tables
from config.settings import CONFIG

log = logging.getLogger(__name__)

MIGRATIONS = CONFIG / "migrations"
_FILE = re.compile(r"^(\d{4})_(\w+?)(?:\.(native|timescale|community))?\.sql$")

# What each edition can run, best first; "" is a step without variants.
VARIANTS = {
    "native": ("native", ""),
    "timescale": ("timescale", "native", ""),  # Apache edition: hypertables only
    "community": ("community", "timescale", "native", ""),
}


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One step, in the form that suits the server."""

    version: int
    name: str
    variant: str
    path: Path

    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


def edition(connection: Connection) -> str:
    """`native`, `timescale` (Apache licence) or `community`, by what the server has.

    Adds the extension to the database where the server can run it: only then does it tell its licence.
    """
    row = connection.execute(
        "select exists (select from pg_available_extensions where name = 'timescaledb'),"
        " current_setting('timescaledb.disable_load', true) is not null"  # known to the preloaded part alone
    ).fetchone()
    assert row is not None
    available, preloaded = row
    if not available:
        return "native"
    if preloaded:
        connection.execute("create extension if not exists timescaledb")
    licence = connection.execute("select current_setting('timescaledb.license', true)").fetchone()
    if licence in (None, (None,)):  # installed on the machine but not preloaded: it cannot be used
        log.warning("timescaledb is available but not in shared_preload_libraries: native partitions are used")
        return "native"
    return "community" if licence == ("timescale",) else "timescale"


def available(for_edition: str, folder: Path = MIGRATIONS) -> list[Migration]:
    """The steps for an edition, in order; raises MigrationError for a number without a usable form."""
    forms: dict[int, dict[str, Migration]] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.match(path.name)
        if match is None:
            raise MigrationError(f"{path}: a migration is named NNNN_name.sql or NNNN_name.variant.sql")
        version, name, variant = int(match[1]), match[2], match[3] or ""
        if any(form.name != name for form in forms.get(version, {}).values()):
            raise MigrationError(f"{path}: another migration has the number {version:04d}; give one of them the next")
        forms.setdefault(version, {})[variant] = Migration(version=version, name=name, variant=variant, path=path)
    chosen = []
    for version, by_variant in sorted(forms.items()):
        usable = [by_variant[v] for v in VARIANTS[for_edition] if v in by_variant]
        if not usable:
            raise MigrationError(f"migration {version:04d} has no form for a {for_edition} server")
        chosen.append(usable[0])
    return chosen


def migrate(connection: Connection) -> list[Migration]:
    """Bring the schema to this version in one transaction; return the steps that were taken."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('shijing_migrate'))")
        connection.execute(
            "create table if not exists schema_migrations (version integer primary key, name text not null,"
            " variant text not null, sha256 text not null, applied_at timestamptz not null default now())"
        )
        taken: dict[int, str] = dict(connection.execute("select version, sha256 from schema_migrations").fetchall())
        steps = available(_kept_edition(connection) or edition(connection))
        newest = max(step.version for step in steps)
        if taken and max(taken) > newest:
            raise MigrationError(
                f"the database is at schema {max(taken)}, this program knows up to {newest}:"
                " run the newer program, or use another database"
            )
        todo = [step for step in steps if step.version not in taken]
        for step in todo:
            connection.execute(step.text().encode())
            connection.execute(
                "insert into schema_migrations (version, name, variant, sha256) values (%s, %s, %s, %s)",
                (step.version, step.name, step.variant, _sha256(step.text())),
            )
        keep_job_tables(connection)
        _check_unchanged([step for step in steps if step.version in taken], taken)
    return todo


def _kept_edition(connection: Connection) -> str | None:
    """The edition the database was made with: a later step must not mix the two forms."""
    row = connection.execute(
        "select max(variant) filter (where version = 3), max(variant) filter (where version = 4) from schema_migrations"
    ).fetchone()
    assert row is not None
    readings, rollups = row
    if readings is None:
        return None
    return "community" if rollups == "community" else str(readings)


def _check_unchanged(steps: list[Migration], taken: dict[int, str]) -> None:
    for step in steps:
        if taken[step.version] != _sha256(step.text()):
            raise MigrationError(
                f"{step.path.name} was changed after it was applied to this database:"
                " put the file back and write the change as a new migration"
            )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
