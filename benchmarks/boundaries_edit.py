"""The round trip of an edit in a district of 2,000 grids: from the step that a page sends to the answer that has it
saved, checked and its findings told. Real PostgreSQL, real HTTP on loopback; the client's share is in it."""

import http.client
import json
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np

from access.accounts import account_of, add_account, grant
from access.credentials import csrf_of
from access.rights import load_roles
from access.sessions import Origin, open_session
from benchmarks.boundaries_district import CELL, District, seed_district
from config.access_settings import SignInSettings
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate
from config.settings import WebSettings
from web.app import create_app
from web.listening import listening_socket
from web.serve import Server

TOWNSHIPS, COLUMNS, ROWS, EDITS = 20, 10, 10, 300
HOUSEHOLDS = (250, 550)  # of a grid: a third of them is told as too few or too many, all in each answer

Place = tuple[float, float]


def run(edits: int = EDITS) -> dict[str, Any]:
    """Figures of one machine: `edit_ms`, by kind, and what opening the draft takes."""
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
        connect(url, "bench", autocommit=True) as connection,
    ):
        migrate(connection)
        district = seed_district(connection, townships=TOWNSHIPS, columns=COLUMNS, rows=ROWS, households=HOUSEHOLDS)
        headers = somebody(connection, "planner", district.district)
        with server(url) as address:
            page = _Page(address=address, headers=headers)
            return {"grids": len(district.grids), **_figures(page, district, edits)}


def _figures(page: "_Page", district: District, edits: int) -> dict[str, Any]:
    opened = page.ask("POST", "", {"root_id": district.district, "level": "grid", "title": "测试"})
    page.at, page.revision = f"/{opened['id']}", 0
    begun = time.perf_counter()
    drawn = page.ask("GET", f"{page.at}/units")
    units_s = time.perf_counter() - begun
    begun = time.perf_counter()
    page.ask("GET", f"{page.at}/findings")
    open_s = time.perf_counter() - begun
    pick, took, vertices = random.Random(7), dict[str, list[float]](), page.read(drawn)
    for number in range(edits):
        kind, path, body = _edit(pick, vertices, number)
        begun = time.perf_counter()
        came = page.change(path, body)
        took.setdefault(kind, []).append(1000 * (time.perf_counter() - begun))
        for one in came["changed"]["features"]:
            vertices[one["id"]] = [at for at in _outline(one) if at not in page.borders]
    every = [one for values in took.values() for one in values]
    return {
        "edit_ms": _percentiles(every),
        "by_kind_ms": {kind: _percentiles(values) for kind, values in took.items()},
        "units_s": round(units_s, 2),
        "first_check_s": round(open_s, 2),
        "findings": len(came["findings"]),
        "answer_kb": round(page.answer_bytes / 1000),
    }


def _edit(pick: random.Random, vertices: Mapping[str, Sequence[Place]], number: int) -> tuple[str, str, Any]:
    """Mostly shared vertices dragged a little; now and then one is undone and done again."""
    if number % 10 in (8, 9):
        kind = "undo" if number % 10 == 8 else "redo"
        return kind, kind, {}
    at = pick.choice(vertices[pick.choice([key for key, inner in vertices.items() if inner])])
    to = [round(one + pick.uniform(-0.02, 0.02) * CELL, 9) for one in at]
    step = {"kind": "move", "moves": [[list(at), to]]}
    return "move", "steps", {"steps": [{"id": str(uuid4()), "step": step}]}


def _outline(feature: dict[str, Any]) -> list[Place]:
    return [(lon, lat) for lon, lat in feature["geometry"]["coordinates"][0]]


@dataclass
class _Page:
    """A planner's page: one connection that is kept."""

    address: str
    headers: dict[str, str] = field(repr=False)
    at: str = ""
    revision: int = 0
    answer_bytes: int = 0
    borders: set[Place] = field(default_factory=set)  # vertices of what is tiled: they may only slide along it

    def __post_init__(self) -> None:
        self._kept = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)

    def read(self, drawn: dict[str, Any]) -> dict[str, list[Place]]:
        """The vertices of each unit that may be moved freely."""
        self.borders = {at for parent in drawn["parents"]["features"] for at in _outline(parent)}
        return {one["id"]: [at for at in _outline(one) if at not in self.borders] for one in drawn["units"]["features"]}

    def change(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Steps, undo or redo."""
        came = self.ask("POST", f"{self.at}/{path}", {"revision": self.revision, **body})
        self.revision = came["revision"]
        return came

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The answer, read; raises for one that says no."""
        sent = None if body is None else json.dumps(body)
        headers = {**self.headers, **({"Content-Type": "application/json"} if sent else {})}
        self._kept.request(method, f"/api/boundaries/drafts{path}", sent, headers)
        answer = self._kept.getresponse()
        read = answer.read()
        self.answer_bytes = len(read)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {read[:300]!r}")
        told: dict[str, Any] = json.loads(read)
        return told


def somebody(connection: Connection, role: str, division: int | None) -> dict[str, str]:
    """What a request of a new account with that role carries; None: everywhere."""
    now = datetime.now(UTC)
    made = add_account(connection, f"bench-{role}")
    grant(connection, made, role, division, roles=load_roles(), now=now)
    secret = open_session(
        connection, account_of(connection, made), way="link", origin=Origin(), settings=SignInSettings(), now=now
    )
    return {"Cookie": f"shijing={secret}", "X-CSRF-Token": csrf_of(secret)}


@contextmanager
def server(url: str) -> Iterator[str]:
    """The server of the pages in a thread, without a limit of how often it is asked."""
    ready = threading.Event()
    with listening_socket("127.0.0.1", 0) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        app = create_app(WebSettings(port=0, rate_requests="", rate_changes=""), url)
        server = Server(app, address, lambda _: ready.set())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        ready.wait(30)
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join()


def _percentiles(values: list[float]) -> dict[str, float]:
    return {
        "p50": round(float(np.percentile(values, 50)), 1),
        "p95": round(float(np.percentile(values, 95)), 1),
        "max": round(max(values), 1),
        "n": len(values),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
