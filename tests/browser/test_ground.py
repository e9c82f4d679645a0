"""The layers beneath the map: tiles over HTTP, and what of them is on the screen."""

import io
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pyogrio
import pytest
from PIL import Image

from config.database import Connection
from imagery.squares import tile_at
from tests.browser import seed
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Screen, Serve

YUZHONG = (106.565, 29.555)
PINK, GREEN = (230, 40, 160), (30, 200, 90)


def png(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def owned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two layers of one colour each around Yuzhong, and one whose file is broken."""
    with sqlite3.connect(tmp_path / "air.mbtiles") as sheet:
        sheet.execute("create table metadata (name text, value text)")
        sheet.execute("create table tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
        for z in range(6, 15):
            x, y = tile_at(*YUZHONG, z)
            places = [
                (i, j) for i in range(x - 8, x + 9) for j in range(y - 8, y + 9) if 0 <= i < 2**z and 0 <= j < 2**z
            ]
            sheet.executemany(
                "insert into tiles values (?, ?, ?, ?)", [(z, i, 2**z - 1 - j, png(PINK)) for i, j in places]
            )
    sheet.close()
    x, y = tile_at(*YUZHONG, 12)
    for i in range(x - 8, x + 9):
        for j in range(y - 8, y + 9):
            file = tmp_path / "photo" / "12" / str(i) / f"{j}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png(GREEN))
    (tmp_path / "broken.pmtiles").write_bytes(b"PMTiles\x03 and nothing more")
    (tmp_path / "layers.toml").write_text(
        """
        [[layer]]
        id = "air"
        zh = "航拍影像"
        en = "Aerial photograph"
        kind = "mbtiles"
        path = "air.mbtiles"
        attribution = "重庆市测绘院"
        approval = "审图号：渝S(2024)000号"
        on = true

        [[layer]]
        id = "photo"
        zh = "无人机"
        en = "Drone"
        kind = "xyz-folder"
        path = "photo"
        derived = true

        [[layer]]
        id = "broken"
        zh = "坏的"
        en = "Broken"
        kind = "pmtiles"
        path = "broken.pmtiles"
        """
    )
    monkeypatch.setenv("SHIJING_IMAGERY_LAYERS", str(tmp_path / "layers.toml"))
    return tmp_path


@pytest.fixture
def running(owned: Path, city_url: str, serve: Serve) -> Running:
    return serve(city_url)


def test_layers_and_tiles_are_answered(running: Running) -> None:
    with httpx.Client(base_url=running.url, headers=running.headers, timeout=30) as client:
        told = client.get("/ground/layers.json").json()["layers"]
        assert [layer["id"] for layer in told] == ["air", "photo", "base"]  # the broken one is left out
        assert told[0] | {"zh": "航拍影像", "kind": "raster", "url": "/ground/air/{z}/{x}/{y}", "on": True} == told[0]
        assert (told[0]["min_zoom"], told[0]["max_zoom"], told[1]["derived"]) == (6, 14, True)
        assert told[2]["kind"] == "vector" and "OpenStreetMap" in told[2]["attribution"]
        x, y = tile_at(*YUZHONG, 12)
        picture = client.get(f"/ground/air/12/{x}/{y}")
        assert picture.content == png(PINK) and picture.headers["content-type"] == "image/png"
        assert picture.headers["cache-control"] == "private, max-age=3600"
        tag = {"If-None-Match": picture.headers["etag"]}
        assert client.get(f"/ground/air/12/{x}/{y}", headers=tag).status_code == 304
        roads = client.get(f"/ground/base/12/{x}/{y}")
        assert roads.headers["content-encoding"] == "gzip"
        assert {name for name, _ in pyogrio.list_layers(roads.content)} >= {"road", "rail", "station"}
        statuses = {
            path: client.get(path).status_code
            for path in ("/ground/air/12/0/0", "/ground/base/12/0/0", "/ground/broken/12/0/0", "/ground/air/19/5/5",
                         "/ground/air/12/4096/0", "/ground/air/25/0/0", "/ground/nobody/12/0/0", "/ground/a%2Fb/12/0/0",
                         "/ground/..%2F..%2Fetc/12/0/0")
        }  # fmt: skip
        assert list(statuses.values()) == [204] * 4 + [404] * 5
    assert httpx.get(f"{running.url}ground/layers.json").status_code == 401


def look(screen: Screen, zoom: float = 13) -> None:
    lon, lat = YUZHONG
    screen.page.evaluate("void map_city.getContainer().dispatchEvent(new Event('mousedown'))")  # a person looks there
    screen.page.evaluate(f"void globalThis.map_city.setView([{lat}, {lon}], {zoom}, {{animate: false}})")


def pixel(screen: Screen) -> tuple[int, ...]:
    """What is seen of the ground, south-east of Yuzhong where nothing else is drawn."""
    box = screen.page.locator("#map_city").bounding_box()
    assert box is not None
    clip = {"x": box["x"] + box["width"] * 0.8, "y": box["y"] + box["height"] * 0.62, "width": 24, "height": 24}
    image = Image.open(io.BytesIO(screen.page.screenshot(clip=clip))).convert("RGB")  # type: ignore[arg-type]
    return tuple(np.median(np.asarray(image).reshape(-1, 3), axis=0).astype(int).tolist())


def wait_for_colour(screen: Screen, wanted: Callable[[int, int, int], bool]) -> None:
    """Until the ground has it: a tile that has come fades in."""
    for _ in range(LIMIT_MS // 200):
        red, green, blue = pixel(screen)
        if wanted(red, green, blue):
            return
        screen.page.wait_for_timeout(200)
    raise AssertionError(f"the ground stays {pixel(screen)}")


TILES = "document.querySelectorAll('.leaflet-imagery-pane img.leaflet-tile-loaded').length"


def test_a_layer_is_drawn_and_switched_by_keyboard_and_address(running: Running, new_screen: OpenScreen) -> None:
    screen = new_screen()
    screen.open(running.url)
    look(screen)
    screen.wait(f"{TILES} > 5")
    # Pink, through the townships.
    wait_for_colour(screen, lambda red, green, blue: red > 100 and red > green + 60 and blue > green + 30)
    foot = screen.page.inner_text(".map-foot")
    assert all(words in foot for words in ("重庆市测绘院", "渝S(2024)000号", "OpenStreetMap"))

    screen.page.focus("#layers button")
    screen.page.keyboard.press("Enter")
    assert screen.page.get_attribute("#layers button", "aria-expanded") == "true"
    for _ in range(3):  # the list is from above: roads and their opacity, then the drone's
        screen.page.keyboard.press("Tab")
    screen.page.keyboard.press("Space")
    screen.wait("location.search.includes('ground=air,photo,base')")
    screen.page.keyboard.press("Escape")
    assert screen.page.evaluate("document.activeElement.textContent") == "图层"
    screen.wait("document.querySelectorAll('.picture-photo img.leaflet-tile-loaded').length > 0")
    wait_for_colour(screen, lambda red, green, blue: green > red + 40 and green > blue + 20)
    assert "推算" in screen.page.inner_text("#ground-foot .ground-derived")

    screen.page.goto(f"{running.url}?ground=none&lang=en")
    screen.page.wait_for_selector("body[data-ready]")
    look(screen)
    screen.wait("document.querySelectorAll('#ground-panel input').length === 6")
    wait_for_colour(screen, lambda *colour: max(colour) < 80)
    assert screen.page.inner_text("#ground-foot") == ""
    screen.page.go_back()
    screen.wait(f"{TILES} > 5")
    assert screen.complaints == []


def test_roads_are_drawn_near_by_and_in_the_theme(running: Running, new_screen: OpenScreen) -> None:
    screen = new_screen()
    screen.open(f"{running.url}?ground=base")
    painted = (
        "[...document.querySelectorAll('.leaflet-base-pane canvas')].some((one) => one.width"
        " && one.toDataURL().length > 3000)"  # a transparent one is shorter
    )
    assert not screen.page.evaluate("document.querySelector('.leaflet-base-pane canvas')")
    look(screen, 14)
    screen.wait(painted)
    assert screen.page.evaluate("document.body.classList.contains('base-near')")
    screen.page.evaluate(
        "document.documentElement.dataset.theme = 'light'; void dispatchEvent(new Event('shijing-theme'))"
    )
    screen.wait(painted)
    screen.page.evaluate("void globalThis.map_city.setZoom(9, {animate: false})")
    screen.wait("document.querySelector('.leaflet-base-pane canvas') === null")
    assert screen.complaints == []


CLEAR = """
(async () => {
  const { keptClear, lookAround } = await import("/built/main.js");
  lookAround();
  const name = [...document.querySelectorAll(".township-name")].find((one) => one.getBoundingClientRect().width);
  const box = name.getBoundingClientRect(), ground = map_city.getContainer().getBoundingClientRect();
  const middle = [(box.left + box.right) / 2 - ground.left, (box.top + box.bottom) / 2 - ground.top];
  const { x, y } = map_city.project(map_city.containerPointToLatLng(middle), 14);
  const label = (dx) => ({ bboxes: [{ minX: x + dx, minY: y, maxX: x + dx + 5, maxY: y + 5 }] });
  const drawn = (dx) => keptClear({ place: () => [label(dx)] }).place({ index: {} }, [], {}).length;
  return [drawn(0), drawn(5000)];
})()
"""


def test_names_of_the_ground_keep_clear_of_those_of_townships(running: Running, new_screen: OpenScreen) -> None:
    """Canvas and page know nothing of one another: the module that keeps them apart is asked."""
    screen = new_screen()
    screen.open(f"{running.url}?ground=base")
    look(screen, 14)
    screen.wait("document.querySelectorAll('.township-name').length > 3")
    assert screen.page.evaluate(CLEAR) == [0, 1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pictures_of_yuzhong_to_be_looked_at(
    language: str, city: Connection, city_url: str, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    running, screen = serve(city_url), new_screen()
    screen.open(f"{running.url}?lang={language}")
    SCREENSHOTS.mkdir(exist_ok=True)
    screen.page.click("#layers button")
    for zoom in (13.4, 15):
        look(screen, zoom)
        screen.wait(f"document.querySelector('.leaflet-base-pane canvas')?.dataset.zoom?.startsWith('{zoom}')")
        screen.page.wait_for_load_state("networkidle")
        screen.settle()
        screen.page.screenshot(path=SCREENSHOTS / f"ground-{language}-{zoom}.png")
        screen.page.keyboard.press("Escape")
    assert screen.complaints == []
