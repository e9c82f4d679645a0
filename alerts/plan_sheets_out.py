"""Plans as a workbook that an official fills in, and that, imported again, changes nothing."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from alerts.plan_bodies import PLACES
from alerts.plan_files_out import FilePlan
from alerts.plan_sheets import (
    COMMAND,
    GONE,
    HELP,
    KINDS,
    LEVEL_WORDS,
    LEVELS,
    MEASURED,
    NOTIFY,
    PLAN,
    RESOURCES,
    ROUTES,
    SAID,
    SHEETS,
    SHELTERS,
    TASKS,
    TERMINATE,
    THREATENED,
    THREATS,
    TRIGGER,
    UPGRADE,
    YES,
    SheetForm,
)  # fmt: skip

Row = Mapping[str, Any]
_NO = "否"


def workbook_of(plans: Iterable[FilePlan]) -> bytes:
    """All of them; none: an empty form. Every cell is text."""
    told = list(plans)
    book = Workbook(write_only=True)
    for form in SHEETS:
        sheet = _sheet(book, form)
        for plan in told:
            for row in _ROWS[form.name](plan):
                keys = {"plan": plan.code, "division": plan.division}
                sheet.append([_cell(sheet, _text({**keys, **row}.get(one.name))) for one in form.columns])
    sheet = book.create_sheet(HELP)
    for letter, width in (("A", 12), ("B", 22), ("C", 18), ("D", 70)):
        sheet.column_dimensions[letter].width = width
    for line in _help():
        sheet.append([_cell(sheet, text) for text in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(book: Any, form: SheetForm) -> Any:
    sheet = book.create_sheet(form.zh)
    sheet.freeze_panes = "C2" if form.name == "plan" else "D2"
    heads = []
    for number, column in enumerate(form.columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
        head = _cell(sheet, column.zh)
        head.font = Font(bold=True)
        heads.append(head)
    sheet.append(heads)
    return sheet


def _cell(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, value=text or None)
    if text:
        cell.data_type = "s"  # and not f, which openpyxl takes for what begins with =
    cell.number_format = "@"
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES if value else _NO
    if isinstance(value, list | tuple):
        return lines_of([str(one) for one in value])
    return str(value)


def lines_of(items: Sequence[str]) -> str:
    """A list in a cell; one item alone that might be taken for several has an empty line after it."""
    text = "\n".join(items)
    return text + "\n" if len(items) == 1 and any(mark in text for mark in "、，,;；") else text


def _value(told: Row, key: str) -> Any:
    """What a cell of a key says: empty where it is not told, GONE where it is taken away."""
    return GONE if key in told and told[key] is None else told.get(key)


def _mapping(told: Any, gone_in: str, keys: Sequence[str]) -> dict[str, Any]:
    """The cells of a group of keys, of which the whole may be taken away."""
    if told is None:
        return {gone_in: GONE}
    return {key: _value(told, key) for key in keys}


def _plan(plan: FilePlan) -> Iterator[Row]:
    body = plan.body
    row: dict[str, Any] = {
        "template": plan.template, "is_template": YES if plan.is_template else "", "name": _value(body, "name"),
        "revise_by": plan.revise_by, "note": plan.note,
    }  # fmt: skip
    if "trigger" in body:
        trigger = body["trigger"]
        row |= _mapping(trigger, "relation", ("confirm_within_min", "suppress"))
        row["relation"] = GONE if trigger is None else _relation(trigger)
    if "terminate" in body:
        end = body["terminate"]
        row |= _mapping(end, "by", ("by",))
        row["by"] = _place(row["by"])
        row["end_relation"] = "" if end is None else KINDS["any" if "any" in end else "all"]
    if "review" in body:
        row |= _mapping(body["review"], "due_h", ("due_h", "items"))
    if "privacy" in body:
        row |= _mapping(body["privacy"], "show_on_wall", ("show_on_wall", "map", "delete_after_close_d"))
    yield row


def _place(place: Any) -> Any:
    return PLACES[place][0] if place in PLACES else place


def _relation(trigger: Row) -> str:
    """Of a trigger that is one condition and no group: empty."""
    return next((KINDS[one] for one in ("any", "all") if one in trigger), "")


def _trigger(plan: FilePlan) -> Iterator[Row]:
    trigger = plan.body.get("trigger")
    if not trigger:
        return
    if _relation(trigger):
        yield from _parts(trigger, "")
    else:
        yield _part(trigger, "1")


def _parts(group: Row, number: str) -> Iterator[Row]:
    below = next((group[one] for one in ("any", "all") if one in group), ())
    for place, part in enumerate(below, start=1):
        at = f"{number}.{place}" if number else str(place)
        yield _part(part, at)
        yield from _parts(part, at)


def _part(part: Row, number: str) -> Row:
    kind = next((one for one in KINDS if one in part), "rule")
    what = "" if kind in ("any", "all") else part.get(kind)
    level = part.get("level")
    return {"number": number, "kind": KINDS[kind], "what": what, "level": LEVEL_WORDS.get(level or "", level)}


def _items(form: SheetForm) -> Any:
    def rows(plan: FilePlan) -> Iterator[Row]:
        if form.name in plan.body and plan.body[form.name] is None:
            yield {form.columns[2].name: GONE}
        for item in plan.body.get(form.name) or ():
            yield {one.name: _value(item, one.name) for one in form.columns[2:]}

    return rows


def _pairs(form: SheetForm, words: Mapping[str, str]) -> Any:
    def rows(plan: FilePlan) -> Iterator[Row]:
        first, second = form.columns[2].name, form.columns[3].name
        if form.name in plan.body and plan.body[form.name] is None:
            yield {first: GONE}
        for key, value in (plan.body.get(form.name) or {}).items():
            yield {first: words.get(key, key), second: GONE if value is None else value}

    return rows


def _notify(plan: FilePlan) -> Iterator[Row]:
    if "notify" in plan.body and plan.body["notify"] is None:
        yield {"party": GONE}
    for party in plan.body.get("notify") or ():
        yield {"party": party}


def _upgrade(plan: FilePlan) -> Iterator[Row]:
    if "upgrade" in plan.body and plan.body["upgrade"] is None:
        yield {"condition": GONE}
    yield from _conditions(plan.body.get("upgrade") or ())


def _terminate(plan: FilePlan) -> Iterator[Row]:
    end = plan.body.get("terminate") or {}
    yield from _conditions(end.get("any") or end.get("all") or ())


def _conditions(told: Iterable[Any]) -> Iterator[Row]:
    for one in told:
        if isinstance(one, Mapping):
            text = yaml.safe_dump(one, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000)
            yield {"kind": MEASURED, "condition": text.strip()}
        else:
            yield {"kind": SAID, "condition": one}


_ROWS: Mapping[str, Any] = {
    PLAN.name: _plan,
    TRIGGER.name: _trigger,
    LEVELS.name: _pairs(LEVELS, {}),
    TASKS.name: _items(TASKS),
    COMMAND.name: _pairs(COMMAND, {key: zh for key, (zh, _) in PLACES.items()}),
    THREATENED.name: _pairs(THREATENED, THREATS),
    SHELTERS.name: _items(SHELTERS),
    ROUTES.name: _items(ROUTES),
    RESOURCES.name: _items(RESOURCES),
    NOTIFY.name: _notify,
    UPGRADE.name: _upgrade,
    TERMINATE.name: _terminate,
}


def _help() -> Iterator[Sequence[str]]:
    yield ("表", "列", "English", "说明")
    yield ("全部", "", "", f"继承模板的预案只填与模板不同的内容；留空即沿用模板，填“{GONE}”即去掉。")
    yield ("", "", "", f"Of a plan that inherits only what differs is told; {GONE} takes an inherited value away.")
    for form in SHEETS:
        for column in form.columns:
            yield (form.zh, column.zh, column.name, column.hint)
