"""The CAP messages of alerts: written down when they are first asked for, and the same ever after."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from alerts.cap import Message, Reference, to_xml
from alerts.cap_area import Area, area_of
from alerts.cap_chain import Link, chain
from alerts.cap_number import Numbers
from alerts.cap_words import WordsOf, infos, note
from alerts.out_alerts import QUERIES, ToldAlert, ToldTransition, alerts_by_id, read_transitions
from alerts.out_steps import as_of
from config.database import Connection
from config.settings import OutSettings


@dataclass(frozen=True, kw_only=True)
class Written:
    """A message that is written down."""

    transition_id: int
    alert_id: int
    revision: int
    identifier: str
    sender: str
    sent: datetime
    msg_type: str

    @property
    def reference(self) -> Reference:
        """How later messages name it."""
        return Reference(sender=self.sender, identifier=self.identifier, sent=self.sent)


@dataclass(frozen=True, kw_only=True)
class _New:
    """A message to be written, and the alert as it was then."""

    alert: ToldAlert
    link: Link


def write_messages(
    connection: Connection, alert_ids: Sequence[int], words: WordsOf, settings: OutSettings
) -> dict[int, list[Written]]:
    """Write down what these alerts have not said yet; all of their messages by alert, in order.

    `connection` must not be in a transaction.
    """
    ids = list(alert_ids)
    if not _new_messages(connection, ids, _written(connection, ids)):
        return _by_alert(_written(connection, ids))
    with connection.transaction():
        connection.execute(QUERIES["lock_messages"])
        written = {one.transition_id: one for one in _written(connection, ids)}
        new = _new_messages(connection, ids, written.values())
        numbers = _numbers(connection, new, settings.sender)
        areas = _areas(connection, new)
        for one in new:
            message, entered_at = _message(one, written, numbers, areas[one.alert.id], words, settings)
            connection.execute(QUERIES["insert_message"], _row(one, message, entered_at))
            written[one.link.transition.id] = _as_written(one, message)
    return _by_alert(written.values())


def read_message(connection: Connection, alert_id: int, revision: int) -> tuple[str, bytes] | None:
    """Identifier and XML of a message that is written down."""
    row = connection.execute(QUERIES["message"], {"alert": alert_id, "revision": revision}).fetchone()
    return None if row is None else (row[0], bytes(row[1]))


def _written(connection: Connection, ids: list[int]) -> list[Written]:
    with connection.cursor(row_factory=class_row(Written)) as cursor:
        return cursor.execute(QUERIES["messages_of"], {"ids": ids}).fetchall()


def _by_alert(written: Iterable[Written]) -> dict[int, list[Written]]:
    found: dict[int, list[Written]] = defaultdict(list)
    for one in written:
        found[one.alert_id].append(one)
    return dict(found)


def _new_messages(connection: Connection, ids: list[int], written: Iterable[Written]) -> list[_New]:
    """What is to be written of these alerts, in the order of the transitions."""
    known = {one.transition_id for one in written}
    by_alert: dict[int, list[ToldTransition]] = defaultdict(list)
    for transition in read_transitions(connection, ids):
        by_alert[transition.alert_id].append(transition)
    links = [link for one in by_alert.values() for link in chain(one) if link.transition.id not in known]
    alerts = alerts_by_id(connection, sorted({link.transition.alert_id for link in links})) if links else {}
    links.sort(key=lambda link: link.transition.id)
    return [_New(alert=as_of(alerts[one.transition.alert_id], one.moved), link=one) for one in links]


def _numbers(connection: Connection, new: Sequence[_New], sender: str) -> Numbers:
    if not new:
        return Numbers(sender, {})
    since = min(one.link.transition.recorded_at for one in new).replace(microsecond=0)
    taken = connection.execute(QUERIES["numbers_taken"], {"sender": sender, "since": since}).fetchall()
    return Numbers(sender, dict(taken))


def _areas(connection: Connection, new: Sequence[_New]) -> dict[int, Area]:
    alerts = {one.alert.id: one.alert for one in new}
    outlines: dict[int, bytes] = dict(connection.execute(QUERIES["outlines"], {"ids": list(alerts)}).fetchall())
    return {number: _area(alert, outlines.get(number)) for number, alert in alerts.items()}


def _area(alert: ToldAlert, outline: bytes | None) -> Area:
    point = None if alert.lon is None or alert.lat is None else (alert.lon, alert.lat)
    codes = tuple(filter(None, [alert.grid_code, alert.township_code]))
    return area_of(outline, point, codes)


def _message(
    one: _New, written: Mapping[int, Written], numbers: Numbers, area: Area, words: WordsOf, settings: OutSettings
) -> tuple[Message, datetime]:
    sent = one.link.transition.recorded_at
    identifier, entered_at = numbers.draw(sent)
    message = Message(
        identifier=identifier,
        sender=settings.sender,
        sent=sent,
        exercise=one.alert.exercise,
        type=one.link.type,
        scope=settings.scope,
        note=note(one.alert, one.link.transition),
        references=tuple(written[number].reference for number in one.link.references),
        incident="" if one.alert.incident_id is None else f"shijing-incident-{one.alert.incident_id}",
        infos=infos(one.alert, one.link, words(one.alert.rule_id), settings.sender_name),
        area=area,
    )
    return message, entered_at


def _as_written(one: _New, message: Message) -> Written:
    return Written(
        transition_id=one.link.transition.id,
        alert_id=one.alert.id,
        revision=one.link.revision,
        identifier=message.identifier,
        sender=message.sender,
        sent=message.sent,
        msg_type=message.type,
    )


def _row(one: _New, message: Message, entered_at: datetime) -> dict[str, Any]:
    zh, en = message.infos
    return {
        **asdict(_as_written(one, message)),
        "entered_at": entered_at,
        "level": one.link.level,
        "headline_zh": zh.headline,
        "headline_en": en.headline,
        "body": to_xml(message),
    }
