"""The card of a township, village or grid: all that stands there and goes on there, in numbers, and who is on duty."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row

from config.database import Connection
from config.queries import Queries
from people.duty import on_duty
from people.posts import shipped_posts

QUERIES = Queries(Path(__file__).with_name("card_queries.sql"))
MOST_ON_DUTY = 12


@dataclass(frozen=True, kw_only=True)
class Above:
    """A division that it lies in."""

    id: int
    level: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Things of a kind: how many, and what adds up of their attributes; None: none of them says it."""

    count: int
    households: float | None = None
    people: float | None = None
    storeys: float | None = None  # the most
    capacity: float | None = None


@dataclass(frozen=True, kw_only=True)
class Running:
    """A plan under way."""

    id: int
    name: str
    level: str
    drill: bool
    started_at: str  # ISO 8601
    tasks: int
    done: int


@dataclass(frozen=True, kw_only=True)
class Duty:
    """One who answers for a post, and where they stand with the newest call of a run under way."""

    post_zh: str
    post_en: str
    why: str  # shift, holder, stand_in
    name: str | None  # None: whoever asks may not see names
    state: str | None  # of the call: called, delivered, read, acknowledged, on_site, done …; None: not called
    called_at: datetime | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DivisionCard:
    """What is told of a division."""

    id: int
    level: str
    code: str
    name: str
    path: list[Above]
    area_km2: float | None  # in its Gauss-Krüger zone; None: it has no boundary
    derived: bool | None  # the line is not an official one
    population: int | None
    households: int | None
    things: dict[str, Standing]  # by kind
    sensors: int
    silent: int  # of which an alert says that nothing is heard of them
    alerts: dict[str, int]  # open ones by level
    runs: list[Running]
    answers: dict[str, int]  # of what the runs asked of people: how many in which state
    duty: list[Duty]
    in_need: dict[str, int] | None  # people in need by kind; None: whoever asks may not see numbers
    at: datetime  # the pipeline's clock


@dataclass(frozen=True, kw_only=True)
class OnDuty:
    """Of somebody on duty what the database tells; names are the server's."""

    post: str
    person_id: UUID
    why: str
    state: str | None = None
    called_at: datetime | None = None
    acknowledged_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _Answer:
    person_id: UUID
    state: str
    called_at: datetime
    acknowledged_at: datetime | None


def read_card(connection: Connection, division: int, at: datetime) -> dict[str, Any] | None:
    """The fields of a DivisionCard that one look tells; None where there is no such division in the scope."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(QUERIES["card"], {"division": division, "at": at}).fetchone()
    if row is None:
        return None
    row["path"] = [Above(**one) for one in row["path"] or []]
    row["things"] = {kind: Standing(**told) for kind, told in row["things"].items()}
    row["runs"] = [Running(**one) for one in row["runs"]]
    return row


def read_duty(connection: Connection, division: int, at: datetime) -> list[OnDuty]:
    """Who is on duty, the most senior post first, with the state of their newest call."""
    found = on_duty(connection, division, at)[:MOST_ON_DUTY]
    with connection.cursor(row_factory=class_row(_Answer)) as cursor:
        people = [one.person_id for one in found]
        rows = cursor.execute(QUERIES["answers_of"], {"people": people}).fetchall() if people else []
    answers = {one.person_id: one for one in rows}
    return [_on_duty(one.post, one.person_id, one.why, answers.get(one.person_id)) for one in found]


def _on_duty(post: str, person: UUID, why: str, answer: _Answer | None) -> OnDuty:
    if answer is None:
        return OnDuty(post=post, person_id=person, why=why)
    return OnDuty(
        post=post, person_id=person, why=why, state=answer.state, called_at=answer.called_at,
        acknowledged_at=answer.acknowledged_at,
    )  # fmt: skip


def told(one: OnDuty, name: str | None) -> Duty:
    """As the card has it."""
    post = shipped_posts().get(one.post)
    return Duty(
        post_zh=post.zh if post else one.post, post_en=post.en if post else one.post, why=one.why, name=name,
        state=one.state, called_at=one.called_at, acknowledged_at=one.acknowledged_at,
    )  # fmt: skip
