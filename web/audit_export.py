"""The audit as CSV, for spreadsheets: all that fits, as it is read; what a cell says is text there, and no formula."""

import csv
import io
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Annotated, TypeVar

from anyio import CancelScope, to_thread
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from access.access_log import Access, every_access
from access.audit import AT_ONCE, Entry, every_entry
from config.database import Connection
from web.audit_asked import actor_of, begin_of, end_of, known, terms
from web.audit_page import RIGHT, Asked, Lang, acts_in_words
from web.errors import BusyError
from web.pages import Language
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/audit")

Cells = Iterable[Sequence[object]]
Row = TypeVar("Row")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Each holds a connection for as long as it is taken: the pages need the others.
_EXPORTS = threading.Semaphore(2)


@router.get("/acts.csv", response_class=Response, dependencies=[needs(RIGHT)])
def acts_csv(view: ViewOf, asked: Asked, lang: Lang = "zh") -> Response:
    """All acts that fit, newest first."""
    fitting = terms(view, asked)
    zh = ("序号", "时间", "操作人", "操作", "操作代码", "对象", "区划", "详情")
    en = ("number", "time (Beijing)", "who", "act", "code", "to what", "division", "details")
    keys = ("seq", "at", "actor", "act", "code", "subject", "place", "details")

    def told(rows: list[Entry]) -> Cells:
        return ([row[key] for key in keys] for row in acts_in_words(view, rows, lang))

    def read(connection: Connection) -> Generator[Entry, None, None]:
        return every_entry(connection, act=asked.act or None, **fitting)

    return _csv("acts", zh if lang == "zh" else en, _streamed(view, read, told))


@router.get("/access.csv", response_class=Response, dependencies=[needs(RIGHT, everywhere=True)])
def access_csv(
    view: ViewOf,
    asked: Asked,
    route: Annotated[str, Query(max_length=100)] = "",
    failed: bool = False,
    lang: Lang = "zh",
) -> Response:
    """All requests that fit, newest first."""
    account = actor_of(view, asked.account) if asked.account else None
    since, until = begin_of(asked.since), end_of(asked.until)

    def told(rows: list[Access]) -> Cells:
        names = known(view, {row.account for row in rows}, [])
        return ((row.at.isoformat(), names.person(row.account, ""), *_answered(row)) for row in rows)

    def read(connection: Connection) -> Generator[Access, None, None]:
        return every_access(
            connection, account=account, route=route.strip() or None, failed=failed, since=since, until=until
        )

    return _csv("access", _access_head(lang), _streamed(view, read, told))


def _access_head(language: Language) -> Sequence[str]:
    if language == "zh":
        return ("时间 (UTC)", "账号", "方法", "接口", "状态", "毫秒", "地址")
    return ("time (UTC)", "account", "method", "route", "status", "ms", "address")


def _answered(row: Access) -> tuple[object, ...]:
    return row.method, row.route, row.status, round(row.ms), row.address


def cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def _streamed(
    view: View, read: Callable[[Connection], Generator[Row, None, None]], told: Callable[[list[Row]], Cells]
) -> Generator[Cells, None, None]:
    """What the scope shows, a thousand rows at a time; raises BusyError where others take theirs."""
    if not _EXPORTS.acquire(blocking=False):
        raise BusyError("others are exporting: try again in a moment")
    try:
        with view.connection() as connection, connection.transaction(), closing(read(connection)) as rows:
            while batch := list(islice(rows, AT_ONCE)):
                yield told(batch)
    finally:
        _EXPORTS.release()


class _Ended(StreamingResponse):
    """One whose rows are let go of with it, whether it was sent to its end or not."""

    def __init__(self, text: Iterable[str], parts: Generator[Cells, None, None], headers: Mapping[str, str]) -> None:
        super().__init__(text, media_type="text/csv; charset=utf-8", headers=headers)
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(self._parts.close)


def _csv(name: str, head: Sequence[str], parts: Generator[Cells, None, None]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    # Begun here: what is refused is refused before the answer.
    first = list(islice(parts, 1))
    lines = (_lines(rows) for rows in chain([[head]], first, parts))
    # The mark by which spreadsheets know UTF-8.
    return _Ended(chain(["\ufeff"], lines), parts, headers)


def _lines(rows: Cells) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()
