"""Payload bytes to records, one function a format. Nothing here knows the registry or the clock.

A record's time is in microseconds since the epoch (a float, exact below 2^53); a time that
RFC 8428 gives relative to "now" is marked so, and resolved by the caller's clock.
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TypeVar

import msgspec

from ingest.errors import Refused
from ingest.topics import Route

_RELATIVE_BELOW_S = 2**28  # RFC 8428, 4.5.3: smaller times count from now
_SENML_VERSION = 10
_SECONDS_MAX = 1e10  # since the epoch, or before it
_RECORDS_MAX = 10_000
_KEYS_KEPT = 200_000
_KEY_LONGEST = 500
T = TypeVar("T")


class Key(NamedTuple):
    """What names a sensor, and what the device says of unit and height system."""

    device: str
    quantity: str
    unit: str | None
    datum: str | None
    sender: str = ""  # the topic's device, where it speaks for another one


class Record(NamedTuple):
    """One reading as sent."""

    key: Key
    time_us: float  # since the epoch, or from now
    value: float | str  # a word is looked up in the quantity's states
    from_now: bool = False


class _Single(msgspec.Struct):
    value: float | bool | str | None = None
    time: str | float | None = None
    unit: str | None = None
    datum: str | None = None


class _Senml(msgspec.Struct):
    bn: str | None = None
    bt: float | None = None
    bu: str | None = None
    bv: float | None = None
    bver: int = _SENML_VERSION
    n: str = ""
    u: str | None = None
    v: float | None = None
    vb: bool | None = None
    vs: str | None = None
    vd: str | None = None
    s: float | None = None
    t: float = 0.0
    datum: str | None = None  # ours: the height system of a stage


class _Service(msgspec.Struct):
    properties: dict[str, float | bool | str | None]
    event_time: str | None = None
    service_id: str = ""


class _Report(msgspec.Struct):
    services: list[_Service]


class _Clock(msgspec.Struct):
    time: str


_single = msgspec.json.Decoder(_Single)
_senml = msgspec.json.Decoder(list[_Senml])
_senml_raw = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_report = msgspec.json.Decoder(_Report)
_clock = msgspec.json.Decoder(_Clock)

_tuple = tuple.__new__


def _read(decoder: Callable[[bytes], T], payload: bytes) -> T:
    try:
        return decoder(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("malformed", f"the payload cannot be read: {error}") from error


def json_records(route: Route, payload: bytes) -> list[Record]:
    """`{"value": 191.55, "time": "2020-08-20T08:00:00+08:00", "unit": "m", "datum": "wusong"}`.

    `time` is ISO 8601 with an offset, or seconds since the epoch.
    """
    found = _read(_single.decode, payload)
    if found.value is None:
        raise Refused("malformed", 'the payload has no "value": send {"value": number, "time": "…+08:00"}')
    key = Key(route.device, route.quantity, found.unit, found.datum)
    return [Record(key, _time_us(found.time), _number(found.value))]


def _number(value: float | bool | str) -> float | str:
    return value if isinstance(value, str) else float(value)


def _time_us(time: str | float | None) -> float:
    if isinstance(time, str):
        return iso_us(time)
    if time is None:
        raise Refused("time", 'the reading has no "time": send its own time, ISO 8601 with an offset')
    return _finite(time) * 1e6


def iso_us(text: str) -> float:
    """ISO 8601 with an offset → µs since the epoch; raises Refused("time", …)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused("time", f"the time {text[:60]!r} is not ISO 8601: send 2020-08-20T08:00:00+08:00") from error
    if moment.tzinfo is None:
        raise Refused("time", f"the time {text[:60]!r} has no offset: add +08:00 or Z")
    return round(moment.timestamp() * 1e6)


def _finite(number: float) -> float:
    if not -_SECONDS_MAX <= number <= _SECONDS_MAX:  # true for NaN too
        raise Refused("time", f"the time {number!r} is no number of seconds since the epoch")
    return number


def senml_records(route: Route, payload: bytes) -> list[Record]:
    """A SenML pack (RFC 8428): base fields, relative times, units, numbers, booleans and words.

    A record's name is `quantity`, or `device/quantity` (also `urn:dev:…:device/quantity`)
    where a gateway speaks for others; the topic's device stands in where none is named.
    """
    pack = _read(_senml.decode, payload)
    if len(pack) > _RECORDS_MAX:
        raise Refused(
            "malformed", f"the pack has {len(pack)} records, at most {_RECORDS_MAX} are read: send smaller ones"
        )
    if b'_"' in payload or b"\\u" in payload:  # an underscore may be written \u005f
        _refuse_unknown_labels(payload)
    base_name, base_time, base_unit, base_value = "", 0.0, None, 0.0
    records = []
    for item in pack:
        if item.bver > _SENML_VERSION:
            raise Refused("malformed", f"SenML version {item.bver} is not known: send bver {_SENML_VERSION} or none")
        # A base of 0 or "" is one too: it ends the one before.
        base_name = base_name if item.bn is None else item.bn
        base_time = base_time if item.bt is None else item.bt
        base_unit = base_unit if item.bu is None else item.bu
        base_value = base_value if item.bv is None else item.bv
        if item.v is None and item.vb is None and item.vs is None and item.vd is None and item.s is None:
            continue  # a record of base fields only
        seconds = base_time + item.t
        if not -_SECONDS_MAX <= seconds <= _SECONDS_MAX:  # true for NaN too
            _finite(seconds)
        key = _key(base_name + item.n, route.device, item.u or base_unit, item.datum)
        value = item.v + base_value if item.v is not None else _other_value(item)
        # As Record(…) would, at half its cost: this line is run for every reading there is.
        records.append(_tuple(Record, (key, seconds * 1e6, value, seconds < _RELATIVE_BELOW_S)))
    if not records:
        raise Refused("malformed", "the pack holds no value")
    return records


def _other_value(item: _Senml) -> float | str:
    if item.vb is not None:
        return float(item.vb)
    if item.vs is not None:
        return item.vs
    return math.nan  # vd and s alone say nothing that can be judged: refused as an impossible value


@lru_cache(maxsize=_KEYS_KEPT)
def _key(name: str, device: str, unit: str | None, datum: str | None) -> Key:
    """A sensor sends the same name over and over; what strangers send is remembered too, so it must not be large."""
    if len(name) + len(unit or "") + len(datum or "") > _KEY_LONGEST:
        raise Refused("malformed", f"name, unit and datum of a record have more than {_KEY_LONGEST} characters")
    head, slash, quantity = name.rpartition("/")
    if not slash:
        head, _, quantity = name.rpartition(":")
    named = head.rpartition(":")[2] or device
    return Key(named, quantity, unit, datum, "" if named == device else device)


def _refuse_unknown_labels(payload: bytes) -> None:
    """RFC 8428, 4.4: a label that ends in `_` must be understood, or the record must not be used."""
    for item in _read(_senml_raw.decode, payload):
        unknown = [label for label in item if label.endswith("_")]
        if unknown:
            raise Refused("malformed", f"the SenML label {unknown[0]!r} must be understood and is not: leave it out")


def huawei_records(route: Route, payload: bytes) -> list[Record]:
    """Huawei IoTDA `properties/report`: one record per property; `event_time` is UTC (yyyyMMdd'T'HHmmss'Z')."""
    records = []
    for service in _read(_report.decode, payload).services:
        if service.event_time is None:
            raise Refused("time", 'a service has no "event_time": send 20200820T000000Z')
        time_us = iso_us(service.event_time)
        datum = service.properties.get("datum")
        unit = service.properties.get("unit")
        for quantity, value in service.properties.items():
            if quantity in ("datum", "unit") or value is None:
                continue
            key = Key(route.device, quantity, _word(unit), _word(datum))
            records.append(Record(key, time_us, _number(value)))
    if not records:
        raise Refused("malformed", "the report holds no property with a value")
    return records


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


def clock_us(payload: bytes) -> int:
    """`{"time": "2020-08-20T08:00:00+08:00"}` → µs since the epoch."""
    time_us = int(iso_us(_read(_clock.decode, payload).time))
    _finite(time_us / 1e6)  # ISO 8601 can name moments that no timestamp holds
    return time_us


DECODERS: Mapping[str, Callable[[Route, bytes], list[Record]]] = {
    "json": json_records,
    "senml": senml_records,
    "huawei": huawei_records,
}


def senml_of(record: Record) -> bytes:
    """One record as a SenML pack of its own: how a part of a larger message is kept in quarantine."""
    key = record.key
    # In a name a device ends at its last colon; one that holds a colon came from the topic, and stays there.
    device = "" if ":" in key.device else key.device
    # Whole microseconds, which a float64 of seconds gives back exactly (until the year 2106).
    item: dict[str, object] = {"n": f"{device}/{key.quantity}", "t": round(record.time_us) / 1e6}
    if isinstance(record.value, str):
        item["vs"] = record.value
    elif math.isfinite(record.value):
        item["v"] = record.value
    item |= {name: value for name, value in (("u", key.unit), ("datum", key.datum)) if value is not None}
    return msgspec.json.encode([item])
