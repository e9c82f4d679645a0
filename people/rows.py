"""Rows of people's files as checked values; every fault with sheet, row and column, and how to mend it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

from people.absences import KINDS
from people.cells import SHOWN, Row, text_of
from people.errors import Refused, Unknown
from people.file_words import Fault
from people.persons import EMPLOYMENTS, plain_number
from people.posts import shipped_posts
from people.private import Private, private
from people.sheets import Sheet, letter
from people.tables import HELP_SHEET, TABLES, Table, What, table_of

EMPLOYMENTS_ZH = dict(zip(("专职", "兼职", "志愿者"), EMPLOYMENTS, strict=True))
KINDS_ZH = dict(zip(("休假", "病假", "培训", "其他"), KINDS, strict=True))
_YES = {"是": True, "yes": True, "取消": True, "否": False, "no": False, "": False}


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    """Somebody as a file tells them."""

    row: int
    organisation: str
    staff_number: str
    employment: str | None  # None: as it is, full time where they are new
    skills: list[str] | None
    since: datetime | None
    until: datetime | None
    fields: Private = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SpanRow:
    """A post held, a shift or an absence as a file tells it."""

    row: int
    organisation: str
    staff_number: str
    since: datetime
    until: datetime | None
    cancel: bool
    post: str | None = None
    division: str | None = None
    kind: str | None = None
    stand_in: tuple[str, str] | None = None  # organisation, staff number


@dataclass(kw_only=True)
class Told:
    """All that a file tells, and what is wrong with it."""

    sheets: dict[What, str] = field(default_factory=dict)
    columns: dict[What, dict[str, str]] = field(default_factory=dict)  # letter and head of each column
    people: list[PersonRow] = field(default_factory=list, repr=False)
    spans: dict[What, list[SpanRow]] = field(default_factory=dict, repr=False)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, table: What, row: int, column: str, what: str, *told: Any) -> Fault:
        """One of a row that was read."""
        where = self.columns[table].get(column, "")
        return Fault(sheet=self.sheets[table], row=row, column=where, what=what, told=told)

    def rows(self) -> int:
        """How many rows hold together."""
        return len(self.people) + sum(map(len, self.spans.values()))


def read_rows(sheets: Iterable[Sheet], wanted: Sequence[What]) -> Told:
    """What the sheets tell of the tables that are wanted."""
    told = Told()
    for sheet in sheets:
        if sheet.name.strip() != HELP_SHEET:
            _sheet(told, sheet, wanted)
    if not told.sheets and not told.faults:
        raise Refused(
            "the file has no rows: fill in a template (`shijing people template`, `shijing roster template`)",
            "文件没有任何行，请填写模板。",
        )
    return told


def _sheet(told: Told, sheet: Sheet, wanted: Sequence[What]) -> None:
    number, heads = sheet.rows[0]
    names = [text_of(cell) for cell in heads]
    table = table_of(sheet.name, names, wanted)
    problem: tuple[str, tuple[Any, ...]] | None = None
    if table is None:
        problem = None if sheet.hidden else ("unknown_sheet", ())  # the lists behind drop-down cells are hidden sheets
        number = 0
    elif sheet.hidden:
        problem, number = ("hidden", ()), 0
    elif table.what not in wanted:
        problem, number = ("not_here", ("、".join(TABLES[one].zh for one in wanted),)), 0
    elif table.what in told.sheets:
        problem, number = ("second_sheet", (told.sheets[table.what],)), 0
    if problem is not None:
        told.faults.append(Fault(sheet=sheet.name, row=number, column="", what=problem[0], told=problem[1]))
    elif table is not None and not (faults := list(_heads(sheet, table, names))):
        _table(told, sheet, table, names)
    elif table is not None:
        told.faults += faults


def _heads(sheet: Sheet, table: Table, names: list[str]) -> Iterator[Fault]:
    number = sheet.rows[0][0]
    seen = set()
    for at, head in enumerate(names, start=1):
        column = table.column(head)
        where = f"{letter(at)} {head[:SHOWN]}"
        if head and column is None:
            choice = "、".join(f"{one.zh} ({one.name})" for one in table.columns)
            yield Fault(sheet=sheet.name, row=number, column=where, what="unknown_head", told=(head[:SHOWN], choice))
        elif column is not None and column.name in seen:
            yield Fault(sheet=sheet.name, row=number, column=where, what="doubled_head", told=(head,))
        seen.add(column.name if column else "")
    for column in table.columns:
        if column.needed and column.name not in seen:
            yield Fault(sheet=sheet.name, row=number, column="", what="missing_head", told=(column.zh,))


def _table(told: Told, sheet: Sheet, table: Table, names: list[str]) -> None:
    told.sheets[table.what] = sheet.name
    columns = {at: column for at, head in enumerate(names) if (column := table.column(head)) is not None}
    told.columns[table.what] = {one.name: f"{letter(at + 1)} {names[at]}" for at, one in columns.items()}
    merged = sheet.merged_at()
    for number, cells in sheet.rows[1:]:
        row = Row(number, partial(told.fault, table.what))
        for at, column in columns.items():
            area = merged.get((number, at + 1))
            if area is not None:
                row.wrong(column.name, "merged", area)
            else:
                row.take(column.name, cells[at] if at < len(cells) else None)
        if any(cell not in (None, "") for at, cell in enumerate(cells) if at not in columns):
            row.wrong("", "too_many_cells")
        for column in columns.values():
            if column.needed and row.given.get(column.name) is None:
                row.wrong(column.name, "empty")
        _keep(told, table, row)


def _keep(told: Told, table: Table, row: Row) -> None:
    value = _person(row) if table.what == "people" else _span(row, table.what)
    if row.faults:
        told.faults += row.faults.values()
    elif isinstance(value, PersonRow):
        told.people.append(value)
    elif value is not None:
        told.spans.setdefault(table.what, []).append(value)


def _person(row: Row) -> PersonRow | None:
    since, until = _times(row)
    employment = row.choice("employment", EMPLOYMENTS_ZH)
    number = row.checked("staff_number", "staff_number", plain_number)
    fields = _private(row)
    if row.faults or fields is None:
        return None
    return PersonRow(
        row=row.number,
        organisation=row.text("organisation"),
        staff_number=number,
        employment=employment,
        skills=_skills(row.text("skills")) if "skills" in row.given else None,
        since=since,
        until=until,
        fields=fields,
    )


def _private(row: Row) -> Private | None:
    """The personal fields; a fault says which one, and nothing of it."""
    name, phone, email = (row.text(column) for column in ("name", "phone", "email"))
    for column, given in (("name", (name or "-",)), ("phone", ("-", phone)), ("email", ("-", "", email))):
        try:
            private(*given)
        except Refused as error:
            row.wrong(column, "personal", error)
    return None if row.faults else private(name, phone, email)


def _span(row: Row, what: What) -> SpanRow | None:
    since, until = _times(row)
    number = row.checked("staff_number", "staff_number", plain_number)
    cancel = row.text("cancel").lower()
    if cancel not in _YES:
        row.wrong("cancel", "choice", cancel[:SHOWN], "是、否", "yes, no")
    post = _post(row) if what != "absences" else None
    kind = row.choice("kind", KINDS_ZH) or "leave" if what == "absences" else None
    if row.faults or since is None:
        return None
    organisation, _, stand_in = row.text("stand_in").rpartition("/")
    return SpanRow(
        row=row.number,
        organisation=row.text("organisation"),
        staff_number=number,
        since=since,
        until=until,
        cancel=_YES[cancel],
        post=post,
        division=row.text("division") or None,
        kind=kind,
        stand_in=(organisation or row.text("organisation"), stand_in) if stand_in else None,
    )


def _times(row: Row) -> tuple[datetime | None, datetime | None]:
    since, until = row.moment("since"), row.moment("until")
    if since is not None and until is not None and until <= since:
        row.wrong("until", "ends_early")
    return since, until


def _post(row: Row) -> str:
    found = _post_named(row.text("post"))
    if not found and "post" in row.given:
        row.wrong("post", "no_post", row.text("post")[:SHOWN], "、".join(post.zh for post in shipped_posts()))
    return found


@cache
def _post_named(name: str) -> str:
    try:
        return shipped_posts().named(name).id
    except Unknown:
        return ""


def _skills(text: str) -> list[str]:
    parts = text.replace("、", ",").replace("，", ",").split(",")
    return sorted({" ".join(part.split()) for part in parts if part.strip()})
