"""The band that tells an exercise, on every page, at every size."""

import pytest

from config.database import Connection
from config.exercise import mark
from tests.browser.conftest import OpenScreen, Serve
from tests.browser.test_api import ask_json


@pytest.mark.parametrize("size", [(1920, 1080), (390, 844)])
@pytest.mark.parametrize("page", ["", "?lang=en", "rules"])
def test_an_exercise_cannot_be_missed(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, page: str, size: tuple[int, int]
) -> None:
    mark(city, exercise=True)
    running = serve(city_url)  # told nothing itself: the database says so
    screen = new_screen(*size)
    screen.page.goto(running.url + page)
    band = screen.page.locator(".exercise-band")
    assert band.inner_text().split() == ["演练，并非实情", "EXERCISE,", "NOT", "REAL"]
    place, bar = band.bounding_box(), screen.page.locator("header.bar").bounding_box()
    assert place is not None
    assert bar is not None
    assert (place["x"], place["y"], place["width"]) == (0, 0, size[0])
    assert bar["y"] >= place["height"]  # it hides nothing
    assert screen.page.title().startswith("【演练】")
    assert ask_json(running, "health")["exercise"] is True


def test_what_is_real_has_none(city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen) -> None:
    mark(city, exercise=False)
    running, screen = serve(city_url), new_screen()
    screen.open(running.url)
    assert screen.page.locator(".exercise-band").count() == 0
    assert ask_json(running, "health")["exercise"] is False
