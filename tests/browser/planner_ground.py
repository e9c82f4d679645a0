"""What the browser tests of the planner share: a made-up district, a draft of it, the editor as somebody uses it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import shapely
from playwright.sync_api import Page

from benchmarks.boundaries_district import District, seed_district
from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, Running

Place = tuple[float, float]  # lon, lat


@dataclass(frozen=True, kw_only=True)
class PlannerCity:
    """A district with its grids; who draws, another planner, and somebody of the parent level."""

    district: District
    planner: SignedIn
    other: SignedIn
    reviewer: SignedIn

    def key(self, grid: int) -> str:
        """Of the first township, row by row from the south-west."""
        return f"d{self.district.grids[grid]}"


def planner_city(connection: Connection, *, townships: int = 2, columns: int = 4, rows: int = 3) -> PlannerCity:
    """All of it."""
    district = seed_district(connection, townships=townships, columns=columns, rows=rows)
    where = district.district
    return PlannerCity(
        district=district,
        planner=signed_in(connection, "李规划", [("planner", where)]),
        other=signed_in(connection, "张三", [("planner", where)]),
        reviewer=signed_in(connection, "王审核", [("boundary_reviewer", where)]),
    )


def open_draft(running: Running, city: PlannerCity, root: int | None = None, level: str = "grid") -> UUID:
    """A draft of the first township's grids, or of another root, as the list of drafts opens one."""
    asked = {"root_id": root or city.district.townships[0], "level": level, "title": "一号镇网格调整"}
    answer = httpx.post(f"{running.url}api/boundaries/drafts", json=asked, headers=city.planner.headers, timeout=30)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


@dataclass
class Editor:
    """The editor in a browser."""

    page: Page
    running: Running
    session: SignedIn
    draft: UUID
    complaints: list[str] = field(default_factory=list)

    def open(self, language: str = "zh") -> "Editor":
        """Load it and wait until it may be drawn in or it is told why not."""
        self.page.goto(f"{self.running.url}planner/{self.draft}?lang={language}")
        self.page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
        self.page.wait_for_selector("#lock:not(:empty)", timeout=LIMIT_MS)
        return self

    def ask(self, path: str = "") -> Any:
        """What the server has."""
        answer = httpx.get(self._address(path), headers=self.session.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _address(self, path: str) -> str:
        return f"{self.running.url}api/boundaries/drafts/{self.draft}{path}"

    def units(self, path: str = "/units") -> Mapping[str, Any]:
        """By key: the features that the server has."""
        return {one["id"]: one for one in self.ask(path)["units"]["features"]}

    def revision(self) -> int:
        return int(self.ask()["revision"])

    def wait(self, condition: str, argument: Any = None) -> None:
        """Until a JavaScript expression is true."""
        waited = 0
        while not self.page.evaluate(condition, argument):
            assert waited < LIMIT_MS, f"never true: {condition}"
            self.page.wait_for_timeout(50)
            waited += 50

    def saved(self) -> None:
        """Until nothing waits to be sent and the next frame has been drawn."""
        self.wait("document.getElementById('saved').dataset.state === 'saved'")
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def at(self, place: Place) -> tuple[float, float]:
        """Where a place is on the screen."""
        x, y = self.page.evaluate(
            """([lon, lat]) => {
               const box = map_planner.getContainer().getBoundingClientRect();
               const at = map_planner.latLngToContainerPoint([lat, lon]);
               return [box.left + at.x, box.top + at.y]; }""",
            list(place),
        )
        return float(x), float(y)

    def look(self, place: Place, zoom: float) -> None:
        """Bring a place into the middle."""
        self.page.evaluate(
            "([lon, lat, zoom]) => { map_planner.setView([lat, lon], zoom, { animate: false }); }", [*place, zoom]
        )

    def drag(self, begin: Place, end: Place, *, steps: int = 8) -> None:
        """With the mouse, from a place to a place."""
        mouse = self.page.mouse
        mouse.move(*self.at(begin))
        mouse.down()
        mouse.move(*self.at(end), steps=steps)
        mouse.up()

    def click(self, place: Place, **how: Any) -> None:
        """With the mouse at a place."""
        self.page.mouse.click(*self.at(place), **how)

    def click_with(self, key: str, place: Place) -> None:
        """The same while a key is held down."""
        self.page.keyboard.down(key)
        self.click(place)
        self.page.keyboard.up(key)


def ring(unit: Any) -> list[list[float]]:
    """The outer ring of a feature that has one."""
    shape = unit["geometry"]
    rings = shape["coordinates"] if shape["type"] == "Polygon" else shape["coordinates"][0]
    return list(rings[0])


def middle(unit: Any) -> Place:
    """Well within a unit."""
    at = shapely.geometry.shape(unit["geometry"]).representative_point()
    return at.x, at.y
