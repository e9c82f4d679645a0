"""A city with a made-up district of grids, a planner of it, and programs that ask the OGC API with tokens."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from access.accounts import add_account, grant
from access.tokens import add_token
from benchmarks.boundaries_district import District, seed_district
from boundaries.drafts import Opening, open_draft
from config.database import Connection
from tests.browser.accounts import ROLES
from tests.browser.conftest import Running

RIGHTS = frozenset({"map.read", "boundaries.draft"})
LIANGJIANG, JIANGBEI, YUZHONG, BEIBEI = "500157", "500105", "500103", "500109"
BEFORE, AFTER = "2025-11-05T15:59:59Z", "2025-11-05T16:00:00Z"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


@dataclass(frozen=True, kw_only=True)
class Program:
    """Somebody's program."""

    account: UUID
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


def program(
    connection: Connection, name: str, where: int | None, role: str = "planner", rights: frozenset[str] = RIGHTS
) -> Program:
    """An account with a role there and a token of it."""
    account, now = add_account(connection, name, kind="service"), datetime.now(UTC)
    grant(connection, account, role, where, roles=ROLES, now=now)
    secret = add_token(
        connection, account, label=name, rights=rights, division_id=None, roles=ROLES, now=now,
        expires=now + timedelta(hours=1),
    )  # fmt: skip
    return Program(account=account, secret=secret)


@dataclass
class Ground:
    """The server, and who asks it."""

    running: Running
    connection: Connection
    district: District
    planner: Program  # of the first township
    everywhere: Program

    @property
    def url(self) -> str:
        return f"{self.running.url}ogc"

    def get(self, path: str, *, who: Program | None = None, status: int = 200, **params: Any) -> httpx.Response:
        """An answer of the API; parameters with a `-` in their names as `bbox_crs`."""
        asked = {name.replace("_", "-") if name.endswith(("_crs", "_lang")) else name: v for name, v in params.items()}
        answer = httpx.get(
            f"{self.url}{path}", params=asked or None, headers=(who or self.everywhere).headers, timeout=60
        )
        assert answer.status_code == status, answer.text
        return answer

    def items(self, collection: str, **params: Any) -> list[dict[str, Any]]:
        """Features of a page."""
        told: list[dict[str, Any]] = self.get(f"/collections/{collection}/items", **params).json()["features"]
        return told

    def names(self, collection: str, **params: Any) -> set[str]:
        """Their names, of up to 5,000."""
        return {one["properties"]["name"] for one in self.items(collection, limit=5000, **params)}

    def draft(self, *, root: int | None = None) -> UUID:
        """A new one of the first township's grids, or of another root."""
        opening = Opening(root_id=root or self.district.townships[0], level="grid", title="调整网格")
        return open_draft(self.connection, opening, actor=self.planner.account, now=datetime.now(UTC)).id


def ogc_ground(running: Running, connection: Connection) -> Ground:
    """Two townships of twelve grids each, in the city of the default divisions."""
    district = seed_district(connection, townships=2, columns=4, rows=3)
    return Ground(
        running=running,
        connection=connection,
        district=district,
        planner=program(connection, "planner", district.townships[0]),
        everywhere=program(connection, "everywhere", None),
    )
