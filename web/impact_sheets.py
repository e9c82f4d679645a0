"""What a draft does, as an Excel file: units, all that moves, households, and what needs somebody."""

from boundaries.impact import Impact, Moved, Place
from config.logs import BEIJING
from events.workbook import Column, SheetOut, Value, workbook
from web.impact_words import KINDS, LINEAGE, said

_PLACES = [Column(zh="原编号", width=18), Column(zh="原名称", width=18), Column(zh="新编号", width=18),
           Column(zh="新名称", width=18)]  # fmt: skip


def impact_workbook(impact: Impact, title: str) -> bytes:
    """An .xlsx file; residents are counted, nobody is named."""
    note = f"{title}，按 {impact.at.astimezone(BEIJING):%Y-%m-%d %H:%M} 的数据"
    return workbook(
        [
            _units(impact, note),
            _moved(impact, note),
            _households(impact, note),
            _open(impact, note),
        ],
        foot="边界调整影响",
    )


def _units(impact: Impact, note: str) -> SheetOut:
    rows: list[list[Value]] = [
        [said(LINEAGE, one.kind, "zh"), *_pair(one.before, one.after), round(one.area_m2), one.share]
        for one in impact.units
    ]
    columns = [Column(zh="沿革", width=10), *_PLACES, Column(zh="面积 m²", width=12),
               Column(zh="占原单元", width=10, percent=True)]  # fmt: skip
    return SheetOut(name="单元", title="区划与网格变化", note=note, columns=columns, rows=rows)


def _moved(impact: Impact, note: str) -> SheetOut:
    rows: list[list[Value]] = [
        [said(KINDS, one.kind, "zh"), _subject(one), one.name, one.detail, *_pair(one.before, one.after), one.count]
        for one in impact.moved
    ]
    columns = [Column(zh="类别", width=16), Column(zh="编号", width=14), Column(zh="名称", width=24),
               Column(zh="说明", width=20), *_PLACES, Column(zh="数量", width=8)]  # fmt: skip
    return SheetOut(name="随之变动", title="随之变动的对象", note=note, columns=columns, rows=rows)


def _subject(one: Moved) -> str:
    return one.subject


def _households(impact: Impact, note: str) -> SheetOut:
    rows: list[list[Value]] = [[*_pair(a, b), many] for a, b, many in impact.households]
    columns = [*_PLACES, Column(zh="户数（按面积估算）", width=18)]
    return SheetOut(name="户数", title="户数变化（估算）", note=note, columns=columns, rows=rows)


def _open(impact: Impact, note: str) -> SheetOut:
    rows: list[list[Value]] = [["无网格员在岗", one.code, one.name] for one in impact.without_worker]
    rows += [["预案无对应区划", one.name, one.before.name if one.before else ""] for one in impact.plans_left]
    rows += [
        ["须人工决定：" + said(KINDS, one.kind, "zh"), one.subject, one.before.name if one.before else ""]
        for one in impact.moved
        if one.after is None and one.kind != "sensor"
    ]
    columns = [Column(zh="事项", width=28), Column(zh="编号", width=40), Column(zh="区划", width=20)]
    return SheetOut(name="待处理", title="须人工处理", note=note, columns=columns, rows=rows)


def _pair(before: Place | None, after: Place | None) -> list[Value]:
    return [value for one in (before, after) for value in ((one.code, one.name) if one else ("", ""))]
