"""A batch of messages becomes columns of readings, and a list of what had to be refused.

Nothing here touches the network or the database, and the clock is an argument, so the same
messages give the same columns wherever and however often they are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from config.logs import BEIJING
from ingest.errors import Refused
from ingest.payloads import DECODERS, Record, clock_us, senml_of
from ingest.registry import Channel, Registry
from ingest.topics import TopicMap

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What came from the broker, or out of quarantine."""

    topic: str
    payload: bytes
    mid: int = 0  # packet identifier to acknowledge, meaningful within one connection only
    connection: int = 0  # the session's count of connections when it came
    again: bool = False  # the broker says that it may have sent it before
    quarantine_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a reading's time may be, in µs."""

    skew_us: int
    lateness_us: int
    earliest_us: int


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing refused: a whole message, or one reading of it."""

    reason: str
    detail: str
    topic: str
    payload: bytes  # what to keep, and to put through again under this topic
    sensor_id: int | None = None
    time_us: int | None = None


@dataclass(kw_only=True)
class Gathered:
    """Readings in arrival order (value in the sensor's unit), and everything else a batch brought."""

    sensor: NDArray[np.int32]
    time_us: NDArray[np.int64]
    value: NDArray[np.float64]
    late: NDArray[np.bool_]  # came later than the allowed lateness, by the clock of its arrival
    message: NDArray[np.int32]  # index into the batch's messages
    faults: list[Fault]
    clock_us: int  # after the last message
    late_before: int = 0  # what is older is late by the clock after the last message
    clock_told: bool = False  # a clock message was among them
    received: int = 0  # readings that were read, and messages that could not be: counted before anything is decided
    records: list[Record] = field(default_factory=list)  # row by row, for what is refused later
    splits: list[str] = field(default_factory=list)


class Gatherer:
    """Reads batches against one registry, topic map and set of limits."""

    def __init__(self, registry: Registry, topics: TopicMap, limits: Limits, *, follow_clock: bool) -> None:
        self.registry = registry
        self._topics = topics
        self._limits = limits
        self._follow_clock = follow_clock

    def gather(self, messages: Sequence[Message], now_us: int, *, told: bool = False) -> Gathered:
        """Columns of a batch; `now_us` is the clock at its start, moved on by clock messages within it.

        A clock that was `told` only moves forward; the first one told replaces the machine's.
        """
        found = _Found(messages, self.registry, now_us, told=told)
        for index, message in enumerate(messages):
            try:
                self._read(found, index, message)
            except Refused as refused:
                found.received += 1
                found.faults.append(_whole(refused, message))
        return found.columns(self._limits)

    def _read(self, found: "_Found", index: int, message: Message) -> None:
        route = self._topics.route(message.topic)
        if route.format == "other":
            return
        if route.format != "clock":
            records = DECODERS[route.format](route, message.payload)
            splits = route.format if len(records) > 1 else ""
            found.received += len(records)
            found.add(records, index, splits)
        elif self._follow_clock:
            found.move_clock(clock_us(message.payload))
        else:
            raise Refused(
                "clock", "this pipeline keeps the machine's time: start it with --clock mqtt to follow a replay"
            )


# A SenML time under 2^28 s is relative to its arrival, and that is over; nor can a pack name a time before July 1978.
_NO_LONGER_NOW = Refused(
    "time", "its time counts from an arrival that is past, or is that of a clock never set: it cannot be put through"
)


_TIME = attrgetter("time_us")


def _odd(records: list[Record]) -> bool:
    """Whether any of them has a time from now, or a word for a value."""
    return True in [record.from_now for record in records] or str in [record.value.__class__ for record in records]


class _Found:
    """The rows of one batch as they are read; the columns are made of them at the end."""

    def __init__(self, messages: Sequence[Message], registry: Registry, now_us: int, *, told: bool) -> None:
        self.faults: list[Fault] = []
        self.received = 0
        self._messages = messages
        self._registry = registry
        self._clock = now_us
        self._told_before = told
        self._clock_told = False
        self._sensor: list[int] = []
        self._time_us: list[float] = []
        self._value: list[float] = []
        self._arrival: list[int] = []  # the clock when the row came
        self._message: list[int] = []
        self._records: list[Record] = []
        self._splits: list[str] = []  # the format, where the message holds other readings too

    def move_clock(self, told_us: int) -> None:
        known = self._told_before or self._clock_told
        self._clock = max(self._clock, told_us) if known else told_us
        self._clock_told = True

    def add(self, records: list[Record], index: int, splits: str) -> None:
        """The readings of one message, by their time; almost always all of them are of sensors met before."""
        times = [record.time_us for record in records]
        if times != sorted(times):
            # Within a message the sender's order says nothing; between messages the order of arrival counts.
            records = sorted(records, key=_TIME)
            times.sort()
        known = self._registry.known
        channels = [known(record.key) for record in records]
        if None in channels or _odd(records):
            for record in records:
                self._add_one(record, index, splits)
            return
        met = cast("list[Channel]", channels)
        numbers = cast("list[float]", [record.value for record in records])
        self._sensor += [channel.sensor_id for channel in met]
        self._time_us += times
        self._value += [number * channel.scale + channel.offset for number, channel in zip(numbers, met, strict=True)]
        self._keep(records, index, splits)

    def _keep(self, records: list[Record], index: int, splits: str) -> None:
        count = len(records)
        self._arrival += [self._clock] * count
        self._message += [index] * count
        self._records += records
        self._splits += [splits] * count

    def _add_one(self, record: Record, index: int, splits: str) -> None:
        if record.from_now:
            if self._messages[index].again or self._messages[index].quarantine_id is not None:
                self.faults.append(_part(_NO_LONGER_NOW, self._messages[index], record, splits))
                return
            record = record._replace(time_us=record.time_us + self._clock, from_now=False)
            splits = splits or "senml"  # kept with the time it meant, not one that moves with the clock
        try:
            channel = self._registry.channel(record.key)
            sent = record.value
            number = self._registry.state_value(channel.sensor_id, sent) if isinstance(sent, str) else sent
        except Refused as refused:
            self.faults.append(_part(refused, self._messages[index], record, splits))
            return
        self._sensor.append(channel.sensor_id)
        self._time_us.append(record.time_us)
        self._value.append(number * channel.scale + channel.offset)
        self._keep([record], index, splits)

    def columns(self, limits: Limits) -> Gathered:
        sensor = np.array(self._sensor, np.int32)
        time_us = np.rint(np.array(self._time_us, np.float64)).astype(np.int64)
        value = np.array(self._value, np.float64)
        arrival = np.array(self._arrival, np.int64)
        low, high = self._registry.low[sensor], self._registry.high[sensor]
        refusals = {
            "value": ~((value >= low) & (value <= high) & np.isfinite(value)),
            "time_ahead": time_us > arrival + limits.skew_us,
            "time_unset": time_us < limits.earliest_us,
            "retired_sensor": self._registry.retired(sensor, time_us),
        }
        good = np.ones(len(sensor), np.bool_)
        for reason, refuse in refusals.items():
            for row in np.flatnonzero(refuse & good).tolist():
                self.faults.append(self._row_fault(row, reason, int(time_us[row]), float(value[row])))
            good &= ~refuse
        return Gathered(
            sensor=sensor[good],
            time_us=time_us[good],
            value=value[good],
            late=(time_us < arrival - limits.lateness_us)[good],
            message=np.array(self._message, np.int32)[good],
            faults=self.faults,
            clock_us=self._clock,
            late_before=self._clock - limits.lateness_us,
            clock_told=self._clock_told,
            received=self.received,
            records=_picked(self._records, good),
            splits=_picked(self._splits, good),
        )

    def _row_fault(self, row: int, reason: str, time_us: int, value: float) -> Fault:
        sensor_id, message, record = self._sensor[row], self._messages[self._message[row]], self._records[row]
        if reason == "value":
            low, high = self._registry.low[sensor_id], self._registry.high[sensor_id]
            detail = f"{value!r} is outside the possible {low:g} … {high:g}: check the device, or its unit"
        elif reason == "time_ahead":
            ahead_s = (time_us - self._arrival[row]) / 1e6
            detail = f"the reading is {ahead_s:.0f} s ahead of the pipeline's clock: set the device's clock"
        elif reason == "retired_sensor":
            detail = _retired(self._registry, sensor_id, time_us)
        else:
            detail = "the reading's time is before any sensor here stood: set the device's clock"
        refused = Refused(reason, f"sensor {self._registry.by_id[sensor_id].name}: {detail}")
        return _part(refused, message, record, self._splits[row], sensor_id)


def _retired(registry: Registry, sensor_id: int, time_us: int) -> str:
    period, name = registry.retirement(sensor_id, time_us), registry.by_id[sensor_id].name
    since = ""
    if period and period.since_us > 0:
        since = f" since {datetime.fromtimestamp(period.since_us / 1e6, BEIJING).isoformat(timespec='seconds')}"
    return (
        f"it is retired{since}: switch the device off. If there is a new instrument, say so (shijing sensor replace"
        f" {name} --since TIME --lon … --lat …), if it never was retired, correct that (shijing sensor correct {name}"
        " --lon … --lat …), then release this reading"
    )


def _picked(rows: list[T], good: NDArray[np.bool_]) -> list[T]:
    return rows if good.all() else [rows[row] for row in np.flatnonzero(good).tolist()]


def _whole(refused: Refused, message: Message) -> Fault:
    return Fault(reason=refused.reason, detail=refused.detail, topic=message.topic, payload=message.payload)


def _part(refused: Refused, message: Message, record: Record, splits: str, sensor_id: int | None = None) -> Fault:
    """A fault of one reading; one of several is kept as a SenML pack of its own."""
    own_topic = message.topic if splits in ("", "senml") else f"cq/000000/{record.key.device}/senml"
    return Fault(
        reason=refused.reason,
        detail=refused.detail,
        topic=own_topic,
        payload=senml_of(record) if splits else message.payload,
        sensor_id=sensor_id,
        time_us=int(record.time_us),
    )


def conflict_fault(gathered: Gathered, row: int, messages: Sequence[Message], registry: Registry) -> Fault:
    """The same sensor and time with another value than the one stored."""
    sensor_id, record = int(gathered.sensor[row]), gathered.records[row]
    refused = Refused(
        "conflict",
        f"sensor {registry.by_id[sensor_id].name}: another value is stored for this very time:"
        " find out which is right; the stored one stays",
    )
    return _part(refused, messages[gathered.message[row]], record, gathered.splits[row], sensor_id)
