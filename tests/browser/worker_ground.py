"""A flood in one grid, and the phone of the worker there: what the tests of /worker begin with."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import shapely
from playwright.sync_api import BrowserContext, Page

from config.database import Connection
from dispatch.advance import advance
from tests.browser.accounts import SignedIn, signed_in
from tests.database.people_seed import GRID, OTHER_GRID, TOWNSHIP
from tests.database.run_seed import Ground, a_ground

SPOT = (106.6, 29.62)
LIMIT_MS = 20_000


@dataclass(frozen=True, kw_only=True)
class Flooded:
    """The city, and somebody's account."""

    connection: Connection
    ground: Ground
    workers: dict[str, SignedIn]  # by name

    def flood(self, level: str = "red", *, minutes: int = 0, was: str = "none") -> int:
        """The river rises; the run of the plan."""
        return self.ground.flood(self.connection, was, level, minutes=minutes)  # type: ignore[arg-type]

    def call(self, minutes: float = 0) -> None:
        """The dispatcher looks, so many minutes after the start."""
        at: datetime = self.ground.at(self.connection, minutes)
        advance(self.connection, at, channels=frozenset())

    def one(self, statement: str, *values: object) -> tuple[object, ...]:
        """One row."""
        row = self.connection.execute(statement.encode(), values).fetchone()
        assert row is not None, statement
        return row

    def wait_row(self, page: Page, statement: str, *wanted: object) -> None:
        """Until the database says so."""
        for _ in range(LIMIT_MS // 50):
            row = self.connection.execute(statement.encode()).fetchone()
            if row == wanted:
                return
            page.wait_for_timeout(50)
        raise AssertionError(f"{statement}: {row}, never {wanted}\n{page.inner_text('body')[:1500]}")


def flooded(connection: Connection, folder: Path) -> Flooded:
    """With boundaries, a sensor that stands somewhere, and accounts of the grid worker and the grid leader."""
    ground = a_ground(connection, folder)
    for code, east, wide in ((GRID, 0.0, 0.004), (OTHER_GRID, 0.01, 0.004), (TOWNSHIP, 0.0, 0.05)):
        _draw(connection, ground.town.divisions[code], east, wide)
    connection.execute(
        "insert into sensor_places (sensor_id, lon, lat, reason) values (%s, %s, %s, 'installed')",
        (ground.sensor, *SPOT),
    )
    workers = {}
    for name in ("网格员", "网格长"):
        session = signed_in(connection, name, [("grid_worker", ground.town.divisions[GRID])])
        link(connection, session.account_id, ground.people[name])
        workers[name] = session
    return Flooded(connection=connection, ground=ground, workers=workers)


def link(connection: Connection, account: UUID, person: UUID) -> None:
    """The account answers for the person."""
    connection.execute("update accounts set person_id = %s where id = %s", (person, account))


def _draw(connection: Connection, division: int, east: float, wide: float) -> None:
    outline = shapely.to_wkb(shapely.Point(SPOT[0] + east, SPOT[1]).buffer(wide, quad_segs=8))
    connection.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
        " values (%s, %s, 1e5, true, 'test')",
        (division, outline),
    )
    connection.execute(
        "update division_versions set lon = %s, lat = %s where division_id = %s", (SPOT[0] + east, SPOT[1], division)
    )


@dataclass
class Phone:
    """A browser of a phone's size, and what it complained of."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Load the page; it is ready when it has drawn what it kept."""
        self.page.goto(f"{url}", wait_until="domcontentloaded")
        self.page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)

    def wait(self, condition: str) -> None:
        """Until a JavaScript expression is true."""
        for _ in range(LIMIT_MS // 50):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never true: {condition}\n{self.page.inner_text('body')[:1500]}")
