"""What requests may ask for, told once for all routes: divisions, levels, times, places in a list."""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AwareDatetime, BeforeValidator, Field

from alerts.out_alerts import division_exists
from config.database import Connection
from web.errors import AskedWrongError

Level = Literal["blue", "yellow", "orange", "red"]
State = Literal["open", "acknowledged", "in_hand", "resolved", "closed"]
Division = Annotated[
    str | None,
    Field(
        pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3}([0-9]{3}([0-9]{2})?)?)?)?$",
        description="A division's code (6, 9, 12, 15 or 17 digits): what belongs to it or to a division below it.",
    ),
]
Word = Annotated[str | None, Field(pattern=r"^[\w-]{1,100}$")]

# Of what a screen has in view: by number, as the screen's address says it.
InView = Annotated[
    int | None,
    Query(
        alias="in",
        ge=1,
        le=2**31 - 1,
        description="A division's number: what lies in it, and in your scope. Without it: all of the scope.",
    ),
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BIGGEST = 2**63 - 1


def plus_again(value: object) -> object:
    """In a URL a `+` that is not escaped is a space: 2020-08-20T08:00:00 08:00."""
    return re.sub(r" (\d\d:?\d\d)$", r"+\1", value) if isinstance(value, str) else value


Moment = Annotated[AwareDatetime | None, BeforeValidator(plus_again)]


def check_division(connection: Connection, code: str | None) -> None:
    """Raise AskedWrongError for a code that no division has."""
    if code is not None and not division_exists(connection, code):
        raise AskedWrongError(f"division: no division has the code {code}")


def cursor_of(time: datetime, number: int) -> str:
    """A place in a list by time and id, for the client to hand back."""
    us = (time - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{us}.{number}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> tuple[datetime, int] | None:
    """What `cursor_of` was made of; raises AskedWrongError for anything else."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        us, number = map(int, text.split("."))
        if not 0 <= number <= _BIGGEST:
            raise ValueError
        return _EPOCH + timedelta(microseconds=us), number
    except (binascii.Error, UnicodeError, ValueError, OverflowError) as error:
        raise AskedWrongError("cursor: this is none of ours; take it from `next` of the page before") from error


def entity_matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this version (RFC 9110, 13.1.2: the comparison is the weak one)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
