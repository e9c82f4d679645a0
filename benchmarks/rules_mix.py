"""What a city measures: how many sensors of which quantity, how often they report, what is quiet and what is not."""

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.quantities import load_quantities

SENSORS = 100_000
GATEWAY = 20  # sensors that one gateway speaks for, in packs of as many
DAY_US = 86_400_000_000
STAGE_LEVELS = {"warning": 190.0, "guarantee": 191.0, "highest": 195.0}
_CROSSING = 1000  # of so many sensors one crosses while readings go in at full speed

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Sensors of one quantity."""

    quantity: str
    sensors: int
    interval_s: int  # between two readings
    quiet: float  # in the stored unit
    swing: float = 0.0  # readings are quiet … quiet + swing
    daily: float = 0.0  # a counter goes up by so much
    crossing: float | None = None  # two readings of this raise an alert at once; None: it takes longer than the run
    looks_back: bool = False  # a rule on a window: a day of its readings is stored at its interval


def _windowed(quantity: str, sensors: int, interval_s: int, quiet: float, swing: float, crossing: float | None) -> Kind:
    return Kind(
        quantity=quantity,
        sensors=sensors,
        interval_s=interval_s,
        quiet=quiet,
        swing=swing,
        crossing=crossing,
        looks_back=True,
    )


def _plain(quantity: str, sensors: int, interval_s: int, quiet: float, swing: float, crossing: float | None) -> Kind:
    return Kind(quantity=quantity, sensors=sensors, interval_s=interval_s, quiet=quiet, swing=swing, crossing=crossing)


# Numbers are a guess at a large city's mix: homes and buildings first, streets next, rivers and slopes few.
KINDS = (
    _plain("smoke", 30_000, 3600, 0.0, 0.0, 1.0),
    _plain("combustible_gas", 12_000, 1800, 0.5, 1.0, 30.0),
    _plain("residual_current", 9_000, 1800, 20.0, 30.0, 600.0),
    _plain("cable_temperature", 9_000, 1800, 30.0, 8.0, 120.0),
    _plain("manhole_tilt", 8_000, 3600, 1.0, 1.0, None),  # has to stay for half an hour
    _plain("sos", 4_000, 3600, 0.0, 0.0, 1.0),
    _plain("lift", 3_500, 1800, 0.0, 0.0, 1.0),
    _plain("water_depth", 3_000, 600, 0.0, 1.0, 60.0),
    _plain("bathroom_dwell", 2_000, 1800, 5.0, 20.0, 250.0),
    _plain("bedroom_dwell", 2_000, 1800, 60.0, 200.0, 620.0),
    _plain("carbon_monoxide", 800, 600, 1.0, 2.0, 200.0),
    _plain("underpass_depth", 500, 600, 0.0, 0.0, 30.0),
    _plain("oxygen", 400, 600, 20.7, 0.3, 18.0),
    _plain("tangent_angle", 400, 1800, 10.0, 5.0, 86.0),
    _plain("forest_fire_class", 400, 3600, 1.0, 0.0, 5.0),
    _windowed("rain", 2_500, 300, 0.0, 0.1, 55.0),
    _windowed("stage", 800, 300, 188.0, 0.05, 190.5),
    _windowed("tilt", 1_500, 600, 0.5, 0.02, 1.8),
    _windowed("crack", 1_500, 600, 10.0, 0.3, 35.0),
    _windowed("displacement", 700, 600, 5.0, 0.5, 30.0),
    _windowed("air_temperature", 1_500, 600, 25.0, 4.0, 41.0),
    _windowed("aqi", 500, 3600, 60.0, 20.0, None),  # the mean of a day
    Kind(
        quantity="water_meter",
        sensors=6_000,
        interval_s=3600,
        quiet=100.0,
        daily=0.4,
        crossing=110.0,
        looks_back=True,
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Mix:
    """All sensors of the city, [n] each; kinds lie mingled, as behind real gateways."""

    kind: NDArray[np.int64]  # index into KINDS
    quiet: Floats
    swing: Floats
    daily: Floats
    crossing: Floats  # NaN: cannot cross in a run
    interval_us: Times
    since_us: int  # counters stand at `quiet` there

    @property
    def names(self) -> list[str]:
        """Of the devices, one for each sensor."""
        return [f"city{n}" for n in range(len(self.kind))]

    @property
    def quantities(self) -> list[str]:
        return [KINDS[kind].quantity for kind in self.kind.tolist()]

    @property
    def units(self) -> list[str]:
        """As readings are stored and sent."""
        known = load_quantities()
        return [known[quantity].unit for quantity in self.quantities]

    def values(self, sensors: NDArray[np.int64], time_us: Times, luck: Floats) -> Floats:
        """[k] quiet readings; `luck` [k] in 0 … 1."""
        grown = self.daily[sensors] * (time_us - self.since_us) / DAY_US
        return np.round(self.quiet[sensors] + grown + luck * self.swing[sensors], 3)

    def restless(self) -> NDArray[np.int64]:
        """The sensors that cross while readings go in at full speed: one of a thousand."""
        chosen = np.arange(_CROSSING // 2, len(self.kind), _CROSSING)
        return chosen[~np.isnan(self.crossing[chosen])]

    def alarms(self, count: int, quantities: Container[str] | None = None) -> list[int]:
        """Sensors that cross in turn, every kind (or those named) as often as the others, none of them restless."""
        restless = set(self.restless().tolist())
        crossing = [
            number
            for number, kind in enumerate(KINDS)
            if kind.crossing is not None and (quantities is None or kind.quantity in quantities)
        ]
        waiting = {
            number: iter([n for n in np.flatnonzero(self.kind == number).tolist() if n not in restless])
            for number in crossing
        }
        return [next(waiting[crossing[turn % len(crossing)]]) for turn in range(count)]


def city_mix(since_us: int) -> Mix:
    """The sensors of `KINDS`; the same ones every time."""
    kind = np.repeat(np.arange(len(KINDS)), [each.sensors for each in KINDS])
    kind = np.random.default_rng(1).permutation(kind)
    assert len(kind) == SENSORS

    def column(name: str) -> Floats:
        told = [getattr(each, name) for each in KINDS]
        return np.array([np.nan if one is None else one for one in told], np.float64)[kind]

    return Mix(
        kind=kind,
        quiet=column("quiet"),
        swing=column("swing"),
        daily=column("daily"),
        crossing=column("crossing"),
        interval_us=(column("interval_s") * 1e6).astype(np.int64),
        since_us=since_us,
    )


def told_mix() -> dict[str, str]:
    """For the conditions of a run."""
    return {
        "sensors": ", ".join(f"{kind.quantity} {kind.sensors}" for kind in KINDS),
        "values": f"quiet, but one sensor of {_CROSSING} crosses a threshold and stays there",
    }
