"""What a batch did to its incidents, told twice: as rows that nobody rewrites, and to the screens."""

from typing import Any

from alerts.incident_groups import Incident
from alerts.instants import iso
from alerts.levels import Level, rank

Row = dict[str, Any]


def transition_rows(incident: Incident, before: Level) -> list[Row]:
    """The rows of incident_transitions, in their order; `before`: its level as it was stored, none of a new one.

    The last one's `to_level` is the level of the incident.
    """
    merged = [row for other in incident.absorbed for row in _merged(incident, other, before)]
    return [*merged, *_joined(incident, before), *_moved(incident, before)]


def _merged(incident: Incident, other: Incident, before: Level) -> list[Row]:
    time = max(other.changed_at, incident.opened_at)
    return [
        _row(other, "merged", time, other.level, other.level, other_id=incident.id),
        _row(incident, "absorbed", time, before, before, other_id=other.id),
    ]


def _joined(incident: Incident, before: Level) -> list[Row]:
    is_new = incident.is_new
    rows = [_row(incident, "joined", one.opened_at, before, before, alert_id=one.id) for one in incident.joined]
    if is_new:
        rows = [{**row, "from_level": incident.level, "to_level": incident.level} for row in rows]
        rows[0] |= {"kind": "opened", "from_level": "none"}
    return rows


def _moved(incident: Incident, before: Level) -> list[Row]:
    if incident.is_new:
        return []
    rows = []
    if incident.was_closed and incident.state == "open":
        rows.append(_row(incident, "reopened", _now(incident), before, before))
    if incident.level != before:
        kind = "escalated" if rank(incident.level) > rank(before) else "lowered"
        rows.append(_row(incident, kind, _now(incident), before, incident.level))
    return rows


def _now(incident: Incident) -> int:
    """The event time of this batch's last word about it."""
    return max(one.changed_at for one in [*incident.joined, *incident.changed])


def _row(incident: Incident, kind: str, time: int, from_level: Level, to_level: Level, **named: Any) -> Row:
    return {
        "incident_id": incident.id,
        "time": iso(time),
        "kind": kind,
        "from_level": from_level,
        "to_level": to_level,
        **named,
    }


def live_event(incident: Incident) -> Row:
    """What log_live_event is given for the screens."""
    payload = {
        "incident_id": incident.id,
        "family": incident.family,
        "level": incident.level,
        "peak": incident.peak,
        "state": incident.state,
        "alerts": incident.alerts,
        "absorbed": [other.id for other in incident.absorbed],
        "exercise": incident.exercise,
        "time": iso(incident.changed_at),
    }
    return {"kind": "incident", "payload": payload}
