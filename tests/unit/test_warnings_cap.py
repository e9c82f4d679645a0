"""CAP messages: what is read of them, what is refused and how, and that nothing breaks the parser."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from alerts import cap as cap_out
from alerts import cap_area
from alerts.levels import Grade
from alerts.warnings import Message, WarningRefused
from alerts.warnings_cap import parse_cap
from alerts.warnings_level import level_of
from alerts.warnings_xml import MOST_BYTES

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent.parent / "schemas" / "CAP-v1.2.xsd"))
GEOCODE = "<geocode><valueName>行政区划代码</valueName><value>{}</value></geocode>"
AREA = f"<area><areaDesc>黔江区舟白街道</areaDesc>{GEOCODE.format('500114005000')}</area>"
INFO = f"""<info>
<language>zh-CN</language><category>Geo</category><event>地质灾害气象风险</event><urgency>Expected</urgency>
<severity>Severe</severity><certainty>Likely</certainty>
<eventCode><valueName>事件类型</valueName><value>11B37</value></eventCode>
<effective>2020-08-18T12:00:00+08:00</effective><expires>2020-08-19T12:00:00+08:00</expires>
<senderName>黔江区规划和自然资源局</senderName><headline>地质灾害气象风险橙色预警</headline>
<description>未来24小时</description><instruction>注意防范</instruction>{AREA}</info>"""


def cap(info: str = INFO, **changed: str) -> bytes:
    said = {
        "identifier": "50011441600000_20200818110000_0",
        "sender": "50011441600000",
        "sent": "2020-08-18T11:00:00+08:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
    } | changed
    head = "\n".join(f"<{tag}>{text}</{tag}>" for tag, text in said.items())
    root = '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n{head}\n{info}\n</alert>'.encode()


def refusal(raw: bytes) -> tuple[str, str]:
    with pytest.raises(WarningRefused) as caught:
        parse_cap(raw)
    return caught.value.reason, str(caught.value)


def test_everything_of_a_warning() -> None:
    message = parse_cap(cap())
    assert (message.identifier, message.sender) == ("50011441600000_20200818110000_0", "50011441600000")
    assert (message.status, message.msg_type, message.references) == ("actual", "alert", ())
    assert message.sent == datetime(2020, 8, 18, 3, tzinfo=UTC)
    (part,) = message.parts
    assert (part.event_code, part.event, part.level) == ("11B37", "地质灾害气象风险", "orange")
    assert (part.effective, part.expires) == (
        datetime(2020, 8, 18, 4, tzinfo=UTC),
        datetime(2020, 8, 19, 4, tzinfo=UTC),
    )
    assert (part.headline, part.description, part.instruction) == ("地质灾害气象风险橙色预警", "未来24小时", "注意防范")
    assert [(area.description, area.codes, area.shapes) for area in part.areas] == [
        ("黔江区舟白街道", ("500114005",), ())
    ]


def test_the_message_of_these_tests_is_cap_by_the_schema_of_oasis() -> None:
    SCHEMA.assertValid(etree.fromstring(cap()))


def test_what_our_own_writer_of_cap_writes_is_read() -> None:
    sent = datetime(2020, 8, 18, 3, tzinfo=UTC)
    said = cap_out.Info(
        language="zh-CN",
        category="Geo",
        event="地质灾害气象风险",
        response="Prepare",
        urgency="Expected",
        severity="Extreme",
        certainty="Likely",
        rule_id="geohazard",
        effective=sent,
        onset=sent,
        sender_name="指挥中心",
        headline="红色 <&> 预警",
        description="",
        instruction="",
        parameters=(),
        area_desc="舟白街道",
    )
    written = cap_out.Message(
        identifier="two",
        sender="a",
        sent=sent,
        exercise=True,
        type="Update",
        scope="Public",
        note="",
        references=(cap_out.Reference(sender="a", identifier="one", sent=sent),),
        incident="",
        infos=(said,),
        area=cap_area.Area(circle="29.5,106.5 1", geocodes=("500114005000",)),
    )
    message = parse_cap(cap_out.to_xml(written))
    assert (message.msg_type, message.status, message.references) == ("update", "exercise", ("a,one",))
    (part,) = message.parts
    assert (part.level, part.headline, part.event_code) == ("red", "红色 <&> 预警", "geohazard")
    assert part.areas[0].codes == ("500114005",) and len(part.areas[0].shapes) == 1


def test_times_may_be_written_as_the_national_standard_does() -> None:
    assert parse_cap(cap(sent="2020-08-18 11:00:00+08:00")).sent == datetime(2020, 8, 18, 3, tzinfo=UTC)


def test_without_effective_it_holds_from_when_it_was_sent_and_without_expires_it_names_no_end() -> None:
    info = re.sub(r"<(effective|expires)>[^<]*</\1>", "", INFO)
    (part,) = parse_cap(cap(info)).parts
    assert (part.effective, part.expires) == (datetime(2020, 8, 18, 3, tzinfo=UTC), None)


def test_the_chinese_info_counts_and_all_of_them() -> None:
    english = INFO.replace("zh-CN", "en-US").replace("Severe", "Extreme")
    second = INFO.replace("11B37", "11B03")
    assert [part.event_code for part in parse_cap(cap(english + INFO + second)).parts] == ["11B37", "11B03"]
    assert [part.level for part in parse_cap(cap(english)).parts] == ["red"]


def test_an_update_and_a_cancel_name_what_they_end() -> None:
    named = "a@b,one,2020-08-18T11:00:00+08:00 a@b,two,2020-08-18T12:00:00-00:00\n c,three,2020-08-18 12:00:00+08:00"
    assert parse_cap(cap(msgType="Update", references=named)).references == ("a@b,one", "a@b,two", "c,three")
    cancel = parse_cap(cap("", msgType="Cancel", references=named))
    assert (cancel.msg_type, cancel.parts) == ("cancel", ())


def test_shapes_are_read_latitude_first() -> None:
    shapes = "<polygon>29.5,106.5 29.6,106.5 29.6,106.6 29.5,106.5</polygon><circle>29.5,106.5 10</circle>"
    (part,) = parse_cap(cap(INFO.replace(AREA, f"<area><areaDesc/>{shapes}</area>"))).parts
    triangle, disc = part.areas[0].shapes
    assert triangle.bounds == (106.5, 29.5, 106.6, 29.6)
    assert (disc.bounds[3] - disc.bounds[1]) * 110.9 == pytest.approx(20, rel=0.01)


def test_a_ring_that_crosses_itself_is_divided() -> None:
    bow = "<polygon>29.5,106.5 29.6,106.6 29.6,106.5 29.5,106.6 29.5,106.5</polygon>"
    (part,) = parse_cap(cap(INFO.replace(AREA, f"<area><areaDesc/>{bow}</area>"))).parts
    (shape,) = part.areas[0].shapes
    assert shape.is_valid and len(shape.geoms) == 2


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("500114000000", ("500114",)),
        ("500114005000", ("500114005",)),
        ("500114005003", ("500114005003",)),
        ("500114005", ("500114005",)),
        ("500000", ("500000",)),
        ("500114, 500105;500106", ("500114", "500105", "500106")),
        ("CQZ001", ("CQZ001",)),
        ("50011", ("50011",)),
    ],
)
def test_codes_of_divisions(written: str, codes: tuple[str, ...]) -> None:
    (part,) = parse_cap(cap(INFO.replace("500114005000", written))).parts
    assert part.areas[0].codes == codes


@pytest.mark.parametrize(
    ("code", "event", "read"),
    [
        ("11B37", "x", "11B37"),
        ("99Z99", "x", "99Z99"),
        ("SVR", "x", "SVR"),
        ("SVR", "11B03", "11B03"),
        ("", "暴雨", "11B03"),
        ("", "龙卷风", ""),
    ],
)
def test_event_codes_known_and_unknown(code: str, event: str, read: str) -> None:
    info = INFO.replace("<value>11B37</value>", f"<value>{code}</value>")
    (part,) = parse_cap(cap(info.replace("<event>地质灾害气象风险</event>", f"<event>{event}</event>"))).parts
    assert (part.event_code, part.event) == (read, event)


@pytest.mark.parametrize(
    ("parameters", "severity", "headline", "level"),
    [
        ([("预警级别", "Ⅱ级")], "Minor", "", "orange"),
        ([("Color", "Red")], "Minor", "", "red"),
        ([("awareness_level", "2; yellow; Moderate")], "Extreme", "", "yellow"),
        ([("source", "红岩")], "Minor", "", "blue"),
        ([], "Moderate", "红色", "yellow"),
        ([], "Orange", "", "orange"),
        ([], "Unknown", "发布暴雨红色预警信号", "red"),
        ([], "Unknown", "将暴雨红色预警降级为橙色预警", "orange"),
        ([], "Unknown", "发布江河洪水Ⅲ级预警", "yellow"),
        ([], "Unknown", "发布大风预警", None),
        ([], "", "", None),
    ],
)
def test_colours(parameters: list[tuple[str, str]], severity: str, headline: str, level: Grade | None) -> None:
    assert level_of(parameters, severity, headline) == level


BOMB = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 10}'>" for i in range(9)
)


@pytest.mark.parametrize(
    ("raw", "reason", "said"),
    [
        (b"", "xml", "Document is empty"),
        (b"not xml", "xml", "line 1"),
        (b"<alert/>", "cap", 'send CAP 1.2: <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'),
        (cap(sent="2020-08-18T11:00:00"), "time", "line 5, <sent>: '2020-08-18T11:00:00' is no time with an offset"),
        (cap(sent="2020-13-18T11:00:00Z"), "time", "month must be"),
        (cap(sent="0001-01-01T00:00:00+08:00"), "time", "the year 1 cannot be meant"),
        (cap(status="Draft"), "cap", "line 6, <status>: 'Draft' is none of Actual, Exercise, Test"),
        (cap(msgType="Ack"), "cap", "<msgType>"),
        (cap(identifier="two words"), "name", "line 3, <identifier>"),
        (cap(sender=""), "name", "<sender>"),
        (cap(""), "cap", "only a Cancel may be without"),
        (cap("", msgType="Cancel"), "cap", "names no message"),
        (cap(msgType="Update", references="only-an-identifier"), "cap", "write sender,identifier,sent"),
        (cap(INFO.replace("2020-08-19", "2020-08-17")), "time", "before it begins"),
        (cap(INFO.replace("<description>", "<description>" + "长" * 50_001)), "size", "50007 characters"),
        (cap(INFO * 51), "size", "at most 50"),
        (b" " * (MOST_BYTES + 1), "size", f"at most {MOST_BYTES} are read"),
        (b'<?xml version="1.0"?>' + (BOMB + "]><a>&j;</a>").encode(), "xml", "amplification"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml", "DOCTYPE"),
        (b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "xml", "DOCTYPE"),
        (b"<a>" * 5000 + b"</a>" * 5000, "xml", "depth"),
    ],
)
def test_what_is_refused_says_what_where_and_how_to_mend_it(raw: bytes, reason: str, said: str) -> None:
    found, text = refusal(raw)
    assert found == reason
    assert said in text
    assert re.fullmatch(r"(?s).+: .+; .+", text)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("<polygon>29.5,106.5 29.6,106.5 29.6,106.6</polygon>", "3 points"),
        ("<polygon>29.5,106.5 29.6,106.5 29.6,106.6 29.5,106.6</polygon>", "not closed"),
        ("<polygon>106.5,29.5 106.5,29.6 106.6,29.6 106.5,29.5</polygon>", "latitude first"),
        ("<polygon>29.5,106.5 29.5,106.5 29.5,106.5 29.5,106.5</polygon>", "encloses nothing"),
        ("<polygon>29.5,nan 29.6,106.5 29.6,106.6 29.5,nan</polygon>", "is no position"),
        ("<circle>29.5,106.5</circle>", "no radius"),
        ("<circle>29.5,106.5 -1</circle>", "no radius"),
        ("<circle>29.5,106.5 inf</circle>", "no radius"),
        ("<circle>10</circle>", "is no position"),
    ],
)
def test_shapes_that_are_none_are_refused_with_their_line(shape: str, said: str) -> None:
    reason, text = refusal(cap(INFO.replace(AREA, f"<area><areaDesc/>\n{shape}</area>")))
    assert reason == "area" and said in text and text.startswith("line ")


def _read(raw: bytes) -> Message | None:
    try:
        return parse_cap(raw)
    except WarningRefused:
        return None


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    assert _read(raw) is None


TOKENS = sorted({*re.findall(r"<[^>]*>|[^<>\s]+", cap().decode()), "<polygon>", "&amp;", "\x00", "29.5,106.5", "😀"})


@given(st.data())
def test_a_mutated_message_is_read_or_refused(data: Any) -> None:
    whole = cap().decode()
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(whole)))
        length = data.draw(st.integers(0, 60))
        whole = whole[:begin] + data.draw(st.sampled_from(TOKENS) | st.text(max_size=8)) + whole[begin + length :]
    message = _read(whole.encode(errors="surrogatepass"))
    if message is not None:
        assert message.identifier and message.sender and message.sent.tzinfo is UTC
        assert message.parts or message.msg_type == "cancel"
        assert all(part.expires is None or part.expires >= part.effective for part in message.parts)


@given(st.text(alphabet="0123456789.,- +e\n", max_size=60))
def test_any_shape_is_read_or_refused(text: str) -> None:
    for tag in ("polygon", "circle", "geocode"):
        inner = GEOCODE.format(text) if tag == "geocode" else f"<{tag}>{text}</{tag}>"
        message = _read(cap(INFO.replace(AREA, f"<area><areaDesc/>{inner}</area>")))
        if message is not None:
            assert all(shape.is_valid and shape.area > 0 for area in message.parts[0].areas for shape in area.shapes)
