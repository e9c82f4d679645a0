"""Rows of residents as checked values, from a form or from the cells of a file; each fault with its row and column."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from access.record_words import Fault
from access.records import FIELDS, KINDS, NEEDS
from config.logs import BEIJING
from config.sheets import Cell, ErrorCell, Formula, Sheet, letter

COLUMNS: Mapping[str, str] = {
    "division": "区划代码",
    "kind": "类别",
    "name": "姓名",
    "address": "住址",
    "phone": "电话",
    "note": "备注",
    "needs": "需求",
    "reference": "编号",
    "since": "起",
    "until": "止",
}
NEEDED = ("division", "kind", "name")
KINDS_ZH = dict(zip(("老人", "儿童", "残疾人", "病人", "其他"), KINDS, strict=True))
NEEDS_ZH = dict(zip(("独居", "卧床", "行动不便", "视力", "听力", "失智", "吸氧", "服药", "婴幼儿"), NEEDS, strict=True))
HELP_SHEET = "说明"
LONGEST = 500
_DIGITS = 15  # that a number of a spreadsheet keeps
_HEADS = {**{name: name for name in COLUMNS}, **{chinese: name for name, chinese in COLUMNS.items()}}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line that holds together. Who it is, is not shown."""

    line: int
    division: str  # its code
    kind: str
    needs: tuple[str, ...]
    since: datetime | None  # None: as it was, or from now on
    until: datetime | None
    reference: str = field(repr=False)
    personal: dict[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a file tells: the rows that hold together, what is wrong with the others, and where each column stands."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    at: Mapping[str, str] = field(default_factory=dict)  # letter and head, by our name

    def fault(self, row: Row, column: str, what: str) -> Fault:
        """One of a row that holds together by itself."""
        return Fault(row=row.line, column=column, what=what, at=self.at.get(column, ""))


def read_rows(sheets: Sequence[Sheet]) -> Told:
    """The rows of the one sheet that a file has of them."""
    shown = [sheet for sheet in sheets if not sheet.hidden and sheet.name.strip() != HELP_SHEET]
    if not shown:
        return Told(faults=[Fault(row=1, column="", what="no_rows")])
    if len(shown) > 1:
        return Told(faults=[Fault(row=1, column="", what="second_sheet", told=(shown[1].name[:40],))])
    number, heads = shown[0].rows[0]
    places, faults = _places(number, [text_of(cell) for cell in heads])
    if faults:
        return Told(faults=faults)
    rows, faults = _rows(shown[0], places)
    if not rows and not faults:
        faults = [Fault(row=number, column="", what="no_rows")]
    at = {name: place.at for name, place in places.items()}
    return Told(rows=rows, faults=faults + _twice(rows, places), at=at)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a column stands."""

    column: int  # from 0
    at: str


def _places(row: int, heads: list[str]) -> tuple[dict[str, _Place], list[Fault]]:
    """Where each of our columns is."""
    places: dict[str, _Place] = {}
    faults: list[Fault] = []
    for number, head in enumerate(heads):
        at = f"{letter(number + 1)} {head[:40]}"
        name = _HEADS.get(head, _HEADS.get(head.lower()))
        if head and name is None:
            told = (head[:40], "、".join(COLUMNS.values()), ", ".join(f"{one} ({zh})" for one, zh in COLUMNS.items()))
            faults.append(Fault(row=row, column="", what="unknown_head", told=told, at=at))
        elif name in places:
            faults.append(Fault(row=row, column="", what="doubled_head", told=(head,), at=at))
        elif name is not None:
            places[name] = _Place(column=number, at=at)
    missing = [name for name in NEEDED if name not in places]
    faults += [Fault(row=row, column="", what="missing_head", told=(COLUMNS[name], name)) for name in missing]
    return places, faults


def _rows(sheet: Sheet, places: Mapping[str, _Place]) -> tuple[list[Row], list[Fault]]:
    merged = sheet.merged_at()
    rows: list[Row] = []
    faults: list[Fault] = []
    headed = {place.column for place in places.values()}
    for number, cells in sheet.rows[1:]:
        found: dict[str, Fault] = {}
        given = {}
        for name, place in places.items():
            cell = cells[place.column] if place.column < len(cells) else None
            wrong = "merged" if (number, place.column + 1) in merged else _wrong(cell)
            if wrong:
                found[name] = Fault(row=number, column=name, what=wrong)
            else:
                given[name] = text_of(cell)
        if any(cell not in (None, "") for at, cell in enumerate(cells) if at not in headed):
            found[""] = Fault(row=number, column="", what="too_many_cells")
        row, more = checked(given, line=number, needed=[name for name in NEEDED if name not in found])
        rows += [row] if row is not None and not found else []
        faults += [_at(fault, places) for fault in (*found.values(), *more)]
    return rows, faults


def _at(fault: Fault, places: Mapping[str, _Place]) -> Fault:
    at = places[fault.column].at if fault.column in places else ""
    return Fault(row=fault.row, column=fault.column, what=fault.what, told=fault.told, at=at)


def _wrong(cell: Cell) -> str:
    """Why a cell holds no text that can be trusted; empty where it does."""
    if isinstance(cell, Formula):
        return "formula"
    if isinstance(cell, ErrorCell):
        return "error_cell"
    return "rounded" if isinstance(cell, int | float) and abs(cell) >= 10**_DIGITS else ""


def text_of(cell: Cell) -> str:
    """A cell as text: a day where it is a date, digits without a point where it is a whole number."""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None or isinstance(cell, Formula | ErrorCell) else str(cell).strip()


def checked(
    given: Mapping[str, str], *, line: int = 0, needed: Sequence[str] = NEEDED
) -> tuple[Row | None, list[Fault]]:
    """Texts by our names of columns as a row; None where something is wrong with them."""
    faults = [Fault(row=line, column=name, what="empty") for name in needed if not given.get(name)]
    since = _day(given.get("since", ""), "since", line, faults)
    until = _day(given.get("until", ""), "until", line, faults)
    for name in (*FIELDS, "reference"):
        if len(given.get(name, "")) > LONGEST or "\0" in given.get(name, ""):
            faults.append(Fault(row=line, column=name, what="too_long", told=(LONGEST,)))
    row = Row(
        line=line,
        division=given.get("division", ""),
        kind=_word(given.get("kind", ""), "kind", KINDS_ZH, line, faults),
        needs=_needs(given.get("needs", ""), line, faults),
        since=since,
        until=until,
        reference=plain_reference(given.get("reference", "")),
        personal={name: given.get(name, "") for name in FIELDS},
    )
    return (None if faults else row), faults


def plain_reference(text: str) -> str:
    """As a blind index sees it."""
    return unicodedata.normalize("NFKC", text).strip()


def _word(text: str, column: str, chinese: Mapping[str, str], line: int, faults: list[Fault]) -> str:
    word = chinese.get(text, text.lower())
    if text and word not in chinese.values():
        told = (", ".join(chinese), ", ".join(chinese.values()))
        faults.append(Fault(row=line, column=column, what="choice", told=told))
    return word


def _needs(text: str, line: int, faults: list[Fault]) -> tuple[str, ...]:
    words = [word.strip() for word in text.replace("、", ",").replace("，", ",").split(",")]
    found: list[Fault] = []
    needs = tuple(sorted({_word(word, "needs", NEEDS_ZH, line, found) for word in words if word}))
    faults += found[:1]
    return needs


def _day(text: str, column: str, line: int, faults: list[Fault]) -> datetime | None:
    """The beginning of that day in Beijing."""
    if not text:
        return None
    try:
        day = datetime.strptime(text.replace("/", "-"), "%Y-%m-%d").replace(tzinfo=BEIJING)
    except ValueError:
        faults.append(Fault(row=line, column=column, what="no_date"))
        return None
    if not 1900 <= day.year < 2100:
        faults.append(Fault(row=line, column=column, what="far_date"))
    return day.astimezone(UTC)


def _twice(rows: list[Row], places: Mapping[str, _Place]) -> list[Fault]:
    first: dict[str, int] = {}
    return [
        _at(Fault(row=row.line, column="reference", what="doubled", told=(first[row.reference],)), places)
        for row in rows
        if row.reference and first.setdefault(row.reference, row.line) != row.line
    ]
