"""A city of two districts in which there is something of everything, for tests of who sees what."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from alerts import subjects
from config.database import Connection
from tests.database.out_seed import (
    CITY,
    DISTRICT,
    GRID,
    OTHER_DISTRICT,
    OTHER_TOWNSHIP,
    SENSOR,
    T0,
    TOWNSHIP,
    add_division,
    division,
    one,
    seed_city,
)

SECOND_TOWNSHIP, VILLAGE, VILLAGE_GRID, OTHER_GRID = "500105010", "500105009002", "500105009002001", "500106004001001"


@dataclass(frozen=True, kw_only=True)
class RightsCity:
    """Divisions by code, and the ids of what lies in them."""

    divisions: dict[str, int] = field(default_factory=dict)
    sensors: dict[str, int] = field(default_factory=dict)
    devices: dict[str, int] = field(default_factory=dict)
    alerts: dict[str, int] = field(default_factory=dict)
    incidents: dict[str, int] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    suppressions: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)


def seed_rights_city(connection: Connection) -> RightsCity:
    """All of it."""
    city = RightsCity()
    _seed_divisions(connection, city)
    _seed_sensors(connection, city)
    _seed_alerts(connection, city)
    _seed_incidents(connection, city)
    _seed_runs(connection, city)
    _seed_suppressions(connection, city)
    _seed_warnings(connection, city)
    for name, code in (("a", GRID), ("village", VILLAGE_GRID), ("second", SECOND_TOWNSHIP), ("b", OTHER_GRID)):
        city.events[name] = report_event(connection, code)
    event(connection, "divisions", {"source": "test"})
    connection.execute("insert into partitions (name, clock) values ('cq', %s)", (T0 + timedelta(hours=1),))
    return city


def _seed_divisions(connection: Connection, city: RightsCity) -> None:
    seed_city(connection)
    add_division(connection, "township", SECOND_TOWNSHIP, "石马河街道", division(connection, DISTRICT))
    village = add_division(connection, "village", VILLAGE, "第二村", division(connection, TOWNSHIP))
    add_division(connection, "grid", VILLAGE_GRID, "第二村网格", village)
    add_division(connection, "grid", OTHER_GRID, "磁器口网格", division(connection, OTHER_TOWNSHIP))
    rows = connection.execute("select code, division_id from division_versions").fetchall()
    city.divisions.update(dict(rows))


# name: township, grid, gateway
SENSORS: dict[str, tuple[str | None, str | None, str | None]] = {
    SENSOR: (TOWNSHIP, GRID, None),
    "gas-a": (TOWNSHIP, VILLAGE_GRID, "gate"),
    "gas-second": (SECOND_TOWNSHIP, None, None),
    "gas-b": (OTHER_TOWNSHIP, OTHER_GRID, "gate"),
    "rain-b": (OTHER_TOWNSHIP, None, "gate-b"),
    "adrift": (None, None, None),
}


def _seed_sensors(connection: Connection, city: RightsCity) -> None:
    for gateway in ("gate", "gate-b"):
        city.devices[gateway] = one(connection, "insert into devices (name) values (%s) returning id", gateway)
    for name, (township, grid, gateway) in SENSORS.items():
        if name != SENSOR:
            add_sensor(connection, name, gateway)
        city.sensors[name] = one(connection, "select id from sensors where name = %s", name)
        city.devices[name] = one(connection, "select device_id from sensors where name = %s", name)
        district = {TOWNSHIP: DISTRICT, SECOND_TOWNSHIP: DISTRICT, OTHER_TOWNSHIP: OTHER_DISTRICT}.get(township or "")
        place(connection, city.sensors[name], {"district": district, "township": township, "grid": grid})
        for hours in range(3):
            read(connection, city.sensors[name], hours)


def add_sensor(connection: Connection, name: str, gateway: str | None = None) -> int:
    """A sensor with a device of its own."""
    device = one(connection, "insert into devices (name, gateway) values (%s, %s) returning id", name, gateway)
    return int(
        one(
            connection,
            "insert into sensors (name, device_id, quantity, unit, label) values (%s, %s, 'gas', '%%LEL', %s)"
            " returning id",
            *(name, device, f"label of {name}"),
        )
    )


def place(connection: Connection, sensor: int, lies: dict[str, str | None]) -> None:
    """Put it there, since ever."""
    connection.execute(
        "insert into sensor_places (sensor_id, lon, lat, reason) values (%s, 106.6, 29.62, 'installed')", (sensor,)
    )
    for level, code in lies.items():
        if code is not None:
            connection.execute(
                "insert into sensor_divisions (sensor_id, level, division_id, valid)"
                " values (%s, %s, %s, tstzrange(null, null))",
                (sensor, level, division(connection, code)),
            )


def read(connection: Connection, sensor: int, hours: int) -> None:
    """One reading."""
    time = T0 + timedelta(hours=hours - 3)
    connection.execute("select ensure_readings_partition(%s::date)", (time.date(),))
    connection.execute(
        "insert into readings (sensor_id, time, value, late, judged) values (%s, %s, 1, false, true)", (sensor, time)
    )


def _seed_alerts(connection: Connection, city: RightsCity) -> None:
    def add(name: str, subject: int, township: str | None, grid: str | None = None, title: str = "") -> None:
        city.alerts[name] = add_alert(connection, f"rule-{name}", subject, township, grid, title)

    for name, (township, grid, _) in SENSORS.items():
        add(name, city.sensors[name], township, grid)
    add("device", subjects.of("device", city.devices["gas-a"]), TOWNSHIP, VILLAGE_GRID)
    add("gate", subjects.of("gateway", city.devices["gate"]), None)
    add("gate-b", subjects.of("gateway", city.devices["gate-b"]), OTHER_TOWNSHIP)
    for name, code in (("count-a", TOWNSHIP), ("count-district", DISTRICT), ("count-b", OTHER_DISTRICT)):
        add(name, subjects.of("division", city.divisions[code]), None)
    add("report-a", subjects.of("report", 1001), TOWNSHIP, GRID, "河水上岸")
    add("report-b", subjects.of("report", 1002), OTHER_TOWNSHIP, None, "塌方处")
    add("ledger", subjects.of("ledger", 0), None)


def add_alert(
    connection: Connection, rule: str, subject: int, township: str | None, grid: str | None = None, title: str = ""
) -> int:
    """An open alert with its transition and live event."""
    with connection.transaction():
        alert = one(
            connection,
            "insert into alerts (rule_id, subject, sensor_id, township_id, grid_id, level, peak, state, value, kind,"
            " family, title, opened_at, changed_at) values (%s, %s, %s, %s, %s, 'red', 'red', 'open', 1, %s, 'flood',"
            " %s, %s, %s) returning id",
            *(rule, subject, subjects.sensor_id(subject)),
            *(township and division(connection, township), grid and division(connection, grid)),
            *(_kind(subject, title), title, T0, T0),
        )
        connection.execute(
            "insert into alert_transitions (alert_id, time, from_level, to_level, from_state, to_state, reason, value)"
            " values (%s, %s, 'none', 'red', 'none', 'open', 'raised', 1)",
            (alert, T0),
        )
        event(connection, "alert", {"alert_id": alert})
    return int(alert)


def _kind(subject: int, title: str) -> str:
    kind = subjects.kind_of(subject)
    return "manual" if title else {"device": "silence", "gateway": "silence", "division": "count"}.get(kind, "sensor")


def report_alert(connection: Connection, code: str, number: int) -> int:
    """One more report there, for acts to be tried on."""
    return add_alert(connection, "report", subjects.of("report", number), code, None, "又一个")


def _seed_incidents(connection: Connection, city: RightsCity) -> None:
    def add(name: str, cells: list[str], alerts: list[str], into: int | None = None) -> None:
        state = "open" if into is None else "closed"
        city.incidents[name] = one(
            connection,
            "insert into incidents (family, level, peak, state, closed_at, opened_at, changed_at, alerts, open_alerts,"
            " merged_into) values (%s, %s, 'red', %s, %s, %s, %s, %s, %s, %s) returning id",
            "fire" if name.endswith("b") else "flood",  # so that nothing that is reported brings the two together
            *("red" if into is None else "none", state, None if into is None else T0, T0, T0),
            *(len(alerts), [0, 0, 0, len(alerts)], into),
        )
        for code in cells:
            connection.execute(
                "insert into incident_cells (incident_id, township_id, first_at, last_at, alerts)"
                " values (%s, %s, %s, %s, 1)",
                (city.incidents[name], city.divisions[code], T0, T0),
            )
        for alert in alerts:
            connection.execute(
                "update alerts set incident_id = %s where id = %s", (city.incidents[name], city.alerts[alert])
            )
            connection.execute(
                "insert into incident_transitions (incident_id, time, kind, alert_id, from_level, to_level)"
                " values (%s, %s, 'joined', %s, 'none', 'red')",
                (city.incidents[name], T0, city.alerts[alert]),
            )
        event(connection, "incident", {"incident_id": city.incidents[name]})

    add("both", [TOWNSHIP, OTHER_TOWNSHIP], [SENSOR, "gas-b"])
    add("b", [OTHER_TOWNSHIP], ["rain-b"])
    add("second", [SECOND_TOWNSHIP], ["gas-second"])
    add("merged", [], ["gas-a"], city.incidents["both"])
    add("merged-b", [], ["gate-b"], city.incidents["b"])


def _seed_runs(connection: Connection, city: RightsCity) -> None:
    for name, code, alert in (("a", TOWNSHIP, SENSOR), ("b", OTHER_TOWNSHIP, "gas-b")):
        city.runs[name] = one(
            connection,
            "insert into plan_runs (plan_id, township_id, level, state, started_at) values ('FLD-02', %s, 'red',"
            " 'open', %s) returning id",
            *(city.divisions[code], T0),
        )
        run = city.runs[name]
        connection.execute(
            "insert into tasks (run_id, task_key, post, what, state) values (%s, 'T1', '值班长', '叫应', 'sent')",
            (run,),
        )
        connection.execute(
            "insert into run_alerts (run_id, alert_id, joined_at) values (%s, %s, %s)", (run, city.alerts[alert], T0)
        )
        connection.execute(
            "insert into run_transitions (run_id, time, from_level, to_level, reason)"
            " values (%s, %s, 'none', 'red', 'raised')",
            (run, T0),
        )
        event(connection, "run", {"run_id": run})


def suppress(connection: Connection, **what: Any) -> int:
    """A shelf of a rule, a subject or a division, for days to come."""
    row = {"rule_id": None, "subject": None, "division_id": None} | what
    kind = "shelve" if row["division_id"] is None else "maintenance"
    return int(
        one(
            connection,
            "insert into suppressions (kind, rule_id, subject, division_id, valid, reason, actor) values"
            " (%s, %s, %s, %s, tstzrange(%s, %s), 'a reason', %s) returning id",
            *(
                kind,
                row["rule_id"],
                row["subject"],
                row["division_id"],
                T0,
                T0 + timedelta(days=9000),
                _hand(connection),
            ),
        )
    )


def _hand(connection: Connection) -> Any:
    return one(connection, "insert into actors (name, kind) values ('hand', 'person') returning id")


def _seed_suppressions(connection: Connection, city: RightsCity) -> None:
    add = city.suppressions
    add["rule"] = suppress(connection, rule_id="river-stage")
    for code in (CITY, DISTRICT, TOWNSHIP, GRID, OTHER_TOWNSHIP, SECOND_TOWNSHIP):
        add[code] = suppress(connection, division_id=city.divisions[code])
    for name in ("gas-a", "gas-b"):
        add[name] = suppress(connection, subject=city.sensors[name])
        add[f"device-{name}"] = suppress(connection, subject=subjects.of("device", city.devices[name]))
    add["gate"] = suppress(connection, subject=subjects.of("gateway", city.devices["gate"]))
    add["gate-b"] = suppress(connection, subject=subjects.of("gateway", city.devices["gate-b"]))
    for name, code in (("division-a", TOWNSHIP), ("division-b", OTHER_DISTRICT)):
        add[name] = suppress(connection, subject=subjects.of("division", city.divisions[code]))
    for name, number in (("report-a", 1001), ("report-b", 1002)):
        add[name] = suppress(connection, subject=subjects.of("report", number), rule_id="report")


WARNED = {
    "city": [TOWNSHIP, SECOND_TOWNSHIP, OTHER_TOWNSHIP],
    "district": [TOWNSHIP, SECOND_TOWNSHIP],
    "a": [TOWNSHIP],
    "b": [OTHER_TOWNSHIP],
    "nowhere": [],
}


def _seed_warnings(connection: Connection, city: RightsCity) -> None:
    codes = {"city": [CITY], "district": [DISTRICT], "a": [TOWNSHIP], "b": [OTHER_TOWNSHIP], "nowhere": []}
    for name, covered in WARNED.items():
        city.warnings[name] = add_warning(connection, name, codes[name], [city.divisions[code] for code in covered])


def add_warning(connection: Connection, name: str, codes: list[str], divisions: list[int]) -> int:
    """An official warning in force that covers these townships."""
    number = one(
        connection,
        "insert into warnings (identifier, sender, sent, status, msg_type, event, level, headline, effective, expires,"
        " source, fingerprint, area_codes) values (%s, '气象台', %s, 'actual', 'alert', '暴雨', 'red', %s, %s, %s,"
        " 'hand', '\\x01', %s) returning id",
        *(f"id-{name}", T0, f"headline of {name}", T0, T0 + timedelta(days=9000), codes),
    )
    for covered in divisions:
        connection.execute("insert into warning_divisions values (%s, %s)", (number, covered))
    event(connection, "warning", {"warning_ids": [number]})
    return int(number)


def report_event(connection: Connection, code: str) -> int:
    """An event that somebody reported there, with its first step and live event."""
    lies = dict(
        connection.execute(
            "select level, division_above(%s, level, now()) from unnest(array['grid', 'village', 'township',"
            " 'district']) level",
            (division(connection, code),),
        ).fetchall()
    )
    number = one(
        connection,
        "insert into events (key, kind, urgent, way, happened_at, reported_at, grid_id, village_id, township_id,"
        " district_id, actor, state, level, division_id, since, due_at) values (gen_random_uuid(), 'road', false,"
        " 'phone', %s, %s, %s, %s, %s, %s, gen_random_uuid(), 'reported', 'township', %s, %s, %s) returning id",
        *(T0, T0, lies["grid"], lies["village"], lies["township"], lies["district"], lies["township"], T0),
        T0 + timedelta(days=9000),
    )
    connection.execute(
        "insert into event_steps (event_id, time, act, state, level, division_id) values (%s, %s, 'reported',"
        " 'reported', 'township', %s)",
        (number, T0, lies["township"]),
    )
    event(connection, "event", {"event_id": number})
    return int(number)


def event(connection: Connection, kind: str, payload: dict[str, Any]) -> None:
    """What the screens are told."""
    connection.execute("select log_live_event(%s, %s)", (kind, json.dumps(payload)))
