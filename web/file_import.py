"""What every import of a file in a browser has in common: a file is sent, previewed, and taken again to be written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import UploadFile
from fastapi.responses import Response

from config.errors import SheetRefused
from config.sheets import MOST_BYTES
from web.viewing import View

_SHOWN = 300  # rows of a preview; those with faults come first
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A file that somebody sent."""

    name: str
    raw: bytes


def sent_or_held(view: View, file: UploadFile | None, held: str, purpose: str) -> Sent:
    """What a form brings: a file, or the key of one that was previewed for this purpose. Raises SheetRefused."""
    return _taken(view, held, purpose) if held else _sent(file)


def hold(view: View, sent: Sent, purpose: str) -> str:
    """Keep a previewed file until it is written; its key."""
    return view.parts.held.put(view.viewer.account_id, purpose, sent.name, sent.raw, now=view.parts.clock())


def shown(rows: Sequence[Any], of_all: int) -> dict[str, Any]:
    """For the template: the rows of a preview that are listed, and how many of all in the file are not."""
    return {"rows": rows[:_SHOWN], "more": max(0, of_all - min(len(rows), _SHOWN))}


def workbook(raw: bytes, name: str) -> Response:
    """An Excel file to keep."""
    return Response(raw, media_type=_EXCEL, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _sent(file: UploadFile | None) -> Sent:
    raw = b"" if file is None else file.file.read(MOST_BYTES + 1)
    if file is None or not raw:
        raise SheetRefused("choose a file first: .xlsx or .csv", "请先选择 .xlsx 或 .csv 文件。")
    return Sent(name=(file.filename or "?")[:100], raw=raw)


def _taken(view: View, key: str, purpose: str) -> Sent:
    found = view.parts.held.take(view.viewer.account_id, purpose, key, now=view.parts.clock())
    if found is None:
        raise SheetRefused(
            "the preview is too old, or another one came after it: choose the file again",
            "预览已过期或已被新的预览取代，请重新选择文件。",
        )
    return Sent(name=found.name, raw=found.raw)
