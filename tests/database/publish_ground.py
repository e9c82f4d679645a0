"""A small district with two townships of square grids and a sensor in each: ground to draw, publish and follow on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from access.scope import EVERYWHERE
from alerts.actors import actor_of
from boundaries.desk import Desk
from boundaries.drafts import Draft, Opening, open_draft
from boundaries.editing import Asked, take_steps
from boundaries.publish import Published, publish
from boundaries.workflow import Actor, review, submit
from config.database import Connection
from geo.adjacency import refresh_touches
from geo.crs import areas_m2
from geo.placement import assign_sensors
from geo.steps import parse_step
from tests.database.out_seed import one

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
WEST, SOUTH, CELL = 106.5, 29.5, 0.004  # a cell is about 390 m × 440 m


@dataclass(kw_only=True)
class Ground:
    """The ids of what was made, by code; and who acts."""

    ids: dict[str, int] = field(default_factory=dict)
    sensors: dict[str, int] = field(default_factory=dict)  # by the code of the grid that it stands in
    planner: UUID = field(default_factory=uuid4)
    reviewer: UUID = field(default_factory=uuid4)
    desk: Desk = field(default_factory=Desk)
    side: int = 3

    @property
    def district(self) -> int:
        return self.ids["500105"]

    @property
    def township(self) -> int:
        return self.ids["500105001"]

    def grid(self, row: int, column: int, township: int = 1) -> int:
        return self.ids[self.code(row, column, township)]

    def key(self, row: int, column: int, township: int = 1) -> str:
        return f"d{self.grid(row, column, township)}"

    def code(self, row: int, column: int, township: int = 1) -> str:
        return f"50010500{township}001{row * self.side + column + 1:03d}"

    def corner(self, row: float, column: float, township: int = 1) -> list[float]:
        """lon, lat of a corner of cells, counted from the south-west."""
        west = WEST + (township - 1) * self.side * CELL
        return [round(west + column * CELL, 9), round(SOUTH + row * CELL, 9)]


def square(ground: Ground, row: float, column: float, high: float, wide: float, township: int = 1) -> BaseGeometry:
    """A rectangle of so many cells, with a vertex at each corner of a cell on its border."""
    a = [ground.corner(row, column + i, township) for i in range(int(wide))]
    b = [ground.corner(row + i, column + wide, township) for i in range(int(high))]
    c = [ground.corner(row + high, column + wide - i, township) for i in range(int(wide))]
    d = [ground.corner(row + high - i, column, township) for i in range(int(high))]
    return shapely.Polygon([*a, *b, *c, *d, a[0]])


def lay_out(connection: Connection, *, side: int = 3, sensors_per_grid: int = 1) -> Ground:
    """City, district, two townships beside each other, a village without an outline and side × side grids in each."""
    ground = Ground(side=side)
    with connection.transaction():
        ground.planner, ground.reviewer = actor_of(connection, "planner"), actor_of(connection, "reviewer")
        whole = shapely.union_all([square(ground, 0, 0, side, side, one) for one in (1, 2)])
        city = add(connection, ground, "city", "500000", "重庆市", None, None)
        district = add(connection, ground, "district", "500105", "江北区", city, whole)
        for township in (1, 2):
            code = f"50010500{township}"
            lies_in = add(
                connection, ground, "township", code, f"第{township}街道", district,
                square(ground, 0, 0, side, side, township),
            )  # fmt: skip
            village = add(connection, ground, "village", f"{code}001", f"社区{township}", lies_in, None)
            for row in range(side):
                for column in range(side):
                    name = f"网格{township}-{row}-{column}"
                    shape = square(ground, row, column, 1, 1, township)
                    grid = ground.code(row, column, township)
                    add(connection, ground, "grid", grid, name, village, shape)
                    for number in range(sensors_per_grid):
                        add_sensor(connection, ground, grid, shape, number)
        refresh_touches(connection)
        assign_sensors(connection)
    return ground


def add(
    connection: Connection, ground: Ground, level: str, code: str, name: str, parent: int | None,
    shape: BaseGeometry | None,
) -> int:  # fmt: skip
    """A division that was there since 2024."""
    division = int(one(connection, "insert into divisions (level) values (%s) returning id", level))
    connection.execute(
        "insert into division_versions (division_id, parent_id, code, name, kind, households, source, valid, recorded)"
        " values (%s, %s, %s, %s, %s, %s, 'test', tstzrange(%s, null), tstzrange(%s, null))",
        (division, parent, code, name, level, 400 if level == "grid" else None, SINCE, SINCE),
    )
    if shape is not None:
        connection.execute(
            "insert into boundary_versions (division_id, geometry, area_m2, derived, source, valid, recorded)"
            " values (%s, %s, %s, false, 'test', tstzrange(%s, null), tstzrange(%s, null))",
            (division, shapely.to_wkb(shape), float(areas_m2(np.array([shape]))[0]), SINCE, SINCE),
        )
    ground.ids[code] = division
    return division


def add_sensor(connection: Connection, ground: Ground, grid: str, shape: BaseGeometry, number: int = 0) -> int:
    """In the middle of a grid, or a little beside it."""
    name = f"s{grid}-{number}"
    device = one(connection, "insert into devices (name) values (%s) returning id", name)
    sensor = int(
        one(
            connection,
            "insert into sensors (name, device_id, quantity, unit) values (%s, %s, 'water_depth', 'cm') returning id",
            *(name, device),
        )
    )
    middle = shapely.centroid(shape)
    connection.execute(
        "insert into sensor_places (sensor_id, lon, lat, reason, valid, recorded)"
        " values (%s, %s, %s, 'installed', tstzrange(%s, null), tstzrange(%s, null))",
        (sensor, middle.x + number * 1e-5, middle.y, SINCE, SINCE),
    )
    ground.sensors.setdefault(grid, sensor)
    return sensor


def drawn(
    connection: Connection, ground: Ground, steps: Sequence[dict[str, Any]], *, root: int | None = None,
    level: str = "grid",
) -> Draft:  # fmt: skip
    """A draft of the planner's with these steps."""
    now = datetime.now(UTC)
    opening = Opening(root_id=root or ground.township, level=level, title="调整")
    draft = open_draft(connection, opening, actor=ground.planner, now=now)
    asked = [Asked(id=uuid4(), step=parse_step(step)) for step in steps]
    taken = take_steps(
        connection, draft.id, asked, actor=ground.planner, revision=None, now=now + timedelta(microseconds=1),
        desk=ground.desk,
    )  # fmt: skip
    return taken.draft


def acting(who: UUID) -> Actor:
    """Somebody with the right everywhere."""
    return Actor(id=who, now=datetime.now(UTC), scope=EVERYWHERE)


def approved(connection: Connection, ground: Ground, draft: Draft) -> Draft:
    """Submitted by the planner, approved by the reviewer."""
    submit(connection, draft.id, actor=acting(ground.planner), note="", desk=ground.desk)
    return review(connection, draft.id, actor=acting(ground.reviewer), verdict="approve", note="")


def published(
    connection: Connection, ground: Ground, steps: Sequence[dict[str, Any]], *, effective: datetime | None = None,
    reason: str = "", root: int | None = None, level: str = "grid",
) -> Published:  # fmt: skip
    """Drawn, submitted, approved and published."""
    draft = approved(connection, ground, drawn(connection, ground, steps, root=root, level=level))
    return publish(
        connection, draft.id, actor=acting(ground.reviewer), effective=effective, reason=reason, desk=ground.desk
    )
