"""The page of figures: a frame, which web/static/figures fills from the API."""

from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from access.places import divisions_of
from web.figures_asked import READ
from web.office import office_page
from web.pages import Language
from web.viewing import ViewOf, needs

AT = "/figures"
router = APIRouter()

_MODULES = Path(__file__).parent / "static" / "figures"


@router.get(AT, response_class=HTMLResponse, dependencies=[needs(READ)])
def figures_page(request: Request, view: ViewOf, lang: Annotated[Language, Query()] = "zh") -> HTMLResponse:
    """What the address asks for (`in`, `span` or `from` and `to`, `compare`, `drills`) the modules read themselves."""
    with view.connection() as connection:
        choices = divisions_of(connection, view.scope, now=view.parts.clock())
    places = [
        (one.id, f"{one.above} · {one.name}" if one.above else one.name) for one in choices if one.level != "city"
    ]
    return office_page(request, view, "figures.html", lang, menu_at=AT, modules=_modules(), places=places)


@cache
def _modules() -> tuple[str, ...]:
    return tuple(sorted(path.name for path in _MODULES.glob("*.js")))
