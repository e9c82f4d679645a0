"""Publishing a draft: one transaction that writes the versions and all that follows from them (docs/boundaries.md).

The order is of locks: first that of the writers of divisions, then the draft's, what takes long, and only then that of
the placements, which lets no batch of readings through until the commit; alerts, runs, live events and the trail come
after it, as with every other writer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
import orjson
import shapely
from psycopg import Cursor
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from boundaries.desk import Desk, Held
from boundaries.difference import Descent, Difference
from boundaries.drafts import Draft, load_draft
from boundaries.errors import DraftRefused
from boundaries.follow_people import follow_people
from boundaries.publish_checks import QUERIES, check_date, told_what_collides
from boundaries.publish_children import Children, children_of
from boundaries.takeover import TakenOver, take_over
from boundaries.workflow import QUERIES as WORKFLOW
from boundaries.workflow import Actor, append, check_another, check_sound, check_state
from config.database import Connection
from geo.adjacency import refresh_touches_of
from geo.crs import areas_m2
from geo.divisions import lock_divisions
from geo.replacing import Redrawn, Replaced, place_again
from geo.topology import Unit

RESIZED = 0.01  # of its land changed hands: its population of before is another territory's
_PATIENCE = "10min"


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """A draft on its way into force."""

    draft: Draft
    difference: Difference
    ids: Mapping[str, int]  # the division of each unit, as it is and as it will be
    effective: datetime
    recorded: datetime
    actor: Actor

    @property
    def source(self) -> str:
        return f"boundary draft {self.draft.id}"

    def named(self) -> dict[str, object]:
        """As most statements take it."""
        return {"draft": self.draft.id, "effective": self.effective, "recorded": self.recorded, "source": self.source}


@dataclass(frozen=True, kw_only=True)
class Published:
    """What came of it."""

    draft: Draft
    ids: Mapping[str, int]
    lineage: int
    children: int  # divisions below that were fitted
    sensors: Replaced
    taken_over: TakenOver | None  # None: it takes over later


def publish(
    connection: Connection, draft_id: UUID, *, actor: Actor, effective: datetime | None, reason: str, desk: Desk
) -> Published:
    """Put an approved draft in force from `effective` on (None: from now on), all of it or nothing.

    Raises DraftRefused where what it was drawn on is not in force any more, where it has errors or cannot be fitted to
    what lies below it, and for a date back in time without a reason; NotTheirs as `review` does.
    """
    with told_what_collides(), connection.transaction(), connection.cursor() as cursor:
        cursor.execute(f"set local idle_in_transaction_session_timeout = '{_PATIENCE}'")
        recorded = lock_divisions(cursor)
        draft = load_draft(connection, draft_id, to_change=True)
        check_state(draft, "published", {"approved"})
        check_another(connection, draft, actor)
        since = effective or recorded
        check_date(connection, draft, since, recorded, reason)
        held = desk.checked(connection, draft)
        check_sound(held)
        return _written(connection, cursor, _prepared(cursor, draft, held, since, recorded, actor), reason.strip())


def _prepared(
    cursor: Cursor[TupleRow], draft: Draft, held: Held, since: datetime, recorded: datetime, actor: Actor
) -> Publishing:
    """With numbers for the new divisions."""
    difference = Difference(held.base.coverage.units, held.coverage.units)
    if not difference:
        raise DraftRefused("the draft changes nothing", "草案没有任何变化。")
    units = [*difference.before.values(), *difference.after.values()]
    ids = {unit.key: unit.division_id for unit in units if unit.division_id is not None}
    new = [key for key in difference.new if key not in ids]
    drawn = cursor.execute(QUERIES["new_divisions"], {"level": draft.level, "count": len(new)}).fetchall()
    ids |= {key: row[0] for key, row in zip(new, drawn, strict=True)}
    return Publishing(draft=draft, difference=difference, ids=ids, effective=since, recorded=recorded, actor=actor)


def _written(connection: Connection, cursor: Cursor[TupleRow], to_do: Publishing, reason: str) -> Published:
    write_units(cursor, to_do, unit_rows(to_do))
    _write_lineage(cursor, to_do)
    children = children_of(connection, to_do)
    _write_children(cursor, to_do, children)
    refresh_touches_of(cursor, touched_ids(to_do), to_do.effective, to_do.recorded)
    for level in children.levels:
        refresh_touches_of(cursor, children.redrawn_ids(level), to_do.effective, to_do.recorded)
    cursor.execute(QUERIES["refresh_closure"])
    follow_people(cursor, to_do.draft.id, effective=to_do.effective, actor=to_do.actor.id)
    named = {**to_do.named(), "actor": to_do.actor.id, "reason": reason}
    cursor.execute(WORKFLOW["publish"], named)
    sensors = _place(cursor, to_do, children)
    taken = take_over(connection, to_do.draft.id) if to_do.effective <= to_do.recorded else None
    _tell(cursor, to_do, sensors)
    draft = load_draft(connection, to_do.draft.id)
    told = {"effective": to_do.effective.isoformat(), "units": len(touched_ids(to_do)), "sensors": len(sensors.moved)}
    append(connection, "boundary.published", draft, to_do.actor, told)
    return Published(
        draft=draft,
        ids=to_do.ids,
        lineage=len(to_do.difference.lineage),
        children=children.count,
        sensors=sensors,
        taken_over=taken,
    )


@dataclass(frozen=True, kw_only=True)
class UnitRow:
    """A unit as `published_units` takes it."""

    unit: Unit
    division_id: int
    described: bool = False
    redrawn: bool = False
    resized: bool = False
    gone: bool = False
    has_outline: bool = True


def unit_rows(to_do: Publishing) -> list[UnitRow]:
    """Every unit that is new, gone, or other than before."""
    difference, ids = to_do.difference, to_do.ids
    new, gone = set(difference.new), set(difference.gone)
    described, redrawn = set(difference.described) | new, set(difference.redrawn) | new
    resized = _resized(difference)
    rows = [UnitRow(unit=difference.before[key], division_id=ids[key], gone=True) for key in sorted(gone)]
    rows += [
        UnitRow(
            unit=difference.after[key],
            division_id=ids[key],
            described=key in described,
            redrawn=key in redrawn,
            resized=key in resized,
        )
        for key in sorted(described | redrawn)
    ]
    return rows


def _resized(difference: Difference) -> set[str]:
    lost: dict[str, float] = {}
    for row in difference.shares:
        lost[row.from_key] = lost.get(row.from_key, 0.0) + row.of_from
        lost[row.to_key] = lost.get(row.to_key, 0.0) + row.of_to
    return {key for key, share in lost.items() if share >= RESIZED}


def touched_ids(to_do: Publishing) -> list[int]:
    """The divisions of the draft's level that are other than before, those that are gone among them."""
    difference = to_do.difference
    keys = {*difference.gone, *difference.new, *difference.redrawn, *difference.described}
    return sorted(to_do.ids[key] for key in keys)


def write_units(cursor: Cursor[TupleRow], to_do: Publishing, rows: Sequence[UnitRow]) -> None:
    """Close what is recorded from the date of effect on, and write what holds instead."""
    polygons = np.array([row.unit.geometry for row in rows], dtype=object)
    areas = np.zeros(len(rows))
    outlined = [number for number, row in enumerate(rows) if row.has_outline]
    areas[outlined] = areas_m2(polygons[outlined])
    cursor.execute(QUERIES["create_published"])
    with cursor.copy(QUERIES["copy_published"]) as copy:
        for row, wkb, area in zip(rows, shapely.to_wkb(polygons), areas, strict=True):
            unit = row.unit
            copy.write_row(
                (
                    *(row.division_id, unit.parent_id, unit.code, unit.name, unit.kind, unit.households, wkb),
                    *(float(area), unit.derived, row.described, row.redrawn, row.resized, row.gone),
                )
            )
    cursor.execute(QUERIES["write_versions"], to_do.named())
    cursor.execute(QUERIES["write_boundaries"], to_do.named())
    cursor.execute(QUERIES["drop_published"])


def _write_lineage(cursor: Cursor[TupleRow], to_do: Publishing) -> None:
    rows = [lineage_row(line, to_do.ids) for line in to_do.difference.lineage]
    cursor.execute(QUERIES["write_lineage"], {**to_do.named(), "rows": Jsonb(rows)})


def _write_children(cursor: Cursor[TupleRow], to_do: Publishing, children: Children) -> None:
    """What lies below and goes with the land, under the same clocks."""
    changed = [one for found in children.below.values() for one in found if one.is_moved or one.is_redrawn]
    rows = [
        UnitRow(
            unit=one.after,
            division_id=one.after.division_id or 0,
            described=one.is_moved,
            redrawn=one.is_redrawn,
            has_outline=one.has_outline,
        )
        for one in changed
    ]
    if not rows:
        return
    write_units(cursor, to_do, rows)
    moved = [row.division_id for row in rows if row.described]
    lines = [{"kind": "transfer", "from_id": one, "to_id": one, "note": "with its parent"} for one in moved]
    cursor.execute(QUERIES["write_lineage"], {**to_do.named(), "rows": Jsonb(lines)})


def lineage_row(line: Descent, ids: Mapping[str, int]) -> dict[str, object]:
    """As `write_lineage` takes it."""
    return {
        "kind": line.kind,
        "from_id": None if line.from_key is None else ids[line.from_key],
        "to_id": None if line.to_key is None else ids[line.to_key],
        "note": line.note,
        "share": line.share,
        "share_of_to": line.share_of_to,
    }


def _place(cursor: Cursor[TupleRow], to_do: Publishing, children: Children) -> Replaced:
    """Sensors on the touched land, of the draft's level and of those below it that were fitted."""
    done = place_again(cursor, _redrawn(cursor, to_do), to_do.effective, to_do.recorded)
    for level in children.levels:
        below = place_again(cursor, children.redrawn(level), to_do.effective, to_do.recorded)
        done = Replaced(
            sensors=max(done.sensors, below.sensors),
            moved=tuple(sorted({*done.moved, *below.moved})),
            closed=done.closed + below.closed,
            opened=done.opened + below.opened,
        )
    return done


def _redrawn(cursor: Cursor[TupleRow], to_do: Publishing) -> Redrawn:
    difference, ids = to_do.difference, to_do.ids
    before, after = difference.before, difference.after
    moved = [key for key in difference.described if before[key].parent_id != after[key].parent_id]
    touched = [before[key].geometry for key in difference.touched_before]
    touched += [after[key].geometry for key in (*difference.touched_after, *moved)]
    parents = {ids[key]: unit.parent_id for key, unit in after.items()}
    found = cursor.execute(QUERIES["district_parents"], {"ids": sorted(set(parents.values()))}).fetchall()
    districts = {row[0] for row in found}
    return Redrawn(
        level=to_do.draft.level,
        before=frozenset(ids[key] for key in before),
        touched=touched,
        after={ids[key]: unit.geometry for key, unit in after.items()},
        districts={unit: parent for unit, parent in parents.items() if parent in districts},
    )


def _tell(cursor: Cursor[TupleRow], to_do: Publishing, sensors: Replaced) -> None:
    payload = {
        "level": to_do.draft.level,
        "boundaries": len(touched_ids(to_do)),
        "sensors": len(sensors.moved),
        "source": to_do.source,
        "effective": to_do.effective.isoformat(),
    }
    cursor.execute(QUERIES["announce"], {"payload": orjson.dumps(payload).decode()})
