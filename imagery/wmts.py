"""Tiles of a web map tile service (OGC 07-057r7) of the owner's own network: only its host is asked, and no other.

Requests are RESTful or by key and value; the tile matrix set is that of Web Mercator. Answers are bounded in time and
size, redirects are not followed, and the key stays between the server and the service.
"""

import re
import time
from collections.abc import Callable
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError

from imagery.errors import LayerBroken, TileRefused
from imagery.kept_tiles import KeptTile, KeptTiles
from imagery.layers import OwnerLayer, Service
from imagery.pictures import MOST_BYTES, Picture, picture_of
from imagery.source import Extent

_REST_S = 10.0  # after a fault nobody is kept waiting for the next one
_NONE = (204, 404)


class TileService:
    """One layer of a service; nothing is asked of it before somebody looks at it."""

    def __init__(
        self,
        layer: OwnerLayer,
        kept: KeptTiles,
        *,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        assert layer.service is not None
        self._service, self._kept, self._clock = layer.service, kept, clock
        self._name = f"{layer.id} {layer.service.url} {layer.service.layer} {layer.service.matrix_set}"
        self._key = _key(layer.service)
        ca = layer.service.ca_file
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=4,
            timeout=urllib3.Timeout(total=timeout_s),
            retries=False,
            headers={"User-Agent": "shijing", "Accept": "image/*"},
            **({"ca_certs": str(ca)} if ca else {}),
        )
        self._rests_until = 0.0
        self.extent = Extent(min_zoom=layer.min_zoom or 0, max_zoom=layer.max_zoom or 18, bounds=layer.bounds)

    def tile(self, z: int, x: int, y: int) -> Picture | None:
        """A tile that is kept, else that the service gives."""
        kept = self._kept.get(self._name, (z, x, y))
        if kept is not None and kept.fresh:
            return _picture(kept)
        try:
            body = self.ask(z, x, y)
        except TileRefused:
            if kept is not None:
                return _picture(kept)  # an old one is better than none
            raise
        self._kept.keep(self._name, (z, x, y), body)
        return picture_of(body) if body else None

    def ask(self, z: int, x: int, y: int) -> bytes:
        """What the service answers, b"" where it has no such tile; raises TileRefused."""
        if self._clock() < self._rests_until:
            raise TileRefused("the service did not answer a moment ago and is left alone for ten seconds")
        try:
            return self._asked(z, x, y)
        except HTTPError as error:  # its text would tell the address, and the key with it
            self._rests_until = self._clock() + _REST_S
            raise TileRefused(
                f"the service does not answer ({type(error).__name__}): is it on, is url right?"
            ) from None

    def _asked(self, z: int, x: int, y: int) -> bytes:
        answer = self._pool.request("GET", self._url(z, x, y), redirect=False, preload_content=False)
        try:
            if answer.status not in (200, *_NONE):
                raise TileRefused(f"the service answers {answer.status}{_hint(answer.status)}")
            body = bytes(answer.read(MOST_BYTES + 1, decode_content=True)) if answer.status == 200 else b""
            if body:
                picture_of(body)
        except (TileRefused, HTTPError):
            answer.close()  # what is left of it is not wanted
            raise
        answer.release_conn()
        return body

    def _url(self, z: int, x: int, y: int) -> str:
        service, matrix = self._service, f"{self._service.matrix_prefix}{z}"
        key = {service.key_parameter: self._key} if self._key else {}
        if service.rest:
            told = {"z": matrix, "x": str(x), "y": str(y), "TileMatrix": matrix, "TileCol": str(x), "TileRow": str(y)}
            told |= {"TileMatrixSet": service.matrix_set, "Layer": service.layer, "Style": service.style}
            url = re.sub(r"\{(\w+)\}", lambda name: quote(told.get(name[1], name[0])), service.url)
            asked: dict[str, str | int] = dict(key)
        else:
            url = service.url
            asked = {
                "SERVICE": "WMTS",
                "REQUEST": "GetTile",
                "VERSION": "1.0.0",
                "LAYER": service.layer,
                "STYLE": service.style,
                "FORMAT": service.format,
                "TILEMATRIXSET": service.matrix_set,
                "TILEMATRIX": matrix,
                "TILEROW": y,
                "TILECOL": x,
                **key,
            }
        return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}" if asked else url


def _key(service: Service) -> str:
    if service.key_file is None:
        return ""
    try:
        key = service.key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise LayerBroken(f"{service.key_file}: it cannot be read ({type(error).__name__}): mend key_file") from error
    if not key or "\n" in key:
        raise LayerBroken(f"key_file = {service.key_file}: write the key alone into it, on one line")
    return key


def _picture(kept: KeptTile) -> Picture | None:
    return picture_of(kept.body) if kept.body else None


def _hint(status: int) -> str:
    if status in (401, 403):
        return ": it wants another key (key_file, key_parameter)"
    if 300 <= status < 400:
        return ": it sends elsewhere, and only the host of url is asked"
    return ": are layer, style, matrix_set and format as its capabilities say?"
