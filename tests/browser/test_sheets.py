"""The near view of the map: one canvas for each layer, where the page begins, and tiles that do not come at first."""

import json

from playwright.sync_api import Route

from config.database import Connection
from tests.browser import seed
from tests.browser.conftest import OpenScreen, Screen, Serve
from tests.browser.test_api import ask

YUZHONG = ("渝中区", "朝天门街道")
# Of each pane its canvases: the zoom at which they are painted without a gap, and whether they cover the map.
_SHEETS = """
(() => {
  const ground = document.querySelector("#map_city").getBoundingClientRect();
  return Object.fromEntries(["tiles", "base", "tile-lines"].map((pane) => [pane,
    [...document.querySelectorAll(`.leaflet-${pane}-pane canvas`)].map((canvas) => {
      const box = canvas.getBoundingClientRect();
      const across = box.left <= ground.left && box.right >= ground.right;
      return [canvas.dataset.zoom, across && box.top <= ground.top && box.bottom >= ground.bottom];
    })]));
})()
"""


def begun_at(city: Connection, city_url: str, serve: Serve, screen: Screen) -> int:
    """The screen, begun at a township; the township's number."""
    seed.seed_readings(city)
    township = seed.township_id(city, *YUZHONG)
    screen.open(f"{serve(city_url).url}?in={township}")
    return township


def painted(screen: Screen) -> None:
    """Wait until each pane has one canvas, painted at the zoom of the map, that covers it."""
    wanted = "JSON.stringify([[String(map_city.getZoom()), true]])"
    screen.wait(f"Object.values({_SHEETS}).every((sheets) => JSON.stringify(sheets) === {wanted})")


def test_a_near_view_has_one_canvas_for_each_layer(
    city: Connection, city_url: str, serve: Serve, new_screen: OpenScreen
) -> None:
    screen = new_screen()
    begun_at(city, city_url, serve, screen)
    painted(screen)
    screen.page.evaluate("void map_city.panBy([700, -300], { animate: false })")
    painted(screen)
    screen.page.evaluate("void map_city.setView(map_city.getCenter(), 14.35, { animate: false })")
    painted(screen)
    screen.page.evaluate("void map_city.setView(map_city.getCenter(), 8, { animate: false })")
    screen.wait(f"Object.values({_SHEETS}).every((sheets) => sheets.length === 0)")
    screen.wait("!document.querySelector('#map_city').classList.contains('near')")
    assert screen.complaints == []


def test_a_drag_is_painted_before_it_ends(
    city: Connection, city_url: str, serve: Serve, new_screen: OpenScreen
) -> None:
    screen = new_screen()
    begun_at(city, city_url, serve, screen)
    painted(screen)
    box = screen.page.locator("#map_city").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.9
    screen.page.mouse.move(x, y)
    screen.page.mouse.down()
    screen.page.mouse.move(x, y - box["height"] * 0.5, steps=20)
    painted(screen)
    screen.page.mouse.up()


def test_the_page_stands_where_it_begins_before_anything_is_drawn(
    city: Connection, city_url: str, serve: Serve, new_screen: OpenScreen
) -> None:
    screen = new_screen()
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(request.url))
    township = begun_at(city, city_url, serve, screen)
    painted(screen)
    assert json.loads(screen.page.inner_text("#way"))["path"][-1]["id"] == township
    tiles = [url for url in asked if "/tiles/" in url]
    assert len(tiles) == len(set(tiles)), "each is asked for once"
    ways = [at for at, url in enumerate(asked) if "/api/path" in url]
    assert not ways or asked.index(tiles[0]) < min(ways)


def test_a_name_cannot_end_what_the_page_brings_along(city: Connection, city_url: str, serve: Serve) -> None:
    seed.seed_readings(city)
    township = seed.township_id(city, *YUZHONG)
    city.execute("update division_versions set name = '</script><b>' where division_id = %s", (township,))
    text = ask(serve(city_url), f"?in={township}")[2].decode()
    told = text.partition('id="way">')[2].partition("</script>")[0]
    assert json.loads(told)["path"][-1]["name"] == "</script><b>"


def test_tiles_that_did_not_come_are_asked_for_again(
    city: Connection, city_url: str, serve: Serve, new_screen: OpenScreen
) -> None:
    screen = new_screen()
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.abort()

    screen.page.route("**/ground/base/**", refuse)
    begun_at(city, city_url, serve, screen)
    screen.wait("document.querySelector('.leaflet-base-pane canvas')?.dataset.zoom === ''")
    assert refused
    screen.page.unroute("**/ground/base/**")
    painted(screen)
