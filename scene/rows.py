"""Rows of things of one kind: cells of a spreadsheet or features of a GeoJSON file, each checked by itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import shapely
import shapely.errors
from shapely.geometry.base import BaseGeometry

from config.errors import SheetRefused
from config.sheets import MOST_BYTES, Cell, ErrorCell, Formula, Sheet, letter, read_sheets
from scene.kinds import ADDRESS, Attribute, Kind
from scene.values import LONGEST_NAME, Value, ValueWrong, plain_text, value_of
from scene.words import Fault

MOST_THINGS = 50_000  # of one file
MOST_POINTS = 20_000  # of one shape
LONGEST_NUMBER = 160
HELP_SHEET = "说明"
# Columns of every kind: our name → the Chinese head.
COLUMNS: Mapping[str, str] = {"id": "编号", "name": "名称", "lon": "经度", "lat": "纬度", "address": "地址"}
_DEGREES = Attribute(zh="", en="", type="number")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that holds together by itself; its shape in the file's own coordinates."""

    line: int
    number: str  # in its source
    name: str
    shape: BaseGeometry
    attributes: Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a file tells: the rows that hold together, and what is wrong with the others."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(kw_only=True)
class _Given:
    """The texts of a row by our names of columns, and what was wrong with cells."""

    line: int
    texts: dict[str, str]
    heads: Mapping[str, str]  # how the file calls them
    faults: list[Fault] = field(default_factory=list)
    shape: BaseGeometry | None = None
    is_feature: bool = False  # its shape is told by itself, and not by two columns

    def wrong(self, column: str, what: str, *told: object) -> None:
        self.faults.append(Fault(row=self.line, column=self.heads.get(column, column), what=what, told=told))


def read_rows(name: str, raw: bytes, kind: Kind) -> Told:
    """Of an .xlsx, .csv or .geojson file; raises SheetRefused for what is none, or too large."""
    if name.lower().endswith((".geojson", ".json")):
        return _checked(_features(name, raw, kind), kind)
    shown = [sheet for sheet in read_sheets(name, raw) if not sheet.hidden and sheet.name.strip() != HELP_SHEET]
    if not shown:
        return Told(faults=[Fault(row=1, column="", what="no_rows")])
    if len(shown) > 1:
        return Told(faults=[Fault(row=1, column="", what="second_sheet", told=(shown[1].name[:40],))])
    places, faults = _places(shown[0], kind)
    if faults:
        return Told(faults=faults)
    _check_count(name, len(shown[0].rows) - 1)
    return _checked(_cells(shown[0], places), kind)


def names_of(kind: Kind) -> dict[str, tuple[str, str]]:
    """Our names of a kind's columns: their Chinese and English heads."""
    fixed = {one: (zh, one) for one, zh in COLUMNS.items()}
    return fixed | {one: (schema.zh, schema.en) for one, schema in kind.attributes.items()}


def _checked(given: Iterable[_Given], kind: Kind) -> Told:
    rows: list[Row] = []
    faults: list[Fault] = []
    first: dict[str, int] = {}
    any_given = False
    for one in given:
        any_given = True
        row = _row(one, kind)
        if row is not None and first.setdefault(row.number, one.line) != one.line:
            one.wrong("id" if "id" in one.heads else "name", "doubled", first[row.number])
        faults += one.faults
        if row is not None and not one.faults:
            rows.append(row)
    if not any_given:
        faults.append(Fault(row=1, column="", what="no_rows"))
    return Told(rows=rows, faults=faults)


def _row(given: _Given, kind: Kind) -> Row | None:
    name = _text(given, "name", LONGEST_NAME)
    number = _text(given, "id", LONGEST_NUMBER, needed=False) or name
    shape = given.shape if given.is_feature else _point(given)
    attributes: dict[str, Value] = {}
    for key, schema in {"address": ADDRESS, **kind.attributes}.items():
        text = given.texts.get(key, "")
        if not text and schema.required:
            given.wrong(key, "empty")
        elif text:
            try:
                attributes[key] = value_of(text, schema)
            except ValueWrong as wrong:
                given.wrong(key, wrong.what, *wrong.told)
    if shape is None or not name or not number:
        return None
    return Row(line=given.line, number=number, name=name, shape=shape, attributes=attributes)


def _text(given: _Given, column: str, longest: int, *, needed: bool = True) -> str:
    text = given.texts.get(column, "")
    if not text and needed:
        given.wrong(column, "empty")
    try:
        return plain_text(text, longest)
    except ValueWrong as wrong:
        given.wrong(column, wrong.what, *wrong.told)
        return ""


def _point(given: _Given) -> BaseGeometry | None:
    found: list[float] = []
    for column in ("lon", "lat"):
        text = given.texts.get(column, "")
        if not text:
            given.wrong(column, "empty")
            continue
        try:
            found.append(float(value_of(text, _DEGREES)))
        except ValueWrong as wrong:
            given.wrong(column, wrong.what, *wrong.told)
    return shapely.Point(found) if len(found) == 2 else None


# -- spreadsheets


def _places(sheet: Sheet, kind: Kind) -> tuple[dict[str, tuple[int, str]], list[Fault]]:
    """Our name → the column, from 0, and how the file calls it."""
    number, heads = sheet.rows[0]
    known = _known_heads(kind)
    places: dict[str, tuple[int, str]] = {}
    faults: list[Fault] = []
    for at, cell in enumerate(heads):
        head = text_of(cell)
        name = known.get(head.lower())
        if head and name is None:
            told = _columns_told(head, kind)
            faults.append(Fault(row=number, column=letter(at + 1), what="unknown_head", told=told))
        elif name in places:
            faults.append(Fault(row=number, column=letter(at + 1), what="doubled_head", told=(head,)))
        elif name is not None:
            places[name] = (at, f"{letter(at + 1)} {head[:40]}")
    needed = ["name", "lon", "lat", *(key for key, one in kind.attributes.items() if one.required)]
    names = names_of(kind)
    faults += [
        Fault(row=number, column="", what="missing_head", told=names[one]) for one in needed if one not in places
    ]
    return places, faults


def _known_heads(kind: Kind) -> dict[str, str]:
    return {head.lower(): name for name, heads in names_of(kind).items() for head in (*heads, name)}


def _columns_told(head: str, kind: Kind) -> tuple[str, str, str]:
    names = names_of(kind)
    return head[:40], "、".join(zh for zh, _ in names.values()), ", ".join(names)


def _cells(sheet: Sheet, places: Mapping[str, tuple[int, str]]) -> Iterator[_Given]:
    merged = sheet.merged_at()
    heads = {name: head for name, (_, head) in places.items()}
    headed = {at for at, _ in places.values()}
    for number, cells in sheet.rows[1:]:
        given = _Given(line=number, texts={}, heads=heads)
        for name, (at, _) in places.items():
            cell = cells[at] if at < len(cells) else None
            wrong = "merged" if (number, at + 1) in merged else _wrong(cell)
            if wrong:
                given.wrong(name, wrong)
            else:
                given.texts[name] = text_of(cell)
        if any(cell not in (None, "") for at, cell in enumerate(cells) if at not in headed):
            given.wrong("", "too_many_cells")
        yield given


def _wrong(cell: Cell) -> str:
    return "formula" if isinstance(cell, Formula) else "error_cell" if isinstance(cell, ErrorCell) else ""


def text_of(cell: Cell) -> str:
    """A cell as text: a day where it is a date, digits without a point where it is a whole number."""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None or isinstance(cell, Formula | ErrorCell) else str(cell).strip()


# -- GeoJSON


def _features(name: str, raw: bytes, kind: Kind) -> Iterator[_Given]:
    known = _known_heads(kind)
    for line, feature in enumerate(_collection(name, raw), start=1):
        given = _Given(line=line, texts={}, heads={}, is_feature=True)
        told = feature.get("properties") if isinstance(feature, dict) else None
        properties = told if isinstance(told, dict) else {}
        for head, value in properties.items():
            column = known.get(head.strip().lower())
            if column is None or value is None:
                continue  # layers have many fields, and most of them are no concern of ours
            if isinstance(value, dict | list):
                given.wrong(head[:40], "no_text")
            else:
                given.texts[column] = text_of(value)
        if "id" not in given.texts and isinstance(feature, dict) and isinstance(feature.get("id"), str | int):
            given.texts["id"] = str(feature["id"])
        given.shape = _shape(feature, given)
        yield given


def _collection(name: str, raw: bytes) -> Sequence[Any]:
    if len(raw) > MOST_BYTES:
        raise SheetRefused(
            f"{name} has more than {MOST_BYTES >> 20} MB: split it", f"{name} 超过 {MOST_BYTES >> 20} MB，请拆分。"
        )
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise SheetRefused(
            f"{name} is no GeoJSON in UTF-8: {error}", f"{name} 不是 UTF-8 的 GeoJSON，请重新导出。"
        ) from error
    features = told.get("features") if isinstance(told, dict) else None
    if not isinstance(features, list):
        raise SheetRefused(
            f"{name} is no FeatureCollection: export it again as GeoJSON",
            f"{name} 不是要素集合（FeatureCollection），请重新导出为 GeoJSON。",
        )
    _check_count(name, len(features))
    return features


def _check_count(name: str, count: int) -> None:
    if count > MOST_THINGS:
        raise SheetRefused(
            f"{name} has {count} rows, and {MOST_THINGS} are the most: split it",
            f"{name} 有 {count} 行，最多 {MOST_THINGS} 行，请拆分。",
        )


def _shape(feature: Any, given: _Given) -> BaseGeometry | None:
    """A sound shape, flat; else it is a fault."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if geometry is None:
        given.wrong("", "no_shape")
        return None
    try:
        shape = shapely.force_2d(shapely.from_geojson(orjson.dumps(geometry)))
    except (shapely.errors.ShapelyError, TypeError, ValueError):
        given.wrong("", "no_shape")
        return None
    if shapely.get_num_coordinates(shape) > MOST_POINTS:
        given.wrong("", "shape_large", MOST_POINTS)
        return None
    if shape.is_empty or not shape.is_valid or not np.isfinite(shapely.get_coordinates(shape)).all():
        given.wrong("", "no_shape")
        return None
    return shape
