"""Payload decoders against their formats: what each means, and what is refused with which reason."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Refused
from ingest.payloads import (
    Key,
    Record,
    clock_us,
    huawei_records,
    iso_us,
    json_records,
    senml_of,
    senml_records,
)
from ingest.topics import Route

JSON = Route(format="json", device="cuntan", quantity="stage")
SENML = Route(format="senml", device="gateway-7")
HUAWEI = Route(format="huawei", device="5e06bfee_cuntan")
T_S = 1_597_881_600  # 2020-08-20 00:00 UTC
T_US = T_S * 10**6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def single(**fields: Any) -> Record:
    (record,) = json_records(JSON, json.dumps(fields).encode())
    return record


def pack(*items: dict[str, Any]) -> list[Record]:
    return senml_records(SENML, json.dumps(items).encode())


def refusal(read: Any, payload: Any, route: Route = SENML) -> str:
    with pytest.raises(Refused) as caught:
        read(route, payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    assert caught.value.detail and caught.value.detail == str(caught.value)
    return caught.value.reason


def test_a_single_reading_with_everything() -> None:
    found = single(value=191.55, time="2020-08-20T08:00:00+08:00", unit="m", datum="wusong")
    assert found == Record(Key("cuntan", "stage", "m", "wusong"), T_US, 191.55)


@pytest.mark.parametrize(
    "time",
    [
        T_S,
        float(T_S),
        "2020-08-20T00:00:00Z",
        "2020-08-20T08:00:00+08:00",
        "20200820T000000Z",
        "2020-08-20 00:00:00+00:00",
        "2020-08-19T12:00:00-12:00",
    ],
)
def test_times_of_every_form(time: str | float) -> None:
    assert single(value=1, time=time).time_us == T_US


@given(st.integers(0, 4_102_444_800 * 10**6), st.sampled_from([0, 8, -5]))
def test_an_iso_time_is_exact_to_the_microsecond(time_us: int, offset_h: int) -> None:
    moment = EPOCH + timedelta(microseconds=time_us)
    text = (moment + timedelta(hours=offset_h)).replace(tzinfo=None).isoformat() + f"{offset_h:+03d}:00"
    assert iso_us(text) == time_us


@pytest.mark.parametrize(("value", "meant"), [(True, 1.0), (False, 0.0), (3, 3.0), ("alarm", "alarm"), (-0.5, -0.5)])
def test_values_of_every_form(value: Any, meant: Any) -> None:
    found = single(value=value, time=T_S).value
    assert found == meant and type(found) is type(meant)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"time": T_S}, "malformed"),
        ({"value": None, "time": T_S}, "malformed"),
        ({"value": [1], "time": T_S}, "malformed"),
        ({"value": 1}, "time"),
        ({"value": 1, "time": "yesterday"}, "time"),
        ({"value": 1, "time": ""}, "time"),
        ({"value": 1, "time": "2020-08-20T08:00:00"}, "time"),
        ({"value": 1, "time": 1e11}, "time"),
        ({"value": 1, "time": T_S * 1000}, "time"),  # milliseconds, as many devices send
        ({"value": 1, "time": True}, "malformed"),
        ({"value": 1, "time": T_S, "unit": 5}, "malformed"),
        ({"value": 1, "time": T_S, "datum": 5}, "malformed"),
        ([], "malformed"),
        ("text", "malformed"),
    ],
)
def test_a_single_reading_that_is_refused(fields: Any, reason: str) -> None:
    assert refusal(json_records, fields, JSON) == reason


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b'{"value":1e400,"time":1}',
        b'{"value":-1e400,"time":1}',
        b'{"value":NaN,"time":1}',
        b'{"value":Infinity,"time":1}',
        b'{"value":' + b"9" * 5000 + b',"time":1}',
        b'{"x":' + b"[" * 200_000,
        b"[" * 200_000,
        b'{"value":"\\ud800","time":1}',
        b'{"value":"\xed\xa0\x80","time":1}',
        b'{"value":1,"time":1}{"value":2,"time":2}',
        b'\xef\xbb\xbf{"value":1,"time":1}',
    ],
)
def test_hostile_bytes_are_malformed(payload: bytes) -> None:
    assert refusal(json_records, payload, JSON) == "malformed"
    assert refusal(senml_records, payload) == "malformed"
    assert refusal(huawei_records, payload, HUAWEI) == "malformed"


def test_of_a_key_sent_twice_the_last_counts() -> None:
    assert json_records(JSON, b'{"value":1,"time":5,"value":2}')[0].value == 2


# SenML: the examples of RFC 8428, section 5.1, with quantities in place of its sensor names.


def test_rfc_single_data_point() -> None:
    assert pack({"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1}) == [
        Record(Key("ow", "10e2073a01080063", "Cel", None, "gateway-7"), 0.0, 23.1, from_now=True)
    ]


def test_rfc_multiple_data_points_with_base_fields() -> None:
    found = pack(
        {"bn": "urn:dev:ow:10e2073a0108006:", "bt": 1.276020076001e9, "bu": "A", "bver": 5, "n": "voltage"}
        | {"u": "V", "v": 120.1},
        {"n": "current", "t": -5, "v": 1.2},
        {"n": "current", "t": -4, "v": 1.3},
        {"n": "current", "v": 1.7},
    )
    device = "10e2073a0108006"
    assert [record.key for record in found] == [Key(device, "voltage", "V", None, "gateway-7")] + 3 * [
        Key(device, "current", "A", None, "gateway-7")
    ]
    assert [record.time_us for record in found] == [
        1_276_020_076_001_000,
        1_276_020_071_001_000,
        1_276_020_072_001_000,
        1_276_020_076_001_000,
    ]
    assert [record.value for record in found] == [120.1, 1.2, 1.3, 1.7]
    assert not any(record.from_now for record in found)


def test_times_below_2_to_the_28_count_from_now() -> None:
    found = pack({"n": "stage", "v": 1, "t": 2**28}, {"n": "stage", "v": 1, "t": 2**28 - 1}, {"n": "stage", "v": 1})
    assert [record.from_now for record in found] == [False, True, True]
    assert [record.time_us for record in found] == [2**28 * 1e6, (2**28 - 1) * 1e6, 0.0]


def test_the_sum_of_base_time_and_time_tells_whether_it_counts_from_now() -> None:
    (found,) = pack({"bt": T_S, "n": "stage", "t": -60, "v": 1})
    assert (found.time_us, found.from_now) == ((T_S - 60) * 1e6, False)


def test_a_base_value_is_added_to_numbers_alone() -> None:
    found = pack({"bv": 100, "n": "stage", "v": 1.5}, {"n": "smoke", "vb": True}, {"n": "smoke", "vs": "alarm"})
    assert [record.value for record in found] == [101.5, 1.0, "alarm"]


def test_base_fields_hold_until_they_are_given_again() -> None:
    found = pack(
        {"bn": "a/", "bt": T_S, "bu": "m", "bv": 10, "n": "stage", "v": 1},
        {"n": "stage", "v": 2},
        {"bn": "b/", "bt": T_S + 5, "bu": "cm", "bv": 20, "n": "stage", "v": 3},
        {"bn": "", "bt": 0, "bv": 0, "n": "stage", "v": 4},
    )
    assert [(record.key.device, record.key.unit, record.value) for record in found] == [
        ("a", "m", 11),
        ("a", "m", 12),
        ("b", "cm", 23),
        ("gateway-7", "cm", 4),
    ]
    assert [record.time_us for record in found] == [T_US, T_US, T_US + 5e6, 0.0]
    assert found[-1].from_now


def test_a_record_of_base_fields_alone_is_no_reading() -> None:
    assert len(pack({"bn": "a/", "bt": T_S}, {"n": "stage", "v": 2})) == 1


@pytest.mark.parametrize(
    ("name", "device", "quantity"),
    [
        ("stage", "gateway-7", "stage"),
        ("cuntan/stage", "cuntan", "stage"),
        ("/stage", "gateway-7", "stage"),
        ("urn:dev:mac:0024befffe804ff1/stage", "0024befffe804ff1", "stage"),
        ("urn:dev:ow:cuntan:stage", "cuntan", "stage"),
        ("", "gateway-7", ""),
        ("寸滩/stage", "寸滩", "stage"),
    ],
)
def test_names(name: str, device: str, quantity: str) -> None:
    (found,) = pack({"n": name, "v": 1})
    assert (found.key.device, found.key.quantity) == (device, quantity)


def test_datum_is_a_label_of_ours() -> None:
    assert pack({"n": "stage", "v": 1, "datum": "wusong"})[0].key.datum == "wusong"


@pytest.mark.parametrize("item", [{"vd": "aGk"}, {"s": 5.0}])
def test_data_and_sums_cannot_be_judged(item: dict[str, Any]) -> None:
    (found,) = pack({"n": "stage", **item})
    assert isinstance(found.value, float) and math.isnan(found.value)


@pytest.mark.parametrize(
    "label", [b'"foo_"', b'"foo\\u005f"', b'"_"', b'"bt_"', b'"\\u0066oo\\u005F"'], ids=lambda raw: raw.decode()
)
def test_a_label_that_must_be_understood_and_is_not(label: bytes) -> None:
    assert refusal(senml_records, b'[{"n":"stage","v":1},{"n":"stage","v":2,' + label + b":1}]") == "malformed"


def test_an_underscore_elsewhere_is_no_such_label() -> None:
    assert len(pack({"n": "stage_", "v": 1, "_x": 1, "x_y": {"z_": 1}})) == 1


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        [{}],
        [{"bn": "a"}],
        [1],
        [{"n": "stage", "v": 1, "bver": 11}],
        [{"n": "stage", "v": "1"}],
        [{"n": "stage", "vb": 1}],
        [{"n": "stage", "vs": 1}],
        [{"n": 5, "v": 1}],
        [{"n": "stage", "v": 1, "bver": 10**30}],
        [{"n": "a", "v": 1}] * 10_001,
        [{"n": "a" * 60_000, "v": 1}],  # names are remembered: memory that strangers could fill
        [{"n": "a", "u": "m" * 60_000, "v": 1}],
    ],
)
def test_packs_that_are_refused_whole(payload: Any) -> None:
    assert refusal(senml_records, payload) == "malformed"


@pytest.mark.parametrize("item", [{"t": 1e11}, {"bt": 1e11}, {"bt": 1e308, "t": 1e308}, {"t": -1e11}])
def test_times_that_are_no_seconds(item: dict[str, float]) -> None:
    assert refusal(senml_records, [{"n": "stage", "v": 1, **item}]) == "time"


def test_a_pack_of_the_largest_size_is_read() -> None:
    assert len(senml_records(SENML, json.dumps([{"n": "a", "v": 1}] * 10_000).encode())) == 10_000


def report(**properties: Any) -> dict[str, Any]:
    return {"services": [{"service_id": "s", "event_time": "20200820T000000Z", "properties": properties}]}


def huawei(document: Any) -> list[Record]:
    return huawei_records(HUAWEI, json.dumps(document).encode())


def test_huawei_one_record_a_property() -> None:
    found = huawei(report(stage=191.55, smoke=True, door="open", nothing=None, unit="m", datum="wusong"))
    assert found == [
        Record(Key(HUAWEI.device, "stage", "m", "wusong"), T_US, 191.55),
        Record(Key(HUAWEI.device, "smoke", "m", "wusong"), T_US, 1.0),
        Record(Key(HUAWEI.device, "door", "m", "wusong"), T_US, "open"),
    ]


def test_huawei_services_have_times_of_their_own() -> None:
    document = report(rain=1)
    document["services"].append({"properties": {"rain": 2}, "event_time": "20200820T000500Z"})
    assert [record.time_us for record in huawei(document)] == [T_US, T_US + 300_000_000]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "malformed"),
        ({"services": []}, "malformed"),
        (report(), "malformed"),
        (report(unit="m"), "malformed"),
        (report(deep={"a": 1}), "malformed"),
        ({"services": [{"properties": {"rain": 1}}]}, "time"),
        ({"services": [{"properties": {"rain": 1}, "event_time": "20200820T000000"}]}, "time"),
        ({"services": [{"properties": {"rain": 1}, "event_time": 5}]}, "malformed"),
    ],
)
def test_huawei_reports_that_are_refused(document: Any, reason: str) -> None:
    assert refusal(huawei_records, document, HUAWEI) == reason


def test_the_clock() -> None:
    assert clock_us(b'{"time":"2020-08-20T08:00:00+08:00"}') == T_US


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b'{"time":5}',
        b'{"time":"2020-08-20T08:00:00"}',
        # No moment that the database or Python could hold: it would end the pipeline again and again.
        b'{"time":"9999-12-31T23:59:59-12:00"}',
        b'{"time":"0001-01-01T00:00:00+12:00"}',
    ],
)
def test_a_clock_that_is_refused(payload: bytes) -> None:
    with pytest.raises(Refused):
        clock_us(payload)


_word = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), max_size=8)
_quantity = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), max_size=8)
_record = st.builds(
    Record,
    st.builds(Key, _word.filter(bool), _quantity, st.none() | _word.filter(bool), st.none() | _word, st.just("")),
    st.floats((2**28 + 1) * 1e6, 2**32 * 1e6),
    st.floats(allow_nan=False, allow_infinity=False) | _word,
)


@given(_record)
def test_what_is_kept_of_a_pack_decodes_to_the_same_reading(record: Record) -> None:
    """To the microsecond until 2106, whatever signs the device's name has in the topic."""
    (again,) = senml_records(Route(format="senml", device=record.key.device), senml_of(record))
    assert again.key == record.key
    assert again.value == record.value
    assert round(again.time_us) == round(record.time_us)
    assert not again.from_now
