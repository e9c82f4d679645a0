"""Cells of people's files (config/sheets.py); a file that cannot be read is refused as anything else of people is."""

from config.errors import SheetRefused
from config.sheets import Cell, ErrorCell, Formula, Sheet, letter
from config.sheets import read_sheets as read
from people.errors import Refused

__all__ = ["Cell", "ErrorCell", "Formula", "Sheet", "letter", "read_sheets"]


def read_sheets(name: str, raw: bytes) -> list[Sheet]:
    """The sheets of an .xlsx or .csv (UTF-8 or GB 18030) file; raises Refused for what is neither, or too large."""
    try:
        return read(name, raw)
    except SheetRefused as error:
        raise Refused(str(error), error.zh) from error
