"""Rate limits: how often one address may ask, over a moving window, and a clear answer past it.

The rates and the arithmetic are those of `limits`; its own storage in memory has neither a clock that can
be told nor a bound, and starts a thread every so often, so the windows are kept here.
"""

import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import lru_cache

from limits import RateLimitItem, parse_many
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from config.listeners import is_loopback
from config.settings import WebSettings

_MOST_KEYS = 50_000  # remembered at a time; past it the one that asked longest ago is forgotten
_FREE = ("/built/", "/static/", "/vendor/")  # our own small files: a page asks for dozens
_STREAM = "/api/stream"
_SAFE = {"GET", "HEAD", "OPTIONS"}

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>请求过于频繁 · Too many requests</title></head>
<body><h1>请求过于频繁</h1><p>请在 {seconds} 秒后重试。</p>
<h2 lang="en">Too many requests</h2><p lang="en">Try again in {seconds} seconds.</p></body></html>
"""


class Windows(Storage, MovingWindowSupport):
    """When each key was last counted; bounded, and without a thread."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float], most: int = _MOST_KEYS) -> None:
        super().__init__()
        self._clock = clock
        self._most = most
        self._hits: OrderedDict[str, deque[float]] = OrderedDict()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` now, unless that would be more than `limit` within `expiry` seconds."""
        hits = self._current(key, expiry)
        if len(hits) + amount > limit:
            return False
        hits.extend([self._clock()] * amount)
        self._hits[key] = hits
        self._hits.move_to_end(key)
        while len(self._hits) > self._most:
            self._hits.popitem(last=False)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002
        """The oldest moment that still counts, and how many do."""
        hits = self._current(key, expiry)
        return (hits[0] if hits else self._clock()), len(hits)

    def _current(self, key: str, expiry: int) -> deque[float]:
        hits = self._hits.get(key) or deque()
        begin = self._clock() - expiry
        while hits and hits[0] <= begin:
            hits.popleft()
        return hits

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the storage raises when it is out of order; this one cannot be."""
        return RuntimeError

    def get(self, key: str) -> int:
        """How many are remembered of a key."""
        return len(self._hits.get(key, ()))

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Of fixed windows, which are not offered."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Of fixed windows, which are not offered."""
        raise NotImplementedError

    def check(self) -> bool:
        """Memory is there."""
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        forgotten = len(self._hits)
        self._hits.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._hits.pop(key, None)


class Rates:
    """Counts by key against budgets such as "5/minute;20/hour"; a budget of "" is none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limiter = MovingWindowRateLimiter(Windows(clock))

    def hit(self, key: str, budget: str) -> float:
        """Count one try of `key`; 0 where it is within `budget`, else the seconds to wait (it is not counted then)."""
        items = _parsed(budget) if budget else ()
        waits = [self._wait(item, key) for item in items if not self._limiter.test(item, key)]
        if waits:
            return max(waits)
        for item in items:
            self._limiter.hit(item, key)
        return 0.0

    def _wait(self, item: RateLimitItem, key: str) -> float:
        return max(0.001, self._limiter.get_window_stats(item, key).reset_time - self._clock())


class RateLimit:
    """ASGI middleware: a budget for questions, one for changes, one for streams, each per address.

    This machine itself is not limited, unless a proxy stands in front: then every address counts as it is told.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings, rates: Rates) -> None:
        self._app = app
        self._settings = settings
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait = self._wait(scope) if scope["type"] == "http" else 0.0
        answer = _refusal(scope, math.ceil(wait)) if wait else self._app
        await answer(scope, receive, send)

    def _wait(self, scope: Scope) -> float:
        path: str = scope["path"]
        host = (scope.get("client") or ("", 0))[0]
        if path.startswith(_FREE) or (is_loopback(host) and not self._settings.behind_proxy):
            return 0.0
        kind, budget = self._budget(path, scope["method"])
        return self._rates.hit(f"{kind} {network_of(host)}", budget)

    def _budget(self, path: str, method: str) -> tuple[str, str]:
        if method not in _SAFE:
            return "changes", self._settings.rate_changes
        if path == _STREAM:
            return "streams", self._settings.rate_streams
        return "requests", self._settings.rate_requests


def network_of(host: str) -> str:
    """Who asks, as it is counted: an IPv4 address, or the /64 of an IPv6 one (a machine has a whole one to itself)."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if found.version == 4:
        return host
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


@lru_cache(maxsize=64)
def _parsed(budget: str) -> tuple[RateLimitItem, ...]:
    return tuple(parse_many(budget))


def _refusal(scope: Scope, seconds: int) -> Response:
    headers = {"Retry-After": str(seconds), "Cache-Control": "no-store"}
    wants_page = "text/html" in Headers(scope=scope).get("accept", "") and not scope["path"].startswith("/api/")
    if wants_page:
        return HTMLResponse(_PAGE.format(seconds=seconds), status_code=429, headers=headers)
    told = {"error": f"too many requests from this address: try again in {seconds} s", "retry_after_s": seconds}
    return JSONResponse(told, status_code=429, headers=headers)
