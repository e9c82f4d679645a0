"""What a request to the OGC API asks for: parameters that there are, with values that they can have; 400 for others."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from fastapi import Request
from numpy.typing import NDArray

from geo.feature_filter import read_filter
from geo.filter_columns import Expression
from geo.reference_systems import CRS84, System, systems
from web.errors import OgcAskedWrongError
from web.ogc_collections import Property
from web.ogc_dates import Asked, read_asked

MOST, USUAL = 5000, 100
PLAIN = ("f", "lang")
DATED = ("datetime", "recorded")
DOCUMENT = (*PLAIN, *DATED)  # clients that were given a date with the address send it with everything
ITEM = (*DOCUMENT, "crs")
ITEMS = (*ITEM, "limit", "offset", "bbox", "bbox-crs", "filter", "filter-lang", "filter-crs")
LANGUAGES = ("cql2-text", "cql2-json")


@dataclass(frozen=True, kw_only=True)
class AskedItems:
    """Which features of a collection, and how they shall come."""

    dated: Asked
    limit: int
    offset: int
    crs: System
    box: Any  # lon/lat polygon; None: everywhere
    expression: Expression | None
    named: Mapping[str, str]  # values that properties must have


def check_known(request: Request, known: Collection[str]) -> None:
    """Raise OgcAskedWrongError for a parameter that there is not, or one given in two ways."""
    given = set(request.query_params.multi_items())  # GDAL says again what the link to the next page has already
    names = [name for name, _ in given]
    for name in names:
        if name not in known:
            raise OgcAskedWrongError(f"there is no parameter {name[:40]!r} here: {', '.join(known)}")
        if names.count(name) > 1:
            raise OgcAskedWrongError(f"{name} is given twice, and not the same")


def wants_html(request: Request) -> bool:
    """By `f`, or else by what is accepted."""
    told = request.query_params.get("f")
    if told is not None and told not in ("json", "html"):
        raise OgcAskedWrongError("f is json or html")
    if told is not None:
        return told == "html"
    for kind in request.headers.get("accept", "").split(","):
        name = kind.split(";")[0].strip().lower()
        if name in ("application/json", "application/geo+json"):
            return False
        if name in ("text/html", "application/xhtml+xml"):
            return True
    return False


def read_crs(request: Request, name: str = "crs") -> System:
    """The reference system that a parameter names."""
    uri = request.query_params.get(name, CRS84)
    found = systems().get(uri.strip("<>"))
    if found is None:
        raise OgcAskedWrongError(f"{name}: {uri[:80]!r} is not offered: {', '.join(systems())}")
    return found


def read_dated(request: Request) -> Asked:
    """The parameters `datetime` and `recorded`."""
    return read_asked(request.query_params.get("datetime"), request.query_params.get("recorded"))


def read_items(request: Request, properties: Mapping[str, Property]) -> AskedItems:
    """All that a page of features is asked for by."""
    check_known(request, (*ITEMS, *properties))
    told = request.query_params
    expression = None
    if (text := told.get("filter")) is not None:
        language = told.get("filter-lang", "cql2-text")
        if language not in LANGUAGES:
            raise OgcAskedWrongError(f"filter-lang is {' or '.join(LANGUAGES)}")
        if told.get("filter-crs", CRS84) != CRS84:
            raise OgcAskedWrongError(f"filter-crs: geometries of a filter are in {CRS84} here")
        expression = read_filter(text, language)
    return AskedItems(
        dated=read_dated(request),
        limit=min(_number(told.get("limit"), "limit", USUAL, 1), MOST),
        offset=_number(told.get("offset"), "offset", 0, 0),
        crs=read_crs(request),
        box=_box(told.get("bbox"), read_crs(request, "bbox-crs")),
        expression=expression,
        named={name: value for name, value in told.items() if name in properties and name not in ITEMS},
    )


def _number(told: str | None, name: str, usual: int, least: int) -> int:
    if told is None:
        return usual
    if not re.fullmatch(r"[0-9]{1,9}", told) or int(told) < least:
        raise OgcAskedWrongError(f"{name} is a whole number from {least} on")
    return int(told)


def _box(told: str | None, system: System) -> Any:
    if told is None:
        return None
    try:
        numbers: NDArray[np.float64] = np.array([float(one) for one in told.split(",")])
    except ValueError as error:
        raise OgcAskedWrongError("bbox is 4 numbers with commas between, or 6 with heights") from error
    if len(numbers) not in (4, 6) or not np.isfinite(numbers).all():
        raise OgcAskedWrongError("bbox is 4 numbers with commas between, or 6 with heights")
    first, last = numbers[:2], numbers[len(numbers) // 2 :][:2]
    if system.swapped:
        first, last = first[::-1], last[::-1]
    if first[1] > last[1] or (first[0] > last[0] and not system.degrees):
        raise OgcAskedWrongError("bbox: the second corner lies below or left of the first")
    if first[0] <= last[0]:
        return _lon_lat(shapely.box(*first, *last), system)
    return shapely.union_all([shapely.box(*first, 180, last[1]), shapely.box(-180, first[1], *last)])


def _lon_lat(box: Any, system: System) -> Any:
    """A box in a system with x before y as lon/lat; its sides bend, so they get vertices."""
    if system.degrees:
        return box
    length = max(box.bounds[2] - box.bounds[0], box.bounds[3] - box.bounds[1], 1e-3)
    dense = shapely.segmentize(box, length / 64)
    turned = shapely.transform(dense, lambda at: at[:, ::-1]) if system.swapped else dense
    return system.stored(np.array([turned], dtype=object))[0]
