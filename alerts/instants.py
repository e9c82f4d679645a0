"""Whole microseconds since 1970 UTC, as the kernel counts them, and aware times, as people and databases do."""

from datetime import UTC, datetime, timedelta, timezone

CHONGQING = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def aware(us: int) -> datetime:
    """The time in UTC, exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=us)


def iso(us: int) -> str:
    """ISO 8601 in UTC."""
    return aware(us).isoformat()
