"""What the pages about divisions show: rows, the table of both clocks, the lineage, bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from boundaries.totals import Total, by_division
from geo.divisions import path
from geo.history import Path
from geo.lineage import (
    Change,
    Drawing,
    Found,
    Lineage,
    Moved,
    Version,
    drawings_of,
    level_of,
    lineage_of,
    versions_of,
)
from web.divisions_asked import map_instant
from web.divisions_sheets import LEVELS, map_word
from web.errors import DivisionUnknownError
from web.events_map import map_page
from web.office import Tab, address
from web.pages import Language
from web.people_words import local
from web.viewing import View

AT = "/divisions"

KINDS = {"split": ("拆分", "split"), "merge": ("合并", "merge"), "rename": ("更名", "rename"),
         "transfer": ("划转", "transfer"), "correction": ("更正", "correction"), "established": ("设立", "established"),
         "abolished": ("撤销", "abolished")}  # fmt: skip


def tabs(language: Language, here: str) -> list[Tab]:
    """The parts of the page."""
    zh = language == "zh"
    parts = [("find", AT, "查找与归属" if zh else "Find"), ("totals", f"{AT}/totals", "历史统计" if zh else "Totals")]
    return [Tab(href=address(to, language), word=word, here=here == name) for name, to, word in parts]


def path_words(of: Path, language: Language) -> list[tuple[str, str]]:
    """(name with its code, way to its page), from the city down."""
    return [(f"{one.name} {one.code}", address(f"{AT}/{one.id}", language)) for one in of.divisions]


def found_row(one: Found, language: Language) -> dict[str, Any]:
    zh = language == "zh"
    return {
        "name": one.name,
        "code": one.code,
        "level": LEVELS[one.level][0 if zh else 1],
        "parent": one.parent or "—",
        "until": "" if one.until is None else day(one.until),
        "way": address(f"{AT}/{one.id}", language),
    }


def day(moment: datetime | None) -> str:
    """A day in Beijing, with the minute where it is not its beginning."""
    if moment is None:
        return ""
    at = local(moment)
    return f"{at:%Y-%m-%d}" if (at.hour, at.minute, at.second) == (0, 0, 0) else f"{at:%Y-%m-%d %H:%M}"


def one_page(request: Request, view: View, language: Language, division: int) -> HTMLResponse:
    """One division, with its life; raises DivisionUnknownError."""
    zh, now = language == "zh", view.parts.clock()
    with view.connection() as connection:
        level = level_of(connection, division)
        if level is None:
            raise DivisionUnknownError(division)
        versions, drawings = versions_of(connection, division), drawings_of(connection, division)
        lineage = lineage_of(connection, division, now=now)
        last = _last(versions)
        above = path(connection, division, now) or path(connection, division, last.valid_from or _LONG_AGO)
    return map_page(
        request, view, "division.html", language, menu_at=AT, tabs=tabs(language, ""),
        name=last.name, last=last, level=LEVELS[level][0 if zh else 1], gone=last.valid_to is not None, day=day,
        path=[(step.name, address(f"{AT}/{step.id}", language)) for step in reversed(above)],
        clocks=clocks_of(versions), drawings=[_drawing(one, zh=zh) for one in drawings],
        outlines=f"/api/boundaries/divisions/{division}/outlines.geojson", now=now.isoformat(),
        changes=[_change(one, zh=zh) for one in lineage.changes], before=_before(lineage, language),
        after=_after(lineage, language), division=division, back=address(AT, language),
    )  # fmt: skip


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def _last(versions: Sequence[Version]) -> Version:
    """What held last of what is believed; of what is not believed at all any more, what was."""
    believed = [one for one in versions if one.recorded_to is None] or list(versions)
    return max(believed, key=lambda one: (one.valid_from or _LONG_AGO, one.id))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What was believed of a time, from one bound of it to another."""

    width: int  # in columns
    version: Version | None  # None: there was none
    colour: int


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """The versions as a table: columns are times in the world, rows times of knowledge, the newest first."""

    columns: list[tuple[str, str]]  # from, until
    rows: list[tuple[str, list[Cell]]]  # since when it was believed


def clocks_of(versions: Sequence[Version]) -> Clocks:
    """Each row says what was believed, since then, of every time."""
    bounds = sorted({bound for one in versions for bound in (one.valid_from, one.valid_to) if bound is not None})
    begins: list[datetime | None] = [None, *bounds]
    ends: list[datetime | None] = [*bounds, None]
    learnt = sorted({one.recorded_from for one in versions} | {one.recorded_to for one in versions if one.recorded_to})
    colours = {one.id: number % 6 for number, one in enumerate(versions)}
    rows = [(day_second(known), _cells(versions, begins, known, colours)) for known in reversed(learnt)]
    return Clocks(columns=[(day(begin), day(end)) for begin, end in zip(begins, ends, strict=True)], rows=rows)


def day_second(moment: datetime) -> str:
    """Two things may be written down within a minute."""
    return f"{local(moment):%Y-%m-%d %H:%M:%S}"


def _cells(
    versions: Sequence[Version], begins: Sequence[datetime | None], known: datetime, colours: Mapping[int, int]
) -> list[Cell]:
    cells: list[Cell] = []
    for begin in begins:
        held = next((one for one in versions if _holds(one, begin, known)), None)
        if cells and cells[-1].version is held:
            cells[-1] = Cell(width=cells[-1].width + 1, version=held, colour=cells[-1].colour)
        else:
            cells.append(Cell(width=1, version=held, colour=-1 if held is None else colours[held.id]))
    return cells


def _holds(one: Version, begin: datetime | None, known: datetime) -> bool:
    """Whether it held in the time that begins then, as believed from `known` on."""
    if not (one.recorded_from <= known and (one.recorded_to is None or known < one.recorded_to)):
        return False
    if begin is None:
        return one.valid_from is None
    return (one.valid_from is None or one.valid_from <= begin) and (one.valid_to is None or begin < one.valid_to)


def _drawing(one: Drawing, *, zh: bool) -> dict[str, Any]:
    held = f"{day(one.valid_from) or '…'} – {day(one.valid_to) or '…'}"
    if one.valid_from is None and one.valid_to is None:
        held = "一直" if zh else "always"
    return {
        "id": one.id,
        "held": held,
        "believed": one.recorded_to is None,
        "until": day(one.recorded_to),
        "area": f"{one.area_m2 / 1e6:,.2f} km²",
        "derived": ("推算" if zh else "derived") if one.derived else "",
        "source": one.source,
    }


def _change(one: Change, *, zh: bool) -> dict[str, Any]:
    names = " → ".join(dict.fromkeys(name for name in (one.from_name, one.to_name) if name))
    moved = one.from_id == one.to_id and one.parent_before != one.parent_after
    return {
        "day": day(one.effective),
        "kind": KINDS[one.kind][0 if zh else 1],
        "names": names,
        "share": "" if one.share is None else f"{one.share:.1%}",
        "parents": f"{one.parent_before} → {one.parent_after}" if moved else "",
        "note": one.note,
        "recorded": day(one.recorded_at),
    }


def _before(lineage: Lineage, language: Language) -> list[dict[str, Any]]:
    """What it came from, by the lineage and by the divisions that came to it."""
    from_lines = [
        _box(one.from_id, one.from_name, day(one.effective), KINDS[one.kind][0 if language == "zh" else 1], language)
        for one in lineage.changes
        if not one.forward and one.from_id is not None and one.from_id != one.to_id
    ]
    return from_lines + [_moved(one, language) for one in lineage.moved if one.came]


def _after(lineage: Lineage, language: Language) -> list[dict[str, Any]]:
    """What it is under today's map, with the share of its area; and the divisions that went elsewhere."""
    zh = language == "zh"
    word = "今天的区划" if zh else "under today's map"
    boxes = [
        {**_box(one.division_id, one.name, "", word, language),
         "share": None if one.share is None else round(one.share * 100, 1)}
        for one in lineage.successors
    ]  # fmt: skip
    return boxes + [_moved(one, language) for one in lineage.moved if not one.came]


def _moved(one: Moved, language: Language) -> dict[str, Any]:
    if language == "zh":
        word = f"{one.count} 个下级区划{'划入' if one.came else '划出'}"
    else:
        word = f"{one.count} divisions {'came' if one.came else 'went'}"
    return {**_box(one.other_id, one.other, day(one.effective), word, language), "names": "、".join(one.names)}


def _box(division: int | None, name: str | None, when: str, word: str, language: Language) -> dict[str, Any]:
    way = "" if division is None else address(f"{AT}/{division}", language)
    return {"name": name or "—", "day": when, "word": word, "way": way, "share": None, "names": ""}


def other_word(on_map: str, now: datetime, *, zh: bool) -> str:
    return map_word(map_instant(on_map, now=now), today=on_map == "today", zh=zh)


def totals_rows(then: Sequence[Total], other: Sequence[Total], language: Language) -> list[dict[str, Any]]:
    """A row for each division that either map has, with both counts, how long their bars are (of 100), and grades."""
    about: dict[int | None, Total] = {}
    for one in (*other, *then):
        about.setdefault(one.division_id, one)
    counts = [by_division(then), by_division(other)]
    most = max((count for each in counts for count in each.values()), default=0) or 1
    grades: dict[tuple[int | None, str], int] = {}
    for one in other:
        grades[one.division_id, one.grade] = grades.get((one.division_id, one.grade), 0) + one.count
    nowhere = "无此级区划或位置不明" if language == "zh" else "in none, or it is not known where"
    order = sorted(about.values(), key=lambda one: (one.division_id is None, one.code or "", one.division_id or 0))
    return [
        {
            "name": one.name or nowhere,
            "code": one.code or "",
            "parent": one.parent or "",
            "way": "" if one.division_id is None else address(f"{AT}/{one.division_id}", language),
            "counts": [each.get(one.division_id, 0) for each in counts],
            "bars": [round(100 * each.get(one.division_id, 0) / most, 1) for each in counts],
            "grades": [grades.get((one.division_id, grade), 0) for grade in ("blue", "yellow", "orange", "red")],
        }
        for one in order
    ]
