"""From the PUBLISH of a reading to the NOTIFY that its alert is committed, at a steady rate.

A reading's time is the moment of its PUBLISH, so the alert tells when it was sent. Every alert
is of a sensor not used before and starts or joins a plan run, tasks and all.
"""

import json
import multiprocessing
import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from psycopg import Notify

from benchmarks.city import SENSORS, TOPIC
from benchmarks.load import Sender, publish_packet
from config.database import Connection, connect
from config.settings import BrokerSettings

RATE = 5_000  # readings per second
SECONDS = 20
ALARM_EVERY = 500  # readings
SAMPLES = 2  # in a row, as the rule asks before it raises; the second one's time counts
_FLOODED = 60.0  # cm, over every threshold
_DRY = 1.0
_SENT = """
select id, extract(epoch from (payload->>'time')::timestamptz)::float8, payload->'subject' from live_events
where kind = 'alert' and id > %(after)s and payload->>'reason' = 'raised'
  and (payload->>'subject')::bigint < 4294967296  -- sensors: counts over an area come and go as it happens
"""


def latency(url: str, mqtt: BrokerSettings, *, pack: int, first_device: int) -> dict[str, float]:
    """p50 and p99 in ms over `RATE` × `SECONDS` readings in packs of `pack` (1: single JSON messages)."""
    alarms = RATE * SECONDS // ALARM_EVERY
    return from_publish_to_commit(url, mqtt, _packets(pack, first_device), per_second=RATE / pack, alarms=alarms)


def from_publish_to_commit(
    url: str, mqtt: BrokerSettings, packets: Iterable[bytes], *, per_second: float, alarms: int
) -> dict[str, float]:
    """p50 and p99 in ms of what the packets raise, made as they are sent; `alarms` sensors raise something."""
    with connect(url, "bench", autocommit=True) as connection:
        after = _last_event(connection)
        connection.execute("listen shijing_live")
        sender = multiprocessing.get_context("fork").Process(target=_publish, args=(mqtt, packets, per_second))
        sender.start()
        heard = {int(notice.payload): time.time() for notice in _notices(connection, after, alarms)}
        sender.join()
        sent = {number: at for number, at, _ in connection.execute(_SENT, {"after": after}).fetchall()}
    delays = [(at - sent[number]) * 1000 for number, at in heard.items() if number in sent]
    if len(delays) < alarms:
        raise RuntimeError(f"{len(delays)} alerts of {alarms} were heard of")
    p50, p99 = np.percentile(delays, [50, 99])
    return {"p50": round(float(p50), 1), "p99": round(float(p99), 1)}


def _last_event(connection: Connection) -> int:
    row = connection.execute("select coalesce(max(id), 0) from live_events").fetchone()
    assert row is not None
    return int(row[0])


def _notices(connection: Connection, after: int, wanted: int) -> Iterator[Notify]:
    """Everything the screens are told, until as many sensors' alerts were among it."""
    deadline = time.monotonic() + SECONDS + 60
    while time.monotonic() < deadline:
        yield from connection.notifies(timeout=1.0)
        rows = connection.execute(_SENT, {"after": after}).fetchall()
        if len({subject for *_, subject in rows}) >= wanted:
            return


def _publish(mqtt: BrokerSettings, packets: Iterable[bytes], per_second: float) -> None:
    with Sender(mqtt.host, mqtt.port, "bench-alarms") as sender:
        sender.send(packets, per_second=per_second)


def _packets(pack: int, first_device: int) -> Iterator[bytes]:
    """Messages as they are made; of every `ALARM_EVERY` readings the first two messages carry the same alarm."""
    between = ALARM_EVERY // pack
    for k in range(RATE * SECONDS // pack):
        alarm, turn = divmod(k, between)
        quiet = [SENSORS // 2 + (k * pack + i) % (SENSORS // 2) for i in range(pack)]
        values = dict.fromkeys(quiet, _DRY)
        if turn < SAMPLES:
            del values[quiet[0]]
            values[first_device + alarm] = _FLOODED
        now = round(time.time(), 6)
        yield _single(values, now, k) if pack == 1 else _pack(values, now, k)


def _single(values: dict[int, float], now: float, k: int) -> bytes:
    ((device, value),) = values.items()
    payload = json.dumps({"value": value, "time": now, "unit": "cm"}).encode()
    return publish_packet(TOPIC.format(device), payload, 1 + k % 60_000)


def _pack(values: dict[int, float], now: float, k: int) -> bytes:
    records: list[dict[str, Any]] = [{"n": f"bench{device}/water_depth", "v": v} for device, v in values.items()]
    records[0] |= {"bt": now, "bu": "cm"}
    return publish_packet("cq/500103/gateway/senml", json.dumps(records).encode(), 1 + k % 60_000)
