"""Rate limits by a clock that the test holds."""

import anyio
import httpx
import pytest
from fastapi import FastAPI

from config.settings import WebSettings
from web.rate import RateLimit, Rates, Windows, network_of
from web.security import SecurityHeaders


class Clock:
    """Seconds, told by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_moving_window_lets_one_in_for_each_that_leaves(clock: Clock) -> None:
    rates = Rates(clock)
    assert rates.hit("a", "2/minute") == 0
    clock.now += 20
    assert rates.hit("a", "2/minute") == 0
    assert rates.hit("a", "2/minute") == pytest.approx(40)
    assert rates.hit("b", "2/minute") == 0  # another one
    clock.now += 39.9
    assert rates.hit("a", "2/minute") == pytest.approx(0.1)
    clock.now += 0.2
    assert rates.hit("a", "2/minute") == 0
    assert rates.hit("a", "2/minute") == pytest.approx(19.9)


def test_the_longest_of_several_budgets_counts_and_a_refused_try_is_not_counted(clock: Clock) -> None:
    rates = Rates(clock)
    for _ in range(3):
        assert rates.hit("zhang", "3/minute;4/hour") == 0
    for _ in range(50):
        assert rates.hit("zhang", "3/minute;4/hour") == pytest.approx(60)
    clock.now += 61
    assert rates.hit("zhang", "3/minute;4/hour") == 0
    assert rates.hit("zhang", "3/minute;4/hour") == pytest.approx(3539)
    assert rates.hit("zhang", "") == 0


def test_what_is_remembered_is_bounded(clock: Clock) -> None:
    windows = Windows(clock, most=3)
    for key in "abcd":
        assert windows.acquire_entry(key, 1, 60)
    assert [windows.get(key) for key in "abcd"] == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("fd00:1:2:3::7", "fd00:1:2:3::/64"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("testclient", "testclient"),
    ],
)
def test_whom_an_address_stands_for(host: str, counted: str) -> None:
    assert network_of(host) == counted


def application(clock: Clock, settings: WebSettings) -> FastAPI:
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    def answer(path: str) -> str:
        return path

    app.add_middleware(RateLimit, settings=settings, rates=Rates(clock))
    app.add_middleware(SecurityHeaders)
    return app


def statuses(app: FastAPI, client: str, *asked: str, accept: str = "*/*") -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app, client=(client, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://shijing") as web:
            return [
                await web.request(*one.split(" "), headers={"Accept": accept})  # type: ignore[arg-type]
                for one in asked
            ]

    return anyio.run(ask)


def codes(app: FastAPI, client: str, *asked: str) -> list[int]:
    return [answer.status_code for answer in statuses(app, client, *asked)]


SETTINGS = {"rate_requests": "2/minute", "rate_changes": "1/minute", "rate_streams": "1/minute"}


def test_each_address_has_a_budget_of_each_kind(clock: Clock) -> None:
    app = application(clock, WebSettings(**SETTINGS))  # type: ignore[arg-type]
    asked = ["GET /", "GET /api/x", "GET /api/y", "POST /api/x", "POST /api/x", "GET /api/stream", "GET /api/stream"]
    assert codes(app, "10.0.0.1", *asked) == [200, 200, 429, 200, 429, 200, 429]
    assert codes(app, "10.0.0.2", "GET /") == [200]
    clock.now += 61
    assert codes(app, "10.0.0.1", "GET /", "POST /", "GET /api/stream") == [200, 200, 200]


def test_the_answer_says_when_to_come_again_in_json_and_as_a_page(clock: Clock) -> None:
    app = application(clock, WebSettings(rate_requests="1/minute"))
    _, told = statuses(app, "10.0.0.1", "GET /", "GET /")
    assert told.headers["retry-after"] == "60" and told.headers["x-frame-options"] == "DENY"
    assert told.json() == {"error": "too many requests from this address: try again in 60 s", "retry_after_s": 60}
    (page,) = statuses(app, "10.0.0.1", "GET /", accept="text/html,*/*;q=0.8")
    assert page.status_code == 429 and "请在 60 秒后重试" in page.text and "Try again in 60 seconds" in page.text


def test_files_and_this_machine_are_not_limited(clock: Clock) -> None:
    app = application(clock, WebSettings(rate_requests="1/minute"))
    assert set(codes(app, "10.0.0.1", *["GET /static/a.js", "GET /vendor/b.js"] * 20)) == {200}
    assert set(codes(app, "127.0.0.1", *["GET /"] * 20)) == {200}


def test_behind_a_proxy_this_machine_counts_too(clock: Clock) -> None:
    """A proxy that does not tell who asks would else open the door for everyone."""
    app = application(clock, WebSettings(rate_requests="1/minute", behind_proxy=True))
    assert codes(app, "127.0.0.1", "GET /", "GET /") == [200, 429]
