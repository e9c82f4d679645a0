"""Batches to columns: every reading lands in one place, the same in any batching, whatever the bytes."""

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.gather import Fault, Gathered, Gatherer, Limits, Message, conflict_fault
from ingest.payloads import Key
from ingest.quantities import load_quantities
from ingest.registry import Registry, Retirement, Sensor
from ingest.topics import load_topic_map

MINUTE_US = 60_000_000
NOW_S = 1_597_881_600  # 2020-08-20 00:00 UTC
NOW_US = NOW_S * 10**6
LIMITS = Limits(skew_us=5 * MINUTE_US, lateness_us=60 * MINUTE_US, earliest_us=946_684_800_000_000)
STAGE, DEPTH, SMOKE, HEAT, PUMP = 1, 2, 4, 7, 9


def sensor(sensor_id: int, device: str, quantity: str, unit: str, datum: str | None = None) -> Sensor:
    return Sensor(id=sensor_id, name=f"{device}-{quantity}", device=device, quantity=quantity, unit=unit, datum=datum)


REGISTRY = Registry(
    [
        sensor(STAGE, "cuntan", "stage", "m", "wusong"),
        sensor(DEPTH, "street", "water_depth", "m"),
        sensor(SMOKE, "box", "smoke", "dimensionless"),
        sensor(HEAT, "hall", "air_temperature", "Cel"),
        sensor(PUMP, "aa:bb", "rain", "mm"),
    ],
    load_quantities(),
)
TOPICS = load_topic_map()
GATHERER = Gatherer(REGISTRY, TOPICS, LIMITS, follow_clock=True)


def message(topic: str, payload: Any) -> Message:
    return Message(topic=topic, payload=payload if isinstance(payload, bytes) else json.dumps(payload).encode())


def stage(value: object = 180.0, time: object = NOW_S, **more: object) -> Message:
    return message("cq/500105/cuntan/stage", {"value": value, "time": time, "unit": "m", "datum": "wusong"} | more)


def pack(*items: dict[str, Any], device: str = "gateway") -> Message:
    return message(f"cq/500105/{device}/senml", list(items))


def clock(text: str) -> Message:
    return message("cq/clock", {"time": text})


def gather(*messages: Message, follow_clock: bool = True, told: bool = False) -> Gathered:
    return Gatherer(REGISTRY, TOPICS, LIMITS, follow_clock=follow_clock).gather(messages, NOW_US, told=told)


def only_fault(gathered: Gathered) -> Fault:
    (fault,) = gathered.faults
    return fault


def rows(gathered: Gathered) -> list[tuple[int, int, float, bool]]:
    columns = (gathered.sensor, gathered.time_us, gathered.value, gathered.late)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_a_reading_becomes_a_row_in_the_sensors_unit() -> None:
    found = gather(
        stage(18_000, unit="cm"),
        message("cq/500105/hall/air_temperature", {"value": 310.15, "time": NOW_S, "unit": "K"}),
    )
    assert rows(found) == [(STAGE, NOW_US, 180.0, False), (HEAT, NOW_US, pytest.approx(37.0), False)]
    assert found.faults == [] and found.message.tolist() == [0, 1]
    assert [str(column.dtype) for column in (found.sensor, found.time_us, found.value)] == ["int32", "int64", "float64"]


def test_an_empty_batch() -> None:
    found = gather()
    assert rows(found) == [] and found.faults == [] and found.clock_us == NOW_US


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (message("cq/500105/nobody/stage", {"value": 1, "time": NOW_S}), "unknown_sensor"),
        (message("cq/500105/cuntan/rain", {"value": 1, "time": NOW_S}), "unknown_sensor"),
        (message("elsewhere", {"value": 1, "time": NOW_S}), "topic"),
        (stage(unit="kg"), "unit"),
        (stage(unit=""), "unit"),
        (stage(datum="huanghai"), "datum"),
        (stage(datum=""), "datum"),
        (stage(datum=None), "datum"),
        (stage(datum="Wusong"), "datum"),
        (message("cq/500105/street/water_depth", {"value": 1, "time": NOW_S, "datum": "wusong"}), "datum"),
        (stage(9001), "value"),
        (stage(-161), "value"),
        (stage("high"), "value"),
        (message("cq/500105/box/smoke", {"value": "smouldering", "time": NOW_S}), "value"),
        (message("cq/500105/box/smoke", {"value": 2, "time": NOW_S}), "value"),
        (stage(time=NOW_S + 301), "time_ahead"),
        (stage(time=9e9), "time_ahead"),
        (stage(time="9999-12-31T23:59:59-12:00"), "time_ahead"),
        (stage(time=0), "time_unset"),
        (stage(time=-1e10), "time_unset"),
        (stage(time="0001-01-01T00:00:00+12:00"), "time_unset"),
        (stage(time="1999-12-31T23:59:59Z"), "time_unset"),
        (stage(time=NOW_S * 1000), "time"),
        (stage(time=None), "time"),
        (stage([1]), "malformed"),
    ],
)  # fmt: skip
def test_what_is_refused_and_why(sent: Message, reason: str) -> None:
    found = gather(sent)
    fault = only_fault(found)
    assert rows(found) == []
    assert fault.reason == reason and fault.detail
    assert (fault.topic, fault.payload) == (sent.topic, sent.payload)  # whole: it can be put through again


@pytest.mark.parametrize(("word", "meant"), [("alarm", 1), ("normal", 0), (True, 1), (0, 0)])
def test_words_that_stand_for_numbers(word: object, meant: float) -> None:
    found = gather(message("cq/500105/box/smoke", {"value": word, "time": NOW_S}))
    assert rows(found) == [(SMOKE, NOW_US, meant, False)]


def test_the_possible_range_is_in_the_sensors_unit() -> None:
    topic = "cq/500105/street/water_depth"
    found = gather(*(message(topic, {"value": value, "time": NOW_S}) for value in (20, 20.1, 0, -0.1)))
    assert found.value.tolist() == [20, 0]
    assert [fault.reason for fault in found.faults] == ["value", "value"]


def test_the_edges_of_the_allowed_times() -> None:
    earliest_s = LIMITS.earliest_us / 1e6
    found = gather(*(stage(time=time) for time in (NOW_S + 300, earliest_s, NOW_S - 3600, NOW_S - 3600.000001)))
    assert found.faults == []
    assert found.late.tolist() == [False, True, False, True]


def test_an_old_reading_is_late_and_no_error() -> None:
    assert rows(gather(stage(time="2012-07-24T05:00:00+08:00"))) == [(STAGE, 1_343_077_200_000_000, 180.0, True)]


def test_relative_times_are_resolved_by_the_clock_that_was_told_before_them() -> None:
    item = {"bn": "street/", "n": "water_depth", "u": "cm", "v": 5}
    found = gather(
        pack(item | {"t": -60}),
        clock("2020-08-18T00:00:00Z"),
        pack(item | {"t": -60}, item | {"n": "nothing", "t": -5}),
        clock("2020-08-18T01:00:00Z"),
        pack(item),
    )
    told_us = NOW_US - 2 * 86_400_000_000
    assert found.time_us.tolist() == [NOW_US - MINUTE_US, told_us - MINUTE_US, told_us + 60 * MINUTE_US]
    assert not found.late.any()
    fault = only_fault(found)
    assert json.loads(fault.payload)[0]["t"] == told_us / 1e6 - 5, "kept with the time that it meant then"


def test_a_relative_time_ahead_of_now() -> None:
    assert only_fault(gather(pack({"n": "street/water_depth", "v": 1, "t": 301}))).reason == "time_ahead"
    assert gather(pack({"n": "street/water_depth", "v": 1, "t": 299})).faults == []


def test_the_first_clock_told_replaces_the_machines_and_later_ones_only_move_forward() -> None:
    earlier, much_earlier = "2020-08-18T00:00:00Z", "2020-08-17T00:00:00Z"
    earlier_us = NOW_US - 2 * 86_400_000_000
    found = gather(clock(earlier))
    assert (found.clock_us, found.clock_told) == (earlier_us, True)
    assert gather(clock(earlier), clock(much_earlier)).clock_us == earlier_us
    assert gather(clock(much_earlier), clock(earlier)).clock_us == earlier_us
    assert gather(clock(earlier), told=True).clock_us == NOW_US


def test_readings_are_judged_by_the_clock_of_their_arrival() -> None:
    found = gather(clock("2020-08-18T00:00:00Z"), stage(time=NOW_S), clock("2020-08-20T02:00:00Z"), stage(time=NOW_S))
    assert only_fault(found).reason == "time_ahead"
    assert rows(found) == [(STAGE, NOW_US, 180.0, True)]


def test_a_pipeline_on_the_machines_time_refuses_a_clock() -> None:
    found = gather(clock("2020-08-18T00:00:00Z"), follow_clock=False)
    assert only_fault(found).reason == "clock"
    assert (found.clock_us, found.clock_told) == (NOW_US, False)


def test_a_clock_that_cannot_be_read_changes_nothing() -> None:
    found = gather(clock("soon"), clock("9999-12-31T23:59:59-12:00"), stage())
    assert [fault.reason for fault in found.faults] == ["time", "time"]
    assert len(rows(found)) == 1 and not found.clock_told


def again(fault: Fault) -> Message:
    return Message(topic=fault.topic, payload=fault.payload, quarantine_id=1)


def test_of_a_pack_only_the_faulty_parts_are_refused_and_kept() -> None:
    sent = pack(
        {"bn": "street/", "bt": NOW_S, "bu": "cm", "n": "water_depth", "v": 5},
        {"n": "water_depth", "t": -60, "v": 2001},
        {"n": "rain", "t": -60, "v": 1},
        {"n": "water_depth", "t": -30, "v": 6},
    )
    found = gather(sent)
    assert found.value.tolist() == [0.06, 0.05], "by their times"
    assert [fault.reason for fault in found.faults] == ["unknown_sensor", "value"]
    assert [json.loads(fault.payload) for fault in found.faults] == [
        [{"n": "street/rain", "t": NOW_S - 60, "v": 1, "u": "cm"}],
        [{"n": "street/water_depth", "t": NOW_S - 60, "v": 2001, "u": "cm"}],
    ]
    assert [fault.topic for fault in found.faults] == [sent.topic, sent.topic]
    assert found.faults[1].sensor_id == DEPTH and found.faults[1].time_us == NOW_US - MINUTE_US


def test_a_part_that_is_refused_again_is_the_same_fault() -> None:
    """Else the one that was put through again would be released, and a second one kept beside it."""
    messages = (
        pack({"bn": "street/", "n": "water_depth", "v": 2001}, {"n": "rain", "t": -9, "v": 1}),
        pack({"n": "rain", "v": 501, "t": -5}, {"n": "rain", "v": 502}, device="aa:bb"),
        message(
            "$oc/devices/aa:bb/sys/properties/report",
            {"services": [{"event_time": "20200820T000000Z", "properties": {"rain": 501, "a/b": 1, "": "x"}}]},
        ),
        stage(9001),
        message("nowhere", b"\0\xff"),
    )
    first = gather(*messages).faults
    second = [only_fault(gather(again(fault))) for fault in first]
    assert len(first) == 9
    assert [(fault.topic, fault.payload) for fault in second] == [(fault.topic, fault.payload) for fault in first]
    assert [fault.reason for fault in first] == [fault.reason for fault in second]


def test_parts_of_other_formats_come_back_as_the_same_readings() -> None:
    """A device id with colons, as made of a hardware address, is not cut."""
    strangers = Gatherer(Registry([], load_quantities()), TOPICS, LIMITS, follow_clock=True)
    sent = [
        message(
            "$oc/devices/aa:bb/sys/properties/report",
            {"services": [{"event_time": "20200820T000000Z", "properties": {"rain": 5, "unit": "cm", "other": 1}}]},
        ),
        pack({"n": "rain", "v": 7, "t": NOW_S - 60}, {"n": "other", "v": 1}, device="aa:bb"),
    ]
    faults = strangers.gather(sent, NOW_US).faults
    found = gather(*(again(fault) for fault in faults if b"rain" in fault.payload))
    assert rows(found) == [(PUMP, NOW_US, 50.0, False), (PUMP, NOW_US - MINUTE_US, 7.0, False)]


@pytest.mark.parametrize(
    "sent",
    [
        # Never set, the device's clock says 1970; as SenML that would read "now".
        message(
            "$oc/devices/aa:bb/sys/properties/report",
            {"services": [{"event_time": "19700101T000000Z", "properties": {"rain": 5, "other": 1}}]},
        ),
        message(
            "$oc/devices/aa:bb/sys/properties/report",
            {"services": [{"event_time": "19691231T235959Z", "properties": {"rain": 5, "other": 1}}]},
        ),
        pack({"n": "street/water_depth", "v": 1, "t": -NOW_S - 60}),
        Message(topic="cq/500105/gateway/senml", payload=b'[{"n":"street/water_depth","v":1}]'),
    ],
)
def test_what_was_refused_does_not_become_a_reading_of_now(sent: Message) -> None:
    """A time relative to its arrival is not one relative to the hour of its release."""
    first = gather(sent).faults or [
        Fault(reason="topic", detail="not mapped then", topic=sent.topic, payload=sent.payload)
    ]
    found = gather(*(again(fault) for fault in first))
    assert rows(found) == []
    assert [(fault.topic, fault.payload) for fault in found.faults] == [(f.topic, f.payload) for f in first]


def test_a_conflict_is_kept_as_the_reading_that_was_sent() -> None:
    sent = [stage(), pack({"n": "street/water_depth", "u": "cm", "v": 5, "t": NOW_S}, {"n": "x", "v": 1})]
    found = gather(*sent)
    faults = [conflict_fault(found, row, sent, REGISTRY) for row in (0, 1)]
    assert [fault.reason for fault in faults] == ["conflict", "conflict"]
    assert faults[0].payload == sent[0].payload
    assert rows(gather(*(again(fault) for fault in faults))) == rows(found)


def columns(gathered: Gathered) -> list[Any]:
    return [
        value.tolist() if isinstance(value := getattr(gathered, f.name), np.ndarray) else value
        for f in fields(gathered)
    ]


_topics = st.sampled_from(
    ["cq/clock", "cq/500105/cuntan/stage", "cq/500105/gateway/senml", "$oc/devices/aa:bb/sys/properties/report", "x"]
)
_times = st.sampled_from([NOW_S, NOW_S - 7200, NOW_S + 600, 0, -60, None, "2020-08-20T08:00:00+08:00", 1e300, "x"])
_values: st.SearchStrategy[object] = st.sampled_from([1, 180.5, -1e9, 1e308, "alarm", True, None, [], "x"])
_names = st.sampled_from(["cuntan/stage", "street/water_depth", "box/smoke", "x", "a/b/c", "\0/\0", "aa:bb/rain"])
_units = st.sampled_from([None, "m", "cm", "kg", "9**9**9", "\0"])
_items = st.fixed_dictionaries(
    {},
    optional={"bn": _names, "n": _names, "v": _values, "vs": _values, "vb": _values, "t": _times, "bt": _times}
    | {"u": _units, "bu": _units, "datum": st.sampled_from(["wusong", "", "x"]), "bv": _values, "x_": _values},
)
_services = st.fixed_dictionaries(
    {"properties": st.dictionaries(st.sampled_from(["rain", "unit", "datum", "x", "a/b"]), _values)},
    optional={"event_time": st.sampled_from(["20200820T000000Z", "19700101T000000Z", "x", None])},
)
_documents = (
    st.fixed_dictionaries({}, optional={"value": _values, "time": _times, "unit": _units, "datum": _units})
    | st.lists(_items, max_size=4)
    | st.fixed_dictionaries({"services": st.lists(_services, max_size=3)})
    | st.fixed_dictionaries({"time": st.sampled_from(["2020-08-19T00:00:00Z", "2020-08-21T00:00:00Z", "x"])})
)
_hostile = st.binary(max_size=80) | st.sampled_from(
    [b"[" * 5000, b'{"value":NaN}', b'{"value":1e999,"time":1}', b'[{"n":"a","v":' + b"9" * 4400 + b"}]", b'"\\ud800"']
)
_messages = st.lists(
    st.builds(message, _topics, _documents) | st.builds(message, _topics | st.text(max_size=9), _hostile), max_size=8
)


@settings(max_examples=400, deadline=None)
@given(_messages)
def test_nothing_whatever_makes_it_raise_and_every_message_is_accounted_for(messages: list[Message]) -> None:
    found = GATHERER.gather(messages, NOW_US)
    assert np.isfinite(found.value).all()
    assert (found.time_us >= LIMITS.earliest_us).all()
    assert all(fault.reason and fault.detail for fault in found.faults)
    told = sum(one.topic == "cq/clock" for one in messages)
    assert len(found.sensor) + len(found.faults) >= len(messages) - told
    assert len(found.records) == len(found.splits) == len(found.sensor)
    for fault in found.faults:  # put through again it is a reading or a fault
        once_more = GATHERER.gather([again(fault)], NOW_US)
        assert len(once_more.sensor) + len(once_more.faults) >= (fault.topic != "cq/clock")


@settings(max_examples=200, deadline=None)
@given(_messages, st.data())
def test_any_batching_gives_the_same(messages: list[Message], data: st.DataObject) -> None:
    whole = GATHERER.gather(messages, NOW_US)
    cut = data.draw(st.integers(0, len(messages)))
    parts = _in_two(messages, cut)
    assert rows(whole) == rows(parts[0]) + rows(parts[1])
    assert _sorted(whole.faults) == _sorted(parts[0].faults + parts[1].faults)
    assert whole.clock_us == parts[1].clock_us


def _in_two(messages: Sequence[Message], cut: int) -> tuple[Gathered, Gathered]:
    first = GATHERER.gather(messages[:cut], NOW_US)
    return first, GATHERER.gather(messages[cut:], first.clock_us, told=first.clock_told)


def _sorted(faults: list[Fault]) -> list[tuple[str, bytes, str, str]]:
    return sorted((fault.topic, fault.payload, fault.reason, fault.detail) for fault in faults)


def test_rounding_happens_once() -> None:
    """A float64 of seconds resolves a quarter of a microsecond; the nearest one is meant."""
    found = gather(*(stage(time=NOW_S + n / 1e6) for n in range(1000)))
    assert found.time_us.tolist() == [NOW_US + n for n in range(1000)]


def test_what_strangers_send_is_not_remembered() -> None:
    registry = Registry([sensor(1, "cuntan", "stage", "m", "wusong")], load_quantities())
    gatherer = Gatherer(registry, TOPICS, LIMITS, follow_clock=True)
    gatherer.gather([message(f"cq/500105/device{n}/stage", {"value": 1, "time": NOW_S}) for n in range(50)], NOW_US)
    gatherer.gather([stage(unit=f"x{n}") for n in "abcdefgh"], NOW_US)
    assert registry._channels == {}


def test_a_registry_without_sensors() -> None:
    found = Gatherer(Registry([], load_quantities()), TOPICS, LIMITS, follow_clock=False).gather([stage()], NOW_US)
    assert only_fault(found).reason == "unknown_sensor"


@pytest.mark.parametrize("unit", ["Cel", "degC", "K", "degF", "°C", "℃"])
def test_a_sensor_in_any_unit_that_its_quantity_knows(unit: str) -> None:
    registry = Registry([sensor(3, "hall", "air_temperature", unit)], load_quantities())
    into = registry.channel(Key("hall", "air_temperature", "Cel", None))
    low, high = ((limit - into.offset) / into.scale for limit in (registry.low[3], registry.high[3]))
    assert (low, high) == (pytest.approx(-60), pytest.approx(60))


def test_a_sensor_whose_unit_no_longer_fits_does_not_stop_the_others() -> None:
    """Someone wrote to the table, or changed quantities.toml: its readings are refused, the pipeline runs."""
    registry = Registry(
        [sensor(1, "cuntan", "stage", "m", "wusong"), sensor(2, "odd", "rain", "furlongs of rain")], load_quantities()
    )
    found = Gatherer(registry, TOPICS, LIMITS, follow_clock=False).gather(
        [stage(), message("cq/500105/odd/rain", {"value": 1, "time": NOW_S, "unit": "mm"})], NOW_US
    )
    assert found.sensor.tolist() == [1]
    assert only_fault(found).reason == "unit"


def test_a_pack_is_read_by_its_times_whatever_its_order() -> None:
    ascending = [{"n": "street/water_depth", "t": NOW_S - 60 + k, "v": float(k)} for k in range(3)]
    assert rows(gather(pack(*reversed(ascending)))) == rows(gather(pack(*ascending)))


def test_a_message_sent_again_does_not_mean_another_now() -> None:
    sent = pack({"n": "street/water_depth", "v": 1})
    assert len(rows(gather(sent))) == 1
    fault = only_fault(gather(replace(sent, again=True)))
    assert fault.reason == "time"
    # An absolute time stays what it is however often it comes.
    assert len(rows(gather(replace(pack({"n": "street/water_depth", "t": NOW_S, "v": 1}), again=True)))) == 1


def test_once_a_gateway_is_named_nobody_else_speaks_for_the_device() -> None:
    bound = Registry([replace(sensor(DEPTH, "street", "water_depth", "m"), gateway="gateway")], load_quantities())
    gatherer = Gatherer(bound, TOPICS, LIMITS, follow_clock=True)
    item = {"n": "street/water_depth", "t": NOW_S, "v": 1}
    for device, reasons in {"gateway": [], "street": [], "stranger": ["foreign"]}.items():
        found = gatherer.gather([pack(item, device=device)], NOW_US)
        assert [fault.reason for fault in found.faults] == reasons, device


def test_readings_of_a_time_when_the_sensor_stood_nowhere() -> None:
    ends, again = (NOW_S - 3600) * 10**6, (NOW_S - 1800) * 10**6
    retired = [
        Retirement(sensor_id=STAGE, since_us=again + 60 * 10**6, until_us=np.iinfo(np.int64).max),
        Retirement(sensor_id=STAGE, since_us=ends, until_us=again),
    ]
    registry = Registry([sensor(STAGE, "cuntan", "stage", "m", "wusong")], load_quantities(), retired)
    times = [NOW_S - 3601, NOW_S - 3600, NOW_S - 1801, NOW_S - 1800, NOW_S - 1740]
    gatherer = Gatherer(registry, TOPICS, LIMITS, follow_clock=False)
    found = gatherer.gather([stage(time=time) for time in times], NOW_US)
    assert (found.time_us // 10**6).tolist() == [times[0], times[3]]
    assert [(fault.reason, fault.time_us) for fault in found.faults] == [
        ("retired_sensor", times[row] * 10**6) for row in (1, 2, 4)
    ]
    assert "sensor cuntan-stage: it is retired since 2020-08-20T07:00:00+08:00" in found.faults[0].detail


def test_a_sensor_that_never_stood_anywhere() -> None:
    always = Retirement(sensor_id=STAGE, since_us=np.iinfo(np.int64).min, until_us=np.iinfo(np.int64).max)
    registry = Registry([sensor(STAGE, "cuntan", "stage", "m", "wusong")], load_quantities(), [always])
    found = Gatherer(registry, TOPICS, LIMITS, follow_clock=False).gather([stage()], NOW_US)
    assert [fault.reason for fault in found.faults] == ["retired_sensor"]
    assert "it is retired: switch" in found.faults[0].detail
