"""What a phone shows of its tasks: cards, read for all phones at once and told apart by person."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("worker_queries.sql"))


@dataclass(frozen=True, kw_only=True)
class Other:
    """Somebody else who is called for the same; by their part, not by their name."""

    part: str  # post, backup, command, reassigned
    state: str  # called, delivered, read, acknowledged, on_site, done, cannot, ended


@dataclass(frozen=True, kw_only=True)
class Card:
    """A task of one's own; lon/lat in degrees, CGCS2000, only where the plan lets the place be shown."""

    id: int  # of the assignment
    run_id: int
    round: int
    open: bool  # False: over, or called back
    state: Literal["called", "acknowledged", "on_site", "done", "skipped", "stood_down"]
    answered: bool  # by anybody
    mine: bool  # and that is oneself
    part: str
    due_at: datetime
    called_at: datetime | None
    level: str
    exercise: bool
    plan: str
    what: str
    post: str
    backup: str | None
    evidence: str | None
    results: list[str]
    repeat_min: int | None
    division_id: int
    division_level: str
    place: str | None
    above: str | None
    map: Literal["point", "grid", "none"]
    lon: float | None
    lat: float | None
    others: list[Other]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A card as it is sent."""

    id: int  # of the assignment
    open: bool
    text: bytes  # a `Card` as JSON


def cards(
    connection: Connection, people: Collection[UUID], at: datetime, *, assignments: Sequence[int] | None = None
) -> dict[UUID, list[Told]]:
    """By person: of these assignments, over or not; None: all that are open. One query, however many people."""
    if not people or assignments == []:
        return {}
    named = {
        "people": list(people),
        "assignments": None if assignments is None else list(assignments),
        "at": at,
        "news": assignments is not None,
    }
    found: dict[UUID, list[Told]] = {}
    for person, number, is_open, text in connection.execute(QUERIES["cards"], named):
        found.setdefault(person, []).append(Told(id=number, open=is_open, text=text.encode()))
    return found


def as_list(told: Sequence[Told]) -> bytes:
    """Several as JSON."""
    return b"[%b]" % b",".join(one.text for one in told)
