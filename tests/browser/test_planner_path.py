"""The whole way in a browser: a border dragged, a grid split, two merged, impact, review, publishing, and back."""

import shapely
from playwright.sync_api import Page, expect

from config.database import Connection
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Serve
from tests.browser.planner_ground import Editor, Place, middle, open_draft, planner_city, ring
from tests.browser.test_accounts_page import as_

A, B, C, D = 5, 6, 0, 1


def impact(page: Page, running: Running, draft: object) -> None:
    page.goto(f"{running.url}planner/{draft}/impact")
    page.wait_for_selector("#impact-map[data-drawn]", timeout=LIMIT_MS)


def state(page: Page, wanted: str) -> None:
    expect(page.locator(f"#state[data-state={wanted}]")).to_be_visible(timeout=LIMIT_MS)


def in_force(connection: Connection, township: int) -> dict[str, bytes]:
    """By name: the polygons of the township's grids that hold now."""
    rows = connection.execute(
        "select v.name, b.geometry from division_versions v join boundary_versions b using (division_id)"
        " where v.parent_id = %s and v.valid @> now() and upper_inf(v.recorded)"
        " and b.valid @> now() and upper_inf(b.recorded)",
        (township,),
    ).fetchall()
    return {name: bytes(geometry) for name, geometry in rows}


def across(unit: object) -> list[Place]:
    west, south, east, north = shapely.geometry.shape(unit["geometry"]).bounds  # type: ignore[index]
    half = (south + north) / 2
    return [(west - 0.0004, half), (east + 0.0004, half)]


def draw_all(editor: Editor, keys: dict[int, str]) -> None:
    """A vertex dragged, a grid split, two others merged."""
    page = editor.page
    before = editor.units()
    both = {tuple(at) for at in ring(before[keys[A]])} & {tuple(at) for at in ring(before[keys[B]])}
    vertex = sorted(both, key=lambda at: at[1])[len(both) // 2]
    editor.look(middle(before[keys[A]]), 16)
    editor.click(middle(before[keys[A]]))
    expect(page.locator(".marker-icon").first).to_be_visible()
    editor.drag(vertex, (vertex[0] + 0.0004, vertex[1]))
    editor.saved()
    page.click("#split")
    for at in across(editor.units()[keys[A]]):
        editor.click(at)
    page.keyboard.press("Enter")
    page.fill("dialog [name=name]", "六号网格南")
    page.click("dialog button[type=submit]")
    editor.saved()
    page.keyboard.press("Escape")
    editor.look(middle(before[keys[C]]), 15.5)
    editor.click(middle(before[keys[C]]))
    editor.click_with("Shift", middle(before[keys[D]]))
    page.click("#merge")
    page.click("dialog button[type=submit]")
    editor.saved()
    assert [one["kind"] for one in editor.ask("/history")["steps"]] == ["merge", "split", "move"]


def test_from_the_first_drag_to_the_roll_back(
    connection: Connection, database_url: str, serve: Serve, new_screen: OpenScreen
) -> None:
    city = planner_city(connection)
    running, township = serve(database_url), city.district.townships[0]
    was = in_force(connection, township)
    screen = new_screen(1366, 768, let_in=False)
    screen.page.context.add_cookies(city.planner.cookies)  # type: ignore[arg-type]
    draft = open_draft(running, city)
    editor = Editor(page=screen.page, running=running, session=city.planner, draft=draft).open()
    draw_all(editor, {one: city.key(one) for one in (A, B, C, D)})
    page = editor.page
    page.click("#tab-findings")
    errors = [one for one in editor.ask("/findings")["findings"] if one["severity"] == "error"]
    assert errors == [], "what shared borders allow leaves no hole"
    expect(page.locator("#counts")).to_contain_text("错误 0")
    assert in_force(connection, township) == was, "a draft changes nothing that is in force"

    page.click("#submit")
    page.wait_for_selector("#impact-map[data-drawn]", timeout=LIMIT_MS)
    page.screenshot(path=SCREENSHOTS / "planner-path-impact.png", full_page=True)
    page.fill("#submit textarea", "六号网格户数偏多")
    page.click("#submit button")
    state(page, "submitted")

    deciding = as_(new_screen, city.reviewer)
    impact(deciding, running, draft)
    deciding.click("#review button[value=approve]")
    state(deciding, "approved")
    deciding.click("#publish button")
    state(deciding, "published")
    now = in_force(connection, township)
    assert set(now) - set(was) == {"六号网格南"}
    assert len(now) == len(was)

    editor.open()
    expect(page.locator("#lock")).to_contain_text("不能再改")
    expect(page.locator("#split")).to_be_disabled()
    impact(page, running, draft)
    page.fill("#why", "分割有误")
    page.click("#roll-back button")
    state(page, "draft")
    back = page.url.split("/planner/")[1].split("/")[0].split("?")[0]
    page.fill("#submit textarea", "恢复原状")
    page.click("#submit button")
    state(page, "submitted")
    impact(deciding, running, back)
    deciding.click("#review button[value=approve]")
    state(deciding, "approved")
    deciding.click("#publish button")
    state(deciding, "published")
    again = in_force(connection, township)
    assert set(again) == set(was)
    for name, geometry in was.items():
        assert shapely.equals(shapely.from_wkb(again[name]), shapely.from_wkb(geometry)), name
    assert not screen.complaints
