"""`shijing quarantine`: what was refused, for people, and its way back."""

from typing import Any

from config.database import connect
from config.logs import BEIJING
from ingest import quarantine


def held(database_url: str, *, reason: str | None, most: int) -> list[dict[str, Any]]:
    """The newest faults, newest first."""
    with connect(database_url, "quarantine", autocommit=True) as connection:
        return [
            {
                "id": row.id,
                "reason": row.reason,
                "detail": row.detail,
                "topic": row.topic,
                "payload": row.payload.decode("utf-8", errors="backslashreplace"),
                "time": row.time.astimezone(BEIJING).isoformat() if row.time else None,
                "count": row.count,
                "last_seen": row.last_seen.astimezone(BEIJING).isoformat(),
                "state": row.state,
            }
            for row in quarantine.listing(connection, reason=reason, most=most)
        ]


def release(database_url: str, *, reason: str | None, ids: list[int] | None) -> int:
    """Ask for another try; how many were asked for."""
    with connect(database_url, "quarantine", autocommit=True) as connection:
        return quarantine.request_release(connection, reason=reason, ids=ids)
