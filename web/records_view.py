"""People in need as pages and programs are told of them: numbers by division, and a list without names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from psycopg.rows import class_row

from access.places import division_within, place_names
from access.records import QUERIES, Counts, counts, counts_of_level
from config.database import Connection
from web.office import Tab, address
from web.pages import Language
from web.viewing import View

KINDS: Mapping[str, tuple[str, str]] = {
    "elder": ("老人", "elderly"),
    "child": ("儿童", "children"),
    "disabled": ("残疾人", "disabled"),
    "patient": ("病人", "patients"),
    "other": ("其他", "others"),
}
# Of one record.
ONE: Mapping[str, tuple[str, str]] = {
    "elder": ("老人", "elderly person"),
    "child": ("儿童", "child"),
    "disabled": ("残疾人", "disabled person"),
    "patient": ("病人", "patient"),
    "other": ("其他", "other"),
}
NEEDS: Mapping[str, tuple[str, str]] = {
    "alone": ("独居", "lives alone"),
    "bedridden": ("卧床", "bedridden"),
    "walking": ("行动不便", "walks badly"),
    "sight": ("视力", "sight"),
    "hearing": ("听力", "hearing"),
    "dementia": ("失智", "dementia"),
    "oxygen": ("吸氧", "oxygen"),
    "medicine": ("服药", "medicine"),
    "infant": ("婴幼儿", "infant"),
}
REASONS: Mapping[str, tuple[str, str]] = {
    "move": ("转移安置", "Moving people to safety"),
    "alert": ("告警处置", "Handling an alert"),
    "weather": ("高温寒潮看望", "Visit in heat or cold"),
    "family": ("家属求助", "Asked by the family"),
    "check": ("核对档案", "Checking the record"),
    "other": ("其他", "Other"),
}


def word(table: Mapping[str, tuple[str, str]], key: str, language: Language) -> str:
    """In the language of the page."""
    return table[key][0 if language == "zh" else 1]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A division that is counted by."""

    id: int
    code: str | None
    name: str
    level: str


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A division with its numbers, or the whole scope, and what lies right below it."""

    division_id: int | None
    name: str
    whole: Counts | None
    below: list[tuple[Place, dict[str, int]]] = field(default_factory=list)


def counted(view: View, named: str) -> Counted:
    """The numbers of a division of the scope, by code or name; "": of the scope. Raises FilterRefused."""
    at = view.parts.clock()
    with view.connection() as connection:
        chosen = division_within(connection, named, view.scope, now=at) if named else None
        places = _places(connection, view, chosen, at)
        if chosen is None and len(places) == 1:  # one division alone is looked into at once
            chosen = places[0].id
            places = _places(connection, view, chosen, at)
        return Counted(
            division_id=chosen,
            name="" if chosen is None else place_names(connection, [chosen], now=at).get(chosen, ""),
            whole=None if chosen is None else counts(connection, chosen, at=at),
            below=_numbers(connection, places, at),
        )


def _places(connection: Connection, view: View, division: int | None, at: datetime) -> list[Place]:
    roots = list(view.scope.divisions)
    asked = {"division": division, "everywhere": view.scope.everywhere, "roots": roots, "at": at}
    with connection.cursor(row_factory=class_row(Place)) as cursor:
        return cursor.execute(QUERIES["places_below"], asked).fetchall()


def _numbers(connection: Connection, places: list[Place], at: datetime) -> list[tuple[Place, dict[str, int]]]:
    by_level = {level: counts_of_level(connection, level, at=at) for level in {place.level for place in places}}
    return [(place, by_level[place.level].get(place.id, {})) for place in places]


def tabs(view: View, language: Language, here: str) -> list[Tab]:
    """Numbers; the records for whoever may open them; and for whoever keeps them."""
    zh = language == "zh"
    found = [("counts", "/records", "人数" if zh else "Numbers")]
    if view.may("records.open"):
        found.append(("list", "/records/list", "查阅档案" if zh else "Open"))
    if view.may("records.edit"):
        found.append(("edit", "/records/edit", "维护档案" if zh else "Edit"))
    return [Tab(href=address(path, language), word=text, here=name == here) for name, path, text in found]
