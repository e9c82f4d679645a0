"""A tile service of the owner's network, which is a real server on this machine."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from imagery.errors import LayerBroken, TileRefused
from imagery.kept_tiles import KeptTiles
from imagery.layers import OwnerLayer, read_layers
from imagery.wmts import TileService
from tests.unit.imagery_files import png

RED = png((200, 0, 0))
KEY = "a-key-that-nobody-sees"


@dataclass
class Spoken:
    """A server that speaks WMTS, what it was asked, and what it answers instead, where something is set."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    instead: tuple[int, dict[str, str], bytes] | None = None


@pytest.fixture
def service() -> Iterator[Spoken]:
    spoken = Spoken()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            spoken.asked.append(self.path)
            status, headers, body = spoken.instead or self.tile()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def tile(self) -> tuple[int, dict[str, str], bytes]:
            parts = urlsplit(self.path)
            query = {name.upper(): values[0] for name, values in parse_qs(parts.query).items()}
            if query.get("TK") != KEY:
                return 403, {}, b"no key"
            if parts.path == "/wmts":
                right = {
                    "SERVICE": "WMTS",
                    "REQUEST": "GetTile",
                    "VERSION": "1.0.0",
                    "LAYER": "img",
                    "TILEMATRIXSET": "w",
                }
                if any(query.get(name) != value for name, value in right.items()):
                    return 400, {}, b"<ExceptionReport/>"
                place = query["TILEMATRIX"], query["TILECOL"], query["TILEROW"]
            else:
                _, z, y, x = parts.path.rsplit("/", 3)
                place = z, x, y.removesuffix(".png")
            return (200, {}, RED) if place == ("9", "407", "211") else (404, {}, b"")

        def log_message(self, *told: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    spoken.url = f"http://127.0.0.1:{server.server_port}"
    yield spoken
    server.shutdown()
    server.server_close()
    thread.join()


def layer(folder: Path, url: str, *more: str, key: str = KEY) -> OwnerLayer:
    (folder / "key").write_text(f"{key}\n")
    lines = ['id = "tdt"', 'zh = "影像"', 'en = "Image"', 'kind = "wmts"', f'url = "{url}"', 'layer = "img"']
    lines += ['key_file = "key"', *more]
    file = folder / "layers.toml"
    file.write_text("[[layer]]\n" + "\n".join(lines), encoding="utf-8")
    return read_layers(file)[0]


def opened(told: OwnerLayer, folder: Path, *, days: float = 30, clock: list[float] | None = None) -> TileService:
    time = clock or [1_000_000.0]
    kept = KeptTiles(folder / "cache", 1 << 20, days, clock=lambda: time[0])
    return TileService(told, kept, timeout_s=2, clock=lambda: time[0])


@pytest.mark.parametrize("form", ["/wmts", "/rest/{z}/{y}/{x}.png", "/rest/{TileMatrix}/{TileRow}/{TileCol}.png"])
def test_a_tile_is_asked_for_once_in_either_form(service: Spoken, tmp_path: Path, form: str) -> None:
    if form.endswith(".png"):
        form = form.replace(".png", "")
    source = opened(layer(tmp_path, service.url + form), tmp_path)
    for _ in range(2):
        found = source.tile(9, 407, 211)
        assert found is not None and found.body == RED
        assert source.tile(9, 407, 212) is None
    assert len(service.asked) == 2  # the second time from the disk, what is not there, too


def test_an_old_tile_is_asked_for_again_and_kept_where_nobody_answers(service: Spoken, tmp_path: Path) -> None:
    clock = [1_000_000.0]
    source = opened(layer(tmp_path, service.url + "/wmts"), tmp_path, days=1, clock=clock)
    assert source.tile(9, 407, 211) is not None
    clock[0] += 2 * 86_400
    assert source.tile(9, 407, 211) is not None and len(service.asked) == 2
    clock[0] += 2 * 86_400
    service.instead = (503, {}, b"")
    assert source.tile(9, 407, 211) is not None and len(service.asked) == 3


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        ((200, {}, b"<ows:ExceptionReport/>"), "no PNG, JPEG or WebP"),
        ((302, {"Location": "http://127.0.0.1:9/elsewhere"}, b""), "only the host of url is asked"),
        ((403, {}, b""), "another key"),
        ((500, {}, b""), "answers 500"),
        ((200, {}, b"\x89PNG\r\n\x1a\n" + bytes(5 << 20)), "are the most"),
        ((200, {"Content-Length": "90000"}, RED), "does not answer"),
    ],
)
def test_rubbish_is_refused_without_the_key(
    service: Spoken, tmp_path: Path, instead: tuple[int, dict[str, str], bytes], told: str
) -> None:
    service.instead = instead
    source = opened(layer(tmp_path, service.url + "/wmts"), tmp_path)
    with pytest.raises(TileRefused, match=told) as caught:
        source.tile(9, 407, 211)
    assert KEY not in str(caught.value) and len(service.asked) == 1
    assert not list((tmp_path / "cache").rglob("[0-9]*")) or told == "another key"


def test_one_that_is_away_is_left_alone_for_a_moment(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    source = opened(layer(tmp_path, "http://127.0.0.1:9/wmts"), tmp_path, clock=clock)
    with pytest.raises(TileRefused, match="is it on") as caught:
        source.tile(9, 407, 211)
    assert KEY not in str(caught.value) + str(caught.value.__cause__)
    with pytest.raises(TileRefused, match="left alone"):
        source.tile(9, 408, 211)
    clock[0] += 11
    with pytest.raises(TileRefused, match="is it on"):
        source.tile(9, 408, 211)


def test_a_key_file_holds_one_key(tmp_path: Path) -> None:
    with pytest.raises(LayerBroken, match="on one line"):
        opened(layer(tmp_path, "http://127.0.0.1:9/wmts", key="one\ntwo"), tmp_path)


def test_the_cache_stays_within_its_bound_and_the_oldest_go(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    kept = KeptTiles(tmp_path, 10_000, 30, clock=lambda: clock[0])
    for number in range(15):
        clock[0] += 1
        kept.keep("a", (5, number, 0), bytes(1000))
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) <= 10_000
    assert kept.get("a", (5, 0, 0)) is None and kept.get("a", (5, 14, 0)) is not None
    kept.keep("a", (5, 99, 0), bytes(20_000))
    assert kept.get("a", (5, 99, 0)) is None
    again = KeptTiles(tmp_path, 10_000, 30, clock=lambda: clock[0])  # after a restart what is there counts
    for number in range(20, 24):
        clock[0] += 1
        again.keep("b", (5, number, 0), bytes(1000))
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) <= 10_000
