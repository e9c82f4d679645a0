"""What people do with an alert: each act is one transaction with its row, its actor and what the screens are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from alerts.act_errors import ActRefused, AlertUnknown
from alerts.actors import ACT_QUERIES
from alerts.aftermath import settle
from alerts.standing import BY_PEOPLE, OPEN
from alerts.tell import Event, tell_events
from config.database import Connection

Cause = Literal["real", "false", "drill", "test"]
CAUSES: tuple[Cause, ...] = get_args(Cause)

_SAID = {"acknowledged": "acknowledged", "in_hand": "taken_in_hand", "resolved": "resolved", "closed": "closed"}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An alert as an act finds it, its row locked."""

    id: int
    rule_id: str
    subject: int
    level: str
    state: str
    exercise: bool
    revision: int
    suppressed_by: int | None
    township_id: int | None
    name: str | None


@dataclass(frozen=True, kw_only=True)
class Acted:
    """What an act did."""

    alert_id: int
    from_state: str
    to_state: str
    time: datetime


def acknowledge(connection: Connection, alert_id: int, *, actor: UUID, note: str = "") -> Acted:
    """Somebody has seen it. Raises AlertUnknown; ActRefused where it is not open any more."""
    return _move(connection, alert_id, "acknowledged", actor=actor, note=note)


def take_in_hand(connection: Connection, alert_id: int, *, actor: UUID, note: str = "") -> Acted:
    """Somebody is at work on it; that acknowledges it, too. Raises as `acknowledge`."""
    return _move(connection, alert_id, "in_hand", actor=actor, note=note)


def resolve(connection: Connection, alert_id: int, *, actor: UUID, note: str = "") -> Acted:
    """It is over, whatever its rule says; a rise soon after opens it again. Raises as `acknowledge`."""
    return _move(connection, alert_id, "resolved", actor=actor, note=note)


def close(connection: Connection, alert_id: int, *, cause: str, actor: UUID, note: str = "") -> Acted:
    """Done with, for a cause of `CAUSES`; it never opens again. Raises as `acknowledge`."""
    if cause not in CAUSES:
        raise ActRefused(f"an alert is closed with a cause, {cause!r} is none: give one of {', '.join(CAUSES)}")
    return _move(connection, alert_id, "closed", actor=actor, note=note, cause=cause)


def comment(connection: Connection, alert_id: int, *, note: str, actor: UUID) -> Acted:
    """Words for those who read it later; whatever its state. Raises AlertUnknown; ActRefused without words."""
    if not note.strip():
        raise ActRefused("a comment without words says nothing: write some")
    with connection.transaction():
        alert = lock(connection, alert_id)
        time = now(connection)
        add_rows(connection, [state_row(alert, time, "commented", alert.state, actor=actor, note=note)])
        tell_events(connection, [act_event(alert, time, "commented", alert.state)], exercise=alert.exercise)
    return Acted(alert_id=alert_id, from_state=alert.state, to_state=alert.state, time=time)


def now(connection: Connection) -> datetime:
    """The time of an act: of the replay that is under way, else of the database's clock."""
    row = connection.execute(ACT_QUERIES["now"]).fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def lock(connection: Connection, alert_id: int) -> Standing:
    """The alert, locked until the transaction ends; raises AlertUnknown."""
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        found = cursor.execute(ACT_QUERIES["lock_alert"], {"alert_id": alert_id}).fetchone()
    if found is None:
        raise AlertUnknown(alert_id)
    return found


def _move(
    connection: Connection, alert_id: int, to_state: str, *, actor: UUID, note: str, cause: str | None = None
) -> Acted:
    with connection.transaction():
        alert = lock(connection, alert_id)
        if to_state not in BY_PEOPLE[alert.state]:
            raise ActRefused(_why(alert, to_state))
        time = now(connection)
        asked = {"alert_id": alert_id, "to_state": to_state, "time": time, "cause": cause}
        connection.execute(ACT_QUERIES["move_alert"], asked)
        reason = _SAID[to_state]
        add_rows(connection, [state_row(alert, time, reason, to_state, actor=actor, note=note)])
        ends = alert.state in OPEN and to_state not in OPEN
        news = settle(connection, [alert], [alert.subject], time, exercise=alert.exercise) if ends else []
        tell_events(connection, [act_event(alert, time, reason, to_state), *news], exercise=alert.exercise)
    return Acted(alert_id=alert_id, from_state=alert.state, to_state=to_state, time=time)


def _why(alert: Standing, to_state: str) -> str:
    if alert.state == to_state:
        return f"alert {alert.id} is {to_state.replace('_', ' ')} already"
    return (
        f"alert {alert.id} is {alert.state.replace('_', ' ')}: it cannot become {to_state.replace('_', ' ')} any more"
    )


def state_row(
    alert: Standing, time: datetime, reason: str, to_state: str, *, actor: UUID | None, note: str = ""
) -> dict[str, Any]:
    """A row of alert_transitions in which the level stays."""
    return {
        "alert_id": alert.id,
        "time": time.isoformat(),
        "level": alert.level,
        "from_state": alert.state,
        "to_state": to_state,
        "reason": reason,
        "revision": alert.revision,
        "note": note,
        "actor": None if actor is None else str(actor),
    }


def add_rows(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of `state_row`."""
    connection.execute(ACT_QUERIES["add_state_rows"], {"rows": Jsonb(list(rows))})


def act_event(alert: Standing, time: datetime, reason: str, to_state: str) -> Event:
    """What the screens are told: the level stays, the state or what stands by it has changed."""
    return {
        "kind": "alert",
        "payload": {
            "alert_id": alert.id,
            "subject": alert.subject,
            "sensor": alert.name or "",
            "rule": alert.rule_id,
            "from": alert.level,
            "to": alert.level,
            "state": to_state,
            "reason": reason,
            "time": time.isoformat(),
        },
    }
