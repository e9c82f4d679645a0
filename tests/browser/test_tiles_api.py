"""Vector tiles over HTTP: of any date, in one's scope, kept by their tags."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pyogrio
import pytest
import shapely
from numpy.typing import NDArray

from access.accounts import add_account, grant
from access.tokens import add_token
from config.database import Connection
from tests.browser.accounts import ROLES, signed_in
from tests.browser.conftest import Running, Serve
from tests.browser.ogc_ground import Program, ogc_ground, program

LIANGJIANG, JIANGBEI, YUZHONG = "500157", "500105", "500103"
BEFORE, AFTER = "2025-11-05T15:59:59Z", "2025-11-05T16:00:00Z"


@pytest.fixture
def running(city_url: str, serve: Serve) -> Running:
    return serve(city_url)


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, headers=running.headers, timeout=60) as opened:
        yield opened


def division(connection: Connection, code: str) -> int:
    row = connection.execute("select division_id from division_versions where code = %s limit 1", (code,)).fetchone()
    assert row is not None
    return int(row[0])


def codes(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    if not answer.content:
        return set()
    told = pyogrio.raw.read(answer.content, CLIP="NO")
    return set(dict(zip(told[0]["fields"], told[3], strict=True))["code"])


def test_a_tile_shows_the_districts_of_its_date(client: httpx.Client) -> None:
    tile = "tiles/district/8/203/105.mvt"
    before, after = (codes(client.get(tile, params={"at": at})) for at in (BEFORE, AFTER))
    assert JIANGBEI in before - after and LIANGJIANG in after - before and YUZHONG in before & after


def test_a_tile_of_what_was_known_then_is_empty_before_anything_was(client: httpx.Client) -> None:
    assert codes(client.get("tiles/district/8/203/105.mvt", params={"recorded": "2020-01-01T00:00:00Z"})) == set()


def test_a_tag_holds_until_a_boundary_changes(client: httpx.Client, city: Connection) -> None:
    tile = "tiles/township/10/814/422.mvt"
    first = client.get(tile)
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get(tile, headers=tag).status_code == 304
    assert client.get(tile, params={"at": "2030-01-01T00:00:00Z"}, headers=tag).status_code == 304  # nothing between
    assert client.get(tile, params={"at": BEFORE}, headers=tag).status_code == 200
    city.execute("update division_versions set name = '改名' where division_id = %s", (division(city, YUZHONG),))
    assert client.get(tile, headers=tag).status_code == 200


def test_a_tile_comes_when_the_database_has_let_go_of_us(client: httpx.Client, city: Connection) -> None:
    tile = "tiles/township/10/814/422.mvt"
    first = client.get(tile)
    ended = city.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and application_name = 'shijing-web-stamps'"
    ).fetchall()
    assert ended == [(True,)]
    assert client.get(tile).headers["etag"] == first.headers["etag"]


def test_tiles_come_gzipped_and_are_kept_by_the_browser_alone(client: httpx.Client) -> None:
    with client.stream("GET", "tiles/township/10/814/422.mvt") as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip" and gzip.decompress(raw)
    assert answer.headers["cache-control"] == "private, no-cache"


def test_nothing_beyond_the_scope_is_in_a_tile(running: Running, city: Connection) -> None:
    """A planner of one township gets it and what it lies in; the same tile is whole for somebody of the city."""
    township = city.execute(
        "select v.division_id, v.code from division_versions v join division_versions p on p.division_id = v.parent_id"
        " join boundary_versions b on b.division_id = v.division_id"
        " where p.code = %s and length(v.code) = 9 and upper_inf(v.recorded) order by v.code limit 1",
        (YUZHONG,),
    ).fetchone()
    assert township is not None
    narrow = signed_in(city, "planner", [("planner", township[0])]).headers
    tiles = {"township": (8, 203, 105), "district": (8, 203, 105), "city": (6, 50, 26)}
    own = {"township": {township[1]}, "district": {YUZHONG}, "city": {"500000"}}
    with httpx.Client(base_url=running.url, timeout=60) as client:
        for level, (z, x, y) in tiles.items():
            address = f"tiles/{level}/{z}/{x}/{y}.mvt"
            everything = client.get(address, headers=running.headers)
            mine = client.get(address, headers=narrow)
            assert codes(mine) == own[level] & codes(everything)
            assert own[level] <= codes(everything)
            assert level == "city" or mine.headers["etag"] != everything.headers["etag"]
            tag = {"If-None-Match": everything.headers["etag"]}
            assert client.get(address, headers={**narrow, **tag}).status_code == 200


def test_a_program_reads_tiles_with_its_token(running: Running, city: Connection) -> None:
    account, now = add_account(city, "tiles", kind="service"), datetime.now(UTC)
    grant(city, account, "screen", None, roles=ROLES, now=now)
    secret = add_token(
        city, account, label="qgis", rights=frozenset({"map.read"}), division_id=None, roles=ROLES, now=now,
        expires=now + timedelta(hours=1),
    )  # fmt: skip
    address = f"{running.url}tiles/district/8/203/105.mvt"
    assert httpx.get(address).status_code == 401
    assert httpx.get(address, headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    used = city.execute("select used_at >= %s from api_tokens where account_id = %s", (now, account)).fetchone()
    assert used == (True,)


@pytest.mark.parametrize(
    "address",
    [
        "tiles/street/9/406/211.mvt",
        "tiles/grid/3/6/3.mvt",
        "tiles/grid/12/4096/0.mvt",
        "tiles/street.json",
        "tiles/district/99999/0/0.mvt",
    ],
)
def test_what_has_no_tiles_says_where_there_are_some(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404 and answer.json()["error"]


@pytest.mark.parametrize("asked", [{"at": "2025-11-06"}, {"at": "2025-11-06T00:00:00"}, {"att": AFTER}])
def test_a_date_that_cannot_be_is_refused(client: httpx.Client, asked: dict[str, str]) -> None:
    assert client.get("tiles/district/8/203/105.mvt", params=asked).status_code == 422


def test_tile_json_leads_to_the_tiles_of_its_date(client: httpx.Client) -> None:
    told = client.get("tiles/district.json", params={"at": BEFORE}).json()
    assert told["tilejson"] == "3.0.0" and told["minzoom"] < told["maxzoom"]
    west, south, east, north = told["bounds"]
    assert 105 < west < east < 111 and 28 < south < north < 33
    (address,) = told["tiles"]
    assert JIANGBEI in codes(client.get(address.format(z=8, x=203, y=105)))
    assert told["vector_layers"][0]["id"] == "district"


def test_tiles_hold_the_borders_of_the_database(client: httpx.Client, city: Connection) -> None:
    """At a high zoom a tile says where a border runs to a unit: 0.6 m here."""
    answer = client.get("tiles/township/14/13030/6761.mvt")
    told = pyogrio.raw.read(answer.content, CLIP="NO")
    fields = dict(zip(told[0]["fields"], told[3], strict=True))
    assert len(fields["id"])
    for number, wkb in zip(fields["id"].tolist(), told[2], strict=True):
        row = city.execute(
            "select geometry from boundary_versions where division_id = %s and upper_inf(recorded)", (number,)
        ).fetchone()
        assert row is not None
        drawn = shapely.transform(shapely.from_wkb(wkb), lambda at: (at * (1, -1) + (0, 4096)) / 4096)
        box = shapely.box(0, 0, 1, 1)
        true = shapely.transform(shapely.from_wkb(row[0]), _in_tile)
        assert drawn.intersection(box).symmetric_difference(true.intersection(box)).area < 0.01


def _in_tile(at: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = at.T
    x = (lon + 180) / 360 * 2**14 - 13030
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**14 - 6761
    return np.column_stack([x, y])


def test_tiles_of_what_is_drawn_are_for_planners_of_the_place(running: Running, city: Connection) -> None:
    """A draft's units as they are after each step; generated grids that wait; nothing of either for anybody else."""
    ground = ogc_ground(running, city)
    draft = ground.draft()
    where = shapely.point_on_surface(shapely.geometry.shape(ground.items("grids")[0]["geometry"]))
    x, y = (int(one) for one in (_in_tile(np.array([[where.x, where.y]]))[0] + (13030, 6761)) // 4)
    tile, proposed = f"tiles/drafts/{draft}/12/{x}/{y}.mvt", f"tiles/proposed/12/{x}/{y}.mvt"
    propose(city, ground.district.townships[0])
    other = program(city, "other", ground.district.townships[1])
    viewer = program(city, "viewer", None, role="screen", rights=frozenset({"map.read"}))

    def told(address: str, who: Program, key: str) -> list[object]:
        answer = httpx.get(running.url + address, headers=who.headers, timeout=60)
        assert answer.status_code == 200, answer.text
        read = pyogrio.raw.read(answer.content, CLIP="NO") if answer.content else None
        return [] if read is None else list(dict(zip(read[0]["fields"], read[3], strict=True))[key])

    assert set(told(tile, ground.planner, "state")) == {"same"}
    key = told(tile, ground.planner, "key")[0]
    answer = httpx.patch(
        f"{ground.url}/collections/draft-{draft}/items/{key}",
        json={"properties": {"name": "改名"}}, headers=ground.planner.headers, timeout=60,
    )  # fmt: skip
    assert answer.status_code == 200
    assert "改名" in told(tile, ground.planner, "name") and "changed" in told(tile, ground.planner, "state")
    assert set(told(proposed, ground.planner, "state")) == {"proposed"}
    assert told(proposed, other, "state") == []
    assert httpx.get(running.url + tile, headers=other.headers).status_code == 404
    for address in (tile, proposed):
        assert httpx.get(running.url + address, headers=viewer.headers).status_code == 403


def propose(connection: Connection, township: int) -> None:
    """One generated grid that waits: the whole township."""
    connection.execute(
        "with made as (insert into boundary_proposals (township_id, seed, settings, inputs, grids, quality)"
        " values (%(township)s, 1, '{}', 'test', 1, '{}') returning id)"
        " insert into boundary_proposed_grids (proposal_id, number, code, name, households, area_m2, geometry)"
        " select made.id, 1, '500199001000001', '拟设网格', 400, b.area_m2, b.geometry"
        " from made, boundary_versions b where b.division_id = %(township)s",
        {"township": township},
    )
