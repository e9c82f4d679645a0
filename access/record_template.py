"""An empty file to fill in with residents' records: every column is text, so that Excel rounds no number of a card."""

import io
from collections.abc import Mapping

from openpyxl import Workbook
from openpyxl.styles import Font

from access.record_rows import COLUMNS, HELP_SHEET, KINDS_ZH, NEEDED, NEEDS_ZH
from config.sheets import letter

_HINTS: Mapping[str, str] = {
    "division": "镇街、村社或网格的现行代码 code of a township, village or grid",
    "kind": "、".join(f"{zh} {word}" for zh, word in KINDS_ZH.items()),
    "needs": "可多项，用、分开 several with commas: " + "、".join(f"{zh} {word}" for zh, word in NEEDS_ZH.items()),
    "reference": "身份证号等；相同编号即修改原档案 such as a card's number; the same one changes that record",
    "since": "2026-11-26；留空为即日起 empty: from now",
    "until": "2027-11-26；留空为长期 empty: without an end",
}


def template() -> bytes:
    """As .xlsx, with the heads and a sheet that says what goes where."""
    book = Workbook()
    sheet = book.active
    sheet.title, sheet.freeze_panes = "档案", "A2"
    sheet.append(list(COLUMNS.values()))
    for number, _ in enumerate(COLUMNS, start=1):
        sheet.cell(row=1, column=number).font = Font(bold=True)
        column = sheet.column_dimensions[letter(number)]
        column.width, column.number_format = 20, "@"
    helping = book.create_sheet(HELP_SHEET)
    helping.append(["列", "English", "必填", "说明"])
    for name, zh in COLUMNS.items():
        helping.append([zh, name, "是 yes" if name in NEEDED else "", _HINTS.get(name, "")])
    helping.column_dimensions["D"].width = 90
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
