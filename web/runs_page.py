"""The commander's pages of runs: a list of what is under way, and one run, both led by web/static/runs from the API."""

import secrets
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse

from access.places import divisions_of
from people.posts import shipped_posts
from web.maps import CityMap, MapPieces, pieces
from web.office import office_page
from web.pages import Language
from web.people_words import post_choices
from web.runs_lanes import COMMAND, seen
from web.security import page_policy
from web.viewing import View, ViewOf, needs

AT = "/runs"
READ = "plans.read"
router = APIRouter(prefix=AT)

_NONCE = "@nonce@"
_MODULES = Path(__file__).parent / "static" / "runs"
Lang = Annotated[Language, Query()]


@router.get("", response_class=HTMLResponse, dependencies=[needs(READ)])
def runs_page(request: Request, view: ViewOf, lang: Lang = "zh") -> HTMLResponse:
    """What is under way, in Chinese or with `?lang=en` in English."""
    return office_page(
        request, view, "runs.html", lang, menu_at=AT, modules=_modules(), townships=_townships(view), divisions=True
    )


@router.get("/{run:int}", response_class=HTMLResponse, dependencies=[needs(READ)])
def run_page(
    request: Request, view: ViewOf, run: Annotated[int, InPath(ge=1, le=2**63 - 1)], lang: Lang = "zh"
) -> HTMLResponse:
    """One run; its map is Folium's."""
    seen(view, run)
    nonce = secrets.token_urlsafe(16)
    answer = office_page(
        request, view, "run.html", lang, menu_at=AT, modules=_modules(), run=run, nonce=nonce,
        posts=[post.zh for post in shipped_posts()], post_words=post_choices(lang),
        map_head=_map().head, map_body=_map().html, map_script=_map().script,
    )  # fmt: skip
    answer.headers["Content-Security-Policy"] = page_policy(nonce)
    return answer


@cache
def _map() -> MapPieces:
    """Folium's; the modules find the map as `map_run`."""
    return pieces(
        CityMap(
            "run",
            location=[29.56, 106.55],
            zoom_start=11,
            zoom_control=True,
            prefer_canvas=True,
            max_zoom=18,
            zoom_snap=0.25,
        )
    )


@cache
def _modules() -> tuple[str, ...]:
    return tuple(sorted(path.name for path in _MODULES.glob("*.js")))


def _townships(view: View) -> list[tuple[str, str]]:
    """Where a run may be started: code and name; empty where there is no right to."""
    scope = view.viewer.scope(COMMAND, view.parts.roles)
    if not scope:
        return []
    with view.connection() as connection:
        found = divisions_of(connection, scope, now=view.parts.clock(), most=2000)
    return [
        (one.code, f"{one.above} · {one.name}" if one.above else one.name) for one in found if one.level == "township"
    ]
