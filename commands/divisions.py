"""`shijing import divisions`: the default data, or a layer of one's own."""

from collections.abc import Callable
from typing import Any, Protocol

from config.database import Connection, connect
from config.migrate import migrate


class Report(Protocol):
    """What an import tells."""

    def as_dict(self) -> dict[str, Any]: ...

    def lines(self) -> list[str]: ...


def run_import(database_url: str, work: Callable[[Connection], Report]) -> Report:
    """Do the work (geo.importer.import_layer, commands.registry.default_divisions) on a database with our schema."""
    with connect(database_url, "import", autocommit=True) as connection:
        migrate(connection)
        return work(connection)
