"""A silent gateway is one alert: it hides the silence alerts of the sensors behind it, until it is over.

That red hides the lower alerts of the same subject is written by `alerts.record`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from alerts.incident_groups import Arrival
from alerts.incident_store import INCIDENT_QUERIES
from alerts.instants import aware
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Inhibition:
    """Alerts that were hidden and brought forth; each change is a row of alert_transitions, too."""

    hidden: dict[int, int] = field(default_factory=dict)  # alert → the gateway's alert that hides it
    released: tuple[int, ...] = ()  # open again to the eye; plans have followed them all the time

    def after(self, before: "Inhibition") -> "Inhibition":
        """Both, one after the other."""
        hidden = {alert: by for alert, by in before.hidden.items() if alert not in self.released} | self.hidden
        released = {*before.released, *self.released} - hidden.keys()
        return Inhibition(hidden=hidden, released=tuple(sorted(released)))


def inhibit(connection: Connection, arrivals: Sequence[Arrival]) -> Inhibition:
    """Hide and bring forth by the silence alerts among the arrivals; under their families' locks."""
    silent = [one for one in arrivals if one.kind == "silence"]
    if not silent:
        return Inhibition()
    return _inhibit(connection, [one.id for one in silent], max(one.changed_at for one in silent))


def inhibit_again(connection: Connection, now: int) -> Inhibition:
    """The same for all that is open: what another transaction held when it should have been hidden or shown."""
    ids = [row[0] for row in connection.execute(INCIDENT_QUERIES["silence_alerts"]).fetchall()]
    return _inhibit(connection, ids, now) if ids else Inhibition()


def inhibition_events(connection: Connection, inhibition: Inhibition, time: datetime) -> tuple[dict[str, Any], ...]:
    """What the screens are told of the alerts that were hidden and brought forth, for log_live_events."""
    ids = [*inhibition.hidden, *inhibition.released]
    if not ids:
        return ()
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(INCIDENT_QUERIES["alerts_to_tell"], {"ids": ids}).fetchall()
    return tuple(_event(row, inhibition.hidden.get(row["alert_id"]), time) for row in rows)


def _event(alert: dict[str, Any], hidden_by: int | None, time: datetime) -> dict[str, Any]:
    reason = "uninhibited" if hidden_by is None else "inhibited"
    payload = {**alert, "reason": reason, "inhibited_by": hidden_by, "time": time.isoformat()}
    return {"kind": "alert", "payload": payload}


def _inhibit(connection: Connection, ids: list[int], time: int) -> Inhibition:
    asked = {"ids": ids, "time": aware(time)}
    released = connection.execute(INCIDENT_QUERIES["bring_forth"], asked).fetchall()
    hidden: dict[int, int] = dict(connection.execute(INCIDENT_QUERIES["hide_behind_gateways"], asked).fetchall())
    # A gateway that fell silent again at once hides them still: nothing is due for these.
    return Inhibition(hidden=hidden, released=tuple(row[0] for row in released if row[0] not in hidden))
