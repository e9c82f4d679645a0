"""What a commander does with a run: confirm or decline it, raise or lower it, note, review.

Each act is one transaction: an UPDATE that only a run of the right state answers, its row among the run's acts,
the entry in the audit, and what screens and phones are told. Others: act_start.py, act_tasks.py, act_people.py,
act_ending.py. All of them raise Refused, in both languages.
"""

from datetime import datetime
from typing import get_args
from uuid import UUID

from access.vault import Context, Vault
from alerts.levels import Grade, rank
from alerts.run_tasks import Begin, begin_tasks, rouse
from config.database import Connection
from dispatch.act_base import (
    QUERIES,
    Acted,
    RunNow,
    acting_on,
    add_act,
    check_open,
    finish,
    one_row,
    reason_of,
)
from dispatch.act_tasks import stand_down
from dispatch.errors import Refused

_NOTE_AT_MOST = 2000


def confirm(connection: Connection, run_id: int, *, actor: UUID) -> Acted:
    """Somebody says that a proposed run starts: its tasks begin."""
    with acting_on(connection, run_id) as (run, at):
        one_row(connection, "confirm_run", run, "proposed", at=at)
        add_act(connection, run, "confirmed", at, actor=actor)
        begin_tasks(connection, [Begin(run_id=run_id, at=at)])
        return finish(connection, run, "confirmed", at, actor=actor, state="open")


def decline(connection: Connection, run_id: int, *, reason: str, actor: UUID) -> Acted:
    """Somebody says that it does not start, and why."""
    why = reason_of(reason)
    with acting_on(connection, run_id) as (run, at):
        one_row(connection, "decline_run", run, "proposed", at=at)
        stand_down(connection, run, at, actor=actor)
        add_act(connection, run, "declined", at, actor=actor, reason=why)
        return finish(connection, run, "declined", at, actor=actor, state="declined")


def set_level(connection: Connection, run_id: int, level: str, *, reason: str, actor: UUID) -> Acted:
    """Raise or lower a run: tasks of the higher level begin, those above the lower one are stood down."""
    why = reason_of(reason)
    if level not in get_args(Grade):
        raise Refused(f"{level!r} is no level: blue, yellow, orange or red", "级别只有蓝、黄、橙、红四级。")
    with acting_on(connection, run_id) as (run, at):
        return move_level(connection, run, level, at, actor=actor, reason=why)


def move_level(
    connection: Connection, run: RunNow, level: str, at: datetime, *, actor: UUID | None, reason: str
) -> Acted:
    """The same within the caller's transaction, its last statements; `actor` None: by a measured condition."""
    check_open(run)
    if level == run.level:
        raise Refused(f"run {run.id} has that level already", f"预案运行 {run.id} 已是该级别。")
    rises = rank(level) > rank(run.level)
    kind = "raised" if rises else "lowered"
    one_row(connection, "set_level", run, "open", level=level, **{"from": run.level})
    moved = {"run": run.id, "at": at, "from": run.level, "to": level, "reason": kind, "actor": actor}
    connection.execute(QUERIES["add_transition"], moved)
    add_act(connection, run, kind, at, actor=actor, reason=reason, detail={"from": run.level, "to": level})
    theirs: list[int] = []
    if rises:
        _rise(connection, run, level, at)
    else:
        theirs = stand_down(connection, run, at, actor=actor, level=level)
    return finish(connection, run, kind, at, actor=actor, level=level, assignments=theirs, details={"from": run.level})


def _rise(connection: Connection, run: RunNow, level: str, at: datetime) -> None:
    if level == "red":
        connection.execute(QUERIES["hasten_to_red"], {"run": run.id, "at": at})
    rouse(connection, [Begin(run_id=run.id, at=at)])
    begin_tasks(connection, [Begin(run_id=run.id, at=at)])


def note(connection: Connection, vault: Vault | None, run_id: int, *, text: str, key: UUID, actor: UUID) -> Acted:
    """Words for those who read it later, whatever its state; sealed, so that they can be erased after their term.

    `key` is made where they were written: sent twice, it is one note, and the second is refused.
    """
    told = text.strip()
    if not 1 <= len(told) <= _NOTE_AT_MOST:
        raise Refused(f"a note has 1 to {_NOTE_AT_MOST} characters", f"备注为 1 至 {_NOTE_AT_MOST} 字。")
    if vault is None:
        raise Refused(
            "this server has no key file, and notes are kept sealed: an administrator sets SHIJING_ACCESS_KEY_FILE",
            "服务器未配置密钥文件，不能加密保存备注，请管理员设置 SHIJING_ACCESS_KEY_FILE。",
        )
    with acting_on(connection, run_id) as (run, at):
        named = {"id": key, "run": run_id, "content": vault.seal(told, context=note_context(key)), "actor": actor}
        if connection.execute(QUERIES["add_note"], named).rowcount != 1:
            raise Refused("that note was taken already", "该备注已保存。")
        add_act(connection, run, "noted", at, actor=actor, detail={"attachment": str(key)})
        return finish(connection, run, "noted", at, actor=actor)


def note_context(number: UUID) -> Context:
    """What the words of a note are sealed for."""
    return ("attachments", "content", number)


def notes(connection: Connection, vault: Vault, run_id: int) -> dict[str, str]:
    """The words of a run's notes by the id that its acts name; raises CannotOpen."""
    rows = connection.execute(QUERIES["notes"], {"run": run_id}).fetchall()
    return {str(number): vault.open(bytes(content), context=note_context(number)) for number, content, _, _ in rows}
