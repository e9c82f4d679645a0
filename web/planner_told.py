"""What the API of drafts answers, and what it takes; the words of the answers are those of docs/boundaries.md."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from boundaries.drafts import State
from geo.steps import Step

Revision = Annotated[int, Meta(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, kw_only=True)
class RootTold:
    """The division that a draft is drawn under."""

    id: int
    code: str
    name: str
    level: str


@dataclass(frozen=True, kw_only=True)
class LockTold:
    """Who edits there: this draft, or one whose divisions overlap with it."""

    held_by: str
    mine: bool
    until: datetime
    draft_id: UUID


@dataclass(frozen=True, kw_only=True)
class Head:
    """A draft without what is drawn in it; people by the names of their accounts."""

    id: UUID
    title: str
    note: str
    state: State
    level: str
    root: RootTold
    revision: int
    undo: int  # steps that can be undone
    redo: int  # and done again
    lock: LockTold | None
    editable: bool  # its state allows to draw in it
    outdated: bool | None  # what is in force is not any more what the draft began with; null: not asked after
    base_at: datetime
    republishes: UUID | None
    opened_by: str
    opened_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    review_note: str
    effective: datetime | None
    reason: str
    published_by: str | None
    published_at: datetime | None
    filed_by: str | None
    filed_at: datetime | None
    filed_as: str


@dataclass(frozen=True, kw_only=True)
class DraftList:
    """The newest first."""

    drafts: list[Head]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """GeoJSON."""

    id: str | int | None
    geometry: dict[str, Any] | None
    properties: dict[str, Any]
    type: Literal["Feature"] = "Feature"


@dataclass(frozen=True, kw_only=True)
class Features:
    """GeoJSON; lon/lat in degrees, CGCS2000."""

    features: list[Feature]
    type: Literal["FeatureCollection"] = "FeatureCollection"


@dataclass(frozen=True, kw_only=True)
class NotDrawnTold:
    """A division of the level that has no polygon."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Units:
    """What is drawn, what it has to tile, and what lies around it."""

    revision: int
    units: Features
    parents: Features
    neighbours: Features
    not_drawn: list[NotDrawnTold]


@dataclass(frozen=True, kw_only=True)
class FindingTold:
    """What is wrong, or worth a look: where, how much, and the step that mends it."""

    id: str
    kind: str
    severity: Literal["error", "warning"]
    units: list[str]
    size: float
    unit: str
    lon: float
    lat: float
    geometry: dict[str, Any] | None
    mend: dict[str, Any] | None
    values: dict[str, Any]
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All of a draft."""

    revision: int
    findings: list[FindingTold]


@dataclass(frozen=True, kw_only=True)
class StepsTaken:
    """What came of steps, or of undoing one."""

    revision: int
    undo: int
    redo: int
    changed: Features
    gone: list[str]
    findings: list[FindingTold]
    taken: list[UUID]


@dataclass(frozen=True, kw_only=True)
class DroppedTold:
    """A step that what is in force now does not allow any more."""

    id: UUID
    kind: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Rebased:
    """The draft on what is in force now."""

    head: Head
    dropped: list[DroppedTold]


@dataclass(frozen=True, kw_only=True)
class SnapTold:
    """Lines to snap to; `more`: there were too many, ask for a smaller box."""

    features: list[Feature]
    more: bool
    attribution: str
    type: Literal["FeatureCollection"] = "FeatureCollection"


@dataclass(frozen=True, kw_only=True)
class StepTold:
    """One step of the history; `units`: what it changed."""

    seq: int
    id: UUID
    kind: str
    step: dict[str, Any]
    made_by: str
    made_at: datetime
    in_force: bool  # false: undone
    units: list[str]


@dataclass(frozen=True, kw_only=True)
class History:
    """What was done, the newest first; undone steps too, until another takes their place."""

    steps: list[StepTold] = field(default_factory=list)


class Nothing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing more is to be said: who does it is known."""


class Opened(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Under which division, of which level, under which title."""

    root_id: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    level: Literal["district", "township", "grid"]
    title: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S")]
    note: Annotated[str, Meta(max_length=2000)] = ""


class AtRevision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The revision that the page shows."""

    revision: Revision


class Mended(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, and the id of the step that it shall be."""

    revision: Revision
    id: UUID


class StepDescribed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step and its id."""

    id: UUID
    step: Step


class StepsDescribed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps to be taken one after the other, all or none. Sent again, each is taken once."""

    revision: Revision
    steps: Annotated[list[StepDescribed], Meta(min_length=1, max_length=10_000)]


class StepSent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same, as it is read: each step by itself, so that what is wrong with one is said of that one."""

    id: UUID
    step: msgspec.Raw


class StepsSent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As it is read."""

    revision: Revision
    steps: Annotated[list[StepSent], Meta(min_length=1, max_length=10_000)]
