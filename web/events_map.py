"""A page of the office with a small Folium map on it."""

import secrets
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from web.maps import CityMap, MapPieces, pieces
from web.office import office_page
from web.pages import Language
from web.security import page_policy
from web.viewing import View

_PANES = (("ground", 380, False), ("marks", 610, True))


@cache
def small_map() -> MapPieces:
    """The map, without anything on it: web/static/events/map.js draws that."""
    return pieces(
        CityMap(
            "small",
            panes=_PANES,
            location=[29.9, 107.6],
            zoom_start=8,
            zoom_control=True,
            prefer_canvas=True,
            min_zoom=6,
            max_zoom=17,
            zoom_snap=0.25,
        )
    )


def map_page(
    request: Request, view: View, template: str, language: Language, *, menu_at: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """An office page whose template may show `map`; the script of the map carries the page's nonce."""
    nonce = secrets.token_urlsafe(16)
    answer = office_page(
        request, view, template, language, menu_at=menu_at, status=status, map=small_map(), nonce=nonce, **values
    )
    answer.headers["Content-Security-Policy"] = page_policy(nonce)
    return answer
