"""A small town with boundaries and people for the tests of events: a township of two villages with a grid each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import shapely

from access.accounts import add_account
from access.vault import Vault
from config.database import Connection
from events.acts import Done, Tap, take
from events.flow import By
from events.kinds import Level
from events.listing import Event, event
from events.place import locate
from events.reporting import Reported, Said, report
from people.holdings import hold_post
from tests.database.people_seed import DISTRICT, FAR, GRID, LONG_AGO, OTHER_GRID, OTHER_VILLAGE, TOWNSHIP, VILLAGE, town

# west, south, east, north; degrees. What lies in the township, but in neither village, is its southern half.
BOXES = {
    DISTRICT: (106.0, 29.0, 106.4, 29.4),
    TOWNSHIP: (106.0, 29.0, 106.2, 29.2),
    VILLAGE: (106.0, 29.1, 106.1, 29.2),
    OTHER_VILLAGE: (106.1, 29.1, 106.2, 29.2),
    GRID: (106.0, 29.1, 106.1, 29.15),
    OTHER_GRID: (106.1, 29.1, 106.2, 29.15),
    FAR: (107.0, 29.0, 107.2, 29.2),
}
IN_GRID, IN_OTHER_GRID, IN_VILLAGE, IN_TOWNSHIP, IN_FAR, NOWHERE = (
    (106.05, 29.12), (106.15, 29.12), (106.05, 29.18), (106.05, 29.05), (107.1, 29.1), (120.0, 20.0),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EventTown:
    """What there is."""

    vault: Vault
    divisions: dict[str, int]
    worker: UUID  # of the grid
    secretary: UUID  # of the village
    officer: UUID  # of the township
    account: UUID  # of the worker

    def at(self, level: Level, code: str = GRID) -> int:
        return self.divisions[{"grid": code, "village": VILLAGE, "township": TOWNSHIP, "district": DISTRICT}[level]]


def event_town(connection: Connection, folder: Path) -> EventTown:
    """All of it."""
    made = town(connection, folder)
    for code, box in BOXES.items():
        connection.execute(
            "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
            " values (%s, %s, 1e7, true, 'test')",
            (made.divisions[code], shapely.to_wkb(shapely.box(*box))),
        )
    people = {}
    for name, post, code in (
        ("王伟", "grid_worker", GRID), ("李娜", "village_secretary", VILLAGE), ("赵敏", "duty_officer", TOWNSHIP),
    ):  # fmt: skip
        people[post] = made.person(connection, name)
        hold_post(connection, people[post], post, made.divisions[code], since=LONG_AGO)
    account = add_account(connection, "worker")
    connection.execute("update accounts set person_id = %s where id = %s", (people["grid_worker"], account))
    return EventTown(
        vault=made.vault,
        divisions=made.divisions,
        worker=people["grid_worker"],
        secretary=people["village_secretary"],
        officer=people["duty_officer"],
        account=account,
    )


def say(
    connection: Connection,
    made: EventTown,
    kind: str = "road",
    where: tuple[float, float] | str = IN_GRID,
    *,
    by: By | None = None,
    key: UUID | None = None,
    **more: object,
) -> Reported:
    """Somebody, the grid's worker, reports something."""
    named = where if isinstance(where, str) else None
    lon, lat = (None, None) if isinstance(where, str) else where
    return report(
        connection,
        made.vault,
        Said(key=key or uuid4(), kind=kind, **more),  # type: ignore[arg-type]
        locate(connection, lon=lon, lat=lat, division=named),
        by or By(account=made.account, person_id=made.worker),
    )


def tap(connection: Connection, number: int, act: str, by: By, **more: object) -> Done:
    """One tap."""
    return take(connection, number, Tap(act=act, **more), by)  # type: ignore[arg-type]


def told(connection: Connection, number: int) -> Event:
    """How it stands."""
    found = event(connection, number)
    assert found is not None
    return found


def set_clock(connection: Connection, at: datetime) -> None:
    """What everything here goes by."""
    connection.execute(
        "insert into partitions (name, clock) values ('cq', %s) on conflict (name) do update set clock = %s", (at, at)
    )


def after(at: datetime, minutes: float) -> datetime:
    return at + timedelta(minutes=minutes)
