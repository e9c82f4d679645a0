"""The lines above the map: incidents (事件) and official warnings (官方预警), in a real browser."""

from datetime import timedelta

from config.database import Connection
from tests.browser import seed
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Serve

# The second sensor stands in a township that touches the first one's.
_MOVE_BESIDE = (
    "update sensor_divisions set division_id = (select min(t.other_id) from division_touches t join sensor_divisions d"
    " using (division_id) where d.sensor_id = %s and t.level = 'township') where sensor_id = %s and level = 'township'"
)
_SIZES = {"wall": (1920, 1080), "phone": (390, 844)}


def test_an_incident_appears_grows_and_goes(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city)
    screen = new_screen()
    screen.open(serve(city_url).url)
    assert not screen.page.is_visible("#incidents")
    first = seed.open_alert(city, "caiyuanba", "yellow", 183.0, seed.PEAK - timedelta(minutes=5))
    seed.group_alerts(city, [first])
    screen.wait("document.querySelector('#incidents .incident.level-yellow') !== null")
    line = screen.page.inner_text("#incidents")
    for told in ("事件", "黄", "洪水", "菜园坝街道", "1 起告警", "近 10 分钟 +1", "08:10 起"):
        assert told in line
    city.execute(_MOVE_BESIDE, (seed.sensor_id(city, "caiyuanba"), seed.sensor_id(city, "chaotianmen")))
    second = seed.open_alert(city, "chaotianmen", "red", 193.0, seed.PEAK - timedelta(hours=1))
    seed.group_alerts(city, [second])
    screen.wait("document.querySelector('#incidents').innerText.includes('2 起告警')")
    assert screen.page.locator(".incident").count() == 1
    assert "2 个镇街" in screen.page.inner_text(".incident.level-red")
    city.execute("update alerts set state = 'closed', resolved_at = changed_at, closed_at = changed_at")
    seed.group_alerts(city, [first, second])
    screen.wait("document.querySelector('#incidents').hidden")
    assert screen.complaints == []


def test_what_has_no_room_is_counted(city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen) -> None:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    (count,) = city.execute("select count(*) from incidents").fetchone() or (0,)
    for size in _SIZES.values():
        screen = new_screen(*size)
        screen.open(serve(city_url).url)
        screen.settle()
        shown = screen.page.locator("#incidents .incident").count()
        assert 1 <= shown < count
        assert screen.page.text_content("#incidents .notice-more") == f"另有 {count - shown}"
        assert screen.page.inner_text("#incidents .notice-name small") == str(count)
        assert screen.page.locator(".incident").first.get_attribute("class") == "incident level-red"
        assert screen.page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_an_official_warning_is_shown_as_long_as_it_is_in_force(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city, below=16)
    screen = new_screen()
    screen.open(serve(city_url).url)
    seed.announce(city, "高温", "red", seed.PEAK + timedelta(hours=3), status="test")
    seed.announce(city, "雷电", "blue", seed.PEAK - timedelta(minutes=1))
    seed.announce(city, "暴雨", "orange", seed.PEAK + timedelta(hours=3))
    screen.wait("document.querySelectorAll('.official').length === 1")
    line = screen.page.inner_text("#official")
    for told in ("官方预警", "暴雨", "橙色", "重庆市气象台", "至 11:15"):
        assert told in line
    assert "一切正常" in screen.page.inner_text("#verdict")  # a warning is no alert of ours
    city.execute("update partitions set clock = %s", (seed.PEAK + timedelta(hours=3),))
    city.execute("notify shijing_readings, 'cq'")
    screen.wait("document.querySelector('#official').hidden")


def test_screenshots_of_the_lines(city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen) -> None:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    seed.announce(city, "暴雨", "orange", seed.PEAK + timedelta(hours=3))
    seed.announce(city, "地质灾害气象风险", "yellow", seed.PEAK + timedelta(hours=20))
    running = serve(city_url)
    for size, pixels in _SIZES.items():
        for language in ("zh", "en"):
            screen = new_screen(*pixels)
            screen.open(f"{running.url}?lang={language}")
            screen.settle()
            assert screen.page.evaluate("document.documentElement.scrollWidth") == pixels[0]
            small = "getComputedStyle(document.querySelector('.incident-what')).fontSize"
            assert float(screen.page.evaluate(small).removesuffix("px")) >= (24 if size == "wall" else 16)
            screen.page.screenshot(path=SCREENSHOTS / f"notices-{size}-{language}.png")
