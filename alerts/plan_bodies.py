"""The one way in which the library writes a plan's body down, and what of a whole body is its own.

Texts are stripped, what is empty is left out, keys stand in the order of the form: two bodies that say the same are
the same. In a body that inherits, null takes a key away and `drop` an item (alerts/plan_inherit.py).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import fields

from alerts.plan_inherit import BY_ID, DROP, Body
from alerts.plan_sheets import THREATS
from alerts.plans import Part, Plan, Privacy, Resource, Review, Route, Shelter, Task, Termination, Trigger

PLACES: Mapping[str, tuple[str, str]] = {  # in the command
    "commander": ("指挥长", "Commander"),
    "a": ("A岗", "Deputy (A)"),
    "b": ("B岗", "Backup (B)"),
    "site": ("现场负责人", "Site lead"),
    "lead": ("牵头人", "Lead"),
    "above": ("上一级", "Next above"),
}
_THREAT_OF = {zh: what for what, zh in THREATS.items()}
_PLACE_OF = {zh: place for place, (zh, _) in PLACES.items()}
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")
_KEYS: dict[type, tuple[str, ...]] = {
    kind: tuple(field.encode_name for field in fields(kind))
    for kind in (Plan, Trigger, Part, Task, Route, Shelter, Resource, Termination, Review, Privacy)
}
_ITEMS: dict[str, type] = {"tasks": Task, "routes": Route, "shelters": Shelter, "resources": Resource}
_STRUCTS: dict[str, type] = {"terminate": Termination, "review": Review, "privacy": Privacy}


def canonical(body: Body) -> dict[str, Any]:
    """The body as it is kept; what is not of the form stays, for the linter to name it."""
    told = {str(key): _value(str(key), value) for key, value in body.items() if key != "id"}
    return _ordered({key: value for key, value in told.items() if value not in ([], {}, "")}, Plan)


def own_of(template: Body, whole: Body) -> dict[str, Any]:
    """What has to be said where the rest is inherited: `inherited(template, own_of(template, whole))` is `whole`.

    The items that are inherited come first, in the template's order.
    """
    own: dict[str, Any] = {}
    for key in dict.fromkeys((*template, *whole)):
        if key == "id" or whole.get(key) == template.get(key):
            continue
        if key in BY_ID and _have_ids(template.get(key)) and _have_ids(whole.get(key)):
            if items := _own_items(template.get(key) or (), whole.get(key) or ()):
                own[key] = items
        else:
            own[key] = whole.get(key)
    return canonical(own)


def _have_ids(items: Any) -> bool:
    return items is None or all(isinstance(one, Mapping) and one.get("id") for one in items)


def _own_items(template: Sequence[Body], whole: Sequence[Body]) -> list[dict[str, Any]]:
    there, kept = {item["id"]: item for item in template}, {item["id"] for item in whole}
    own: list[dict[str, Any]] = [{"id": key, DROP: True} for key in there if key not in kept]
    for item in whole:
        before = there.get(item["id"], {})
        differs = {key: item.get(key) for key in (*before, *item) if item.get(key) != before.get(key)}
        if differs:
            own.append({"id": item["id"], **differs})
    return own


def _value(key: str, value: Any) -> Any:
    if key == "trigger":
        return _part(value, Trigger)
    if key in _ITEMS and isinstance(value, list | tuple):
        return [_ordered(_clean_map(one), _ITEMS[key]) if isinstance(one, Mapping) else _clean(one) for one in value]
    if key == "command" and isinstance(value, Mapping):
        return {_PLACE_OF.get(place, place): post for place, post in _clean_map(value).items()}
    if key == "threatened" and isinstance(value, Mapping):
        return {_THREAT_OF.get(what, what): count for what, count in _clean_map(value).items()}
    if key in _STRUCTS and isinstance(value, Mapping):
        told = _clean_map(value)
        if key == "terminate" and isinstance(told.get("by"), str):
            told["by"] = _PLACE_OF.get(told["by"], told["by"])
        return _ordered(told, _STRUCTS[key])
    return _clean(value)


def _part(value: Any, kind: type) -> Any:
    if not isinstance(value, Mapping):
        return _clean(value)
    told = {
        key: [_part(one, Part) for one in part] if key in ("any", "all") and isinstance(part, list | tuple) else part
        for key, part in value.items()
    }
    return _ordered(_clean_map(told), kind)


def _clean_map(value: Mapping[Any, Any]) -> dict[str, Any]:
    told = {str(_clean(key)): _clean(one) for key, one in value.items()}
    return {key: one for key, one in told.items() if one not in ([], {}, "")}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _CONTROLS.sub(" ", value.replace("\r\n", "\n")).strip()
    if isinstance(value, Mapping):
        return _clean_map(value)
    if isinstance(value, list | tuple):
        return [one for one in (_item(item) for item in value) if one != ""]
    return value


def _item(value: Any) -> Any:
    """An item of a list is one line: files have a line for each."""
    cleaned = _clean(value)
    return " ".join(cleaned.split("\n")).strip() if isinstance(cleaned, str) else cleaned


def _ordered(told: dict[str, Any], kind: type) -> dict[str, Any]:
    known = [key for key in _KEYS[kind] if key in told]
    return {key: told[key] for key in (*known, *(key for key in told if key not in known))}
