"""The one page: a Folium map in our own figure, its scripts and styles served by us."""

import secrets
from functools import cache
from pathlib import Path
from typing import Annotated

import orjson
import psycopg
import psycopg_pool
from branca.element import Figure
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from folium.template import Template

from config.settings import WebSettings
from screen.paths import Way
from web.account_bar import ACCOUNT, with_account
from web.errors import DivisionUnknownError
from web.maps import CityMap
from web.pages import STAND_IN, Language, menu
from web.parts import PartsOf
from web.security import page_policy
from web.tallies_api import way_to
from web.viewing import View, ViewOf, needs

router = APIRouter()

_NONCE, _AHEAD = "@nonce@", "@ahead@"  # stand in the rendered page where each answer puts its own
_FETCHED = '<link rel="preload" as="fetch" crossorigin href="{}">'
_ASKED_FIRST = ("/api/names", "/ground/layers.json", "/api/scene/kinds")
_LAYERS = ("/api/layers/townships.geojson", "/api/layers/districts.geojson", "/api/layers/rivers.geojson")
# What the screen's own words are written with; each piece that comes after the first layout makes another one.
_FONT = "/vendor/noto-sans-sc/files/noto-sans-sc-{}-wght-normal.woff2"
_FONT_PIECES = ("latin", 118, 117, 116, 115, 114, 113, 112, 119, 110)
_PRELOADED = '<link rel="preload" as="font" type="font/woff2" crossorigin href="{}">'
# The stream is begun at once, and what it says is kept until web/static/stream.js takes it over.
FRAMES = ("snapshot", "board", "readings", "stations", "clock", "divisions", "status", "event", "screen")
_BEGIN = """<script nonce="{nonce}">
    (() => {{
        const [source, heard, kinds] = [new EventSource("{address}"), [], "{kinds}".split(" ")];
        const keep = (event) => heard.push(event);
        for (const kind of kinds) source.addEventListener(kind, keep);
        const stop = () => {{ for (const kind of kinds) source.removeEventListener(kind, keep); }};
        globalThis.begun = {{ address: "{address}", source, heard, stop }};
    }})();
    </script>"""
_TEMPLATES = Path(__file__).parent / "templates"
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
        self.ahead = _AHEAD
        self.fonts = "\n    ".join(_PRELOADED.format(_FONT.format(piece)) for piece in _FONT_PIECES)


@cache
def render_page(settings_json: str, language: Language, *, exercise: bool = False) -> str:
    """The page's text with a stand-in for the nonce; rendered once per language."""
    screen = Screen(WebSettings.model_validate_json(settings_json), language, exercise=exercise)
    city = CityMap(
        "city",
        panes=_PANES,
        location=[29.9, 107.6],
        zoom_start=7,  # for the moment until the page fits what is in view; fitted here, it would move there slowly
        zoom_control=False,
        prefer_canvas=True,
        min_zoom=6,
        max_zoom=17,
        zoom_snap=0.05,
        zoom_delta=0.5,
    )
    screen.add_child(city)
    return str(screen.render())


@router.get("/", response_class=HTMLResponse, dependencies=[needs("map.read")])
def page(
    parts: PartsOf,
    view: ViewOf,
    lang: Annotated[Language, Query()] = "zh",
    division: Annotated[str, Query(alias="in")] = "",
    at: Annotated[str, Query()] = "",
) -> HTMLResponse:
    """The screen, in Chinese or with `?lang=en` in English."""
    nonce = secrets.token_urlsafe(16)
    exercise = parts.exercise.shown(parts.pool)
    text = render_page(parts.settings.model_dump_json(), lang, exercise=exercise).replace(_NONCE, nonce)
    text = text.replace(_AHEAD, "" if at else _ahead(view, division, nonce))
    text = text.replace(STAND_IN, menu("/", lang, view))
    text = with_account(text, view.viewer, lang)
    headers = {"Content-Security-Policy": page_policy(nonce), "Cache-Control": "no-store"}
    return HTMLResponse(text, headers=headers)


def _ahead(view: View, division: str, nonce: str) -> str:
    """What the modules ask for as soon as they run is here or on its way before: where they begin, stream, layers."""
    near = division.isascii() and division.isdigit() and 0 < len(division) < 10
    query = f"?in={int(division)}" if near else ""
    begin = _BEGIN.format(nonce=nonce, address=f"/api/stream{query}", kinds=" ".join(FRAMES))
    way = _way(view, int(division) if near else None)
    within = way is not None and any(step.level == "township" for step in way.path)
    links = [_FETCHED.format(address) for address in (*(() if within else _LAYERS), *_ASKED_FIRST)]
    if near:
        links.append('<script defer src="/vendor/protomaps-leaflet/protomaps-leaflet.js"></script>')
    return "\n    ".join([begin, *([] if way is None else [_told(way)]), *links])


def _way(view: View, division: int | None) -> Way | None:
    """So that the map stands where it belongs before anything is drawn; None: the page asks, and is told why not."""
    try:
        return way_to(view, division)
    except (DivisionUnknownError, psycopg.OperationalError, psycopg_pool.PoolTimeout):
        return None


def _told(way: Way) -> str:
    text = orjson.dumps(way).decode().replace("<", "\\u003c")  # a name cannot end the element
    return f'<script type="application/json" id="way">{text}</script>'
