"""Whether a body has the shape of a plan, whatever it says: lists where lists are, words where words are.

What is kept in the library has it, drafts too, so that pages and files can show what is wrong in it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import fields

from alerts.plan_inherit import DROP, Body
from alerts.plans import Part, Privacy, Resource, Review, Route, Shelter, Task, Termination, Trigger

Check = Callable[[Any], bool]
_DEEPEST = 8  # groups in groups of a trigger


def misshapen(body: Body) -> Iterator[str]:
    """The keys of a body that have another shape than a plan's, or are none of its keys."""
    for key, value in body.items():
        if key not in _SHAPES or not (value is None or _SHAPES[key](value)):
            yield str(key)[:60]


def _leaf(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _leaves(value: Any) -> bool:
    return _leaf(value) or (isinstance(value, list) and all(map(_leaf, value)))


def _map_of_leaves(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_leaf, value.values()))


def _conditions(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) or _map_of_leaves(one) for one in value)


def _struct(kind: type, lists: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> Check:
    names = {field.encode_name for field in fields(kind)} | set(more)

    def check(value: Any) -> bool:
        return isinstance(value, Mapping) and all(
            key in names and (_conditions(one) if key in ("any", "all") else (_leaves if key in lists else _leaf)(one))
            for key, one in value.items()
        )

    return check


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _part(value: Any, kind: type = Trigger, depth: int = 0) -> bool:
    names = {field.encode_name for field in fields(kind)}
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return False
    return all(
        key in names
        and (_parts(one, depth) if key in ("any", "all") else (_leaves if key == "suppress" else _leaf)(one))
        for key, one in value.items()
    )


def _parts(value: Any, depth: int) -> bool:
    return isinstance(value, list) and all(_part(one, Part, depth + 1) for one in value)


_SHAPES: Mapping[str, Check] = {
    "name": _leaf,
    "trigger": _part,
    "command": _map_of_leaves,
    "levels": _map_of_leaves,
    "tasks": _list_of(_struct(Task, ("after", "result"), (DROP,))),
    "terminate": _struct(Termination),
    "review": _struct(Review, ("items",)),
    "threatened": _map_of_leaves,
    "routes": _list_of(_struct(Route, (), (DROP,))),
    "shelters": _list_of(_struct(Shelter, (), (DROP,))),
    "resources": _list_of(_struct(Resource)),
    "notify": _leaves,
    "upgrade": _conditions,
    "privacy": _struct(Privacy),
}
