"""The way of a route: a text of points, read whole or refused with what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.plan_way import WayError, read_way, wrong_way

lons, lats = st.integers(104_500_000, 111_000_000), st.integers(27_500_000, 33_000_000)  # millionths of a degree
between = st.sampled_from([" ", "; ", "；", "\n", "  \t"])


@given(st.lists(st.tuples(lons, lats), min_size=2, max_size=40), between, st.sampled_from([",", "，"]))
def test_points_are_read_as_they_are_written(points: list[tuple[int, int]], gap: str, comma: str) -> None:
    text = gap.join(f"{lon / 1e6:.6f}{comma}{lat / 1e6:.6f}" for lon, lat in points)
    assert read_way(f" {text} ") == [(lon / 1e6, lat / 1e6) for lon, lat in points]
    assert wrong_way(text) is None


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_a_route_may_be_told_in_words_only(text: str) -> None:
    assert read_way(text) == []


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("106.5,29.5", "只有一个点", "at least two"),
        ("106.5,29.5 106.6", "第 2 点“106.6”不是经度,纬度", "point 2 is no lon,lat: 106.6"),
        ("106.5,29.5 nan,29.5", "不是经度,纬度", "no lon,lat"),
        ("106.5,29.5 1e2,29.5", "不是经度,纬度", "no lon,lat"),
        ("29.5,106.5 29.6,106.6", "第 1 点“29.5,106.5”不在重庆", "outside of Chongqing"),
        (" ".join(["106.5,29.5"] * 501), "最多 500 个", "more than 500"),
        ("<script>,x y", "第 1 点“<script>,x”", "point 1"),
    ],
)
def test_what_is_wrong_is_said_in_both_languages(text: str, zh: str, en: str) -> None:
    with pytest.raises(WayError) as caught:
        read_way(text)
    assert zh in caught.value.words[0] and en in caught.value.words[1]
    assert wrong_way(text) == caught.value.words


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert wrong_way(text) is not None or all(104 < lon < 112 and 27 < lat < 34 for lon, lat in read_way(text))
