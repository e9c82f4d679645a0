"""Vector tiles of a city with 62,000 grids, over HTTP: the first time each is asked for, and again; beside tipg.

A tile is cold when nobody has asked for it since the boundaries changed, warm when it is kept. What a level takes to
be drawn at a zoom for the first time, which the first to ask waits for, is told apart. Then tipg on PostGIS is asked
for the same tiles of the same polygons (benchmarks/tiles_peer.py): it keeps none, so all of its are cold. Each server
is a process of its own.
"""

import http.client
import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import shapely
from numpy.typing import NDArray

from access.accounts import add_account, grant
from access.rights import load_roles
from access.tokens import add_token
from benchmarks.locate import generated_coverage, township_polygons
from benchmarks.tiles_peer import TILE, PeerMissing, tipg
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate
from config.settings import WebSettings
from geo.crs import areas_m2
from geo.defaults import import_defaults
from web.app import create_app
from web.listening import listening_socket
from web.serve import Server

GRIDS = 62_000
LOWEST, HIGHEST = 10, 16  # zooms at which grids are drawn
Place = tuple[int, int, int]

_GRIDS = """
with made as (
    insert into divisions (level) select 'grid' from generate_series(1, %(count)s) returning id
), numbered as (select id, row_number() over (order by id) as number from made),
about as (
    insert into division_versions (division_id, parent_id, code, name, source)
    select id, parent, to_char(500199000000000 + number, 'FM000000000000000'), '第' || number || '网格', 'made up'
    from numbered join unnest(%(parents)s::integer[]) with ordinality as p (parent, number) using (number)
)
insert into boundary_versions (division_id, geometry, area_m2, derived, source)
select id, shape, area, true, 'made up'
from numbered
join unnest(%(shapes)s::bytea[], %(areas)s::float8[]) with ordinality as p (shape, area, number) using (number)
"""


def run(grids: int = GRIDS, tiles: int = 120, *, beside: bool = True) -> dict[str, Any]:
    """`cold_ms`, `warm_ms` and `tipg_cold_ms`, each with `p50` and `p95`, over `tiles` tiles of each zoom."""
    load = round(os.getloadavg()[0], 2)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with _server(grids) as (url, headers, polygons):
        client = _Client(url, headers)
        client.get("/api/search?q=x")  # answered when all that a server reads after its start is read
        prepared = {z: measured(client, [places[0]])[0] for z, places in asked(polygons, 1).items()}
        zooms = asked(polygons, tiles + 1)
        cold = {z: measured(client, places[1:]) for z, places in zooms.items()}
        warm = {z: measured(client, places[1:]) for z, places in zooms.items()}
    peer = _peer(polygons, zooms) if beside else {"tipg_cold_ms": None, "tipg": "it was not asked"}
    return {
        "cold_ms": _told(_all(cold)),
        "warm_ms": _told(_all(warm)),
        **peer,
        "first_of_a_zoom_ms": {z: round(ms) for z, ms in prepared.items()},
        "cold_ms_by_zoom": {z: _told(times) for z, times in cold.items()},
        "grids": grids,
        "tiles": sum(map(len, cold.values())),
        "cpus": os.cpu_count(),
        "load_average": load,
    }


def _peer(polygons: NDArray[np.object_], zooms: Mapping[int, list[Place]]) -> dict[str, Any]:
    """What tipg takes, or why there is none."""
    try:
        with tipg(polygons) as url:
            client = _Client(url, {})
            for places in zooms.values():  # its connections are made, and its plans
                measured(client, places[:1], TILE)
            times = {z: measured(client, places[1:], TILE) for z, places in zooms.items()}
    except PeerMissing as error:
        return {"tipg_cold_ms": None, "tipg": str(error)}
    return {"tipg_cold_ms": _told(_all(times)), "tipg_cold_ms_by_zoom": {z: _told(one) for z, one in times.items()}}


def _all(times: Mapping[int, list[float]]) -> list[float]:
    return [one for zoom in times.values() for one in zoom]


def asked(polygons: NDArray[np.object_], count: int, *, seed: int = 1) -> dict[int, list[Place]]:
    """The tiles around randomly chosen grids, by zoom: none twice, the first of a zoom the same for any count."""
    random = np.random.default_rng(seed)
    lon, lat = shapely.get_coordinates(shapely.centroid(random.permutation(polygons))).T
    found = {}
    for z in range(LOWEST, HIGHEST + 1):
        x = ((lon + 180) / 360 * 2**z).astype(int)
        y = ((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**z).astype(int)
        found[z] = list(dict.fromkeys((z, *place) for place in zip(x.tolist(), y.tolist(), strict=True)))[:count]
    return found


class _Client:
    """One kept connection, and next to no work of its own."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
        self._headers = {**headers, "Accept-Encoding": "gzip"}

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body, as it came."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def measured(client: _Client, places: Sequence[Place], path: str = "tiles/grid/{z}/{x}/{y}.mvt") -> list[float]:
    """How long each takes from the request to the last byte, ms."""
    times = []
    for z, x, y in places:
        begun = time.perf_counter()
        status, body = client.get("/" + path.format(z=z, x=x, y=y))
        times.append(1000 * (time.perf_counter() - begun))
        assert status == 200 and body, (status, body[:200])
    return times


def _told(times: Sequence[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(times, share)), 1) for share in (50, 95)}


@contextmanager
def _server(grids: int) -> Iterator[tuple[str, dict[str, str], NDArray[np.object_]]]:
    """A server of a city with so many grids, what a program shows it, and the grids."""
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as database_url,
    ):
        with connect(database_url, "bench", autocommit=True) as connection:
            migrate(connection)
            import_defaults(connection)
            polygons = _seed(connection, grids)
            headers = {"Authorization": f"Bearer {_token(connection)}"}
        with _running(database_url) as url:
            yield url, headers, polygons


def _seed(connection: Connection, grids: int) -> NDArray[np.object_]:
    """Voronoi cells that tile the city, each under the township that it mostly lies in."""
    townships = township_polygons()
    cells = generated_coverage(shapely.coverage_union_all(townships), grids, np.random.default_rng(1))
    rows = connection.execute(
        "select b.division_id, b.geometry from boundary_versions b join divisions d on d.id = b.division_id"
        " where d.level = 'township' and upper_inf(b.recorded) order by b.division_id"
    ).fetchall()
    tree = shapely.STRtree(shapely.from_wkb([row[1] for row in rows]))
    parents = [rows[i][0] for i in tree.nearest(shapely.point_on_surface(cells)).tolist()]
    given = {
        "count": len(cells), "parents": parents, "shapes": shapely.to_wkb(cells).tolist(),
        "areas": areas_m2(cells).tolist(),
    }  # fmt: skip
    connection.execute(_GRIDS, given)
    connection.execute("analyze")
    return cells


def _token(connection: Connection) -> str:
    now, roles = datetime.now(UTC), load_roles()
    account = add_account(connection, "bench", kind="service")
    grant(connection, account, "screen", None, roles=roles, now=now)
    return add_token(
        connection, account, label="bench", rights={"map.read"}, division_id=None, roles=roles, now=now,
        expires=now + timedelta(hours=6),
    )  # fmt: skip


@contextmanager
def _running(database_url: str) -> Iterator[str]:
    """Our server in a process of its own, as it is in use."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(database_url, theirs))
    process.start()
    try:
        assert ours.poll(300), "the server did not start"
        yield ours.recv()
    finally:
        process.terminate()
        process.join(30)


def _serve(database_url: str, told: Pipe) -> None:
    """As `shijing serve` does; without a limit of requests, for one client asks them all."""
    settings = WebSettings(port=0, rate_requests="")
    with listening_socket(settings.host, settings.port) as opened:
        url = f"http://127.0.0.1:{opened.getsockname()[1]}/"
        Server(create_app(settings, database_url), url, lambda _: told.send(url)).run(sockets=[opened])


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    return [f"{name}: {value}" for name, value in result.items()]
