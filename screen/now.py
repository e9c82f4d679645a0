"""What needs a person now: incidents by how long nobody has answered, what is silent, and where nothing measures."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.rows import class_row, dict_row

from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("now.sql"))

INCIDENTS_AT_MOST = 500
SILENT_AT_MOST = 40
_COUNTS = ("sensors", "gateways", "nameable")


@dataclass(frozen=True, kw_only=True)
class WaitingIncident:
    """An open incident, and what of it nobody has answered; lon/lat degrees, CGCS2000."""

    id: int
    family: str
    level: str
    exercise: bool
    opened_at: datetime
    lon: float | None
    lat: float | None
    alerts: int  # all that ever joined
    open_alerts: int  # those that count now
    waiting: int  # of these, those that nobody has acknowledged
    waiting_since: datetime | None  # when the oldest of them was opened; None: all are answered
    acknowledged: int
    alert_ids: list[int]  # of all that are open, the gravest first
    label: str  # what the gravest is about
    townships: int
    township: str | None  # where it is one alone
    district: str | None  # likewise
    runs: list[int]  # plans that run because of it
    called: int  # of these plans: places that were called for a task, by the newest round
    answered: int  # and those of them that answered


@dataclass(frozen=True, kw_only=True)
class SilentOne:
    """A sensor or a gateway of which no reading comes, as the rules judge it."""

    kind: str  # sensor, gateway
    number: int
    name: str
    quantity: str
    since: datetime  # of a sensor: its last reading; else when the alert was opened
    behind: int  # of a gateway: how many sensors speak through it
    township: str | None
    district: str | None
    exercise: bool


@dataclass(frozen=True, kw_only=True)
class Silent:
    """The longest silent of each kind, and how many there are in all."""

    sensors: int = 0  # behind a silent gateway, too
    gateways: int = 0
    nameable: int = 0  # without the sensors behind a silent gateway
    named: list[SilentOne] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Blind:
    """Where the map knows nothing: townships without a sensor, sensors that never spoke, and those that lie nowhere."""

    townships: int
    all_of_them: int
    unheard: int
    unplaced: int  # 0 within a division: what lies nowhere lies in none


def read_incidents(
    connection: Connection, at: datetime, most: int = INCIDENTS_AT_MOST
) -> tuple[list[WaitingIncident], int]:
    """The gravest first, then the longest without an answer; and how many there are in all."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["incidents"], {"at": at, "most": most}).fetchall()
    count = rows[0]["all_of_them"] if rows else 0
    return [WaitingIncident(**{key: row[key] for key in row if key != "all_of_them"}) for row in rows], count


def read_silent(connection: Connection, at: datetime, division: int | None, most: int = SILENT_AT_MOST) -> Silent:
    """By name: gateways, then sensors, the longest silent first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["silent"], {"at": at, "division": division, "most": most}).fetchall()
    if not rows:
        return Silent()
    counts = {key: rows[0][key] for key in _COUNTS}
    named = [_silent_one(row) for row in rows if row["number"] is not None]
    return Silent(**counts, named=named)


def _silent_one(row: dict[str, Any]) -> SilentOne:
    return SilentOne(**{key: row[key] for key in row if key not in _COUNTS})


def read_blind(connection: Connection, at: datetime, division: int | None) -> Blind:
    """How many townships have no sensor, of how many; how many sensors no reading was ever stored of, or no place."""
    with connection.cursor(row_factory=class_row(Blind)) as cursor:
        found = cursor.execute(QUERIES["blind"], {"at": at, "division": division}).fetchone()
    assert found is not None
    return found
