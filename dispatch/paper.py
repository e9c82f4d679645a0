"""A run's report as headings, facts and tables in one language: what page, PDF and Word file are drawn from.

All of it comes from the run's account; nobody types anything. What may not be told is not in it: names only where the
`Telling` has them, words that people wrote only where it may show them, residents never.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from config.logs import BEIJING
from dispatch.run_words import Language

_WIDE_AT_LEAST = 0.19


def _ems(text: str) -> float:
    """About how wide it is: a Chinese letter is two."""
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def _bounded(ems: float) -> float:
    return min(max(0.0098 * ems + 0.022, 0.06), 0.19)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under a head; `wide`: the column that takes what is left.

    `numbers` are set to the right, and `times` are not broken.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    times: frozenset[int] = frozenset()
    wide: int = 0

    def shares(self) -> list[float]:
        """About how much of the width each column needs: by its longest cell, and the wide one takes what is left."""
        lines = (self.head, *self.rows)
        needs = [_bounded(max(_ems(line[place]) for line in lines)) for place in range(len(self.head))]
        others = sum(need for place, need in enumerate(needs) if place != self.wide)
        scale = min(1.0, (1 - _WIDE_AT_LEAST) / others) if others else 1.0
        shares = [need * scale for need in needs]
        shares[self.wide] = 1 - sum(share for place, share in enumerate(shares) if place != self.wide)
        return shares


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the report."""

    id: str
    heading: str
    notes: tuple[str, ...] = ()
    table: Table | None = None
    empty: str = ""  # what is said where the table has no row


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The whole report."""

    language: Language
    title: str
    subtitle: str
    mark: str  # of a drill, on every page; "": it was real
    facts: tuple[tuple[str, str], ...]
    tallies: tuple[tuple[str, str, str], ...]  # what, how much, and what it is made of
    sections: tuple[Section, ...]
    foot: str  # on every page
    drawn_at: datetime

    def text(self) -> str:
        """All that is written in it, for whoever needs to know which letters."""
        told = [self.title, self.subtitle, self.mark, self.foot]
        told += [part for line in (*self.facts, *self.tallies) for part in line]
        for section in self.sections:
            told += [section.heading, section.empty, *section.notes]
            if section.table is not None:
                told += [cell for row in (section.table.head, *section.table.rows) for cell in row]
        return "".join(told)


@dataclass(frozen=True, kw_only=True)
class Telling:
    """In which language, and what whoever reads it may know."""

    language: Language
    places: Mapping[int, str] = field(default_factory=dict)
    people: Mapping[UUID, str] = field(default_factory=dict, repr=False)  # names; empty without the right to them
    accounts: Mapping[UUID, str] = field(default_factory=dict, repr=False)
    rule: Callable[[str], str] = str  # what a rule is called
    words: bool = False  # whether what people wrote is shown
    notes: Mapping[str, str] = field(default_factory=dict, repr=False)  # those that could be opened, by that id
    privacy: Mapping[str, Any] = field(default_factory=dict)  # of the plan
    township_id: int = 0

    @property
    def zh(self) -> bool:
        """Whether it is in Chinese."""
        return self.language == "zh"

    def say(self, zh: str, en: str) -> str:
        """One of both."""
        return zh if self.zh else en

    def place(self, division_id: int | None) -> str:
        """What a place is called: no finer than the plan lets be shown."""
        if division_id is None:
            return ""
        shown = self.township_id if self.privacy.get("map") == "none" else division_id
        return self.places.get(shown, "")

    def person(self, person_id: UUID | None) -> str:
        """A name, for whoever may know it."""
        return "" if person_id is None else self.people.get(person_id, "")

    def account(self, actor: UUID | None) -> str:
        """Whoever did it at a desk."""
        return "" if actor is None else self.accounts.get(actor, "")

    def thing(self, text: str) -> str:
        """What an alert is about: of a plan with privacy not at all, it may tell whose home it is."""
        return "" if self.privacy else text

    def written(self, text: str) -> str:
        """What somebody wrote."""
        if not text:
            return ""
        return text if self.words else self.say("（文字说明不在此列出）", "(words not shown here)")


def moment(at: datetime | None, start: datetime) -> str:
    """The hour on the day of the start, with the day on another."""
    if at is None:
        return "—"
    local = at.astimezone(BEIJING)
    same = local.date() == start.astimezone(BEIJING).date()
    return local.strftime("%H:%M:%S" if same else "%m-%d %H:%M")


def day_and_hour(at: datetime | None) -> str:
    """2020-08-20 08:15."""
    return "—" if at is None else at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
