"""Excel and CSV files that a spreadsheet shows as they are: no cell is computed, whoever wrote it."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from config.sheets import letter
from people.errors import Refused
from people.tables import HELP_SHEET, TABLES, Column, Table, What

_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")  # what makes a formula of a CSV cell; ' hides itself
_TEXT = "@"  # Excel's number format of text
Rows = Iterable[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One sheet to write: a table, and its rows in the order of the table's columns."""

    table: Table
    rows: Rows


def excel(pages: Iterable[Page], help_rows: Rows = ()) -> bytes:
    """A workbook; every cell is text, and shown as text."""
    book = Workbook(write_only=True)
    for page in pages:
        sheet = book.create_sheet(page.table.zh)
        sheet.freeze_panes = "A2"
        for at, _ in enumerate(page.table.columns):
            sheet.column_dimensions[letter(at + 1)].width = 20
        heads = [_cell(sheet, column.zh) for column in page.table.columns]
        for cell in heads:
            cell.font = Font(bold=True)
        sheet.append(heads)
        for row in page.rows:
            sheet.append([_cell(sheet, text) for text in row])
    if helps := list(help_rows):
        sheet = book.create_sheet(HELP_SHEET)
        for row in helps:
            sheet.append([_cell(sheet, text) for text in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: object, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # and not f, which openpyxl takes for what begins with =
    cell.number_format = _TEXT
    if text.startswith(_STARTS):
        cell.quotePrefix = True  # typed over in Excel it stays text
    return cell


def comma_separated(page: Page) -> bytes:
    """CSV in UTF-8 with the mark that Excel tells it by; what it would compute has an apostrophe before it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column.zh for column in page.table.columns])
    writer.writerows([_plain(text) for text in row] for row in page.rows)
    return out.getvalue().encode("utf-8-sig")


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_STARTS) else text


def template(wanted: Sequence[What], *, as_csv: bool = False) -> bytes:
    """An empty file with the heads, and (Excel) what goes where; raises Refused for CSV of several tables."""
    pages = [Page(table=TABLES[what], rows=()) for what in wanted]
    if as_csv:
        return comma_separated(only(pages))
    return excel(
        pages,
        [
            ("表", "列", "English", "必填", "说明"),
            *(_hint(page.table, one) for page in pages for one in page.table.columns),
        ],
    )


def only(pages: Sequence[Page]) -> Page:
    """The one that a CSV file has room for."""
    if len(pages) != 1:
        names = ", ".join(page.table.what for page in pages)
        raise Refused(
            f"a CSV file holds one table: name one of {names}, or write an .xlsx file",
            "CSV 只能有一张表，请选择一张，或用 .xlsx。",
        )
    return pages[0]


def _hint(table: Table, column: Column) -> tuple[str, ...]:
    return (table.zh, column.zh, column.name, "是 yes" if column.needed else "", column.hint)
