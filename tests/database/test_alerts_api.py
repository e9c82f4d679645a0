"""The alerts API, the CAP messages and the feed over HTTP, on a real database."""

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from cap_tools.models import Alert as ForeignAlert
from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser

from config.database import Connection, connect
from config.settings import WebSettings
from tests.browser.conftest import Running
from tests.database.out_seed import (
    CITY,
    DISTRICT,
    GRID,
    OTHER_DISTRICT,
    OTHER_TOWNSHIP,
    T0,
    TOWNSHIP,
    clear,
    move,
    open_alert,
    seed_city,
)
from web.alerts_schema import AlertDetail, AlertPage, TransitionPage

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent.parent / "schemas" / "CAP-v1.2.xsd"))
ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def city(connection: Connection) -> Connection:
    seed_city(connection)
    return connection


@pytest.fixture
def client(database_url: str, city: Connection) -> Iterator[httpx.Client]:
    running = Running(database_url, None, WebSettings(port=0))
    try:
        with httpx.Client(base_url=running.url, timeout=20, headers=running.headers) as opened:
            yield opened
    finally:
        running.stop()


def ids(client: httpx.Client, query: str = "") -> list[int]:
    answer = client.get(f"/api/alerts?{query}")
    assert answer.status_code == 200, answer.text
    return [alert["id"] for alert in AlertPage.model_validate(answer.json()).model_dump()["alerts"]]


def messages(client: httpx.Client, alert: int) -> list[dict[str, Any]]:
    answer = client.get(f"/api/alerts/{alert}")
    return [one.model_dump() for one in AlertDetail.model_validate(answer.json()).messages]


def cap(client: httpx.Client, alert: int, revision: int | None = None) -> ForeignAlert:
    """A message, valid by the schema, as another's parser reads it."""
    answer = client.get(f"/api/alerts/{alert}.cap" + (f"?revision={revision}" if revision else ""))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/cap+xml"
    SCHEMA.assertValid(etree.fromstring(answer.content))
    return XmlParser().from_bytes(answer.content, ForeignAlert)


def feed(client: httpx.Client, query: str = "") -> Any:
    answer = client.get(f"/api/feed.atom?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/atom+xml"
    return etree.fromstring(answer.content)


def titles(document: Any) -> list[str]:
    return [found.text for found in document.findall("a:entry/a:title", ATOM)]


def error(client: httpx.Client, path: str, status: int) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    text: str = answer.json()["error"]
    return text


def test_an_alert_is_told_with_its_place_and_names(client: httpx.Client, city: Connection) -> None:
    number = open_alert(city, grid=GRID)
    (alert,) = client.get("/api/alerts").json()["alerts"]
    assert alert["id"] == number
    assert alert["title"] == {"zh": "河道水位", "en": "River stage"}
    assert alert["township"] == {"code": TOWNSHIP, "name": "寸滩街道"}
    assert alert["district"] == {"code": DISTRICT, "name": "江北区"}
    assert alert["grid"] == {"code": GRID, "name": "第一网格"}
    assert (alert["subject_name"], alert["label"], alert["unit"], alert["value"]) == ("cuntan", "寸滩", "m", 191.62)
    assert (alert["level"], alert["state"], alert["opened_at"]) == ("red", "open", "2020-08-20T00:15:00Z")


def test_filters(client: httpx.Client, city: Connection) -> None:
    here = open_alert(city, "red", grid=GRID, minutes=0)
    there = open_alert(city, "orange", rule="water-depth", township=OTHER_TOWNSHIP, family="waterlogging", minutes=1)
    nowhere = open_alert(city, "blue", rule="heat", township=None, family="heat", minutes=2)
    move(city, there, state="acknowledged")
    drill = open_alert(city, "yellow", rule="combustible-gas", exercise=True, minutes=3, subject=1 << 32 | 1)
    assert ids(client) == [drill, nowhere, there, here]
    assert ids(client, f"division={CITY}") == [drill, there, here]
    assert ids(client, f"division={DISTRICT}") == [drill, here]
    assert ids(client, f"division={OTHER_DISTRICT}") == [there]
    assert ids(client, f"division={TOWNSHIP}") == [drill, here]
    assert ids(client, f"division={GRID}") == [here]
    assert ids(client, "level=red&level=blue") == [nowhere, here]
    assert ids(client, "state=acknowledged") == [there]
    assert ids(client, "rule=heat") == [nowhere]
    assert ids(client, "family=waterlogging") == [there]
    assert ids(client, f"subject={1 << 32 | 1}") == [drill]
    assert ids(client, "exercise=false") == [nowhere, there, here]
    assert ids(client, "exercise=true") == [drill]
    at = quote((T0 + timedelta(minutes=1)).isoformat())
    assert ids(client, f"from={at}") == [drill, nowhere, there]
    assert ids(client, f"to={at}") == [here]
    assert ids(client, "from=2020-08-20T08:16:00+08:00&limit=1") == [drill]  # the + was not escaped
    assert ids(client, f"division={DISTRICT}&level=red&state=open&rule=river-stage&exercise=false") == [here]


def test_pages_by_keyset_give_every_alert_once_while_new_ones_come(client: httpx.Client, city: Connection) -> None:
    made = [open_alert(city, rule=f"rule-{number}", minutes=number // 3) for number in range(25)]
    seen, path = [], "/api/alerts?limit=4&level=red"
    while path:
        answer = client.get(path)
        page = answer.json()
        seen += [alert["id"] for alert in page["alerts"]]
        if page["next"]:
            assert answer.headers["link"] == f'<{page["next"]}>; rel="next"'
        path = page["next"]
        open_alert(city, rule=f"late-{len(seen)}", minutes=100)
    assert seen == sorted(made, reverse=True)


def test_transitions_are_paged_in_their_order(client: httpx.Client, city: Connection) -> None:
    number = open_alert(city, "yellow")
    move(city, number, level="orange")
    move(city, number, state="acknowledged")
    clear(city, number)
    first = client.get(f"/api/alerts/{number}/transitions?limit=3").json()
    second = client.get(first["next"]).json()
    TransitionPage.model_validate(first)
    rows = first["transitions"] + second["transitions"]
    assert [(one["from_level"], one["to_level"], one["to_state"]) for one in rows] == [
        ("none", "yellow", "open"), ("yellow", "orange", "open"), ("orange", "orange", "acknowledged"),
        ("orange", "none", "resolved"),
    ]  # fmt: skip
    assert second["next"] is None


def test_every_change_is_a_message_that_refers_to_those_before(client: httpx.Client, city: Connection) -> None:
    number = open_alert(city, "yellow")
    move(city, number, level="red")
    move(city, number, state="acknowledged")
    clear(city, number)
    move(city, number, state="closed")
    told = messages(client, number)
    assert [(one["revision"], one["type"]) for one in told] == [
        (1, "Alert"),
        (2, "Update"),
        (3, "Update"),
        (4, "Cancel"),
    ]
    read = [cap(client, number, revision) for revision in (1, 2, 3, 4)]
    assert [one.msg_type.value for one in read] == ["Alert", "Update", "Update", "Cancel"]
    assert [one.identifier for one in read] == [one["identifier"] for one in told]
    assert all(re.fullmatch(r"50000000000000_\d{14}_\d", one.identifier) for one in read)
    for place, one in enumerate(read):
        named = [reference.split(",")[1] for reference in (one.references or "").split()]
        assert named == [earlier.identifier for earlier in read[:place]]
    assert [one.infos[0].severity.value for one in read] == ["Moderate", "Extreme", "Extreme", "Extreme"]
    assert {one.status.value for one in read} == {"Actual"}
    area = read[0].infos[0].areas[0]
    assert area.geocodes_to_dict().getall("GB/T 2260") == ["500105009000"]
    assert len(area.polygons) == 1
    assert cap(client, number).identifier == told[-1]["identifier"]


def test_a_drill_is_marked_and_stays_out_of_a_feed_that_does_not_ask(client: httpx.Client, city: Connection) -> None:
    real = open_alert(city, rule="heat")
    drill = open_alert(city, exercise=True)
    assert cap(client, drill).status.value == "Exercise"
    assert cap(client, real).status.value == "Actual"
    assert titles(feed(client)) == ["江北区寸滩街道寸滩高温红色监测告警（触发）"]
    both = titles(feed(client, "exercise=true"))
    assert both == [
        "【演练】江北区寸滩街道寸滩河道水位红色监测告警（触发）",
        "江北区寸滩街道寸滩高温红色监测告警（触发）",
    ]


def test_what_was_given_out_never_changes(client: httpx.Client, city: Connection) -> None:
    number = open_alert(city)
    before = client.get(f"/api/alerts/{number}.cap")
    city.execute("update sensors set label = '另一个名字'")
    city.execute("update alerts set family = 'gas', grid_id = null")
    after = client.get(f"/api/alerts/{number}.cap")
    assert after.content == before.content
    assert client.get(f"/api/alerts/{number}.cap", headers={"If-None-Match": before.headers["etag"]}).status_code == 304
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        city.execute("update cap_messages set body = ''")


def test_two_who_ask_at_once_get_the_same_messages(client: httpx.Client, city: Connection, database_url: str) -> None:
    alerts = [open_alert(city, rule=f"rule-{number}") for number in range(12)]
    for alert in alerts:
        move(city, alert, state="acknowledged")
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(client.get("/api/feed.atom").content)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert len(set(answers)) == 1
    with connect(database_url, "test", autocommit=True) as other:
        assert other.execute("select count(*), count(distinct identifier) from cap_messages").fetchone() == (24, 24)


def test_a_feed_lists_the_newest_with_links_that_hold(client: httpx.Client, city: Connection) -> None:
    number = open_alert(city, "orange")
    clear(city, number)
    document = feed(client)
    assert document.tag == "{http://www.w3.org/2005/Atom}feed"
    for name in ("id", "title", "updated", "author/a:name"):
        assert document.findtext(f"a:{name}", namespaces=ATOM)
    entries = document.findall("a:entry", ATOM)
    assert [entry.find("a:category[@scheme='urn:shijing:msgType']", ATOM).get("term") for entry in entries] == [
        "Cancel", "Alert",
    ]  # fmt: skip
    assert len({entry.findtext("a:id", namespaces=ATOM) for entry in entries}) == 2
    link = entries[0].find("a:link", ATOM)
    assert link.get("type") == "application/cap+xml"
    assert link.get("href") == f"{client.base_url}api/alerts/{number}.cap?revision=2"
    assert client.get(link.get("href")).status_code == 200


def test_a_feed_is_sent_again_only_when_it_changed(client: httpx.Client, city: Connection) -> None:
    number = open_alert(city)
    first = client.get("/api/feed.atom")
    again = {"If-None-Match": f'"other", W/{first.headers["etag"]}'}
    unchanged = client.get("/api/feed.atom", headers=again)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    assert client.get("/api/feed.atom?level=blue", headers=again).status_code == 200
    move(city, number, state="acknowledged")
    assert client.get("/api/feed.atom", headers=again).status_code == 200


def test_a_feed_is_paged_and_filtered(client: httpx.Client, city: Connection) -> None:
    for number in range(7):
        open_alert(
            city,
            "red" if number % 2 else "blue",
            rule=f"rule-{number}",
            township=OTHER_TOWNSHIP if number == 3 else TOWNSHIP,
        )
    assert len(titles(feed(client, "level=red"))) == 3
    assert len(titles(feed(client, f"division={OTHER_DISTRICT}"))) == 1
    seen, query = [], "limit=3"
    while query:
        document = feed(client, query)
        seen += titles(document)
        following = document.find("a:link[@rel='next']", ATOM)
        query = "" if following is None else following.get("href").split("?")[1]
    assert [re.search(r"rule-\d", title).group() for title in seen] == [
        f"rule-{number}" for number in reversed(range(7))
    ]  # type: ignore[union-attr]
    assert titles(feed(client, "before=1")) == []


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("alerts/9", 404, "no such alert"),
        ("alerts/9/transitions", 404, "no such alert"),
        ("alerts/9.cap", 404, "no such alert"),
        ("alerts/99999999999999999999", 422, "alert_id: "),
        ("alerts?level=purple", 422, "level.0: Input should be 'blue', 'yellow', 'orange' or 'red'"),
        ("alerts?levl=red", 422, "levl: Extra inputs are not permitted"),
        ("alerts?limit=501", 422, "limit: Input should be less than or equal to 500"),
        ("alerts?limit=0", 422, "limit: "),
        ("alerts?division=12", 422, "division: "),
        ("alerts?division=999999", 422, "division: no division has the code 999999"),
        ("alerts?from=2020-08-20T08:00:00", 422, "from: Input should have timezone info"),
        ("alerts?cursor=abc", 422, "cursor: this is none of ours"),
        ("alerts?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE", 422, "cursor: this is none of ours"),
        ("alerts?rule=%00", 422, "rule: "),
        ("alerts?subject=-1", 422, "subject: "),
        ("feed.atom?division=999999", 422, "division: no division has the code 999999"),
        ("feed.atom?limit=1000", 422, "limit: "),
        ("feed.atom?page=2", 422, "page: Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_answered_with_what_and_why(client: httpx.Client, path: str, status: int, says: str) -> None:
    assert says in error(client, f"/api/{path}", status)


def test_a_message_that_was_never_made_says_how_many_there_are(client: httpx.Client, city: Connection) -> None:
    number = open_alert(city)
    assert error(client, f"/api/alerts/{number}.cap?revision=2", 404) == (
        f"alert {number} has 1 messages, there is no revision 2"
    )


def test_the_description_names_every_route_and_parameter(client: httpx.Client) -> None:
    told = client.get("/api/openapi.json").json()
    assert set(told["paths"]) >= {
        "/api/alerts", "/api/alerts/{alert_id}", "/api/alerts/{alert_id}/transitions", "/api/alerts/{alert_id}.cap",
        "/api/feed.atom",
    }  # fmt: skip
    named = {one["name"]: one for one in told["paths"]["/api/alerts"]["get"]["parameters"]}
    assert set(named) == {
        "division", "level", "state", "rule", "family", "subject", "exercise", "from", "to", "cursor", "limit",
    }  # fmt: skip
    assert named["limit"]["schema"]["maximum"] == 500
    answers = told["paths"]["/api/alerts"]["get"]["responses"]
    assert answers["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/AlertPage")
    assert answers["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


def test_nothing_of_it_is_cached_by_accident(client: httpx.Client, city: Connection) -> None:
    open_alert(city)
    assert client.get("/api/alerts").headers["cache-control"] == "no-store"
    assert client.get("/api/feed.atom").headers["cache-control"] == "private, no-cache"
