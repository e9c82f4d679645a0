"""The planner's editor in a browser: borders dragged, units split and merged; findings; locks; without a network."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
import shapely
from playwright.sync_api import expect

from config.database import Connection
from tests.browser.axe import violations
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Serve
from tests.browser.planner_ground import Editor, Place, PlannerCity, middle, open_draft, planner_city, ring

SIZES = {"wide": (1920, 1080), "desk": (1366, 768), "tablet": (820, 1180)}
A, B = 5, 6  # grids side by side in the middle of the township


@pytest.fixture
def city(connection: Connection) -> PlannerCity:
    return planner_city(connection)


@pytest.fixture
def running(database_url: str, city: PlannerCity, serve: Serve) -> Running:
    return serve(database_url)


@pytest.fixture
def editor(running: Running, city: PlannerCity, new_screen: OpenScreen) -> Editor:
    return editor_of(running, city, new_screen)


def editor_of(
    running: Running, city: PlannerCity, new_screen: OpenScreen, draft: Any = None, who: Any = None
) -> Editor:
    screen = new_screen(*SIZES["desk"], let_in=False)
    session = who or city.planner
    screen.page.context.add_cookies(session.cookies)
    return Editor(
        page=screen.page, running=running, session=session, draft=draft or open_draft(running, city),
        complaints=screen.complaints,
    )  # fmt: skip


def shared(one: Any, other: Any) -> list[Place]:
    """The vertices of the border between two units, in its order, without its ends."""
    both = {tuple(at) for at in ring(one)} & {tuple(at) for at in ring(other)}
    shapes = [shapely.geometry.shape(each["geometry"]) for each in (one, other)]
    line = shapely.line_merge(shapely.intersection(*shapes))
    return [(x, y) for x, y in line.coords if (x, y) in both][1:-1]


def area(units: Any) -> float:
    return float(sum(shapely.geometry.shape(one["geometry"]).area for one in units))


def near(place: Place, east: float = 0.0, north: float = 0.0) -> Place:
    return place[0] + east, place[1] + north


def chosen(editor: Editor, city: PlannerCity, grid: int, zoom: float = 16) -> Any:
    """Choose a grid by a click, close enough for its borders to be taken hold of."""
    unit = editor.units()[city.key(grid)]
    editor.look(middle(unit), zoom)
    editor.click(middle(unit))
    expect(editor.page.locator("#card h2")).to_contain_text(unit["properties"]["name"])
    expect(editor.page.locator(".marker-icon").first).to_be_visible()
    return unit


def has(unit: Any, place: Place) -> bool:
    return any(abs(x - place[0]) < 1e-9 and abs(y - place[1]) < 1e-9 for x, y in ring(unit))


def test_a_vertex_is_dragged_and_the_neighbour_follows(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A)
    vertex = shared(one, before[city.key(B)])[2]
    editor.drag(vertex, near(vertex, 0.0004, 0.0002))
    editor.saved()
    after = editor.units()
    assert [key for key in after if after[key]["geometry"] != before[key]["geometry"]] == sorted(
        [city.key(A), city.key(B)], key=list(after).index
    )
    there = [at for at in shared(after[city.key(A)], after[city.key(B)]) if not has(before[city.key(A)], at)]
    assert len(there) == 1
    assert there[0][0] == pytest.approx(vertex[0] + 0.0004, abs=2e-5)
    assert not has(after[city.key(B)], vertex)
    assert area(after.values()) == pytest.approx(area(before.values()), abs=1e-12)
    shown = editor.page.evaluate("document.querySelector('#card dl').innerText")
    assert "km²" in shown
    assert not editor.complaints


def test_a_border_is_taken_between_its_vertices(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A, 17)
    line = shared(one, before[city.key(B)])
    third = ((2 * line[1][0] + line[2][0]) / 3, (2 * line[1][1] + line[2][1]) / 3)
    editor.drag(third, near(third, 0.0003))
    editor.saved()
    after = editor.units()
    added = [at for at in shared(after[city.key(A)], after[city.key(B)]) if not has(before[city.key(A)], at)]
    assert len(added) == 1
    assert all(has(after[city.key(key)], line[1]) for key in (A, B)), "the vertices beside it stay"
    assert editor.ask("/history")["steps"][0]["kind"] == "reshape"


def test_what_would_cross_is_put_back(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A)
    vertex = shared(one, before[city.key(B)])[2]
    editor.drag(vertex, near(middle(one), -0.004))
    expect(editor.page.locator("#told")).to_contain_text("边界相交")
    assert editor.revision() == 0


def test_a_vertex_is_put_in_and_removed_on_both_sides(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A, 17)
    line = shared(one, before[city.key(B)])
    halfway = ((line[1][0] + line[2][0]) / 2, (line[1][1] + line[2][1]) / 2)
    editor.click(halfway)
    editor.saved()
    added = editor.units()
    assert [len(ring(added[city.key(key)])) - len(ring(before[city.key(key)])) for key in (A, B)] != [0, 0]
    assert len(shared(added[city.key(A)], added[city.key(B)])) == len(line) + 1
    editor.click(line[3], button="right")
    editor.saved()
    after = editor.units()
    assert not any(has(after[city.key(key)], line[3]) for key in (A, B))


def draw(editor: Editor, *places: Place, finish: str = "Enter") -> None:
    """Click a line or a ring."""
    for place in places:
        editor.click(place)
    editor.page.keyboard.press(finish)


def across(unit: Any) -> tuple[Place, Place]:
    """From one side of a unit to the other."""
    west, south, east, north = shapely.geometry.shape(unit["geometry"]).bounds
    half = (south + north) / 2
    return (west - 0.0004, half), (east + 0.0004, half)


def say(editor: Editor, name: str | None = None) -> None:
    if name is not None:
        editor.page.fill("dialog [name=name]", name)
    editor.page.click("dialog button[type=submit]")


def test_a_unit_is_split_by_a_line_and_merged_again(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A)
    editor.page.click("#split")
    draw(editor, *across(one))
    say(editor, "六号网格南")
    editor.saved()
    after = editor.units()
    (new,) = [key for key in after if key not in before]
    assert after[new]["properties"]["name"] == "六号网格南"
    assert area([after[new], after[city.key(A)]]) == pytest.approx(area([one]), rel=1e-9)
    editor.page.keyboard.press("Escape")
    editor.click(middle(after[city.key(A)]))
    editor.click_with("Shift", middle(after[new]))
    expect(editor.page.locator("#card h2")).to_contain_text("已选 2 个")
    editor.page.click("#merge")
    say(editor)
    editor.saved()
    merged = editor.units()
    assert set(merged) == set(before)
    assert area([merged[city.key(A)]]) == pytest.approx(area([one]), rel=1e-9)


def test_a_piece_goes_to_the_neighbour(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A)
    border = shared(one, before[city.key(B)])
    south, north = sorted([border[1], border[-2]], key=lambda at: at[1])
    inner = [near(north, -0.001), near(south, -0.001)]
    editor.page.click("#piece")
    draw(editor, near(south, 0.0004), near(north, 0.0004), *inner)
    editor.page.click(f"dialog input[value={city.key(B)}]")
    editor.page.click("dialog button[type=submit]")
    editor.saved()
    after = editor.units()
    assert area([after[city.key(A)]]) < area([one])
    both = [city.key(A), city.key(B)]
    assert area(after[key] for key in both) == pytest.approx(area(before[key] for key in both), rel=1e-9)


def test_undo_and_redo_without_end_to_the_very_bytes(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    states = [editor.units()]
    one = chosen(editor, city, A)
    vertex = shared(one, states[0][city.key(B)])[2]
    editor.drag(vertex, near(vertex, 0.0003))
    editor.saved()
    states.append(editor.units())
    editor.page.fill("#card-name", "新的名字")
    editor.page.click("#save-card")
    editor.saved()
    states.append(editor.units())
    editor.page.click("#split")
    draw(editor, *across(states[-1][city.key(A)]))
    say(editor)
    editor.saved()
    states.append(editor.units())
    for state in reversed(states[:-1]):
        editor.page.keyboard.press("Control+z")
        becomes(editor, state)
    expect(editor.page.locator("#undo")).to_be_disabled()
    for state in states[1:]:
        editor.page.keyboard.press("Control+y")
        becomes(editor, state)


def becomes(editor: Editor, state: Any) -> None:
    """Wait until the server has the draft as it was, to the last digit."""
    waited = 0
    while editor.units() != state:
        assert waited < LIMIT_MS, "it never was so again"
        editor.page.wait_for_timeout(50)
        waited += 50
    editor.saved()


def test_findings_are_listed_flown_to_and_mended(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    page = editor.page
    chosen(editor, city, A)
    page.fill("#card-name", editor.units()[city.key(B)]["properties"]["name"])
    page.click("#save-card")
    editor.saved()
    found = page.locator("[data-kind=duplicate_name]")
    expect(found).to_be_visible()
    editor.look((107.5, 29.7), 10)
    found.locator(".pl-fly").click()
    kept = next(one for one in editor.ask("/findings")["findings"] if one["kind"] == "duplicate_name")
    is_in_view = "([lon, lat]) => map_planner.getBounds().contains([lat, lon])"
    assert page.evaluate(is_in_view, [kept["lon"], kept["lat"]])


def test_a_hole_in_what_is_in_force_is_mended_from_the_list(
    running: Running, city: PlannerCity, connection: Connection, new_screen: OpenScreen
) -> None:
    row = connection.execute(
        "select geometry from boundary_versions where division_id = %s", (city.district.grids[A],)
    ).fetchone()
    assert row is not None
    smaller = shapely.buffer(shapely.from_wkb(bytes(row[0])), -0.00003, join_style="mitre")
    connection.execute(
        "update boundary_versions set geometry = %s where division_id = %s",
        (shapely.to_wkb(smaller), city.district.grids[A]),
    )
    editor = editor_of(running, city, new_screen).open()
    found = editor.page.locator(".pl-finding[data-kind=gap]")
    expect(found.first).to_be_visible(timeout=LIMIT_MS)
    assert "错误" in editor.page.inner_text("#counts")
    found.first.locator(".pl-fly").click()
    editor.page.screenshot(path=SCREENSHOTS / "planner-gap.png")
    while found.count():
        number, revision = found.count(), editor.revision()
        found.first.locator("[data-mend]").click()
        editor.wait(f"document.querySelectorAll('.pl-finding[data-kind=gap]').length < {number}")
        assert editor.revision() > revision
    editor.saved()
    assert not [one for one in editor.ask("/findings")["findings"] if one["severity"] == "error"]
    editor.page.click("#undo")
    expect(found.first).to_be_visible()


def test_a_vertex_is_removed_by_touch(running: Running, city: PlannerCity, new_screen: OpenScreen) -> None:
    editor = editor_of(running, city, new_screen).open()
    before = editor.units()
    one = chosen(editor, city, A)
    vertex = shared(one, before[city.key(B)])[2]
    editor.click(vertex)
    editor.page.click("#vertex-remove")
    editor.saved()
    after = editor.units()
    assert not any(has(after[city.key(key)], vertex) for key in (A, B))
    expect(editor.page.locator("#vertex-tools")).to_be_hidden()


def test_without_the_lock_steps_are_held_until_it_is_back(
    editor: Editor, running: Running, city: PlannerCity, connection: Connection
) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A)
    vertex = shared(one, before[city.key(B)])[2]
    connection.execute("update boundary_locks set held_by = %s", (city.other.account_id,))
    editor.drag(vertex, near(vertex, 0.0003))
    expect(editor.page.locator("#saved")).to_have_text("1 步未保存")
    expect(editor.page.locator("#lock")).to_contain_text("张三正在编辑")
    assert editor.revision() == 0
    connection.execute("delete from boundary_locks")
    editor.open()
    editor.saved()
    assert editor.ask()["undo"] == 1


def test_before_and_after_beside_each_other(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A)
    vertex = shared(one, before[city.key(B)])[2]
    editor.drag(vertex, near(vertex, 0.0008))
    editor.saved()
    page = editor.page
    page.keyboard.press("b")
    divider = page.locator("#swipe")
    expect(divider).to_be_focused()
    expect(divider).to_have_attribute("aria-valuenow", "50")
    page.keyboard.press("ArrowLeft")
    expect(divider).to_have_attribute("aria-valuenow", "48")
    page.screenshot(path=SCREENSHOTS / "planner-swipe.png")
    box = divider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 300, steps=4)
    page.mouse.up()
    assert int(divider.get_attribute("aria-valuenow") or 0) > 55
    page.keyboard.press("b")
    expect(divider).to_be_hidden()


def test_without_the_server_steps_wait_and_are_sent_in_order(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A)
    line = shared(one, before[city.key(B)])
    editor.page.context.set_offline(True)
    editor.drag(line[1], near(line[1], 0.0003))
    expect(editor.page.locator("#saved")).to_have_text("离线，1 步待发")
    editor.drag(near(line[1], 0.0003), near(line[1], 0.0003, 0.0002))  # the same vertex once more
    editor.drag(line[3], near(line[3], -0.0003))
    expect(editor.page.locator("#saved")).to_have_text("离线，3 步待发")
    editor.page.keyboard.press("Control+z")
    expect(editor.page.locator("#saved")).to_have_text("离线，2 步待发")
    editor.page.keyboard.press("Control+y")
    expect(editor.page.locator("#saved")).to_have_text("离线，3 步待发")
    assert editor.revision() == 0
    editor.page.screenshot(path=SCREENSHOTS / "planner-offline.png")
    editor.page.context.set_offline(False)
    editor.saved()
    kinds = [one["kind"] for one in editor.ask("/history")["steps"]]
    assert kinds == ["move", "move", "move"]
    shown = editor.page.evaluate("localStorage.length")
    assert shown == 0


def test_what_waits_outlives_the_page(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A)
    vertex = shared(one, before[city.key(B)])[2]
    editor.page.route("**/steps", lambda route: route.abort())
    editor.drag(vertex, near(vertex, 0.0003))
    expect(editor.page.locator("#saved")).to_have_text("离线，1 步待发")
    editor.page.unroute("**/steps")
    editor.open()
    editor.saved()
    assert editor.ask()["undo"] == 1


def test_a_draft_that_was_changed_elsewhere_is_read_again_and_the_step_done_anew(
    editor: Editor, city: PlannerCity
) -> None:
    editor.open()
    before = editor.units()
    one = chosen(editor, city, A)
    vertex = shared(one, before[city.key(B)])[2]
    rename = {"kind": "rename", "unit": city.key(0), "name": "别处改的名"}
    steps = [{"id": str(uuid4()), "step": rename}]
    address = f"{editor.running.url}api/boundaries/drafts/{editor.draft}/steps"
    answer = httpx.post(address, json={"revision": 0, "steps": steps}, headers=city.planner.headers, timeout=30)
    assert answer.status_code == 200, answer.text
    editor.drag(vertex, near(vertex, 0.0003))
    expect(editor.page.locator("#told")).to_contain_text("草案在别处有了新改动")
    editor.saved()
    after = editor.units()
    assert after[city.key(0)]["properties"]["name"] == "别处改的名"
    assert not has(after[city.key(A)], vertex)
    editor.page.click("#tab-units")
    expect(editor.page.locator("#units")).to_contain_text("别处改的名")


def test_what_the_server_refuses_is_told_and_put_back(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    editor.look((ring(before[city.key(0)])[0][0], ring(before[city.key(0)])[0][1]), 16)
    editor.click(middle(before[city.key(0)]))
    expect(editor.page.locator(".marker-icon").first).to_be_visible()
    west = min(ring(before[city.key(0)]), key=lambda at: at[0])
    editor.drag((west[0], west[1]), near((west[0], west[1]), -0.0006))
    expect(editor.page.locator("#told")).to_contain_text("没有做成")
    editor.saved()
    assert editor.units() == before


def test_another_planner_sees_who_edits_and_takes_over_when_it_is_let_go(
    editor: Editor, running: Running, city: PlannerCity, new_screen: OpenScreen
) -> None:
    editor.open()
    second = editor_of(running, city, new_screen, editor.draft, city.other).open()
    expect(second.page.locator("#lock")).to_have_text(re.compile("李规划正在编辑，到 [0-9]{2}:[0-9]{2}"))
    second.look(middle(second.units()[city.key(A)]), 16)
    second.click(middle(second.units()[city.key(A)]))
    expect(second.page.locator("#card h2")).to_contain_text("网格")
    expect(second.page.locator("#rename")).to_have_count(0)
    expect(second.page.locator("#split")).to_be_disabled()
    assert second.page.locator(".marker-icon").count() == 0
    second.page.screenshot(path=SCREENSHOTS / "planner-locked.png")
    editor.page.goto(f"{running.url}planner")
    editor.page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    second.open()
    expect(second.page.locator("#lock")).to_contain_text("您正在编辑")


def test_all_of_it_by_keys(editor: Editor, city: PlannerCity) -> None:
    editor.open()
    before = editor.units()
    page = editor.page
    press = page.keyboard.press
    press("?")
    expect(page.locator("dialog.pl-keys")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "planner-keys.png")
    press("Escape")
    press("/")
    page.keyboard.type(before[city.key(A)]["properties"]["name"])
    press("Enter")
    expect(page.locator("#card h2")).to_contain_text(before[city.key(A)]["properties"]["name"])
    press("e")
    expect(page.locator(".marker-icon").first).to_be_visible()
    press(".")
    editor.wait("document.body.dataset.vertex !== undefined")
    while page.evaluate("document.getElementById('whisper').textContent").endswith("滑动"):
        press(".")
    at = page.evaluate("document.body.dataset.vertex")
    press("ArrowUp")
    press("Shift+ArrowRight")
    press("Enter")
    editor.saved()
    moved = editor.units()
    place = [float(one) for one in at.split(",")]
    assert not any(has(one, (place[0], place[1])) for one in moved.values())
    press("i")
    editor.saved()
    press("Delete")
    editor.saved()
    assert [one["kind"] for one in editor.ask("/history")["steps"]] == ["remove_vertex", "add_vertex", "move"]
    press("s")
    for _ in range(14):
        press("ArrowLeft")
    press(" ")
    for _ in range(28):
        press("ArrowRight")
    press(" ")
    page.screenshot(path=SCREENSHOTS / "planner-drawing.png")
    press("Enter")
    expect(page.locator("dialog")).to_be_visible()
    press("Enter")
    editor.saved()
    assert len(editor.units()) == len(before) + 1
    page.locator("#map_planner").focus()
    press("Shift+]")
    expect(page.locator("#card h2")).to_contain_text("已选 2 个")
    press("m")
    expect(page.locator("dialog")).to_be_visible()
    press("Enter")
    editor.saved()
    assert len(editor.units()) == len(before)


@pytest.mark.parametrize("size", SIZES)
def test_how_the_editor_looks(editor: Editor, city: PlannerCity, size: str) -> None:
    width, height = SIZES[size]
    editor.page.set_viewport_size({"width": width, "height": height})
    for language in ("zh", "en"):
        editor.open(language)
        chosen(editor, city, A)
        editor.page.evaluate("document.fonts.ready")
        editor.page.screenshot(path=SCREENSHOTS / f"planner-{size}-{language}.png")
        assert editor.page.evaluate("document.documentElement.scrollWidth") <= width
        small = editor.page.evaluate("""[...document.querySelectorAll("main button, main a, main input")]
            .filter((one) => one.offsetParent && !one.closest(".leaflet-container"))
            .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
            .filter(([, box]) => Math.min(box.width, box.height) < 24).map(([name]) => name)""")
        assert small == []
    assert violations(editor.page) == []
    assert not editor.complaints
