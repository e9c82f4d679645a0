"""A first grid network: it tiles the township vertex by vertex, and is the same for the same input."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from config.generation_settings import GenerationSettings
from geo.default_data import read_defaults
from geo.generate import TooManyGrids, generate
from geo.generate_many import Refused, generate_many
from geo.generate_township import Network, Township
from geo.lines import MAIN, STREET

WEST, SOUTH = 106.5, 29.5
SETTINGS = GenerationSettings(scattered_per_km2=0, crowded_per_km2=1e9)  # no township is complex
M2_OF_DEGREES = 111_195.0**2
TOLERANCE_M2 = 2.0  # vertices have 0.1 mm, borders some kilometres


def township(
    polygon: Any,
    households: float = 8000,
    *,
    points: Any = (),
    weights: Any = (),
    lines: Any = (),
    rank: int = MAIN,
    code: str = "500103001",
) -> Township:
    return Township(
        id=1,
        code=code,
        name="某街道",
        polygon=polygon,
        households=households,
        points=np.array(points, dtype=float).reshape(-1, 2),
        weights=np.array(weights, dtype=float),
        courses=np.array([*lines, None], dtype=object)[:-1],
        ranks=np.full(len(lines), rank, dtype=np.int8),
        water=np.array([], dtype=object),
    )


def degrees(*xy: tuple[float, float]) -> list[tuple[float, float]]:
    """Positions from hundredths of a degree, about kilometres."""
    return [(round(WEST + x / 100, 9), round(SOUTH + y / 100, 9)) for x, y in xy]


SQUARE = shapely.Polygon(degrees((0, 0), (3, 0), (3, 3), (0, 3)))
STAR = shapely.Polygon(
    degrees(*[(r * np.cos(a), r * np.sin(a)) for a, r in zip(np.arange(0, 2 * np.pi, np.pi / 12), [3, 1] * 12)])  # noqa: B905
)
COMB = shapely.union_all(
    [shapely.box(*degrees((0, 0))[0], *degrees((11, 0.4))[0])]
    + [shapely.box(*degrees((x, 0))[0], *degrees((x + 0.7, 3))[0]) for x in range(0, 12, 2)]
)
RINGED = shapely.Polygon(
    degrees((0, 0), (4, 0), (4, 4), (0, 4)),
    [degrees((1, 1), (2, 1.1), (1.9, 2), (1, 2)), degrees((2.5, 2.5), (3.5, 2.5), (3, 3.5))],
)
EXCLAVES = shapely.MultiPolygon(
    [
        SQUARE,
        shapely.Polygon(degrees((5, 0), (5.3, 0), (5.2, 0.2))),
        shapely.Polygon(degrees((4, 4), (6, 4), (6, 6), (4, 6))),
    ]
)
TINY = shapely.Polygon([(WEST, SOUTH), (WEST + 1e-6, SOUTH), (WEST, SOUTH + 1e-6)])


def check_whole(network: Network, polygon: Any) -> None:
    """It tiles the polygon with valid contiguous grids, each border shared vertex by vertex."""
    shapes = np.array([grid.geometry for grid in network.grids])
    assert (shapely.get_type_id(shapes) == 3).all() and shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    assert all(shapely.is_ccw(shape.exterior) for shape in shapes)
    rest = shapely.symmetric_difference(shapely.coverage_union_all(shapes), polygon)
    # (In degrees: a straight edge of a kilometre is none in a projection, by centimetres.)
    assert rest.area * M2_OF_DEGREES < TOLERANCE_M2
    corners = {tuple(at) for at in shapely.get_coordinates(shapes).tolist()}
    assert {tuple(at) for at in shapely.get_coordinates(polygon).tolist()} <= corners
    assert network.quality.not_contiguous == 0
    assert len({grid.code for grid in network.grids}) == len({grid.name for grid in network.grids}) == len(shapes)


@pytest.mark.parametrize("polygon", [SQUARE, STAR, COMB, RINGED, EXCLAVES])
def test_it_tiles_every_shape(polygon: Any) -> None:
    network = generate(township(polygon), SETTINGS, 1)
    check_whole(network, polygon)
    assert 18 <= len(network.grids) <= 23
    assert sum(grid.households for grid in network.grids) == 8000


def default_townships() -> list[Any]:
    """Those that come along with several parts or holes, and every fortieth of the others."""
    rows = [row for row in read_defaults().boundaries if len(row.key) == 9]
    odd = [row for row in rows if shapely.get_num_geometries(row.geometry) > 1 or holes(row.geometry)]
    return [row.geometry for row in [*odd, *rows[::40]]]


def holes(shape: Any) -> int:
    return int(shapely.get_num_interior_rings(shapely.get_parts(shape)).sum())


def test_it_tiles_townships_that_come_along() -> None:
    shapes = default_townships()
    assert len(shapes) > 80
    for number, shape in enumerate(shapes):
        rounded = shapely.transform(shape, lambda at: np.round(at, 9))
        check_whole(generate(township(rounded, 3000, code=f"500103{number:03d}"), SETTINGS, 1), rounded)


@st.composite
def blobs(draw: st.DrawFn) -> Any:
    """Polygons around a middle, wild ones too, and now and then with a hole."""
    count = draw(st.integers(3, 40))
    reach = draw(st.lists(st.floats(0.3, 4), min_size=count, max_size=count))
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    shell = degrees(*[(r * np.cos(a), r * np.sin(a)) for a, r in zip(angles, reach, strict=True)])
    hole = degrees(*[(0.1 * r * np.cos(a), 0.1 * r * np.sin(a)) for a, r in zip(angles, reach, strict=True)])
    return shapely.Polygon(shell, [hole] if draw(st.booleans()) else [])


def wild_lines(polygon: Any, seed: int, count: int) -> list[Any]:
    """Lines across the box of a polygon, bent, crossing each other, some of them ending inside."""
    rng = np.random.default_rng(seed)
    west, south, east, north = polygon.bounds
    return [
        shapely.LineString(np.round(rng.uniform((west, south), (east, north), (rng.integers(2, 6), 2)), 7))
        for _ in range(count)
    ]


@settings(max_examples=80)
@given(polygon=blobs(), households=st.integers(1, 20_000), seed=st.integers(0, 5), lines=st.integers(0, 8))
def test_it_tiles_whatever_shape_and_lines(polygon: Any, households: int, seed: int, lines: int) -> None:
    given_ = township(polygon, households, lines=wild_lines(polygon, seed, lines), rank=STREET)
    check_whole(generate(given_, SETTINGS, seed), polygon)


@settings(max_examples=30)
@given(polygon=blobs(), seed=st.integers(0, 50), clumps=st.integers(1, 6))
def test_points_in_clumps_are_shared_out(polygon: Any, seed: int, clumps: int) -> None:
    rng = np.random.default_rng(seed)
    west, south, east, north = polygon.bounds
    middles = rng.uniform((west, south), (east, north), (clumps, 2))
    points = np.concatenate([rng.normal(middle, 0.002, (500, 2)) for middle in middles])
    weights = rng.integers(0, 9, len(points)).astype(float)
    network = generate(township(polygon, 3000, points=points, weights=weights), SETTINGS, seed)
    check_whole(network, polygon)
    inside = weights[shapely.intersects_xy(polygon, points)].sum()
    assert sum(grid.households for grid in network.grids) == (inside or 3000)
    assert network.points_outside == np.count_nonzero(~shapely.intersects_xy(polygon, points))


@pytest.mark.parametrize("polygon", [SQUARE, STAR, RINGED])
def test_most_grids_keep_the_bounds_and_are_compact(polygon: Any) -> None:
    quality = generate(township(polygon, 40_000), SETTINGS, 1).quality
    assert quality.within_bounds / quality.grids > 0.95
    assert quality.p5 > 350 and quality.p95 < 450
    assert quality.compactness > 0.6


def test_households_in_clumps_keep_the_bounds_too() -> None:
    rng = np.random.default_rng(3)
    points = np.array(degrees((1.5, 1.5))) + rng.normal(0, 0.004, (9000, 2))
    quality = generate(township(SQUARE, points=points, weights=np.ones(9000)), SETTINGS, 1).quality
    assert quality.within_bounds / quality.grids > 0.9


def test_another_seed_gives_another_network_and_the_same_the_same() -> None:
    def bytes_of(seed: int) -> bytes:
        return b"".join(shapely.to_wkb(grid.geometry) for grid in generate(township(STAR), SETTINGS, seed).grids)

    assert bytes_of(1) == bytes_of(1)
    assert bytes_of(1) != bytes_of(2)


def test_the_number_of_processes_changes_nothing() -> None:
    shapes = [SQUARE, STAR, COMB, RINGED, EXCLAVES, TINY]
    asked = [township(shape, 4000, code=f"50010300{i}") for i, shape in enumerate(shapes)]

    def made(processes: int) -> dict[bytes, Any]:
        found = generate_many(asked, SETTINGS, 7, processes=processes)
        networks = [network for network in found if isinstance(network, Network)]
        return {
            b"".join(shapely.to_wkb(grid.geometry) for grid in network.grids): network.quality for network in networks
        }

    assert made(1) == made(2)
    assert len(made(1)) == len(shapes)


@pytest.mark.parametrize("households", [1, 40, 399, 500])
def test_a_township_with_few_households_is_one_grid(households: int) -> None:
    network = generate(township(SQUARE, households), SETTINGS, 1)
    assert [grid.geometry.equals(SQUARE) for grid in network.grids] == [True]
    assert network.grids[0].code == "500103001000001" and network.grids[0].name == "第1网格"


def test_a_township_of_a_few_square_metres_is_cut_no_smaller_than_can_be() -> None:
    network = generate(township(TINY, 100_000), SETTINGS, 1)
    check_whole(network, TINY)
    assert len(network.grids) == 1


def test_households_that_are_heaped_on_a_few_square_metres_are_cut_no_smaller_either() -> None:
    rng = np.random.default_rng(4)
    heap = rng.normal(degrees((1.5, 1.5))[0], 0.0002, (1000, 2))
    network = generate(township(SQUARE, points=heap, weights=np.full(1000, 300.0)), SETTINGS, 1)
    check_whole(network, SQUARE)
    assert min(grid.area_m2 for grid in network.grids) > 1


def test_three_points_make_a_grid_each_at_most() -> None:
    points = degrees((0.5, 0.5), (2.5, 0.5), (1.5, 2.5))
    network = generate(township(SQUARE, points=points, weights=[400, 400, 400]), SETTINGS, 1)
    check_whole(network, SQUARE)
    assert [grid.households for grid in network.grids] == [400, 400, 400]


def test_points_without_households_leave_it_to_the_area() -> None:
    network = generate(township(SQUARE, 1200, points=degrees((1, 1), (2, 2)), weights=[0, 0]), SETTINGS, 1)
    assert len(network.grids) == 3 and sum(grid.households for grid in network.grids) == 1200


def test_grids_of_an_exclave_are_its_own() -> None:
    network = generate(township(EXCLAVES, 6000), SETTINGS, 1)
    small = EXCLAVES.geoms[1]
    assert [grid.geometry.equals(small) for grid in network.grids if grid.geometry.intersects(small)] == [True]


def test_borders_follow_a_river_from_side_to_side() -> None:
    river = shapely.LineString(degrees((-1, 1.2), (1, 1.6), (2, 1.3), (4, 1.7)))
    network = generate(township(SQUARE, lines=[river]), SETTINGS, 1)
    check_whole(network, SQUARE)
    crossing = [grid for grid in network.grids if shapely.intersection(grid.geometry.buffer(-1e-6), river).length > 0]
    assert crossing == []
    length = (
        shapely.intersection(river, SQUARE).length * 104_000
    )  # m: between that of a degree there and that of one up
    assert network.quality.along_lines_m == pytest.approx(length, rel=0.1)


def test_a_path_cuts_only_where_paths_are_asked_for() -> None:
    path = shapely.LineString(degrees((-1, 1.2), (4, 1.7)))
    given_ = township(SQUARE, lines=[path], rank=0)
    assert generate(given_, SETTINGS, 1).quality.along_lines_m == 0
    paths_too = SETTINGS.model_copy(update={"least_line": 0})
    assert generate(given_, paths_too, 1).quality.along_lines_m > 2000


def test_a_line_that_ends_inside_cuts_nothing() -> None:
    dead_end = shapely.LineString(degrees((-1, 1.2), (1.5, 1.4)))
    without = generate(township(SQUARE), SETTINGS, 1)
    network = generate(township(SQUARE, lines=[dead_end]), SETTINGS, 1)
    assert len(network.grids) == len(without.grids)
    check_whole(network, SQUARE)


def test_numbers_run_from_the_north_west_to_the_south_east() -> None:
    network = generate(township(SQUARE, 3600), SETTINGS, 1)
    at = [shapely.centroid(grid.geometry) for grid in network.grids]
    assert [grid.number for grid in network.grids] == list(range(1, 10))
    assert at[0].y == pytest.approx(max(one.y for one in at), abs=0.004)
    assert at[0].x < at[1].x
    assert at[-1].y == pytest.approx(min(one.y for one in at), abs=0.004)


def test_more_grids_than_codes_are_refused() -> None:
    with pytest.raises(TooManyGrids, match="--target"):
        generate(township(SQUARE, 400 * 1005), SETTINGS, 1)
    found = list(generate_many([township(SQUARE, 400 * 1005)], SETTINGS, 1, processes=1))
    assert [isinstance(one, Refused) for one in found] == [True]


def test_crowded_and_scattered_townships_get_smaller_grids() -> None:
    assert len(generate(township(SQUARE, 4000), GenerationSettings(), 1).grids) == 10  # 400 a km²
    assert generate(township(SQUARE, 100_000), GenerationSettings(), 1).quality.p50 == pytest.approx(250, abs=20)
    assert generate(township(SQUARE, 500), GenerationSettings(), 1).complex


def test_bounds_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="least 600, target 400"):
        GenerationSettings(least=600)
