"""Words of the pages and files about events, in both languages."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from events.errors import EventError
from events.kinds import Choice, Kind, shipped_kinds
from events.stored import kind_of
from web.pages import Language
from web.people_words import local

Words = Mapping[str, tuple[str, str]]

STATES: Words = {
    "reported": ("待受理", "to be accepted"),
    "accepted": ("待指派", "to be assigned"),
    "assigned": ("处置中", "in hand"),
    "handled": ("待核查", "to be verified"),
    "closed": ("已办结", "closed"),
}
LEVELS: Words = {
    "grid": ("网格", "grid"),
    "village": ("村社", "village"),
    "township": ("镇街", "township"),
    "district": ("区县", "district"),
}
ACTS: Words = {
    "reported": ("上报事件", "Reported"),
    "accepted": ("受理", "Accepted"),
    "assigned": ("指派", "Assigned"),
    "handled": ("处置", "Handled"),
    "verified": ("核查", "Verified"),
    "returned": ("退回", "Sent back"),
    "handed_up": ("上报上级", "Handed up"),
    "closed": ("办结", "Closed"),
    "overdue": ("超时", "Overdue"),
    "whole": ("全程", "From report to closure"),
}
DONE: Words = {
    "reported": ("事件已上报。", "The event is reported."),
    "again": ("该事件此前已上报。", "The event was reported before."),
    "accept": ("已受理。", "It is accepted."),
    "assign": ("已指派。", "It is assigned."),
    "handle": ("处置结果已登记。", "The result is entered."),
    "verify": ("已核查办结。", "It is verified and closed."),
    "return": ("已退回。", "It is sent back."),
    "up": ("已上报上级。", "It is handed up."),
}
WAYS: Words = {"phone": ("手机", "phone"), "desk": ("台席", "desk")}
_RULES: Words = {"late": ("超时自动上报", "late: by rule"), "closes_there": ("须上级核查办结", "closed there only")}


def word(table: Words, key: str | None, language: Language) -> str:
    """In the language of the page; what the table has not stays as it is."""
    if key is None:
        return ""
    return table.get(key, (key, key))[0 if language == "zh" else 1]


def choices(table: Words, language: Language) -> list[tuple[str, str]]:
    """To choose from."""
    return [(key, word(table, key, language)) for key in table]


def said(table: Mapping[str, Choice], language: Language) -> list[tuple[str, str]]:
    """Choices of a tap."""
    return [(key, one.zh if language == "zh" else one.en) for key, one in table.items()]


def kind_name(kind_id: str, language: Language) -> str:
    """What a kind is called; one that the file has no more, by its id."""
    kind = shipped_kinds().kinds.get(kind_id)
    return kind_id if kind is None else name_of(kind, language)


def kind_icon(kind_id: str) -> str:
    """Its sign."""
    return kind_of(kind_id).icon


def name_of(kind: Kind, language: Language) -> str:
    """What it is called."""
    return kind.zh if language == "zh" else kind.en


def result_name(result: str | None, language: Language) -> str:
    """What came of it."""
    return _chosen(shipped_kinds().results, result, language)


def reason_name(reason: str | None, language: Language) -> str:
    """Why it went up or back."""
    if reason in _RULES:
        return word(_RULES, reason, language)
    kinds = shipped_kinds()
    return _chosen({**kinds.reasons, **kinds.returns}, reason, language)


def _chosen(table: Mapping[str, Choice], key: str | None, language: Language) -> str:
    if key is None:
        return ""
    found = table.get(key)
    return key if found is None else found.zh if language == "zh" else found.en


def refused_in_words(error: EventError, language: Language) -> str:
    """Why it cannot be."""
    text = error.zh if language == "zh" else str(error)
    return text[:1].upper() + text[1:]


def moment(at: datetime | None) -> str:
    """Day and minute in Beijing."""
    return "" if at is None else f"{local(at):%m-%d %H:%M}"


def duration(span: timedelta | float | None, language: Language) -> str:
    """About how long."""
    if span is None:
        return "—"
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{round(seconds)} 秒" if language == "zh" else f"{round(seconds)} s"
    if minutes < 120:
        return f"{minutes} 分钟" if language == "zh" else f"{minutes} min"
    hours = seconds / 3600
    if hours < 48:
        return f"{hours:.1f} 小时" if language == "zh" else f"{hours:.1f} h"
    return f"{hours / 24:.1f} 天" if language == "zh" else f"{hours / 24:.1f} days"


def percent(share: float | None) -> str:
    """A share; — of nothing."""
    return "—" if share is None else f"{share * 100:.1f}%"
