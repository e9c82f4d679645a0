"""Lines that borders follow."""

import shapely

from geo.lines import MAIN, PATH, STREET, lines_in, shipped_lines, water_in

YUZHONG = (106.48, 29.53, 106.59, 29.575)
WANZHOU = (108.2, 30.6, 108.6, 31.0)


def test_the_streets_of_yuzhong_are_there_with_their_names() -> None:
    lines = lines_in(YUZHONG)
    assert {"road", "railway", "water"} == {line.kind for line in lines}
    assert any(line.name == "黄花园大桥" for line in lines)
    assert all(line.geometry.geom_type == "LineString" and line.geometry.is_valid for line in lines)


def test_each_line_crosses_the_box() -> None:
    box = (106.56, 29.55, 106.57, 29.56)
    assert 50 < len(lines_in(box)) < len(lines_in(YUZHONG))
    assert all(shapely.box(*box).intersects(line.geometry) for line in lines_in(box))


def test_a_higher_rank_leaves_out_the_lesser_lines() -> None:
    counts = [len(lines_in(YUZHONG, least=rank)) for rank in (PATH, STREET, MAIN)]
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[1] > counts[2] > 0


def test_what_is_under_ground_is_no_line() -> None:
    assert not any(line.name.endswith("隧道") for line in lines_in(YUZHONG, least=PATH))


def test_the_coarse_river_is_there_elsewhere_and_not_beside_its_banks() -> None:
    assert [line.name for line in lines_in(WANZHOU)] == ["长江"]
    assert lines_in(WANZHOU, coarse=False) == []
    assert not any(line.kind == "river" for line in lines_in((106.53, 29.55, 106.56, 29.56)))


def test_outside_there_is_nothing() -> None:
    assert lines_in((10.0, 10.0, 11.0, 11.0)) == []
    assert len(water_in((10.0, 10.0, 11.0, 11.0))) == 0


def test_the_river_is_water() -> None:
    # In the Yangtze under the Dongshuimen bridge, and on the square of Jiefangbei.
    river, square = shapely.points([[106.5845, 29.5565], [106.5723, 29.5578]])
    water = water_in(YUZHONG)
    assert shapely.contains(water, river).any()
    assert not shapely.contains(water, square).any()


def test_lines_are_read_once() -> None:
    assert shipped_lines() is shipped_lines()
