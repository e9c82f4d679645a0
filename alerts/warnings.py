"""Official warnings (官方预警) as values: what a message from outside says, whatever form it came in.

An official warning is issued by an authority and received here; an alert (监测告警) is what our own
rules raise. The two are never mixed, in word or table.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from shapely.geometry.base import BaseGeometry

from alerts.errors import AlertsError
from alerts.levels import Grade

Status = Literal["actual", "exercise", "test"]
MsgType = Literal["alert", "update", "cancel"]
Source = Literal["file", "feed", "mqtt", "hand"]

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_NAME = re.compile(r"[^\s,<&]{1,200}")  # CAP 1.2, 3.2.1: no spaces, commas, < or & in identifier and sender
_EVENT = re.compile(r"[0-9A-Za-z._-]{1,32}")
_YEARS = range(1990, 2200)


class WarningRefused(AlertsError):
    """A message cannot be taken as an official warning: says what is wrong, where, and how to mend it."""

    def __init__(self, reason: str, where: str, what: str, mend: str) -> None:
        super().__init__(f"{where}: {what}; {mend}")
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Area:
    """One area of a warning; codes come before shapes where both are given."""

    description: str
    codes: tuple[str, ...]  # 6, 9 or 12 digits
    shapes: tuple[BaseGeometry, ...]  # Polygons, lon/lat degrees


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that a message warns of (a CAP info block)."""

    event_code: str  # 11B37 …; empty where none was given
    event: str
    level: Grade | None  # None: no colour could be read
    headline: str
    description: str
    instruction: str
    sender_name: str
    effective: datetime
    expires: datetime | None  # None: the sender named no end
    all_clear: bool  # says that it is over
    areas: tuple[Area, ...]


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of an authority: something new, a change of what it said before, or its end."""

    identifier: str
    sender: str
    sent: datetime
    status: Status
    msg_type: MsgType
    references: tuple[str, ...]  # "sender,identifier" of what an update or a cancel ends
    parts: tuple[Part, ...]  # none: a cancel that says no more


def moment(text: str, where: str) -> datetime:
    """An ISO 8601 time in UTC; raises WarningRefused where it has no offset or is no time."""
    mend = "write it as 2020-08-18T11:00:00+08:00"
    if not _TIME.fullmatch(text):
        raise WarningRefused("time", where, f"{text[:60]!r} is no time with an offset", mend)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise WarningRefused("time", where, f"{text!r} is no time ({error})", mend) from error
    if found.year not in _YEARS:
        raise WarningRefused("time", where, f"the year {found.year} cannot be meant", mend)
    return found.astimezone(UTC)


def name(text: str, where: str) -> str:
    """An identifier or a sender; raises WarningRefused for what could not be referred to later."""
    if not _NAME.fullmatch(text):
        what = f"{text[:60]!r} is empty, too long, or has a space, a comma, < or & in it"
        raise WarningRefused("name", where, what, "write 1 to 200 characters without these")
    return text


def event_code(text: str, where: str) -> str:
    """An event code, known or not; raises WarningRefused for what is no code at all."""
    if not _EVENT.fullmatch(text):
        raise WarningRefused("event", where, f"{text[:60]!r} is no event code", "write one such as 11B37")
    return text


def division_codes(text: str, where: str) -> tuple[str, ...]:
    """Division codes from a list; 500114000000 is the county 500114, 500114005000 the township 500114005.

    Raises WarningRefused for one that does not have 6, 9 or 12 digits.
    """
    codes = re.split(r"[\s,;,;、]+", text.strip()) if text.strip() else []
    for code in codes:
        if not re.fullmatch(r"[0-9]{6}([0-9]{3}([0-9]{3})?)?", code):
            raise WarningRefused("area", where, f"{code[:40]!r} is no division code", "write 6, 9 or 12 digits")
    return tuple(dict.fromkeys(re.sub(r"(?<=^[0-9]{6})000(000)?$|(?<=^[0-9]{9})000$", "", code) for code in codes))
