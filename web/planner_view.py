"""Drafts as the API tells them: heads, and units as GeoJSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from access.accounts import names_of
from boundaries.bases import Base, is_outdated
from boundaries.desk import Held
from boundaries.drafts import OPEN, REVIEWED, Draft, Root, load_draft, roots_of
from boundaries.editing import Taken
from boundaries.locks import Lock, locks_over
from boundaries.surroundings import counts_in
from boundaries.unit_rows import is_same
from config.database import Connection
from geo.crs import areas_m2
from geo.finding import Finding
from geo.finding_words import told_of
from geo.steps import step_json
from geo.topology import Unit
from web.geojson import polygons_told
from web.planner_told import Feature, Features, FindingTold, Head, LockTold, RootTold, StepsTaken
from web.viewing import View


def seen(view: View, draft_id: UUID) -> Draft:
    """One draft of the scope; raises DraftUnknown for any other: it is as if there were none."""
    with view.connection() as connection:
        return load_draft(connection, draft_id)


def heads(view: View, connection: Connection, drafts: Sequence[Draft], *, outdated: bool) -> list[Head]:
    """Heads of drafts that were found in the scope; `outdated`: look whether what is in force has changed since."""
    now = view.parts.clock()
    locks = locks_over(connection, drafts, now=now)
    people = {person for draft in drafts for person in _people(draft)} | {lock.held_by for lock in locks.values()}
    names = names_of(connection, people)
    roots = roots_of(connection, {draft.root_id for draft in drafts}, now=now)
    return [
        _head(
            view, draft, names, _root(draft, roots), locks.get(draft.id),
            outdated=is_outdated(connection, draft, now=now) if outdated and draft.state in OPEN | REVIEWED else None,
        )
        for draft in drafts
    ]  # fmt: skip


def head(view: View, draft_id: UUID) -> Head:
    """The head of a draft that was found in the scope, as it is now."""
    with view.acting() as connection:
        return heads(view, connection, [load_draft(connection, draft_id)], outdated=True)[0]


def _people(draft: Draft) -> Iterable[UUID]:
    people = (draft.opened_by, draft.submitted_by, draft.reviewed_by, draft.published_by, draft.filed_by)
    return [person for person in people if person is not None]


def _root(draft: Draft, roots: Mapping[int, Root]) -> RootTold:
    root = roots.get(draft.root_id, Root(id=draft.root_id, name="", code="", level=""))
    return RootTold(id=root.id, code=root.code, name=root.name, level=root.level)


def _head(
    view: View, draft: Draft, names: dict[UUID, str], root: RootTold, lock: Lock | None, *, outdated: bool | None
) -> Head:
    def name(person: UUID | None) -> str | None:
        return None if person is None else names.get(person, "")

    return Head(
        id=draft.id,
        title=draft.title,
        note=draft.note,
        state=draft.state,
        level=draft.level,
        root=root,
        revision=draft.revision,
        undo=draft.cursor,
        redo=draft.steps - draft.cursor,
        lock=None if lock is None else _lock(view, lock, names),
        editable=draft.state in OPEN,
        outdated=outdated,
        base_at=draft.base_at,
        republishes=draft.republishes,
        opened_by=names.get(draft.opened_by, ""),
        opened_at=draft.opened_at,
        submitted_by=name(draft.submitted_by),
        submitted_at=draft.submitted_at,
        reviewed_by=name(draft.reviewed_by),
        reviewed_at=draft.reviewed_at,
        review_note=draft.review_note,
        effective=draft.effective,
        reason=draft.reason,
        published_by=name(draft.published_by),
        published_at=draft.published_at,
        filed_by=name(draft.filed_by),
        filed_at=draft.filed_at,
        filed_as=draft.filed_as,
    )


def _lock(view: View, lock: Lock, names: dict[UUID, str]) -> LockTold:
    return LockTold(
        held_by=names.get(lock.held_by, ""),
        mine=lock.held_by == view.viewer.account_id,
        until=lock.until,
        draft_id=lock.draft_id,
    )


def features_of(units: Sequence[Unit], base: Base, points: NDArray[np.float64]) -> Features:
    """Units with all that is known of them; `points`: of the sensors that are counted."""
    if not units:
        return Features(features=[])
    shapes = np.array([unit.geometry for unit in units], dtype=object)
    told = zip(areas_m2(shapes).tolist(), counts_in(list(units), points), strict=True)
    more = [{"area_m2": round(area, 2), "sensors": sensors} for area, sensors in told]
    return _features(units, [{**one, "state": _state(unit, base)} for unit, one in zip(units, more, strict=True)])


def neighbour_features(units: Sequence[Unit]) -> Features:
    """Units next door, which are not the draft's."""
    return _features(units, [{} for _ in units])


def parent_features(base: Base) -> Features:
    """What the units tile, each once."""
    parents = {parent.id: parent for parent in base.coverage.parents.values()}
    known = [(parent, parent.geometry) for parent in parents.values() if parent.geometry is not None]
    shapes = polygons_told([geometry for _, geometry in known])
    return Features(
        features=[
            Feature(
                id=parent.id, geometry=shape,
                properties={"id": parent.id, "code": parent.code, "name": parent.name, "whole": parent.whole},
            )
            for (parent, _), shape in zip(known, shapes, strict=True)
        ]
    )  # fmt: skip


def _features(units: Sequence[Unit], more: Sequence[dict[str, Any]]) -> Features:
    shapes = polygons_told([unit.geometry for unit in units])
    return Features(
        features=[
            Feature(id=unit.key, geometry=shape, properties={**_about(unit), **told})
            for unit, shape, told in zip(units, shapes, more, strict=True)
        ]
    )


def _about(unit: Unit) -> dict[str, Any]:
    return {
        "key": unit.key,
        "division_id": unit.division_id,
        "parent_id": unit.parent_id,
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "households": unit.households,
        "derived": unit.derived,
    }


def _state(unit: Unit, base: Base) -> str:
    before = base.coverage.units.get(unit.key)
    if before is None:
        return "new"
    return "same" if is_same(before, unit) else "changed"


def findings_of(held: Held) -> list[FindingTold]:
    """The errors first."""
    found = sorted((held.findings or {}).values(), key=lambda one: (one.severity, one.kind, one.id))
    return cast(list[FindingTold], [_written(one) for one in found])


def _written(one: Finding) -> orjson.Fragment:
    """As JSON, written once: after a step most findings of a draft are the very ones that they were before."""
    kept: orjson.Fragment | None = one.__dict__.get("_written")
    if kept is None:
        kept = one.__dict__["_written"] = orjson.Fragment(orjson.dumps(_finding(one)))
    return kept


def _finding(one: Finding) -> FindingTold:
    zh, en = told_of(one)
    return FindingTold(
        id=one.id,
        kind=one.kind,
        severity=one.severity,
        units=list(one.units),
        size=one.size,
        unit=one.unit,
        lon=one.lon,
        lat=one.lat,
        geometry=None if one.geometry is None else shapely.geometry.mapping(one.geometry),
        mend=None if one.mend is None else step_json(one.mend),
        values=dict(one.values),
        zh=zh,
        en=en,
    )


def taken(came: Taken) -> StepsTaken:
    """What came of steps."""
    draft, units = came.draft, came.held.coverage.units
    return StepsTaken(
        revision=draft.revision,
        undo=draft.cursor,
        redo=draft.steps - draft.cursor,
        changed=features_of([units[key] for key in came.changed], came.held.base, came.held.around.points),
        gone=list(came.gone),
        findings=findings_of(came.held),
        taken=list(came.taken),
    )
