"""`shijing import divisions`: the default data, or a layer of one's own."""

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from commands.registry import default_divisions
from config.database import connect
from config.migrate import migrate
from geo.importer import import_layer


class Report(Protocol):
    """What an import tells."""

    def as_dict(self) -> dict[str, Any]: ...

    def lines(self) -> list[str]: ...


def run_import(
    database_url: str,
    file: Path | None,
    *,
    level: str,
    write: bool,
    crs: str | None = None,
    encoding: str | None = None,
    name_field: str | None = None,
    district_field: str | None = None,
    code_field: str | None = None,
    parent_field: str | None = None,
    valid_from: datetime | None = None,
    partial: bool = False,
) -> Report:
    """Import `file` as the boundaries of `level` (only a report without `write`); no file: the default data at once."""
    with connect(database_url, "import", autocommit=True) as connection:
        migrate(connection)
        if file is None:
            return default_divisions(connection)
        return import_layer(
            connection,
            file,
            level=level,
            write=write,
            crs=crs,
            encoding=encoding,
            name_field=name_field,
            district_field=district_field,
            code_field=code_field,
            parent_field=parent_field,
            valid_from=valid_from,
            partial=partial,
        )
