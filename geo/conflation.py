"""A layer beside what is there: what each row of it is, how far a border moved, what is new, what is gone.

Every row with a polygon becomes part of an item, or is in a fault that says why it is left out: `balance` adds up.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
import shapely

from config.database import Connection
from geo.conflation_known import Ground, read_ground
from geo.conflation_sort import Root, Sorted, fault_of, once, roots_of, sort_rows
from geo.errors import LayerError
from geo.layer_faults import LayerFault
from geo.layer_file import Feature
from geo.layer_mesh import Piece, mesh
from geo.layer_moved import Moved, moved
from geo.layer_shapes import mend_shapes
from geo.matching import match

LEVELS = ("district", "township", "grid")
State = Literal["same", "moved", "renamed", "new"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One division as the layer has it."""

    state: State
    rows: tuple[int, ...]
    division_id: int | None  # None: new
    parent_id: int
    code: str
    name: str
    kind: str
    households: int | None
    shape: Any  # as it would be, mended
    moved: Moved | None  # None: new, or it had no polygon
    former_name: str = ""
    title: str = ""  # with its district or township


@dataclass(frozen=True, kw_only=True)
class Gone:
    """A division that the layer does not have, though it has its neighbours."""

    division_id: int
    title: str
    drawn: bool  # it has a polygon


@dataclass(frozen=True, kw_only=True)
class Conflation:
    """A layer held against what is there."""

    level: str
    roots: tuple[Root, ...]  # that the layer has divisions of; the widest first
    root: Root
    items: tuple[Item, ...]
    gone: tuple[Gone, ...]
    faults: tuple[LayerFault, ...]
    rows: int  # of the file

    def count(self, state: State) -> int:
        return sum(item.state == state for item in self.items)

    @property
    def taken(self) -> int:
        """Rows of the file that are part of an item."""
        return len({row for item in self.items for row in item.rows})

    @property
    def left(self) -> frozenset[int]:
        """Rows that are not, each named by a fault."""
        return frozenset(row for fault in self.faults if fault.left_out for row in fault.rows)

    @property
    def balance(self) -> bool:
        """Whether every row is accounted for, once."""
        taken = {row for item in self.items for row in item.rows}
        return taken.isdisjoint(self.left) and len(taken) + len(self.left) == self.rows

    @property
    def drift(self) -> tuple[float, float] | None:
        """East and north, metres, by which all of it has moved alike; None: it has not. Mostly another datum."""
        shifts = np.array([item.moved.shift for item in self.items if item.moved is not None])
        if len(shifts) < 3:
            return None
        middle = np.median(shifts, axis=0)
        spread = float(np.median(np.hypot(*(shifts - middle).T)))
        length = float(np.hypot(*middle))
        return (float(middle[0]), float(middle[1])) if length > 5 and spread < length / 3 else None


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What somebody chose."""

    level: str
    tolerance_m: float = 1.0
    root_id: int | None = None  # None: the narrowest that has all of it
    remove_gone: bool = False


def conflate(
    connection: Connection,
    features: Sequence[Feature],
    wishes: Wishes,
    *,
    rows: int,
    faults: Iterable[LayerFault] = (),
    at: datetime,
) -> Conflation:
    """Hold a layer against the divisions at an instant; `faults`: what reading it found. Raises LayerError."""
    if wishes.level not in LEVELS:
        raise LayerError(
            f"a draft is of districts, townships or grids, not of level {wishes.level!r}",
            "草案只能绘制区县、镇街或网格，请选择其中一个层级。",
        )
    mended = mend_shapes(features, loop_m2=(10 * wishes.tolerance_m) ** 2)
    ground = read_ground(connection, wishes.level, at)
    single, twice = once(mended.features)
    matching = match(connection, wishes.level, single, at)
    found = sort_rows(matching, ground)
    roots = roots_of(found, ground)
    if not roots:
        raise LayerError(
            f"nothing in the layer belongs to a {wishes.level} that we know: look at the system, the level, the names",
            "图层中没有一行能对应到现有区划，请检查坐标系、层级和名称字段。",
        )
    root = _chosen_root(roots, wishes.root_id)
    items, left = _items(found, ground, mended.unsound, root)
    without = [division for division in matching.without if division.id not in found.renamed]
    gone = tuple(
        Gone(division_id=d.id, title=ground.title(d.id), drawn=d.id in ground.shapes)
        for d in without
        if ground.lies_under(d.parent_id, root.id)
    )
    items, seams = _meshed(items, ground, wishes, {one.division_id for one in gone})
    told = (*faults, *mended.faults, *twice, *found.faults, *left, *seams, *_duplicates(items))
    return Conflation(
        level=wishes.level, roots=roots, root=root, items=tuple(items), gone=gone, rows=rows,
        faults=tuple(_without_repeats(told)),
    )  # fmt: skip


def _chosen_root(roots: tuple[Root, ...], wanted: int | None) -> Root:
    return next((root for root in roots if root.id == wanted), roots[0])


def _items(found: Sorted, ground: Ground, unsound: frozenset[int], root: Root) -> tuple[list[Item], list[LayerFault]]:
    """The divisions under the root; rows of others, and those whose shape cannot be mended, are left out."""
    items: list[Item] = []
    left: list[LayerFault] = []
    drawn = [(i, parts) for i, parts in found.known.items()] + [(i, [part]) for i, part in found.renamed.items()]
    for division_id, parts in drawn:
        division = ground.divisions[division_id]
        if not ground.lies_under(division.parent_id, root.id):
            left += [fault_of(part, "elsewhere", left_out=True) for part in parts if part.row not in unsound]
            continue
        sound = [part for part in parts if part.row not in unsound]
        if sound:
            items.append(_known_item(division_id, sound, ground, renamed=division_id in found.renamed))
    for parent, code, feature in found.new:
        if feature.row in unsound:
            continue
        if not ground.lies_under(parent, root.id):
            left.append(fault_of(feature, "elsewhere", left_out=True))
            continue
        items.append(
            Item(
                state="new", rows=(feature.row,), division_id=None, parent_id=parent, code=code, name=feature.name,
                kind=feature.kind or ground.new_kind, households=feature.households, shape=feature.geometry, moved=None,
                title=f"{ground.name_of(parent)} {feature.name}",
            )
        )  # fmt: skip
    return items, left


def _known_item(division_id: int, parts: Sequence[Feature], ground: Ground, *, renamed: bool) -> Item:
    division, first = ground.divisions[division_id], parts[0]
    shape = first.geometry if len(parts) == 1 else shapely.union_all([part.geometry for part in parts])
    counts = [part.households for part in parts if part.households is not None]
    return Item(
        state="renamed" if renamed else "same", rows=tuple(part.row for part in parts), division_id=division_id,
        parent_id=division.parent_id or 0, code=division.code, name=first.name if renamed else division.name,
        kind=first.kind or division.kind, households=sum(counts) if counts else division.households, shape=shape,
        moved=None, former_name=division.name if renamed else "", title=ground.title(division_id),
    )  # fmt: skip


def _meshed(items: list[Item], ground: Ground, wishes: Wishes, gone: set[int]) -> tuple[list[Item], list[LayerFault]]:
    """The items as a coverage with what stays around them, and how far each has moved."""
    if not items:
        return [], []
    drawn = {item.division_id for item in items}
    staying = {
        i: shape for i, shape in ground.shapes.items() if i not in drawn and not (wishes.remove_gone and i in gone)
    }
    around = _around([item.shape for item in items], staying)
    room = ground.room([item.parent_id for item in items])
    pieces = [Piece(shape=item.shape, name=item.title, rows=item.rows) for item in items]
    fixed = [Piece(shape=staying[i], name=ground.title(i)) for i in around]
    meshed = mesh(pieces, fixed, room, tolerance_m=wishes.tolerance_m)
    told = [
        _compared(replace(item, shape=item.shape if shape is None else shape), ground)
        for item, shape in zip(items, meshed.shapes, strict=True)
    ]
    return told, meshed.faults


def _around(shapes: list[Any], staying: Mapping[int, Any]) -> list[int]:
    ids = list(staying)
    if not ids:
        return []
    tree = shapely.STRtree([staying[i] for i in ids])
    found = tree.query(np.array(shapes, dtype=object))[1]
    return [ids[i] for i in np.unique(found).tolist()]


def _compared(item: Item, ground: Ground) -> Item:
    before = None if item.division_id is None else ground.shapes.get(item.division_id)
    if before is None:
        return item if item.division_id is None or item.state == "renamed" else replace(item, state="moved")
    how = moved(before, item.shape)
    state = item.state if item.state == "renamed" else ("same" if how.is_none else "moved")
    return replace(item, state=state, moved=how)


def _duplicates(items: Sequence[Item]) -> list[LayerFault]:
    """Names and codes that two divisions of one parent would have."""
    faults = []
    for kind, key in (("duplicate_name", _name_key), ("duplicate_code", _code_key)):
        having = defaultdict(list)
        for item in items:
            if key(item):
                having[key(item)].append(item)
        for some in having.values():
            if len(some) > 1:
                point = shapely.get_coordinates(some[0].shape)[0].tolist()
                faults.append(
                    LayerFault(
                        kind=kind, rows=tuple(row for item in some for row in item.rows),
                        names=tuple(item.title for item in some), lon=point[0], lat=point[1],
                        detail=some[0].code if kind == "duplicate_code" else some[0].name,
                    )
                )  # fmt: skip
    return faults


def _name_key(item: Item) -> tuple[int, str] | None:
    return (item.parent_id, item.name) if item.name else None


def _code_key(item: Item) -> tuple[int, str] | None:
    return (0, item.code) if item.code else None


def _without_repeats(faults: Iterable[LayerFault]) -> list[LayerFault]:
    """A row that is left out is so once: for the first reason."""
    left: set[int] = set()
    kept = []
    for fault in faults:
        if fault.left_out and len(fault.rows) == 1:
            if fault.rows[0] in left:
                continue
            left.add(fault.rows[0])
        kept.append(fault)
    return kept
