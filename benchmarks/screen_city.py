"""A city for the measurement of screens: sensors everywhere, each with a reading, and who looks at them."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from access.accounts import account_of, add_account, grant
from access.credentials import csrf_of
from access.rights import load_roles
from access.sessions import Origin, open_session
from benchmarks.city import furnish
from benchmarks.load import Sender, publish_packet
from config.access_settings import SignInSettings
from config.database import connect
from config.settings import BrokerSettings

PACK = 20
_SPREAD = 0.01  # degrees: over a township, and not in one heap at its seat
_FIRST = """
insert into readings (sensor_id, time, value, late, judged)
select id, now() - interval '1 hour', 1.5, false, true from sensors
"""
# Per sensor and day so many, over the week before today.
_WEEK = """
insert into readings (sensor_id, time, value, late, judged)
select id, date_trunc('day', now()) - make_interval(days => day) + n * interval '1 day' / %(per_day)s,
       1 + ((id + n) %% 100) / 100.0, false, true
from generate_series(1, 7) day cross join generate_series(0, %(per_day)s - 1) n cross join sensors
"""
_VIEWED = """
select d.level, place.division_id, (array_agg(place.sensor_id order by place.sensor_id))[1], count(*)
from sensor_divisions place join divisions d on d.id = place.division_id
where upper_inf(place.recorded) and d.level = %(level)s
group by d.level, place.division_id order by count(*) desc, place.division_id
"""


@dataclass(frozen=True, kw_only=True)
class Viewed:
    """A division that somebody looks at, and one of its sensors."""

    division: int
    sensor: int
    sensors: int


@dataclass(frozen=True, kw_only=True)
class City:
    """What is looked at, and by whom."""

    townships: list[Viewed]
    secret: str = field(repr=False)  # of a session that sees all of it

    @property
    def cookies(self) -> dict[str, str]:
        """Of a browser that is signed in."""
        return {"shijing": self.secret, "shijing-csrf": csrf_of(self.secret)}


def furnish_screens(url: str, sensors: int) -> City:
    """All of it, in a new database."""
    furnish(url, sensors, spread=_SPREAD)
    now, roles = datetime.now(UTC), load_roles()
    with connect(url, "bench", autocommit=True) as connection:
        connection.execute("select ensure_readings_partition((now() - interval '1 hour')::date)")
        connection.execute(_FIRST)
        connection.execute("analyze")
        account = add_account(connection, "bench-screen", kind="screen")
        grant(connection, account, "screen", None, roles=roles, now=now)
        secret = open_session(
            connection, account_of(connection, account), way="link", origin=Origin(), settings=SignInSettings(), now=now
        )
        rows = connection.execute(_VIEWED, {"level": "township"}).fetchall()
    return City(townships=[Viewed(division=row[1], sensor=row[2], sensors=row[3]) for row in rows], secret=secret)


def seed_week(url: str, per_day: int) -> int:
    """Readings of the week before today for every sensor; how many."""
    with connect(url, "bench", autocommit=True) as connection:
        for day in range(1, 8):
            connection.execute("select ensure_readings_partition((now() - make_interval(days => %s))::date)", (day,))
        written = connection.execute(_WEEK, {"per_day": per_day}).rowcount
        connection.execute("analyze readings")
    return written


def send_steadily(mqtt: BrokerSettings, sensors: int, rate: int, until: float) -> None:
    """Every sensor in turn, in packs, until a time.time(); a reading's time is the moment of its PUBLISH."""
    with Sender(mqtt.host, mqtt.port, "bench-screen") as sender:
        sender.send(_packets(sensors, until), per_second=rate / PACK)


def _packets(sensors: int, until: float) -> Iterator[bytes]:
    number = 0
    while (now := time.time()) < until:
        turn = number * PACK // sensors  # so that a sensor tells another value than last time
        records: list[dict[str, Any]] = [
            {"n": f"bench{(number * PACK + i) % sensors}/water_depth", "v": 1 + (number * 7 + i + turn) % 100 / 100}
            for i in range(PACK)
        ]
        records[0] |= {"bt": round(now, 6), "bu": "cm"}
        yield publish_packet("cq/500103/gateway/senml", json.dumps(records).encode(), 1 + number % 60_000)
        number += 1
