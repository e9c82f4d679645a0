"""Where a route of a plan leads along: points that a planner can copy out of any map, written as one text."""

import re

from alerts.plan_findings import Words

Point = tuple[float, float]  # lon, lat; degrees, CGCS2000

_PAIR = re.compile(r"(-?\d{1,3}(?:\.\d{1,12})?)[,，](-?\d{1,3}(?:\.\d{1,12})?)", re.ASCII)
_BETWEEN = re.compile(r"[\s;；]+")
# Around the municipality with a margin: a point beyond has its longitude and latitude exchanged, or a digit wrong.
_WEST, _SOUTH, _EAST, _NORTH = 104.5, 27.5, 111.0, 33.0
_MOST = 500


class WayError(ValueError):
    """A way that cannot be read; `words` say what is wrong, in Chinese and in English."""

    def __init__(self, words: Words) -> None:
        super().__init__(words[1])
        self.words = words


def read_way(text: str) -> list[Point]:
    """The points of `106.571,29.557 106.579,29.560`; none: the route is told in words only. Raises WayError."""
    told = [one for one in _BETWEEN.split(text) if one]
    if len(told) == 1:
        raise WayError(("只有一个点，至少要两个", "one point makes no way: there are at least two"))
    if len(told) > _MOST:
        raise WayError((f"有 {len(told)} 个点，最多 {_MOST} 个", f"{len(told)} points are more than {_MOST}"))
    return [_point(number, one) for number, one in enumerate(told, start=1)]


def wrong_way(text: str) -> Words | None:
    """What is wrong with it; None: nothing."""
    try:
        read_way(text)
    except WayError as error:
        return error.words
    return None


def _point(number: int, text: str) -> Point:
    pair, shown = _PAIR.fullmatch(text), text[:30]
    if pair is None:
        raise WayError((f"第 {number} 点“{shown}”不是经度,纬度", f"point {number} is no lon,lat: {shown}"))
    lon, lat = float(pair[1]), float(pair[2])
    if not (_WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH):
        raise WayError((f"第 {number} 点“{shown}”不在重庆", f"point {number} lies outside of Chongqing: {shown}"))
    return lon, lat
