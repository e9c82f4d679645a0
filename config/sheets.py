"""Cells of Excel and CSV files from strangers: bounded, with nothing expanded, fetched or computed."""

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from config.errors import SheetRefused

MOST_BYTES = 32 << 20
MOST_ROWS = 200_000
MOST_COLUMNS = 60
_MOST_UNPACKED = 400 << 20
_MOST_PARTS = 1000
_MOST_MERGED = 20_000
_MOST_EMPTY = 10_000  # rows, one after the other
_CHUNK = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx with a password
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref=["\']([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})["\']')
_SPLIT = 200  # bytes that are looked at again, for what stands across two chunks


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A cell that would be computed."""


@dataclass(frozen=True, kw_only=True)
class ErrorCell:
    """A cell such as #N/A."""

    text: str


Cell = str | int | float | datetime | Formula | ErrorCell | None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The cells of one sheet that is not empty."""

    name: str
    hidden: bool
    rows: list[tuple[int, list[Cell]]] = field(repr=False)  # number as the spreadsheet counts; none is empty
    merged: list[str] = field(default_factory=list)  # as A2:A5

    def merged_at(self) -> dict[tuple[int, int], str]:
        """The merged area of each cell (row, column from 1) in one, the first cell aside."""
        places: dict[tuple[int, int], str] = {}
        last = self.rows[-1][0] if self.rows else 0
        for area in self.merged:
            left, top, right, bottom = range_boundaries(area)
            for row in range(top, min(bottom, last, top + _MOST_MERGED) + 1):
                for column in range(left, min(right, MOST_COLUMNS) + 1):
                    if (row, column) != (top, left):
                        places[row, column] = area
            if len(places) > _MOST_MERGED:
                raise SheetRefused(
                    f"sheet {self.name}: {area} and others merge more than {_MOST_MERGED} cells: unmerge them",
                    f"工作表“{self.name}”中 {area} 等合并单元格超过 {_MOST_MERGED} 个，请取消合并。",
                )
        return places


def letter(column: int) -> str:
    """What a spreadsheet calls a column, from 1."""
    return str(get_column_letter(column))


def read_sheets(name: str, raw: bytes) -> list[Sheet]:
    """The sheets of an .xlsx or .csv (UTF-8, GB 18030) file; raises SheetRefused for what is neither, or too large."""
    if len(raw) > MOST_BYTES:
        raise SheetRefused(
            f"{name} has {len(raw) >> 20} MB, and {MOST_BYTES >> 20} are the most: split it",
            f"{name} 有 {len(raw) >> 20} MB，最多 {MOST_BYTES >> 20} MB，请拆分。",
        )
    if raw[:4] == _OLE:
        raise SheetRefused(
            f"{name} is an old .xls file, or has a password: save it as .xlsx without one",
            f"{name} 是旧的 .xls 文件或带密码，请另存为不带密码的 .xlsx。",
        )
    if raw[:2] == b"PK":
        return _workbook(name, raw)
    return [sheet] if (sheet := _csv(name, raw)).rows else []


def _csv(name: str, raw: bytes) -> Sheet:
    text = _decoded(name, raw)
    if "\0" in text:
        raise SheetRefused(
            f"{name} is no table: save it as .xlsx, or as CSV in UTF-8",
            f"{name} 不是表格，请另存为 .xlsx 或 UTF-8 的 CSV。",
        )
    rows: list[tuple[int, list[Cell]]] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
            _check_size(name, Path(name).stem, number, len(cells))
            if any(cell.strip() for cell in cells):
                rows.append((number, list(map(_unescaped, cells))))
    except csv.Error as error:
        raise SheetRefused(
            f"{name} row {len(rows) + 1}: {error}: save it again as CSV in UTF-8",
            f"{name} 第 {len(rows) + 1} 行无法读取，请重新另存为 UTF-8 的 CSV。",
        ) from error
    return Sheet(name=Path(name).stem, hidden=False, rows=rows)


def _unescaped(cell: str) -> str:
    """Without the apostrophe that our export puts before what a spreadsheet would compute."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@\t\r'" else cell


def _decoded(name: str, raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):  # what spreadsheets save
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetRefused(
        f"{name} is neither UTF-8 nor GBK: save it as CSV in UTF-8, or as .xlsx",
        f"{name} 既不是 UTF-8 也不是 GBK，请另存为 UTF-8 的 CSV 或 .xlsx。",
    )


def _workbook(name: str, raw: bytes) -> list[Sheet]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            merged = _checked_parts(name, archive)
        # Formulas are read as such: what a file says that they come to may be anything.
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False, keep_links=False)
        try:
            return [sheet for one in book.worksheets if (sheet := _sheet(name, one, merged)).rows]
        finally:
            book.close()
    except (
        zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError,
        AttributeError, IndexError, OverflowError, NotImplementedError, EOFError, SyntaxError, OSError,
        RuntimeError, zlib.error, struct.error,
    ) as error:  # fmt: skip  # what openpyxl raises for files that are damaged, one way or another
        raise SheetRefused(
            f"{name} is no sound .xlsx file ({type(error).__name__}): save it again from Excel",
            f"{name} 不是完好的 .xlsx 文件，请用 Excel 重新保存。",
        ) from error


def _checked_parts(name: str, archive: zipfile.ZipFile) -> dict[str, list[str]]:
    """The merged areas of each part, after every part was unpacked once, within bounds; raises SheetRefused."""
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS:
        raise SheetRefused(
            f"{name} has {len(parts)} parts: that is no file of ours, save it again from Excel",
            f"{name} 内含 {len(parts)} 个部件，请用 Excel 重新保存。",
        )
    left = _MOST_UNPACKED
    merged: dict[str, list[str]] = {}
    for part in parts:
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise SheetRefused(
                f"{name} is packed in a way that Excel does not: save it again from Excel",
                f"{name} 的压缩方式不是 Excel 的，请用 Excel 重新保存。",
            )
        with archive.open(part) as unpacked:
            before = b""
            while chunk := unpacked.read(min(_CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:  # counted, not believed: the sizes that an archive tells may be wrong
                    raise SheetRefused(
                        f"{name} unpacks to more than {_MOST_UNPACKED >> 20} MB: split it",
                        f"{name} 解压后超过 {_MOST_UNPACKED >> 20} MB，请拆分。",
                    )
                window = before + chunk
                if b"<!DOCTYPE" in window or b"<\0!\0D\0" in window or b"\0<\0!\0D" in window:
                    raise SheetRefused(
                        f"{name} declares a document type in {part.filename}: save it again from Excel",
                        f"{name} 内含文档类型声明，请用 Excel 重新保存。",
                    )
                found = [area.decode() for area in _MERGED.findall(window)]
                areas = merged.setdefault(part.filename, [])
                areas.extend(found)
                if len(areas) > _MOST_MERGED:
                    raise SheetRefused(
                        f"{name} has more than {_MOST_MERGED} merged cells: unmerge them",
                        f"{name} 的合并单元格超过 {_MOST_MERGED} 个，请取消合并。",
                    )
                before = window[-_SPLIT:]
    return merged


def _sheet(name: str, sheet: Any, merged: dict[str, list[str]]) -> Sheet:
    sheet.reset_dimensions()  # the size that a file tells may be wrong
    rows: list[tuple[int, list[Cell]]] = []
    for number, cells in enumerate(_cells(sheet), start=1):
        while cells and cells[-1] in (None, ""):
            cells.pop()
        _check_size(name, sheet.title, len(rows) + 1, len(cells))
        if cells:
            rows.append((number, cells))
        elif number - (rows[-1][0] if rows else 0) > _MOST_EMPTY:
            raise SheetRefused(
                f"{name}, sheet {sheet.title}: {_MOST_EMPTY} empty rows up to row {number}: delete them",
                f"{name} 工作表“{sheet.title}”到第 {number} 行有 {_MOST_EMPTY} 个空行，请删除。",
            )
    # Read only, openpyxl tells no merged cells, only of which part the sheet was made.
    areas = list(dict.fromkeys(merged.get(sheet._worksheet_path.lstrip("/"), [])))
    found = Sheet(name=str(sheet.title), hidden=sheet.sheet_state != "visible", rows=rows, merged=areas)
    found.merged_at()  # too many are refused here, and not by whoever asks where they are
    return found


def _cells(sheet: Any) -> Iterator[list[Cell]]:
    for row in sheet.iter_rows(max_col=MOST_COLUMNS + 1):
        yield [_cell(cell) for cell in row]


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return None
    if cell.data_type == "f":
        return Formula()
    if cell.data_type == "e":
        return ErrorCell(text=str(value)[:20])
    if isinstance(value, str | int | float | datetime):
        return value
    return str(value)


def _check_size(name: str, sheet: str, rows: int, columns: int) -> None:
    if rows > MOST_ROWS + 1:
        raise SheetRefused(
            f"{name}, sheet {sheet}: more than {MOST_ROWS} rows: split the file",
            f"{name} 工作表“{sheet}”超过 {MOST_ROWS} 行，请拆分。",
        )
    if columns > MOST_COLUMNS:
        raise SheetRefused(
            f"{name}, sheet {sheet}: more than {MOST_COLUMNS} columns: delete those beyond the template's",
            f"{name} 工作表“{sheet}”超过 {MOST_COLUMNS} 列，请删去模板以外的列。",
        )
