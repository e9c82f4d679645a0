"""What the engine and people record, as messages that leave: from real transitions to valid CAP."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from alerts.actors import actor_of
from alerts.acts import acknowledge, close, comment
from alerts.kernel import Transition
from alerts.out_alerts import alerts_by_id
from alerts.out_messages import read_message, write_messages
from alerts.out_words import RuleBook
from alerts.record import record
from alerts.rule_sets import put_in_force
from alerts.rules import load_rules
from config.database import Connection
from config.settings import CONFIG, OutSettings
from tests.database.out_seed import TOWNSHIP, division, one, seed_city

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent.parent / "schemas" / "CAP-v1.2.xsd"))
NS = {"cap": "urn:oasis:names:tc:emergency:cap:1.2"}
RULES = load_rules(CONFIG / "rules")
MINUTE = 60_000_000
START = 1_597_300_000_000_000  # 2020-08-13T06:26:40Z


@pytest.fixture
def sensor(connection: Connection) -> int:
    seed_city(connection)
    number = int(one(connection, "select id from sensors"))
    connection.execute(
        "insert into sensor_divisions (sensor_id, level, division_id, valid) values (%s, 'township', %s, '(,)')",
        (number, division(connection, TOWNSHIP)),
    )
    return number


def a_move(sensor: int, minute: int, was: Any, level: Any, reason: Any, **more: Any) -> Transition:
    return Transition(
        rule_id="river-stage", subject=sensor, time=START + minute * MINUTE, from_level=was, to_level=level,
        value=180.0 + minute, reason=reason, **more,
    )  # fmt: skip


def write(connection: Connection, *moves: Transition) -> None:
    with connection.transaction():
        record(connection, moves, rules=RULES, plans=[])


def said(connection: Connection) -> list[Any]:
    """The messages of the one alert, each valid by the schema."""
    number = int(one(connection, "select id from alerts"))
    written = write_messages(connection, [number], RuleBook().words(connection), OutSettings()).get(number, [])
    found = [read_message(connection, number, message.revision) for message in written]
    documents = [etree.fromstring(message[1]) for message in found if message]
    for document in documents:
        SCHEMA.assertValid(document)
    return documents


def told(documents: Sequence[Any]) -> list[tuple[str, str]]:
    """Type and severity of each."""
    return [
        (document.findtext("cap:msgType", namespaces=NS), document.findtext("cap:info/cap:severity", namespaces=NS))
        for document in documents
    ]


def test_from_the_first_sample_to_the_closing_by_a_person(connection: Connection, sensor: int) -> None:
    write(connection, a_move(sensor, 0, "none", "yellow", "raised"))
    number = int(one(connection, "select id from alerts"))
    person = actor_of(connection, "值班长")
    acknowledge(connection, number, actor=person)
    comment(connection, number, note="已联系社区", actor=person)
    write(connection, a_move(sensor, 5, "yellow", "red", "escalated"))
    write(connection, a_move(sensor, 9, "red", "none", "cleared"))
    close(connection, number, cause="real", actor=person)
    documents = said(connection)
    assert told(documents) == [
        ("Alert", "Moderate"), ("Update", "Moderate"), ("Update", "Extreme"), ("Cancel", "Extreme"),
    ]  # fmt: skip
    assert not any("已联系社区" in etree.tostring(document, encoding="unicode") for document in documents)
    assert documents[1].findtext("cap:note", namespaces=NS) == "已应答 / acknowledged"
    assert alerts_by_id(connection, [number])[number].state == "closed"


def test_a_correction_is_one_update_with_what_it_comes_to(connection: Connection, sensor: int) -> None:
    write(connection, a_move(sensor, 0, "none", "yellow", "raised"))
    wrong = a_move(sensor, 5, "yellow", "red", "escalated")
    write(connection, wrong)
    write(
        connection,
        replace(wrong, reason="corrected", retracts=True),
        a_move(sensor, 6, "yellow", "orange", "corrected"),
    )
    assert told(said(connection)) == [("Alert", "Moderate"), ("Update", "Extreme"), ("Update", "Severe")]
    assert one(connection, "select level from alerts") == "orange"


def test_a_raise_that_should_not_have_been_is_cancelled(connection: Connection, sensor: int) -> None:
    wrong = a_move(sensor, 0, "none", "red", "raised")
    write(connection, wrong)
    write(connection, replace(wrong, reason="corrected", retracts=True))
    documents = said(connection)
    assert told(documents) == [("Alert", "Extreme"), ("Cancel", "Extreme")]
    assert "撤回先前内容" in documents[1].findtext("cap:note", namespaces=NS)


def test_words_follow_the_rules_in_force_and_what_was_said_stays(connection: Connection, sensor: int) -> None:
    write(connection, a_move(sensor, 0, "none", "yellow", "raised"))
    before = said(connection)[0].findtext("cap:info/cap:event", namespaces=NS)
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted((CONFIG / "rules").glob("*.toml"))}
    files["river-stage.toml"] = files["river-stage.toml"].replace("河道水位", "江河水位")
    put_in_force(connection, files, author="测试", note="另一个名字")
    write(connection, a_move(sensor, 5, "yellow", "red", "escalated"))
    events = [document.findtext("cap:info/cap:event", namespaces=NS) for document in said(connection)]
    assert events == [before, "江河水位监测告警"]
    assert before == "河道水位监测告警"


def test_an_alert_of_a_merged_incident_is_told_with_what_that_is_part_of_now(
    connection: Connection, sensor: int
) -> None:
    write(connection, a_move(sensor, 0, "none", "yellow", "raised"))
    number, younger = connection.execute("select id, incident_id from alerts").fetchall()[0]
    older = connection.execute(
        "insert into incidents (family, level, peak, opened_at, changed_at, alerts, open_alerts)"
        " values ('flood', 'none', 'blue', now(), now(), 0, '{0,0,0,0}') returning id"
    ).fetchall()[0][0]
    merge = "update incidents set merged_into = %s, state = 'closed', closed_at = now() where id = %s"
    connection.execute(merge, (older, younger))
    assert alerts_by_id(connection, [number])[number].incident_id == older
