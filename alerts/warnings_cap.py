"""CAP 1.2 (OASIS) messages as official warnings, with what GB/T 35965.1 writes otherwise.

Read is what an official warning needs; the message itself is kept, so nothing else is lost.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from shapely.geometry.base import BaseGeometry

from alerts.warnings import Area, Message, MsgType, Part, Status, WarningRefused, division_codes, moment, name
from alerts.warnings_level import EVENTS, level_of
from alerts.warnings_shape import circle, polygon
from alerts.warnings_xml import Element, parse_xml

WordT = TypeVar("WordT", bound=str)

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"

_STATUSES: dict[str, Status] = {"Actual": "actual", "Exercise": "exercise", "Test": "test"}
_KINDS: dict[str, MsgType] = {"Alert": "alert", "Update": "update", "Cancel": "cancel"}
_REFERENCE = re.compile(r"([^\s,]{1,200}),([^\s,]{1,200}),\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
_EVENT_CODE = re.compile(r"\d\d[A-Z]\d\d")  # of the national catalogue: 11B37
_MOST_PARTS, _MOST_AREAS, _MOST_SHAPES, _MOST_CODES = 50, 500, 500, 20_000
_LENGTHS = {"event": 200, "headline": 1_000, "senderName": 500, "areaDesc": 5_000}
_LONGEST = 50_000


def parse_cap(raw: bytes) -> Message:
    """A CAP 1.2 message; raises WarningRefused that says what is wrong, in which line, and how to mend it.

    Of info blocks in several languages the Chinese ones count, else those in the language of the first.
    """
    root = parse_xml(raw, "CAP message")
    if root.tag != f"{{{NAMESPACE}}}alert":
        what = f"the root is {str(root.tag)[:100]}"
        raise WarningRefused("cap", "line 1", what, f'send CAP 1.2: <alert xmlns="{NAMESPACE}">')
    sent = _moment(root, "sent")
    kind = _word(root, "msgType", _KINDS, "a warning is an Alert, an Update or a Cancel")
    status = _word(root, "status", _STATUSES, "only Actual, Exercise and Test are warnings")
    parts = tuple(_part(info, sent) for info in _spoken(_several(root, "info", _MOST_PARTS)))
    if not parts and kind != "cancel":
        raise WarningRefused("cap", _where(root), "it has no <info>", "only a Cancel may be without")
    return Message(
        identifier=name(_text(root, "identifier"), _where(root, "identifier")),
        sender=name(_text(root, "sender"), _where(root, "sender")),
        sent=sent,
        status=status,
        msg_type=kind,
        references=_references(root, needed=kind != "alert"),
        parts=parts,
    )


def _where(element: Element, child: str = "") -> str:
    found = element.find(f"{{{NAMESPACE}}}{child}") if child else element
    line = element.sourceline if found is None else found.sourceline
    tag = child or str(element.tag).rpartition("}")[2]
    return f"line {line}, <{tag}>"


def _several(element: Element, tag: str, most: int) -> list[Element]:
    found: list[Element] = element.findall(f"{{{NAMESPACE}}}{tag}")
    if len(found) > most:
        what = f"{len(found)} times, at most {most} are read"
        raise WarningRefused("size", _where(element, tag), what, "send several messages")
    return found


def _text(element: Element, tag: str) -> str:
    """The child's text; empty where it is not there."""
    found = (element.findtext(f"{{{NAMESPACE}}}{tag}") or "").strip()
    longest = _LENGTHS.get(tag, _LONGEST)
    if len(found) > longest:
        what = f"{len(found)} characters, at most {longest} are read"
        raise WarningRefused("size", _where(element, tag), what, "shorten it")
    return found


def _moment(element: Element, tag: str) -> datetime:
    return moment(_text(element, tag), _where(element, tag))


def _word(element: Element, tag: str, words: dict[str, WordT], mend: str) -> WordT:
    found = _text(element, tag)
    if found not in words:
        raise WarningRefused("cap", _where(element, tag), f"{found[:40]!r} is none of {', '.join(words)}", mend)
    return words[found]


def _references(root: Element, *, needed: bool) -> tuple[str, ...]:
    text = _text(root, "references")
    mend = "write sender,identifier,sent of each message that this one ends, with a space between them"
    if _REFERENCE.sub("", text).strip():
        raise WarningRefused("cap", _where(root, "references"), f"{text[:100]!r} cannot be read", mend)
    found = tuple(dict.fromkeys(f"{sender},{identifier}" for sender, identifier in _REFERENCE.findall(text)))
    if needed and not found:
        raise WarningRefused("cap", _where(root, "references"), "an Update or a Cancel that names no message", mend)
    return found


def _spoken(infos: Sequence[Element]) -> list[Element]:
    languages = [(_text(info, "language") or "en-US").lower() for info in infos]
    chosen = next((language for language in languages if language.startswith("zh")), *languages[:1] or [""])
    return [info for info, language in zip(infos, languages, strict=True) if language == chosen]


def _part(info: Element, sent: datetime) -> Part:
    effective = _moment(info, "effective") if _text(info, "effective") else sent
    expires = _moment(info, "expires") if _text(info, "expires") else None
    if expires is not None and expires < effective:
        what = f"it ends ({expires.isoformat()}) before it begins ({effective.isoformat()})"
        raise WarningRefused("time", _where(info, "expires"), what, "correct effective or expires")
    code, headline = _event_code(info), _text(info, "headline")
    return Part(
        event_code=code,
        event=_text(info, "event") or EVENTS.get(code, ""),
        level=level_of(_pairs(info, "parameter"), _text(info, "severity"), headline),
        headline=headline,
        description=_text(info, "description"),
        instruction=_text(info, "instruction"),
        sender_name=_text(info, "senderName"),
        effective=effective,
        expires=expires,
        all_clear="AllClear" in [one.text for one in info.findall(f"{{{NAMESPACE}}}responseType")],
        areas=tuple(_area(area) for area in _several(info, "area", _MOST_AREAS)),
    )


def _pairs(element: Element, tag: str) -> list[tuple[str, str]]:
    return [(_text(pair, "valueName"), _text(pair, "value")) for pair in _several(element, tag, 1000)]


def _event_code(info: Element) -> str:
    """A code of the national catalogue wherever a sender puts it, else the first code of any other catalogue."""
    given = [value for _, value in _pairs(info, "eventCode") if value]
    spread = [*given, _text(info, "eventType"), _text(info, "event")]
    national = [text for text in spread if _EVENT_CODE.fullmatch(text)]
    named = [code for code, event in EVENTS.items() if event and event in _text(info, "event")]
    return next(iter([*national, *given, *named]), "")[:32]


def _area(area: Element) -> Area:
    shapes: list[BaseGeometry] = []
    for tag, read in (("polygon", polygon), ("circle", circle)):
        shapes += [read((one.text or "").strip(), _where(one)) for one in _several(area, tag, _MOST_SHAPES)]
    codes = [code for one in _several(area, "geocode", _MOST_CODES) for code in _codes(one)]
    return Area(description=_text(area, "areaDesc"), codes=tuple(dict.fromkeys(codes)), shapes=tuple(shapes))


def _codes(geocode: Element) -> tuple[str, ...]:
    """Division codes of a geocode; what is none, of another catalogue or mistyped, is kept as it stands."""
    value = _text(geocode, "value")
    try:
        return division_codes(value, _where(geocode, "value"))
    except WarningRefused:
        return (value[:40],)
