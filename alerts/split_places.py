"""Places whose members are heard by several partitions: each pipeline counts its own only, so too few are counted."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alerts.columns import Rows
from alerts.pairs import Index, RuleSet
from alerts.rules import AnyRule
from alerts.ruleset import compile_rules
from alerts.stored_state import STATE_QUERIES, load_subjects, load_touches
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Split:
    """A rule that counts too little, or takes a gateway for silent too early, at some of its subjects."""

    rule: str
    places: int
    partitions: tuple[str, ...]

    def reason(self) -> str:
        """What is wrong, and how to mend it."""
        return (
            f"{self.places} of its places lie in partitions {', '.join(self.partitions)}, of which each counts its own"
            " sensors only: let one partition hear their districts (SHIJING_PIPELINE_TOPICS), or count by grid or"
            " township"
        )


def split_places(connection: Connection, rules: list[AnyRule]) -> list[Split]:
    """By rule; none is looked for where one partition hears all."""
    heard: dict[int, str] = dict(connection.execute(STATE_QUERIES["heard_by"]).fetchall())
    if len(set(heard.values())) < 2:
        return []
    return splits(compile_rules(rules, load_subjects(connection), touches=load_touches(connection)), heard)


def splits(ruleset: RuleSet, heard: Mapping[int, str]) -> list[Split]:
    """Counts and gateways of which several partitions hear a part; `heard`: sensor → partition."""
    names = sorted(set(heard.values()))
    bits = np.zeros(len(ruleset.reach), np.int64)
    for sensor, name in heard.items():
        if sensor < len(bits):
            bits[sensor] = 1 << names.index(name)
    mask = np.zeros(len(ruleset.rule), np.int64)
    mask[: len(ruleset.simple.sensor)] = bits[ruleset.simple.sensor]
    _gather(mask, ruleset.streams.base, ruleset.streams.members, bits)
    found = []
    for silent in ruleset.silent:
        _gather(mask, silent.base, silent.members, bits)
        found.append((silent.rule, mask[silent.base : silent.base + len(silent.members)]))
    for count in ruleset.counted:
        _gather(mask, count.base, count.members, mask)
        found.append((count.rule, mask[count.base : count.base + len(count.least)]))
    return [split for rule, of in found if (split := _split(ruleset.ids[rule], of[(of & (of - 1)) != 0], names))]


def _gather(mask: Rows, base: int, members: Index, of: Rows) -> None:
    place = np.repeat(np.arange(len(members)), np.diff(members.first))
    np.bitwise_or.at(mask, base + place, of[members.found])


def _split(rule: str, masks: Rows, names: list[str]) -> Split | None:
    if not len(masks):
        return None
    all_ = int(np.bitwise_or.reduce(masks))
    return Split(
        rule=rule,
        places=len(masks),
        partitions=tuple(name for number, name in enumerate(names) if all_ >> number & 1),
    )
