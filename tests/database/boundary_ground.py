"""A district of two townships with grids, and somebody who draws in drafts of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from access.accounts import add_account
from benchmarks.boundaries_district import District, seed_district
from boundaries.desk import Desk
from boundaries.drafts import Draft, Opening, load_draft, open_draft
from boundaries.editing import Asked, Taken, redo, take_steps, undo
from boundaries.unit_rows import about_of, wkb_of
from config.database import Connection
from geo.steps import parse_step
from geo.topology import Coverage

NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)


def bytes_of(coverage: Coverage) -> dict[str, tuple[str | None, bytes | None]]:
    """All of a coverage, as it is kept."""
    return {key: (about_of(unit), wkb_of(unit)) for key, unit in coverage.units.items()}


def step(told: dict[str, Any], number: UUID | None = None) -> Asked:
    """A step as a page sends it."""
    return Asked(id=number or uuid4(), step=parse_step(told))


def rename(key: str, name: str) -> dict[str, Any]:
    """The simplest of steps."""
    return {"kind": "rename", "unit": key, "name": name}


@dataclass
class Ground:
    """Someone's desk; `fresh` is one of a process that has just begun."""

    connection: Connection
    district: District
    planner: UUID
    desk: Desk = field(default_factory=Desk)
    now: datetime = NOW

    def open(self, root: int | None = None, level: str = "grid") -> Draft:
        """A draft of the first township's grids, or of another root."""
        opening = Opening(root_id=root or self.district.townships[0], level=level, title="调整网格")
        return open_draft(self.connection, opening, actor=self.planner, now=self.now)

    def take(self, draft: UUID, *told: dict[str, Any], revision: int | None = None) -> Taken:
        """Steps, one request."""
        return self.send(draft, [step(one) for one in told], revision=revision)

    def send(self, draft: UUID, asked: list[Asked], *, revision: int | None = None, by: UUID | None = None) -> Taken:
        """The same with ids of their own."""
        return take_steps(
            self.connection, draft, asked, actor=by or self.planner, revision=revision, now=self.now, desk=self.desk
        )

    def undo(self, draft: UUID) -> Taken:
        return undo(self.connection, draft, actor=self.planner, revision=None, now=self.now, desk=self.desk)

    def redo(self, draft: UUID) -> Taken:
        return redo(self.connection, draft, actor=self.planner, revision=None, now=self.now, desk=self.desk)

    def drawn(self, draft: UUID) -> Coverage:
        """What the database has, read as after a restart."""
        return Desk().held(self.connection, load_draft(self.connection, draft)).coverage

    def key(self, township: int, grid: int) -> str:
        """The key of a grid, by the order of its township."""
        each = len(self.district.grids) // len(self.district.townships)
        return f"d{self.district.grids[township * each + grid]}"


def seed_ground(connection: Connection, *, townships: int = 2, columns: int = 4, rows: int = 3) -> Ground:
    """All of it."""
    district = seed_district(connection, townships=townships, columns=columns, rows=rows)
    return Ground(connection=connection, district=district, planner=add_account(connection, "planner"))
