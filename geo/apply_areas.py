"""Steps that give land to other units: split, merge, transfer."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.apply_words import new_codes, new_names
from geo.cutting import cut, united
from geo.rings import edges, rounded, shape_of
from geo.sheet import Sheet
from geo.steps import MOST_PARTS, Merge, Split, Transfer
from geo.topology import Change, Coverage, StepRefused, Unit


def split(coverage: Coverage, step: Split) -> Change:
    """The largest piece keeps the key; households go with the area, for nobody knows better."""
    unit = coverage.unit(step.unit)
    sheet = Sheet(coverage)
    whole = cut(sheet, unit, step.line)
    counts = np.bincount(whole.part)
    pieces = sorted(
        (face for face, part in zip(whole.faces, whole.part, strict=True) if counts[part] > 1),
        key=lambda face: -float(face.area),
    )
    if len(pieces) < 2:
        raise StepRefused("not_cut", name=unit.name, unit=unit.key)
    if len(pieces) > MOST_PARTS:
        raise StepRefused("too_many_parts", name=unit.name, unit=unit.key, parts=len(pieces))
    whole_parts = [face for face, part in zip(whole.faces, whole.part, strict=True) if counts[part] == 1]
    keeps = united([pieces[0], *whole_parts])
    households = _shared(unit.households, [keeps.area, *(piece.area for piece in pieces[1:])])
    sheet.draw(unit.key, shape_of(keeps))
    sheet.about(replace(unit, households=households[0]))
    for new, piece in zip(_new_units(coverage, unit, step, households[1:]), pieces[1:], strict=True):
        sheet.about(new)
        sheet.draw(new.key, shape_of(piece))
    return sheet.finished()


def _new_units(coverage: Coverage, unit: Unit, step: Split, households: Sequence[int | None]) -> list[Unit]:
    keys, names, codes = coverage.new_keys(), new_names(coverage, unit), new_codes(coverage, unit)
    new = [
        replace(unit, key=next(keys), division_id=None, name=next(names), code=next(codes), households=count)
        for count in households
    ]
    new[0] = replace(
        new[0],
        name=new[0].name if step.name is None else step.name,
        code=new[0].code if step.code is None else step.code,
    )
    return new


def _shared(households: int | None, areas: Sequence[float]) -> list[int | None]:
    """Households by area, the sum kept; unknown stays unknown."""
    if households is None:
        return [None] * len(areas)
    bounds = np.round(households * np.cumsum([0.0, *areas]) / sum(areas)).astype(int)
    shares: list[int | None] = np.diff(bounds).tolist()
    return shares


def merge(coverage: Coverage, step: Merge) -> Change:
    """All become the one named `into`; the households are the sum, unknown where one of them is."""
    into = coverage.unit(step.into)
    others = [coverage.unit(key) for key in dict.fromkeys(step.units) if key != into.key]
    if not others:
        raise StepRefused("too_few")
    for other in others:
        _of_one_parent(coverage, into, other)
    if broken := next((unit for unit in (into, *others) if not unit.geometry.is_valid), None):
        raise StepRefused("broken", name=broken.name, unit=broken.key)
    sheet = Sheet(coverage)
    every = [into, *others]
    one = united([unit.geometry for unit in every])
    if _parts(one) > sum(_parts(unit.geometry) for unit in every) - len(others):
        apart = next((u for u in others if not u.geometry.touches(into.geometry)), others[0])
        raise StepRefused("not_touching", name=into.name, unit=into.key, other=apart.name, other_unit=apart.key)
    counts = [unit.households for unit in every]
    known = [count for count in counts if count is not None]
    sheet.about(
        replace(
            into,
            name=into.name if step.name is None else step.name,
            households=sum(known) if len(known) == len(counts) else None,
            derived=any(unit.derived for unit in every),
        )
    )
    for other in others:
        sheet.remove(other.key)
    sheet.draw(into.key, shape_of(one))
    return sheet.finished()


def _of_one_parent(coverage: Coverage, one: Unit, other: Unit) -> None:
    if coverage.tile_of(one) != coverage.tile_of(other):
        raise StepRefused("other_parent", name=one.name, unit=one.key, other=other.name, other_unit=other.key)


def _parts(geometry: BaseGeometry) -> int:
    return int(shapely.get_num_geometries(geometry))


def transfer(coverage: Coverage, step: Transfer) -> Change:
    """What of the giver lies in the piece and borders on the taker goes over, with its share of the households."""
    giver, taker = coverage.unit(step.from_), coverage.unit(step.to)
    if giver.key == taker.key:
        raise StepRefused("same_unit", unit=giver.key)
    _of_one_parent(coverage, giver, taker)
    outline = [rounded(point) for point in step.piece]
    outline += [] if outline[0] == outline[-1] else [outline[0]]
    piece = shapely.Polygon(outline) if len(outline) > 3 else None
    if piece is None or not piece.is_valid:
        raise StepRefused("bad_piece")
    sheet = Sheet(coverage)
    faces = cut(sheet, giver, outline).faces
    going = [face for face in faces if piece.contains(shapely.point_on_surface(face))]
    if not going:
        raise StepRefused("empty_piece", name=giver.name, unit=giver.key)
    going = _bordering(sheet, taker, going)
    if not going:
        raise StepRefused("not_touching", name=giver.name, unit=giver.key, other=taker.name, other_unit=taker.key)
    staying = [face for face in faces if not any(face is other for other in going)]
    if not staying:
        raise StepRefused("whole_piece", name=giver.name, unit=giver.key)
    _give(sheet, giver, taker, going, staying)
    return sheet.finished()


def _bordering(sheet: Sheet, taker: Unit, faces: list[BaseGeometry]) -> list[BaseGeometry]:
    """The faces that share an edge with the taker, or with one that does."""
    reached = set(edges(sheet.shape(taker.key)))
    taken: list[BaseGeometry] = []
    left = list(faces)
    while True:
        next_to = [face for face in left if any((b, a) in reached or (a, b) in reached for a, b in _edges(face))]
        if not next_to:
            return taken
        taken += next_to
        left = [face for face in left if not any(face is other for other in next_to)]
        reached |= {edge for face in next_to for edge in _edges(face)}


def _edges(face: BaseGeometry) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return list(edges(shape_of(face)))


def _give(sheet: Sheet, giver: Unit, taker: Unit, going: list[BaseGeometry], staying: list[BaseGeometry]) -> None:
    stays = united(staying)
    receives = shapely.MultiPolygon([shapely.Polygon(part[0], part[1:]) for part in sheet.shape(taker.key)])
    left, moved = _shared(giver.households, [stays.area, sum(face.area for face in going)])
    sheet.draw(giver.key, shape_of(stays))
    sheet.draw(taker.key, shape_of(united([receives, *going])))
    sheet.about(replace(giver, households=left))
    if taker.households is not None and moved is not None:
        sheet.about(replace(taker, households=taker.households + moved))
