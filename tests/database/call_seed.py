"""A run with tasks that people are called for, as the ladder writes it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from config.channel_settings import ChannelSettings
from config.database import Connection, connect
from dispatch.deliver import Delivered, deliver
from dispatch.errors import ChannelError
from dispatch.notice import Channel, Notice
from dispatch.switchboard import Switchboard
from tests.database.people_seed import GRID, NOW, TOWNSHIP, Town, town

DUE = NOW + timedelta(minutes=10)


class Recorder:
    """A channel that keeps what it was given, and fails as it is told to."""

    leaves_network = False

    def __init__(self, faults: list[ChannelError] | None = None) -> None:
        self.messages: list[list[Notice]] = []
        self.faults = faults or []
        self.before: Callable[[], object] = lambda: None

    def send(self, notices: Any) -> None:
        self.before()
        self.messages.append(list(notices))
        if self.faults:
            raise self.faults.pop(0)


@dataclass(kw_only=True)
class Call:
    """One township with an open run."""

    connection: Connection
    url: str
    town: Town
    run: int

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with connect(self.url, "deliver", autocommit=True) as opened:
            yield opened

    def person(self, name: str = "王小明") -> UUID:
        return self.town.person(self.connection, name)

    def assignment(self, division: str = GRID, what: str = "封闭下穿道") -> int:
        task = self.one(
            "insert into tasks (run_id, task_key, post, what, state, started_at) select %s, 'T' || (count(*) + 1),"
            " '网格员', %s, 'sent', %s from tasks returning id",
            (self.run, what, NOW),
        )
        return self.one(
            "insert into assignments (task_id, run_id, division_id, state, due_at, called_at) values"
            " (%s, %s, %s, 'called', %s, %s) returning id",
            (task, self.run, self.town.divisions[division], DUE, NOW),
        )

    def delivery(self, channel: str, person: UUID | None, assignment: int | None = None, part: str = "post") -> int:
        call = self.one(
            "insert into calls (assignment_id, person_id, part, called_at) values (%s, %s, %s, %s)"
            " on conflict (assignment_id, person_id) where not forgotten do update set part = excluded.part"
            " returning id",
            (assignment or self.assignment(), person, part, NOW),
        )
        return self.one(
            "insert into deliveries (call_id, channel, rung, state, due_at) values (%s, %s, 0, 'due', %s) returning id",
            (call, channel, NOW),
        )

    def board(self, rates: dict[str, str] | None = None, **channels: Channel) -> Switchboard:
        return Switchboard(
            channels=channels,
            rates=rates or {},
            settings=ChannelSettings(tries=3, retry_s=10),
            vault=self.town.vault,
            url="https://map.example.cn/worker",
        )

    def deliver(self, board: Switchboard, *ids: int, now: datetime = NOW) -> Delivered:
        return deliver(self.connect, board, ids, now)

    def one(self, query: str, named: Any = ()) -> Any:
        row = self.connection.execute(query, named).fetchone()
        assert row is not None
        return row[0]

    def rows(self, columns: str = "state, attempt, repeated, detail") -> list[tuple[Any, ...]]:
        return self.connection.execute(f"select {columns} from deliveries order by id").fetchall()

    def jobs(self) -> list[tuple[list[int], float]]:
        """Deliveries, and in how many seconds they are sent."""
        return self.connection.execute(
            "select args -> 'delivery_ids', coalesce(extract(epoch from scheduled_at - now())::float8, 0)"
            " from procrastinate_jobs where task_name = 'deliver' and status = 'todo' order by id"
        ).fetchall()


def call(connection: Connection, url: str, folder: Path, *, privacy: dict[str, Any] | None = None) -> Call:
    """A run in the township of `people_seed`, real, orange."""
    made = town(connection, folder)
    plan = {"name": "独居老人异常处置预案" if privacy else "沿江洪水预案"} | ({"privacy": privacy} if privacy else {})
    row = connection.execute(
        "insert into plan_runs (plan_id, township_id, level, state, started_at, plan, name) values"
        " ('FLD-02', %s, 'orange', 'open', %s, %s, %s) returning id",
        (made.divisions[TOWNSHIP], NOW, Jsonb(plan), plan["name"]),
    ).fetchone()
    assert row is not None
    return Call(connection=connection, url=url, town=made, run=row[0])
