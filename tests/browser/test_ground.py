"""The layers beneath the map: tiles over HTTP, and what of them is on the screen."""

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from imagery.squares import tile_at
from tests.browser import seed
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Running, Serve

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
            places = [(i, j) for i in range(x - 8, x + 9) for j in range(y - 8, y + 9) if 0 <= i < 2**z and 0 <= j < 2**z]
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
def client(owned: Path, city_url: str, serve: Serve) -> Iterator[httpx.Client]:
    running = serve(city_url)
    with httpx.Client(base_url=running.url, headers=running.headers, timeout=30) as opened:
        yield opened


def near(screen: object, zoom: float = 13) -> None:
    lon, lat = YUZHONG
    screen.page.evaluate(f"void globalThis.map_city.setView([{lat}, {lon}], {zoom}, {{animate: false}})")  # type: ignore[attr-defined]


def test_looks(city_url: str, serve: Serve, new_screen: OpenScreen) -> None:
    running = serve(city_url)
    for language in ("zh", "en"):
        screen = new_screen()
        screen.open(f"{running.url}?lang={language}")
        for zoom in (12, 13.5, 15, 16.5):
            near(screen, zoom)
            screen.page.wait_for_timeout(2500)
            screen.settle()
            screen.page.screenshot(path=SCREENSHOTS / f"ground-{language}-{zoom}.png")
        print(screen.complaints)
