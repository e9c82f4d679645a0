"""What stands in a grid: card and signs on the map by role, files in a browser, a camera of the closed network."""

import json
import re
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import shapely

from access import audit
from access.vault import Vault
from config.database import Connection
from people.holdings import hold_post
from people.persons import add_person
from people.private import private
from scene.defaults import import_default_things
from scene.importing import Asked, import_file
from tests.browser import seed
from tests.browser.accounts import signed_in
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Screen, Serve
from tests.browser.signing import new_vault
from tests.browser.test_accounts_page import as_, client_of, place
from tests.browser.test_people_page import EVIL, SIZES, organisation
from tests.loopback.whep_camera import COLOUR, whep_camera

GRID_BOX = (106.566, 29.552, 106.585, 29.566)
LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)
SHELTERS = (
    "编号,名称,经度,纬度,容量,管理单位\n"
    "1,人民公园避难场所,106.5725,29.5640,1200,区应急局\n"
    f'2,"{EVIL}",106.5741,29.5602,300,"{EVIL}"\n'
)
BUILDINGS = (
    "编号,名称,经度,纬度,层数,户数\n1,临江门 1 号楼,106.5725,29.5611,32,256\n2,临江门 2 号楼,106.5729,29.5614,18,140\n"
)
GO_TO = "(query) => { history.pushState(null, '', `?in=${query}`); dispatchEvent(new PopStateEvent('popstate')); }"
TOLD = [
    *(
        "临江门第一网格",
        "渝中区 · 解放碑街道",
        "420 户",
        "最高 32 层",
        "老人 12",
        "残疾人 3",
        "避难场所",
        "可容 1,500 人",
    ),
    *("威胁 46 户 151 人", "沿江洪水转移", "值班长", "王伟", "李娜 已应", "张强 已达", "2.86 km²"),
]
HAZARDS = "编号,名称,经度,纬度,类型,威胁户数,威胁人数\n1,沧白路边坡,106.5779,29.5625,滑坡,46,151\n"


def bring(city: Connection, kind: str, text: str) -> None:
    asked = Asked(kind=kind, source="测试台账", actor=None, now=datetime.now(UTC))
    report = import_file(city, f"{kind}.csv", text.encode(), asked)
    assert report.written, report.errors


def add_grid(city: Connection, township: int) -> int:
    """A grid in the middle of 解放碑街道."""
    row = city.execute("insert into divisions (level) values ('grid') returning id").fetchone()
    assert row is not None
    city.execute(
        "insert into division_versions (division_id, parent_id, code, name, source, households)"
        " values (%s, %s, '500103009001001', '临江门第一网格', 'test', 420)",
        (row[0], township),
    )
    city.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
        " values (%s, %s, 2.86e6, true, 't')",
        (row[0], shapely.to_wkb(shapely.box(*GRID_BOX))),
    )
    return int(row[0])


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


@pytest.fixture
def grid(city: Connection, vault: Vault) -> int:
    """A grid with all that may stand there, people on duty, residents, and an alert."""
    township = place(city, "解放碑街道")
    grid = add_grid(city, township)
    seed.seed_readings(city)
    for kind, text in (("shelter", SHELTERS), ("building", BUILDINGS), ("hazard_point", HAZARDS)):
        bring(city, kind, text)
    for _ in import_default_things(city, now=datetime.now(UTC)):
        pass
    where = organisation(city, "解放碑街道")
    for number, name, post in (
        ("1", "王伟", "duty_officer"),
        ("2", "李娜", "grid_leader"),
        ("3", "张强", "grid_worker"),
    ):
        who = add_person(
            city, vault, organisation_id=where, staff_number=number, fields=private(name, ""), since=LONG_AGO
        )
        hold_post(city, who, post=post, division_id=township if number == "1" else grid, since=LONG_AGO)
    for kind, count in (("elder", 12), ("disabled", 3)):
        city.execute(
            "insert into residents (id, division_id, kind, valid) select gen_random_uuid(), %s, %s,"
            " tstzrange('2020-01-01', null) from generate_series(1, %s)",
            (grid, kind, count),
        )
    city.execute(
        "insert into alerts (rule_id, family, subject, kind, title, township_id, grid_id, level, peak, state,"
        " opened_at, changed_at, lon, lat) values ('report', 'flood', (4::bigint << 32) | 7, 'manual', '河水上岸', %s,"
        " %s, 'orange', 'orange', 'open', %s, %s, 106.578, 29.562)",
        (township, grid, seed.PEAK, seed.PEAK),
    )
    call(city, township, grid)
    return grid


def call(city: Connection, township: int, grid: int) -> None:
    """A run in the grid, of which one who is on duty has answered."""
    row = city.execute(
        "insert into plan_runs (plan_id, name, township_id, level, state, started_at)"
        " values ('FLD-02', '沿江洪水转移', %s, 'orange', 'open', %s) returning id",
        (township, seed.PEAK - timedelta(minutes=20)),
    ).fetchone()
    assert row is not None
    city.execute("insert into run_grids (run_id, grid_id, joined_at) values (%s, %s, %s)", (row[0], grid, seed.PEAK))
    for key, number, state in (("T1", "2", "acknowledged"), ("T2", "3", "delivered")):
        city.execute(
            "with task as (insert into tasks (run_id, task_key, post, what, state)"
            " values (%s, %s, '网格员', '转移', 'sent') returning id), given as (insert into assignments"
            " (task_id, run_id, division_id, state, due_at, called_at) select id, %s, %s, %s, %s, %s from task"
            " returning id) insert into calls (assignment_id, person_id, part, called_at)"
            " select given.id, people.id, 'post', %s from given, people where staff_number = %s",
            (row[0], key, row[0], grid, state, seed.PEAK, seed.PEAK, seed.PEAK, number),
        )


def look(screen: Screen, url: str, grid: int, more: str = "") -> None:
    """The screen on a grid, near enough for all that stands in it."""
    screen.open(f"{url}?in={grid}{more}")
    screen.wait("!document.querySelector('#division-card').hidden")
    west, south, east, north = GRID_BOX
    screen.page.evaluate(f"void map_city.fitBounds([[{south}, {west}], [{north}, {east}]], {{animate: false}})")
    screen.wait("Number(document.body.dataset.things) > 5")
    screen.settle()


def text_of(screen: Screen) -> str:
    return re.sub(r"\s+", " ", screen.page.inner_text("#division-card"))


def test_a_grid_has_a_card_and_signs_names_for_who_may_see_people_alone(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, grid: int
) -> None:
    running, screen = serve(city_url, vault=vault), new_screen()
    look(screen, running.url, grid)
    told = text_of(screen)
    assert [word for word in TOLD if word not in told] == [], told
    screen.page.screenshot(path=SCREENSHOTS / "scene-grid-zh.png")

    hidden = screen.page.evaluate("Number(document.body.dataset.things)")
    screen.page.uncheck("#division-card input[data-kind=shelter]")
    screen.wait(f"Number(document.body.dataset.things) === {hidden} - 2")
    screen.page.check("#division-card input[data-kind=shelter]")

    row = city.execute("select id from things where external_id = '2' and kind = 'shelter'").fetchone()
    assert row is not None
    screen.page.evaluate(GO_TO, f"{grid}&thing={row[0]}")
    screen.wait("document.querySelector('#division-card h2')?.textContent.includes('alert(1)')")
    assert "容量 300 人" in text_of(screen)  # what somebody wrote is shown as they wrote it, and does nothing
    screen.page.screenshot(path=SCREENSHOTS / "scene-thing-zh.png")
    screen.page.click("#division-card .close >> nth=1")
    screen.wait("document.querySelector('#division-card h2')?.textContent.includes('临江门')")
    screen.page.evaluate(GO_TO, f"{grid}&at=2020-08-19T00:00:00Z")
    screen.wait("document.querySelector('#division-card').textContent.includes('回看中')")
    assert not {"王伟", "老人", "未结告警"} & set(re.split(r"[ \n]", screen.page.inner_text("#division-card")))
    screen.page.evaluate(GO_TO, str(grid))
    screen.wait("document.querySelector('#division-card').textContent.includes('王伟')")
    screen.page.click("#division-card header .close:last-child")
    screen.wait("document.querySelector('#division-card').hidden")
    assert screen.complaints == []

    wall = new_screen(let_in=False)
    wall.page.context.add_cookies(signed_in(city, "wall", [("screen", None)], kind="screen").cookies)  # type: ignore[arg-type]
    look(wall, running.url, grid, "&lang=en")
    told = text_of(wall)
    assert "elderly 12" in told
    assert not {"王伟", "李娜", "张强"} & set(told.split())
    assert "answered" in told
    wall.page.screenshot(path=SCREENSHOTS / "scene-grid-en.png")
    wall.page.evaluate("document.documentElement.dataset.theme = 'light'")
    wall.page.screenshot(path=SCREENSHOTS / "scene-grid-light-en.png")
    for width, height in ((1366, 768), (390, 844)):
        wall.page.set_viewport_size({"width": width, "height": height})
        wall.settle()
        wall.page.screenshot(path=SCREENSHOTS / f"scene-grid-{width}-en.png")
    assert wall.complaints == []


def test_a_file_is_previewed_mended_and_written_and_what_it_brought_can_be_taken_off(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    mine = signed_in(city, "official", [("township_official", place(city, "解放碑街道"))])
    running, page = serve(city_url), as_(new_screen, mine)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{running.url}scene")
    page.click("text=避难场所")
    page.click("#files")
    page.fill("#source", "区应急局")
    wrong = SHELTERS + "3,丙,106.45,29.58,10,\n4,丁,106.5725,29.5640,很多,\n"
    page.set_input_files("#file", a_file("避难.csv", wrong.encode("gb18030")))
    page.click("#send button")
    assert "有 2 处问题" in page.inner_text("#verdict")
    lines = page.locator("#rows tbody tr").all_inner_texts()
    assert "不在您的管辖范围内" in lines[0]
    assert "E 容量 “很多”不是整数" in lines[1]
    assert page.input_value("#source") == "区应急局"
    assert count(city) == 0
    page.screenshot(path=SCREENSHOTS / "scene-import-zh.png")

    page.set_input_files("#file", a_file("避难.csv", SHELTERS.encode()))
    page.click("#send button")
    assert "新增 2" in page.inner_text("#verdict")
    assert count(city) == 0
    page.click("#apply button")
    assert page.inner_text(".own-done") == "文件已导入。"
    assert EVIL in page.locator("#things .head").all_inner_texts()
    assert count(city) == 2
    page.screenshot(path=SCREENSHOTS / "scene-page-zh.png")
    page.locator("#things summary").first.click()
    page.locator("#things .row-act button").first.click()
    assert page.inner_text(".own-done") == "已撤除。"
    assert count(city) == 1
    assert [one for one in complaints if "422" not in one] == []  # the file that was refused
    with client_of(running, mine) as client:
        assert client.get("scene/export/csv?kind=shelter").text.count("\n") == 2
        assert client.get("scene/template.xlsx?kind=nothing").status_code == 409
        assert client.post("scene/import", data={"kind": "shelter"}).status_code == 422
    assert {"scene.imported", "scene.removed", "scene.exported"} <= {
        one.act for one in audit.entries(city, actor=mine.account_id)
    }
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{running.url}scene?lang=en")
        page.screenshot(path=SCREENSHOTS / f"scene-page-{size}-en.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def a_file(name: str, raw: bytes) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": raw}


def count(city: Connection) -> int:
    row = city.execute("select count(*) from things where removed_at is null").fetchone()
    assert row is not None
    return int(row[0])


def picture(width: int, height: int) -> bytes:
    """A grey one, as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = zlib.compress((b"\0" + b"\x80\x90\xa0" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


PICTURE = picture(512, 256)  # twice as wide as high: a sphere can be made of it


@contextmanager
def camera() -> Iterator[tuple[str, list[str]]]:
    """A camera on loopback: its address, and what it was asked for."""
    asked: list[str] = []

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            path = urlsplit(self.path).path
            if path == "/away":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()
                return
            body = {"/snap.jpg": PICTURE, "/page": b"<script>alert(1)</script>", "/v/live.m3u8": PLAYLIST,
                    "/v/part.ts": b"G" * 188}.get(path, b"")  # fmt: skip
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html")  # whatever it says
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            asked.append(self.path)
            offer = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.end_headers()
            self.wfile.write(b"v=0\r\ns=answer to " + offer)

        def log_message(self, *told: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PLAYLIST = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\npart.ts\n#EXT-X-ENDLIST\n"


def add_cameras(city: Connection, url: str) -> dict[str, int]:
    heads = "编号,名称,经度,纬度,抓拍地址,HLS 地址,全景图地址,WebRTC（WHEP）地址\n"
    rows = {
        "good": f"{url}/snap.jpg,{url}/v/live.m3u8,{url}/snap.jpg,{url}/whep",
        "page": f"{url}/page,,,", "away": f"{url}/away,,,", "gone": f"{url}/gone,,,",
        "other": "http://169.254.169.254/latest/meta-data,,,", "port": "http://127.0.0.1:5432/,,,",
    }  # fmt: skip
    bring(
        city,
        "camera",
        heads + "".join(f"{name},摄像头 {name},106.5725,29.5640,{told}\n" for name, told in rows.items()),
    )
    return dict(city.execute("select external_id, id from things where kind = 'camera'").fetchall())


def test_a_camera_is_asked_by_this_server_where_its_host_is_named_and_nowhere_else(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    with camera() as (url, asked):
        monkeypatch.setenv("SHIJING_SCENE_CAMERA_HOSTS", json.dumps([urlsplit(url).netloc]))
        found = add_cameras(city, url)
        running = serve(city_url)
        mine = signed_in(city, "official", [("township_official", place(city, "解放碑街道"))])
        theirs = signed_in(city, "theirs", [("township_official", place(city, "朝阳街道"))])
        with client_of(running, mine) as client:
            answer = client.get(f"api/scene/things/{found['good']}/snapshot")
            assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PICTURE, "image/png")
            assert client.get(f"api/scene/things/{found['good']}/hls/index.m3u8").content == PLAYLIST
            assert client.get(f"api/scene/things/{found['good']}/hls/part.ts").status_code == 200
            answer = client.post(f"api/scene/things/{found['good']}/whep", json={"sdp": "v=0"})
            assert answer.json() == {"sdp": "v=0\r\ns=answer to v=0"}
            before = len(asked)
            for rest in (
                "..%2fsnap.jpg",
                "%2e%2e/snap.jpg",
                "http:%2f%2f127.0.0.1:9%2fx",
                "%2fsnap.jpg",
                "part.ts%3fx",
            ):
                assert client.get(f"api/scene/things/{found['good']}/hls/{rest}").status_code == 404, rest
            assert len(asked) == before
            for name in ("page", "away", "gone"):
                assert client.get(f"api/scene/things/{found[name]}/snapshot").status_code == 502, name
            for name in ("other", "port"):
                assert client.get(f"api/scene/things/{found[name]}/snapshot").status_code == 409, name
            assert asked[before:] == ["/page", "/away", "/gone"]
            told = client.get(f"api/scene/things/{found['good']}").text
            assert urlsplit(url).netloc not in told  # where cameras are is told to nobody
        with client_of(running, theirs) as client:
            for path in ("", "/snapshot", "/hls/index.m3u8"):
                assert client.get(f"api/scene/things/{found['good']}{path}").status_code == 404
        looks = [one for one in audit.entries(city, act="camera.opened") if one.subject == f"thing/{found['good']}"]
        assert [one.actor for one in looks] == [mine.account_id]  # once in ten minutes

        screen = new_screen()
        screen.open(f"{running.url}?thing={found['good']}")
        screen.wait("Number(document.querySelector('.scene-camera img')?.dataset.seen) >= 2")
        assert screen.complaints == []
        for what in ("live", "panorama"):
            page = new_screen()
            page.page.goto(f"{running.url}scene/{found['good']}/{what}")
            page.wait("document.querySelector('#view').dataset.loaded === 'true'")
            page.page.screenshot(path=SCREENSHOTS / f"scene-{what}-zh.png")
            assert [one for one in page.complaints if "GPU" not in one and "GL Driver" not in one] == [], what


# What a video shows in its middle: [width, seconds played, red, green, blue]; null before its first picture.
_SEEN = """
(() => {
  const video = document.querySelector('#view video');
  if (!video?.videoWidth) return null;
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const pen = canvas.getContext('2d');
  pen.drawImage(video, 0, 0, 1, 1);
  return [video.videoWidth, video.currentTime, ...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
})()
"""


def test_the_video_of_a_camera_comes_by_webrtc(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a server that speaks it: the pictures that were sent are the pictures that are played."""
    with whep_camera() as url:
        monkeypatch.setenv("SHIJING_SCENE_CAMERA_HOSTS", json.dumps([urlsplit(url).netloc]))
        found = add_cameras(city, url.removesuffix("/whep"))
        running = serve(city_url)
        screen = new_screen()
        screen.page.goto(f"{running.url}scene/{found['good']}/webrtc")
        screen.wait(f"({_SEEN})?.[1] > 0.5")
        width, _, *colour = screen.page.evaluate(_SEEN)
        screen.page.screenshot(path=SCREENSHOTS / "scene-webrtc-zh.png")
        assert width == 320
        assert all(abs(shown - sent) < 24 for shown, sent in zip(colour, COLOUR, strict=True)), colour
        assert screen.page.inner_text("#told") == ""
        assert screen.complaints == []


def test_a_camera_that_answers_no_offer_says_so(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    with camera() as (url, _):
        monkeypatch.setenv("SHIJING_SCENE_CAMERA_HOSTS", json.dumps([urlsplit(url).netloc]))
        found = add_cameras(city, url)
        screen = new_screen()
        screen.page.goto(f"{serve(city_url).url}scene/{found['good']}/webrtc")  # its answer is no SDP
        screen.wait("document.querySelector('#told').textContent.trim() !== ''")
        assert "视频" in screen.page.inner_text("#told")
