"""Finding divisions, sensors, devices and things by name, pinyin, code or number.

The names are laid down as a few long texts, a line for each, that are looked through from the largest division down;
so an answer is a few milliseconds' work, whatever there is. Whom an answer is for is not known here: what is found is
looked up in the database in the scope of whoever asks (`read_found`), and what that does not show is not told.
"""

import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

import numpy as np
import shapely
from psycopg.rows import dict_row

from config.database import Connection
from screen.spelling import plain, syllables
from screen.tallies import QUERIES

Kind = Literal["city", "district", "township", "village", "grid", "microgrid", "sensor", "device", "thing"]
# In this order they are told, where they are found by the same right.
KINDS: tuple[Kind, ...] = ("city", "district", "township", "village", "grid", "microgrid", "sensor", "device", "thing")
DIVISIONS = frozenset(KINDS[:6])
LONGEST = 60  # characters of what is asked
MOST = 20
_TURN = 20  # names that are spelled without a break
_TRIED = 3 * MOST  # so many of what was found are looked up: some may be gone since

Key = tuple[Kind, int]
_SHORTENED = DIVISIONS - {"grid", "microgrid"}
_KIND_WORD = re.compile(
    r"(?<=..)(?:[一-鿿]+族自治县|街道|(?:社区|村)?(?:居|村)?(?:民)?委(?:员)?会|社区|[区县市镇乡村])$"
)


@dataclass(frozen=True, kw_only=True)
class Named:
    """One thing to be found."""

    kind: Kind
    id: int
    title: str
    others: tuple[str, ...] = ()  # further names
    code: str = ""  # found by its beginning
    number: str = ""  # found whole


@dataclass(frozen=True, kw_only=True)
class Found:
    """One that was found, as the page shows it."""

    kind: Kind
    id: int
    title: str
    note: str  # where it lies
    within: int | None  # the division to look at
    lon: float | None
    lat: float | None
    sensor: int | None = None  # of a device: one whose card tells of it


class _Lines:
    """Texts of rows one under the other; looked through in the order of the rows."""

    def __init__(self, texts: Sequence[tuple[int, str]], marks: Iterable[bool] | None = None) -> None:
        self._rows = [row for row, _ in texts]
        self._text = "\n" + "".join(f"{text}\n" for _, text in texts)
        lengths = np.fromiter((len(text) + 1 for _, text in texts), np.int64, len(texts))
        self._ends: list[int] = np.cumsum(lengths).tolist()  # where the line break after each is
        # Where a match may begin, for texts of which not every character is a beginning.
        self._marks = None if marks is None else np.fromiter(marks, np.bool_)

    def whole(self, asked: str) -> Iterator[int]:
        return self._rows_of(f"\n{asked}\n")

    def beginning(self, asked: str) -> Iterator[int]:
        return self._rows_of(f"\n{asked}")

    def within(self, asked: str) -> Iterator[int]:
        return self._rows_of(asked)

    def _rows_of(self, sought: str) -> Iterator[int]:
        at = self._text.find(sought)
        while at >= 0:
            line = bisect_left(self._ends, at + 1)
            if self._marks is None or sought[0] == "\n" or self._marks[at - 1]:
                yield self._rows[line]
                at = self._ends[line] - 1
            at = self._text.find(sought, at + 1)


class NameIndex:
    """All that can be found, at one moment; it does not change."""

    def __init__(self, named: Iterable[Named]) -> None:
        self._named = sorted(named, key=lambda one: (KINDS.index(one.kind), len(one.title), one.title, one.id))
        rows = list(enumerate(self._named))
        self._texts = _Lines([(row, text) for row, one in rows for text in _texts(one)])
        spelled = [
            (row, syllables(text)) for row, one in _unhurried(rows) for text in _texts(one) if not text.isascii()
        ]
        self._pinyin = _Lines(
            [(row, "".join(told)) for row, told in spelled],
            (first for _, told in spelled for one in [*told, "\n"] for first in _marks(one)),
        )
        self._initials = _Lines([(row, "".join(_initial(one) for one in told)) for row, told in spelled])
        self._codes = sorted((one.code, row) for row, one in rows if one.code)
        self._numbers: dict[str, list[int]] = {}
        for row, one in rows:
            if one.number:
                self._numbers.setdefault(one.number, []).append(row)

    def __len__(self) -> int:
        return len(self._named)

    def narrowed(self, shown: Mapping[str, frozenset[int]]) -> "NameIndex":
        """The same of what is shown, by kind: `division`, `sensor`, `device`, `thing`."""
        nothing: frozenset[int] = frozenset()
        return NameIndex(
            one
            for one in self._named
            if one.id in shown.get("division" if one.kind in DIVISIONS else one.kind, nothing)
        )

    def find(self, asked: str, most: int = _TRIED) -> list[Key]:
        """The best first: what is called so, then what begins so, then what has it within."""
        asked = plain(asked)[:LONGEST]
        if not asked:
            return []
        found: dict[int, None] = {}
        for looks in self._looks(asked):
            rows = sorted({row for look in looks for row in islice(_new(look, found), most)})
            found |= dict.fromkeys(rows)
            if len(found) >= most:
                break
        return [(self._named[row].kind, self._named[row].id) for row in islice(found, most)]

    def _looks(self, asked: str) -> Iterator[list[Iterator[int]]]:
        typed = _typed(asked)
        spelled = [self._pinyin, self._initials] if typed and not typed.isdigit() else []
        yield [
            self._texts.whole(asked), iter(self._numbers.get(asked, [])), self._of_code(asked, whole=True),
            *(one.whole(typed) for one in spelled),
        ]  # fmt: skip
        yield [self._texts.beginning(asked), self._of_code(asked), *(one.beginning(typed) for one in spelled)]
        yield [self._texts.within(asked), *(one.within(typed) for one in spelled if len(typed) > 1)]

    def _of_code(self, asked: str, *, whole: bool = False) -> Iterator[int]:
        """Of a beginning the shortest codes first: a district before its townships."""
        if not asked.isdigit():
            return iter(())
        low = bisect_left(self._codes, (asked, -1))
        high = bisect_right(self._codes, (asked if whole else asked + ":", len(self._named)))
        return iter(sorted(row for _, row in self._codes[low:high]))


def _texts(one: Named) -> list[str]:
    """All that it is called; a division also without the word for what it is: 渝中 for 渝中区."""
    short = _KIND_WORD.sub("", one.title) if one.kind in _SHORTENED else ""
    return list(dict.fromkeys(text for text in map(plain, (one.title, short, *one.others)) if text))


def _unhurried(rows: Iterable[tuple[int, Named]]) -> Iterator[tuple[int, Named]]:
    """The same, leaving other threads their turn: these are seconds of work in a server that answers meanwhile."""
    for row in rows:
        if row[0] % _TURN == 0:
            time.sleep(0)
        yield row


def _marks(part: str) -> Iterator[bool]:
    """True where a syllable begins."""
    yield part != "\n"
    yield from (False for _ in part[1:])


def _initial(syllable: str) -> str:
    return syllable if syllable[0].isdigit() else syllable[0]


def _typed(asked: str) -> str:
    """As pinyin is typed: yu zhong qu, yu'zhong, lü."""
    return (
        asked.replace(" ", "").replace("'", "").replace("’", "").replace("ü", "v")
        if asked.isascii() or "ü" in asked
        else ""
    )


def _new(rows: Iterator[int], known: dict[int, None]) -> Iterator[int]:
    return (row for row in rows if row not in known)


def read_names(connection: Connection, at: datetime) -> NameIndex:
    """All that there is at an instant, whatever the scope: read by the owner."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["names_of_divisions"], {"at": at}).fetchall()
        rows += cursor.execute(QUERIES["names_of_sensors"], {"at": at}).fetchall()
        rows += cursor.execute(QUERIES["names_of_devices"]).fetchall()
        if _has_things(connection):
            rows += cursor.execute(QUERIES["names_of_things"]).fetchall()
    return NameIndex(Named(**{**row, "others": tuple(row.get("others") or ())}) for row in rows)


@dataclass(frozen=True, kw_only=True)
class NamesStamp:
    """Two that are alike are of the same names, as long as the clock lies in the span."""

    number: int  # of changes of divisions
    things: str
    at: datetime


def read_stamp(connection: Connection) -> NamesStamp:
    """A few rows; by the owner."""
    row = connection.execute(QUERIES["names_stamp"]).fetchone()
    assert row is not None
    things = connection.execute(QUERIES["things_stamp"]).fetchone() if _has_things(connection) else None
    return NamesStamp(number=row[0], at=row[1], things="" if things is None else things[0])


def read_span(connection: Connection, at: datetime) -> tuple[datetime | None, datetime | None]:
    """From when until before when the names of an instant hold."""
    row = connection.execute(QUERIES["names_hold"], {"at": at}).fetchone()
    assert row is not None
    return row[0], row[1]


def read_shown(connection: Connection, at: datetime) -> dict[str, frozenset[int]]:
    """The numbers of what a reader's scope shows, by kind."""
    kinds = ["division", "sensor", "device", *(["thing"] if _has_things(connection) else [])]
    return {
        kind: frozenset(row[0] for row in connection.execute(QUERIES[f"shown_{kind}s"], {"at": at})) for kind in kinds
    }


def read_found(connection: Connection, keys: Sequence[Key], at: datetime) -> list[Found]:
    """Those of them that the reader's scope shows, in their order, at most MOST."""
    wanted: dict[str, list[int]] = {}
    for kind, number in keys:
        wanted.setdefault("division" if kind in DIVISIONS else kind, []).append(number)
    told: dict[Key, Found] = {}
    for sort, ids in wanted.items():
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(QUERIES[f"found_{sort}s"], {"ids": ids, "at": at}).fetchall()
        told |= {(one.kind, one.id): one for one in map(_found, rows)}
    return [told[key] for key in keys if key in told][:MOST]


def _found(row: dict[str, Any]) -> Found:
    outline = row.pop("geometry", None)
    if row["lon"] is None and outline is not None:
        inside = shapely.point_on_surface(shapely.from_wkb(outline))
        row |= {"lon": round(inside.x, 6), "lat": round(inside.y, 6)}
    return Found(**row)


def _has_things(connection: Connection) -> bool:
    row = connection.execute("select to_regclass('public.things') is not null").fetchone()
    return row is not None and bool(row[0])
