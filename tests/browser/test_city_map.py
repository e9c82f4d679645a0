"""The map of the screen: its levels, the way down and up, search, shades, counts and alerts above them."""

from collections.abc import Iterator

import pytest
import shapely

from config.database import Connection, connect
from config.settings import WebSettings
from tests.browser import seed
from tests.browser.accounts import signed_in
from tests.browser.conftest import LIMIT_MS, OpenScreen, Running, Screen, Serve, _clone, _let_in
from tests.browser.grid_city import add_sensors, cut_grids, raise_alerts

CRUMBS = "[...document.querySelectorAll('#crumbs button')].map((one) => one.textContent).join(' ')"
YUZHONG, CHAOTIANMEN = "渝中区", "朝天门街道"
MOST_MARKERS = 200
_NEAR = "document.querySelector('.folium-map').classList.contains('near')"

GATEWAY, BEHIND = "LORA-0047", "wulong"


class Shown:
    """A city with grids in one township, and its server."""

    def __init__(self, connection: Connection, database_url: str) -> None:
        self.connection = connection
        seed.seed_readings(connection)
        seed.seed_alerts(connection)
        connection.execute("insert into devices (name) values (%s)", (GATEWAY,))
        connection.execute("update devices set gateway = %s where name = %s", (GATEWAY, BEHIND))
        self.township = seed.township_id(connection, YUZHONG, CHAOTIANMEN)
        row = connection.execute(
            "select parent_id from division_versions where division_id = %s", (self.township,)
        ).fetchone()
        assert row is not None
        self.district = int(row[0])
        self.grids = cut_grids(connection, self.township)
        self.running = Running(database_url, None, WebSettings(port=0))

    def address(self, query: str = "") -> str:
        """Of the screen."""
        return f"{self.running.url}{query}"


@pytest.fixture(scope="module")
def kept(server_url: str, city_template: str) -> Iterator[Shown]:
    """One city and one server for what only looks."""
    with (
        _clone(server_url, city_template, f"{city_template}_map") as url,
        connect(url, "test", autocommit=True) as city,
    ):
        shown = Shown(city, url)
        yield shown
        shown.running.stop()


@pytest.fixture
def shown(kept: Shown) -> Shown:
    """The same, and browsers are let in."""
    assert kept.running.session is not None
    _let_in(kept.running.session)
    return kept


def click_at(screen: Screen, bounds: str, beside: tuple[int, int] = (0, 0)) -> None:
    """Click on the map where an expression says, in latitude and longitude, or so many px beside it."""
    point = f"(() => {{ const at = map_city.latLngToContainerPoint({bounds}); return [at.x, at.y]; }})()"
    x, y = screen.page.evaluate(point)
    box = screen.page.locator(".folium-map").bounding_box()
    assert box is not None
    screen.page.mouse.click(box["x"] + x + beside[0], box["y"] + y + beside[1])


def middle_of(connection: Connection, division: int) -> str:
    """A point within it."""
    row = connection.execute(
        "select geometry from boundary_versions where division_id = %s and upper_inf(recorded)", (division,)
    ).fetchone()
    assert row is not None
    point = shapely.from_wkb(row[0]).representative_point()
    return f"[{point.y}, {point.x}]"


def test_the_address_says_what_is_in_view_and_back_goes_back(shown: Shown, new_screen: OpenScreen) -> None:
    screen = new_screen()
    screen.open(shown.address(f"?in={shown.grids[3]}"))
    screen.wait(f"{CRUMBS} === '重庆 渝中区 朝天门街道 第4网格'")
    screen.wait("map_city.getZoom() > 14")
    screen.page.click(f"#crumbs [data-in='{shown.district}']")
    screen.wait(f"{CRUMBS} === '重庆 渝中区' && map_city.getZoom() < 13.9")
    screen.page.go_back()
    screen.wait(f"{CRUMBS} === '重庆 渝中区 朝天门街道 第4网格' && map_city.getZoom() > 14")
    screen.page.goto(shown.address("?in=999999999"))
    screen.wait(f"{CRUMBS} === '重庆' && location.search === ''")


def test_clicks_lead_down_three_levels_and_crumbs_up(shown: Shown, new_screen: OpenScreen) -> None:
    screen = new_screen()
    screen.open(shown.address())
    grid = middle_of(shown.connection, shown.grids[5])
    click_at(screen, middle_of(shown.connection, seed.township_id(shown.connection, "酉阳土家族苗族自治县", "龙潭镇")))
    screen.wait(f"{CRUMBS} === '重庆 酉阳土家族苗族自治县'")
    screen.page.click("#whole-city")
    screen.wait(f"{CRUMBS} === '重庆'")
    screen.page.evaluate(f"import('/built/main.js').then((one) => one.say({{in: {shown.district}}}))")
    screen.wait(f"{CRUMBS} === '重庆 渝中区' && {_NEAR}")
    click_at(screen, grid)
    screen.wait(f"{CRUMBS} === '重庆 渝中区 朝天门街道' && map_city.getZoom() > 13.5 && {_NEAR}")
    for n in range(40):  # the grids come with their tiles; where labels lie changes, and one may lie on the point
        click_at(screen, grid, beside=(8 * (n % 5 - 2), 8 * (n // 5 % 5 - 2)))
        screen.page.wait_for_timeout(250)
        if screen.page.evaluate(f"{CRUMBS} === '重庆 渝中区 朝天门街道 第6网格'"):
            break
    screen.wait(f"{CRUMBS} === '重庆 渝中区 朝天门街道 第6网格'")
    screen.page.focus("#map_city")
    screen.page.keyboard.press("Backspace")
    screen.wait(f"{CRUMBS} === '重庆 渝中区 朝天门街道'")
    screen.page.click("#crumbs [data-in='city']")
    screen.wait(f"{CRUMBS} === '重庆' && map_city.getZoom() < 9 && !{_NEAR}")
    assert screen.complaints == []


# Of the paths of the far view: how many there are, are drawn, and lie in view as a whole without being drawn.
_PATHS = """(() => {
  const isFar = ({ options, _parts }) => options?.pane === 'townships' && _parts;
  const paths = Object.values(map_city._layers).filter(isFar);
  const within = (one) => map_city.getBounds().contains(one.getBounds());
  const isDrawn = ({ _parts }) => _parts.some((part) => part.length > 0);
  return [paths.length, paths.filter(isDrawn).length, paths.filter((one) => within(one) && !isDrawn(one)).length];
})()"""


def test_what_is_out_of_view_is_not_drawn_until_it_comes_into_view(shown: Shown, new_screen: OpenScreen) -> None:
    screen = new_screen()
    screen.open(shown.address())
    paths, drawn, _ = screen.page.evaluate(_PATHS)
    assert paths > 1000 and drawn == paths  # the whole city
    screen.page.evaluate("void map_city.setView([29.6, 106.6], 10.4, { animate: false })")
    for _ in range(4):
        paths, drawn, missing = screen.page.evaluate(_PATHS)
        assert (0 < drawn < paths / 2, missing) == (True, 0), (drawn, paths)
        screen.page.evaluate("void map_city.panBy([500, -200], { animate: false })")
    screen.page.evaluate("void map_city.setView(map_city.getCenter(), 8, { animate: false })")
    _, drawn_far, missing = screen.page.evaluate(_PATHS)
    assert (drawn_far > drawn, missing) == (True, 0)
    assert screen.complaints == []


def test_pinyin_initials_find_a_township_and_the_keyboard_chooses_it(shown: Shown, new_screen: OpenScreen) -> None:
    screen = new_screen()
    screen.open(shown.address())
    screen.page.focus("#search-box")
    screen.page.keyboard.type("ctm")
    screen.wait("document.querySelectorAll('#search-list [role=option]').length > 0")
    titles = screen.page.locator("#search-list [role=option] b").all_text_contents()
    for _ in range(titles.index(CHAOTIANMEN)):
        screen.page.keyboard.press("ArrowDown")
    active = screen.page.get_attribute("#search-box", "aria-activedescendant")
    assert CHAOTIANMEN in screen.page.inner_text(f"#{active}")
    screen.page.keyboard.press("Enter")
    screen.wait(f"{CRUMBS} === '重庆 渝中区 朝天门街道'")
    assert screen.page.get_attribute("#search-box", "aria-expanded") == "false"
    screen.page.fill("#search-box", "没有这个地方")
    screen.wait("document.querySelector('.search-none')?.textContent.includes('没有找到')")
    screen.page.keyboard.press("Escape")
    assert screen.page.locator("#search-list").is_hidden()


def test_a_gateway_that_is_found_opens_the_card_of_a_sensor_behind_it(shown: Shown, new_screen: OpenScreen) -> None:
    screen, gauge = new_screen(), next(gauge for gauge in seed.GAUGES if gauge.name == BEHIND)
    [(sensor,)] = shown.connection.execute("select id from sensors where name = %s", (BEHIND,)).fetchall()
    screen.open(shown.address())
    screen.page.fill("#search-box", GATEWAY)
    screen.page.click("#search-list [data-kind=device]", timeout=LIMIT_MS)
    screen.wait(f"new URLSearchParams(location.search).get('sensor') === '{sensor}'")
    screen.wait(f"document.querySelector('.card:not([hidden])')?.textContent.includes('{gauge.label}')")
    assert screen.complaints == []


def test_a_shade_changes_colours_and_legend_and_survives_a_reload(shown: Shown, new_screen: OpenScreen) -> None:
    def coloured() -> str:  # where a gauge stands and all is well
        township = seed.township_id(shown.connection, "武隆区", "凤山街道")
        style = f"import('/built/main.js').then(({{styleOf}}) => styleOf({township}).fillColor)"
        return str(screen.page.evaluate(style))

    screen = new_screen()
    screen.open(shown.address())
    before = coloured()
    assert "有告警的镇街" in str(screen.page.text_content("#legend"))
    screen.page.check("#shades input[value=silent]", force=True)
    screen.wait("document.querySelector('#legend').textContent.includes('失联测站')")
    screen.wait("location.search.includes('shade=silent')")
    screen.wait("performance.getEntriesByType('resource').some(({name}) => name.includes('/api/tallies'))")
    screen.page.wait_for_load_state("networkidle")
    shade = screen.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--shade-1').trim()")
    assert coloured() == shade != before
    screen.page.reload()
    screen.page.wait_for_selector("body[data-ready]")
    assert screen.page.is_checked("#shades input[value=silent]")
    screen.page.evaluate("import('/built/main.js').then((one) => one.say({at: '2020-08-19T00:00:00+08:00'}))")
    screen.wait("document.querySelector('#shades input[value=silent]').disabled")
    assert screen.page.is_checked("#shades input[value=level]")


def test_many_sensors_are_counted_and_alerts_stand_above_the_counts(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city, below=16)
    sensors = add_sensors(city, 1_500)
    raise_alerts(city, sensors[:300], ("yellow", "blue", "orange", "red"))
    running, screen = serve(city_url), new_screen()
    screen.open(running.url)
    screen.wait("document.querySelectorAll('.cluster').length >= 10 && document.querySelectorAll('.many').length >= 5")
    assert screen.page.evaluate("document.querySelectorAll('.leaflet-marker-icon').length") <= MOST_MARKERS
    counts = screen.page.evaluate(
        "[...document.querySelectorAll('.many')].map((one) => Number(one.dataset.many)).reduce((a, b) => a + b)"
        " + document.querySelectorAll('.station:not(.many)').length"
    )
    assert counts == 300
    panes = "['clusters', 'alerts'].map((name) => Number(getComputedStyle(map_city.getPane(name)).zIndex))"
    below, above = screen.page.evaluate(panes)
    assert below < above
    pin = screen.page.locator(".many.level-red").first.locator(".pin")
    pin.click(force=True)
    screen.wait("map_city.getZoom() > 9")
    screen.page.click("#whole-city")
    screen.wait("document.querySelector('.cluster[data-division]') !== null")
    one = screen.page.locator(".cluster[data-division]").first
    division = one.get_attribute("data-division")
    one.dispatch_event("click")
    screen.wait(f"location.search.includes('in={division}')")


def test_somebody_of_one_township_is_shown_no_other(shown: Shown, new_screen: OpenScreen) -> None:
    foreign = seed.township_id(shown.connection, "渝中区", "菜园坝街道")
    _let_in(signed_in(shown.connection, "narrow", [("planner", shown.township)]))
    screen = new_screen()
    screen.open(shown.address())
    screen.wait("map_city.getZoom() > 11")  # begins with what may be seen
    screen.page.evaluate(f"import('/built/main.js').then((one) => one.say({{in: {foreign}}}))")
    screen.wait(f"{CRUMBS} === '重庆' && location.search === ''")
    screen.page.fill("#search-box", "菜园坝")
    screen.wait("document.querySelector('.search-none') !== null")
