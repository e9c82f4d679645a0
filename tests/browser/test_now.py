"""What needs a person now, in a real Chromium: the queue of incidents, the stage, silence, the ledger, the tour."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from psycopg import sql
from psycopg.types.json import Jsonb

from access.vault import Vault
from alerts.actors import actor_of
from alerts.acts import acknowledge
from config.database import Connection
from config.exercise import mark
from tests.browser import seed
from tests.browser.accounts import signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Screen, Serve
from tests.browser.run_ground import RunGround, run_ground
from tests.browser.signing import new_vault
from tests.browser.test_now_api import silence

SIZES = {"wall": (1920, 1080), "desk": (1366, 768)}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


@pytest.fixture
def ground(city: Connection, vault: Vault) -> RunGround:
    return run_ground(city, vault)


# As the real scene answers: a shelter in the township.
SHELTERS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [106.45, 29.58]},
            "properties": {"kind": "shelter", "name": "社区中心"},
        }
    ],
}


def red_one(city: Connection, gauge: str = "cuntan", *, minutes: float = 3) -> tuple[int, int]:
    """An alert at the red level and its incident."""
    alert = seed.open_alert(city, gauge, "red", 191.62, seed.PEAK - timedelta(minutes=minutes))
    seed.group_alerts(city, [alert])
    row = city.execute("select incident_id from alert_incidents where alert_id = %s", (alert,)).fetchone()
    assert row is not None
    return alert, int(row[0])


def storm(city: Connection, count: int) -> None:
    """So many incidents, each in a township of its own, one in ten of them red, opened one after the other."""
    city.execute(
        "with places as (select division_id, row_number() over (order by division_id) as n from division_versions v"
        " join divisions d on d.id = v.division_id where d.level = 'township' and lower_inf(v.valid) limit %(n)s),"
        " made as (insert into incidents (family, level, peak, opened_at, changed_at, alerts, open_alerts)"
        " select 'fire', level, level, at, at, 1, counts from (select %(peak)s - n * interval '1 minute' as at, n,"
        " case n %% 10 when 0 then 'red' when 1 then 'orange' when 2 then 'yellow' else 'blue' end as level,"
        " case n %% 10 when 0 then '{0,0,0,1}'::int[] when 1 then '{0,0,1,0}' when 2 then '{0,1,0,0}'"
        " else '{1,0,0,0}' end as counts from places) one order by n returning id, level, opened_at),"
        " numbered as (select made.*, places.division_id from"
        " (select *, row_number() over (order by id) as n from made) made join places using (n)),"
        " cells as (insert into incident_cells (incident_id, township_id, first_at,"
        " last_at, alerts) select id, division_id, opened_at, opened_at, 1 from numbered)"
        " insert into alerts (rule_id, family, subject, kind, township_id, level, peak, state, title, opened_at,"
        " changed_at, incident_id, incident_level) select 'smoke', 'fire', (4::bigint << 32) + id, 'manual',"
        " division_id, level, level, 'open', '烟雾', opened_at, opened_at, id, level from numbered",
        {"n": count, "peak": seed.PEAK},
    )
    city.execute("select log_live_event('incident', %s)", (json.dumps({"incident_id": 1}),))


def told(screen: Screen, section: str, *words: str) -> None:
    """Wait until a section says these words."""
    for word in words:
        screen.wait(f"document.querySelector('{section}').innerText.includes({json.dumps(word)})")


def whole(screen: Screen, name: str) -> None:
    """A picture to be looked at, and nothing of the side is cut off."""
    screen.settle()
    SCREENSHOTS.mkdir(exist_ok=True)
    screen.page.screenshot(path=SCREENSHOTS / f"{name}.png")
    side = "document.querySelector('.side')"
    assert screen.page.evaluate(f"{side}.scrollHeight <= {side}.clientHeight + 1"), name
    over = f"[...{side}.querySelectorAll('*')].filter((node) => node.scrollWidth && node.getBoundingClientRect().right"
    over += f" > {side}.getBoundingClientRect().right + 1).map((node) => node.className)"
    assert screen.page.evaluate(f"{side}.scrollWidth <= {side}.clientWidth"), (name, screen.page.evaluate(over))


_SIGNS = ".leaflet-alerts-pane .station"
_IN_SIGNS = f"[...document.querySelectorAll('{_SIGNS}')].reduce((sum, one) => sum + Number(one.dataset.many ?? 1), 0)"


def test_a_storm_of_three_hundred_incidents_stays_one_page(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city)
    storm(city, 300)
    running = serve(city_url)
    for size, pixels in SIZES.items():
        for language in ("zh", "en"):
            screen = new_screen(*pixels)
            screen.open(f"{running.url}?lang={language}")
            screen.wait("document.querySelectorAll('.of-incident').length >= 3")
            screen.wait("/300/.test(document.querySelector('.pager-where').textContent)")
            rows = screen.page.locator("#alerts li")
            assert 3 <= rows.count() <= 12
            assert "level-red" in (rows.first.get_attribute("class") or "")
            shown = "(document.querySelector('.pager-where').textContent.match(/^1–([0-9]+) /) ?? [])[1]"
            screen.wait(f"Number({shown}) === document.querySelectorAll('#alerts li').length")
            # Nobody told where exactly: they stand in the middle of their townships, few signs for all of them.
            screen.wait(f"{_IN_SIGNS} > 250 && document.querySelectorAll('{_SIGNS}').length < 80")
            whole(screen, f"storm-{size}-{language}")
    first = [rows.nth(i).inner_text().split("\n")[1] for i in range(2)]
    before = rows.nth(2).inner_text()
    screen.page.click(".pager-turn >> nth=1")
    assert re.match(r"1–\d, \d+–\d+ of 300$", screen.page.inner_text(".pager-where"))
    assert rows.nth(2).inner_text() != before
    assert [rows.nth(i).inner_text().split("\n")[1] for i in range(2)] == first  # the worst stay
    assert screen.complaints == []


def test_a_red_one_takes_the_stage_until_a_duty_officer_acknowledges_it(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, ground: RunGround
) -> None:
    seed.seed_readings(city)
    running = serve(city_url, vault=vault)
    officer = signed_in(city, "li.na", [("duty_officer", None)])
    wall = signed_in(city, "wall", [("screen", None)], kind="screen")
    desk, big = new_screen(let_in=False), new_screen(let_in=False)
    for screen, who in ((desk, officer), (big, wall)):
        screen.page.route("**/api/scene/things*", lambda route: route.fulfill(json=SHELTERS))
        screen.page.context.add_cookies(who.cookies)  # type: ignore[arg-type]
        screen.open(running.url)
        screen.wait("document.querySelector('.ledger') !== null")
    alert, incident = red_one(city, "ciqikou")
    run = ground.start(level="red")
    routes = [{"id": "R2", "avoid": "下穿道与滨江路", "to": "S2", "way": "106.432,29.588 106.446,29.583 106.45,29.58"}]
    city.execute("update plan_runs set plan = jsonb_set(plan, '{routes}', %s) where id = %s", (Jsonb(routes), run))
    city.execute("insert into run_alerts (run_id, alert_id, joined_at) values (%s, %s, %s)", (run, alert, seed.PEAK))
    ground.climb()
    city.execute("select log_live_event('run', %s)", (json.dumps({"run_id": run}),))
    for screen in (desk, big):
        screen.wait("!document.querySelector('#incident-stage').hidden")
        told(screen, "#incident-stage", "红", "磁器口街道", "社区中心", "已叫", "短信")
        screen.wait("document.querySelectorAll('.incident-footprint').length === 1")
        screen.wait("document.querySelectorAll('.incident-touching').length >= 3")
        for name in ("社区中心", "R2 → 社区中心"):
            screen.wait(f"[...document.querySelectorAll('.stage-shelter')].some((one) => one.textContent === '{name}')")
        screen.wait("document.querySelectorAll('path.incident-way').length === 1")
        assert f"incident={incident}" in screen.page.url
    assert big.page.locator("#stage-ack").count() == 0  # a wall has no hands
    told(desk, "#incident-stage", "张强")
    assert "张强" not in big.page.inner_text("body")
    desk.wait("map_city.getZoom() > 11")  # it has flown there, and the near view is painted
    desk.wait("document.querySelector('.leaflet-tiles-pane canvas')?.dataset.zoom === String(map_city.getZoom())")
    whole(desk, "stage-wall-zh")
    desk.page.click("#stage-ack")
    for screen in (desk, big):
        screen.wait("document.querySelector('#incident-stage').hidden")
        told(screen, "#alerts", "已签收")
        screen.wait("document.querySelector('.incident-footprint') === null")
    assert city.execute("select state from alerts where id = %s", (alert,)).fetchone() == ("acknowledged",)
    assert desk.complaints == big.complaints == []


def test_of_several_reds_the_newest_has_the_stage_and_what_is_put_away_stays_in_the_queue(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city)
    running = serve(city_url)
    _, old = red_one(city, "wulong", minutes=30)
    screen = new_screen()
    screen.open(running.url)
    screen.wait("document.querySelector('.of-incident') !== null")
    assert screen.page.is_hidden("#incident-stage")  # it was there before
    assert screen.page.inner_text("#sound") == "开启声音"
    screen.page.click("#sound")
    expect(screen.page.locator("#sound")).to_have_text("静音", timeout=LIMIT_MS)
    _, new = red_one(city, "cuntan")
    screen.wait("!document.querySelector('#incident-stage').hidden")
    told(screen, "#incident-stage", "寸滩街道", "另有 1 起红色事件", "尚无预案执行")
    screen.wait("document.querySelector('#sound').dataset.rang === '1'")
    expect(screen.page.locator("#incident-stage .up")).to_have_text("03:00")
    screen.page.click(".stage-others button:not(.sound)")
    told(screen, "#incident-stage", "凤山街道")
    screen.page.click("#incident-stage .close")
    expect(screen.page.locator("#incident-stage")).to_be_hidden()
    for incident in (old, new):
        expect(screen.page.locator(f"[data-queue='{incident}']")).to_have_count(1)
    screen.page.click("#sound")
    screen.wait("localStorage.getItem('shijing-sound') === 'off'")


def test_how_long_nobody_has_answered_counts_on(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city)
    alert, incident = red_one(city)
    screen = new_screen()
    screen.open(serve(city_url).url)
    row = screen.page.locator(f"[data-queue='{incident}']")
    expect(row.locator(".up")).to_have_text("03:00", timeout=LIMIT_MS)
    city.execute("update partitions set clock = %s", (seed.PEAK + timedelta(minutes=9),))
    city.execute("notify shijing_readings, 'cq'")
    expect(row.locator(".up")).to_have_text("12:00", timeout=LIMIT_MS)
    acknowledge(city, alert, actor=actor_of(city, "林"))
    expect(row).to_contain_text("已签收", timeout=LIMIT_MS)
    assert row.locator(".up").count() == 0


def test_what_is_silent_is_named_and_a_ledger_that_does_not_balance_says_what_is_missing(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city, below=16)
    screen = new_screen()
    screen.open(serve(city_url).url)
    told(screen, "#now", "没有失联的测站和网关", "尚未核对")
    told(screen, "#verdict", "一切正常", "盲区", "1,020 个镇街无测站", "2 个测站未定位")
    whole(screen, "now-quiet-wall-zh")
    where = seed.township_id(city, "武隆区", "凤山街道")
    silence(city, "sensor", seed.sensor_id(city, "wulong"), where, 5)
    account = {"name": "readings", "difference": 3, "balanced": False, "missing": ["hour …"]}
    city.execute(
        "insert into ledger_checks (kind, since, until, took_s, balanced, accounts)"
        " values ('span', '2026-05-03', '2026-05-04', 0.1, false, %s)",
        (Jsonb([account]),),
    )
    city.execute("select log_live_event('ledger', '{}')")
    told(screen, "#now", "1 个测站", "武隆", "武隆区 凤山街道", "账目不平：读数 3")
    city.execute("update ledger_checks set settled_at = now()")
    city.execute("select log_live_event('ledger', '{}')")
    told(screen, "#now", "所有读数已核对", "核对于")
    assert screen.complaints == []


def test_trends_of_what_is_nearest_to_a_threshold_go_on_as_readings_come(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city)
    seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
    screen = new_screen()
    screen.open(serve(city_url).url)
    screen.wait("document.querySelectorAll('.trend-card canvas').length === 6")
    first = screen.page.locator(".trend-card").first
    assert "寸滩" in first.inner_text()
    screen.page.evaluate("document.querySelector('.trend-card canvas').kept = true")
    cuntan = seed.sensor_id(city, "cuntan")
    seed.add_reading(city, cuntan, seed.PEAK + timedelta(hours=1), 192.5)
    city.execute("notify shijing_readings, 'cq'")
    expect(first).to_contain_text("192.50", timeout=LIMIT_MS)
    assert screen.page.evaluate("document.querySelector('.trend-card canvas').kept") is True  # drawn on, not anew
    first.click()
    told(screen, "#card", "寸滩")
    assert f"sensor={cuntan}" in screen.page.url


def test_rain_is_summed_up_over_the_hours_that_its_thresholds_are_of(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city, below=16)
    cuntan = seed.sensor_id(city, "cuntan")
    (rain,) = city.execute(
        "insert into sensors (name, label, quantity, unit, device_id)"
        " select 'rain-1', '寸滩雨量', 'rain', 'mm', device_id from sensors where id = %s returning id",
        (cuntan,),
    ).fetchone() or (0,)
    for table in ("sensor_places", "sensor_divisions"):
        columns = [name for (name,) in city.execute(
            "select column_name from information_schema.columns where table_name = %s and is_generated = 'NEVER'"
            " and is_identity = 'NO' and column_name <> 'sensor_id'", (table,)
        )]  # fmt: skip
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        copied = sql.SQL("insert into {0} (sensor_id, {1}) select %s, {1} from {0} where sensor_id = %s")
        city.execute(copied.format(sql.Identifier(table), names), (rain, cuntan))
    for minutes, fell in ((90, 40.0), (50, 10.0), (30, 12.5), (10, 14.0)):
        seed.add_reading(city, rain, seed.PEAK - timedelta(minutes=minutes), fell)
    screen = new_screen()
    screen.open(serve(city_url).url)
    card = screen.page.locator(f"[data-trend='{rain}']")
    expect(card).to_contain_text("36.5", timeout=LIMIT_MS)  # of the last hour: 10 + 12.5 + 14
    expect(card).to_contain_text("mm / 1 h")
    seed.add_reading(city, rain, seed.PEAK + timedelta(minutes=15), 1.0)
    city.execute("notify shijing_readings, 'cq'")
    expect(card).to_contain_text("27.5", timeout=LIMIT_MS)
    assert screen.complaints == []


def test_a_drill_is_marked_wherever_it_shows(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, ground: RunGround
) -> None:
    mark(city, exercise=True)
    seed.seed_readings(city)
    alert, incident = red_one(city, "ciqikou")
    loose = seed.open_alert(city, "beibei3", "yellow", 198.0, seed.PEAK)
    run = ground.start(level="red", drill=True)
    city.execute("update alerts set exercise = true")
    city.execute("update incidents set exercise = true")
    city.execute("insert into run_alerts (run_id, alert_id, joined_at) values (%s, %s, %s)", (run, alert, seed.PEAK))
    running = serve(city_url, vault=vault)
    for size, pixels in SIZES.items():
        for language in ("zh", "en"):
            screen = new_screen(*pixels)
            screen.open(f"{running.url}?lang={language}&incident={incident}")
            word = "演练" if language == "zh" else "DRILL"
            told(screen, "#incident-stage", word)
            told(screen, "#runs", word)
            dashed = "getComputedStyle(document.querySelector('{}')).{}Style === 'dashed'"
            for found, edge in (
                ("#incident-stage", "border"),
                (f'[data-queue="{incident}"]', "outline"),
                (f'[data-alert="{loose}"]', "outline"),
                (".run", "outline"),
            ):
                screen.wait(f"document.querySelector('{found}') !== null")
                assert screen.page.evaluate(dashed.format(found, edge)), found
            assert word in screen.page.locator(f"[data-queue='{incident}']").inner_text()
            whole(screen, f"drill-{size}-{language}")


def test_a_quiet_city_is_toured_until_the_first_hand_or_alert(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city, below=16)
    screen = new_screen()
    screen.page.clock.install()
    screen.open(serve(city_url).url)
    screen.page.clock.fast_forward("04:50")
    assert screen.page.is_hidden("#tour")
    screen.page.clock.fast_forward("00:15")
    screen.wait("!document.querySelector('#tour').hidden")
    first = screen.page.url
    assert "in=" in first
    assert screen.page.inner_text("#tour-button") == "停止巡览"
    screen.page.clock.fast_forward("00:21")
    screen.wait(f"location.href !== {json.dumps(first)}")
    screen.page.mouse.click(700, 400)
    screen.wait("document.querySelector('#tour').hidden")
    screen.page.click("#tour-button")
    screen.wait("!document.querySelector('#tour').hidden")
    seed.open_alert(city, "cuntan", "orange", 190.0, seed.PEAK)
    screen.wait("document.querySelector('#tour').hidden")
    assert screen.complaints == []


def test_of_many_plans_those_are_named_that_there_is_room_for(
    city: Connection, city_url: str, serve: Serve, new_screen: OpenScreen
) -> None:
    """A night of eight incidents and nine plans: the lanes become lines, and never only a number."""
    seed.seed_readings(city)
    storm(city, 8)
    city.execute(
        "insert into plan_runs (plan_id, township_id, level, state, started_at) select 'FLD-02', division_id, 'red',"
        " 'open', %s from division_versions v join divisions d on d.id = v.division_id"
        " where d.level = 'township' and lower_inf(v.valid) order by division_id limit 9",
        (seed.PEAK,),
    )
    screen = new_screen(1920, 1080)
    screen.open(serve(city_url).url)
    screen.wait("document.querySelectorAll('#runs .run').length > 1 && document.querySelector('#runs .more') !== null")
    shown = screen.page.locator("#runs .run").count()
    screen.page.screenshot(path=SCREENSHOTS / "many-plans.png")
    assert shown >= 3
    assert f"另有 {9 - shown} 个预案" in screen.page.inner_text("#runs")
    box = "document.querySelector('{}').getBoundingClientRect()"
    assert screen.page.evaluate(f"{box.format('#runs .run:nth-last-child(2)')}.bottom <= {box.format('#now')}.top")
