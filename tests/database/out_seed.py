"""A small city and alerts in it, written as the engine writes them, for what leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import shapely

from config.database import Connection

T0 = datetime(2020, 8, 20, 0, 15, tzinfo=UTC)
CITY, DISTRICT, OTHER_DISTRICT, TOWNSHIP, OTHER_TOWNSHIP, GRID = (
    "500000", "500105", "500106", "500105009", "500106004", "500105009001001",
)  # fmt: skip
SENSOR = "cuntan"


def one(connection: Connection, statement: str, *values: object) -> Any:
    """The first column of the first row."""
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row[0]


def seed_city(connection: Connection) -> None:
    """Two districts with a township each, a grid in one of them, and a gauge."""
    parent = None
    for level, code, name in (
        ("city", CITY, "重庆市"),
        ("district", DISTRICT, "江北区"),
        ("township", TOWNSHIP, "寸滩街道"),
        ("grid", GRID, "第一网格"),
    ):
        parent = add_division(connection, level, code, name, parent)
    city = division(connection, CITY)
    other = add_division(connection, "district", OTHER_DISTRICT, "沙坪坝区", city)
    add_division(connection, "township", OTHER_TOWNSHIP, "磁器口街道", other)
    outline = shapely.to_wkb(shapely.Point(106.6, 29.62).buffer(0.03, quad_segs=200))
    connection.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source, recorded)"
        " values (%s, %s, 1e7, true, 'test', tstzrange('2020-01-01', null))",
        (division(connection, TOWNSHIP), outline),
    )
    device = one(connection, "insert into devices (name) values (%s) returning id", SENSOR)
    one(
        connection,
        "insert into sensors (name, device_id, quantity, unit, datum, label) values (%s, %s, 'stage', 'm', 'wusong',"
        " '寸滩') returning id",
        *(SENSOR, device),
    )


def add_division(connection: Connection, level: str, code: str, name: str, parent: int | None) -> int:
    """A division that always was."""
    number = one(connection, "insert into divisions (level) values (%s) returning id", level)
    connection.execute(
        "insert into division_versions (division_id, parent_id, code, name, source, recorded)"
        " values (%s, %s, %s, %s, 'test', tstzrange('2020-01-01', null))",
        (number, parent, code, name),
    )
    return int(number)


def division(connection: Connection, code: str) -> int:
    """The id of a division."""
    return int(one(connection, "select division_id from division_versions where code = %s", code))


def open_alert(
    connection: Connection,
    level: str = "red",
    *,
    rule: str = "river-stage",
    township: str | None = TOWNSHIP,
    grid: str | None = None,
    minutes: float = 0,
    exercise: bool = False,
    family: str = "flood",
    subject: int | None = None,
    title: str = "",
) -> int:
    """An alert that was raised so long after T0, with its transition and live event."""
    time = T0 + timedelta(minutes=minutes)
    with connection.transaction():
        sensor = one(connection, "select id from sensors") if subject is None else None
        alert = one(
            connection,
            "insert into alerts (rule_id, subject, sensor_id, township_id, grid_id, level, peak, state, value,"
            " exercise, family, title, opened_at, changed_at) values"
            " (%s, %s, %s, %s, %s, %s, %s, 'open', 191.62, %s, %s, %s, %s, %s) returning id",
            *(rule, sensor if subject is None else subject, sensor),
            *(township and division(connection, township), grid and division(connection, grid), level, level),
            *(exercise, family, title, time, time),
        )
        _step(connection, alert, time, ("none", level), ("none", "open"), "raised")
    return int(alert)


def move(connection: Connection, alert: int, *, level: str | None = None, state: str | None = None) -> None:
    """A change of level (the engine's) or of state (a person's), with its transition and live event."""
    with connection.transaction():
        row = connection.execute(
            "select level, state, changed_at from alerts where id = %s for update", (alert,)
        ).fetchone()
        assert row is not None
        before, was, changed = row
        over = was in ("resolved", "closed")
        to_state = state or was
        to_level = level or before
        time = changed + timedelta(minutes=5)
        connection.execute(
            "update alerts set level = %s, state = %s, changed_at = %s where id = %s",
            (before if to_level == "none" else to_level, to_state, time, alert),
        )
        levels = ("none" if over else before, "none" if over else to_level)
        reason = "cleared" if level == "none" else "escalated" if level else to_state
        _step(connection, alert, time, levels, (was, to_state), reason, kind="level" if level else "state")


def clear(connection: Connection, alert: int) -> None:
    """The engine resolves it."""
    move(connection, alert, level="none", state="resolved")


def _step(
    connection: Connection,
    alert: int,
    time: datetime,
    levels: tuple[str, str],
    states: tuple[str, str],
    reason: str,
    *,
    kind: str = "level",
) -> None:
    connection.execute(
        "insert into alert_transitions (alert_id, kind, time, from_level, to_level, from_state, to_state, reason,"
        " value) values (%s, %s, %s, %s, %s, %s, %s, %s, 191.62)",
        (alert, kind, time, *levels, *states, reason),
    )
    connection.execute("select log_live_event('alert', jsonb_build_object('alert_id', %s::bigint))", (alert,))
