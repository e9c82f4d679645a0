"""One row's cells as values: texts, times of Beijing, choices; each that is none of these is a fault."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from config.logs import BEIJING
from people.errors import Refused, Unknown
from people.file_words import Fault
from people.sheets import Cell, ErrorCell, Formula

SHOWN = 40  # letters of a cell that a fault quotes
_LONGEST = 200
_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y年%m月%d日", "%Y年%m月%d日 %H:%M", "%Y.%m.%d")


class Row:
    """The cells of one row that hold something, and the first fault of each column."""

    def __init__(self, number: int, fault: Callable[..., Fault]) -> None:
        """`fault` makes one of row, column, what and its words."""
        self.number = number
        self.given: dict[str, Cell] = {}
        self.faults: dict[str, Fault] = {}
        self._fault = fault

    def wrong(self, column: str, what: str, *words: Any) -> None:
        """The cell is wrong; what was found first stays."""
        self.faults.setdefault(column, self._fault(self.number, column, what, *words))

    def take(self, name: str, cell: Cell) -> None:
        """What a cell holds, where it is a plain value."""
        if isinstance(cell, Formula):
            self.wrong(name, "formula")
        elif isinstance(cell, ErrorCell):
            self.wrong(name, "error_cell", cell.text)
        elif isinstance(cell, str) and (len(cell) > _LONGEST or "\0" in cell):
            self.wrong(name, "too_long", _LONGEST)
        elif cell is not None and cell != "" and (not isinstance(cell, str) or cell.strip()):
            self.given[name] = cell

    def text(self, name: str) -> str:
        """As text; empty where there is nothing."""
        return text_of(self.given.get(name))

    def moment(self, name: str) -> datetime | None:
        """As a time, of Beijing where it does not say; None where there is none, or it is wrong."""
        cell = self.given.get(name)
        if cell is None:
            return None
        if isinstance(cell, int | float):
            self.wrong(name, "number_date", cell)
            return None
        moment = cell if isinstance(cell, datetime) else _moment(text_of(cell))
        if moment is None:
            self.wrong(name, "no_date", text_of(cell)[:SHOWN])
        elif not 2000 <= moment.year < 2100:
            self.wrong(name, "far_date", moment.strftime("%Y-%m-%d"))
        else:
            return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
        return None

    def choice(self, name: str, zh: Mapping[str, str]) -> str | None:
        """One of the words on the right, told by it or by its Chinese."""
        text = self.text(name)
        word = zh.get(text, text.lower())
        if text and word not in zh.values():
            self.wrong(name, "choice", text[:SHOWN], "、".join(zh), ", ".join(zh.values()))
        return word or None

    def checked(self, name: str, what: str, check: Callable[[str], str]) -> str:
        """What `check` makes of the text; the fault `what` where it refuses."""
        try:
            return check(self.text(name)) if name in self.given else ""
        except (Refused, Unknown):
            self.wrong(name, what)
            return ""


def text_of(cell: Cell) -> str:
    """A cell as text, without outer spaces."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a number of staff that Excel took for a number
    return "" if cell is None or isinstance(cell, Formula | ErrorCell) else str(cell).strip()


@lru_cache(maxsize=4096)  # a roster repeats its times
def _moment(text: str) -> datetime | None:
    plain = text.replace("/", "-").replace("T", " ")
    for form in _FORMATS:
        try:
            return datetime.strptime(plain, form)  # Beijing's, see _Row.moment
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
