"""The registry as columns, for counting whom rules judge: no object for each of 100,000 sensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from alerts import subjects
from alerts.columns import Flags, Rows
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("registry_queries.sql"))
_LOW = (1 << 32) - 1
NONE = -1


class Reads(NamedTuple):
    """What sensors of one sort read."""

    quantity: str
    unit: str
    datum: str | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Registry:
    """n sensors by id, ascending; NONE: it has none."""

    sorts: Sequence[Reads]
    sensor: Rows  # [n]
    sort: Rows  # [n] index into `sorts`
    device: Rows  # [n]
    gateway: Rows  # [n] the device that speaks for it
    timed: Flags  # [n] it has an interval
    placed: Flags  # [n] it is known where it stands
    lies: Mapping[str, Rows]  # [n] division by level
    district: Rows  # [n] that its township belongs to

    def level(self, name: str) -> Rows:
        """[n] the division of one level."""
        return self.lies.get(name, np.full(len(self.sensor), NONE))

    def rows_of(self, judged: Rows) -> Rows:
        """[k] the sensor, by its row, that stands for a subject: itself, or the first one of the device or division."""
        found, kind = np.full(len(judged), NONE), judged >> 32
        for name, known, row in self._first_rows:
            some = np.flatnonzero((kind == subjects.KINDS.index(name)) & (found == NONE))
            if len(some):
                found[some] = _at(judged[some] & _LOW, known, row)
        return found

    @cached_property
    def _first_rows(self) -> list[tuple[subjects.Kind, Rows, Rows]]:
        """By kind of subject: numbers, ascending, and the first row that has each."""
        keys: list[tuple[subjects.Kind, Rows]] = [
            ("sensor", self.sensor),
            ("device", self.device),
            ("gateway", self.gateway),
            ("division", self.level("grid")),
            ("division", self.level("township")),
        ]
        return [(name, *np.unique(column, return_index=True)) for name, column in keys]


def load_registry(connection: Connection) -> Registry:
    """The sensors that are not retired, as they are now."""
    columns, sorts = _sensors(connection)
    sensor, sort, device, timed = columns
    rows = connection.execute(QUERIES["lies"], binary=True)
    lies = {level: _looked_up(sensor, *(np.array(one, np.int64) for one in its)) for level, *its in rows}
    township = lies.get("township", np.full(len(sensor), NONE))
    return Registry(
        sorts=sorts,
        sensor=sensor,
        sort=sort,
        device=device,
        gateway=_looked_up(device, *_columns(connection, "gateways")),
        timed=timed.astype(bool),
        placed=np.isin(sensor, _columns(connection, "placed")[0]),
        lies=lies,
        district=_looked_up(township, *_columns(connection, "districts")),
    )


def _sensors(connection: Connection) -> tuple[list[Rows], list[Reads]]:
    """Sensor, sort, device and whether it is timed, by sensor; and the sorts."""
    row = connection.execute(QUERIES["sensors"], binary=True).fetchone()
    assert row is not None
    columns = [np.array(column or (), np.int64) for column in row[3:]]
    order = np.argsort(columns[0])
    order = order[~np.isin(columns[0][order], _columns(connection, "retired")[0])]
    return [column[order] for column in columns], [
        Reads(*each) for each in zip(*(names or () for names in row[:3]), strict=True)
    ]


def _columns(connection: Connection, query: str) -> list[Rows]:
    row = connection.execute(QUERIES[query], binary=True).fetchone()
    assert row is not None
    return [np.array(column, np.int64) for column in row]


def _looked_up(asked: Rows, known: Rows, value: Rows) -> Rows:
    """[k] the value of each key; NONE for an unknown one."""
    order = np.argsort(known, kind="stable")
    return _at(asked, known[order], value[order])


def _at(asked: Rows, known: Rows, value: Rows) -> Rows:
    """[k] the value of each key, of keys in order."""
    if not len(known):
        return np.full(len(asked), NONE)
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[at] == asked, value[at], NONE)
