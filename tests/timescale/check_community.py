"""Shows that the community edition takes our statements and that its continuous aggregates answer as the plain form.

python tests/timescale/check_community.py URL

The server is WebAssembly: one connection, no COPY, so readings come in by INSERT. The
plain form's answer is `rollup()` over all readings, which tests/database compares with
NumPy on the other servers.
"""

import math
import random
import sys
from datetime import UTC, datetime, timedelta

from psycopg import sql

from config.database import Connection, connect
from config.migrate import edition, migrate

NOW = datetime(2020, 8, 18, 5, 0, tzinfo=UTC)
FORMS = {"1m": timedelta(minutes=1), "1h": timedelta(hours=1)}

Row = tuple[object, ...]


def main(url: str) -> None:
    with connect(url, "community", autocommit=True) as connection:
        _migrate(connection)
        _insert(connection, seed=1, until=NOW)
        _check(connection, "before any refresh", stored=False)
        _refresh(connection, NOW)
        _check(connection, "after a refresh", stored=True)
        _insert(connection, seed=2, until=NOW + timedelta(hours=2))
        _check(connection, "with late and with newer readings", stored=False)
        _refresh(connection, NOW)
        _check(connection, "with the last hours still open", stored=False)
        _refresh(connection, NOW + timedelta(hours=3))
        _check(connection, "after all hours are over", stored=True)
        _compress(connection)
        _insert(connection, seed=3, until=NOW)
        _refresh(connection, NOW + timedelta(hours=3))
        _check(connection, "with late readings in compressed days", stored=True)
        _drop(connection)
    print("the community edition takes every statement and answers as the plain form")


def _migrate(connection: Connection) -> None:
    # This server has no shared_preload_libraries: the extension has to be there to tell its licence.
    connection.execute("create extension timescaledb")
    assert edition(connection) == "community"
    variants = {step.variant for step in migrate(connection)}
    assert variants == {"", "timescale", "community"}, variants


def _insert(connection: Connection, *, seed: int, until: datetime) -> None:
    """300 readings of three sensors over the two days before `until`, and marks as the store makes them."""
    chance = random.Random(seed)
    for _ in range(300):
        time = until - timedelta(microseconds=chance.randrange(1, 48 * 3_600_000_000))
        time = time.replace(second=0, microsecond=0) if chance.random() < 0.2 else time
        connection.execute(
            "insert into readings values (%s, %s, %s, false, true) on conflict do nothing",
            (chance.randint(1, 3), time, chance.gauss(180, 5)),
        )
        hour = time.replace(minute=0, second=0, microsecond=0)
        connection.execute("select mark_rollups(%s::timestamptz[])", ([hour],))


def _refresh(connection: Connection, until: datetime) -> None:
    row = connection.execute("call refresh_rollups(%s, null)", (until,)).fetchone()
    assert row is not None and row[0] > 0


def _check(connection: Connection, when: str, *, stored: bool) -> None:
    for form, width in FORMS.items():
        plain = connection.execute(
            "select * from rollup(%s, '-infinity', 'infinity') order by sensor_id, bucket", (width,)
        ).fetchall()
        assert plain
        _assert_same(_rows(connection, f"readings_{form}"), plain, f"{form} {when}")
        if stored:
            _assert_same(_rows(connection, f"readings_{form}_stored"), plain, f"{form} stored, {when}")


def _rows(connection: Connection, relation: str) -> list[Row]:
    query = sql.SQL("select * from {} order by sensor_id, bucket").format(sql.Identifier(relation))
    return list(connection.execute(query).fetchall())


def _assert_same(found: list[Row], expected: list[Row], what: str) -> None:
    assert len(found) == len(expected), f"{what}: {len(found)} buckets instead of {len(expected)}"
    for ours, theirs in zip(found, expected, strict=True):
        same = [
            math.isclose(a, b, rel_tol=1e-12) if isinstance(a, float) and isinstance(b, float) else a == b
            for a, b in zip(ours, theirs, strict=True)
        ]
        assert all(same), f"{what}: {ours} instead of {theirs}"
    print(f"{what}: {len(found)} buckets equal")


def _compress(connection: Connection) -> None:
    chunks = connection.execute("select compress_chunk(c) from show_chunks('readings') c").fetchall()
    assert len(chunks) >= 2


def _drop(connection: Connection) -> None:
    before = _rows(connection, "readings_1h")
    assert connection.execute("select drop_readings_before(%s)", (NOW,)).fetchone() == (2,)
    assert connection.execute("select min(time) >= '2020-08-18 00:00:00Z' from readings").fetchone() == (True,)
    _assert_same(_rows(connection, "readings_1h"), before, "1h after the old days were dropped")


if __name__ == "__main__":
    main(sys.argv[1])
