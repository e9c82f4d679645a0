"""What the pages of an import tell: guesses with their reasons, counts, items and faults in words."""

from collections import Counter
from typing import Any

from boundaries.drafts import LEVELS
from geo.conflation import Conflation, Item
from geo.conflation_sort import Root
from geo.crs import is_shifted
from geo.datums import transformation
from geo.errors import CrsError
from geo.layer_fit import parse_key
from geo.layer_guess import Guess
from geo.layer_words import told
from web.pages import Language
from web.planner_layers import Look

_ROLES = (
    ("name", "名称", "Name"),
    ("code", "代码", "Code"),
    ("parent", "上级（镇街名称或代码）", "Parent (township's name or code)"),
    ("district", "区县", "District"),
    ("kind", "类型", "Kind"),
    ("households", "户数", "Households"),
)
LEVEL_WORDS = {
    "city": ("全市", "city"), "district": ("区县", "districts"), "township": ("镇街", "townships"),
    "grid": ("网格", "grids"),
}  # fmt: skip
_STATES = {
    "same": ("未变", "same"), "moved": ("移动", "moved"), "renamed": ("改名", "renamed"), "new": ("新增", "new")
}  # fmt: skip
_SHOWN = 200  # of a list; those that need somebody come first
_SAMPLE = 3  # values of a field


def look_values(look: Look, language: Language, *, at: str) -> dict[str, Any]:
    """For the page that shows the guesses."""
    zh = language == "zh"
    guesses = look.guesses
    drafted = {level for below in LEVELS.values() for level in below}
    return {
        "upload": look.upload, "rows": look.table.rows, "form": look.table.form.upper(),
        "several": len(look.table.layers) > 1,
        "layer": _choice(guesses.layer, look.table.layer, zh=zh),
        "encoding": _choice(guesses.encoding, look.table.encoding.value, zh=zh),
        "decodes": look.table.form not in {"dxf", "gpkg"},
        "crs": _choice(guesses.crs, look.chosen.crs or guesses.crs.value, zh=zh), "own_crs": look.chosen.own_crs,
        "how": _how(look.crs, zh=zh), "declared": look.table.declared or "",
        "level": _choice(guesses.level, look.level, zh=zh, only=drafted),
        "fields": [_role(look, *one, zh=zh) for one in _ROLES],
        "unreadable": [_fault(one, language) for one in look.table.faults if not one.mended][:20],
        "action": at, "onward": f"{at}/check", "shapes": f"{at}/shapes?{look.chosen.query()}",
    }  # fmt: skip


def _role(look: Look, role: str, zh_word: str, en_word: str, *, zh: bool) -> dict[str, Any]:
    field = look.fields[role]
    sample = _sample(look, field)
    return {
        "role": role, "word": zh_word if zh else en_word, "sample": sample,
        **_choice(look.guesses.fields[role], field, zh=zh),
    }  # fmt: skip


def _choice(guess: Guess, value: str, *, zh: bool, only: set[str] | None = None) -> dict[str, Any]:
    """What holds, the reason of the guess, and what else there is."""
    options = [(one.value, one.zh if zh else one.en) for one in guess.options if only is None or one.value in only]
    if value not in [one for one, _ in options]:
        options.insert(0, (value, value or ("请选择" if zh else "choose")))
    own = value != guess.value
    why = ("由您选择" if zh else "as you chose") if own else (guess.zh if zh else guess.en)
    return {"value": value, "options": options, "why": why, "sure": guess.sure or own}


def _how(key: str, *, zh: bool) -> str:
    """What is done with the positions of that system, and how good it is."""
    crs = parse_key(key).crs
    if not crs:
        return ""
    if is_shifted(crs):
        return "按公开公式还原，误差小于 1 米。" if zh else "By the published formula, to less than a metre."
    try:
        how = transformation(crs)
    except CrsError:
        return ""
    return how.zh if zh else how.en


def _sample(look: Look, field: str) -> str:
    values = [value for value in look.table.columns.get(field, ()) if value]
    return "、".join(dict.fromkeys(values[:_SAMPLE]))


def check_values(
    look: Look, result: Conflation, roots: tuple[Root, ...], language: Language, *, at: str
) -> dict[str, Any]:
    """For the page that shows what the layer would change."""
    zh = language == "zh"
    place = 0 if zh else 1
    left = [one for one in result.faults if one.left_out]
    wrong = [one for one in result.faults if not one.mended and not one.left_out]
    mended = [one for one in result.faults if one.mended]
    items = sorted(result.items, key=lambda item: (item.state == "same", item.state, item.title))
    return {
        "upload": look.upload, "level_word": LEVEL_WORDS[result.level][place], "root": result.root,
        "roots": [(root.id, root.name) for root in roots], "rows": result.rows, "taken": result.taken,
        "left_rows": len(result.left), "adds_up": result.balance,
        "counts": [(_STATES[state][place], result.count(state)) for state in ("new", "moved", "renamed", "same")],
        "gone": [one.title for one in result.gone][:_SHOWN], "gone_count": len(result.gone),
        "drift": None if result.drift is None else tuple(round(one) for one in result.drift),
        "left": _listed(left, language), "wrong": _listed(wrong, language), "mended": _listed(mended, language),
        "mended_kinds": _kinds(mended), "items": [_item(one, place) for one in items[:_SHOWN]],
        "more_items": max(0, len(items) - _SHOWN), "chosen": look.chosen, "choices": look.chosen.query(),
        "proposed": _title(look, result, zh=zh), "action": f"{at}/draft", "again": f"{at}/check",
        "found": f"{at}/found?{look.chosen.query()}",
        "kept": [one for one in look.chosen.said() if one[0] not in ("root", "gone", "derived", "tolerance")],
    }  # fmt: skip


def _listed(faults: list[Any], language: Language) -> dict[str, Any]:
    faults = sorted(faults, key=lambda one: -one.size)
    return {"count": len(faults), "rows": [_fault(one, language) for one in faults[:_SHOWN]],
            "more": max(0, len(faults) - _SHOWN)}  # fmt: skip


def _fault(one: Any, language: Language) -> dict[str, Any]:
    rows = "、".join(str(row) for row in one.rows[:5]) + (" …" if len(one.rows) > 5 else "")
    return {
        "text": told(one, language), "rows": rows, "names": "、".join(name for name in one.names[:3] if name),
        "place": "" if one.lon is None or abs(one.lon) > 180 else f"{one.lon:.6f}, {one.lat:.6f}",
        "lon": one.lon, "lat": one.lat, "detail": one.detail,
    }  # fmt: skip


def _kinds(faults: list[Any]) -> dict[str, int]:
    return dict(Counter(one.kind for one in faults))


def _item(item: Item, place: int) -> dict[str, Any]:
    how = item.moved
    return {
        "state": item.state, "word": _STATES[item.state][place], "title": item.title, "code": item.code,
        "name": item.name, "former": item.former_name,
        "farthest": None if how is None or how.is_none else _metres(how.farthest_m),
        "changed": None if how is None or how.is_none else f"{how.changed_m2:,.0f} m²",
    }  # fmt: skip


def _metres(metres: float) -> str:
    return f"{metres:,.0f} m" if metres >= 10 else f"{metres:.1f} m"


def _title(look: Look, result: Conflation, *, zh: bool) -> str:
    words = LEVEL_WORDS[result.level]
    name = look.upload.name.rsplit(".", 1)[0][:60]
    return f"{result.root.name}{words[0]}：导入 {name}" if zh else f"{result.root.name}, {words[1]}: {name}"
