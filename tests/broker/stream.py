"""A day of a small city as its devices send it: readings for rules of every kind, out of order, twice, and rubbish.

The same seed gives the same messages in the same order.
"""

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

BEGIN = datetime.fromisoformat("2020-07-15T00:00:00+08:00")
FALL_SILENT = BEGIN + timedelta(hours=7)
RETURN = BEGIN + timedelta(hours=8, minutes=30)
END = BEGIN + timedelta(hours=9, minutes=30)
CLOCK_TOPIC = "cq/clock"
_REPEATED, _RUBBISH, _CONFLICTS = 0.03, 0.01, 0.002
_SHUFFLED_S = 115  # within the lateness of a threshold, 120 s

YUZHONG, JIANGBEI, BEIBEI = (106.579869, 29.557288), (106.60, 29.62), (106.44, 29.83)

# Beside the shipped rules: one over several quantities of a device, and one that holds for a span.
OWN_RULES = {
    "muggy.toml": """
id = "muggy"
number = 901
kind = "condition"
label = {zh = "闷热", en = "Muggy"}
first_action = {zh = "通风", en = "Air the rooms"}
family = "heat"
units = {air_temperature = "degC", humidity = "percent"}
raise_after = 2
clear_for_s = 600

[levels.yellow]
all = [
    {quantity = "air_temperature", above = 30.0, margin = 0.5},
    {expression = "air_temperature + humidity / 10", above = 39.0, margin = 1.0},
    {not = {during = {hours = ["02:00", "03:00"]}}},
]
""",
    "crack-held.toml": """
id = "crack-held"
number = 902
kind = "threshold"
label = {zh = "裂缝持续", en = "Crack stays wide"}
first_action = {zh = "核查", en = "Check"}
family = "geohazard"
quantity = "crack"
unit = "mm"
direction = "above"
measure = {of = "mean", over_h = 1}
hold_s = 3600
raise_after = 3
margin_fraction = 0.1
clear_for_s = 1800

[levels]
blue = 3.0
orange = 5.0
""",
}


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A sensor, what it reads at a minute of the day, and how its readings travel."""

    device: str
    quantity: str
    value: Callable[[float], float | str]
    every_min: float = 1.0
    place: tuple[float, float] = YUZHONG
    gateway: str = ""
    watched: bool = False  # its silence is judged
    falls_silent: bool = False
    shuffled: bool = False
    too_late: float = 0.0  # how many of its readings come later than any rule allows

    @property
    def name(self) -> str:
        """As the registry has it."""
        return f"{self.device}-{self.quantity}"


class Sent(NamedTuple):
    """One message, and where the clock stands when it goes."""

    clock: datetime
    topic: str
    payload: bytes


def _wave(top: float, hours: float, shift: float = 0.0, base: float = 0.0) -> Callable[[float], float]:
    return lambda minute: round(base + max(0.0, top * math.sin(minute / 60 / hours * 2 * math.pi + shift)), 2)


def _pulse(word: str, rest: str, begin: float, end: float) -> Callable[[float], str]:
    return lambda minute: word if begin <= minute < end else rest


def _rain(minute: float) -> float:
    if minute == 310:  # a jump that is suspect
        return 120.0
    return 14.0 if 60 <= minute < 150 else 0.4 if minute >= 300 else 0.0


def _creep(minute: float) -> float:
    return round(1.0 + max(0.0, minute - 120) * 0.03, 3) if minute < 360 else 1.5


def _near(place: tuple[float, float], number: int) -> tuple[float, float]:
    return round(place[0] + number * 0.0004, 6), place[1]


INSTRUMENTS = (
    *(
        Instrument(device=f"street{n}", quantity="water_depth", value=_wave(22 + 6 * n, 5, n / 5),
                   place=_near(YUZHONG, n))
        for n in range(5)
    ),
    *(Instrument(device=f"rain{n}", quantity="rain", value=_rain, every_min=10, place=JIANGBEI) for n in range(2)),
    Instrument(device="gauge", quantity="stage", value=_wave(8, 6, base=178.0), every_min=5, place=JIANGBEI),
    *(
        Instrument(device=f"gas{n}", quantity="combustible_gas", value=_wave(60, 3, n / 2),
                   place=_near(YUZHONG, 50 + n))
        for n in range(3)
    ),
    Instrument(device="hall", quantity="smoke", value=_pulse("alarm", "normal", 200, 215), every_min=5),
    Instrument(device="flat", quantity="sos", value=_pulse("pressed", "idle", 40, 41)),
    Instrument(device="wall", quantity="crack", value=_creep, every_min=5, place=BEIBEI),
    Instrument(device="square", quantity="air_temperature", value=_wave(14, 6, base=24), every_min=5),
    Instrument(device="square", quantity="humidity", value=_wave(60, 4, base=40), every_min=5),
    *(
        Instrument(device=f"meter{n}", quantity="humidity", value=_wave(20, 4, base=50), every_min=10,
                   gateway="gateway", watched=True, falls_silent=True, place=BEIBEI)
        for n in range(3)
    ),
    *(
        Instrument(device=f"lone{n}", quantity="humidity", value=_wave(20, 4, base=50), every_min=10,
                   watched=True, falls_silent=n == 0, place=BEIBEI)
        for n in range(2)
    ),
    *(
        Instrument(device=f"shuffled{n}", quantity="water_depth", value=_wave(21, 1 + n / 2), every_min=0.5,
                   place=_near(BEIBEI, n), shuffled=True)
        for n in range(3)
    ),
    Instrument(device="leak", quantity="combustible_gas", value=lambda m: 30.0 if m % 61 < 9 else 5.0, every_min=0.5,
               place=_near(BEIBEI, 90), shuffled=True, too_late=0.02),
    Instrument(device="flow", quantity="carbon_monoxide", value=_wave(90, 3), place=BEIBEI, too_late=0.05),
)  # fmt: skip


def sensors_csv() -> str:
    """The city's sensors, to be imported."""
    rows = ["name,device,quantity,unit,datum,lon,lat,interval_s,gateway,warning,guarantee,highest"]
    for one in INSTRUMENTS:
        stage = one.quantity == "stage"
        cells = (one.name, one.device, one.quantity, "m" if stage else "", "wusong" if stage else "", *one.place)
        interval = round(one.every_min * 60) if one.watched else ""
        levels = (180.5, 183.5, 185.9) if stage else ("", "", "")
        rows.append(",".join(str(cell) for cell in (*cells, interval, one.gateway, *levels)))
    return "\n".join(rows) + "\n"


def stream(begin: datetime, end: datetime, seed: int) -> list[Sent]:
    """All that is sent from `begin` until before `end`, in its order, the clock told before each message."""
    chance = random.Random(seed)
    arrivals = sorted(_readings(begin, end, chance), key=lambda one: (one[0], one[1]))
    sent: list[Sent] = []
    clock = begin
    for arrival, _, topic, payload in arrivals:
        clock = max(clock, arrival)
        sent.append(Sent(clock, topic, payload))
        if chance.random() < _REPEATED:
            again = chance.choice(sent[-200:])
            sent.append(again._replace(clock=clock))
        if chance.random() < _RUBBISH:
            sent.append(Sent(clock, *_rubbish(clock, len(sent), chance)))
    return [*sent, Sent(end, "cq/500103/gateway/senml", b"[]")]


def _readings(begin: datetime, end: datetime, chance: random.Random) -> Iterator[tuple[datetime, int, str, bytes]]:
    """When it arrives, the order among those of one time, topic and payload."""
    for number, one in enumerate(INSTRUMENTS):
        for time in _times(one, begin, end):
            value = one.value((time - BEGIN).total_seconds() / 60)
            topic, payload = _message(one, value, time)
            yield min(time + _delay(one, chance), end), number, topic, payload
            if chance.random() < _CONFLICTS and isinstance(value, float):
                yield min(time + timedelta(minutes=5), end), number, *_message(one, value + 0.25, time)


def _times(one: Instrument, begin: datetime, end: datetime) -> Iterator[datetime]:
    steps = math.ceil((begin - BEGIN) / timedelta(minutes=one.every_min))
    while (time := BEGIN + steps * timedelta(minutes=one.every_min)) < end:
        if not (one.falls_silent and FALL_SILENT <= time < RETURN):
            yield time
        steps += 1


def _delay(one: Instrument, chance: random.Random) -> timedelta:
    if one.too_late and chance.random() < one.too_late:
        return timedelta(seconds=chance.choice((150, 900, 3000, 4000)))
    return timedelta(seconds=chance.randrange(_SHUFFLED_S) if one.shuffled else 0)


def _message(one: Instrument, value: float | str, time: datetime) -> tuple[str, bytes]:
    """Behind a gateway a SenML pack, else a message of its own."""
    if one.gateway:
        pack = [{"bn": f"{one.device}/", "bt": time.timestamp()}, {"n": one.quantity, "u": "%RH", "v": value}]
        return f"cq/500109/{one.gateway}/senml", json.dumps(pack).encode()
    told: dict[str, Any] = {"value": value, "time": time.isoformat()}
    if one.quantity == "stage":
        told |= {"unit": "m", "datum": "wusong"}
    return f"cq/500103/{one.device}/{one.quantity}", json.dumps(told).encode()


def _rubbish(clock: datetime, number: int, chance: random.Random) -> tuple[str, bytes]:
    """Something to be refused; never the same twice."""
    time = json.dumps(clock.isoformat())
    street = "cq/500103/street0/water_depth"
    return chance.choice(
        (
            (street, f"rubbish {number}".encode()),
            (street, b"\xff\xfe" + str(number).encode()),
            (street, f'{{"value": 1e{number}, "time": {time}}}'.encode()),
            (street, f'{{"value": {number}, "time": "2020-07-15T00:00:00"}}'.encode()),
            (street, f'{{"value": 1, "time": {4e9 + number}}}'.encode()),
            (street, f'{{"value": {number}, "time": {time}, "unit": "kg"}}'.encode()),
            (f"cq/500103/stranger{number}/water_depth", f'{{"value": 1, "time": {time}}}'.encode()),
            (f"cq/what/is/this/{number}", b"1"),
            ("cq/500103/gateway/senml", f'[{{"n": "meter0/humidity", "v": 1, "bver": {number + 11}}}]'.encode()),
            ("cq/500103/gateway/senml", b"[" * (2000 + number)),
            (f"cq/500103/{'x' * (number % 400 + 20)}/y", bytes(chance.randrange(256) for _ in range(40))),
        )
    )
