"""Incidents from the database and back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from alerts.incident_groups import Arrival, Incident, Spot
from alerts.incident_settings import IncidentSettings
from alerts.instants import iso
from config.database import Connection
from config.queries import Queries

INCIDENT_QUERIES = Queries(Path(__file__).with_name("incident_queries.sql"))

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Around:
    """What alerts have to do with, as it is once their families are locked."""

    roots: dict[int | None, int]  # incident that one of them joined → what that is part of now
    touches: dict[int, frozenset[int]]  # of the places of those that need an incident
    footprints: list[tuple[Incident, Spot]]  # of those that one of them may join
    standing: list[Incident]
    next_id: int | None  # drawn where it is certain that one new incident opens


def read_locked(connection: Connection, ids: Sequence[int], settings: IncidentSettings) -> tuple[list[Arrival], Around]:
    """The alerts as they are now, and all around them; their rows and their families are locked until the commit.

    In pipeline mode that is one round trip: no statement waits for the answer to another.
    """
    asked = {"ids": list(ids), "window": settings.window_us(""), "windows": Jsonb(settings.windows_us())}
    with connection.cursor(row_factory=dict_row) as alerts, connection.cursor(row_factory=dict_row) as around:
        alerts.execute(INCIDENT_QUERIES["arrivals"], asked)
        connection.execute(INCIDENT_QUERIES["lock_families_of"], asked)
        around.execute(INCIDENT_QUERIES["around"], asked)
        found = around.fetchone()
        assert found is not None
        return [_arrival(row) for row in alerts.fetchall()], _around(found)


def _around(row: Row) -> Around:
    standing = {one["id"]: Incident(**one) for one in row["standing"] or ()}
    touches: dict[int, set[int]] = defaultdict(set)
    for division, other in row["touches"] or ():
        touches[division].add(other)
    return Around(
        roots=dict(row["roots"] or ()),
        touches={division: frozenset(others) for division, others in touches.items()},
        footprints=[(standing[number], Spot(*spot)) for number, *spot in row["cells"] or ()],
        standing=list(standing.values()),
        next_id=row["next_id"],
    )


def _arrival(row: Row) -> Arrival:
    township_id, grid_id, place = row.pop("township_id"), row.pop("grid_id"), row.pop("place")
    subject = row.pop("subject")
    divided = township_id is not None or grid_id is not None
    spot = Spot(township_id=township_id, grid_id=grid_id, place="" if divided else place)
    return Arrival(subject=subject, spot=spot, **row)


def lock_families(connection: Connection, families: Iterable[str]) -> None:
    """Wait to be the only one that groups alerts of these families, until the transaction ends."""
    connection.execute(INCIDENT_QUERIES["lock_families"], {"families": sorted(set(families))})


def at_their_roots(arrivals: Sequence[Arrival], roots: dict[int | None, int]) -> list[Arrival]:
    """The arrivals with the incident that each is part of now."""
    return [replace(one, first_incident=roots.get(one.first_incident)) for one in arrivals]


def read_incidents(connection: Connection, ids: Iterable[int]) -> list[Incident]:
    """These incidents, by number."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    with connection.cursor(row_factory=class_row(Incident)) as cursor:
        return cursor.execute(INCIDENT_QUERIES["incidents_by_id"], {"ids": wanted}).fetchall()


def draw_numbers(connection: Connection, incidents: Sequence[Incident], next_id: int | None) -> list[Incident]:
    """Give those that are new their numbers, `next_id` where one was drawn before; they are returned."""
    new = [one for one in incidents if one.id is None]
    if next_id is not None and len(new) == 1:
        new[0].id = next_id
    elif new:
        drawn = connection.execute(INCIDENT_QUERIES["draw_incident_ids"], {"count": len(new)})
        for incident, (number,) in zip(new, drawn.fetchall(), strict=True):
            incident.id = number
    return new


def write_rows(connection: Connection, query: str, rows: Sequence[Row], key: str = "id") -> None:
    """One statement for all rows; none for none. `key`: whose values a statement is given as `ids`, too."""
    if rows:
        named = {"rows": Jsonb(list(rows)), "ids": [row.get(key) for row in rows]}
        connection.execute(INCIDENT_QUERIES[query], named)


def incident_row(incident: Incident) -> Row:
    """As insert_incidents and update_incidents take it."""
    located = incident.located > 0
    return {
        "id": incident.id,
        "family": incident.family,
        "exercise": incident.exercise,
        "level": incident.level,
        "peak": incident.peak,
        "state": incident.state,
        "opened_at": iso(incident.opened_at),
        "changed_at": iso(incident.changed_at),
        "closed_at": None if incident.closed_at is None else iso(incident.closed_at),
        "alerts": incident.alerts,
        "open_alerts": incident.open_alerts,
        "pace": incident.pace,
        "located": incident.located,
        "lon": incident.lon if located else None,
        "lat": incident.lat if located else None,
        "spread_m_per_h": incident.spread_m_per_h,
        "spread_bearing": incident.spread_bearing,
    }


def count_rows(incident: Incident) -> list[Row]:
    """The alerts that count in it from now on, or with another level, as count_alerts_in takes them."""
    moved = [*incident.joined, *(one for one in incident.changed if one.counts != one.counted)]
    return [{"alert_id": one.id, "incident_id": incident.id, "level": one.counts} for one in moved]


def cell_rows(incident: Incident) -> list[Row]:
    """What its joined alerts add to its footprint, as write_cells takes it."""
    by_spot: dict[Spot, list[int]] = defaultdict(list)
    for arrival in incident.joined:
        by_spot[arrival.spot].append(arrival.opened_at)
    return [
        {
            "incident_id": incident.id,
            **spot._asdict(),
            "first_at": iso(min(times)),
            "last_at": iso(max(times)),
            "alerts": len(times),
        }
        for spot, times in by_spot.items()
    ]
