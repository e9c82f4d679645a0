"""Posts that are held for divisions, and shifts: each from a time on, ended at a time, refused where it is there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from access import audit
from config.database import Connection
from people.errors import Unknown
from people.history import MEANWHILE_ZH, QUERIES, change, check_serves, check_span, instant, lock_people, one
from people.posts import shipped_posts


def hold_post(
    connection: Connection,
    person_id: UUID,
    post: str,
    division_id: int,
    *,
    since: datetime,
    until: datetime | None = None,
    actor: UUID | None = None,
) -> int:
    """Somebody holds a post (by any of its names) for a division; the holding's id.

    Raises Overlaps where they do already, Refused outside of their terms, Unknown.
    """
    check_span(since, until)
    asked = {"person": person_id, "post": shipped_posts().named(post).id, "division": division_id}
    with change(
        connection,
        overlap=f"the person holds {asked['post']} there already for some of that time",
        zh="此人在此时间内已任该岗。",
    ):
        lock_people(connection, [person_id])
        check_serves(connection, person_id, since, until, "the post")
        span = {"since": since, "until": until, "recorded": instant(connection)}
        number: int = one(connection, "hold_post", {**asked, **span})
        _log(connection, "post.held", asked, actor, since=since, until=until)
    return number


def end_post(
    connection: Connection,
    person_id: UUID,
    post: str,
    division_id: int,
    *,
    at: datetime,
    actor: UUID | None = None,
) -> None:
    """They hold the post for the division no longer from `at` on; raises Unknown where they do not then."""
    check_span(at, None)
    asked = {"person": person_id, "post": shipped_posts().named(post).id, "division": division_id}
    with change(connection, overlap="another change of the same post came in between: try again", zh=MEANWHILE_ZH):
        lock_people(connection, [person_id])
        if not one(connection, "cut_holdings", {**asked, "at": at, "recorded": instant(connection)}):
            raise Unknown(
                f"the person does not hold {asked['post']} for that division after {at.isoformat()}",
                "此人届时已不任该岗。",
            )
        _log(connection, "post.ended", asked, actor, at=at)


def add_shift(
    connection: Connection,
    person_id: UUID,
    post: str,
    division_id: int,
    *,
    since: datetime,
    until: datetime,
    actor: UUID | None = None,
) -> int:
    """Somebody does a post's duty for a division, before all who hold it; the shift's id.

    Raises Overlaps where they have that shift already, Refused outside of their terms, Unknown.
    """
    check_span(since, until)
    asked = {"person": person_id, "post": shipped_posts().named(post).id, "division": division_id}
    with change(
        connection,
        overlap=f"the person has a shift as {asked['post']} there for some of that time",
        zh="此人在此时间内已有该岗的班次。",
    ):
        lock_people(connection, [person_id])
        check_serves(connection, person_id, since, until, "the shift")
        span = {"since": since, "until": until, "recorded": instant(connection)}
        number: int = one(connection, "add_shift", {**asked, **span})
        _log(connection, "shift.added", asked, actor, since=since, until=until)
    return number


def cancel_shift(
    connection: Connection, shift_id: int, *, at: datetime | None = None, actor: UUID | None = None
) -> None:
    """A shift ends at `at`, or (None) never was to be; raises Unknown where there is none (any more)."""
    with change(connection, overlap="another change of the same shift came in between: try again", zh=MEANWHILE_ZH):
        row = connection.execute(QUERIES["shift"], {"id": shift_id}).fetchone()
        if row is None:
            raise Unknown(f"there is no shift {shift_id}, or it was changed since", "没有这个班次，或刚被他人修改。")
        person, division, begins = row
        lock_people(connection, [person])
        cut = {"person": person, "id": shift_id, "at": at or begins, "recorded": instant(connection)}
        if not one(connection, "cut_shifts", cut):
            raise Unknown(
                f"shift {shift_id} is over by then, or was changed since", "该班次届时已结束，或刚被他人修改。"
            )
        _log(connection, "shift.cancelled", {"person": person, "division": division}, actor, at=at or begins)


def _log(connection: Connection, act: str, asked: dict[str, Any], actor: UUID | None, **times: datetime | None) -> None:
    told = {name: time.isoformat() for name, time in times.items() if time is not None}
    told |= {"post": asked["post"]} if "post" in asked else {}
    audit.append(connection, act=act, actor=actor, subject=asked["person"], division_id=asked["division"], details=told)
