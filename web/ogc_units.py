"""Features that a client of the OGC API sends, as units of a draft."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from boundaries.desk import Held
from geo.reference_systems import CRS84, systems
from geo.steps import Drawn, Rename
from geo.topology import Unit
from web.errors import AskedWrongError, OgcAskedWrongError

_WORDS = ("name", "code", "kind", "households")
_MOST_POINTS = 200_000


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a body says; geometry None: nothing of it."""

    geometry: BaseGeometry | None  # lon/lat CGCS2000
    properties: dict[str, Any]


def read_feature(body: bytes, content_crs: str | None, *, partial: bool = False) -> Sent:
    """A GeoJSON feature, or a merge patch of one; raises OgcAskedWrongError for what is none, AskedWrongError for what
    it may not say."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OgcAskedWrongError(f"the body is no JSON: {error}") from error
    if not isinstance(told, dict) or told.get("type", "Feature" if partial else None) != "Feature":
        raise OgcAskedWrongError("the body is no GeoJSON feature")
    properties = told.get("properties") or {}
    if not isinstance(properties, dict):
        raise OgcAskedWrongError("the properties of a feature are an object")
    geometry = told.get("geometry")
    if geometry is None and not (partial and "geometry" not in told):
        raise AskedWrongError("geometry: a unit is a Polygon or a MultiPolygon")
    return Sent(geometry=None if geometry is None else _polygon(geometry, content_crs), properties=properties)


def _polygon(told: Any, content_crs: str | None) -> BaseGeometry:
    system = systems().get((content_crs or CRS84).strip().strip("<>"))
    if system is None:
        raise OgcAskedWrongError(f"Content-Crs: {content_crs!r} is not offered: {', '.join(systems())}")
    if not isinstance(told, dict) or told.get("type") not in ("Polygon", "MultiPolygon"):
        raise AskedWrongError("geometry: a unit is a Polygon or a MultiPolygon")
    try:
        read = shapely.force_2d(shapely.from_geojson(msgspec.json.encode(told)))
    except (shapely.errors.GEOSException, ValueError) as error:
        raise AskedWrongError(f"geometry: {error}") from error
    if shapely.is_empty(read) or shapely.get_num_coordinates(read) > _MOST_POINTS:
        raise AskedWrongError(f"geometry: a unit has a place, and at most {_MOST_POINTS:,} vertices")
    stored = system.stored(np.array([read], dtype=object))[0]
    west, south, east, north = shapely.bounds(stored)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise AskedWrongError("geometry: it lies nowhere on earth: which order are the axes of its system in?")
    found: BaseGeometry = shapely.orient_polygons(stored)
    return found


def created(held: Held, sent: Sent) -> Drawn:
    """A new unit; where nothing is said of it, what it lies in is its parent."""
    assert sent.geometry is not None
    told = {name: sent.properties.get(name) for name in (*_WORDS, "parent_id", "derived")}
    if told["parent_id"] is None:
        told["parent_id"] = _parent_at(held, sent.geometry)
    return _drawn(None, told, sent.geometry)


def replaced(unit: Unit, sent: Sent) -> Drawn:
    """A unit wholly as it was sent; it keeps its parent where none is named."""
    assert sent.geometry is not None
    told = {name: sent.properties.get(name) for name in (*_WORDS, "parent_id", "derived")}
    if told["parent_id"] is None:
        told["parent_id"] = unit.parent_id
    return _drawn(unit.key, told, sent.geometry)


def updated(unit: Unit, sent: Sent) -> Drawn:
    """A unit with what was sent in the place of what it had."""
    told = {name: sent.properties.get(name, getattr(unit, name)) for name in (*_WORDS, "parent_id", "derived")}
    return _drawn(unit.key, told, unit.geometry if sent.geometry is None else sent.geometry)


def renamed(unit: Unit, sent: Sent) -> Rename | None:
    """The step for words alone; None where more than that changes."""
    said = {name: sent.properties[name] for name in _WORDS if name in sent.properties}
    others = {"parent_id", "derived"} & sent.properties.keys()
    if sent.geometry is not None or others or not said or None in said.values():
        return None
    named = {"unit_kind" if name == "kind" else name: value for name, value in said.items()}
    try:
        return msgspec.convert({"kind": "rename", "unit": unit.key, **named}, Rename)
    except msgspec.ValidationError as error:
        raise AskedWrongError(str(error)) from error


def _drawn(key: str | None, told: dict[str, Any], geometry: BaseGeometry) -> Drawn:
    words = {**told, "code": told["code"] or "", "kind": told["kind"] or ""}
    said = {name: value for name, value in words.items() if value is not None}
    try:
        return msgspec.convert({"key": key, **said, "geometry": shapely.geometry.mapping(geometry)}, Drawn)
    except msgspec.ValidationError as error:
        raise AskedWrongError(f"properties: {error}") from error


def _parent_at(held: Held, geometry: BaseGeometry) -> int:
    within = shapely.point_on_surface(geometry)
    for number, parent in held.coverage.parents.items():
        if parent.geometry is not None and shapely.intersects(parent.geometry, within):
            return number
    raise AskedWrongError("parent_id: the unit lies in none of what the draft tiles: name what it belongs to")
