"""Totals of history as an Excel sheet, in Chinese."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from boundaries.totals import Counted, Total
from config.logs import BEIJING
from events.workbook import Column, SheetOut, Value, workbook

WHATS = {"readings": ("监测读数", "Readings"), "alerts": ("告警", "Alerts"), "events": ("网格事件", "Reported events"),
         "runs": ("预案运行", "Plan runs")}  # fmt: skip
LEVELS = {"city": ("市", "City"), "district": ("区县", "District"), "township": ("镇街", "Township"),
          "village": ("村社", "Village"), "grid": ("网格", "Grid"), "microgrid": ("微网格", "Micro-grid")}  # fmt: skip
GRADES = {"blue": ("蓝", "blue"), "yellow": ("黄", "yellow"), "orange": ("橙", "orange"), "red": ("红", "red")}


def map_word(map_at: datetime | None, *, today: bool, zh: bool = True) -> str:
    """Which map it is."""
    if map_at is None:
        return "按当时区划" if zh else "As divided then"
    if today:
        return "按今天的区划" if zh else "Under today's map"
    day = map_at.astimezone(BEIJING).date()
    return f"按 {day} 的区划" if zh else f"Under the map of {day}"


def totals_file(asked: Counted, rows: Sequence[Total]) -> bytes:
    """One sheet: a row for each division, a column for each month; of what has grades, another one by grade."""
    months = sorted({one.month for one in rows})
    by_month = [(f"{month.astimezone(BEIJING):%Y-%m}", {"month": month}) for month in months]
    sheets = [_sheet(asked, rows, "按月", by_month)]
    if any(one.grade for one in rows):
        by_grade = [(zh, {"grade": grade}) for grade, (zh, _) in GRADES.items()]
        sheets.append(_sheet(asked, rows, "按等级", by_grade))
    return workbook(sheets, foot="区划历史统计")


def _sheet(
    asked: Counted, rows: Sequence[Total], name: str, parts: Sequence[tuple[str, Mapping[str, object]]]
) -> SheetOut:
    first, last = (
        asked.since.astimezone(BEIJING).date(),
        (asked.until - timedelta(seconds=1)).astimezone(BEIJING).date(),
    )
    title = f"{WHATS[asked.what][0]} · 按{LEVELS[asked.level][0]} · {map_word(asked.map_at, today=False)}"
    return SheetOut(
        name=name,
        title=title,
        note=f"{first} 至 {last}；合计 {sum(one.count for one in rows)}，与按其他时间的区划统计一致",
        columns=[
            Column(zh="代码", width=16),
            Column(zh=LEVELS[asked.level][0], width=18),
            Column(zh="上级", width=18),
            *(Column(zh=head, width=9, right=True) for head, _ in parts),
            Column(zh="合计", width=10, right=True),
        ],
        rows=_rows(rows, [wanted for _, wanted in parts]),
    )


def _rows(rows: Sequence[Total], parts: Sequence[Mapping[str, object]]) -> list[list[Value]]:
    lines: list[list[Value]] = []
    for division in dict.fromkeys(one.division_id for one in rows):
        own = [one for one in rows if one.division_id == division]
        counts: list[Value] = [
            sum(one.count for one in own if all(getattr(one, key) == value for key, value in part.items()))
            for part in parts
        ]
        head: list[Value] = [own[0].code or "", own[0].name or "（无此级区划或位置不明）", own[0].parent or ""]
        lines.append([*head, *counts, sum(one.count for one in own)])
    return lines
