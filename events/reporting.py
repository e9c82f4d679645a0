"""Somebody reports an event: located, given to the level that has it first, and told there, in one transaction."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from access import audit
from access.vault import Vault
from alerts.act_errors import ActRefused
from alerts.acts import now
from alerts.plan_library import plans_in_force
from alerts.reports import Report as AlertReport
from alerts.reports import report as raise_alert
from alerts.rule_sets import rules_in_force
from config.database import Connection
from events.errors import Refused
from events.flow import By, Moved, Standing, begins_at, reported
from events.kinds import LEVELS, Kind, Level, shipped_kinds
from events.place import Located
from events.private import Photo, keep, text_of
from events.statements import QUERIES
from events.stored import add_steps, tell


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody reports."""

    key: UUID  # made where it was reported
    kind: str
    happened_at: datetime | None = None  # None: now
    urgent: bool = False
    accuracy_m: float | None = None
    way: Literal["phone", "desk"] = "phone"
    text: str = field(default="", repr=False)
    photo: Photo | None = None


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What was made of it."""

    event_id: int
    is_new: bool  # False: it had come before
    level: Level  # that has it
    alert_id: int | None = None


def kind_named(kind_id: str) -> Kind:
    """A kind that can be reported; raises Refused."""
    kind = shipped_kinds().kinds.get(kind_id)
    if kind is None:
        raise Refused(
            f"there is no kind of event {kind_id[:40]!r}: take one of {', '.join(shipped_kinds().kinds)}",
            f"没有“{kind_id[:40]}”这类事件，请重新选择。",
        )
    return kind


def report(
    connection: Connection,
    vault: Vault | None,
    said: Said,
    where: Located,
    by: By,
) -> Reported:
    """Write it; the same key again is the same event. Raises Refused."""
    kind, text = kind_named(said.kind), text_of(said.text)
    if vault is None and (text or said.photo is not None):
        raise Refused(
            "this server has no key file, so no words or pictures can be kept: set SHIJING_ACCESS_KEY_FILE",
            "服务器未配置密钥文件，不能保存文字和照片。请设置 SHIJING_ACCESS_KEY_FILE。",
        )
    with connection.transaction():
        at = now(connection)
        event = _standing(kind, said, where, at)
        number = _add(connection, _columns(said, event, where, by, has_text=bool(text)))
        if number is None:
            return _again(connection, said.key, by)
        if vault is not None:
            keep(connection, vault, number, text, said.photo)
        alert = None if kind.report is None else _raise(connection, number, kind, where, by)
        first = reported(event, by)
        moved = Moved(event=_numbered(event, number), steps=first.steps)
        add_steps(connection, [moved])
        tell(connection, [moved])
        _prove(connection, number, event, by)
    return Reported(event_id=number, is_new=True, level=event.level, alert_id=alert)


def _standing(kind: Kind, said: Said, where: Located, at: datetime) -> Standing:
    urgent = said.urgent or kind.urgent
    level = begins_at(kind, where.places, urgent=urgent)
    return Standing(
        id=0,
        kind=kind,
        urgent=urgent,
        state="reported",
        level=level,
        places=where.places,
        since=at,
        due_at=at + kind.limit("accept", level, urgent=urgent),
    )


def _numbered(event: Standing, number: int) -> Standing:
    return Standing(**{**vars(event), "id": number})


def _columns(said: Said, event: Standing, where: Located, by: By, *, has_text: bool) -> dict[str, object]:
    return {
        "key": said.key,
        "kind": event.kind.id,
        "urgent": event.urgent,
        "way": said.way,
        "happened_at": min(said.happened_at or event.since, event.since),  # a phone's clock may be ahead
        "at": event.since,
        "lon": where.lon,
        "lat": where.lat,
        "accuracy_m": said.accuracy_m,
        **{level: where.places.get(level) for level in LEVELS},
        "reporter": by.person_id,
        "actor": by.account,
        "level": event.level,
        "division": event.places[event.level],
        "due_at": event.due_at,
        "has_text": has_text,
        "has_photo": said.photo is not None,
    }


def _add(connection: Connection, columns: dict[str, object]) -> int | None:
    """The event's number; None where its key is there already."""
    row = connection.execute(QUERIES["add_event"], columns).fetchone()
    return None if row is None else int(row[0])


def _again(connection: Connection, key: UUID, by: By) -> Reported:
    """What came before under the key; another account's is not told."""
    row = connection.execute(QUERIES["event_of_key"], {"key": key}).fetchone()
    assert row is not None
    if row[1] != by.account:
        raise Refused("that key is another report's: make a new one", "该上报编号已被使用，请重新上报。")
    return Reported(event_id=row[0], is_new=False, level=row[3])


def _raise(
    connection: Connection,
    number: int,
    kind: Kind,
    where: Located,
    by: By,
) -> int:
    """The alert that plans know by its words, where the event is."""
    what = AlertReport(
        title=kind.report or "",
        level=kind.alert,
        family=kind.family,
        lon=where.lon,
        lat=where.lat,
        division=where.code,
    )
    assert by.account is not None
    rules, plans = rules_in_force(connection), plans_in_force(connection)
    try:
        alert = raise_alert(connection, what, actor=by.account, rules=rules, plans=plans)
    except ActRefused as error:
        raise Refused(str(error)) from error
    connection.execute(QUERIES["set_alert"], {"event": number, "alert": alert})
    return alert


def _prove(connection: Connection, number: int, event: Standing, by: By) -> None:
    audit.append(
        connection,
        act="event.reported",
        actor=by.account,
        subject=f"event/{number}",
        division_id=event.places["township"],
        details={"kind": event.kind.id, "urgent": event.urgent, "level": event.level},
    )
