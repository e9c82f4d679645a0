"""A few districts of the default divisions, with all that lies in them: quicker than the whole city."""

from dataclasses import replace

from config.database import Connection
from geo.default_data import CITY, read_defaults
from geo.defaults import _write
from geo.divisions import lock_divisions


def seed_districts(connection: Connection, *codes: str) -> None:
    """The districts as the default data has them, before and after the reform."""
    rows = read_defaults()
    keys = {row.key for row in rows.versions if row.key == CITY or row.key.startswith(codes)}
    kept = [row for row in rows.versions if row.key in keys and (row.parent is None or row.parent in keys)]
    with connection.transaction(), connection.cursor() as cursor:
        _write(
            cursor,
            replace(
                rows,
                versions=kept,
                boundaries=[row for row in rows.boundaries if row.key in keys],
                lineage=[],
            ),
            lock_divisions(cursor),
        )
