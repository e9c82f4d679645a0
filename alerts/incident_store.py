"""Incidents from the database and back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from alerts.incident_groups import Arrival, Incident, Spot
from alerts.incident_settings import IncidentSettings
from alerts.instants import aware, iso
from config.database import Connection
from config.queries import Queries
from geo.adjacency import touching

INCIDENT_QUERIES = Queries(Path(__file__).with_name("incident_queries.sql"))

Row = dict[str, Any]


def read_arrivals(connection: Connection, ids: Sequence[int]) -> list[Arrival]:
    """The alerts as they are now, their rows locked; `first_incident` as it was when they joined."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(INCIDENT_QUERIES["arrivals"], {"ids": list(ids)}).fetchall()
    return [_arrival(row) for row in rows]


def _arrival(row: Row) -> Arrival:
    township_id, grid_id, place = row.pop("township_id"), row.pop("grid_id"), row.pop("place")
    subject = row.pop("subject")
    divided = township_id is not None or grid_id is not None
    spot = Spot(township_id=township_id, grid_id=grid_id, place="" if divided else place)
    return Arrival(subject=subject, spot=spot, **row)


def lock_families(connection: Connection, families: Iterable[str]) -> None:
    """Wait to be the only one that groups alerts of these families, until the transaction ends."""
    connection.execute(INCIDENT_QUERIES["lock_families"], {"families": sorted(set(families))})


def at_their_roots(connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """The arrivals with the incident that each is part of now; only under the families' locks."""
    firsts = sorted({one.first_incident for one in arrivals if one.first_incident is not None})
    if not firsts:
        return list(arrivals)
    roots: dict[int | None, int] = dict(connection.execute(INCIDENT_QUERIES["roots"], {"ids": firsts}).fetchall())
    return [replace(one, first_incident=roots.get(one.first_incident)) for one in arrivals]


def touches_around(connection: Connection, arrivals: Sequence[Arrival]) -> dict[int, frozenset[int]]:
    """What touches the places of the arrivals that need an incident, on the day of the newest of them."""
    fresh = [one for one in arrivals if one.first_incident is None]
    divisions = {division for one in fresh for division in one.spot[:2] if division is not None}
    if not divisions:
        return {}
    return touching(connection, divisions, aware(max(one.opened_at for one in fresh)))


def cells_around(
    connection: Connection,
    arrivals: Sequence[Arrival],
    touches: dict[int, frozenset[int]],
    settings: IncidentSettings,
) -> list[tuple[int, Spot]]:
    """(incident, where it is) of those that an arrival may join."""
    spans: dict[tuple[str, bool], list[Arrival]] = defaultdict(list)
    for one in arrivals:
        if one.first_incident is None:
            spans[one.family, one.exercise].append(one)
    if not spans:
        return []
    fresh = [one for of_family in spans.values() for one in of_family]
    asked = {
        "asked": Jsonb([_span(*key, found, settings) for key, found in spans.items()]),
        "townships": _with_neighbours((one.spot.township_id for one in fresh), touches),
        "grids": _with_neighbours((one.spot.grid_id for one in fresh), touches),
        "places": sorted({one.spot.place for one in fresh} - {""}),
    }
    rows = connection.execute(INCIDENT_QUERIES["cells_around"], asked).fetchall()
    return [(row[0], Spot(*row[1:])) for row in rows]


def _span(family: str, exercise: bool, arrivals: Sequence[Arrival], settings: IncidentSettings) -> Row:
    window = settings.window_us(family)
    since, until = min(one.opened_at for one in arrivals) - window, max(one.changed_at for one in arrivals) + window
    return {"family": family, "exercise": exercise, "since": since, "until": until}


def _with_neighbours(divisions: Iterable[int | None], touches: dict[int, frozenset[int]]) -> list[int]:
    own = {division for division in divisions if division is not None}
    return sorted(own.union(*(touches.get(division, frozenset()) for division in own)))


def read_incidents(connection: Connection, ids: Iterable[int]) -> list[Incident]:
    """These incidents, by number."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    with connection.cursor(row_factory=class_row(Incident)) as cursor:
        return cursor.execute(INCIDENT_QUERIES["incidents_by_id"], {"ids": wanted}).fetchall()


def draw_numbers(connection: Connection, incidents: Sequence[Incident]) -> list[Incident]:
    """Give those that are new their numbers; they are returned."""
    new = [one for one in incidents if one.id is None]
    if new:
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
