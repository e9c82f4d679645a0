"""What rules judge and what they refuse, as figures for those who write them."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alerts import subjects as numbers
from alerts.columns import Rows
from alerts.rule_sentences import form_of
from alerts.rule_sets import QUERIES
from alerts.rules import AnyRule
from alerts.ruleset import RuleSet, compile_rules
from alerts.stored_state import load_subjects
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
    count: int
    sensors: tuple[str, ...]  # some of them, by what people call them


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What one rule judges."""

    subjects: dict[str, int]  # kind of subject → how many
    townships: int  # of the sensors among them
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


def scopes(connection: Connection, rules: Sequence[AnyRule]) -> dict[str, Scope]:
    """What each rule judges, by its id; the sensors are those of the registry as it is now."""
    ruleset = compile_rules(rules, load_subjects(connection))
    return scopes_of(ruleset, places(connection))


def scopes_of(ruleset: RuleSet, where: Mapping[int, Place]) -> dict[str, Scope]:
    """The same from a compiled set."""
    refused: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in ruleset.refused:
        refused[one.rule_id][one.reason].append(one.sensor_id)
    divisions = _divisions(where)
    return {
        rule.id: _scope(ruleset.subject[ruleset.rule == number], divisions, refused[rule.id], where)
        for number, rule in enumerate(ruleset.rules)
    }


def _divisions(where: Mapping[int, Place]) -> Rows:
    """[largest sensor id + 1, 2] township and district of each sensor; -1: none."""
    found = np.full((max(where, default=-1) + 1, 2), -1, np.int64)
    for sensor, place in where.items():
        if place.township_id is not None:
            found[sensor] = place.township_id, -1 if place.district_id is None else place.district_id
    return found


def _scope(judged: Rows, divisions: Rows, refused: Mapping[str, list[int]], where: Mapping[int, Place]) -> Scope:
    kinds, counts = np.unique(judged >> 32, return_counts=True)
    at = divisions[judged[judged < len(divisions)]]
    townships, districts = (len(np.unique(column[column >= 0])) for column in at.T)
    return Scope(
        subjects={numbers.KINDS[kind]: int(count) for kind, count in zip(kinds, counts, strict=True)},
        townships=townships,
        districts=districts,
        refused=tuple(_refused(reason, sensors, where) for reason, sensors in refused.items()),
    )


def _refused(reason: str, sensors: list[int], where: Mapping[int, Place]) -> RefusedFor:
    named = tuple(where[sensor].label for sensor in sensors[:_NAMED_AT_MOST] if sensor in where)
    return RefusedFor(reason=reason, count=len(sensors), sensors=named)


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
