"""A draft of what a layer says: one step, so that one undo takes all of it back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import orjson
import shapely

from boundaries.desk import Desk
from boundaries.drafts import Draft, Opening, load_draft, open_draft
from boundaries.editing import Asked, take_steps
from boundaries.errors import DraftRefused
from config.database import Connection
from geo.conflation import Conflation, Item
from geo.steps import MOST_UNITS, Drawn, Replace


@dataclass(frozen=True, kw_only=True)
class Making:
    """How a draft is made of a layer."""

    title: str
    note: str = ""
    official: bool = True  # its lines are official ones: they lose the mark that they are derived
    remove_gone: bool = False


def step_of(conflation: Conflation, making: Making) -> Replace:
    """What the layer changes; raises DraftRefused where that is nothing, or too much for one draft."""
    units = [_drawn(item, making) for item in conflation.items]
    gone = [f"d{one.division_id}" for one in conflation.gone if one.drawn] if making.remove_gone else []
    if len(units) > MOST_UNITS:
        raise DraftRefused(
            f"the layer has {len(units):,} divisions, more than {MOST_UNITS:,}: choose one district or township",
            f"图层有 {len(units):,} 个区划，超过 {MOST_UNITS:,} 个，请选择一个区县或镇街。",
        )
    if not units and not gone:
        raise DraftRefused(
            "nothing of the layer is left to draw: look at what was left out",
            "图层没有可纳入草案的内容，请查看问题列表。",
        )
    return Replace(units=units, gone=gone)


def make_draft(
    connection: Connection, conflation: Conflation, making: Making, *, actor: UUID, now: datetime, desk: Desk
) -> Draft:
    """Open a draft under the layer's root and draw the layer in it, or neither. Raises DraftRefused, StepNotTaken."""
    step = step_of(conflation, making)
    opening = Opening(
        root_id=conflation.root.id, level=conflation.level, title=making.title[:120], note=making.note[:2000]
    )
    with connection.transaction():
        draft = open_draft(connection, opening, actor=actor, now=now)
        take_steps(connection, draft.id, [Asked(id=uuid4(), step=step)], actor=actor, revision=None, now=now, desk=desk)
        return load_draft(connection, draft.id)


def _drawn(item: Item, making: Making) -> Drawn:
    return Drawn(
        key=None if item.division_id is None else f"d{item.division_id}",
        name=item.name,
        code=item.code,
        parent_id=item.parent_id,
        kind=item.kind,
        households=item.households,
        geometry=orjson.loads(shapely.to_geojson(item.shape)),
        derived=not making.official,
    )
