"""CAP messages against the OASIS schema, and read back by a parser that is not ours."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import shapely
from cap_tools.models import Alert as ForeignAlert
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser

from alerts.cap import Message, Reference, clean, to_xml
from alerts.cap_area import MOST_PARTS, MOST_POINTS, Area, area_of, geocode, polygons_of
from alerts.cap_chain import MOST_REFERENCES, Link, chain
from alerts.cap_number import Numbers
from alerts.cap_words import RuleWords, infos, note
from alerts.lifecycle import Row, fold
from alerts.out_alerts import ToldAlert, ToldTransition
from alerts.out_steps import as_of, steps

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent.parent / "schemas" / "CAP-v1.2.xsd"))
NS = {"cap": "urn:oasis:names:tc:emergency:cap:1.2"}
T0 = datetime(2020, 8, 20, 0, 15, tzinfo=UTC)
SENDER = "50000000000000"
RULE = RuleWords(label_zh="河道水位", label_en="River stage", action_zh="封闭沿岸", action_en="Close the banks")


def an_alert(**changes: Any) -> ToldAlert:
    values: dict[str, Any] = {
        "id": 7, "rule_id": "river-stage", "kind": "sensor", "family": "flood", "title": "", "subject": 3,
        "subject_name": "cuntan", "label": "寸滩", "quantity": "stage", "unit": "m", "datum": "wusong",
        "township_id": 5, "township_code": "500105009", "township": "寸滩街道", "district_code": "500105",
        "district": "江北区", "grid_code": None, "grid": None, "lon": 106.6, "lat": 29.62, "level": "red",
        "peak": "red", "state": "open", "cause": None, "value": 191.62, "exercise": False, "late": False,
        "revision": 0, "incident_id": None, "inhibited_by": None, "suppressed_by": None, "pending_since": None,
        "opened_at": T0, "changed_at": T0, "acknowledged_at": None, "in_hand_at": None, "resolved_at": None,
        "closed_at": None, "recorded_at": T0,
    }  # fmt: skip
    return ToldAlert(**{**values, **changes})


def a_transition(number: int = 1, **changes: Any) -> ToldTransition:
    values: dict[str, Any] = {
        "id": number, "alert_id": 7, "kind": "level", "time": T0, "from_level": "none", "to_level": "red",
        "from_state": "none", "to_state": "open", "reason": "raised", "value": 191.62, "actor": None, "late": False,
        "retracts": False, "revision": 0, "note": "", "recorded_at": T0 + timedelta(seconds=number),
    }  # fmt: skip
    return ToldTransition(**{**values, **changes})


def walked(*steps: tuple[str, str]) -> list[ToldTransition]:
    """Transitions through these (level, state)s, from nothing."""
    level, state, found = "none", "none", []
    for number, (to_level, to_state) in enumerate(steps, start=1):
        found.append(
            a_transition(
                number,
                kind="level" if level != to_level else "state",
                from_level=level,
                to_level=to_level,
                from_state=state,
                to_state=to_state,
            )
        )
        level, state = to_level, to_state
    return found


def a_message(alert: ToldAlert, link: Link, area: Area = Area(), references: tuple[Reference, ...] = ()) -> Message:  # noqa: B008
    return Message(
        identifier=f"{SENDER}_20200820081500_0",
        sender=SENDER,
        sent=link.transition.recorded_at,
        exercise=alert.exercise,
        type=link.type,
        scope="Restricted",
        note=note(alert, link.transition),
        references=references,
        incident="",
        infos=infos(as_of(alert, link.moved), link, RULE, "指挥中心"),
        area=area,
    )


def checked(body: bytes) -> Any:
    """The document, valid by the schema."""
    document = etree.fromstring(body)
    SCHEMA.assertValid(document)
    return document


def read_by_another(body: bytes) -> ForeignAlert:
    return XmlParser().from_bytes(body, ForeignAlert)


def texts(document: Any, path: str) -> list[str]:
    return [found.text or "" for found in document.findall(path, NS)]


def test_an_alert_is_read_by_another_parser_as_it_was_meant() -> None:
    outline = shapely.to_wkb(shapely.box(106.5, 29.5, 106.7, 29.7))
    area = area_of(outline, (106.6, 29.62), ("500105009",))
    (link,) = chain([a_transition()])
    body = to_xml(a_message(an_alert(), link, area))
    checked(body)
    read = read_by_another(body)
    assert (read.identifier, read.sender, read.status.value, read.msg_type.value, read.scope.value) == (
        f"{SENDER}_20200820081500_0", SENDER, "Actual", "Alert", "Restricted",
    )  # fmt: skip
    assert read.sent.to_datetime() == T0 + timedelta(seconds=1)
    assert read.references_to_list() == []
    zh, en = read.infos
    assert (zh.language, en.language) == ("zh-CN", "en")
    assert zh.headline == "江北区寸滩街道寸滩河道水位红色监测告警（触发）"
    assert en.headline == "River stage: red monitoring alert, 江北区寸滩街道 寸滩 (raised)"
    assert (zh.severity.value, zh.urgency.value, zh.certainty.value) == ("Extreme", "Immediate", "Observed")
    assert [category.value for category in zh.categories] == ["Met"]
    assert zh.onset is not None
    assert zh.onset.to_datetime() == T0
    assert (zh.instruction, en.instruction) == ("封闭沿岸", "Close the banks")
    assert zh.parameters_to_dict()["shijing:value"] == "191.62"
    assert zh.areas[0].geocodes_to_dict().getall("GB/T 2260") == ["500105009000"]
    (polygon,) = zh.areas[0].polygons
    pairs = [tuple(map(float, pair.split(","))) for pair in polygon.split()]
    assert pairs[0] == pairs[-1]
    assert set(pairs) == {(29.5, 106.5), (29.5, 106.7), (29.7, 106.5), (29.7, 106.7)}


@pytest.mark.parametrize(
    ("level", "severity"), [("blue", "Minor"), ("yellow", "Moderate"), ("orange", "Severe"), ("red", "Extreme")]
)
def test_severity_goes_by_the_level(level: str, severity: str) -> None:
    (link,) = chain([a_transition(to_level=level)])
    document = checked(to_xml(a_message(an_alert(level=level), link)))
    assert texts(document, "cap:info/cap:severity") == [severity, severity]


def test_a_chain_is_alert_then_updates_then_cancel_and_a_reopened_one_begins_again() -> None:
    links = chain(
        walked(
            ("yellow", "open"), ("red", "open"), ("red", "acknowledged"), ("orange", "acknowledged"),
            ("none", "resolved"), ("none", "closed"), ("blue", "open"), ("none", "resolved"),
        )
    )  # fmt: skip
    assert [(link.type, link.level, link.references) for link in links] == [
        ("Alert", "yellow", ()),
        ("Update", "red", (1,)),
        ("Update", "red", (1, 2)),
        ("Update", "orange", (1, 2, 3)),
        ("Cancel", "orange", (1, 2, 3, 4)),
        ("Alert", "blue", ()),
        ("Cancel", "blue", (7,)),
    ]
    assert [link.revision for link in links] == [1, 2, 3, 4, 5, 6, 7]
    assert [link.transition.id for link in links] == [1, 2, 3, 4, 5, 7, 8]  # closing what is over cancels nothing


def test_a_remark_is_no_message_and_references_are_bounded() -> None:
    assert len(chain(walked(("red", "open"), ("red", "open")))) == 1
    (remark,) = walked(("red", "open"), ("red", "open"))[1:]
    assert [step.stays_inside for step in steps([remark, replace(remark, reason="inhibited")])] == [True, False]
    links = chain(walked(*[(("yellow", "orange")[number % 2], "open") for number in range(200)]))
    assert len(links[-1].references) == MOST_REFERENCES
    assert links[-1].references[0] == 1
    assert links[-1].references[-1] == 199


def test_a_correction_is_one_message_with_the_level_that_it_comes_to() -> None:
    minute = timedelta(minutes=1)
    first = a_transition(1, time=T0, to_level="yellow")
    wrong = a_transition(
        2, time=T0 + minute, from_level="yellow", to_level="red", from_state="open", reason="escalated"
    )
    again = {"from_state": "open", "revision": 1, "reason": "corrected"}
    taken_back = replace(wrong, id=3, retracts=True, **again)
    instead = replace(wrong, id=4, to_level="orange", **again)
    links = chain([first, wrong, taken_back, instead])
    assert [(link.type, link.level, link.transition.id) for link in links] == [
        ("Alert", "yellow", 1), ("Update", "red", 2), ("Update", "orange", 4),
    ]  # fmt: skip
    raise_gone = replace(
        first, id=2, retracts=True, from_state="open", to_state="resolved", reason="corrected", revision=1
    )
    assert [(link.type, link.level) for link in chain([first, raise_gone])] == [
        ("Alert", "yellow"),
        ("Cancel", "yellow"),
    ]


def test_references_name_sender_identifier_and_time() -> None:
    links = chain(walked(("red", "open"), ("none", "resolved")))
    reference = Reference(sender=SENDER, identifier=f"{SENDER}_20200820081500_0", sent=T0)
    body = to_xml(a_message(an_alert(state="resolved"), links[1], references=(reference, reference)))
    document = checked(body)
    named = f"{SENDER},{SENDER}_20200820081500_0,2020-08-20T08:15:00+08:00"
    assert texts(document, "cap:references") == [f"{named} {named}"]
    assert texts(document, "cap:msgType") == ["Cancel"]
    assert texts(document, "cap:info/cap:responseType") == ["AllClear", "AllClear"]
    assert texts(document, "cap:info/cap:urgency") == ["Past", "Past"]
    assert [one.identifier for one in map(_reference, read_by_another(body).references_to_list())] == [
        reference.identifier,
        reference.identifier,
    ]


def _reference(found: Any) -> Any:
    from cap_tools.models import Reference as ForeignReference

    return found if isinstance(found, ForeignReference) else ForeignReference.from_string(found)


def test_an_exercise_says_so_everywhere() -> None:
    (link,) = chain([a_transition()])
    document = checked(to_xml(a_message(an_alert(exercise=True), link)))
    assert texts(document, "cap:status") == ["Exercise"]
    zh, en = texts(document, "cap:info/cap:headline")
    assert zh.startswith("【演练】")
    assert en.startswith("[EXERCISE] ")
    assert "演练" in texts(document, "cap:note")[0]


def test_our_alerts_are_never_called_what_only_the_weather_service_publishes() -> None:
    for level in ("blue", "yellow", "orange", "red"):
        for state in ("open", "acknowledged", "in_hand", "resolved", "closed"):
            for link in chain(walked((level, "open"), (level, state))):
                body = to_xml(a_message(an_alert(cause="false"), link)).decode()
                assert "预警信号" not in body
                assert "监测告警" in body


def test_identifiers_have_the_form_of_the_standard_and_ten_fit_in_a_second() -> None:
    numbers = Numbers(SENDER, {T0: 8})
    drawn = [numbers.draw(T0 + timedelta(milliseconds=100))[0] for _ in range(13)]
    assert drawn[:3] == [
        f"{SENDER}_20200820081500_8", f"{SENDER}_20200820081500_9", f"{SENDER}_20200820081501_0",
    ]  # fmt: skip
    assert drawn[-1] == f"{SENDER}_20200820081502_0"
    assert all(re.fullmatch(r"\d{14}_\d{14}_\d", one) and len(one) == 31 for one in drawn)
    assert len(set(drawn)) == 13


def test_what_names_no_place_still_says_so() -> None:
    (link,) = chain([a_transition()])
    nowhere = an_alert(
        **dict.fromkeys(
            ["township_id", "township_code", "township", "district_code", "district", "lon", "lat", "label", "unit"]
        ),
        subject_name=None, value=None,
    )  # fmt: skip
    document = checked(to_xml(a_message(nowhere, link, area_of(None, None, ()))))
    assert texts(document, "cap:info/cap:area/cap:areaDesc") == ["位置未知", "place unknown"]
    circle = area_of(None, (106.6, 29.62), ("500105009001003",))
    document = checked(to_xml(a_message(nowhere, link, circle)))
    assert texts(document, "cap:info/cap:area/cap:circle") == ["29.62000,106.60000 0.5"] * 2
    assert texts(document, "cap:info/cap:area/cap:geocode/cap:value") == ["500105009001"] * 2


def test_geocodes_have_twelve_digits() -> None:
    assert [geocode(code) for code in ("500105", "500105009", "500105009001", "50010500900100312")] == [
        "500105000000", "500105009000", "500105009001", "500105009001",
    ]  # fmt: skip


coordinates = st.floats(-0.2, 0.2).map(lambda offset: round(offset, 7))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=400),
    st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=5),
)
def test_any_outline_becomes_closed_rings_of_a_sensible_size(
    points: list[tuple[float, float]], more: list[tuple[float, float]]
) -> None:
    parts = [shapely.make_valid(shapely.Polygon([(106 + x, 29 + y) for x, y in one])) for one in (points, more)]
    outline = shapely.union_all(parts)
    texts = polygons_of(outline)
    assert len(texts) <= MOST_PARTS
    for text in texts:
        pairs = [tuple(map(float, pair.split(","))) for pair in text.split(" ")]
        assert pairs[0] == pairs[-1]
        assert 4 <= len(pairs) <= MOST_POINTS
        ring = shapely.Polygon([(lon, lat) for lat, lon in pairs])
        assert ring.is_valid
        assert ring.exterior.is_ccw
        assert all(28.7 < lat < 29.3 and 105.7 < lon < 106.3 for lat, lon in pairs)
        assert ring.hausdorff_distance(outline) < 0.6


def test_a_simplified_outline_still_covers_its_place() -> None:
    outline = shapely.Point(106.5, 29.5).buffer(0.05, quad_segs=500)
    (text,) = polygons_of(outline)
    ring = shapely.Polygon([tuple(map(float, pair.split(",")))[::-1] for pair in text.split()])
    assert shapely.get_num_coordinates(ring) <= MOST_POINTS
    assert ring.symmetric_difference(outline).area / outline.area < 0.01


anything = st.text(st.characters(exclude_categories=[]), max_size=40)  # lone surrogates and control characters, too
evil = anything | st.sampled_from(
    ["]]>", "<!DOCTYPE x>", "&amp;", "a\x00b", "\ud800", "🌊" * 3, "\r\n\r", "\ufffe", " "]
)
times = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone(timedelta(hours=-3))))


@settings(max_examples=300, deadline=None)
@given(
    text=st.tuples(evil, evil, evil, evil, evil, evil, evil),
    value=st.none() | st.floats(allow_nan=False, width=64),
    exercise=st.booleans(),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["blue", "yellow", "orange", "red"]),
            st.sampled_from(["open", "acknowledged", "in_hand", "resolved", "closed"]),
        ),
        min_size=1,
        max_size=6,
    ),
    time=times,
    reason=evil,
    scope=st.sampled_from(["Public", "Restricted"]),
)
def test_any_alert_with_any_text_is_valid_and_comes_back(
    text: tuple[str, ...],
    value: float | None,
    exercise: bool,
    steps: list[tuple[str, str]],
    time: datetime,
    reason: str,
    scope: Any,
) -> None:
    title, name, label, place, action, centre, unit = text
    alert = an_alert(
        title=title, subject_name=name, label=label, township=place, unit=unit, value=value, exercise=exercise,
        opened_at=time, family=name,
    )  # fmt: skip
    rule = RuleWords(label_zh=label, label_en=name, action_zh=action, action_en=title)
    said = [replace(one, reason=reason, time=time, recorded_at=time) for one in walked(*steps)]
    for link in chain(said):
        blocks = infos(as_of(alert, link.moved), link, rule, centre)
        message = replace(a_message(alert, link), infos=blocks, sent=time, scope=scope)
        body = to_xml(message)
        document = checked(body)
        for path, attribute in _TEXTS.items():
            assert texts(document, path) == [clean(getattr(block, attribute)) for block in blocks]
        assert [info.headline for info in read_by_another(body).infos] == [clean(one.headline) for one in blocks]


_TEXTS = {
    "cap:info/cap:event": "event",
    "cap:info/cap:headline": "headline",
    "cap:info/cap:description": "description",
    "cap:info/cap:senderName": "sender_name",
    "cap:info/cap:area/cap:areaDesc": "area_desc",
}


@given(evil)
def test_cleaning_is_done_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert clean("江北区 <&> \U0001f30a\t\n") == "江北区 <&> \U0001f30a\t\n"


levels = st.sampled_from(["none", "blue", "yellow", "orange", "red"])


@st.composite
def histories(draw: st.DrawFn) -> list[ToldTransition]:
    """Transitions as they may come, corrections among them: some take back what was said."""
    found: list[ToldTransition] = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        corrects = draw(st.booleans())
        said = [one for one in found if one.kind == "level" and not one.retracts]
        if corrects and said and draw(st.booleans()):
            back = draw(st.sampled_from(said))
            one = replace(back, id=number, retracts=True, reason="corrected", revision=draw(st.integers(1, 2)))
        else:
            one = a_transition(
                number,
                time=T0 + timedelta(minutes=draw(st.integers(0, 9))),
                kind="level" if corrects else draw(st.sampled_from(["level", "state"])),
                from_level=draw(levels),
                to_level=draw(levels),
                to_state=draw(st.sampled_from(["open", "acknowledged", "resolved", "closed"])),
                reason="corrected" if corrects else "raised",
                revision=draw(st.integers(1, 2)) if corrects else 0,
            )
        found.append(one)
    return found


@settings(max_examples=300, deadline=None)
@given(histories())
def test_a_correction_comes_to_what_the_engine_folds_it_to(history: list[ToldTransition]) -> None:
    moved = steps(history)
    assert [one.transition for one in moved] == [one for one in history if one in [step.transition for step in moved]]
    for one in moved:
        if one.transition.reason != "corrected":
            continue
        upto = history[: history.index(one.transition) + 1]
        level, state = fold(
            Row(
                kind=row.kind, time=round(row.time.timestamp()), from_level=row.from_level, to_level=row.to_level,
                to_state=row.to_state, reason=row.reason, retracts=row.retracts, revision=row.revision,
            )
            for row in upto
        )  # fmt: skip
        assert one.state == state
        if one.level != "none":
            assert one.level == level
