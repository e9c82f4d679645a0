"""The whole screen as its users see it, in every size and both languages: to be looked at, and nothing is cut off."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.database import Connection
from config.exercise import mark
from tests.browser import seed
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Running, Screen, Serve
from tests.browser.run_ground import RunGround, run_ground
from tests.browser.signing import new_vault
from tests.browser.test_now import red_one, storm

SIZES = {"wall": (1920, 1080), "wide": (3840, 1080), "desk": (1366, 768), "tablet": (820, 1180)}
_PEAK = "2020-08-20T03:15:00%2B08:00"
# What has words of its own and lets some of them stick out to the right of the window.
_OUTSIDE = """
[...document.querySelectorAll('body *')].filter((node) => {
  const box = node.getBoundingClientRect();
  return box.width > 0 && box.right > innerWidth + 1
    && !node.closest('.folium-map, .books, .bar-account, svg, details:not([open])')
    && [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())
    && getComputedStyle(node).visibility !== 'hidden';
}).map((node) => `${node.className}: ${node.textContent.slice(0, 30)}`)
"""
# The smallest letters of what has to be read from four metres.
_LEGIBLE = """
['.tally-word', '.alert-name', '.run h3', '.bar-clock time', '.well-line h2', '.tag-name']
  .flatMap((selector) => [...document.querySelectorAll(selector)].filter((node) => node.offsetParent).slice(0, 3)
    .map((node) => [selector, parseFloat(getComputedStyle(node).fontSize)]))
"""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What goes on, and what the page shows of it when it is drawn."""

    set_up: Callable[[Connection, RunGround], None]
    drawn: str
    address: str = ""


def peak(city: Connection, ground: RunGround) -> None:
    seed.seed_readings(city)
    ground.start(level="red")
    ground.climb()
    for gauge, level, value in (("cuntan", "red", 191.62), ("ciqikou", "orange", 193.1), ("beibei3", "yellow", 199.0)):
        seed.open_alert(city, gauge, level, value, seed.PEAK)


def quiet(city: Connection, _: RunGround) -> None:
    seed.seed_readings(city, below=16)


def many(city: Connection, _: RunGround) -> None:
    seed.seed_readings(city)
    storm(city, 300)


def drill(city: Connection, ground: RunGround) -> None:
    mark(city, exercise=True)
    seed.seed_readings(city)
    red_one(city, "ciqikou")
    ground.start(level="red", drill=True)
    city.execute("update alerts set exercise = true")
    city.execute("update incidents set exercise = true")


def floods(city: Connection, _: RunGround) -> None:
    seed.seed_readings(city)
    seed.seed_alerts(city)


SCENES = {
    "peak": Scene(set_up=peak, drawn="document.querySelectorAll('#runs .run').length > 0"),
    "quiet": Scene(set_up=quiet, drawn="document.querySelector('.well-line') !== null"),
    "storm": Scene(set_up=many, drawn="document.querySelectorAll('#alerts li').length > 2"),
    "drill": Scene(set_up=drill, drawn="document.querySelector('.drill') !== null"),
    "stale": Scene(set_up=floods, drawn="document.querySelector('#stale').hidden === false"),
    "past": Scene(set_up=floods, drawn="document.querySelector('.then-slider')?.max > 1000", address=f"&at={_PEAK}"),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_screen_is_whole_at_every_size(
    name: str, city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, tmp_path: Path
) -> None:
    scene, vault = SCENES[name], new_vault(tmp_path)
    scene.set_up(city, run_ground(city, vault))
    running = serve(city_url, vault=vault)
    for language in ("zh", "en"):
        screen = new_screen()
        screen.open(f"{running.url}?lang={language}{scene.address}")
        if name == "stale":
            running.stop()
        screen.wait(scene.drawn)
        pictures(screen, f"{name}-{language}")
        assert [said for said in screen.complaints if "net::" not in said] == []
        if name == "stale":
            running.start()


def pictures(screen: Screen, name: str) -> None:
    """In every size; nothing is wider than the page, and no word runs out of it."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for size, (width, height) in SIZES.items():
        screen.page.set_viewport_size({"width": width, "height": height})
        screen.settle()
        screen.page.screenshot(path=SCREENSHOTS / f"screen-{name}-{size}.png")
        assert screen.page.evaluate("document.documentElement.scrollWidth") <= width, (name, size)
        assert screen.page.evaluate(_OUTSIDE) == [], (name, size)
        if size == "wall":
            told = screen.page.evaluate(_LEGIBLE)
            assert told
            assert [one for one in told if one[1] < 20] == [], name


def test_every_part_by_itself(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, tmp_path: Path
) -> None:
    vault = new_vault(tmp_path)
    peak(city, run_ground(city, vault))
    running: Running = serve(city_url, vault=vault)
    for parts in ("map", "queue,plans", "plans", "figures"):
        screen = new_screen()
        screen.open(f"{running.url}?parts={parts}&theme=light")
        screen.settle()
        screen.page.screenshot(path=SCREENSHOTS / f"screen-part-{parts.replace(',', '-')}.png")
        assert screen.page.evaluate(_OUTSIDE) == [], parts
        assert screen.complaints == []
