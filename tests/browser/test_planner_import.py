"""An official layer in a browser: sent, looked at, compared, made a draft of; and what nobody may do with it."""

import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely

from boundaries.drafts import drafts_of
from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Serve
from tests.browser.test_accounts_page import SIZES, as_, client_of, place
from tests.database.layer_files import TILED, grids, in_system, shapefile, squares, yuzhong, zipped

METRE = 1e-5
EVIL = "<img src=x onerror=alert(1)>"

pytestmark = pytest.mark.filterwarnings("ignore:'crs' was not provided")


@pytest.fixture
def mine(city: Connection) -> SignedIn:
    return signed_in(city, "planner", [("planner", place(city, "渝中区"))])


def official(folder: Path) -> Path:
    """Townships of Yuzhong as an office has them: GBK, zipped, zone 36, one renamed, one drawn wrongly, one a bow."""
    layer = yuzhong()
    shapes = layer.geometry.to_list()
    border = max((shapes[1].intersection(other) for other in shapes[2:]), key=lambda line: line.length)
    shapes[1] = shapes[1].union(border.interpolate(0.5, normalized=True).buffer(40 * METRE))
    shapes[3] = shapely.transform(shapes[3], lambda points: points + 0.3 * METRE)
    shapes[10] = shapely.polygons([(106.5, 29.5), (106.52, 29.52), (106.52, 29.5), (106.5, 29.52), (106.5, 29.5)])
    layer["geometry"] = shapes
    layer.loc[2, "名称"] = f"新{EVIL}街道"[:20]
    return zipped(shapefile(in_system(layer, "EPSG:4524", told=False), folder, "乡镇界", without=[".shx", ".prj"]))


def choose(page: Any, path: Path) -> None:
    page.set_input_files("#file", {"name": path.name, "mimeType": "application/zip", "buffer": path.read_bytes()})
    page.click("#send button")


def drawn(page: Any) -> None:
    page.wait_for_selector("body[data-drawn]")


def test_a_layer_is_sent_looked_at_compared_and_made_a_draft(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, mine: SignedIn, tmp_path: Path
) -> None:
    running, page = serve(city_url, map_approval="渝S(2026)001号"), as_(new_screen, mine)
    page.goto(f"{running.url}planner")
    page.click("#import")
    choose(page, official(tmp_path))
    page.wait_for_selector("#look")
    assert page.locator("#crs").input_value() == "EPSG:4524"
    assert "%" in page.locator(".guess:has(#crs) small").first.inner_text()
    assert page.locator("#level").input_value() == "township"
    assert page.locator("#encoding").input_value() == "GB18030"
    assert (page.locator("#name").input_value(), page.locator("#district").input_value()) == ("名称", "区县")
    drawn(page)
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(0)
        page.screenshot(path=SCREENSHOTS / f"planner-import-look-{size}-zh.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1366, "height": 768})
    page.click("#onward")
    page.wait_for_selector("#counts")
    drawn(page)
    counts = dict(
        zip(page.locator("#counts dt").all_inner_texts(), page.locator("#counts b").all_inner_texts(), strict=True)
    )
    assert (counts["新增"], counts["改名"], counts["图层中没有"]) == ("0", "1", "0")
    assert "文件共 11 行：纳入 10 行，未纳入 1 行" in page.inner_text("#balance")
    assert "边线自相交" in page.inner_text("#left")
    assert "重叠" in page.inner_text("#wrong")
    assert page.locator("#mended").count() == 1
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=SCREENSHOTS / f"planner-import-check-{size}-zh.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator("#wrong .fly").first.click()
    assert page.locator("img[src=x]").count() == 0
    page.fill("#title", "渝中区镇街界")
    page.click("#make")
    page.wait_for_url("**/planner/*-*-*-*-*")
    [draft] = drafts_of(city)
    assert (draft.title, draft.level, draft.cursor, draft.opened_by) == ("渝中区镇街界", "township", 1, mine.account_id)
    assert draft.root_id == place(city, "渝中区")
    assert city.execute(
        "select count(*) from boundary_versions where not derived and source like '%导入%'"
    ).fetchone() == (0,)
    page.goto(f"{running.url}planner/import?lang=en")
    assert "has a draft" in page.inner_text("#sent")
    page.screenshot(path=SCREENSHOTS / "planner-import-desk-en.png")
    page.click("#sent button")
    page.wait_for_selector("text=None.")
    assert city.execute("select count(*) from layer_uploads").fetchone() == (0,)


def test_choices_hold_and_what_cannot_be_is_told(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, mine: SignedIn, tmp_path: Path
) -> None:
    cells, _ = squares(3)
    in_system(grids(cells), "GCJ-02").to_file(tmp_path / "grids.gpkg")
    running, page = serve(city_url), as_(new_screen, mine)
    page.goto(f"{running.url}planner/import?lang=en")
    page.set_input_files("#file", {"name": "text.gpkg", "mimeType": "x/y", "buffer": b"no layer"})
    page.click("#send button")
    assert "cannot be read" in page.inner_text(".gate-told")
    assert "shijing-upload" not in page.inner_text(".gate-told") and "/tmp" not in page.inner_text(".gate-told")
    page.set_input_files(
        "#file", {"name": "grids.gpkg", "mimeType": "x/y", "buffer": (tmp_path / "grids.gpkg").read_bytes()}
    )
    page.click("#send button")
    page.wait_for_selector("#look")
    assert page.locator("#crs").input_value() == "GCJ-02"
    page.fill("#own_crs", "EPSG:4545")
    page.click("#again")
    assert "outside China" in page.inner_text(".gate-told")
    page.fill("#own_crs", "nothing")
    page.click("#again")
    assert "unknown" in page.inner_text(".gate-told")
    page.fill("#own_crs", "")
    page.select_option("#name", "")
    page.click("#onward")
    page.wait_for_selector("#left, #back")
    page.go_back()
    page.select_option("#name", "网格名称")
    page.fill("#own_crs", "")
    page.click("#onward")
    page.wait_for_selector("#counts")
    assert f"{len(cells)}" in page.inner_text("#counts")
    page.fill("#tolerance", "0")
    page.click("#adjust button")
    page.wait_for_selector("#counts")
    assert page.input_value("#tolerance") == "0.0"
    drawn(page)
    page.screenshot(path=SCREENSHOTS / "planner-import-check-desk-en.png", full_page=True)


def test_nobody_sees_or_drafts_what_is_not_theirs(
    city_url: str, city: Connection, serve: Serve, mine: SignedIn, tmp_path: Path
) -> None:
    running = serve(city_url)
    other = signed_in(city, "other", [("planner", place(city, "北碚区"))])
    yuzhong().to_file(tmp_path / "layer.gpkg")
    sent = {"file": ("layer.gpkg", (tmp_path / "layer.gpkg").read_bytes())}

    def post(session: SignedIn, path: str, **form: Any) -> httpx.Response:
        with client_of(running, session) as client:
            csrf = session.headers["X-CSRF-Token"]
            return client.post(path, data={"csrf": csrf, **form.pop("data", {})}, **form)

    answer = post(mine, "planner/import", files=sent)
    assert answer.status_code == 303
    at = answer.headers["location"].lstrip("/")
    with client_of(running, mine) as client:
        assert client.get(at).status_code == 200
        assert client.get(f"{at}/shapes").json()["layer"]["features"]
        assert client.get(f"{at}/found").json()["layer"]["features"]
        assert client.get(f"{at}/shapes?crs=EPSG:4545").status_code == 422
        assert client.get(f"{at}?tolerance=x").status_code == 422
    with client_of(running, other) as client:
        for path in (at, f"{at}/shapes", f"{at}/check", f"{at}/found"):
            assert client.get(path).status_code == 404
    assert post(other, f"{at}/draft", data={"title": "x"}).status_code == 404
    assert post(other, f"{at}/drop").status_code == 404
    mine_too = post(other, "planner/import", files=sent).headers["location"].lstrip("/")
    refused = post(other, f"{mine_too}/draft", data={"title": "渝中"})
    assert refused.status_code == 422 and "管辖范围" in refused.text
    assert drafts_of(city) == []
    assert post(mine, f"{at}/draft", data={"title": " "}).status_code == 422
    assert post(mine, f"{at}/draft", data={"title": "渝中", "choices": "tolerance=x"}).status_code == 422
    assert drafts_of(city) == []
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("bomb.geojson", b"0" * (80 << 20))
    answer = post(mine, "planner/import", files={"file": ("bomb.zip", bomb.read_bytes())})
    assert answer.status_code == 422 and "过大" in answer.text
    assert post(mine, "planner/import", files={"file": ("../../x.exe", b"x")}).status_code == 422
    assert post(mine, "planner/import").status_code == 422
    worker = signed_in(city, "worker", [("grid_worker", place(city, TILED))])
    with client_of(running, worker) as client:
        assert client.get("planner/import").status_code == 403
