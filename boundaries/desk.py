"""What a process remembers of drafts: their polygons and findings at a revision, so that a step is cheap.

The database decides: what is remembered is used only where its revision is the draft's, and is caught up else.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from boundaries.bases import Base, base_of
from boundaries.drafts import QUERIES, Draft, load_draft
from boundaries.errors import DraftRefused
from boundaries.surroundings import Around, around, neighbours_of, sensor_points
from boundaries.unit_rows import is_same, unit_of
from config.boundary_settings import BoundarySettings
from config.database import Connection
from config.draft_settings import DraftSettings
from geo.finding import Finding
from geo.findings import check, check_around
from geo.topology import Change, Coverage, Unit


@dataclass(frozen=True, kw_only=True)
class Held:
    """A draft at a revision."""

    revision: int
    base_recorded: datetime  # which base: another one after the draft was put on what is in force now
    base: Base
    coverage: Coverage
    findings: Mapping[str, Finding] | None  # by id; None: nobody has looked yet
    around: Around

    def at_base(self) -> "Held":
        """What it was before the first step."""
        return replace(self, coverage=self.base.coverage)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Settings, and what is remembered; one for a process, safe to share between threads."""

    drafts: DraftSettings = field(default_factory=DraftSettings)
    rules: BoundarySettings = field(default_factory=BoundarySettings)
    _kept: OrderedDict[UUID, Held] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def held(self, connection: Connection, draft: Draft, *, remember: bool = True) -> Held:
        """The draft as the database has it; raises DraftRefused where it is too large to be worked on.

        It may be newer than `draft`, never older. `remember` False: what is read may yet be rolled back.
        """
        kept = self._remembered(draft)
        if kept is not None and (kept.revision, kept.base_recorded) == (draft.revision, draft.base_recorded):
            return kept
        revision, recorded, rows = _rows(connection, draft.id)
        if recorded != draft.base_recorded:
            return self.held(connection, load_draft(connection, draft.id), remember=remember)
        if kept is None or kept.base_recorded != recorded:
            base = base_of(connection, draft)
            self._check_size(base)
            kept = Held(
                revision=revision, base_recorded=recorded, base=base, coverage=base.coverage, findings=None,
                around=around(connection, draft, base),
            )  # fmt: skip
        caught_up = self._moved(kept, _difference(kept, rows), revision)
        if remember:
            self.remember(draft, caught_up)
        return caught_up

    def checked(self, connection: Connection, draft: Draft, *, remember: bool = True) -> Held:
        """The same with its findings."""
        held = self.held(connection, draft, remember=remember)
        if held.findings is None:
            beside = held.around
            found = check(held.coverage, self.rules, lines=beside.lines, counts=beside.counts)
            held = replace(held, findings={one.id: one for one in found})
            if remember:
                self.remember(draft, held)
        return held

    def surrounded(self, connection: Connection, draft: Draft) -> Held:
        """The draft with what lies around it, and its sensors where they stand now."""
        held = self.held(connection, draft)
        neighbours = held.around.neighbours
        if neighbours is None:
            neighbours = neighbours_of(connection, draft, held.base)
        points = sensor_points(connection, draft, held.base)
        held = replace(held, around=replace(held.around, neighbours=neighbours, points=points))
        self.remember(draft, held)
        return held

    def after(self, held: Held, change: Change, revision: int) -> Held:
        """What it is after a change, looked at around it."""
        return self._moved(held, change, revision)

    def remember(self, draft: Draft, held: Held) -> None:
        """Keep it, once it is committed."""
        with self._lock:
            kept = self._kept.get(draft.id)
            if kept is not None and kept.revision > held.revision:
                return  # somebody was quicker
            self._kept[draft.id] = held
            self._kept.move_to_end(draft.id)
            while len(self._kept) > self.drafts.kept_in_memory:
                self._kept.popitem(last=False)

    def _remembered(self, draft: Draft) -> Held | None:
        with self._lock:
            return self._kept.get(draft.id)

    def _moved(self, held: Held, change: Change, revision: int) -> Held:
        if not change.after:
            return replace(held, revision=revision)
        coverage = held.coverage.with_(change)
        if held.findings is None:
            return replace(held, revision=revision, coverage=coverage)
        beside = held.around
        looked, found = check_around(coverage, change, self.rules, lines=beside.lines, counts=beside.counts)
        findings = {one.id: one for one in held.findings.values() if looked.isdisjoint(one.units)}
        findings.update((one.id, one) for one in found)
        return replace(held, revision=revision, coverage=coverage, findings=findings)

    def _check_size(self, base: Base) -> None:
        if (many := len(base.coverage.units)) > (most := self.drafts.most_units):
            raise DraftRefused(
                f"{many:,} divisions are too many for one draft (at most {most:,}): draw one district or township",
                f"草案范围内有 {many:,} 个区划，超过上限 {most:,}，请缩小到一个区县或镇街。",
            )


def _rows(connection: Connection, draft_id: UUID) -> tuple[int, datetime, dict[str, Unit | None]]:
    """The draft's own units, the revision that they are of, and which base they lie over."""
    rows = connection.execute(QUERIES["draft_units"], {"draft": draft_id}).fetchall()
    units = {key: unit_of(key, about, wkb) for _, _, key, about, wkb in rows if key is not None}
    return rows[0][0], rows[0][1], units


def _difference(held: Held, rows: Mapping[str, Unit | None]) -> Change:
    """What has to change so that the coverage is the base with the draft's rows over it."""
    now, base = held.coverage.units, held.base.coverage.units
    moved = {key for key in (*now, *base) if key not in rows and now.get(key) is not base.get(key)}
    wanted = {**{key: base.get(key) for key in moved}, **rows}
    after = {key: unit for key, unit in wanted.items() if not is_same(now.get(key), unit)}
    return Change(before={key: now.get(key) for key in after}, after=after)
