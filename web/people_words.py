"""Words and times of the pages about people: in both languages, and in Beijing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.range import TimestamptzRange

from access.errors import AccountRefused
from config.logs import BEIJING
from people.errors import PeopleError, Refused
from people.posts import shipped_posts
from web.pages import Language

Words = Mapping[str, tuple[str, str]]

EMPLOYMENTS: Words = {
    "full_time": ("专职", "full time"),
    "part_time": ("兼职", "part time"),
    "volunteer": ("志愿者", "volunteer"),
}
KINDS: Words = {
    "leave": ("休假", "on leave"),
    "sick": ("病假", "sick"),
    "training": ("培训", "in training"),
    "other": ("其他", "other"),
}
SERVING: Words = {"yes": ("在职", "serving"), "no": ("已离职", "left"), "all": ("全部", "all")}
DONE: Words = {
    "added": ("人员已登记。", "The person is entered."),
    "changed": ("信息已修改。", "The changes are made."),
    "unchanged": ("没有改动。", "Nothing was different."),
    "ended": ("离职已登记。", "Their end of service is entered."),
    "renewed": ("已重新任职。", "They serve again."),
    "held": ("岗位已登记。", "The post is given."),
    "released": ("岗位已结束。", "The post is ended."),
    "away": ("请假已登记。", "The absence is entered."),
    "back": ("已销假。", "The absence is ended."),
}
_DAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Refusal = PeopleError | AccountRefused


def word(table: Words, key: str, language: Language) -> str:
    """In the language of the page; what the table has not stays as it is."""
    return table.get(key, (key, key))[0 if language == "zh" else 1]


def choices(table: Words, language: Language) -> list[tuple[str, str]]:
    """To choose from."""
    return [(key, word(table, key, language)) for key in table]


def in_words(refused: Refusal, language: Language) -> str:
    """Why it cannot be so."""
    text = refused.zh if language == "zh" else str(refused)
    return text[:1].upper() + text[1:]


def post_name(post_id: str, language: Language) -> str:
    """What a post is called; one that the file has no more, by its id."""
    post = shipped_posts().get(post_id)
    return post_id if post is None else post.zh if language == "zh" else post.en


def post_choices(language: Language) -> list[tuple[str, str]]:
    """Every post, most senior first."""
    return [(post.id, post_name(post.id, language)) for post in shipped_posts()]


def number(text: str) -> int | None:
    """The number of a row, as a form or an address names it; None where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def uuid(text: str) -> UUID | None:
    """The id of a person; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def local(moment: datetime) -> datetime:
    """In Beijing."""
    return moment.astimezone(BEIJING)


def beginning(moment: datetime | None) -> str:
    """A day, with the hour where it is not its beginning."""
    return "" if moment is None else _short(local(moment))


def ending(moment: datetime | None) -> str:
    """The last day, where it ends with it; else day and hour."""
    if moment is None:
        return ""
    at = local(moment)
    return _short(at - timedelta(days=1)) if _is_midnight(at) else _short(at)


def span(during: TimestamptzRange | None, language: Language) -> str:
    """From when to when."""
    if during is None:
        return ""
    since, until = beginning(during.lower), ending(during.upper)
    if not until:
        return f"{since} 起" if language == "zh" else f"from {since}"
    return since if since == until else f"{since} – {until}"


def shift_time(during: TimestamptzRange, language: Language) -> str:
    """A shift: its day and hours, the other day where it ends on one."""
    assert during.lower is not None and during.upper is not None
    since, until = local(during.lower), local(during.upper)
    end = f"{until:%H:%M}" if since.date() == until.date() else f"{until:%m-%d %H:%M}"
    return f"{since:%Y-%m-%d} {weekday(since, language)} {since:%H:%M} – {end}"


def weekday(day: datetime, language: Language) -> str:
    """周四."""
    return (_DAYS if language == "zh" else _DAYS_EN)[day.weekday()]


def day_begins(text: str) -> datetime | None:
    """The beginning of a day of a form, in Beijing; None where the field is empty. Raises Refused."""
    return _parsed(text, "%Y-%m-%d") if text.strip() else None


def day_ends(text: str) -> datetime | None:
    """The end of a day of a form; None where the field is empty."""
    day = day_begins(text)
    return None if day is None else day + timedelta(days=1)


def moment(text: str) -> datetime | None:
    """Day and hour of a form, in Beijing; None where the field is empty. Raises Refused."""
    return _parsed(text, "%Y-%m-%dT%H:%M") if text.strip() else None


def _parsed(text: str, form: str) -> datetime:
    try:
        moment = datetime.strptime(text.strip(), form).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Refused(
            f"{text.strip()[:20]!r} is no date: write it as 2026-11-26, or with the hour where one is asked for",
            f"“{text.strip()[:20]}”不是日期，请写成 2026-11-26；要求钟点的，加上钟点。",
        ) from error
    if not 2000 <= moment.year < 2100:
        raise Refused("the year lies outside of 2000 to 2100: check it", "年份不在 2000 至 2100 之间，请核对。")
    return moment


def _is_midnight(at: datetime) -> bool:
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def _short(at: datetime) -> str:
    return at.strftime("%Y-%m-%d" if _is_midnight(at) else "%Y-%m-%d %H:%M")
