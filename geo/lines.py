"""Lines on the ground that borders follow: roads, railways and banks of OpenStreetMap, centre lines of rivers.

Where from, under which licence and how good: geo/data/README.md. What has no trace on the ground (tunnels, the
underground) is left out. Whoever shows these lines says where they are from: `ATTRIBUTION`.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data"
ATTRIBUTION = "© OpenStreetMap contributors (ODbL); Natural Earth"

PATH, STREET, ROAD, MAIN = range(4)  # how much of a border a line is
_RANKS = {
    **dict.fromkeys(("motorway", "trunk", "primary", "rail", "monorail", "riverbank", "river"), MAIN),
    **dict.fromkeys(("secondary", "tertiary", "water", "reservoir", "wetland"), ROAD),
    **dict.fromkeys(("residential", "unclassified", "pedestrian", "living_street", "service"), STREET),
}
_COVERED = 0.01  # degrees around what OpenStreetMap draws: there the coarse rivers are left out


class Line(NamedTuple):
    """One line: what it is (road, railway, river, water), its name or '', its course in lon/lat."""

    kind: str
    name: str
    geometry: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """All lines, with what finds them; arrays of one length."""

    kinds: tuple[str, ...]
    names: tuple[str, ...]
    ranks: NDArray[np.int8]  # PATH … MAIN
    courses: NDArray[np.object_]  # LineStrings, lon/lat
    tree: Any  # of the courses

    @classmethod
    def of(cls, rows: list[tuple[str, str, int, Any]]) -> "Lines":
        """From rows of kind, name, rank and course."""
        courses = np.array([row[3] for row in rows] + [None], dtype=object)[:-1]
        return cls(
            kinds=tuple(row[0] for row in rows),
            names=tuple(row[1] for row in rows),
            ranks=np.array([row[2] for row in rows], dtype=np.int8),
            courses=courses,
            tree=shapely.STRtree(courses),
        )

    def near(self, box: Any, *, least: int = PATH) -> NDArray[np.int64]:
        """The numbers of the lines of at least that rank which cross a geometry, in order."""
        found: NDArray[np.int64] = np.sort(self.tree.query(box, predicate="intersects")).astype(np.int64)
        return found[self.ranks[found] >= least]


def lines_in(bbox: tuple[float, float, float, float], *, least: int = STREET, coarse: bool = True) -> list[Line]:
    """The lines that cross a box (west, south, east, north in degrees), whole.

    `least`: the lowest rank wanted. `coarse`: also rivers that are off by 1.3 km on average.
    """
    lines = shipped_lines()
    found = lines.near(shapely.box(*bbox), least=least).tolist()
    return [
        Line(lines.kinds[i], lines.names[i], lines.courses[i]) for i in found if coarse or lines.kinds[i] != "river"
    ]


@cache
def shipped_lines() -> Lines:
    """The lines that come with the product."""
    detailed = list(_detailed(DATA / "osm_yuzhong.geojson.gz"))
    covered = shapely.buffer(shapely.box(*shapely.total_bounds([row[3] for row in detailed])), _COVERED)
    return Lines.of([*detailed, *_rivers(DATA / "rivers_10m.geojson", covered)])


def water_in(bbox: tuple[float, float, float, float]) -> NDArray[np.object_]:
    """The polygons of water that cross a box: nobody lives there."""
    polygons = _water()
    box = shapely.box(*bbox)
    found: NDArray[np.object_] = polygons[shapely.intersects(polygons, box)]
    return found


@cache
def _water() -> NDArray[np.object_]:
    shapes = [one["geometry"] for one in features_of(DATA / "osm_yuzhong.geojson.gz") if _is(one, "water")]
    polygons: NDArray[np.object_] = shapely.get_parts(shapely.from_geojson([orjson.dumps(shape) for shape in shapes]))
    return polygons


def _is(feature: dict[str, Any], kind: str) -> bool:
    return bool(feature["properties"]["kind"] == kind)


def features_of(path: Path) -> list[dict[str, Any]]:
    """The features of a GeoJSON file, gzipped or not."""
    text = path.read_bytes()
    features: list[dict[str, Any]] = orjson.loads(gzip.decompress(text) if path.suffix == ".gz" else text)["features"]
    return features


def _detailed(path: Path) -> Iterator[tuple[str, str, int, Any]]:
    for feature in features_of(path):
        about = feature["properties"]
        if about.get("tunnel") or about["class"] == "subway":
            continue
        rank = _RANKS.get(about["class"].removesuffix("_link"), PATH)
        for course in _courses(feature["geometry"]):
            yield about["kind"], about.get("name", ""), rank, course


def _courses(geometry: dict[str, Any]) -> Iterator[Any]:
    """The lines of a shape; of an area its rings."""
    shape = shapely.from_geojson(orjson.dumps(geometry))
    yield from shapely.get_parts(shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape)


def _rivers(path: Path, covered: Any) -> Iterator[tuple[str, str, int, Any]]:
    for feature in features_of(path):
        name = feature["properties"]["name_zh"] or feature["properties"]["name"]
        for course in _courses(feature["geometry"]):
            for part in shapely.get_parts(shapely.difference(course, covered)):
                yield "river", name, MAIN, part
