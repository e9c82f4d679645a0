"""Pages of their own for a camera's video and its panorama: only they may show what a script made of a picture or a
stream (`blob:`), and the screen's own policy stays as strict as it is."""

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader

from scene.errors import ThingUnknown
from scene.listing import read_thing
from web.pages import Language
from web.security import script_policy
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/scene")

_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
Shown = Literal["live", "webrtc", "panorama"]
_OF: dict[Shown, str] = {"live": "hls", "webrtc": "webrtc", "panorama": "panorama"}


def media_policy(what: Shown) -> str:
    """That of our pages, and what this one needs more: a video fed by a script, or a picture on a sphere."""
    policy = script_policy()
    if what == "panorama":
        return policy.replace("img-src 'self' data:", "img-src 'self' data: blob:")
    return f"{policy}; media-src 'self' blob:"


@router.get("/{thing:int}/{what}", response_class=HTMLResponse, dependencies=[needs("map.read")])
def camera_page(
    thing: int, what: Shown, request: Request, view: ViewOf, lang: Annotated[Language, Query()] = "zh"
) -> Response:
    """The video (HLS or WebRTC) or the panorama of a camera."""
    with view.connection() as connection:
        found = read_thing(connection, min(thing, 2**31 - 1))
    if found.kind != "camera" or _OF[what] not in found.attributes:
        raise ThingUnknown
    text = _TEMPLATES.get_template("scene_camera.html").render(
        language=lang, zh=lang == "zh", what=what, thing=found, path=" · ".join(found.path),
        exercise=view.parts.exercise.shown(view.parts.pool),
        other=f"{request.url.path}{'' if lang == 'en' else '?lang=en'}",
    )  # fmt: skip
    headers = {"Content-Security-Policy": media_policy(what), "Cache-Control": "no-store"}
    return HTMLResponse(text, headers=headers)
