"""What the browser tests of events share: a village and a grid with boundaries in a township, its people, accounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import shapely

from access.vault import Vault
from config.database import Connection
from people.holdings import hold_post
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.test_accounts_page import place
from tests.browser.test_people_page import LONG_AGO, organisation, person

HERE, ELSEWHERE = "解放碑街道", "朝阳街道"
AT = (106.572222, 29.563976)  # in the grid


@dataclass(frozen=True, kw_only=True)
class EventCity:
    """Ids of divisions and people, and who is signed in."""

    township: int
    village: int
    grid: int
    worker: SignedIn
    worker_id: UUID
    officer: SignedIn
    officer_id: UUID
    stranger: SignedIn  # of another township


def event_city(city: Connection, vault: Vault) -> EventCity:
    """All of it."""
    township = place(city, HERE)
    village = _add(city, "village", "500103002001", "民权路社区", township, 0.003)
    grid = _add(city, "grid", "500103002001001", "第一网格", village, 0.0015)
    city.execute("select refresh_division_closure()")
    where = organisation(city, HERE)
    worker_id, officer_id = person(city, vault, where, "1", "王伟"), person(city, vault, where, "2", "李娜")
    hold_post(city, worker_id, "grid_worker", grid, since=LONG_AGO)
    hold_post(city, officer_id, "duty_officer", township, since=LONG_AGO)
    worker = signed_in(city, "wangwei", [("grid_worker", township)])
    city.execute("update accounts set person_id = %s where id = %s", (worker_id, worker.account_id))
    return EventCity(
        township=township,
        village=village,
        grid=grid,
        worker=worker,
        worker_id=worker_id,
        officer=signed_in(city, "lina", [("duty_officer", township)]),
        officer_id=officer_id,
        stranger=signed_in(city, "far", [("duty_officer", place(city, ELSEWHERE))]),
    )


def _add(city: Connection, level: str, code: str, name: str, parent: int, half: float) -> int:
    row = city.execute("insert into divisions (level) values (%s) returning id", (level,)).fetchone()
    assert row is not None
    city.execute(
        "insert into division_versions (division_id, parent_id, code, name, source) values (%s, %s, %s, %s, 'test')",
        (row[0], parent, code, name),
    )
    lon, lat = AT
    box = shapely.to_wkb(shapely.box(lon - half, lat - half, lon + half, lat + half))
    city.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
        " values (%s, %s, 1e6, true, 'test')",
        (row[0], box),
    )
    return int(row[0])


def said(kind: str = "road", at: tuple[float, float] = AT, **more: object) -> dict[str, object]:
    """What a phone sends."""
    return {
        "key": str(uuid4()), "kind": kind, "lon": at[0], "lat": at[1], "accuracy_m": 12.0,
        "happened_at": datetime.now(UTC).isoformat(), "urgent": False, **more,
    }  # fmt: skip


def send(client: httpx.Client, **more: object) -> int:
    """Report one by the phone's way; its number."""
    answer = client.post("api/worker/events", json=said(**more))  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return int(answer.json()["event_id"])


def several(client: httpx.Client) -> Iterator[int]:
    """One of many kinds."""
    for number, kind in enumerate(("road", "tree", "gas", "dispute", "rubbish", "flooding", "help", "other")):
        yield send(client, kind=kind, at=(AT[0] + 0.0004 * number, AT[1] + 0.0003 * (number % 3)))
