"""Whom rules judge, counted by columns: the same as what the kernel pairs, and kept only as long as it is true."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from access.scope import EVERYWHERE
from alerts.registry_columns import load_registry
from alerts.rule_census import census
from alerts.rule_scope import scopes
from alerts.rules import AnyRule, load_rules
from alerts.ruleset import compile_rules
from alerts.stored_state import load_subjects, load_touches
from config.database import Connection
from config.settings import CONFIG
from web.registry_kept import KeptRegistry

WORDS = {"zh": "试", "en": "Test"}
STAGES = [("stage", "m", None), ("stage", "m", "吴淞"), ("stage", "cm", None)]
READS = [("rain", "mm", None), *STAGES, ("tilt", "degree", None)]


def a_rule(name: str, kind: str, **more: Any) -> AnyRule:
    common = {"id": name, "number": 1, "label": WORDS, "first_action": WORDS}
    return msgspec.convert({"kind": kind, **common, **more}, AnyRule)  # type: ignore[arg-type]


def graded(name: str, quantity: str, unit: str, **more: Any) -> AnyRule:
    base = {"direction": "above", "raise_after": 1, "margin": 0.0, "clear_for_s": 0.0, "levels": {"red": 5.0}}
    return a_rule(name, "threshold", quantity=quantity, unit=unit, **(base | more))


def own_rules() -> list[AnyRule]:
    """What the shipped ones have not: overrides of all sorts, devices, counts of every place."""
    out = {"enabled": False}
    device = {"units": {"stage": "m", "rain": "mm"}, "levels": {"red": {"expression": "rain + stage", "above": 1.0}}}
    return [
        graded("fixed", "stage", "m"),
        graded("own", "stage", "m", levels={"red": {"from": "warning"}}),
        graded("without", "rain", "mm", override=[{"divisions": ["500101"], **out}, {"sensors": ["s3", "s4"], **out}]),
        graded(
            "within",
            "rain",
            "mm",
            override=[
                {"divisions": ["500101", "500102001"], **out},
                {"divisions": ["500101001"], "enabled": True},
                {"divisions": ["500101001002"], "levels": {"red": 3.0}},
                {"sensors": ["s1", "s5", "nobody"], **out},
            ],
        ),
        a_rule(
            "device", "condition", **device, override=[{"divisions": ["500102"], **out}, {"sensors": ["s2"], **out}]
        ),
        a_rule("quiet", "silence", level="blue", quantities=["rain"], override=[{"divisions": ["500101"], **out}]),
        a_rule("gateways", "silence", level="blue", subjects=["gateway"]),
        a_rule("step", "step", quantity="stage", unit="m", limit=5.0),
        a_rule("warned", "warning", event="11B37"),
        a_rule("townships", "count", of="grids", level="red", within="township", levels={"red": 1}),
        a_rule("grids", "count", of="device", level="red", within="grid", levels={"red": 1}),
        a_rule("touching", "count", of="within", level="red", within="touching", levels={"red": 1}),
        a_rule("near", "count", of="device", level="red", within="radius_m", radius_m=200.0, levels={"red": 1}),
        a_rule("still", "count", of="quiet", level="blue", within="township", levels={"red": 1}),
    ]


def division(connection: Connection, level: str, code: str, parent: int | None) -> int:
    row = connection.execute("insert into divisions (level) values (%s) returning id", (level,)).fetchone()
    assert row
    connection.execute(
        "insert into division_versions (division_id, parent_id, code, name, source) values (%s, %s, %s, %s, 'test')",
        (row[0], parent, code, f"{level} {code}"),
    )
    return int(row[0])


def settle(connection: Connection, luck: random.Random, sensors: int) -> None:
    """Two districts of two townships of two grids, and sensors with all that may be missing of them."""
    areas: list[dict[str, int]] = [{}]
    for district in (1, 2):
        top = division(connection, "district", f"50010{district}", None)
        for township in (1, 2):
            code = f"50010{district}00{township}"
            middle = division(connection, "township", code, top)
            areas.append({"district": top, "township": middle})
            areas += [
                {
                    "district": top,
                    "township": middle,
                    "grid": division(connection, "grid", f"{code}00{grid}00{grid}", middle),
                }
                for grid in (1, 2)
            ]
    for number in range(sensors):
        a_sensor(connection, luck, number, luck.choice(areas))


def a_sensor(connection: Connection, luck: random.Random, number: int, area: dict[str, int]) -> None:
    device, (quantity, unit, datum) = f"d{luck.randrange(12)}", luck.choice(READS)
    gateway = luck.choice([None, "g1", "g2"])
    connection.execute("insert into devices (name) values ('g1'), ('g2') on conflict do nothing")
    connection.execute("insert into devices (name, gateway) values (%s, %s) on conflict do nothing", (device, gateway))
    row = connection.execute(
        "insert into sensors (name, device_id, quantity, unit, datum, interval_s)"
        " select %s, id, %s, %s, %s, %s from devices where name = %s on conflict do nothing returning id",
        (f"s{number}", quantity, unit, datum, luck.choice([None, 60]), device),
    ).fetchone()
    if row is None:  # the device reads this quantity already
        return
    reason = luck.choice(["installed", "installed", "installed", "retired"])
    lon, lat = (None, None) if reason == "retired" or luck.random() < 0.2 else (106.5, 29.5)
    connection.execute(
        "insert into sensor_places (sensor_id, lon, lat, reason) values (%s, %s, %s, %s)", (row[0], lon, lat, reason)
    )
    for level, its in area.items() if reason != "retired" else ():
        connection.execute(
            "insert into sensor_divisions (sensor_id, level, division_id, valid) values (%s, %s, %s, '(,)')",
            (row[0], level, its),
        )


@pytest.mark.parametrize("seed", range(8))
def test_counted_is_who_is_judged(connection: Connection, seed: int) -> None:
    settle(connection, random.Random(seed), sensors=40)
    rules = [*load_rules(CONFIG / "rules"), *own_rules()]
    paired = compile_rules(rules, load_subjects(connection), touches=load_touches(connection))
    found = census(connection, load_registry(connection), rules)
    for number, rule in enumerate(rules):
        assert sorted(found[rule.id].subjects.tolist()) == sorted(paired.subject[paired.rule == number].tolist()), (
            rule.id
        )
        refused = [(one.reason, one.sensor_id) for one in paired.refused if one.rule_id == rule.id]
        counted = [(reason, one) for reason, all_ in found[rule.id].refused.items() for one in all_.tolist()]
        assert sorted(counted) == sorted(refused), rule.id


def test_an_empty_registry_has_nobody_to_judge(connection: Connection) -> None:
    rules = [*load_rules(CONFIG / "rules"), *own_rules()]
    assert not any(len(one.subjects) for one in census(connection, load_registry(connection), rules).values())


def test_many_refused_are_counted_and_some_are_named(connection: Connection) -> None:
    for number in range(20):
        a_sensor(connection, _Always(), number, {})
    found = scopes(connection, load_registry(connection), [graded("other", "rain", "cm")])["other"]
    (refused,) = found.refused
    assert (refused.count, refused.sensors) == (20, tuple(f"s{number}" for number in range(8)))
    assert "the rule is in cm, the sensor in mm" in refused.reason
    assert found.subjects == {}


class _Always(random.Random):
    """A device for each sensor, which reads rain."""

    _devices: Iterator[int] = iter(range(1000))

    def randrange(self, *_: Any, **__: Any) -> int:
        return next(self._devices)

    def choice(self, seq: Any) -> Any:
        return seq[0]


def test_the_kept_registry_is_read_anew_after_a_change(connection: Connection, database_url: str) -> None:
    kept = KeptRegistry(database_url)
    try:
        first = kept.read(connection, EVERYWHERE)
        assert kept.read(connection, EVERYWHERE) is first
        a_sensor(connection, _Always(), 1, {})
        second = kept.read(connection, EVERYWHERE)
        assert (len(first.sensor), len(second.sensor)) == (0, 1)
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s",
            ("shijing-web-registry",),
        )
        connection.execute("update sensors set unit = 'cm'")
        assert kept.read(connection, EVERYWHERE).sorts[0].unit == "cm"
        assert kept.read(connection, EVERYWHERE) is kept.read(connection, EVERYWHERE)
    finally:
        kept.close()
