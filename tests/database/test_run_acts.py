"""What a commander does with a run, on a real database: each act once, on record, and refused where it does not go."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from access.accounts import add_account, grant
from access.audit import entries
from access.rights import load_roles
from alerts.ledger import check
from alerts.ledger_account import Span
from config.database import Connection, connect
from config.settings import PROJECT
from dispatch.act_ending import sign, signatures, terminate, tick
from dispatch.act_people import answer_for, reassign
from dispatch.act_start import Start, start
from dispatch.act_tasks import add_task, skip_task
from dispatch.acts import confirm, decline, note, notes, set_level
from dispatch.advance import advance
from dispatch.answers import Answer, give
from dispatch.errors import Refused
from dispatch.reviewing import review
from tests.database.people_seed import FAR, GRID, TOWNSHIP
from tests.database.run_seed import PLANS, RULES, START, Ground, a_ground
from web.audit_words import ACTS

SMS = frozenset({"sms"})
WHY = "上级要求"


@pytest.fixture
def ground(connection: Connection, tmp_path: Path) -> Ground:
    return a_ground(connection, tmp_path)


@pytest.fixture
def commander(connection: Connection, ground: Ground) -> UUID:
    made = add_account(connection, "commander")
    grant(connection, made, "commander", ground.town.divisions[TOWNSHIP], roles=load_roles(), now=START)
    return made


@pytest.fixture
def officer(connection: Connection, ground: Ground) -> UUID:
    made = add_account(connection, "officer")
    grant(connection, made, "duty_officer", ground.town.divisions[TOWNSHIP], roles=load_roles(), now=START)
    return made


def one(connection: Connection, query: str, *values: Any) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


def proposed(connection: Connection, ground: Ground) -> int:
    run = ground.flood(connection)
    connection.execute(
        "update plan_runs set state = 'proposed', confirm_by = %s where id = %s", (START + timedelta(minutes=3), run)
    )
    return run


def acts(connection: Connection, run: int) -> list[str]:
    return [row[0] for row in connection.execute("select kind from run_acts where run_id = %s order by id", (run,))]


def task(connection: Connection, run: int, key: str) -> int:
    return int(one(connection, "select id from tasks where run_id = %s and task_key = %s", run, key))


def audited(connection: Connection, actor: UUID) -> list[str]:
    return [entry.act for entry in reversed(entries(connection, actor=actor)) if entry.act.startswith("run.")]


def test_every_act_has_words() -> None:
    text = "".join(path.read_text() for path in (PROJECT / "dispatch").glob("act*.py"))
    written = set(re.findall(r'finish\(\s*connection, run, "([a-z_]+)"', text)) | {"raised", "lowered"}
    assert len(written) >= 10
    assert {f"run.{kind}" for kind in written} <= set(ACTS)


def test_a_run_is_confirmed_once(connection: Connection, ground: Ground, officer: UUID) -> None:
    run = proposed(connection, ground)
    done = confirm(connection, run, actor=officer)
    assert (done.state, acts(connection, run)) == ("open", ["confirmed"])
    assert one(connection, "select count(*) from assignments where run_id = %s", run) > 0
    with pytest.raises(Refused) as refused:
        confirm(connection, run, actor=officer)
    assert "执行中" in refused.value.zh
    assert acts(connection, run) == ["confirmed"]
    assert audited(connection, officer) == ["run.confirmed"]
    told = one(connection, "select payload from live_events where payload ->> 'reason' = 'confirmed'")
    assert told["run_id"] == run


def test_two_who_confirm_at_once_are_one(
    connection: Connection, database_url: str, ground: Ground, officer: UUID
) -> None:
    run = proposed(connection, ground)

    def say(_: int) -> bool:
        with connect(database_url, "desk", autocommit=True) as desk:
            try:
                confirm(desk, run, actor=officer)
            except Refused:
                return False
            return True

    with ThreadPoolExecutor(4) as desks:
        assert sorted(desks.map(say, range(4))) == [False, False, False, True]
    assert acts(connection, run) == ["confirmed"]


def test_a_run_is_declined_for_a_reason(connection: Connection, ground: Ground, officer: UUID) -> None:
    run = proposed(connection, ground)
    with pytest.raises(Refused):
        decline(connection, run, reason="  ", actor=officer)
    decline(connection, run, reason="误报", actor=officer)
    assert one(connection, "select state from plan_runs where id = %s", run) == "declined"
    assert one(connection, "select count(*) from tasks where run_id = %s and state <> 'stood_down'", run) == 0
    with pytest.raises(Refused):
        confirm(connection, run, actor=officer)


def test_a_level_goes_up_and_down_with_its_tasks(connection: Connection, ground: Ground, officer: UUID) -> None:
    run = ground.flood(connection)
    connection.execute("update tasks set from_level = 'orange', state = 'waiting', started_at = null"
                       " where run_id = %s and task_key = 'T5'", (run,))  # fmt: skip
    connection.execute("delete from assignments where task_id = %s", (task(connection, run, "T5"),))
    set_level(connection, run, "orange", reason=WHY, actor=officer)
    assert one(connection, "select count(*) from assignments where task_id = %s", task(connection, run, "T5")) == 1
    ground.at(connection, 1)
    advance(connection, ground.at(connection, 1), channels=SMS)
    set_level(connection, run, "yellow", reason=WHY, actor=officer)
    state, ended = connection.execute(
        "select state, ended_at is not null from assignments where task_id = %s", (task(connection, run, "T5"),)
    ).fetchone() or ("", False)
    assert (state, ended) == ("stood_down", True)
    still = (
        "select count(*) from calls join assignments on assignments.id = assignment_id"
        " where task_id = %s and calls.ended_at is null"
    )
    assert one(connection, still, task(connection, run, "T5")) == 0
    assert one(connection, "select state from tasks where id = %s", task(connection, run, "T2")) != "stood_down"
    set_level(connection, run, "red", reason=WHY, actor=officer)
    assert one(connection, "select state from tasks where id = %s", task(connection, run, "T5")) == "waiting"
    assert acts(connection, run).count("raised") == 2
    with pytest.raises(Refused):
        set_level(connection, run, "red", reason=WHY, actor=officer)


def test_a_task_is_added_once_and_one_is_skipped(connection: Connection, ground: Ground, officer: UUID) -> None:
    run = ground.flood(connection)
    for _ in range(2):
        try:
            add_task(connection, run, post="网格员", what="敲门核对", limit_min=10, reason=WHY, actor=officer)
        except Refused as refused:
            assert "已有相同的任务" in refused.zh
    assert one(connection, "select count(*) from tasks where run_id = %s and added_by = %s", run, officer) == 1
    added = task(connection, run, "+1")
    assert (
        one(connection, "select division_id from assignments where task_id = %s", added)
        == (ground.town.divisions[GRID])
    )
    skip_task(connection, run, added, reason="已由他人完成", actor=officer)
    with pytest.raises(Refused):
        skip_task(connection, run, added, reason="已由他人完成", actor=officer)
    assert one(connection, "select state from assignments where task_id = %s", added) == "skipped"
    with pytest.raises(Refused):
        skip_task(connection, run + 1, added, reason=WHY, actor=officer)
    assert audited(connection, officer) == ["run.task_added", "run.task_skipped"]


def test_a_task_is_given_to_a_named_person_who_is_then_called(
    connection: Connection, ground: Ground, officer: UUID
) -> None:
    run = ground.flood(connection)
    advance(connection, ground.at(connection, 0), channels=SMS)
    mine = int(one(connection, "select id from assignments where task_id = %s", task(connection, run, "T2")))
    other = ground.people["网格长"]
    reassign(connection, run, mine, person_id=other, reason="未应答", actor=officer)
    advance(connection, ground.at(connection, 1), channels=SMS)
    open_calls = connection.execute(
        "select person_id, part from calls where assignment_id = %s and ended_at is null", (mine,)
    ).fetchall()
    assert open_calls == [(other, "reassigned")]
    assert one(connection, "select count(*) from deliveries join calls on calls.id = call_id"
                           " where assignment_id = %s and person_id = %s", mine, other) > 0  # fmt: skip
    with pytest.raises(Refused):
        reassign(connection, run, mine, person_id=uuid4(), reason=WHY, actor=officer)


def test_an_answer_at_the_desk_counts_once(connection: Connection, ground: Ground, officer: UUID) -> None:
    run, key = ground.flood(connection), uuid4()
    mine = int(one(connection, "select id from assignments where task_id = %s", task(connection, run, "T3")))
    for _ in range(2):
        assert answer_for(connection, run, mine, key=key, kind="done", result=None, actor=officer).state == "done"
    assert one(connection, "select state from assignments where id = %s", mine) == "done"
    assert one(connection, "select person_id is null and actor = %s from answers where key = %s", officer, key)
    with pytest.raises(Refused):
        answer_for(connection, run, mine, key=uuid4(), kind="on_site", result=None, actor=officer)
    assert audited(connection, officer) == ["run.answered"]


def end_conditions(connection: Connection, run: int, *conditions: object, how: str = "all") -> None:
    connection.execute(
        "update plan_runs set plan = jsonb_set(plan, '{terminate}', %s) where id = %s",
        (Jsonb({how: list(conditions), "by": "commander"}), run),
    )


def test_a_run_ends_when_its_conditions_hold_and_it_is_signed(
    connection: Connection, ground: Ground, officer: UUID, commander: UUID
) -> None:
    run = ground.flood(connection)
    end_conditions(connection, run, "预警解除", "道路查验")
    for number in (0, 1):
        with pytest.raises(Refused) as refused:
            terminate(connection, run, actor=officer)
        assert f"尚缺 {3 - number} 项" in refused.value.zh
        tick(connection, run, "terminate", number, met=True, actor=officer)
    with pytest.raises(Refused):
        tick(connection, run, "terminate", 1, met=True, actor=officer)
    with pytest.raises(Refused):
        tick(connection, run, "terminate", 2, met=True, actor=officer)
    with pytest.raises(Refused) as refused:
        sign(connection, run, actor=officer)
    assert "街道党工委书记" in refused.value.zh
    sign(connection, run, actor=commander)
    with pytest.raises(Refused):
        sign(connection, run, actor=commander)
    terminate(connection, run, actor=officer)
    state, due, ended = connection.execute(
        "select state, review_due_at, ended_at from plan_runs where id = %s", (run,)
    ).fetchone() or (None, None, None)
    assert state == "terminated" and due - ended == timedelta(hours=72)
    assert one(connection, "select count(*) from assignments where run_id = %s and ended_at is null", run) == 0
    with pytest.raises(Refused):
        terminate(connection, run, actor=officer)
    review(connection, run, actor=commander)
    with pytest.raises(Refused):
        review(connection, run, actor=commander)
    assert audited(connection, commander) == ["run.signed", "run.reviewed"]


def test_a_rise_makes_a_signature_void_and_a_tick_is_taken_back(
    connection: Connection, ground: Ground, officer: UUID, commander: UUID
) -> None:
    run = ground.flood(connection)
    end_conditions(connection, run, "预警解除", "道路查验", how="any")
    tick(connection, run, "terminate", 1, met=True, actor=officer)
    sign(connection, run, actor=commander)
    set_level(connection, run, "red", reason=WHY, actor=officer)
    with pytest.raises(Refused):
        terminate(connection, run, actor=officer)
    sign(connection, run, actor=commander)
    ground.flood(connection, "yellow", "orange", minutes=1)  # the run is red already: nothing has risen
    assert commander in signatures(connection, run)
    tick(connection, run, "terminate", 1, met=False, actor=officer)
    with pytest.raises(Refused):
        terminate(connection, run, actor=officer)
    tick(connection, run, "terminate", 0, met=True, actor=officer)
    terminate(connection, run, actor=officer)
    assert acts(connection, run)[-1] == "terminated"


def test_a_rise_by_an_alert_makes_a_signature_void(connection: Connection, ground: Ground, commander: UUID) -> None:
    run = ground.flood(connection)
    sign(connection, run, actor=commander)
    assert commander in signatures(connection, run)
    ground.flood(connection, "yellow", "red", minutes=1)
    assert signatures(connection, run) == {}


def test_an_early_end_needs_a_reason_that_is_recorded(connection: Connection, ground: Ground, officer: UUID) -> None:
    run = ground.flood(connection)
    with pytest.raises(Refused):
        terminate(connection, run, actor=officer, override=True)
    terminate(connection, run, actor=officer, override=True, reason="误启动")
    reason, detail = connection.execute(
        "select reason, detail from run_acts where run_id = %s and kind = 'terminated'", (run,)
    ).fetchone() or ("", {})
    assert (reason, detail["override"], "signature" in detail["missing"]) == ("误启动", True, True)


def test_whoever_is_on_duty_for_the_post_signs(connection: Connection, ground: Ground, officer: UUID) -> None:
    run = ground.flood(connection)
    connection.execute(
        "update plan_runs set plan = jsonb_set(plan, '{command,commander}', '\"值班长\"') where id = %s", (run,)
    )
    connection.execute("update accounts set person_id = %s where id = %s", (ground.people["值班长"], officer))
    assert sign(connection, run, actor=officer).kind == "signed"


def test_a_run_is_started_by_hand_and_a_drill_beside_it(connection: Connection, ground: Ground, officer: UUID) -> None:
    there, grids = ground.town.divisions[TOWNSHIP], [ground.town.divisions[GRID]]
    asked = {"plan": "FLD-02", "township_id": there, "level": "yellow", "reason": "现场报告险情", "grids": grids}
    run = start(connection, Start(**asked), actor=officer).run_id  # type: ignore[arg-type]
    assert one(connection, "select grid_id from run_grids where run_id = %s", run) == grids[0]
    assert one(connection, "select count(*) from tasks where run_id = %s", run) == 7
    assert one(connection, "select count(*) from assignments where run_id = %s", run) >= 6
    with pytest.raises(Refused):
        start(connection, Start(**asked), actor=officer)  # type: ignore[arg-type]
    drill = start(connection, Start(**asked, drill=True), actor=officer).run_id  # type: ignore[arg-type]
    marked = connection.execute("select exercise, drill from plan_runs where id = %s", (drill,)).fetchone()
    assert marked == (True, True)
    assert one(connection, "select exercise from plan_runs where id = %s", run) is False
    told = one(connection, "select payload from live_events where (payload ->> 'run_id')::bigint = %s", drill)
    assert told["exercise"] is True
    # The pipeline joins the run that is there, and starts none beside it.
    assert ground.flood(connection) == drill
    assert one(connection, "select count(*) from run_alerts where run_id = %s", run) == 1


@pytest.mark.parametrize(
    "wrong", [{"plan": "NONE"}, {"level": "none"}, {"reason": " "}, {"grids": [FAR]}, {"grids": [TOWNSHIP]}]
)
def test_a_start_that_cannot_be_is_refused(
    connection: Connection, ground: Ground, officer: UUID, wrong: dict[str, Any]
) -> None:
    if "grids" in wrong:
        wrong = {"grids": [ground.town.divisions[code] for code in wrong["grids"]]}
    asked = {"plan": "FLD-02", "township_id": ground.town.divisions[TOWNSHIP], "level": "red", "reason": WHY} | wrong
    with pytest.raises(Refused) as refused:
        start(connection, Start(**asked), actor=officer)
    assert refused.value.zh
    assert one(connection, "select count(*) from plan_runs") == 0


def test_a_note_is_sealed_and_taken_once(connection: Connection, ground: Ground, officer: UUID) -> None:
    run, key = ground.flood(connection), uuid4()
    note(connection, ground.town.vault, run, text="张家已转移", key=key, actor=officer)
    with pytest.raises(Refused):
        note(connection, ground.town.vault, run, text="张家已转移", key=key, actor=officer)
    assert "张家".encode() not in one(connection, "select content from attachments where id = %s", key)
    assert notes(connection, ground.town.vault, run) == {str(key): "张家已转移"}
    with pytest.raises(Refused):
        note(connection, None, run, text="无密钥", key=uuid4(), actor=officer)


def test_nothing_is_left_of_an_act_that_was_refused(connection: Connection, ground: Ground, officer: UUID) -> None:
    run = ground.flood(connection)
    refused: list[Callable[[], object]] = [
        lambda: confirm(connection, run, actor=officer),
        lambda: review(connection, run, actor=officer),
        lambda: set_level(connection, run, "purple", reason=WHY, actor=officer),
        lambda: add_task(connection, run, post="", what="x", limit_min=1, reason=WHY, actor=officer),
        lambda: add_task(connection, run, post="网格员", what="x", limit_min=0, reason=WHY, actor=officer),
        lambda: confirm(connection, 10**9, actor=officer),
    ]
    for act in refused:
        with pytest.raises(Refused) as told:
            act()
        assert told.value.zh and str(told.value)
    assert acts(connection, run) == []
    assert audited(connection, officer) == []


def test_the_books_add_up_after_all_of_it(connection: Connection, ground: Ground, officer: UUID) -> None:
    run = ground.flood(connection, level="red")
    advance(connection, ground.at(connection, 0), channels=SMS)
    mine = int(one(connection, "select id from assignments where task_id = %s", task(connection, run, "T2")))
    at = ground.at(connection, 1)
    answer = Answer(key=uuid4(), assignment_id=mine, kind="acknowledged", tapped_at=at)
    give(connection, answer, actor=officer, person_id=ground.people["网格员"], at=at)
    reassign(connection, run, mine, person_id=ground.people["网格长"], reason=WHY, actor=officer)
    add_task(connection, run, post="网格员", what="巡查", limit_min=5, reason=WHY, actor=officer)
    skip_task(connection, run, task(connection, run, "T6"), reason=WHY, actor=officer)
    connection.execute("update tasks set from_level = 'red' where task_key in ('T4', 'T5')")
    set_level(connection, run, "yellow", reason=WHY, actor=officer)
    advance(connection, ground.at(connection, 2), channels=SMS)
    set_level(connection, run, "red", reason=WHY, actor=officer)
    advance(connection, ground.at(connection, 3), channels=SMS)
    drill = start(
        connection,
        Start(plan="FLD-02", township_id=ground.town.divisions[TOWNSHIP], level="red", reason=WHY, drill=True),
        actor=officer,
    ).run_id
    for number in (run, drill):
        terminate(connection, number, actor=officer, override=True, reason=WHY)
    rows = connection.execute("select distinct state from tasks where run_id = %s", (run,)).fetchall()
    assert {state for (state,) in rows} <= {"done", "skipped", "stood_down"}
    for account in check(connection, Span(), RULES, PLANS).accounts:
        if account.name in {"runs", "tasks", "calls", "messages", "answers"}:
            assert account.faults == (), account
