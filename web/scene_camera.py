"""Pictures of cameras in the closed network, fetched by this server: of hosts that the settings name, and no others.

What a browser gets is ours by its address (`img-src 'self'` stays), and a picture or a video by its first bytes. No
redirect is followed, nothing is kept, and how long and how large an answer may be is bounded. That somebody looked is
in the audit, once in ten minutes for an account and a camera.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import urllib3
from fastapi import APIRouter, Path, Request, Response
from msgspec import Meta, Struct
from pydantic import BaseModel

from config.settings import SceneSettings
from scene.errors import ThingUnknown
from scene.listing import Thing, note_camera, read_thing
from web.answers import answers, answers_text, takes
from web.api import as_json
from web.errors import BusyError, CameraError, CameraRefusedError
from web.guard import Body, read_body
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api/scene/things", tags=["scene"])

PICTURE_AT_MOST, PANORAMA_AT_MOST, VIDEO_AT_MOST = 8 << 20, 32 << 20, 16 << 20  # bytes
SDP_AT_MOST = 65_536
AGAIN_S = 600.0  # until a look through the same camera is a new one
_AT_ONCE = 8  # cameras that are waited for
_REMEMBERED = 5000
_CHUNK = 1 << 16
_PORTS = {"http": 80, "https": 443}
_KINDS = (  # first bytes → what it is
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"RIFF", "image/webp"),
    (b"#EXTM3U", "application/vnd.apple.mpegurl"),
)
Media = Literal["snapshot", "panorama"]


@dataclass(frozen=True, kw_only=True)
class Cameras:
    """Which may be asked, and who looked through one lately."""

    hosts: frozenset[tuple[str, int]]  # with its port
    timeout_s: float
    looks: OrderedDict[tuple[UUID, int], float] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_AT_ONCE))

    def is_new(self, account: UUID, number: int) -> bool:
        """Whether this look is to be written down."""
        now = time.monotonic()
        with self.lock:
            before = self.looks.pop((account, number), None)
            self.looks[account, number] = now if before is None or now - before > AGAIN_S else before
            while len(self.looks) > _REMEMBERED:
                self.looks.popitem(last=False)
        return before is None or now - before > AGAIN_S

    def allowed(self, url: str) -> bool:
        """Whether it is on a host that the settings name."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
            return False
        return (parts.hostname.lower(), parts.port or _PORTS[parts.scheme]) in self.hosts


def cameras_of(settings: SceneSettings) -> Cameras:
    """From the settings: a host without a port is meant with those of http and https."""
    hosts: set[tuple[str, int]] = set()
    for one in settings.camera_hosts:
        parts = urlsplit(f"//{one.strip()}")
        if parts.hostname:
            ports = [parts.port] if parts.port else list(_PORTS.values())
            hosts |= {(parts.hostname.lower(), port) for port in ports}
    return Cameras(hosts=frozenset(hosts), timeout_s=settings.camera_timeout_s)


@router.get(
    "/{thing:int}/{what}",
    response_class=Response,
    responses=answers_text("image/jpeg", "A picture: JPEG, PNG or WebP.", 404, 409, 429, 502),
    dependencies=[needs("map.read")],
)
def picture(thing: int, what: Annotated[Media, Path()], request: Request, view: ViewOf) -> Response:
    """What a camera sees just now, or its panorama; from hosts that the settings name."""
    cameras: Cameras = request.app.state.cameras
    url = _address(view, cameras, thing, what)
    raw = fetched(cameras, url, most=PICTURE_AT_MOST if what == "snapshot" else PANORAMA_AT_MOST)
    kind = kind_of(raw)
    if not kind.startswith("image/"):
        raise CameraError("the camera sent no picture: JPEG, PNG or WebP", "摄像头返回的不是图片。")
    return Response(raw, media_type=kind, headers={"Cache-Control": "no-store"})


@router.get(
    "/{thing:int}/hls/{rest:path}",
    response_class=Response,
    responses=answers_text("application/vnd.apple.mpegurl", "A playlist, or a part of the video.", 404, 409, 429, 502),
    dependencies=[needs("map.read")],
)
def video(thing: int, rest: str, request: Request, view: ViewOf) -> Response:
    """The video of a camera (HLS): `index.m3u8` is its playlist, whatever that names lies beside it."""
    cameras: Cameras = request.app.state.cameras
    playlist = _address(view, cameras, thing, "hls")
    url = beside(playlist, rest)
    raw = fetched(cameras, url, most=VIDEO_AT_MOST)
    kind = kind_of(raw)
    if kind.startswith("image/"):
        raise CameraError("the camera sent no video", "摄像头返回的不是视频。")
    return Response(raw, media_type=kind or "video/mp2t", headers={"Cache-Control": "no-store"})


class Offer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a browser can play, as SDP."""

    sdp: Annotated[str, Meta(min_length=1, max_length=SDP_AT_MOST)]


class Answer(BaseModel):
    """What the camera sends, as SDP."""

    sdp: str


@router.post(
    "/{thing:int}/whep",
    responses=answers(Answer, 404, 409, 429, 502),
    openapi_extra=takes(Offer),
    dependencies=[needs("map.read")],
)
def webrtc(thing: int, body: Body, request: Request, view: ViewOf) -> Response:
    """Begin the video of a camera (WHEP): offer and answer go by this server, the video straight to the browser."""
    offer = read_body(body, Offer)
    cameras: Cameras = request.app.state.cameras
    url = _address(view, cameras, thing, "webrtc")
    raw = fetched(cameras, url, most=SDP_AT_MOST, offer=offer.sdp.encode())
    if not raw.startswith(b"v=0"):
        raise CameraError("the camera sent no answer to the offer", "摄像头没有给出视频应答。")
    return as_json({"sdp": raw.decode("utf-8", "replace")})


def beside(playlist: str, rest: str) -> str:
    """The address of what a playlist names: in its folder or below, and nowhere else; raises ThingUnknown."""
    if rest in ("", "index.m3u8"):
        return playlist
    if "://" in rest or rest.startswith("/") or "\\" in rest or ".." in rest or "?" in rest or "#" in rest:
        raise ThingUnknown
    folder = urljoin(playlist, ".")
    found = urljoin(folder, rest)
    if not found.startswith(folder) or urlsplit(found).netloc != urlsplit(playlist).netloc:
        raise ThingUnknown
    return found


def kind_of(raw: bytes) -> str:
    """By its first bytes, whatever the camera says that it is; "": none of these."""
    return next((kind for start, kind in _KINDS if raw.startswith(start)), "")


def fetched(cameras: Cameras, url: str, *, most: int, offer: bytes | None = None) -> bytes:
    """The body, whole; raises CameraError, CameraRefusedError, and BusyError where too many cameras are waited for."""
    if not cameras.allowed(url):
        raise CameraRefusedError(
            "the host of this camera is not among SHIJING_SCENE_CAMERA_HOSTS: an administrator can add it",
            "该摄像头的主机未列入允许名单（SHIJING_SCENE_CAMERA_HOSTS），请联系管理员。",
        )
    if not cameras.places.acquire(timeout=cameras.timeout_s):
        raise BusyError("too many cameras are waited for: ask again in a moment")
    try:
        return _read(url, most=most, within_s=cameras.timeout_s, offer=offer)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise CameraError("the camera does not answer", "摄像头没有应答。") from error
    finally:
        cameras.places.release()


def _read(url: str, *, most: int, within_s: float, offer: bytes | None) -> bytes:
    deadline = time.monotonic() + within_s
    timeout = urllib3.Timeout(total=within_s)
    method, headers = ("GET", {}) if offer is None else ("POST", {"Content-Type": "application/sdp"})
    answer = _pool().request(
        method, url, body=offer, headers=headers, redirect=False, retries=False, preload_content=False, timeout=timeout
    )
    try:
        if answer.status != (200 if offer is None else 201):
            raise CameraError(f"the camera answered {answer.status}", f"摄像头返回错误 {answer.status}。")
        parts: list[bytes] = []
        size = 0
        for part in answer.stream(_CHUNK, decode_content=False):
            size += len(part)
            if size > most or time.monotonic() > deadline:
                raise CameraError("the camera's answer is too long or too slow", "摄像头返回的内容过大或过慢。")
            parts.append(part)
    finally:
        answer.close()
    return b"".join(parts)


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False, maxsize=_AT_ONCE, block=False)


def _address(view: View, cameras: Cameras, number: int, what: str) -> str:
    """Of a camera of the scope; that somebody looks is written down. Raises ThingUnknown."""
    with view.connection() as connection:
        found: Thing = read_thing(connection, min(number, 2**31 - 1))
    url = found.attributes.get(what) if found.kind == "camera" else None
    if not isinstance(url, str):
        raise ThingUnknown
    if cameras.allowed(url) and cameras.is_new(view.viewer.account_id, found.id):
        with view.acting() as acting:
            note_camera(acting, found.id, what, actor=view.viewer.account_id, scope=view.scope)
    return url
