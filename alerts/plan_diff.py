"""What differs between two bodies of a plan, item by item, for people to read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from alerts.plan_inherit import BY_ID, Body

How = Literal["added", "removed", "changed"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One of them."""

    where: str  # tasks.T3.limit_min
    how: How
    before: Any = None
    after: Any = None

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        return vars(self)


def differences(before: Body, after: Body) -> list[Difference]:
    """Every one, in the order of the form."""
    found: list[Difference] = []
    for key in dict.fromkeys((*after, *before)):
        if key in BY_ID and _by_id(before.get(key)) is not None and _by_id(after.get(key)) is not None:
            found += _of_maps(key, _by_id(before.get(key)) or {}, _by_id(after.get(key)) or {}, deep=True)
        elif isinstance(before.get(key), Mapping) and isinstance(after.get(key), Mapping) and key != "trigger":
            found += _of_maps(key, before[key], after[key])
        elif before.get(key) != after.get(key):
            found.append(_one(key, before.get(key), after.get(key)))
    return found


def _by_id(items: Any) -> dict[str, Any] | None:
    if items is None:
        return {}
    if not isinstance(items, list) or not all(isinstance(one, Mapping) and "id" in one for one in items):
        return None
    return {str(one["id"]): {key: value for key, value in one.items() if key != "id"} for one in items}


def _of_maps(where: str, before: Body, after: Body, *, deep: bool = False) -> Iterator[Difference]:
    for key in dict.fromkeys((*after, *before)):
        was, is_ = before.get(key), after.get(key)
        if deep and was is not None and is_ is not None:
            yield from _of_maps(f"{where}.{key}", was, is_)
        elif was != is_:
            yield _one(f"{where}.{key}", was, is_)


def _one(where: str, before: Any, after: Any) -> Difference:
    how: How = "added" if before is None else "removed" if after is None else "changed"
    return Difference(where=where, how=how, before=before, after=after)
