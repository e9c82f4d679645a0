"""A step taken: what it does to each unit, without touching the coverage.

Every step keeps the coverage exact: borders that are shared have the same vertices on both sides, rings turn
by the right-hand rule, positions have 9 decimals, shapes are valid, nobody leaves the parent. What would break
that is refused, with a reason for people.
"""

import shapely

from geo.apply_areas import merge, split, transfer
from geo.apply_vertices import add_vertex, move, remove_vertex, reshape
from geo.apply_words import rename, replace_units
from geo.steps import AddVertex, Merge, Move, RemoveVertex, Rename, Replace, Reshape, Split, Step, Transfer
from geo.topology import Change, Coverage, StepRefused


def apply(coverage: Coverage, step: Step) -> Change:
    """What the step changes. Raises StepRefused, and then nothing changes."""
    try:
        return _applied(coverage, step)
    except shapely.GEOSException as error:  # shapes that were broken before, in a way that nothing else names
        raise StepRefused("not_computable") from error


def _applied(coverage: Coverage, step: Step) -> Change:  # noqa: PLR0911  one way per kind
    match step:
        case Move():
            return move(coverage, step)
        case AddVertex():
            return add_vertex(coverage, step)
        case RemoveVertex():
            return remove_vertex(coverage, step)
        case Reshape():
            return reshape(coverage, step)
        case Split():
            return split(coverage, step)
        case Merge():
            return merge(coverage, step)
        case Transfer():
            return transfer(coverage, step)
        case Rename():
            return rename(coverage, step)
        case Replace():
            return replace_units(coverage, step)
