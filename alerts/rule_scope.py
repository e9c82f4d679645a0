"""What rules judge and what they refuse, as figures for those who write them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alerts import subjects as numbers
from alerts.columns import Rows
from alerts.registry_columns import NONE, Registry
from alerts.registry_columns import QUERIES as REGISTRY
from alerts.rule_census import Judged, census
from alerts.rule_fault_words import in_chinese
from alerts.rule_sentences import form_of
from alerts.rule_sets import QUERIES
from alerts.rules import AnyRule
from config.database import Connection
from ingest.quantities import load_quantities

_NAMED_AT_MOST = 8  # refused sensors that are called by name
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A sensor and where it is now; None: in no township, or the township in no district."""

    name: str
    label: str
    township_id: int | None
    township: str | None
    district_id: int | None
    district: str | None


@dataclass(frozen=True, kw_only=True)
class RefusedFor:
    """Sensors that a rule must not judge, for one reason."""

    reason: str
    reason_zh: str | None
    count: int
    sensors: tuple[str, ...]  # some of them, by what people call them


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What one rule judges."""

    subjects: dict[str, int]  # kind of subject → how many
    townships: int  # of the sensors and devices among them
    districts: int
    refused: tuple[RefusedFor, ...]


def places(connection: Connection) -> dict[int, Place]:
    """Every sensor by id, with its present township and district."""
    return {
        row[0]: Place(
            name=row[1],
            label=row[2] or row[1],
            township_id=row[3],
            township=row[4],
            district_id=row[5],
            district=row[6],
        )
        for row in connection.execute(QUERIES["where_sensors_are"])
    }


def scopes(connection: Connection, registry: Registry, rules: Sequence[AnyRule]) -> dict[str, Scope]:
    """What each rule judges, by its id; what a count counts has to be among them."""
    judged = census(connection, registry, rules)
    labels = _labels(connection, judged.values())
    return {name: _scope(registry, one, labels) for name, one in judged.items()}


def _labels(connection: Connection, judged: Iterable[Judged]) -> dict[int, str]:
    """Of the refused sensors that are called by name."""
    named = {int(one) for each in judged for refused in each.refused.values() for one in refused[:_NAMED_AT_MOST]}
    return dict(connection.execute(REGISTRY["labels"], {"sensors": sorted(named)})) if named else {}


def _scope(registry: Registry, judged: Judged, labels: Mapping[int, str]) -> Scope:
    kinds, counts = np.unique(judged.subjects >> 32, return_counts=True)
    rows = registry.rows_of(judged.subjects[judged.subjects >> 32 < numbers.KINDS.index("gateway")])
    areas = (registry.level("township")[rows], registry.district[rows])
    townships, districts = (len(np.unique(area[area != NONE])) for area in areas)
    return Scope(
        subjects={numbers.KINDS[kind]: int(count) for kind, count in zip(kinds, counts, strict=True)},
        townships=townships,
        districts=districts,
        refused=tuple(_refused(reason, sensors, labels) for reason, sensors in judged.refused.items()),
    )


def _refused(reason: str, sensors: Rows, labels: Mapping[int, str]) -> RefusedFor:
    named = tuple(labels[sensor] for sensor in sensors[:_NAMED_AT_MOST].tolist() if sensor in labels)
    return RefusedFor(reason=reason, reason_zh=in_chinese(reason), count=len(sensors), sensors=named)


def quantities_of(rules: Iterable[AnyRule]) -> frozenset[str]:
    """Every quantity that the rules name anywhere, expressions included; empty: they look at all of them."""
    words = {word for rule in rules for text in _texts(form_of(rule)) for word in _WORD.findall(text)}
    return frozenset(words & set(load_quantities()))


def with_counted(rules: Sequence[AnyRule], ids: Collection[str]) -> list[AnyRule]:
    """The rules of these ids and those that they count, and so on, in the order of the set."""
    by_id = {rule.id: rule for rule in rules}
    found, todo = set[str](), [one for one in ids if one in by_id]
    while todo:
        rule_id = todo.pop()
        found.add(rule_id)
        counted = form_of(by_id[rule_id]).get("of")
        todo += [counted] if isinstance(counted, str) and counted in by_id and counted not in found else []
    return [rule for rule in rules if rule.id in found]


def _texts(form: Any) -> Iterator[str]:
    if isinstance(form, str):
        yield form
    elif isinstance(form, Mapping):
        for key, value in form.items():
            if key not in {"label", "first_action"}:
                yield from _texts(value)
    elif isinstance(form, list | tuple):
        for value in form:
            yield from _texts(value)
