"""Who is away, and who stands in for all that they have to do."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from access import audit
from config.database import Connection
from people.errors import Refused, Unknown
from people.history import MEANWHILE_ZH, change, check_serves, check_span, instant, lock_people, one, told_at

Kind = Literal["leave", "sick", "training", "other"]
KINDS: tuple[Kind, ...] = ("leave", "sick", "training", "other")


def add_absence(
    connection: Connection,
    person_id: UUID,
    *,
    since: datetime,
    until: datetime | None = None,
    kind: Kind = "leave",
    stand_in_id: UUID | None = None,
    actor: UUID | None = None,
) -> int:
    """Somebody is away (`until` None: nobody knows how long); the absence's id.

    Raises Overlaps where they are away already, Refused for a stand-in who is away or does not serve then, Unknown.
    """
    check_span(since, until)
    if kind not in KINDS:
        raise Refused(f"{kind!r} is no kind of absence: take one of {', '.join(KINDS)}")
    if stand_in_id == person_id:
        raise Refused(
            "nobody stands in for themselves: name another person, or nobody", "不能自己顶自己，请另选一人或不选。"
        )
    span = {"since": since, "until": until}
    with change(
        connection,
        overlap="the person is away already for some of that time: end that absence first",
        zh="此人在此时间内已有请假，请先销假。",
    ):
        organisation = lock_people(connection, {person_id, stand_in_id or person_id})[person_id]
        if stand_in_id is not None:
            check_serves(connection, stand_in_id, since, until, "standing in")
            if one(connection, "is_away", {"person": stand_in_id, **span}):
                raise Refused(
                    "the stand-in is away themselves for some of that time: name another person",
                    "顶岗人当时也请假，请换一人。",
                )
        asked = {"person": person_id, "organisation": organisation, "kind": kind, "stand_in": stand_in_id, **span}
        number: int = one(connection, "add_absence", {**asked, "recorded": instant(connection)})
        _log(connection, "absence.added", person_id, organisation, since, actor)
    return number


def end_absence(connection: Connection, absence_id: int, *, at: datetime, actor: UUID | None = None) -> None:
    """They are back at `at`; before its beginning: they never went. Raises Unknown where it is over by then."""
    check_span(at, None)
    with change(connection, overlap="another change of the same absence came in between: try again", zh=MEANWHILE_ZH):
        person = one(connection, "absence", {"id": absence_id})
        if person is None:
            raise Unknown(
                f"there is no absence {absence_id}, or it was changed since", "没有这条请假，或刚被他人修改。"
            )
        organisation = lock_people(connection, [person])[person]
        cut = {"person": person, "id": absence_id, "at": at, "recorded": instant(connection)}
        if not one(connection, "cut_absences", cut):
            raise Unknown(
                f"absence {absence_id} is over by then, or was changed since", "该请假届时已结束，或刚被他人修改。"
            )
        _log(connection, "absence.ended", person, organisation, at, actor)


def _log(
    connection: Connection, act: str, person_id: UUID, organisation_id: int, at: datetime, actor: UUID | None
) -> None:
    # Why somebody is away (an illness, it may be) is for those who see the absence, not for the trail.
    where = told_at(connection, organisation_id, at)
    audit.append(connection, act=act, actor=actor, subject=person_id, division_id=where, details={"at": at.isoformat()})
