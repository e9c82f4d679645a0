"""Official warnings in the database: once each, with what they end, what they cover, and what was refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from alerts.conditions import WarningInForce
from alerts.warnings import WarningRefused
from alerts.warnings_alerts import Judging
from alerts.warnings_context import load_in_force
from alerts.warnings_csv import read_warnings
from alerts.warnings_hand import add, cancel
from alerts.warnings_list import listing, one, refused
from alerts.warnings_store import Origin, Outcome, receive, store
from config.database import Connection
from config.settings import PROJECT, OutSettings
from geo.defaults import import_defaults
from tests.database.warning_messages import AREA, cap, ends, info

FILE = Origin(source="file", place="test.xml")
NOW = datetime(2020, 8, 18, 5, tzinfo=UTC)  # 13:00 in Beijing
NOBODY = Judging(rules=[], plans=[])
SENDER = "50011441600000"
FLOOD = PROJECT / "ingest/scenarios/flood-2020-08/warnings.csv"


@pytest.fixture
def divided(connection: Connection) -> Connection:
    import_defaults(connection)
    return connection


def take(connection: Connection, raw: bytes, now: datetime = NOW) -> Outcome:
    return receive(connection, raw, FILE, NOBODY, now=now)


def in_force(connection: Connection, at: datetime) -> list[str]:
    return [row["identifier"] for row in listing(connection, at=at, in_force=True)][::-1]


def covered(connection: Connection, identifier: str) -> list[str]:
    found = one(connection, identifier)
    assert found is not None
    return [each["code"] for each in found["covered"]]


def test_a_message_is_stored_once_and_kept_as_it_came(divided: Connection) -> None:
    raw = cap("one", info())
    first, again = take(divided, raw), take(divided, raw)
    assert (first.state, first.townships, again.state, again.ids) == ("stored", 1, "repeat", first.ids)
    (row,) = listing(divided, at=NOW)
    assert (row["event_code"], row["level"], row["status"], row["source"]) == ("11B37", "orange", "actual", "file")
    found = one(divided, "one")
    assert found is not None and found["message"].encode() == raw


def test_another_message_under_the_same_identifier_is_refused_and_kept(divided: Connection) -> None:
    take(divided, cap("one", info()))
    outcome = take(divided, cap("one", info(severity="Extreme")))
    assert outcome.state == "refused" and "used one for another message before" in outcome.detail
    (held,) = refused(divided)
    assert (held["reason"], held["count"], held["origin"]) == ("conflict", 1, "test.xml")
    assert [row["level"] for row in listing(divided, at=NOW)] == ["orange"]


def test_what_cannot_be_read_is_kept_and_counted(divided: Connection) -> None:
    for _ in range(3):
        assert take(divided, b"<alert>").state == "refused"
    (held,) = refused(divided)
    assert (held["reason"], held["count"], held["size"]) == ("xml", 3, 7)
    kept = divided.execute("select raw from refused_warnings").fetchone()
    assert kept == (b"<alert>",)
    assert divided.execute("select count(*) from warnings").fetchone() == (0,)


def test_what_this_system_says_itself_is_no_official_warning(divided: Connection) -> None:
    outcome = take(divided, cap("one", info(), sender=OutSettings().sender))
    assert outcome.state == "refused" and "its alerts are no official warnings" in outcome.detail


def test_each_info_is_a_warning_of_its_own(divided: Connection) -> None:
    outcome = take(divided, cap("one", info(), info(event="11B03", area=AREA.format("500105"))))
    assert len(outcome.ids) == 2
    assert {(row["event_code"], row["part"]) for row in listing(divided, at=NOW)} == {("11B37", 1), ("11B03", 2)}


def test_an_update_replaces_and_a_cancel_ends(divided: Connection) -> None:
    take(divided, cap("one", info()))
    later = "2020-08-18T14:00:00+08:00"
    update = cap("two", info(severity="Extreme", effective=later), sent=later, msgType="Update", references=ends("one"))
    take(divided, update)
    take(divided, cap("three", sent="2020-08-18T16:00:00+08:00", msgType="Cancel", references=ends("one", "two")))
    hour = datetime(2020, 8, 18, 4, tzinfo=UTC)  # 12:00 in Beijing
    assert [in_force(divided, hour + timedelta(hours=n)) for n in range(5)] == [
        ["one"],
        ["one"],
        ["two"],
        ["two"],
        [],
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_the_order_of_arrival_does_not_matter(divided: Connection, order: tuple[int, ...]) -> None:
    messages = [
        cap("one", info()),
        cap(
            "two",
            info(effective="2020-08-18T14:00:00+08:00"),
            sent="2020-08-18T13:30:00+08:00",
            msgType="Update",
            references=ends("one"),
        ),
        cap("three", sent="2020-08-18T15:00:00+08:00", msgType="Cancel", references=ends("two")),
    ]
    for number in order:
        assert take(divided, messages[number]).state == "stored"
    hour = datetime(2020, 8, 18, 4, tzinfo=UTC)
    assert [in_force(divided, hour + timedelta(minutes=30 * n)) for n in range(7)] == [
        ["one"],
        ["one"],
        ["one"],
        ["one"],
        ["two"],
        ["two"],
        [],
    ]


def test_an_exercise_never_ends_what_is_real(divided: Connection) -> None:
    take(divided, cap("one", info()))
    take(divided, cap("two", status="Exercise", msgType="Cancel", references=ends("one")))
    assert in_force(divided, NOW) == ["one"]


def test_a_warning_that_names_no_end_holds_for_a_day_and_says_so(divided: Connection) -> None:
    take(divided, cap("one", info(expires=None)))
    (row,) = listing(divided, at=NOW)
    assert row["expires_assumed"] and row["expires"] - row["effective"] == timedelta(hours=24)


def test_an_all_clear_is_not_in_force(divided: Connection) -> None:
    take(divided, cap("one", info()))
    over = info(more="<responseType>AllClear</responseType>", effective="2020-08-18T12:30:00+08:00")
    take(divided, cap("two", over, sent="2020-08-18T12:30:00+08:00", msgType="Update", references=ends("one")))
    assert in_force(divided, NOW) == []


SQUARE = "<polygon>{s},{w} {s},{e} {n},{e} {n},{w} {s},{w}</polygon>"


@pytest.mark.parametrize(
    ("code", "townships"),
    [
        ("500114005", 1),
        ("500114005000", 1),
        ("500114005999", 1),  # a village we do not know, of a township we do
        ("500114000000", 30),
        ("500000", 1031),
    ],
)
def test_codes_cover_the_townships_in_them(divided: Connection, code: str, townships: int) -> None:
    assert take(divided, cap("one", info(area=AREA.format(code)))).townships == townships


def test_a_code_that_is_no_longer_used_covers_what_it_was(divided: Connection) -> None:
    """江北区 ended with the reform of 2025-11-06; a sender with an old list still names it."""
    before = take(divided, cap("one", info(area=AREA.format("500105"))))
    late = info(area=AREA.format("500105"), effective="2026-08-18T12:00:00+08:00", expires="2026-08-19T12:00:00+08:00")
    after = take(divided, cap("two", late, sent="2026-08-18T12:00:00+08:00"))
    assert before.townships == after.townships > 0 and after.unknown_codes == ()


def test_unknown_codes_are_told_and_the_shape_is_taken(divided: Connection) -> None:
    area = AREA.format("510000").replace("</area>", SQUARE.format(s=29.55, n=29.56, w=106.54, e=106.55) + "</area>")
    outcome = take(divided, cap("one", info(area=area)))
    assert outcome.unknown_codes == ("510000",)
    assert outcome.townships >= 1
    assert all(code.startswith("500103") for code in covered(divided, "one"))


def test_a_shape_that_only_touches_a_neighbour_does_not_cover_it(divided: Connection) -> None:
    import shapely

    row = divided.execute(
        "select b.geometry from boundary_versions b join division_versions v using (division_id)"
        " where v.code = '500114005' and upper_inf(b.recorded) and upper_inf(v.recorded)"
    ).fetchone()
    assert row is not None
    outline = shapely.simplify(shapely.from_wkb(row[0]), 0.0002)
    ring = max(shapely.get_parts(outline), key=lambda part: part.area).exterior
    pairs = " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in ring.coords)
    take(divided, cap("one", info(area=f"<area><areaDesc/><polygon>{pairs}</polygon></area>")))
    assert covered(divided, "one") == ["500114005"]


def test_a_circle_without_radius_lies_in_one_township(divided: Connection) -> None:
    take(divided, cap("one", info(area="<area><areaDesc/><circle>29.555,106.55 0</circle></area>")))
    assert len(covered(divided, "one")) == 1


def test_what_is_in_force_for_the_rules(divided: Connection) -> None:
    take(divided, cap("one", info()))
    take(divided, cap("two", info(event="11B03"), status="Exercise"))
    take(divided, cap("three", info(event="11B06"), status="Test"))
    ids = divided.execute("select division_id from warning_divisions").fetchall()
    begin = int(datetime(2020, 8, 18, 4, tzinfo=UTC).timestamp()) * 10**6
    expected = WarningInForce(
        division_id=ids[0][0], event="11B37", level="orange", from_us=begin, to_us=begin + 86400 * 10**6
    )
    assert load_in_force(divided, since=NOW) == [expected]
    assert [one.event for one in load_in_force(divided, since=NOW, exercise=True)] == ["11B03", "11B37"]
    assert load_in_force(divided, since=NOW + timedelta(days=2)) == []
    assert load_in_force(divided) == []  # it is years since


def test_whoever_keeps_warnings_in_memory_is_woken(divided: Connection, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute("listen shijing_warnings")
        take(divided, cap("one", info()))
        assert [notice.channel for notice in listener.notifies(timeout=5, stop_after=1)] == ["shijing_warnings"]


def test_the_screens_are_told(divided: Connection) -> None:
    outcome = take(divided, cap("one", info()))
    told = divided.execute("select kind, payload from live_events where kind = 'warning'").fetchall()
    assert told == [("warning", {"warning_ids": list(outcome.ids), "status": "actual", "msg_type": "alert"})]


def test_by_hand_with_an_actor_and_ended_by_hand(divided: Connection) -> None:
    row = {
        "sender": "黔江区规划和自然资源局",
        "sent": "2020-08-18T12:00:00+08:00",
        "level": "red",
        "headline": "地质灾害气象风险红色预警",
        "event_code": "11B37",
        "area_codes": "500114005",
    }
    entered = add(divided, row, NOBODY, actor="王某", now=NOW)
    assert (entered.state, entered.townships) == ("stored", 1)
    stored = divided.execute("select w.source, a.name from warnings w join actors a on a.id = w.actor").fetchone()
    assert stored == ("hand", "王某")
    divided.execute("insert into partitions (name, clock) values ('cq', %s)", (NOW,))
    cancel(divided, str(entered.ids[0]), NOBODY, actor="王某", reason="解除")
    assert in_force(divided, NOW) == []
    with pytest.raises(WarningRefused, match="there is none"):
        cancel(divided, str(entered.ids[0]), NOBODY, actor="王某", reason="")
    assert divided.execute("select count(*) from actors").fetchone() == (1,)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("level", "purple", "by hand, level: 'purple' is no level"),
        ("area_codes", "5001", "by hand, area_codes: '5001' is no division code"),
        ("sent", "yesterday", "by hand, sent"),
        ("sender", "two words", "by hand, sender"),
        ("expires", "2020-08-18T11:00:00+08:00", "by hand, expires"),
    ],
)
def test_by_hand_the_wrong_field_is_named(divided: Connection, field: str, value: str, said: str) -> None:
    row = {"sender": "a", "sent": "2020-08-18T12:00:00+08:00", "level": "red", "headline": "x"} | {field: value}
    with pytest.raises(WarningRefused, match=said.replace("(", r"\(")):
        add(divided, row, NOBODY, actor="b")
    assert divided.execute("select count(*) from warnings").fetchone() == (0,)


def test_the_warnings_of_the_flood_are_stored_with_where_they_were_found(divided: Connection) -> None:
    outcomes = [
        store(divided, row.message, row.raw, Origin(source="file", place=row.source), NOBODY, now=NOW)
        for row in read_warnings(FLOOD)
    ]
    assert {outcome.state for outcome in outcomes} == {"stored"}
    assert not any(outcome.unknown_codes for outcome in outcomes)
    rows = listing(divided, at=NOW)
    assert len(rows) == 20 and all(row["origin"].startswith("http") for row in rows)
    qijiang = datetime(2020, 6, 22, 4, tzinfo=UTC)  # 12:00 in Beijing: orange had become red
    assert [row["level"] for row in listing(divided, at=qijiang, in_force=True)] == ["red"]
    assert {row["level"] for row in listing(divided, at=NOW, in_force=True)} == {"red", "orange", "yellow"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sender,sent,level,headline\n", "missing ['source']"),
        ("sender,sent,level,headline,source,colour\n", "unknown columns ['colour']"),
        ("sender,sent,level,headline,source\na,2020,red,x,y\na,2020-08-18T12:00:00Z,pink,x,y\n", "2 faulty lines"),
        ("sender,sent,level,headline,source\na,2020-08-18T12:00:00Z,red,x,\n", "line 2, source: it is empty"),
        ("sender,sent,level,headline,source\na,2020-08-18T12:00:00Z,red,x,y,z\n", "more cells"),
    ],
)
def test_a_faulty_file_of_warnings_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "warnings.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WarningRefused) as caught:
        read_warnings(path)
    assert said in str(caught.value)


def test_a_file_as_a_chinese_excel_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "warnings.csv"
    path.write_text(
        "sender,sent,level,headline,source\n气象台,2020-08-18T12:00:00Z,red,红色预警,传真\n", encoding="gb18030"
    )
    (row,) = read_warnings(path)
    assert (row.message.sender, row.source) == ("气象台", "传真")


def test_two_at_once_are_stored_one_after_the_other(divided: Connection, database_url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def send(number: int) -> Any:
        with psycopg.connect(database_url, autocommit=True) as own:
            return receive(own, cap(f"w{number % 4}", info()), FILE, NOBODY, now=NOW).state

    with ThreadPoolExecutor(4) as pool:
        states = sorted(pool.map(send, range(12)))
    assert states == ["repeat"] * 8 + ["stored"] * 4
