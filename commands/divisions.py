"""`shijing import divisions`: the default data, or a layer of one's own; `shijing export divisions`: the way back."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from access.accounts import division_named
from config.database import Connection, connect
from config.migrate import migrate
from config.settings import WebSettings
from geo.export import Asked, rows_of
from geo.export_files import write_export


class Report(Protocol):
    """What an import tells."""

    def as_dict(self) -> dict[str, Any]: ...

    def lines(self) -> list[str]: ...


def run_import(database_url: str, work: Callable[[Connection], Report]) -> Report:
    """Do the work (geo.importer.import_layer, commands.registry.default_divisions) on a database with our schema."""
    with connect(database_url, "import", autocommit=True) as connection:
        migrate(connection)
        return work(connection)


_ENDINGS = {"zip": "shp", "shp": "shp", "gpkg": "gpkg", "geojson": "geojson", "json": "geojson", "kml": "kml",
            "dxf": "dxf"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export wrote."""

    path: str
    divisions: int
    derived: int
    crs: str
    warning: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        derived = f", {self.derived} of them derived lines, no official ones" if self.derived else ""
        told = [f"{self.path}: {self.divisions} divisions ({self.crs}){derived}"]
        return told + ([f"  {self.warning}"] if self.warning else [])


def run_export(
    database_url: str,
    path: Path,
    *,
    level: str,
    form: str | None,
    crs: str,
    division: str | None,
    at: datetime | None,
    recorded: datetime | None,
    encoding: str,
) -> Exported:
    """Write a level to a file. Raises LayerError, CrsError, AccountRefused for a division that there is not."""
    chosen = form or _ENDINGS.get(path.suffix.lower().lstrip("."), "")
    now = datetime.now(UTC)
    with connect(database_url, "export", autocommit=True) as connection:
        under = None if division is None else frozenset({division_named(connection, division, now=now)})
        asked = Asked(
            level=level, at=at or now, recorded=recorded, under=under, crs=crs, encoding=encoding,
            approval=WebSettings().map_approval,
        )  # fmt: skip
        rows = rows_of(connection, asked)
    if chosen == "shp" and path.suffix.lower() != ".zip":
        path = path.with_suffix(".zip")
    path.unlink(missing_ok=True)
    write_export(rows, asked, chosen, path)
    derived = sum(row.derived for row in rows)
    return Exported(path=str(path), divisions=len(rows), derived=derived, crs=crs, warning=asked.warning[1])
