"""Who asks about events: their person, the level that they speak for, and what they find in their scope."""

from access.accounts import is_within
from access.scope import Scope
from config.database import Connection
from events.errors import EventUnknown, Refused
from events.flow import By
from events.kinds import LEVELS, Level
from events.listing import Event, event
from web.viewing import View

HANDLE, READ, REPORT = "events.handle", "events.read", "events.report"


def seen(connection: Connection, number: int) -> Event:
    """One of the scope; raises EventUnknown."""
    found = event(connection, number)
    if found is None:
        raise EventUnknown(number)
    return found


def level_for(scope: Scope, one: Event) -> Level:
    """For which level somebody speaks of an event: the lowest of their divisions that it lies in, else the highest."""
    there = [level for level in LEVELS if getattr(one, f"{level}_id") is not None]
    own = [level for level in there if getattr(one, f"{level}_id") in scope.divisions]
    return own[0] if own else there[-1]


def handles(connection: Connection, view: View, one: Event) -> bool:
    """Whether the asker may take its next step at a desk: the level that has it lies in their scope."""
    return is_within(connection, one.division_id, view.viewer.scope(HANDLE, view.parts.roles))


def reads_private(connection: Connection, view: View, one: Event) -> bool:
    """Whether the asker may read words and open pictures: those who handle events where it lies."""
    scope = view.viewer.scope(HANDLE, view.parts.roles)
    return any(is_within(connection, place, scope) for place in one.place_ids())


def at_desk(connection: Connection, view: View, one: Event) -> By:
    """Who acts there; raises Refused where it is with a level that is not theirs."""
    if not handles(connection, view, one):
        raise Refused(
            "it is with a level above yours: you see it, and they act", "事件在上级处办理，您可查看，由上级办理。"
        )
    level = level_for(view.viewer.scope(HANDLE, view.parts.roles), one)
    return By(account=view.viewer.account_id, person_id=None, level=level)
