"""Alerts as people look at them: a list, one with its whole history, and what a name means."""

from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from alerts.act_errors import AlertUnknown
from alerts.actors import ACT_QUERIES
from config.database import Connection
from config.logs import BEIJING

Row = dict[str, Any]


def alerts(
    connection: Connection,
    *,
    all_: bool = False,
    level: str | None = None,
    most: int = 100,
    alert_id: int | None = None,
) -> list[Row]:
    """Open ones, the worst first; with `all_` those that are over after them. Times in Asia/Shanghai."""
    asked = {"id": alert_id, "all": all_, "level": level, "most": most}
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_told(row) for row in cursor.execute(ACT_QUERIES["list_alerts"], asked)]


def alert(connection: Connection, alert_id: int) -> Row:
    """One alert with every row of its history under `rows`; raises AlertUnknown."""
    found = alerts(connection, all_=True, alert_id=alert_id)
    if not found:
        raise AlertUnknown(alert_id)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = [_told(row) for row in cursor.execute(ACT_QUERIES["rows_of_alert"], {"id": alert_id})]
    return found[0] | {"rows": rows}


def subject_of(connection: Connection, name: str) -> int:
    """The subject that a sensor, device or gateway of that name is; raises AlertUnknown."""
    row = connection.execute(ACT_QUERIES["subject_of_name"], {"name": name}).fetchone()
    if row is None:
        raise AlertUnknown(f"no sensor, device or gateway is called {name}: see `shijing status`")
    return int(row[0])


def division_of(connection: Connection, code: str, at: datetime) -> int:
    """The id of the division that has the code at a time; raises AlertUnknown."""
    rows = connection.execute(ACT_QUERIES["division_of_code"], {"code": code, "at": at}).fetchall()
    if len(rows) != 1:
        raise AlertUnknown(f"{'no' if not rows else 'more than one'} division has the code {code}")
    return int(rows[0][0])


def _told(row: Row) -> Row:
    return {
        key: value.astimezone(BEIJING).isoformat() if isinstance(value, datetime) else value
        for key, value in row.items()
    }
