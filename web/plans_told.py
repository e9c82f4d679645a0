"""A plan's body as the page tells it: words for what is coded, in the order that people read it."""

from collections.abc import Mapping
from typing import Any

from alerts.plan_surroundings import Surroundings
from web import plans_words as words
from web.pages import Language


def body_told(body: Mapping[str, Any], around: Surroundings, language: Language) -> dict[str, Any]:
    """A whole body for the page that people read; what is not of the form is left out, the findings name it."""
    trigger, end, review = (_map(body.get(key)) for key in ("trigger", "terminate", "review"))
    shelters = {str(one.get("id")): one.get("name") for one in _maps(body.get("shelters"))}
    return {
        "name": body.get("name") or "",
        "trigger": words.trigger_lines(trigger, around, language) if trigger else None,
        "confirm": trigger.get("confirm_within_min"),
        "suppress": _list(trigger.get("suppress")),
        "threatened": [(words.threat(key, language), told) for key, told in _map(body.get("threatened")).items()],
        "command": [(words.place(key, language), told) for key, told in _map(body.get("command")).items()],
        "levels": _levels(body.get("levels"), language),
        "tasks": [_task(one, language) for one in _maps(body.get("tasks"))],
        "routes": [{**one, "shelter": shelters.get(str(one.get("to")))} for one in _maps(body.get("routes"))],
        "shelters": _maps(body.get("shelters")),
        "resources": _maps(body.get("resources")),
        "notify": _list(body.get("notify")),
        "upgrade": [words.condition(one, around, language) for one in _list(body.get("upgrade"))],
        "end": [words.condition(one, around, language) for one in _list(end.get("all") or end.get("any"))],
        "end_any": "any" in end,
        "signer": words.place(str(end.get("by") or ""), language),
        "review": review,
        "items": _list(review.get("items")),
        "privacy": _map(body.get("privacy")),
        "map": words.said(words.MAPS, str(_map(body.get("privacy")).get("map")), language),
    }


def _map(told: Any) -> Mapping[str, Any]:
    return told if isinstance(told, Mapping) else {}


def _maps(told: Any) -> list[Mapping[str, Any]]:
    return [one for one in _list(told) if isinstance(one, Mapping)]


def _list(told: Any) -> list[Any]:
    return list(told) if isinstance(told, list | tuple) else []


def _levels(told: Any, language: Language) -> list[dict[str, str]]:
    order = ("I", "red", "II", "orange", "III", "yellow", "IV", "blue")
    found = _map(told)
    return [
        {"level": words.level(key, language), "colour": words.RESPONSES.get(key, key), "told": str(found[key])}
        for key in (*order, *(one for one in found if one not in order))
        if key in found
    ]


def _task(one: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        **one,
        "level": words.level(one.get("from_level"), language),
        "colour": words.RESPONSES.get(str(one.get("from_level")), str(one.get("from_level") or "")),
        "after": _list(one.get("after")),
        "result": _list(one.get("result")),
    }
