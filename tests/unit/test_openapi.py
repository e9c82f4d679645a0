"""The description of the API: nothing under /api is missing from it, and nothing in it is vague."""

from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from config.settings import WebSettings
from web.answers import GEO_JSON
from web.app import create_app
from web.openapi import EVERYWHERE, RIGHT, description
from web.viewing import Declared, api_routes, declared

Json = dict[str, Any]
PROBLEM = {"$ref": "#/components/schemas/Problem"}
_APP = create_app(WebSettings(), "postgresql:///nothing")
_PATHS = {route.path: route.path_format for route in api_routes(_APP)}
DECLARED = [one for one in declared(_APP) if one.path.startswith("/api/")]


@pytest.fixture(scope="module")
def told() -> Json:
    return description(_APP)


def operation(told: Json, one: Declared) -> Json:
    found: Json = told["paths"][_PATHS[one.path]][one.method.lower()]
    return found


def test_every_route_of_the_api_is_described_and_no_page(told: Json) -> None:
    described = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert described == {(one.method, _PATHS[one.path]) for one in DECLARED}


def test_it_is_a_description_that_others_can_read(told: Json) -> None:
    assert told["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(told).validate()
    for name, schema in told["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        assert schema.get("description"), f"{name} is not told"


def good(found: Json) -> str:
    """The status of what was asked for: 201 where something is made that has an address of its own."""
    return "201" if "201" in found["responses"] else "200"


@pytest.mark.parametrize("one", DECLARED, ids=lambda one: f"{one.method} {one.path}")
def test_a_route_tells_who_may_ask_and_what_may_come(told: Json, one: Declared) -> None:
    found = operation(told, one)
    assert found[RIGHT] == one.right
    assert found.get(EVERYWHERE, False) is one.everywhere
    assert found["tags"]
    assert found["description"]
    session = {"session": []} if one.method == "GET" else {"session": [], "csrf": []}
    assert found["security"] == [session, {"bearer": []}]
    assert set(told["components"]["securitySchemes"]) == {"session", "csrf", "bearer"}
    answers = found["responses"]
    assert {good(found), "400", "401", "403", "408", "414", "429", "431", "503"} <= set(answers)
    assert ({"413", "415", "422"} <= set(answers)) is ("requestBody" in found) is (one.method == "POST")
    for status, answer in answers.items():
        if int(status) >= 400:
            assert answer["content"] == {"application/json": {"schema": PROBLEM}}, status


@pytest.mark.parametrize("one", DECLARED, ids=lambda one: f"{one.method} {one.path}")
def test_every_answer_and_every_body_is_typed(told: Json, one: Declared) -> None:
    found = operation(told, one)
    for kind, content in found["responses"][good(found)]["content"].items():
        if kind == "application/json" and one.path != "/api/openapi.json":
            assert content["schema"]["$ref"].startswith("#/components/schemas/")
        else:
            assert content["schema"]["type"] == ("object" if kind in (GEO_JSON, "application/json") else "string")
    if "requestBody" in found:
        (schema,) = (one["schema"] for one in found["requestBody"]["content"].values())
        assert found["requestBody"]["required"]
        assert schema["additionalProperties"] is False
