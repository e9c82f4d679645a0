"""The one page: a Folium map in our own figure, its scripts and styles served by us."""

import secrets
from functools import cache
from pathlib import Path
from typing import Annotated

from branca.element import Figure
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from folium.template import Template

from config.settings import WebSettings
from web.account_bar import ACCOUNT, with_account
from web.maps import CityMap
from web.pages import STAND_IN, Language, menu
from web.parts import PartsOf
from web.security import page_policy
from web.viewing import ViewOf, needs

router = APIRouter()

_NONCE = "@nonce@"  # stands in the rendered page where each answer puts its own
_TEMPLATES = Path(__file__).parent / "templates"
_STATIC = Path(__file__).parent / "static"
# Around the whole municipality, degrees.
_SOUTH_WEST, _NORTH_EAST = [28.1, 105.2], [32.3, 110.3]
PARTS = ("manners", "city", "ground", "scene", "now", "then")  # folders of web/static, each with its sheet
_PANES = (
    ("townships", 380, True),
    ("tiles", 384, False),
    ("tile-lines", 388, False),
    ("district-names", 450, False),
    ("leaders", 590, False),
    ("clusters", 605, True),
    ("stations", 610, True),
    ("alerts", 640, True),
)


class Screen(Figure):
    """The document around the map: our head, our skeleton, one inline script with a nonce."""

    _template = Template((_TEMPLATES / "screen.html").read_text(encoding="utf-8"))

    def __init__(self, settings: WebSettings, language: Language, *, exercise: bool) -> None:
        super().__init__(title=settings.title_zh if language == "zh" else settings.title_en)
        self.language = language
        self.exercise = exercise
        self.map_approval = settings.map_approval
        self.nonce = _NONCE
        self.pages = STAND_IN
        self.account = ACCOUNT
        # Named in the head, they are fetched side by side and not one import after another.
        self.modules = sorted(
            path.relative_to(_STATIC).as_posix() for folder in (".", *PARTS) for path in (_STATIC / folder).glob("*.js")
        )
        self.parts = PARTS


@cache
def render_page(settings_json: str, language: Language, *, exercise: bool = False) -> str:
    """The page's text with a stand-in for the nonce; rendered once per language."""
    screen = Screen(WebSettings.model_validate_json(settings_json), language, exercise=exercise)
    city = CityMap(
        "city",
        panes=_PANES,
        location=[29.9, 107.6],
        zoom_start=8,
        zoom_control=False,
        prefer_canvas=True,
        min_zoom=6,
        max_zoom=17,
        zoom_snap=0.05,
        zoom_delta=0.5,
    )
    city.fit_bounds([_SOUTH_WEST, _NORTH_EAST])
    screen.add_child(city)
    return str(screen.render())


@router.get("/", response_class=HTMLResponse, dependencies=[needs("map.read")])
def page(parts: PartsOf, view: ViewOf, lang: Annotated[Language, Query()] = "zh") -> HTMLResponse:
    """The screen, in Chinese or with `?lang=en` in English."""
    nonce = secrets.token_urlsafe(16)
    exercise = parts.exercise.shown(parts.pool)
    text = render_page(parts.settings.model_dump_json(), lang, exercise=exercise).replace(_NONCE, nonce)
    text = text.replace(STAND_IN, menu("/", lang, view))
    text = with_account(text, view.viewer, lang)
    headers = {"Content-Security-Policy": page_policy(nonce), "Cache-Control": "no-store"}
    return HTMLResponse(text, headers=headers)
