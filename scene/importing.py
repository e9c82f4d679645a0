"""Things of one kind from a file: judged as a whole in a scope, then written all together or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import numpy as np
import shapely
from psycopg.types.json import Jsonb
from shapely.geometry.base import BaseGeometry

from access import audit
from access.scope import EVERYWHERE, Scope
from config.database import Connection
from geo.crs import to_cgcs2000
from scene.errors import SceneRefused
from scene.kinds import Kind, shipped_kinds
from scene.placing import QUERIES, Place, places_of
from scene.rows import Row, Told, read_rows
from scene.values import ValueWrong, plain_text
from scene.words import Fault

# How a file may call its coordinates → what geo.crs calls it.
DATUMS: Mapping[str, str] = {"cgcs2000": "EPSG:4490", "wgs84": "EPSG:4326", "gcj02": "GCJ-02", "bd09": "BD-09"}
DIGITS = 7  # of a degree: a centimetre, so that a file imported again changes nothing
_CHINA = (70.0, 3.0, 140.0, 55.0)  # degrees
_AT_ONCE = 5000
State = Literal["new", "changed", "unchanged"]
STATES: tuple[State, ...] = ("new", "changed", "unchanged")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a file holds and who imports it; `apply` False: a preview that changes nothing."""

    kind: str
    source: str  # who tells it: with the number there it is known again
    datum: str = "cgcs2000"
    licence: str = ""
    scope: Scope = EVERYWHERE
    actor: UUID | None
    now: datetime
    apply: bool = True


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a row brings."""

    row: int
    state: State
    name: str
    place: int  # the smallest division around it


@dataclass(kw_only=True)
class SceneReport:
    """What an import did, would do, or would not do."""

    file: str
    kind: str
    rows: int = 0
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    written: bool = False

    def count(self, state: State) -> int:
        """How many rows do that."""
        return sum(one.state == state for one in self.changes)

    @property
    def errors(self) -> list[str]:
        """Each fault in one line of English."""
        return [fault.line(self.file) for fault in self.faults]

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        told = [
            {"row": one.row, "column": one.column, "what": one.what, "zh": one.zh, "en": one.en} for one in self.faults
        ]
        return {
            "kind": self.kind, **{state: self.count(state) for state in STATES}, "written": self.written, "faults": told
        }  # fmt: skip

    def lines(self) -> list[str]:
        """For people."""
        done = "" if self.written else "; nothing was written, this is a preview"
        told = ", ".join(f"{self.count(state)} {state}" for state in STATES)
        return self.errors or [f"{self.kind}: {told}{done}"]


@dataclass(frozen=True, kw_only=True)
class _Thing:
    """A row as it is stored."""

    row: Row
    lon: float
    lat: float
    geometry: bytes | None
    place: Place


def import_file(connection: Connection, name: str, raw: bytes, asked: Asked) -> SceneReport:
    """Add or change what a file tells, on an autocommit connection; with any faulty row nothing is written.

    A thing is known by its source, kind and number there; without a column of numbers, by its name. Raises
    SceneRefused for a kind, a datum or a source that cannot be, SheetRefused for what is no such file.
    """
    kind = _checked(asked)
    told = read_rows(name, raw, kind)
    report = SceneReport(file=name, kind=asked.kind, rows=len(told.rows), faults=list(told.faults))
    with connection.transaction():
        if asked.apply:
            connection.execute(QUERIES["lock_things"])
        things = _placed(connection, told, report, asked)
        _compare(connection, things, report, asked)
        if asked.apply and not report.faults:
            _write(connection, things, report, asked)
    return report


def _checked(asked: Asked) -> Kind:
    kinds = shipped_kinds()
    if asked.kind not in kinds:
        raise SceneRefused(
            f"there is no kind {asked.kind[:40]!r}: take one of {', '.join(kinds)}",
            f"没有“{asked.kind[:40]}”这个类别，请重新选择。",
        )
    if asked.datum not in DATUMS:
        raise SceneRefused(
            f"there is no datum {asked.datum[:40]!r}: take one of {', '.join(DATUMS)}",
            f"没有“{asked.datum[:40]}”这个坐标系，请重新选择。",
        )
    for text, longest in ((asked.source, 120), (asked.licence, 200)):
        try:
            plain_text(text, longest)
        except ValueWrong as wrong:
            raise SceneRefused("source and licence are short plain texts", "来源和许可应为简短的普通文字。") from wrong
    if not asked.source.strip():
        raise SceneRefused("say who tells it: give a source", "请填写来源。")
    return kinds[asked.kind]


def _placed(connection: Connection, told: Told, report: SceneReport, asked: Asked) -> list[_Thing]:
    """Rows with their place; what lies outside of the townships or of the scope is a fault."""
    shapes = _converted(told.rows, report, asked.datum)
    points = {number: _point(shape) for number, shape in shapes.items()}
    places = places_of(connection, list(points.values()), asked.now)
    within = _within(connection, list(places.values()), asked.scope)
    things: list[_Thing] = []
    for index, (number, (lon, lat)) in enumerate(points.items()):
        row, place = told.rows[number], places.get(index)
        if place is None:
            report.faults.append(Fault(row=row.line, column="", what="no_township"))
        elif not within.intersection(place.all()):
            report.faults.append(Fault(row=row.line, column="", what="beyond"))
        else:
            shape = shapes[number]
            geometry = None if shape.geom_type == "Point" else shapely.to_wkb(shape)
            things.append(_Thing(row=row, lon=lon, lat=lat, geometry=geometry, place=place))
    return things


def _converted(rows: Sequence[Row], report: SceneReport, datum: str) -> dict[int, BaseGeometry]:
    """Shapes in CGCS2000 by the number of their row; those outside of China are faults."""
    sound: list[int] = []
    west, south, east, north = _CHINA
    for number, row in enumerate(rows):
        left, bottom, right, top = row.shape.bounds
        if west < left <= right < east and south < bottom <= top < north:
            sound.append(number)
        else:
            told = (f"{left:g}", f"{bottom:g}")
            report.faults.append(Fault(row=row.line, column="", what="no_position", told=told))
    if not sound:
        return {}
    moved = to_cgcs2000(np.array([rows[number].shape for number in sound], dtype=object), DATUMS[datum])
    rounded = shapely.transform(moved, lambda at: np.round(at, DIGITS))
    return dict(zip(sound, rounded.tolist(), strict=True))


def _point(shape: BaseGeometry) -> tuple[float, float]:
    """A point in it."""
    at = shape if shape.geom_type == "Point" else shapely.point_on_surface(shape)
    return round(float(at.x), DIGITS), round(float(at.y), DIGITS)


def _within(connection: Connection, places: Sequence[Place], scope: Scope) -> set[int]:
    ids = sorted({one for place in places for one in place.all()})
    if scope.everywhere:
        return set(ids)
    named = {"ids": ids, "everywhere": False, "divisions": list(scope.divisions)}
    return {row[0] for row in connection.execute(QUERIES["within"], named)}


def _compare(connection: Connection, things: Sequence[_Thing], report: SceneReport, asked: Asked) -> None:
    """What each row changes of what is there."""
    named = {
        "source": asked.source, "kind": asked.kind, "numbers": [thing.row.number for thing in things],
        "everywhere": asked.scope.everywhere, "divisions": list(asked.scope.divisions),
    }  # fmt: skip
    known = {row[0]: row for row in connection.execute(QUERIES["known_things"], named)}
    for thing in things:
        there = known.get(thing.row.number)
        state: State = "new"
        if there is not None:
            _, name, lon, lat, geometry, attributes, licence, is_gone, is_within = there
            if not is_within:
                report.faults.append(Fault(row=thing.row.line, column="", what="not_yours"))
                continue
            stored = (name, lon, lat, None if geometry is None else bytes(geometry), attributes, licence)
            brought = (*_first(thing), dict(thing.row.attributes), asked.licence)
            state = "new" if is_gone else "unchanged" if stored == brought else "changed"
        report.changes.append(Change(row=thing.row.line, state=state, name=thing.row.name, place=thing.place.lowest()))


def _first(thing: _Thing) -> tuple[str, float, float, bytes | None]:
    return thing.row.name, thing.lon, thing.lat, thing.geometry


def _write(connection: Connection, things: Sequence[_Thing], report: SceneReport, asked: Asked) -> None:
    states = {one.row: one.state for one in report.changes}
    rows = [_stored(thing) for thing in things if states[thing.row.line] != "unchanged"]
    named = {"kind": asked.kind, "source": asked.source, "licence": asked.licence}
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(QUERIES["put_things"], {**named, "rows": Jsonb(rows[start : start + _AT_ONCE])})
    report.written = True
    told = {"kind": asked.kind, "added": report.count("new"), "changed": report.count("changed")}
    audit.append(
        connection, act="scene.imported", actor=asked.actor, details=told, division_id=asked.scope.only()
    )  # fmt: skip


def _stored(thing: _Thing) -> dict[str, Any]:
    return {
        "number": thing.row.number,
        "name": thing.row.name,
        "lon": thing.lon,
        "lat": thing.lat,
        "geometry": None if thing.geometry is None else thing.geometry.hex(),
        "attributes": dict(thing.row.attributes),
        "district": thing.place.district,
        "township": thing.place.township,
        "village": thing.place.village,
        "grid": thing.place.grid,
    }
