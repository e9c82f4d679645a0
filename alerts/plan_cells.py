"""What the cells of a workbook of plans say: numbers, lists, truths; what is taken away."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.plan_files_in import FileFault
from alerts.plan_sheets import COUNTS, GONE, LISTS, TRUTHS, YES, SheetForm
from config.sheets import Cell, ErrorCell, Formula

TRUE, FALSE = {YES, "yes", "true", "1"}, {"否", "no", "false", "0"}
_SEPARATORS = str.maketrans(dict.fromkeys("、，,;；", "\n"))

Key = tuple[str, str]  # code and division of a plan
Row = dict[str, str]


@dataclass(kw_only=True)
class Book:
    """What was read so far."""

    rows: dict[str, dict[Key, list[tuple[int, Row]]]] = field(default_factory=lambda: defaultdict(dict))
    plans: dict[Key, tuple[int, Row]] = field(default_factory=dict)
    faults: list[FileFault] = field(default_factory=list)

    def refuse(self, form: SheetForm, row: int, zh: str, en: str) -> None:
        self.faults.append(FileFault(where=f"{form.zh}!{row}", zh=zh, en=en))


def cell_text(book: Book, form: SheetForm, row: int, cell: Cell) -> str:
    if isinstance(cell, Formula | ErrorCell):
        book.refuse(form, row, "单元格是公式或错误值，请改为文字", "a cell is a formula or an error: write its value")
        return ""
    if isinstance(cell, bool):
        return YES if cell else "否"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\r\n", "\n").replace("_x000D_\n", "\n")


NOTHING: Mapping[str, Any] = {"": "nothing is told"}


def cell_value(book: Book, form: SheetForm, number: int, name: str, text: str) -> Any:
    """A cell by its column: a number, a list, a truth, a text; GONE is null, what cannot be read NOTHING."""
    plain = text.strip()
    if plain == GONE:
        return None
    if name in LISTS:
        lines = (text if "\n" in text else text.translate(_SEPARATORS)).split("\n")
        return [one.strip() for one in lines if one.strip()]
    if name in COUNTS:
        return _count(book, form, number, plain)
    return _truth(book, form, number, plain) if name in TRUTHS else plain


def _count(book: Book, form: SheetForm, number: int, plain: str) -> Any:
    if plain.isascii() and plain.isdecimal() and len(plain) < 10:
        return int(plain)
    book.refuse(form, number, f"“{plain[:20]}”不是整数", f"{plain[:20]!r} is no whole number")
    return NOTHING


def _truth(book: Book, form: SheetForm, number: int, plain: str) -> Any:
    if plain.lower() in TRUE | FALSE:
        return plain.lower() in TRUE
    book.refuse(form, number, f"“{plain[:20]}”应填是或否", f"{plain[:20]!r} is neither yes nor no")
    return NOTHING


def told_by(book: Book, form: SheetForm, number: int, row: Row, names: Sequence[str]) -> dict[str, Any]:
    """The values of these columns that a row has."""
    told = {name: cell_value(book, form, number, name, row[name]) for name in names if row.get(name, "") != ""}
    return {name: value for name, value in told.items() if value is not NOTHING}
