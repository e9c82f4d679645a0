"""Official warnings (官方预警) over HTTP: listed, entered and ended by hand, each where the right reaches."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from msgspec import Meta, Struct
from pydantic import AwareDatetime

from access.accounts import is_within
from alerts.levels import Grade
from alerts.warnings_alerts import judging_of
from alerts.warnings_hand import add, cancel
from alerts.warnings_list import listing, one
from alerts.warnings_store import Outcome
from config.database import Connection
from web.answers import answers, takes
from web.api import as_json
from web.api_schema import WarningDetail, WarningPage
from web.errors import ForbiddenError, WarningUnknownError
from web.guard import Body, read_body
from web.state import QUERIES
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api/warnings", tags=["warnings"])

Number = Annotated[int, Path(ge=1, le=2**62)]
Moment = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Title = Annotated[str, Meta(min_length=1, max_length=1000)]
Text = Annotated[str, Meta(max_length=50_000)]
Code = Annotated[str, Meta(min_length=6, max_length=12)]

_IN_FORCE = {"yes": True, "no": False, "all": None}


class Entered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A warning read from a fax, a call or another screen; times with their offset."""

    sender: Name  # who issued it
    sent: Moment
    level: Grade
    headline: Title
    event_code: Annotated[str, Meta(max_length=32)]
    area_codes: Annotated[list[Code], Meta(min_length=1, max_length=2000)]
    effective: Moment | None = None
    expires: Moment | None = None
    event: Annotated[str, Meta(max_length=200)] = ""
    description: Text = ""
    instruction: Text = ""
    replaces: Annotated[str, Meta(max_length=200)] = ""  # identifier of the same sender's that it updates
    status: Literal["actual", "exercise", "test"] = "actual"

    def row(self) -> dict[str, str]:
        """Its fields as in a file of warnings."""
        times = {"sent": self.sent, "effective": self.effective, "expires": self.expires}
        return {
            **{name: time.isoformat() for name, time in times.items() if time is not None},
            "sender": self.sender,
            "level": self.level,
            "headline": self.headline,
            "event_code": self.event_code,
            "event": self.event,
            "area_codes": ",".join(self.area_codes),
            "description": self.description,
            "instruction": self.instruction,
            "replaces": self.replaces,
            "status": self.status,
        }


class Ended(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a warning ends before its time."""

    reason: Annotated[str, Meta(max_length=2000)] = ""


@router.get("", responses=answers(WarningPage), dependencies=[needs("warnings.read")])
def warnings(
    view: ViewOf,
    *,
    in_force: Annotated[Literal["yes", "no", "all"], Query()] = "yes",
    at: Annotated[AwareDatetime | None, Query()] = None,
    event: Annotated[str | None, Query(max_length=32)] = None,
    level: Annotated[Grade | None, Query()] = None,
    division: Annotated[str | None, Query(pattern=r"^[0-9]{2,12}$")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """`{"warnings": […], "next": number or null}`, the newest first; `before=next` gives the page after.

    In force at `at` (with its offset; by default the pipeline's clock), or what is not (`in_force=no`), or `all`.
    """
    with view.connection() as connection:
        rows = listing(
            connection,
            at=at,
            in_force=_IN_FORCE[in_force],
            event=event,
            level=level,
            division=division,
            before=before,
            limit=limit,
        )
    return as_json({"warnings": rows, "next": rows[-1]["id"] if len(rows) == limit else None})


@router.get("/{warning}", responses=answers(WarningDetail, 404), dependencies=[needs("warnings.read")])
def warning_of(warning: Number, view: ViewOf) -> Response:
    """One warning with the townships that it covers and the message as it came."""
    with view.connection() as connection:
        row = one(connection, str(warning))
    if row is None:
        raise WarningUnknownError(str(warning))
    return as_json(row)


@router.post("", responses=answers(Outcome), openapi_extra=takes(Entered), dependencies=[needs("warnings.enter")])
def enter(body: Body, view: ViewOf) -> Response:
    """Enter a warning by hand (`Entered`): `{"state", "identifier", "ids", "townships", "unknown_codes", …}`."""
    entered = read_body(body, Entered)
    with view.acting() as connection:
        _check_area(connection, entered.area_codes, view)
        if entered.replaces:
            _check_replaced(connection, entered, view)
        by = view.viewer.account_id
        return as_json(add(connection, entered.row(), judging_of(connection), actor=by))


@router.post(
    "/{warning}/cancel",
    responses=answers(Outcome, 404),
    openapi_extra=takes(Ended),
    dependencies=[needs("warnings.enter")],
)
def end(warning: Number, body: Body, view: ViewOf) -> Response:
    """End a warning in its sender's name (`Ended`)."""
    ended = read_body(body, Ended)
    with view.connection() as connection:
        found = one(connection, str(warning))
    if found is None:
        raise WarningUnknownError(str(warning))
    with view.acting() as connection:
        _check_area(connection, found["area_codes"], view)
        by = view.viewer.account_id
        return as_json(cancel(connection, str(warning), judging_of(connection), actor=by, reason=ended.reason))


def _check_area(connection: Connection, codes: Sequence[str], view: View) -> None:
    """Raise ForbiddenError for a warning that covers more than the right reaches."""
    if view.scope.everywhere:
        return
    if not codes or not all(_reaches(connection, code, view) for code in codes):
        raise ForbiddenError(view.right, area=True)


def _check_replaced(connection: Connection, entered: Entered, view: View) -> None:
    """The same for the message that it would end; also one that has not come yet is ended when it does."""
    if view.scope.everywhere:
        return
    named = {"sender": entered.sender, "identifier": entered.replaces}
    found = connection.execute(QUERIES["areas_of_message"], named).fetchall()
    if not found:
        raise ForbiddenError(view.right, area=True)
    for (codes,) in found:
        _check_area(connection, codes, view)


def _reaches(connection: Connection, code: str, view: View) -> bool:
    """Whether all that the code names lies where the right reaches."""
    found = connection.execute(QUERIES["divisions_of_code"], {"code": code[:9]}).fetchall()
    return bool(found) and all(is_within(connection, division, view.scope) for (division,) in found)
