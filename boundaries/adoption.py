"""Generated networks are taken over by a planner: a draft of grids, whose one step brings them in.

Of one township, or of all in a district that wait.

In force is nothing of it until that draft is reviewed and published as any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import orjson
import shapely

from access import audit
from boundaries.bases import base_of
from boundaries.desk import Desk
from boundaries.drafts import Draft, Opening, open_draft
from boundaries.editing import Asked, take_steps
from boundaries.errors import DraftRefused, DraftUnknown
from config.database import Connection
from geo.proposals import QUERIES, Proposal, ProposedGrid, proposed_grids, waiting
from geo.steps import MOST_UNITS, Drawn, Replace

KIND = "网格"


class ProposalUnknown(DraftUnknown):
    """No network waits for that township, or it is none of who asks."""

    def __init__(self) -> None:
        super().__init__(
            "no proposed network waits for this township: generate one (shijing grids generate)",
            "该镇街没有待采用的网格方案，请先生成。",
        )


@dataclass(frozen=True, kw_only=True)
class Adopting:
    """What a planner asks for."""

    root_id: int  # a township, or a district
    remove_existing: bool  # the grids of today go, in the townships that get new ones
    title: str = ""


def proposal_of(connection: Connection, township_id: int, now: datetime) -> Proposal:
    """The network that waits for a township, as the connection may see it; raises ProposalUnknown."""
    found = waiting(connection, now, township=township_id, most=1)
    if not found:
        raise ProposalUnknown
    return found[0]


def proposals_under(connection: Connection, root_id: int, now: datetime) -> list[Proposal]:
    """The networks that wait in a division, as the connection may see them; raises ProposalUnknown for none."""
    found = waiting(connection, now, under=root_id)
    if not found:
        raise ProposalUnknown
    return found


def adopt(
    connection: Connection, proposals: Sequence[Proposal], asked: Adopting, *, actor: UUID, now: datetime, desk: Desk
) -> Draft:
    """The draft that holds the networks now; one transaction. Raises ProposalUnknown, DraftRefused, DraftLocked."""
    with connection.transaction():
        connection.execute(QUERIES["take_time"])
        for one in sorted(proposals, key=lambda one: one.township_id):
            connection.execute(QUERIES["lock_proposal"], {"township": one.township_id})
        opening = Opening(root_id=asked.root_id, level="grid", title=asked.title.strip() or _title(proposals))
        draft = open_draft(connection, opening, actor=actor, now=now)
        step = _step(connection, proposals, draft, remove_existing=asked.remove_existing)
        asked_for = [Asked(id=uuid4(), step=step)]
        take_steps(connection, draft.id, asked_for, actor=actor, revision=draft.revision, now=now, desk=desk)
        told = {"draft": draft.id, "proposals": [one.id for one in proposals]}
        if connection.execute(QUERIES["adopt_proposals"], told).rowcount != len(proposals):
            raise ProposalUnknown
        audit.append(
            connection, act="boundary.proposal_adopted", actor=actor, subject=draft.id, division_id=asked.root_id,
            details={"townships": len(proposals), "grids": sum(one.grids for one in proposals)},
        )  # fmt: skip
    return draft


def _title(proposals: Sequence[Proposal]) -> str:
    grids = sum(one.grids for one in proposals)
    if len(proposals) == 1:
        return f"{proposals[0].township}网格方案（{grids} 个网格）"
    return f"{proposals[0].district or ''}网格方案（{len(proposals)} 个镇街，{grids} 个网格）"


def _step(connection: Connection, proposals: Sequence[Proposal], draft: Draft, *, remove_existing: bool) -> Replace:
    _check_many(proposals)
    townships = {one.township_id for one in proposals}
    units = base_of(connection, draft).coverage.units.values()
    there = sorted(unit.key for unit in units if unit.parent_id in townships)
    if there and not remove_existing:
        where = proposals[0].township if len(proposals) == 1 else proposals[0].district or "these townships"
        raise DraftRefused(
            f"{where} has {len(there)} grids: say that they are to go (remove_existing), or keep them",
            f"{where}现有 {len(there)} 个网格：如要以方案取代，请选择“移除现有网格”。",
            {"grids": len(there)},
        )
    drawn = [_drawn(grid, one.township_id) for one in proposals for grid in proposed_grids(connection, one.id)]
    return Replace(units=drawn, gone=there)


def _check_many(proposals: Sequence[Proposal]) -> None:
    grids = sum(one.grids for one in proposals)
    if grids > MOST_UNITS:
        raise DraftRefused(
            f"{grids} grids are more than one draft takes ({MOST_UNITS}): adopt them township by township",
            f"共 {grids} 个网格，超过一个草案的上限（{MOST_UNITS} 个）：请按镇街逐个采用。",
            {"grids": grids},
        )


def _drawn(grid: ProposedGrid, township_id: int) -> Drawn:
    return Drawn(
        name=grid.name,
        code=grid.code,
        parent_id=township_id,
        kind=KIND,
        households=grid.households,
        geometry=orjson.loads(shapely.to_geojson(shapely.from_wkb(grid.geometry))),
        derived=True,
    )
