"""The rows of a layer, sorted by what they are: a division that we have, by name or by place, or a new one."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely

from geo.conflation_known import Ground
from geo.layer_faults import LayerFault
from geo.layer_file import Feature
from geo.matching import Matching

_SAME_PLACE = 0.8  # of two areas together, that are one division under two names


@dataclass(frozen=True, kw_only=True)
class Root:
    """What a draft of the layer may be drawn under."""

    id: int
    level: str
    name: str


@dataclass(kw_only=True)
class Sorted:
    """Features on their way: by division, new ones, and what is left out."""

    known: dict[int, list[Feature]] = field(default_factory=lambda: defaultdict(list))
    renamed: dict[int, Feature] = field(default_factory=dict)
    new: list[tuple[int, str, Feature]] = field(default_factory=list)  # parent, code
    faults: list[LayerFault] = field(default_factory=list)


def once(features: Sequence[Feature]) -> tuple[list[Feature], list[LayerFault]]:
    """Without rows that have the very shape and name (or no name) of another."""
    seen: dict[bytes, Feature] = {}
    kept, faults = [], []
    for feature in sorted(features, key=lambda one: (not one.name, one.row)):
        key = shapely.to_wkb(shapely.normalize(feature.geometry))
        first = seen.get(key)
        if first is not None and feature.name in ("", first.name):
            point = shapely.get_coordinates(feature.geometry)[0].tolist()
            faults.append(
                LayerFault(
                    kind="duplicate_shape", rows=(feature.row,), names=(first.title(),), lon=point[0], lat=point[1],
                    left_out=True, detail=f"row {first.row}",
                )
            )  # fmt: skip
            continue
        seen.setdefault(key, feature)
        kept.append(feature)
    return sorted(kept, key=lambda one: one.row), faults


def sort_rows(matching: Matching, ground: Ground) -> Sorted:
    """By name as `match` found it; then by place, for a division may have a new name; the rest is new where it can."""
    found = Sorted(known=dict(matching.known))
    found.new += [(grid.parent_id, grid.code, feature) for grid, feature in matching.new]
    strangers = {stranger.feature.row: stranger.feature for stranger in matching.strangers}
    fresh: list[tuple[Feature, int | None]] = [(feature, parent) for parent, _, feature in found.new]
    if ground.level != "grid":
        fresh = [(feature, ground.parent_for(feature)) for feature in strangers.values()]
    free = {division.id for division in matching.without}
    for feature, parent in fresh:
        place = ground.same_place(feature.geometry, free, _SAME_PLACE)
        if place is not None and feature.name:
            free.discard(place)
            found.renamed[place] = feature
        elif ground.level != "grid" and feature.name and parent is not None:
            code = feature.code if len(feature.code) == ground.digits and feature.code not in ground.codes else ""
            found.new.append((parent, code, feature))
    taken = {feature.row for feature in found.renamed.values()}
    found.new = [one for one in found.new if one[2].row not in taken]
    taken |= {feature.row for _, _, feature in found.new}
    hints = {stranger.feature.row: stranger.hint for stranger in matching.strangers}
    found.faults += [_stranger(f, hints[f.row]) for row, f in strangers.items() if row not in taken]
    found.faults += [_joined(ground.title(i), parts) for i, parts in found.known.items() if len(parts) > 1]
    found.faults += [
        fault_of(f, "code_differs", detail=f"{f.code} / {ground.divisions[i].code}", mended=True)
        for i, parts in found.known.items()
        for f in parts
        if f.code and not f.code.startswith(ground.divisions[i].code)
    ]
    return found


def _stranger(feature: Feature, hint: str) -> LayerFault:
    kind = "no_name" if not feature.name else "bad_code" if hint.startswith("code ") else "no_parent"
    return fault_of(feature, kind, detail=hint, left_out=True)


def _joined(title: str, parts: Sequence[Feature]) -> LayerFault:
    point = shapely.get_coordinates(parts[0].geometry)[0].tolist()
    return LayerFault(
        kind="joined", rows=tuple(part.row for part in parts), names=(title,), lon=point[0], lat=point[1], mended=True
    )


def fault_of(feature: Feature, kind: str, **more: Any) -> LayerFault:
    point = shapely.get_coordinates(feature.geometry)[0].tolist()
    return LayerFault(kind=kind, rows=(feature.row,), names=(feature.title(),), lon=point[0], lat=point[1], **more)


def roots_of(found: Sorted, ground: Ground) -> tuple[Root, ...]:
    """What a draft may be of: first the narrowest that has all of the layer, else the one with the most of it."""
    parents = [ground.divisions[i].parent_id for i in (*found.known, *found.renamed)]
    chains = [ground.chain(parent) for parent in (*parents, *(parent for parent, _, _ in found.new))]
    counts = Counter(one for chain in chains for one in chain if ground.can_be_root(one))
    if not counts:
        return ()
    whole = [one for one, count in counts.items() if count == len(chains)]
    first = max(whole, key=ground.rank) if whole else min(counts, key=lambda one: (ground.rank(one), -counts[one]))
    others = sorted(counts.keys() - {first}, key=lambda one: (ground.rank(one), -counts[one], one))
    return tuple(Root(id=one, level=ground.level_of(one), name=ground.name_of(one)) for one in (first, *others))
