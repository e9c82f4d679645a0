"""The steps of editing a coverage: what planners and mends ask for, as values and as JSON.

A step says what was meant, not what comes of it; `geo.apply` works that out and keeps the coverage whole.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from geo.errors import StepRefused

MOST_POINTS = 20_000  # of one step
MOST_UNITS = 5_000  # a district's grids fit
MOST_PARTS = 12  # that a line may cut a unit into

Degrees = Annotated[float, Meta(ge=-180, le=180)]
Point = tuple[Degrees, Degrees]  # lon, lat
Key = Annotated[str, Meta(pattern=r"^[dn][0-9]{1,18}$")]
Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S")]
Code = Annotated[str, Meta(max_length=40)]
Kind = Annotated[str, Meta(max_length=40)]
Households = Annotated[int, Meta(ge=0, le=10_000_000)]


class _Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all have in common."""


class Move(_Step, frozen=True, kw_only=True, tag_field="kind", tag="move"):
    """Each vertex goes from one place to another, in all units that have it."""

    moves: Annotated[list[tuple[Point, Point]], Meta(min_length=1, max_length=MOST_POINTS)]


class AddVertex(_Step, frozen=True, kw_only=True, tag_field="kind", tag="add_vertex"):
    """A vertex in an edge, on both of its sides."""

    edge: tuple[Point, Point]
    at: Point


class RemoveVertex(_Step, frozen=True, kw_only=True, tag_field="kind", tag="remove_vertex"):
    """A vertex goes, on both sides of its border."""

    at: Point


class Reshape(_Step, frozen=True, kw_only=True, tag_field="kind", tag="reshape"):
    """A border, given by its vertices, takes another course with the same two ends."""

    old: Annotated[list[Point], Meta(min_length=2, max_length=MOST_POINTS)]
    new: Annotated[list[Point], Meta(min_length=2, max_length=MOST_POINTS)]


class Split(_Step, frozen=True, kw_only=True, tag_field="kind", tag="split"):
    """A line cuts a unit; the largest part keeps its key, the others become units."""

    unit: Key
    line: Annotated[list[Point], Meta(min_length=2, max_length=MOST_POINTS)]
    name: Name | None = None  # of the new part
    code: Code | None = None


class Merge(_Step, frozen=True, kw_only=True, tag_field="kind", tag="merge"):
    """Units become one."""

    units: Annotated[list[Key], Meta(min_length=1, max_length=MOST_UNITS)]
    into: Key
    name: Name | None = None


class Transfer(_Step, frozen=True, kw_only=True, tag_field="kind", tag="transfer", rename={"from_": "from"}):
    """The part of a unit inside a polygon goes to its neighbour."""

    from_: Key
    to: Key
    piece: Annotated[list[Point], Meta(min_length=3, max_length=MOST_POINTS)]


class Rename(_Step, frozen=True, kw_only=True, tag_field="kind", tag="rename"):
    """Another name, code, kind or number of households; what is left out stays."""

    unit: Key
    name: Name | None = None
    code: Code | None = None
    unit_kind: Kind | None = None
    households: Households | None = None


class Drawn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A unit as it shall be; without a key it is a new one."""

    name: Name
    code: Code
    parent_id: int
    kind: Kind
    geometry: dict[str, Any]  # GeoJSON Polygon or MultiPolygon
    households: Households | None = None
    key: Key | None = None
    derived: bool | None = None  # None: as it was, of a new one false


class Replace(_Step, frozen=True, kw_only=True, tag_field="kind", tag="replace"):
    """Units as somebody else drew them: an import, a client of the API, a mend, generated grids."""

    units: Annotated[list[Drawn], Meta(max_length=MOST_UNITS)] = []
    gone: Annotated[list[Key], Meta(max_length=MOST_UNITS)] = []
    snap: bool = True  # vertices within some 0.1 m of one that is there are that one; not where they are exact already


Step = Move | AddVertex | RemoveVertex | Reshape | Split | Merge | Transfer | Rename | Replace


def parse_step(value: bytes | str | dict[str, Any]) -> Step:
    """A step from JSON text or from what JSON was read into. Raises StepRefused("malformed") that names the field."""
    try:
        step: Step = msgspec.convert(value, Step) if isinstance(value, dict) else msgspec.json.decode(value, type=Step)
    except msgspec.ValidationError as error:
        detail, _, field = str(error).partition(" - at ")
        raise StepRefused("malformed", field=field.strip("`").removeprefix("$.") or "step", detail=detail) from error
    except msgspec.DecodeError as error:
        raise StepRefused("malformed", field="step", detail=str(error)) from error
    return step


def step_json(step: Step) -> dict[str, Any]:
    """The step as JSON has it."""
    built: dict[str, Any] = msgspec.to_builtins(step)
    return built
