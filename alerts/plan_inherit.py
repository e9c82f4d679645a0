"""What a plan says that inherits: its template's words, and its own where it has any."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import fields, replace

from alerts.plans import Plan

Body = Mapping[str, Any]
# Lists whose items are known by their `id`: each is taken over, changed or dropped by itself.
BY_ID = ("tasks", "routes", "shelters")
DROP = "drop"  # {id: T4, drop: true}: the template's T4 is not in this plan

_FIELDS = {field.name: field for field in fields(Plan)}
_ITEM_KINDS: dict[str, Any] = {name: _FIELDS[name].type for name in BY_ID}


def inherited(template: Body, own: Body) -> dict[str, Any]:
    """The whole body. Key by key the own one counts; items of `tasks`, `routes`, `shelters` go by their ids.

    An own item has only what differs; a null takes a key away; a new id comes at the end. Raises ValueError for
    an item without an id.
    """
    whole = dict(template)
    for key, value in own.items():
        if key in BY_ID and isinstance(value, Sequence) and not isinstance(value, str):
            whole[key] = _items(key, whole.get(key) or (), value)
        elif value is None:
            whole.pop(key, None)
        else:
            whole[key] = value
    return {key: value for key, value in whole.items() if value != []}


def _items(key: str, template: Sequence[Body], own: Sequence[Body]) -> list[dict[str, Any]]:
    items = {_id_of(key, item): dict(item) for item in template}
    for item in own:
        name = _id_of(key, item)
        if item.get(DROP) is True:
            items.pop(name, None)
            continue
        merged = {**items.get(name, {}), **item}
        items[name] = {word: value for word, value in merged.items() if value is not None}
    return list(items.values())


def _id_of(key: str, item: Any) -> str:
    name = item.get("id") if isinstance(item, Mapping) else None
    if not isinstance(name, str):
        raise msgspec.ValidationError(f"an item of `{key}` has no `id` - at `$.{key}`")
    return name


def inherited_plan(template: Plan, own: Body, code: str) -> Plan:
    """The same of a plan that is read already: what is not its own is shared with the template, not read again.

    A city's plans are its templates many times over. Raises msgspec.ValidationError, as reading the whole would.
    """
    changed: dict[str, Any] = {"id": code}
    for key, value in own.items():
        if key not in _FIELDS:
            raise msgspec.ValidationError(f"Object contains unknown field `{key}`")
        if key in BY_ID and isinstance(value, Sequence) and not isinstance(value, str):
            changed[key] = _plan_items(key, getattr(template, key), value)
        elif key != "id":
            changed[key] = _default(key) if value is None else msgspec.convert(value, _FIELDS[key].type)
    return replace(template, **changed)


def _plan_items(key: str, template: Sequence[Any], own: Sequence[Body]) -> tuple[Any, ...]:
    items = {item.id: item for item in template}
    for item in own:
        name = _id_of(key, item)
        if item.get(DROP) is True:
            items.pop(name, None)
            continue
        told = {**(msgspec.to_builtins(items[name]) if name in items else {}), **item}
        plain = {word: value for word, value in told.items() if value is not None}
        (items[name],) = msgspec.convert([plain], _ITEM_KINDS[key])
    return msgspec.convert(tuple(items.values()), _ITEM_KINDS[key]) if not items else tuple(items.values())


def _default(key: str) -> Any:
    field = _FIELDS[key]
    if field.required:
        raise msgspec.ValidationError(f"Object missing required field `{key}`")
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
