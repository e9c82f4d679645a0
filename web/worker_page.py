"""The grid worker's page: a shell that is kept on the phone, and what makes it an app that can be installed.

The shell holds nothing of anybody: what is a person's own comes by the API, and is kept on that phone alone.
"""

import hashlib
import json
import secrets
from functools import cache
from pathlib import Path
from typing import Annotated

from branca.element import Figure
from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse
from folium.template import Template

from config.settings import WebSettings
from web.assets import VENDOR
from web.maps import LateMap
from web.pages import Language
from web.parts import PartsOf
from web.security import worker_policy
from web.viewing import needs, open_to

router = APIRouter()

_NONCE = "@nonce@"  # stands in the rendered page where each answer puts its own
_WEB = Path(__file__).parent
_TEMPLATES, _STATIC = _WEB / "templates", _WEB / "static"
_SHELLS = ("/worker", "/worker?lang=en")
_PARENT = ("session.js", "dom.js", "exercise.css", "icon.svg")  # of the other pages' files, those that this one loads
_LEAFLET = ("leaflet/leaflet.js", "leaflet/leaflet.css")
# What the service worker may do: fetch from here, and nothing else.
_WORKER_SCRIPT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"


class Shell(Figure):
    """The document around the map: our head, our skeleton, one inline module with a nonce."""

    _template = Template((_TEMPLATES / "worker.html").read_text(encoding="utf-8"))

    def __init__(self, settings: WebSettings, language: Language, *, exercise: bool) -> None:
        super().__init__(title=settings.title_zh if language == "zh" else settings.title_en)
        self.language = language
        self.exercise = exercise
        self.map_approval = settings.map_approval
        self.nonce = _NONCE
        self.modules = sorted(path.name for path in (_STATIC / "worker").glob("*.js"))


@cache
def shell(settings_json: str, language: Language, *, exercise: bool = False) -> str:
    """The page's text with a stand-in for the nonce; rendered once per language."""
    page = Shell(WebSettings.model_validate_json(settings_json), language, exercise=exercise)
    own = LateMap(
        "worker",
        location=[29.56, 106.55],
        zoom_start=13,
        zoom_control=False,
        prefer_canvas=True,
        min_zoom=8,
        max_zoom=18,
    )
    page.add_child(own)
    return str(page.render())


@router.get("/worker", response_class=HTMLResponse, dependencies=[needs("tasks.answer")])
def worker_page(parts: PartsOf, lang: Annotated[Language, Query()] = "zh") -> HTMLResponse:
    """The shell, in Chinese or with `?lang=en` in English."""
    nonce = secrets.token_urlsafe(16)
    text = shell(parts.settings.model_dump_json(), lang, exercise=parts.exercise.shown(parts.pool))
    headers = {"Content-Security-Policy": worker_policy(nonce), "Cache-Control": "no-store"}
    return HTMLResponse(text.replace(_NONCE, nonce), headers=headers)


@router.get("/worker/manifest.webmanifest", dependencies=[open_to("public")])
def manifest(parts: PartsOf) -> Response:
    """What the phone needs to know to install it. In Chinese: it can say one name only."""
    told = {
        "id": "/worker",
        "name": f"{parts.settings.title_zh} · 我的任务",
        "short_name": "实景任务",
        "lang": "zh-CN",
        "start_url": "/worker",
        "scope": "/worker",
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#ffffff",
        "theme_color": "#0b1723",
        "icons": [
            {"src": f"/static/worker/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": use}
            for size, use in ((192, "any"), (512, "any"), (512, "maskable"))
        ],
    }
    return Response(json.dumps(told, ensure_ascii=False), media_type="application/manifest+json")


@router.get("/worker/sw.js", dependencies=[open_to("public")])
def service_worker(parts: PartsOf) -> Response:
    """The service worker: ours with the list of what it keeps, and a version that changes with any of it."""
    exercise = parts.exercise.shown(parts.pool)
    text = _service_worker(parts.settings.model_dump_json(), exercise=exercise)
    headers = {"Service-Worker-Allowed": "/worker", "Content-Security-Policy": _WORKER_SCRIPT_POLICY}
    return Response(text, media_type="text/javascript", headers=headers)


@cache
def _service_worker(settings_json: str, *, exercise: bool) -> str:
    digest = hashlib.sha256()
    for language in ("zh", "en"):
        digest.update(shell(settings_json, language, exercise=exercise).encode())
    for path in _kept_files():
        digest.update(path.read_bytes())
    told = {"version": digest.hexdigest()[:16], "files": [*_SHELLS, *(_address(path) for path in _kept_files())]}
    source = (_STATIC / "worker" / "background" / "sw.js").read_text(encoding="utf-8")
    return f"const KEPT = {json.dumps(told)};\n{source}"


@cache
def _kept_files() -> list[Path]:
    own = sorted(path for path in (_STATIC / "worker").iterdir() if path.is_file())
    return [*own, *(_STATIC / name for name in _PARENT), *(VENDOR / name for name in _LEAFLET)]


def _address(path: Path) -> str:
    if path.is_relative_to(_STATIC):
        return f"/static/{path.relative_to(_STATIC)}"
    return f"/vendor/{path.relative_to(VENDOR)}"
