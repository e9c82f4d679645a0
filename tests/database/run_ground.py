"""A whole run as the engine, the dispatcher and people leave it: two tasks in three places, calls, answers, acts.

T1 (值班长, the township): acknowledged after 40 s, done after 3 min.
T2 (网格员, backup 网格长, after T1) in two grids: in the first nobody's phone listens, SMS and voice are sent, the
backup is called and does it three minutes late; in the second the grid worker does it in time and tells of 12 persons.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from access.vault import Vault
from config.database import Connection
from people.organisations import add_organisation
from people.persons import add_person
from people.private import private
from tests.database.out_seed import GRID, T0, TOWNSHIP, one
from tests.database.rights_city import VILLAGE_GRID

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = {"officer": "周值守", "first": "张网格", "leader": "李格长", "second": "王网格"}
_numbers = itertools.count(1)

PLAN: Mapping[str, Any] = {
    "id": "FLD-02",
    "name": "嘉陵江沿岸街道内涝与洪水预案",
    "trigger": {"any": [{"rule": 6, "level": "yellow"}]},
    "threatened": {"households": 9, "persons": 14},
    "command": {"commander": "街道党工委书记", "a": "分管副主任"},
    "levels": {"IV": "值守", "III": "挡板沙袋与清篦", "II": "断道并转移低洼商户", "I": "全员转移"},
    "tasks": [
        {"id": "T1", "post": "值班长", "do": "叫应沿江网格与物业", "limit_min": 5},
        {
            "id": "T2", "post": "网格员", "backup": "网格长", "do": "封闭亲水步道，转移低洼住户", "limit_min": 10,
            "after": ["T1"], "result": ["已封闭，无人滞留", "已转移12人"],
        },
    ],
    "terminate": {"all": [{"stage_below_warning_m": 0.2, "falling": True}, "道路查验"], "by": "commander"},
    "review": {"due_h": 72, "items": ["叫应率", "超时任务", "人数误差", "封控时点", "易涝点销号"]},
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RunGround:
    """What was made, by the names above."""

    run_id: int
    township_id: int
    places: dict[str, int]  # township, first, second
    people: dict[str, UUID]
    commander: UUID  # account
    accounts: dict[str, UUID] = field(default_factory=dict)  # of the people
    tasks: dict[str, int] = field(default_factory=dict)
    assignments: dict[str, int] = field(default_factory=dict)  # T1, T2-first, T2-second
    calls: dict[str, int] = field(default_factory=dict)  # officer, first, leader, second


def at(minutes: float) -> datetime:
    """So long after the start."""
    return T0 + timedelta(minutes=minutes)


def add_run(
    connection: Connection,
    divisions: Mapping[str, int],
    *,
    vault: Vault | None = None,
    drill: bool = False,
    state: str = "terminated",
    plan: Mapping[str, Any] = PLAN,
    closed_at: datetime | None = None,
    note: str = "现场有老人摔倒，已扶起",
    alert: int | None = None,
) -> RunGround:
    """The run, over by default. `divisions`: ids of `township`, `first` and `second` (grids); `closed_at`: when the
    database was told that it is over, now by default; with a `vault` people have names, and a note is sealed."""
    with connection.transaction():
        ground = _run(connection, divisions, vault, drill=drill, state=state, plan=plan)
        _tasks(connection, ground)
        _first(connection, ground)
        _second(connection, ground)
        _third(connection, ground)
        _acts(connection, ground, state, closed_at or datetime.now(UTC))
        _attachments(connection, ground, vault, note)
        if alert is not None:
            connection.execute("insert into run_alerts values (%s, %s, %s)", (ground.run_id, alert, at(0)))
    return ground


def _run(
    connection: Connection,
    divisions: Mapping[str, int],
    vault: Vault | None,
    *,
    drill: bool,
    state: str,
    plan: Mapping[str, Any],
) -> RunGround:
    over = state in ("terminated", "reviewed")
    commander = _account(connection, None)
    people = {name: _person(connection, divisions["township"], vault, called) for name, called in NAMES.items()}
    run_id = one(
        connection,
        "insert into plan_runs (plan_id, township_id, level, state, exercise, drill, plan, name, started_at, ended_at,"
        " started_by, reason, confirmed_at, review_due_at, reviewed_at) values"
        " (%s, %s, 'red', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        *(plan["id"], divisions["township"], state, drill, drill, Jsonb(dict(plan)), plan["name"], at(0)),
        *(at(61) if over else None, commander if drill else None, "年度防汛演练" if drill else "", at(1)),
        *(at(61) + timedelta(hours=72) if over else None, at(3000) if state == "reviewed" else None),
    )
    for grid in ("first", "second"):
        connection.execute("insert into run_grids values (%s, %s, %s)", (run_id, divisions[grid], at(0)))
    for minutes, before, after, reason in ((0, "none", "orange", "started"), (5, "orange", "red", "escalated")):
        connection.execute(
            "insert into run_transitions (run_id, time, from_level, to_level, reason) values (%s, %s, %s, %s, %s)",
            (run_id, at(minutes), before, after, reason),
        )
    return RunGround(
        run_id=run_id,
        township_id=divisions["township"],
        places=dict(divisions),
        people=people,
        commander=commander,
        accounts={name: _account(connection, person) for name, person in people.items()},
    )


def _account(connection: Connection, person: UUID | None) -> UUID:
    number = next(_numbers)
    made = one(connection, "insert into actors (name, kind) values (%s, 'person') returning id", f"acc{number}")
    connection.execute(
        "insert into accounts (id, name, kind, person_id) values (%s, %s, 'person', %s)", (made, f"acc{number}", person)
    )
    return made  # type: ignore[no-any-return]


def _person(connection: Connection, township: int, vault: Vault | None, called: str) -> UUID:
    organisation = connection.execute(
        "select organisation_id from organisation_divisions where division_id = %s", (township,)
    ).fetchone()
    where = organisation[0] if organisation else add_organisation(
        connection, kind="township", code=f"org{next(_numbers)}", name="街道办", divisions=[township], since=LONG_AGO
    )  # fmt: skip
    if vault is None:
        return one(  # type: ignore[no-any-return]
            connection,
            "insert into people (organisation_id, staff_number) values (%s, %s) returning id",
            *(where, f"S{next(_numbers)}"),
        )
    return add_person(
        connection, vault, organisation_id=where, staff_number=f"S{next(_numbers)}",
        fields=private(called, f"0000{next(_numbers):07}"), since=LONG_AGO,
    )  # fmt: skip


def _tasks(connection: Connection, ground: RunGround) -> None:
    for key, post, backup, what, after, limit, post_id, begins, ends, results in (
        ("T1", "值班长", None, "叫应沿江网格与物业", [], 5, "duty_officer", 0, 3, []),
        ("T2", "网格员", "网格长", "封闭亲水步道，转移低洼住户", ["T1"], 10, "grid_worker", 3, 16,
         ["已封闭，无人滞留", "已转移12人"]),
    ):  # fmt: skip
        ground.tasks[key] = one(
            connection,
            "insert into tasks (run_id, task_key, post, backup, what, after, due_at, state, post_id, limit_min,"
            " results, started_at, ended_at) values (%s, %s, %s, %s, %s, %s, %s, 'done', %s, %s, %s, %s, %s)"
            " returning id",
            *(ground.run_id, key, post, backup, what, after, at(begins + limit), post_id, limit, results),
            *(at(begins), at(ends)),
        )


def _assign(connection: Connection, ground: RunGround, name: str, place: str, times: tuple[float | None, ...]) -> int:
    """`times`: called, acknowledged, on site, done, due, overdue."""
    called, acknowledged, on_site, done, due, overdue = (None if one is None else at(one) for one in times)
    ground.assignments[name] = one(
        connection,
        "insert into assignments (task_id, run_id, division_id, state, due_at, called_at, acknowledged_at, on_site_at,"
        " done_at, ended_at, overdue_at) values (%s, %s, %s, 'done', %s, %s, %s, %s, %s, %s, %s) returning id",
        *(ground.tasks[name[:2]], ground.run_id, ground.places[place], due, called, acknowledged, on_site),
        *(done, done, overdue),
    )
    return ground.assignments[name]


def _call(connection: Connection, ground: RunGround, assignment: str, who: str, part: str, called: float) -> None:
    ground.calls[who] = one(
        connection,
        "insert into calls (assignment_id, person_id, part, called_at) values (%s, %s, %s, %s) returning id",
        *(ground.assignments[assignment], ground.people[who], part, at(called)),
    )


def _send(
    connection: Connection, call: int, channel: str, rung: int, times: tuple[float | None, ...], **how: str
) -> None:
    """`times`: due, sent, delivered, read."""
    due, sent, delivered, read = (None if one is None else at(one) for one in times)
    connection.execute(
        "insert into deliveries (call_id, channel, rung, state, due_at, sent_at, delivered_at, read_at, detail)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (call, channel, rung, how.get("state", "read" if read else "delivered" if delivered else "sent"), due, sent,
         delivered, read, how.get("detail", "")),
    )  # fmt: skip


def _answer(
    connection: Connection, ground: RunGround, assignment: str, who: str, kind: str, minutes: float, result: str | None
) -> UUID:
    key = uuid4()
    connection.execute(
        "insert into answers (key, assignment_id, person_id, actor, kind, tapped_at, received_at, result, counted)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, true)",
        (key, ground.assignments[assignment], ground.people[who], ground.accounts[who], kind, at(minutes),
         at(minutes), result),
    )  # fmt: skip
    connection.execute(
        "update assignments set person_id = %s, result = coalesce(%s, result) where id = %s",
        (ground.people[who], result, ground.assignments[assignment]),
    )
    return key


def _first(connection: Connection, ground: RunGround) -> None:
    _assign(connection, ground, "T1", "township", (0, 40 / 60, None, 3, 5, None))
    _call(connection, ground, "T1", "officer", "post", 0)
    _send(connection, ground.calls["officer"], "app", 0, (0, 0, 5 / 60, 30 / 60))
    _answer(connection, ground, "T1", "officer", "acknowledged", 40 / 60, None)
    _answer(connection, ground, "T1", "officer", "done", 3, None)


def _second(connection: Connection, ground: RunGround) -> None:
    _assign(connection, ground, "T2-first", "first", (3, 8, 12, 16, 13, 13))
    _call(connection, ground, "T2-first", "first", "post", 3)
    _send(
        connection,
        ground.calls["first"],
        "app",
        0,
        (3, None, None, None),
        state="skipped",
        detail="the page is not open",
    )
    _send(connection, ground.calls["first"], "sms", 1, (4, 4, 4.1, None))
    _send(connection, ground.calls["first"], "voice", 2, (5, 5, None, None), state="failed", detail="no answer 0001234")
    _call(connection, ground, "T2-first", "leader", "backup", 7)
    _send(connection, ground.calls["leader"], "app", 3, (7, 7, 7.05, 7.5))
    for kind, minutes in (("acknowledged", 8), ("on_site", 12), ("done", 16)):
        result = "已封闭，无人滞留" if kind == "done" else None
        _answer(connection, ground, "T2-first", "leader", kind, minutes, result)


def _third(connection: Connection, ground: RunGround) -> None:
    _assign(connection, ground, "T2-second", "second", (3, 3.5, 6, 10, 13, None))
    _call(connection, ground, "T2-second", "second", "post", 3)
    _send(connection, ground.calls["second"], "app", 0, (3, 3, 3.02, 3.2))
    for kind, minutes in (("acknowledged", 3.5), ("on_site", 6), ("done", 10)):
        _answer(connection, ground, "T2-second", "second", kind, minutes, "已转移12人" if kind == "done" else None)


def _acts(connection: Connection, ground: RunGround, state: str, closed_at: datetime) -> None:
    acts: list[tuple[float, str, str | None, bool, str, dict[str, Any]]] = [
        (1, "confirmed", None, True, "雨势持续，确认启动", {}),
        (3, "task_done", "T1", False, "", {}),
        (13, "overdue", "T2", False, "", {"assignment_id": ground.assignments["T2-first"]}),
        (16, "task_done", "T2", False, "", {}),
        (20, "noted", None, True, "住户刘奶奶由女儿接走", {}),
        (40, "condition_met", None, False, "", {"purpose": "terminate", "number": 0}),
        (55, "condition_met", None, True, "", {"purpose": "terminate", "number": 1}),
        (60, "signed", None, True, "", {"place": "commander"}),
    ]
    if state in ("terminated", "reviewed"):
        acts.append((61, "terminated", None, True, "水位回落", {}))
    for minutes, kind, task, by_hand, reason, detail in acts:
        connection.execute(
            "insert into run_acts (run_id, time, kind, task_id, actor, reason, detail, recorded_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s)",
            (ground.run_id, at(minutes), kind, ground.tasks[task] if task else None,
             ground.commander if by_hand else None, reason, Jsonb(detail), closed_at),
        )  # fmt: skip
    for number, by in ((0, None), (1, ground.commander)):
        connection.execute(
            "insert into run_conditions values (%s, 'terminate', %s, %s, %s)",
            (ground.run_id, number, at(40 + 15 * number), by),
        )


def _attachments(connection: Connection, ground: RunGround, vault: Vault | None, note: str) -> None:
    made, answer = uuid4(), connection.execute(
        "select key from answers where assignment_id = %s and kind = 'done'", (ground.assignments["T2-first"],)
    ).fetchone()  # fmt: skip
    assert answer is not None
    content = note.encode() if vault is None else vault.seal(note, context=("attachments", "content", made))
    connection.execute(
        "insert into attachments (id, answer_key, kind, media_type, content, actor)"
        " values (%s, %s, 'note', 'text/plain', %s, %s)",
        (made, answer[0], content, ground.accounts["leader"]),
    )
    photo = uuid4()
    seen = b"photo" if vault is None else vault.seal("/9j/", context=("attachments", "content", photo))  # of base64
    connection.execute(
        "insert into attachments (id, run_id, kind, media_type, content, actor)"
        " values (%s, %s, 'photo', 'image/jpeg', %s, %s)",
        (photo, ground.run_id, seen, ground.commander),
    )


def divisions_of(ids: Mapping[str, int]) -> dict[str, int]:
    """Those of the city of rights_city.py that a run here is about, for `add_run`."""
    return {"township": ids[TOWNSHIP], "first": ids[GRID], "second": ids[VILLAGE_GRID]}
