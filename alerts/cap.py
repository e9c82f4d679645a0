"""CAP 1.2 messages as XML (OASIS Common Alerting Protocol, urn:oasis:names:tc:emergency:cap:1.2).

A message is a value that is wholly filled in; what is written here is only its form. Every text may hold
anything: what XML 1.0 cannot carry becomes U+FFFD, and line ends become \\n as every reader would make them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from xml.etree import ElementTree

from alerts.cap_area import Area
from alerts.instants import CHONGQING

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"

MessageType = Literal["Alert", "Update", "Cancel"]
# XML 1.0, 2.2: Char. Lone surrogates are not characters at all.
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile("\r\n?")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An earlier message, as others name it."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, kw_only=True)
class Info:
    """What is said in one language."""

    language: str  # RFC 3066
    category: str
    event: str
    response: str
    urgency: str
    severity: str
    certainty: str
    rule_id: str
    effective: datetime
    onset: datetime
    sender_name: str
    headline: str
    description: str
    instruction: str
    parameters: tuple[tuple[str, str], ...]
    area_desc: str


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message; times are aware, the area is the same in all its languages."""

    identifier: str
    sender: str
    sent: datetime
    exercise: bool
    type: MessageType
    scope: Literal["Public", "Restricted"]
    note: str
    references: tuple[Reference, ...]
    incident: str
    infos: tuple[Info, ...]
    area: Area


def clean(text: str) -> str:
    """The text as XML 1.0 can carry it; clean(clean(x)) == clean(x)."""
    return _NO_CHARACTER.sub("\ufffd", _LINE_END.sub("\n", text))


def beijing(time: datetime) -> str:
    """A CAP time: whole seconds and a numeric offset, never Z."""
    return time.astimezone(CHONGQING).isoformat(timespec="seconds").split(".")[0]


def to_xml(message: Message) -> bytes:
    """The message as an XML document in UTF-8, elements in the order of the schema."""
    alert = ElementTree.Element("alert", {"xmlns": NAMESPACE})
    _put(alert, "identifier", message.identifier)
    _put(alert, "sender", message.sender)
    _put(alert, "sent", beijing(message.sent))
    _put(alert, "status", "Exercise" if message.exercise else "Actual")
    _put(alert, "msgType", message.type)
    _put(alert, "source", "Shijing")
    _put(alert, "scope", message.scope)
    if message.scope == "Restricted":
        _put(alert, "restriction", "基层治理各级值守人员 / those on duty in grassroots governance")
    _put_some(alert, "note", message.note)
    _put_some(alert, "references", " ".join(map(_named, message.references)))
    _put_some(alert, "incidents", message.incident)
    for info in message.infos:
        _put_info(ElementTree.SubElement(alert, "info"), info, message.area)
    body: bytes = ElementTree.tostring(alert, encoding="UTF-8", xml_declaration=True)
    return body


def _named(reference: Reference) -> str:
    return f"{reference.sender},{reference.identifier},{beijing(reference.sent)}"


def _put(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = clean(text)


def _put_some(parent: ElementTree.Element, name: str, text: str) -> None:
    if text:
        _put(parent, name, text)


def _put_pair(parent: ElementTree.Element, name: str, value_name: str, value: str) -> None:
    pair = ElementTree.SubElement(parent, name)
    _put(pair, "valueName", value_name)
    _put(pair, "value", value)


def _put_info(parent: ElementTree.Element, info: Info, area: Area) -> None:
    _put(parent, "language", info.language)
    _put(parent, "category", info.category)
    _put(parent, "event", info.event)
    _put(parent, "responseType", info.response)
    _put(parent, "urgency", info.urgency)
    _put(parent, "severity", info.severity)
    _put(parent, "certainty", info.certainty)
    _put_pair(parent, "eventCode", "shijing:rule", info.rule_id)
    _put(parent, "effective", beijing(info.effective))
    _put(parent, "onset", beijing(info.onset))
    _put(parent, "senderName", info.sender_name)
    _put(parent, "headline", info.headline)
    _put(parent, "description", info.description)
    _put_some(parent, "instruction", info.instruction)
    for name, value in info.parameters:
        _put_pair(parent, "parameter", name, value)
    _put_area(ElementTree.SubElement(parent, "area"), info.area_desc, area)


def _put_area(parent: ElementTree.Element, description: str, area: Area) -> None:
    _put(parent, "areaDesc", description)
    for polygon in area.polygons:
        _put(parent, "polygon", polygon)
    _put_some(parent, "circle", area.circle)
    for code in area.geocodes:
        _put_pair(parent, "geocode", "GB/T 2260", code)
