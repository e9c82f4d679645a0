"""A device that sends ever new rubbish: so much is kept of it, the rest is counted, and the books balance."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.ledger import check
from alerts.ledger_account import Span
from commands.figures import lines, status
from commands.quarantine import held
from config.database import Connection
from ingest import quarantine
from ingest.gather import Fault, Message
from ingest.scenario import SCENARIOS
from ingest.sensor_files import import_sensors
from ingest.upkeep import Retention, run_upkeep
from tests.database.test_ingest_pipeline import CLOCK, message, run, stage

pytestmark = pytest.mark.storage
NOW = datetime(2026, 5, 4, tzinfo=UTC)


def fault(number: int, topic: str = "cq/500105/broken/stage", reason: str = "malformed", size: int = 3) -> Fault:
    return Fault(reason=reason, detail="mend it", topic=topic, payload=f"{number}".encode().ljust(size))


def keep(connection: Connection, *faults: Fault, **caps: int) -> None:
    with connection.transaction():
        quarantine.keep(connection, "cq", faults, NOW, quarantine.Caps(**caps))


def entries(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select topic, reason, state, count(*), sum(count)::integer from quarantine group by 1, 2, 3 order by 1, 2, 3"
    ).fetchall()


def test_beyond_so_many_of_a_topic_and_reason_only_the_number_goes_up(connection: Connection) -> None:
    keep(connection, *(fault(number) for number in range(4)), per_source=3)
    keep(connection, *(fault(number) for number in range(8)), fault(100, reason="value"), per_source=3)
    keep(connection, fault(9, topic="cq/500105/other/stage"), per_source=3)
    assert entries(connection) == [
        ("cq/500105/broken/stage", "malformed", "counted", 1, 6),
        ("cq/500105/broken/stage", "malformed", "held", 3, 6),
        ("cq/500105/broken/stage", "value", "held", 1, 1),
        ("cq/500105/other/stage", "malformed", "held", 1, 1),
    ]


@pytest.mark.parametrize("caps", [{"rows": 3}, {"bytes": 3 * 1000}])
def test_beyond_so_much_in_all_a_row_for_each_reason_counts(connection: Connection, caps: dict[str, int]) -> None:
    for number in range(6):
        keep(connection, fault(number, topic=f"cq/{number}", size=900), **caps)
        keep(connection, fault(number, topic=f"cq/{number}", size=900), **caps)
    assert entries(connection)[0] == ("", "malformed", "counted", 1, 6)
    assert len(entries(connection)) == 4
    detail = connection.execute("select detail from quarantine where state = 'counted'").fetchone()
    assert detail is not None and "quarantine is full" in detail[0] and detail[0].endswith("The last one: mend it")


def test_where_room_was_made_samples_are_kept_again(connection: Connection) -> None:
    keep(connection, *(fault(number) for number in range(5)), rows=2)
    later = NOW + timedelta(days=500)
    run_upkeep(connection, now=later, wall=later, ahead_days=0, keep=Retention(held=400))
    assert entries(connection) == []
    left = connection.execute("select entries, bytes from quarantine_kept").fetchall()
    assert left == [(0, 0)]
    dropped = connection.execute("select entries from ledger_dropped where what = 'quarantine'").fetchone()
    assert dropped == (5,), "what stood for others was dropped as often as it had counted"
    keep(connection, fault(7), rows=2)
    assert entries(connection)[0][2:] == ("held", 1, 1)


def test_the_books_balance_and_people_are_told(
    database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIJING_PIPELINE_QUARANTINE_PER_TOPIC", "5")
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    rubbish = [Message(topic="cq/500105/cuntan/stage", payload=f"rubbish {n}".encode(), mid=1) for n in range(40)]
    strangers = [message("cq/500105/stranger/stage", {"value": n, "time": 1_597_800_000}) for n in range(9)]
    run(database_url, [CLOCK, *rubbish[:20], stage(180)], [*rubbish, *strangers])
    account = {one.name: one for one in check(connection, Span(), [], []).accounts}
    assert (account["intake"].balanced, account["quarantine"].balanced) == (True, True)
    assert (account["quarantine"].expected, account["quarantine"].found) == (69, 69)
    told = [line for line in lines(status(connection)) if line.startswith("quarantine")]
    assert [line.split(": ")[1] for line in told] == [
        "5 kept, seen 60 times, 50 of these beyond the cap, with no sample kept",
        "5 kept, seen 9 times, 4 of these beyond the cap, with no sample kept",
    ]
    counted = [row for row in held(database_url, reason=None, most=50) if row["state"] == "counted"]
    assert sorted(row["count"] for row in counted) == [4, 50]
    assert all("5 different ones of this topic are kept" in row["detail"] for row in counted)
    assert quarantine.request_release(connection, ids=[row["id"] for row in counted]) == 0
    assert quarantine.request_release(connection, reason="unknown_sensor") == 5
