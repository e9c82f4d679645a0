"""The sensors that exist, as the pipeline needs them: a name to a column number in one look-up."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import class_row

from config.database import Connection
from config.queries import Queries
from ingest.errors import Refused
from ingest.payloads import Key
from ingest.quantities import Quantity
from ingest.units import conversion

log = logging.getLogger(__name__)

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
_NEVER_US = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """One quantity of one device; readings are kept in `unit`, a stage in `datum`."""

    id: int
    name: str
    device: str
    quantity: str
    unit: str
    datum: str | None
    gateway: str | None = None  # the one other device that may speak for this one


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A key that was found right: the sensor it means and how its values become stored ones."""

    sensor_id: int
    scale: float  # stored = scale × sent + offset
    offset: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Retirement:
    """While a sensor stands nowhere: `since_us` ≤ t < `until_us`, µs since 1970 UTC."""

    sensor_id: int
    since_us: int
    until_us: int


class Registry:
    """Sensors by (device, quantity); `low` and `high` are the possible range by sensor id, in the sensor's unit."""

    def __init__(
        self,
        sensors: list[Sensor],
        quantities: Mapping[str, Quantity],
        retirements: Sequence[Retirement] = (),
    ) -> None:
        self._quantities = quantities
        self._sensors = {(sensor.device, sensor.quantity): sensor for sensor in sensors}
        self.by_id = {sensor.id: sensor for sensor in sensors}
        size = max(self.by_id, default=0) + 1
        self.low: NDArray[np.float64] = np.full(size, -np.inf)
        self.high: NDArray[np.float64] = np.full(size, np.inf)
        for sensor in sensors:
            self.low[sensor.id], self.high[sensor.id] = _range(sensor, quantities)
        self._retirements: dict[int, list[Retirement]] = {}
        self._retired_us = np.full(size, _NEVER_US)  # by sensor id, the first time of all
        for each in retirements:
            self._retirements.setdefault(each.sensor_id, []).append(each)
            self._retired_us[each.sensor_id] = min(each.since_us, self._retired_us[each.sensor_id])
        self._channels: dict[Key, Channel] = {}
        # The channel of a key that was found right before, else None: asked for every reading there is.
        self.known = self._channels.get

    def retired(self, sensor: NDArray[np.int32], time_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which readings are of a time when their sensor stood nowhere."""
        found: NDArray[np.bool_] = time_us >= self._retired_us[sensor]
        for row in np.flatnonzero(found).tolist():
            found[row] = self.retirement(int(sensor[row]), int(time_us[row])) is not None
        return found

    def retirement(self, sensor_id: int, time_us: int) -> Retirement | None:
        """The one that the moment falls into."""
        periods = self._retirements.get(sensor_id, ())
        return next((each for each in periods if each.since_us <= time_us < each.until_us), None)

    def channel(self, key: Key) -> Channel:
        """The channel a key means; raises Refused for an unknown sensor, a wrong unit or a wrong datum."""
        found = self._channels.get(key)
        if found is None:
            # Only right keys are remembered: what strangers send cannot make this grow.
            found = self._channels[key] = self._resolve(key)
        return found

    def state_value(self, sensor_id: int, word: str) -> float:
        """The number a word stands for; raises Refused("value", …)."""
        quantity = self._quantities.get(self.by_id[sensor_id].quantity)
        states = quantity.states if quantity else {}
        try:
            return states[word]
        except KeyError:
            raise Refused(
                "value", f"the value {word[:40]!r} is no number and no state of this quantity: send {_known(states)}"
            ) from None

    def _resolve(self, key: Key) -> Channel:
        sensor = self._sensors.get((key.device, key.quantity))
        if sensor is None:
            raise Refused(
                "unknown_sensor",
                f"device {key.device[:60]!r} has no sensor for {key.quantity[:60]!r}:"
                " register it (shijing import sensors FILE), then release this reading",
            )
        # Open until a gateway is named for the device; from then on nobody else may speak for it.
        if key.sender and sensor.gateway and key.sender != sensor.gateway:
            raise Refused(
                "foreign",
                f"device {key.sender[:60]!r} is not the gateway of {sensor.device!r} and may not speak for it:"
                " register it in the column gateway (shijing import sensors FILE)",
            )
        if key.datum != sensor.datum and (key.datum or sensor.datum):
            raise Refused(
                "datum",
                f"sensor {sensor.name} measures in datum {sensor.datum!r}, the reading says {key.datum!r}:"
                " convert it at the source and name the sensor's datum; the two must never be compared",
            )
        into = conversion(key.unit, sensor.unit)
        return Channel(sensor_id=sensor.id, scale=into.scale, offset=into.offset)


def _range(sensor: Sensor, quantities: Mapping[str, Quantity]) -> tuple[float, float]:
    quantity = quantities.get(sensor.quantity)
    if quantity is None:
        return -np.inf, np.inf
    try:
        into = conversion(quantity.unit, sensor.unit)
    except Refused as refused:  # quantities.toml was changed: no reason to stop the other sensors
        log.error("sensor %s: its readings are not checked for possible values: %s", sensor.name, refused)
        return -np.inf, np.inf
    low, high = (limit * into.scale + into.offset for limit in (quantity.low, quantity.high))
    return min(low, high), max(low, high)


def _known(states: Mapping[str, float]) -> str:
    return "a number" + (f", or one of {', '.join(states)}" if states else "")


def load_registry(connection: Connection, quantities: Mapping[str, Quantity]) -> Registry:
    """Read every sensor, and when which of them were retired."""
    with connection.cursor(row_factory=class_row(Sensor)) as cursor:
        sensors = cursor.execute(QUERIES["sensors"]).fetchall()
    with connection.cursor(row_factory=class_row(Retirement)) as cursor:
        return Registry(sensors, quantities, cursor.execute(QUERIES["retirements"]).fetchall())
