"""What the browser tests show: the default divisions, gauges of the 2020 flood, readings, alerts and a plan run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.incidents import group
from config.database import Connection
from geo.defaults import import_defaults

PEAK = datetime(2020, 8, 20, 0, 15, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """A river gauge; `place` and `district` None: not located."""

    name: str
    label: str
    river: str
    place: tuple[float, float] | None  # lon, lat
    township: tuple[str, str] | None  # district, township
    levels: dict[str, float]
    peak: float
    level: str | None = None  # of the alert at the peak
    datum: str = "wusong"


GAUGES = (
    Gauge(name="cuntan", label="寸滩", river="长江", place=(106.60, 29.62), township=("江北区", "寸滩街道"),
          levels={"warning": 180.5, "guarantee": 183.5, "highest": 191.41}, peak=191.62, level="red"),
    Gauge(name="ciqikou", label="磁器口", river="嘉陵江", place=(106.45, 29.58), township=("沙坪坝区", "磁器口街道"),
          levels={"warning": 182.64, "guarantee": 185.64}, peak=194.29, level="orange"),
    Gauge(name="chaotianmen", label="朝天门", river="长江", place=(106.59, 29.57), township=("渝中区", "朝天门街道"),
          levels={"warning": 182.0, "guarantee": 185.0}, peak=193.14, level="orange", datum="unstated"),
    Gauge(name="caiyuanba", label="菜园坝", river="长江", place=(106.55, 29.55), township=("渝中区", "菜园坝街道"),
          levels={"warning": 182.0, "guarantee": 185.0}, peak=193.28, level="orange", datum="unstated"),
    Gauge(name="beibei3", label="北碚(三)", river="嘉陵江", place=(106.44, 29.83), township=("北碚区", "朝阳街道"),
          levels={"warning": 194.5, "guarantee": 199.0}, peak=198.23, level="yellow", datum="huanghai"),
    Gauge(name="dongjintuo", label="东津沱", river="嘉陵江", place=(106.26, 30.0), township=("合川区", "合阳城街道"),
          levels={"warning": 206.5, "guarantee": 208.5}, peak=206.21, level="blue"),
    Gauge(name="zhutuo3", label="朱沱(三)", river="长江", place=(105.85, 29.02), township=("永川区", "朱沱镇"),
          levels={"guarantee": 212.0}, peak=208.4, datum="unstated"),
    Gauge(name="wulong", label="武隆", river="乌江", place=(107.76, 29.32), township=("武隆区", "凤山街道"),
          levels={"warning": 193.0}, peak=177.2),
    Gauge(name="changshou2", label="长寿(二)", river="长江", place=(107.06, 29.83), township=("长寿区", "凤城街道"),
          levels={"guarantee": 184.0}, peak=180.18, datum="unstated"),
    Gauge(name="xiaoheba", label="小河坝", river="涪江", place=(105.83, 30.18), township=("潼南区", "桂林街道"),
          levels={"warning": 238.0, "guarantee": 240.0}, peak=236.4, datum="unstated"),
    Gauge(name="caijia", label="蔡家", river="笋溪河", place=(106.34, 28.91), township=("江津区", "蔡家镇"),
          levels={"warning": 224.87}, peak=221.3, datum="unstated"),
    Gauge(name="luzhou", label="泸州", river="长江", place=None, township=None,
          levels={}, peak=242.63, datum="unstated"),
    Gauge(name="wusheng3", label="武胜(三)", river="嘉陵江", place=None, township=None, levels={"warning": 224.5},
          peak=219.1, datum="unstated"),
)  # fmt: skip


def seed_divisions(connection: Connection) -> None:
    """The default divisions and boundaries."""
    import_defaults(connection)


def seed_gauges(connection: Connection) -> None:
    """Every gauge of GAUGES in the registry, placed."""
    for gauge in GAUGES:
        add_gauge(connection, gauge)


def add_gauge(connection: Connection, gauge: Gauge) -> int:
    """One gauge in the registry; its sensor's id."""
    device = _one(connection, "insert into devices (name) values (%s) returning id", gauge.name)
    sensor = _one(
        connection,
        "insert into sensors (name, device_id, quantity, unit, datum, label, river, levels, source)"
        " values (%s, %s, 'stage', 'm', %s, %s, %s, %s, 'published bulletins') returning id",
        *(gauge.name, device, gauge.datum, gauge.label, gauge.river, json.dumps(gauge.levels)),
    )
    lon, lat = gauge.place or (None, None)
    connection.execute(
        "insert into sensor_places (sensor_id, lon, lat, reason) values (%s, %s, %s, 'installed')", (sensor, lon, lat)
    )
    if gauge.township is not None:
        connection.execute(
            "insert into sensor_divisions (sensor_id, level, division_id, valid) values"
            " (%s, 'township', %s, tstzrange(null, null))",
            (sensor, township_id(connection, *gauge.township)),
        )
    return sensor


def township_id(connection: Connection, district: str, name: str) -> int:
    """A township by its district's name and its own, in the first version."""
    return _one(
        connection,
        "select t.division_id from division_versions t join division_versions d on d.division_id = t.parent_id"
        " where t.name = %s and d.name = %s and lower_inf(t.valid) and lower_inf(d.valid)",
        *(name, district),
    )


def sensor_id(connection: Connection, name: str) -> int:
    """A sensor by name."""
    return _one(connection, "select id from sensors where name = %s", name)


def seed_readings(connection: Connection, until: datetime = PEAK, below: float = 0.0) -> None:
    """Five days of six-hourly readings that rise to each gauge's peak, less `below` metres."""
    connection.execute("insert into partitions (name, clock) values ('cq', %s)", (until,))
    for gauge in GAUGES:
        sensor = sensor_id(connection, gauge.name)
        for step in range(21):
            value = gauge.peak - below - 0.02 * (20 - step) ** 1.9
            add_reading(connection, sensor, until - timedelta(hours=6 * (20 - step)), round(value, 2))
    connection.execute(
        "insert into intake (partition, minute, last_at, messages, readings, stored, quarantined, late)"
        " values ('cq', date_trunc('minute', now()), now(), 276, 276, 273, 3, 1)"
    )


def add_reading(connection: Connection, sensor: int, time: datetime, value: float) -> None:
    """One reading, as the pipeline would store it."""
    connection.execute("select ensure_readings_partition(%s::date)", (time.date(),))
    connection.execute(
        "insert into readings (sensor_id, time, value, late, judged) values (%s, %s, %s, false, true)",
        (sensor, time, value),
    )
    connection.execute(
        "insert into heard_by select %s, name from partitions order by name limit 1 on conflict do nothing", (sensor,)
    )


def seed_alerts(connection: Connection) -> None:
    """The alerts of GAUGES at the peak, a run of the flood plan and something in quarantine."""
    alerts = [
        open_alert(connection, gauge.name, gauge.level, gauge.peak, PEAK - timedelta(hours=3 * hours))
        for hours, gauge in enumerate(GAUGES)
        if gauge.level is not None
    ]
    group_alerts(connection, alerts)
    start_run(connection, ("江北区", "寸滩街道"), "red", PEAK - timedelta(minutes=12))
    start_run(connection, ("沙坪坝区", "磁器口街道"), "orange", PEAK - timedelta(hours=1))
    connection.execute(
        "insert into quarantine (fingerprint, partition, reason, detail, topic, payload, count, first_seen, last_seen)"
        " values ('\\x01', 'cq', 'datum', 'the reading says huanghai', 'cq/500106/ciqikou/stage',"
        " '\\x7b7d', 3, now(), now())"
    )


def open_alert(connection: Connection, gauge: str, level: str, value: float, time: datetime) -> int:
    """An open alert with its live event, in one transaction."""
    with connection.transaction():
        sensor = sensor_id(connection, gauge)
        alert = _one(
            connection,
            "insert into alerts (rule_id, family, subject, sensor_id, township_id, level, peak, state, value,"
            " opened_at, changed_at) values ('river-stage', 'flood', %s, %s, (select division_id from sensor_divisions"
            " where sensor_id = %s), %s, %s, 'open', %s, %s, %s) returning id",
            *(sensor, sensor, sensor, level, level, value, time, time),
        )
        event = {"alert_id": alert, "sensor": gauge, "rule": "river-stage", "from": "none", "to": level}
        connection.execute("select log_live_event('alert', %s)", (json.dumps({**event, "time": time.isoformat()}),))
    return alert


@dataclass(frozen=True, kw_only=True)
class _Written:
    id: int


def group_alerts(connection: Connection, alerts: Sequence[int]) -> None:
    """Into incidents, as the pipeline does it in the alerts' transaction, with their live events."""
    with connection.transaction():
        for event in group(connection, [_Written(id=alert) for alert in alerts]).events:
            connection.execute("select log_live_event(%s, %s)", (event["kind"], json.dumps(event["payload"])))


def announce(connection: Connection, event: str, level: str, until: datetime, **given: str) -> int:
    """An official warning, in force since an hour before the peak; its number."""
    row = {"sender": "重庆市气象台", "status": "actual", "event": event, "level": level, "ends": until, **given}
    query = (
        "insert into warnings (identifier, sender, sent, status, msg_type, event, level, headline, effective, expires,"
        " source, fingerprint) values (%s, %s, %s, %s, 'alert', %s, %s, %s, %s, %s, 'hand', '\\x01') returning id"
    )
    since = PEAK - timedelta(hours=1)
    columns = (row["sender"], since, row["status"], event, level, f"{row['sender']}发布{event}预警", since, until)
    warning = _one(connection, query, f"{event}{level}", *columns)
    connection.execute("select log_live_event('warning', %s)", (json.dumps({"warning_id": warning}),))
    return warning


_TASKS = (
    ("T1", "值班长", "叫应沿江网格与物业", 5, None, "done"),
    ("T2", "网格员", "封闭下穿道与亲水步道", 10, None, "on_site"),
    ("T3", "物业", "车库挡水板与断电", 20, None, "acknowledged"),
    ("T4", "城市管理岗", "水泵到点抽排", 30, None, "sent"),
    ("T5", "网格长", "按高程线转移商户住户", 60, None, "waiting"),
    ("T6", "民生服务岗", "安置与供水", 90, None, "waiting"),
    ("T7", "水情岗", "报水位", None, 5, "waiting"),
)


def start_run(connection: Connection, township: tuple[str, str], level: str, time: datetime) -> None:
    """An open run of the flood plan with its tasks and its live event."""
    with connection.transaction():
        division = township_id(connection, *township)
        run = _one(
            connection,
            "insert into plan_runs (plan_id, township_id, level, state, started_at)"
            " values ('FLD-02', %s, %s, 'open', %s) returning id",
            *(division, level, time),
        )
        for key, post, what, limit, repeat, state in _TASKS:
            due = None if limit is None else time + timedelta(minutes=limit)
            connection.execute(
                "insert into tasks (run_id, task_key, post, what, due_at, repeat_min, state)"
                " values (%s, %s, %s, %s, %s, %s, %s)",
                (run, key, post, what, due, repeat, state),
            )
        event = {"run_id": run, "plan": "FLD-02", "level": level, "township": township[1]}
        connection.execute("select log_live_event('run', %s)", (json.dumps(event),))


def _one(connection: Connection, statement: str, *values: object) -> int:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None, f"nothing found for {values}"
    return int(row[0])
