"""From many alerts to one incident, in the transaction that writes the alerts (docs/incidents.md).

`group` is called once in a transaction, after the alerts' rows are written and before anything that
takes the locks of the plan runs and of the live events; `tick` in a transaction of its own, now and then.
Several pipelines may do so at once: who groups alerts of a family holds its lock until the commit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from alerts.incident_groups import Incident, place
from alerts.incident_inhibition import Inhibition, inhibit, inhibit_again, inhibition_events
from alerts.incident_news import live_event, transition_rows
from alerts.incident_settings import IncidentSettings, incident_settings
from alerts.incident_store import (
    INCIDENT_QUERIES,
    at_their_roots,
    cell_rows,
    count_rows,
    draw_numbers,
    incident_row,
    lock_families,
    read_incidents,
    read_locked,
    write_rows,
)
from alerts.instants import aware, iso
from config.database import Connection


class HasId(Protocol):
    """An alert whose row is written."""

    @property
    def id(self) -> int | None: ...


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """What came of it."""

    incident_of: dict[int, int]  # alert → the incident that it is part of now
    inhibition: Inhibition
    # For log_live_events, {"kind", "payload"}: the caller logs them last of all.
    events: tuple[dict[str, Any], ...]


def group(connection: Connection, alerts: Iterable[HasId], *, settings: IncidentSettings | None = None) -> Grouped:
    """Put alerts that were opened, changed, resolved or reopened into incidents, in the open transaction.

    An alert that has its incident stays in it. Told the same twice, it does nothing the second time.
    """
    settings = settings or incident_settings()
    ids = sorted({one.id for one in alerts if one.id is not None})
    if not ids:
        return Grouped(incident_of={}, inhibition=Inhibition(), events=())
    found, around = read_locked(connection, ids, settings)
    arrivals = [one.by_itself() if settings.reach_of(one.family) == "subject" else one for one in found]
    inhibition = inhibit(connection, arrivals)
    incidents = place(
        at_their_roots(arrivals, around.roots), around.standing, around.footprints, around.touches, settings
    )
    events = _write(connection, incidents, around.next_id)
    events += inhibition_events(connection, inhibition, aware(max((one.changed_at for one in arrivals), default=0)))
    incident_of = {
        arrival.id: incident.id
        for incident in incidents
        for arrival in [*incident.joined, *incident.changed]
        if incident.id is not None
    }
    return Grouped(incident_of=incident_of, inhibition=inhibition, events=events)


def _write(connection: Connection, incidents: Sequence[Incident], next_id: int | None) -> tuple[dict[str, Any], ...]:
    """Numbers and rows of new ones, merges, members, and what the screens are told."""
    before = {id(one): one.level for one in incidents}
    new = draw_numbers(connection, incidents, next_id)
    for incident in incidents:
        incident.settle()
    write_rows(connection, "insert_incidents", [incident_row(one) for one in new])
    merges = [
        {"id": other.id, "into_id": one.id, "time": iso(other.changed_at)}
        for one in incidents
        for other in one.absorbed
    ]
    write_rows(connection, "merge_incidents", merges)
    write_rows(connection, "move_cells", merges)
    write_rows(connection, "count_alerts_in", [row for one in incidents for row in count_rows(one)], "alert_id")
    write_rows(connection, "write_cells", [row for one in incidents for row in cell_rows(one)])
    write_rows(connection, "update_incidents", [incident_row(one) for one in incidents if not one.is_new])
    news = {id(one): transition_rows(one, before[id(one)]) for one in incidents}
    write_rows(connection, "insert_incident_transitions", [row for rows in news.values() for row in rows])
    return tuple(live_event(one) for one in incidents if news[id(one)])


@dataclass(frozen=True, kw_only=True)
class Ticked:
    """What the passing of time did."""

    closed: tuple[int, ...]  # incidents
    mended: tuple[int, ...]  # alerts that nobody had grouped, or that changed with nobody saying so
    inhibition: Inhibition  # what `group` had to leave to a later moment


def tick(connection: Connection, now: int, *, settings: IncidentSettings | None = None) -> Ticked:
    """Close the incidents whose alerts are all over and whose window has passed; `now`: the pipelines' clock, µs.

    On an autocommit connection, in two transactions of its own that log their live events. `closed_at` is the
    end of the window, whenever this is called.
    """
    settings = settings or incident_settings()
    with connection.transaction():
        mended = [_Miscounted(id=row[0]) for row in connection.execute(INCIDENT_QUERIES["miscounted_alerts"])]
        grouped = group(connection, mended, settings=settings)
        write_rows(connection, "log_live_events", grouped.events)
    with connection.transaction():
        inhibition = inhibit_again(connection, now)
        events = inhibition_events(connection, inhibition, aware(now))
        closed = _close(connection, now, settings)
        write_rows(connection, "log_live_events", events)
    return Ticked(
        closed=closed, mended=tuple(one.id for one in mended), inhibition=inhibition.after(grouped.inhibition)
    )


@dataclass(frozen=True, kw_only=True)
class _Miscounted:
    id: int


def _close(connection: Connection, now: int, settings: IncidentSettings) -> tuple[int, ...]:
    due = _due(connection, now, settings, None)
    if not due:
        return ()
    lock_families(connection, {family for family, _ in due})
    closing = [row for _, row in _due(connection, now, settings, [row["incident_id"] for _, row in due])]
    write_rows(connection, "close_incidents", [{"id": row["incident_id"], "time": row["time"]} for row in closing])
    write_rows(connection, "insert_incident_transitions", closing)
    closed = tuple(row["incident_id"] for row in closing)
    write_rows(connection, "log_live_events", [live_event(one) for one in read_incidents(connection, closed)])
    return closed


def _due(
    connection: Connection, now: int, settings: IncidentSettings, ids: list[int] | None
) -> list[tuple[str, dict[str, Any]]]:
    """(family, row of incident_transitions) of each that closes now."""
    quiet = connection.execute(INCIDENT_QUERIES["quiet_incidents"], {"ids": ids}).fetchall()
    ends = [(number, family, changed_at + settings.window_us(family)) for number, family, changed_at in quiet]
    same = {"kind": "closed", "from_level": "none", "to_level": "none"}
    return [(family, {"incident_id": number, "time": iso(end), **same}) for number, family, end in ends if end <= now]
