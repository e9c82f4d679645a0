"""Which division each feature of a layer is: by (district, name), for codes are numbered apart by two lists."""

import difflib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import shapely
from numpy.typing import NDArray

from config.database import Connection
from geo.divisions import QUERIES, Division, all_of, boundaries
from geo.errors import LayerError
from geo.layer_file import Feature
from geo.locate import Locator

Keys = dict[tuple[str, str], Division]  # (district's name, name) → division


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """A feature that is no division we know."""

    feature: Feature
    hint: str  # what it may be, or why it is not taken


@dataclass(frozen=True, kw_only=True)
class NewGrid:
    """A grid that is not in the database yet."""

    parent_id: int
    code: str
    name: str


@dataclass(kw_only=True)
class Matching:
    """Every feature of the layer, sorted by what it is."""

    known: dict[int, list[Feature]] = field(default_factory=lambda: defaultdict(list))  # division id → its features
    new: list[tuple[NewGrid, Feature]] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)
    without: list[Division] = field(default_factory=list)  # of the same districts (or townships), not in the file
    titles: dict[int, str] = field(default_factory=dict)  # division id → "district name"
    code_differs: list[str] = field(default_factory=list)


def match(connection: Connection, level: str, features: list[Feature], at: datetime) -> Matching:
    """Match features with the divisions of a level as they are at an instant."""
    if level in ("city", "district"):
        by_key = {("", division.name): division for division in all_of(connection, level, at)}
        return _match_named(features, by_key, by_key, {feature.row: "" for feature in features})
    if level == "township":
        townships = {division.id: division for division in all_of(connection, level, at)}
        above = _names_above(connection, level, at)
        by_key = {(above.get(division.id, ""), division.name): division for division in townships.values()}
        ever = connection.execute(QUERIES["township_names_ever"]).fetchall()
        former = {(district, name): townships[id_] for id_, district, name in ever if id_ in townships}
        return _match_named(features, by_key, former | by_key, _feature_districts(connection, features, at))
    if level == "grid":
        return _match_grids(connection, features, at)
    raise LayerError(f"boundaries of level {level!r} cannot be imported: city, district, township or grid can")


def _names_above(connection: Connection, level: str, at: datetime) -> dict[int, str]:
    """The district's name of each division of a level."""
    return dict(connection.execute(QUERIES["district_of_each"], {"level": level, "at": at}).fetchall())


def _match_named(features: list[Feature], now: Keys, ever: Keys, within: dict[int, str]) -> Matching:
    """Match by (district, name), former ones too: a layer drawn before a reform has the districts of then.

    `now`, `ever`: divisions by what they are called now, or ever were; `within`: each feature's district by row.
    """
    result = Matching(titles={division.id: " ".join(key).strip() for key, division in now.items()})
    for feature in features:
        division = ever.get((within[feature.row], feature.name))
        if division is None:
            result.strangers.append(Stranger(feature=feature, hint=_hint(feature.name, within[feature.row], ever)))
            continue
        result.known[division.id].append(feature)
        if feature.code and feature.code[: len(division.code)] != division.code:
            title = result.titles[division.id]
            result.code_differs.append(f"{title}: {feature.code} in the file, {division.code} here")
    present = {district for district, _ in now}
    concerned = {
        division.id: division
        for key, division in ever.items()
        if key[0] in within.values() and (key in now or key[0] not in present)
    }
    result.without = [division for id_, division in concerned.items() if id_ not in result.known]
    return result


def _hint(name: str, district: str, by_key: Keys) -> str:
    names = [other for within, other in by_key if within == district]
    if not names:
        return f"no district is called {district!r}" if district else "its district is not known"
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    return f"is it {close[0]}?" if close else f"{district or 'the city'} has no division of that name"


def _feature_districts(connection: Connection, features: list[Feature], at: datetime) -> dict[int, str]:
    """The district of each feature by row: as its field says, else where it lies."""
    silent = [feature for feature in features if not feature.district]
    names = {feature.row: feature.district for feature in features if feature.district}
    if silent:
        called = {d.id: d.name for d in all_of(connection, "district", at)}
        names |= {row: called.get(id_, "") for row, id_ in _divisions_under(connection, "district", silent, at).items()}
    return names


def _divisions_under(connection: Connection, level: str, features: list[Feature], at: datetime) -> dict[int, int]:
    """The division of a level in which each feature lies (by a point of it), by row; -1 outside."""
    layer = boundaries(connection, level, at)
    ids: NDArray[np.int64] = np.array([b.division_id for b in layer] + [-1], dtype=np.int64)
    points = shapely.get_coordinates(shapely.point_on_surface([feature.geometry for feature in features]))
    found = Locator([b.geometry for b in layer]).locate(points[:, 0].copy(), points[:, 1].copy())
    return {feature.row: int(id_) for feature, id_ in zip(features, ids[found], strict=True)}


def _match_grids(connection: Connection, features: list[Feature], at: datetime) -> Matching:
    """Grids we have (by township and name) get a new boundary, the others become divisions."""
    townships = {d.id: d for d in all_of(connection, "township", at)}
    grids = all_of(connection, "grid", at)
    by_key = {(grid.parent_id, grid.name): grid for grid in grids}
    taken = {grid.code for grid in grids}
    numbers: dict[str, int] = defaultdict(int)  # the last number given in each township
    result = Matching(
        titles={g.id: f"{townships[g.parent_id].name} {g.name}" for g in grids if g.parent_id in townships}
    )
    parents = _grid_parents(connection, features, townships, at)
    for feature in features:
        parent = townships.get(parents[feature.row])
        fault = _grid_fault(feature, parent, taken, by_key)
        if parent is None or fault:
            result.strangers.append(Stranger(feature=feature, hint=fault))
        elif (parent.id, feature.name) in by_key:
            result.known[by_key[parent.id, feature.name].id].append(feature)
        else:
            code = feature.code or _next_code(parent.code, taken, numbers)
            taken.add(code)
            result.new.append((NewGrid(parent_id=parent.id, code=code, name=feature.name), feature))
    concerned = set(parents.values())
    result.without = [g for g in grids if g.parent_id in concerned and g.id not in result.known]
    return result


def _grid_fault(
    feature: Feature, parent: Division | None, taken: set[str], by_key: dict[tuple[int | None, str], Division]
) -> str:
    if parent is None:
        return f"no township {feature.parent!r}" if feature.parent else "lies in no township"
    if not feature.name:
        return "has no name"
    if (parent.id, feature.name) in by_key:
        return ""
    if feature.code and not (feature.code.isdecimal() and len(feature.code) == 15):
        return f"code {feature.code!r} is not 15 digits"
    return f"code {feature.code} is another grid's" if feature.code in taken else ""


def _grid_parents(
    connection: Connection, features: list[Feature], townships: dict[int, Division], at: datetime
) -> dict[int, int]:
    """The township of each grid by row: by the parent's code or name, else where it lies; -1 unknown."""
    lying = _divisions_under(connection, "township", features, at)
    districts = _names_above(connection, "township", at)
    by_code = {d.code: d.id for d in townships.values()}
    by_name: dict[str, list[int]] = defaultdict(list)
    for division in townships.values():
        by_name[division.name].append(division.id)
    parents = {}
    for feature in features:
        if not feature.parent:
            parents[feature.row] = lying[feature.row]
        elif feature.parent.isdecimal():
            parents[feature.row] = by_code.get(feature.parent[:9], -1)
        else:
            same = [i for i in by_name[feature.parent] if feature.district in ("", districts.get(i))]
            # 35 township names occur in more than one district: where the grid lies decides.
            parents[feature.row] = (
                same[0] if len(same) == 1 else lying[feature.row] if lying[feature.row] in same else -1
            )
    return parents


def _next_code(township: str, taken: set[str], numbers: dict[str, int]) -> str:
    """A free grid code under a township when the layer has none: no village (000), then a number."""
    for number in range(numbers[township] + 1, 1000):
        code = f"{township}000{number:03d}"
        if code not in taken:
            numbers[township] = number
            return code
    raise LayerError(f"township {township} has more than 999 grids without a code: give the layer a code field")
