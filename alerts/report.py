"""What happened, as plain figures: the transitions and the plan runs of a database."""

from pathlib import Path
from typing import Any

from alerts.instants import CHONGQING
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))


def transitions(connection: Connection) -> list[dict[str, Any]]:
    """Every change of level, by time of the reading that caused it (+08:00), then in the order of recording."""
    return [
        {
            "time": time.astimezone(CHONGQING).isoformat(),
            "sensor": sensor,
            "rule": rule,
            "from": from_level,
            "to": to_level,
        }
        for time, sensor, rule, from_level, to_level in connection.execute(_QUERIES["report_transitions"])
    ]


def runs(connection: Connection) -> list[dict[str, Any]]:
    """Every plan run: its start (+08:00), the level it has reached, and the township's name."""
    return [
        {"plan": plan, "time": time.astimezone(CHONGQING).isoformat(), "level": level, "township": township}
        for plan, time, level, township in connection.execute(_QUERIES["report_runs"])
    ]


def open_alerts(connection: Connection) -> list[dict[str, Any]]:
    """How many alerts are open, by rule and level."""
    return [
        {"rule": rule, "level": level, "count": count}
        for rule, level, count in connection.execute(_QUERIES["report_open_alerts"])
    ]
