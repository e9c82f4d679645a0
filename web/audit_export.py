"""The audit as CSV, for spreadsheets: what a cell says is text there, and never a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response

from web.audit_asked import found, known
from web.audit_page import RIGHT, Asked, Lang, acts_in_words, requests
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/audit")

AT_MOST = 20_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@router.get("/acts.csv", response_class=Response, dependencies=[needs(RIGHT)])
def acts_csv(view: ViewOf, asked: Asked, lang: Lang = "zh") -> Response:
    """The newest 20,000 acts that fit."""
    rows = acts_in_words(view, found(view, asked, before=None, most=AT_MOST), lang)
    zh = ("序号", "时间", "操作人", "操作", "操作代码", "对象", "区划", "详情")
    en = ("number", "time (Beijing)", "who", "act", "code", "to what", "division", "details")
    keys = ("seq", "at", "actor", "act", "code", "subject", "place", "details")
    return _csv("acts", zh if lang == "zh" else en, ([row[key] for key in keys] for row in rows))


@router.get("/access.csv", response_class=Response, dependencies=[needs(RIGHT, everywhere=True)])
def access_csv(
    view: ViewOf,
    asked: Asked,
    route: Annotated[str, Query(max_length=100)] = "",
    failed: bool = False,
    lang: Lang = "zh",
) -> Response:
    """The newest 20,000 requests that fit."""
    rows = requests(view, asked, route.strip(), failed=failed, before="", most=AT_MOST)
    names = known(view, {row.account for row in rows}, [])
    zh = ("时间 (UTC)", "账号", "方法", "接口", "状态", "毫秒", "地址")
    en = ("time (UTC)", "account", "method", "route", "status", "ms", "address")
    return _csv(
        "access",
        zh if lang == "zh" else en,
        (
            (
                row.at.isoformat(),
                names.person(row.account, ""),
                row.method,
                row.route,
                row.status,
                round(row.ms),
                row.address,
            )
            for row in rows
        ),
    )


def cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def _csv(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([cell(value) for value in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    # The mark by which spreadsheets know UTF-8.
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
