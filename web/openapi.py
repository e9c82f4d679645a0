"""The description of the whole API (OpenAPI 3.1): every route under /api, what it may answer, the right it needs.

Made from the routes themselves. What all of them have in common — who may ask, and the errors that follow from
that — is added here, so that no route has to say it again. Pages are left out.
"""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from web.answers import Problem, problems
from web.api import as_json
from web.viewing import COOKIE, CSRF_HEADER, SECURE_COOKIE, Declared, api_routes, declared, open_to

router = APIRouter(prefix="/api", tags=["description"])

Json = dict[str, Any]

RIGHT, EVERYWHERE = "x-shijing-right", "x-shijing-everywhere"
_AT = "/api/"
_OF_ALL = (400, 401, 403, 408, 414, 429, 431, 503)
_OF_BODIES = (413, 415)

_SCHEMES: Json = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": f"Set at /sign-in; over TLS it is called {SECURE_COOKIE}.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "With every change in a session: what the cookie of the same name with `-csrf` holds.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token made at /account, or by `shijing token`."},
}
_TOLD = (
    f"Each route names the right that it needs as `{RIGHT}`; with `{EVERYWHERE}` it has to be held for the whole city;"
    " `known` is whoever is signed in or has a token."
    " What lies outside of the divisions that it is held for is not there. Roles and rights: docs/rights.md."
)


@router.get(
    "/openapi.json",
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "OpenAPI 3.1"}},
    response_class=Response,
    dependencies=[open_to("known")],
)
def openapi(request: Request) -> Response:
    """The description of every route under /api: this document."""
    return as_json(description(request.app))


def description(app: FastAPI) -> Json:
    """The document; made once for a server."""
    if not hasattr(app.state, "description"):
        app.state.description = _made(app)
    return app.state.description  # type: ignore[no-any-return]


def _made(app: FastAPI) -> Json:
    routes = [route for route in api_routes(app) if route.path.startswith(_AT)]
    rights = {(one.method, one.path): one for one in declared(app)}
    told = get_openapi(title="Shijing 实景", version=version("shijing"), description=_TOLD, routes=routes)
    for route in routes:
        for method in route.methods or ():
            _finish(told["paths"][route.path_format][method.lower()], rights[method, route.path])
    components = told["components"]
    _name_problem(components["schemas"])
    components["securitySchemes"] = _SCHEMES
    return told


def _finish(operation: Json, right: Declared) -> None:
    """Who may ask, and the answers that follow from it."""
    operation[RIGHT] = right.right
    if right.everywhere:
        operation[EVERYWHERE] = True
    session: Json = {"session": []} if right.method == "GET" else {"session": [], "csrf": []}
    operation["security"] = [session, {"bearer": []}]
    responses = operation["responses"]
    if "parameters" not in operation and "requestBody" not in operation:
        responses.pop("422", None)
    responses.update(_references(_errors_of(operation)))
    operation["responses"] = dict(sorted(responses.items()))


def _errors_of(operation: Json) -> Iterable[int]:
    yield from _OF_ALL
    if "parameters" in operation or "requestBody" in operation:
        yield 422
    if "requestBody" in operation:
        yield from _OF_BODIES


def _references(statuses: Iterable[int]) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        str(status): {"description": told["description"], "content": {"application/json": {"schema": schema}}}
        for status, told in problems(*statuses).items()
    }


def _name_problem(schemas: Json) -> None:
    """The body of all errors, in the place of the one that FastAPI would have."""
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
