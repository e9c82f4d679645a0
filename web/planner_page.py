"""The planner's pages: drafts of boundaries, a new one, and the editor; all led by web/static/planner from the API."""

import secrets
from functools import cache
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from access.places import Choice, divisions_of
from boundaries.drafts import LEVELS
from web.events_map import map_page
from web.maps import EditorMap, MapPieces, pieces
from web.office import office_page
from web.pages import Language
from web.planner_api import DRAW
from web.planner_view import seen
from web.security import page_policy
from web.viewing import View, ViewOf, needs

AT = "/planner"
router = APIRouter(prefix=AT)

_MODULES = Path(__file__).parent / "static" / "planner"
# From below: what lies around, what is in force, the draft, lines to take hold of, names, vertices.
_PANES = (
    ("around", 370, False),
    ("before", 380, False),
    ("units", 390, True),
    ("handles", 420, True),
    ("names", 450, False),
    ("marks", 460, False),
    ("vertices", 620, True),
)
Lang = Annotated[Language, Query()]


@router.get("", response_class=HTMLResponse, dependencies=[needs(DRAW)])
def planner_page(request: Request, view: ViewOf, lang: Lang = "zh") -> HTMLResponse:
    """Drafts, and a new one, in Chinese or with `?lang=en` in English."""
    return map_page(request, view, "planner.html", lang, menu_at=AT, roots=_roots(view), levels=LEVELS)


@router.get("/{draft:uuid}", response_class=HTMLResponse, dependencies=[needs(DRAW)])
def editor_page(request: Request, view: ViewOf, draft: UUID, lang: Lang = "zh") -> HTMLResponse:
    """The editor of one draft."""
    seen(view, draft)
    nonce = secrets.token_urlsafe(16)
    answer = office_page(
        request, view, "planner_edit.html", lang, menu_at=AT, draft=draft, map=_map(), modules=_modules(), nonce=nonce
    )
    answer.headers["Content-Security-Policy"] = page_policy(nonce)
    return answer


def _roots(view: View) -> list[Choice]:
    """What a draft may be opened under."""
    with view.connection() as connection:
        found = divisions_of(connection, view.scope, now=view.parts.clock(), most=2000)
    return [one for one in found if one.level in LEVELS]


@cache
def _map() -> MapPieces:
    """The modules find it as `map_planner`; they make their canvases themselves."""
    return pieces(
        EditorMap(
            "planner",
            panes=_PANES,
            location=[29.56, 106.55],
            zoom_start=11,
            zoom_control=False,
            prefer_canvas=False,
            zoom_snap=0.25,
            zoom_delta=0.5,
            box_zoom=False,
        )
    )


@cache
def _modules() -> tuple[str, ...]:
    return tuple(sorted(path.name for path in _MODULES.glob("*.js")))
