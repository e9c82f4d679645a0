"""One value of an attribute, from the text of a cell: checked against its schema, and back as people read it."""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from urllib.parse import urlsplit

from scene.kinds import Attribute

LONGEST = 500
LONGEST_NAME = 120

Value = str | int | float
Wrong = tuple[str, tuple[object, ...]]  # a key of scene.words.WORDS, and what it tells

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")  # among them those that turn words round


class ValueWrong(Exception):
    """A text that the schema does not allow."""

    def __init__(self, what: str, *told: object) -> None:
        super().__init__(what)
        self.what = what
        self.told = told


def value_of(text: str, schema: Attribute) -> Value:
    """The value of a text that is not empty; raises ValueWrong."""
    if schema.type in ("integer", "number"):
        return _number(text, schema)
    if schema.type == "choice":
        return _choice(text, schema.choices)
    if schema.type == "date":
        return _date(text)
    plain = plain_text(text, LONGEST)
    return _url(plain) if schema.type == "url" else plain


def plain_text(text: str, longest: int) -> str:
    """Words on one line; raises ValueWrong for what is too long or no text."""
    if len(text) > longest:
        raise ValueWrong("too_long", longest)
    if _CONTROL.search(text):
        raise ValueWrong("no_text")
    return text


def shown(value: Value, schema: Attribute, language: str) -> str:
    """As a file or a page has it: the word of a choice, digits without a point where it is a whole number."""
    if schema.type == "choice":
        words = schema.choices.get(str(value))
        return str(value) if words is None else words[0 if language == "zh" else 1]
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(text: str, schema: Attribute) -> int | float:
    what = "no_integer" if schema.type == "integer" else "no_number"
    try:
        number = float(text)
    except ValueError:
        raise ValueWrong(what, text[:40]) from None
    if not math.isfinite(number) or (schema.type == "integer" and not number.is_integer()):
        raise ValueWrong(what, text[:40])
    if schema.least is not None and number < schema.least:
        raise ValueWrong("too_small", text[:40], f"{schema.least:g}")
    if schema.most is not None and number > schema.most:
        raise ValueWrong("too_large", text[:40], f"{schema.most:.0f}")
    return int(number) if schema.type == "integer" else number


def _choice(text: str, choices: Mapping[str, tuple[str, str]]) -> str:
    for key, words in choices.items():
        if text.lower() in (key, words[0].lower(), words[1].lower()):
            return key
    chinese, english = ([words[place] for words in choices.values()] for place in (0, 1))
    raise ValueWrong("choice", text[:40], "、".join(chinese), ", ".join(english))


def _date(text: str) -> str:
    try:
        day = date.fromisoformat(text) if "/" not in text else datetime.strptime(text, "%Y/%m/%d").date()  # a day
    except ValueError:
        raise ValueWrong("no_date") from None
    if not 1900 <= day.year < 2100:
        raise ValueWrong("no_date")
    return day.isoformat()


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for one that is none
    except ValueError:
        raise ValueWrong("no_url") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\\\"'<>]", text):
        raise ValueWrong("no_url")
    if parts.username is not None or parts.password is not None:
        raise ValueWrong("url_secret")
    return text
