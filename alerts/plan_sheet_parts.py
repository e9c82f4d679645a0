"""The parts of a plan out of the rows of a workbook's sheets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from alerts.plan_cells import NOTHING, TRUE, Book, Key, Row, cell_value, told_by
from alerts.plan_sheets import GONE, KINDS, LEVEL_WORDS, MEASURED, PLAN, SHEETS, THREATS, SheetForm

_KIND_OF = {zh: kind for kind, zh in KINDS.items()} | {kind: kind for kind in KINDS}
_LEVEL_OF = {text: level for level, zh in LEVEL_WORDS.items() for text in (level, zh, f"{zh}色", f"{zh}色及以上")}
_THREAT_OF = {zh: key for key, zh in THREATS.items()}
_FORMS = {form.name: form for form in SHEETS}


def _trigger(book: Book, key: Key, number: int, row: Row) -> Any:
    rows = book.rows["trigger"].get(key, [])
    if row.get("relation", "").strip() == GONE:
        return None
    kept = told_by(book, PLAN, number, row, ("confirm_within_min", "suppress"))
    if not rows and not kept:
        return NOTHING
    relation = row.get("relation", "").strip()
    tree = _tree(book, rows)
    if not relation and len(tree) == 1 and not tree[0].keys() & {"any", "all"}:
        return {**tree[0], **kept}
    return {_KIND_OF.get(relation, "any"): tree, **kept}


def _tree(book: Book, rows: Sequence[tuple[int, Row]]) -> list[dict[str, Any]]:
    """Rows by their numbers: 3.1 lies in the group 3."""
    form = _FORMS["trigger"]
    top: list[dict[str, Any]] = []
    groups: dict[str, list[dict[str, Any]]] = {"": top}
    for place, (number, row) in enumerate(rows, start=1):
        at = row.get("number", "").strip().rstrip(".") or str(place)
        kind = _KIND_OF.get(row.get("kind", "").strip())
        above = groups.get(at.rpartition(".")[0])
        if kind is None or above is None or at.count(".") > 8:
            book.refuse(
                form, number, "类型或序号不对：类型为规则、官方预警、报告、任一、全部；3.1 须在组 3 之后",
                "the kind or the number is wrong: 3.1 comes after the group 3",
            )  # fmt: skip
            continue
        part = _part(book, form, number, kind, row)
        if kind in ("any", "all"):
            groups[at] = part[kind]
        above.append(part)
    return top


def _part(book: Book, form: SheetForm, number: int, kind: str, row: Row) -> dict[str, Any]:
    if kind in ("any", "all"):
        return {kind: []}
    what: Any = row.get("what", "").strip()
    if kind == "rule":
        if what.isascii() and what.isdecimal() and len(what) < 10:
            what = int(what)
        else:
            book.refuse(form, number, f"“{what[:20]}”不是规则编号", f"{what[:20]!r} is no number of a rule")
    level = row.get("level", "").strip()
    return {kind: what, **({"level": _LEVEL_OF.get(level, level)} if level else {})}


def _terminate(book: Book, key: Key, _number: int, row: Row) -> Any:
    by = row.get("by", "").strip()
    rows = book.rows["terminate"].get(key, [])
    if by == GONE:
        return None
    if not by and not rows:
        return NOTHING
    relation = _KIND_OF.get(row.get("end_relation", "").strip(), "all")
    return {**({"by": by} if by else {}), relation: _conditions(book, "terminate", rows)}


def _upgrade(book: Book, key: Key, _number: int, _row: Row) -> Any:
    rows = book.rows["upgrade"].get(key, [])
    if not rows:
        return NOTHING
    return None if rows[0][1].get("condition", "").strip() == GONE else _conditions(book, "upgrade", rows)


def _conditions(book: Book, name: str, rows: Sequence[tuple[int, Row]]) -> list[Any]:
    form = _FORMS[name]
    return [one for number, row in rows if (one := _condition(book, form, number, row)) != ""]


def _condition(book: Book, form: SheetForm, number: int, row: Row) -> Any:
    text = row.get("condition", "").strip()
    kind = row.get("kind", "").strip()
    if kind not in (MEASURED, "measured") and (kind or not text.startswith("{")):
        return text
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        book.refuse(form, number, "监测条件应写成 {below: yellow, for_h: 24}", "write {below: yellow, for_h: 24}")
        return ""
    return told


def _group(names: Sequence[str], gone_in: str) -> Callable[[Book, Key, int, Row], Any]:
    def made(book: Book, _key: Key, number: int, row: Row) -> Any:
        if row.get(gone_in, "").strip() == GONE and not any(row.get(name) for name in names if name != gone_in):
            return None
        return told_by(book, PLAN, number, row, names) or NOTHING

    return made


def _items(name: str) -> Callable[[Book, Key, int, Row], Any]:
    form = _FORMS[name]
    names = [column.name for column in form.columns[2:]]

    def made(book: Book, key: Key, _number: int, _row: Row) -> Any:
        rows = book.rows[name].get(key, [])
        if not rows:
            return NOTHING
        if rows[0][1].get(names[0], "").strip() == GONE:
            return None
        return [_item(book, form, number, row, names) for number, row in rows]

    return made


def _item(book: Book, form: SheetForm, number: int, row: Row, names: Sequence[str]) -> dict[str, Any]:
    if row.get("drop", "").strip().lower() in TRUE:
        return {"id": row.get("id", "").strip(), "drop": True}
    told = told_by(book, form, number, row, [name for name in names if name != "drop"])
    level = told.get("from_level")
    return {**told, "from_level": _LEVEL_OF.get(level, level)} if isinstance(level, str) else told


def _pairs(name: str, keys: Mapping[str, str]) -> Callable[[Book, Key, int, Row], Any]:
    form = _FORMS[name]
    first, second = (column.name for column in form.columns[2:4])

    def pairs(book: Book, rows: Sequence[tuple[int, Row]]) -> Iterator[tuple[str, Any]]:
        for number, row in rows:
            key = row.get(first, "").strip()
            value = cell_value(book, form, number, second, row.get(second, ""))
            if key and value is not NOTHING:
                yield keys.get(key, key), value

    def made(book: Book, key: Key, _number: int, _row: Row) -> Any:
        rows = book.rows[name].get(key, [])
        if not rows:
            return NOTHING
        return None if rows[0][1].get(first, "").strip() == GONE else dict(pairs(book, rows))

    return made


def _notify(book: Book, key: Key, _number: int, _row: Row) -> Any:
    rows = book.rows["notify"].get(key, [])
    if not rows:
        return NOTHING
    parties = [row.get("party", "").strip() for _, row in rows]
    return None if parties[0] == GONE else parties


PARTS: Mapping[str, Callable[[Book, Key, int, Row], Any]] = {
    "trigger": _trigger,
    "command": _pairs("command", {}),
    "levels": _pairs("levels", {}),
    "tasks": _items("tasks"),
    "terminate": _terminate,
    "review": _group(("due_h", "items"), "due_h"),
    "threatened": _pairs("threatened", _THREAT_OF),
    "routes": _items("routes"),
    "shelters": _items("shelters"),
    "resources": _items("resources"),
    "notify": _notify,
    "upgrade": _upgrade,
    "privacy": _group(("show_on_wall", "map", "delete_after_close_d"), "show_on_wall"),
}
