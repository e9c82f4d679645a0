"""Steps that move borders vertex by vertex: all who share a vertex or an edge follow."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geo.rings import Edge, Point, Ring, beside, changed_rings, edges, on_edge, rings, rounded
from geo.sheet import Sheet
from geo.steps import AddVertex, Move, RemoveVertex, Reshape
from geo.topology import ON_PARENT, Change, Coverage, Parent, StepRefused

# A place this near to a border was meant to be on it (some 0.1 m): pages snap on the screen.
MEANT = 1e-6


def move(coverage: Coverage, step: Move) -> Change:
    """Vertices go elsewhere. One on the border of the parent slides along it, between that border's own corners."""
    sheet = Sheet(coverage)
    targets: dict[Point, Point] = {}
    for start, end in step.moves:
        targets[start] = _destination(sheet, start, end)
    moved = _having(sheet, targets)
    for key in moved:
        sheet.draw(key, changed_rings(sheet.shape(key), lambda ring: [targets.get(point, point) for point in ring]))
    return sheet.finished()


def _having(sheet: Sheet, points: Iterable[Point]) -> list[str]:
    """The units with at least one of the vertices; each of these must be one."""
    wanted = set(points)
    missing = set(wanted)
    having = []
    for key in sheet.near(wanted):
        own = wanted.intersection(point for ring in rings(sheet.shape(key)) for point in ring)
        if own:
            having.append(key)
            missing -= own
    if missing:
        lon, lat = missing.pop()
        raise StepRefused("no_vertex", lon=lon, lat=lat)
    return having


def _destination(sheet: Sheet, start: Point, end: Point) -> Point:
    """Where the vertex goes: what was asked, or the nearest place on the parent's border that it must not leave."""
    having = _having(sheet, [start])
    for parent in sheet.parents(having):
        on = np.flatnonzero(beside(parent.edges, start)[0] <= ON_PARENT)
        if len(on):
            return _slid(parent, on, start, end)
    return on_borders(sheet, having, end)


def _slid(parent: Parent, on: NDArray[np.int64], start: Point, end: Point) -> Point:
    """`on`: the edges of the parent's border at `start`."""
    if len(on) > 1 and not _straight(parent, on, start):
        raise StepRefused("parent_corner", parent=parent.name, lon=start[0], lat=start[1])
    distance, along = beside(parent.edges[on], end)
    nearest = int(np.argmin(distance))
    if distance[nearest] > MEANT or not 0 < along[nearest] < 1:
        raise StepRefused("parent_border", parent=parent.name, lon=start[0], lat=start[1])
    return on_edge(parent.edges[on[nearest]], float(along[nearest]))


def _straight(parent: Parent, on: NDArray[np.int64], at: Point) -> bool:
    """The border goes straight on at that vertex of its own."""
    ends = {point for row in parent.edges[on].tolist() for point in (tuple(row[:2]), tuple(row[2:])) if point != at}
    if len(on) != 2 or len(ends) != 2:
        return False
    (x1, y1), (x2, y2) = ends
    distance, _ = beside(np.array([[x1, y1, x2, y2]]), at)
    return bool(distance[0] <= ON_PARENT)


def on_borders(sheet: Sheet, keys: Iterable[str], point: Point) -> Point:
    """The rounded point, drawn onto the border of a parent where it was meant to be on it."""
    for parent in sheet.parents(keys):
        distance, along = beside(parent.edges, point)
        nearest = int(np.argmin(distance))
        if distance[nearest] <= ON_PARENT:
            return on_edge(parent.edges[nearest], float(along[nearest]))
    return rounded(point)


def add_vertex(coverage: Coverage, step: AddVertex) -> Change:
    """A vertex more in an edge, for all who have it; near to the edge it is put onto it."""
    sheet = Sheet(coverage)
    a, b = step.edge
    row = np.array([[*a, *b]])
    distance, along = beside(row, step.at)
    at = on_edge(row[0], float(along[0])) if distance[0] <= MEANT else rounded(step.at)
    having = [key for key in sheet.near([a, b]) if {(a, b), (b, a)}.intersection(edges(sheet.shape(key)))]
    if not having:
        raise StepRefused("no_edge")
    at = on_borders(sheet, having, at)
    if at in (a, b):
        raise StepRefused("vertex_taken")
    sheet.insert((a, b), [at])
    return sheet.finished()


def remove_vertex(coverage: Coverage, step: RemoveVertex) -> Change:
    """A vertex less, where it is in the course of one border and not where several meet."""
    sheet = Sheet(coverage)
    having = _having(sheet, [step.at])
    ways = {frozenset(e) - {step.at} for key in having for e in edges(sheet.shape(key)) if step.at in e}
    if len(ways) != 2:
        raise StepRefused("junction", lon=step.at[0], lat=step.at[1])
    for key in having:
        sheet.draw(key, changed_rings(sheet.shape(key), lambda ring: [point for point in ring if point != step.at]))
    return sheet.finished()


def reshape(coverage: Coverage, step: Reshape) -> Change:
    """A border takes another course between the same ends, for both sides."""
    old, asked = step.old, step.new
    if {rounded(asked[0]), rounded(asked[-1])} != {rounded(old[0]), rounded(old[-1])} or len(set(old)) < len(old):
        raise StepRefused("ends_differ")
    if rounded(asked[0]) != rounded(old[0]):
        asked = asked[::-1]
    sheet = Sheet(coverage)
    chain: set[Edge] = {edge for a, b in pairwise(old) for edge in ((a, b), (b, a))}
    having = [key for key in sheet.near(old) if chain.intersection(edges(sheet.shape(key)))]
    if not having:
        raise StepRefused("no_border")
    new = [old[0], *(on_borders(sheet, having, point) for point in asked[1:-1]), old[-1]]
    for key in having:
        shape = sheet.shape(key)
        sheet.draw(key, changed_rings(shape, lambda ring: _rerouted(ring, old, new)))
        if set(old[1:-1]).intersection(point for ring in rings(sheet.shape(key)) for point in ring) - set(new):
            raise StepRefused("no_border")
    _nobody_else_has(sheet, old[1:-1], having)
    return sheet.finished()


def _rerouted(ring: Ring, old: Ring, new: Ring) -> Ring:
    """The ring with another course in place of the old one, if it has that, in either direction."""
    for before, after in ((old, new), (old[::-1], new[::-1])):
        if before[0] in ring:
            start = ring.index(before[0])
            turned = ring[start:] + ring[:start]
            if turned[: len(before)] == before:
                return after + turned[len(before) :]
            if len(before) == len(turned) + 1 and turned == before[:-1]:
                return after[:-1]
    return ring


def _nobody_else_has(sheet: Sheet, inner: Ring, having: list[str]) -> None:
    """A third unit that touches the old course would be left behind."""
    if not inner:
        return
    for key in sheet.near(inner):
        if key not in having and set(inner).intersection(p for ring in rings(sheet.shape(key)) for p in ring):
            raise StepRefused("no_border")
