"""Sheets that are read and printed: a title, heads, widths, a page that repeats its heads; no cell is computed."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

Value = str | int | float | None

_LINE = Side(style="thin", color="B0B8C0")
_BORDER = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD = PatternFill("solid", fgColor="E3EBF2")
_TITLE = Font(name="宋体", size=16, bold=True)
_PLAIN = Font(name="宋体", size=10)
_BOLD = Font(name="宋体", size=10, bold=True)
_NUMBER, _PERCENT, _TEXT = "0", "0.0%", "@"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A head, and how wide it is in letters."""

    zh: str
    width: int
    percent: bool = False
    right: bool = False  # texts, too


@dataclass(frozen=True, kw_only=True)
class SheetOut:
    """One sheet."""

    name: str
    title: str
    note: str  # under the title: time, place, and what is left out
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]] = field(repr=False)
    upright: bool = False  # else across


def workbook(sheets: Iterable[SheetOut], *, foot: str) -> bytes:
    """An .xlsx file; `foot` stands at the foot of each printed page, beside its number."""
    book = Workbook(write_only=True)
    for one in sheets:
        _write(book, one, foot)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write(book: Workbook, one: SheetOut, foot: str) -> None:
    sheet = book.create_sheet(one.name)
    sheet.freeze_panes = "A4"
    for number, column in enumerate(one.columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    sheet.row_dimensions[1].height = 26
    _print(sheet, one, foot)
    sheet.append([_text(sheet, one.title, _TITLE)])
    sheet.append([_text(sheet, one.note, _PLAIN)])
    sheet.append([_head(sheet, column.zh) for column in one.columns])
    is_empty = True
    for row in one.rows:
        is_empty = False
        sheet.append([_cell(sheet, value, column) for value, column in zip(row, one.columns, strict=True)])
    if is_empty:
        sheet.append([_text(sheet, "本期无记录", _PLAIN)])


def _print(sheet: "Workbook", one: SheetOut, foot: str) -> None:
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.orientation = "portrait" if one.upright else "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:3"
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.oddFooter.left.text = foot.replace("&", "&&")
    sheet.oddFooter.right.text = "第 &P 页，共 &N 页"


def _text(sheet: object, text: str, font: Font) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # and not f, which openpyxl takes for what begins with =
    cell.font = font
    return cell


def _head(sheet: object, text: str) -> WriteOnlyCell:
    cell = _text(sheet, text, _BOLD)
    cell.fill, cell.border = _HEAD, _BORDER
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    return cell


def _cell(sheet: object, value: Value, column: Column) -> WriteOnlyCell:
    if isinstance(value, int | float):
        cell = WriteOnlyCell(sheet, value=value)
        cell.font = _PLAIN
        cell.number_format = _PERCENT if column.percent else _NUMBER if isinstance(value, int) else "0.0"
        cell.alignment = Alignment(horizontal="right", vertical="top")
    else:
        cell = _text(sheet, "".join(one for one in value or "" if one.isprintable()), _PLAIN)
        cell.number_format = _TEXT
        cell.quotePrefix = bool(value) and value[:1] in ("=", "+", "-", "@", "'")  # type: ignore[index]
        cell.alignment = Alignment(horizontal="right" if column.right else None, vertical="top", wrap_text=True)
    cell.border = _BORDER
    return cell
