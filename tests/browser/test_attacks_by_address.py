"""Attacks by what an address, a method or a host says: paths, methods, foreign hosts, ways on after the sign-in."""

import re
import socket
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import Request

from access import passwords
from access.accounts import add_account, lock
from config.settings import OutSettings, WebSettings
from tests.browser.accounts import ROLES, SignedIn, signed_in
from tests.browser.conftest import Running, Serve
from tests.browser.signing import new_clock
from tests.browser.walk import WALKS, Ground
from web.app import create_app
from web.oidc_sign_in import _back
from web.own_address import own_address
from web.viewing import api_routes, declared

PASSWORD = "four unlikely words together"


@pytest.fixture
def boss(ground: Ground, running: Running) -> SignedIn:
    return signed_in(ground.connection, "boss", [(role, None) for role in ROLES])


PATHS = (
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fpyproject.toml",
    "....//....//pyproject.toml",
    "..%5c..%5cpyproject.toml",
    "%252e%252e%252fpyproject.toml",
    "/etc/passwd",
    "%00",
    "townships.geojson%00.cap",
    "..;/pyproject.toml",
    "file:///etc/passwd",
)


def raw_get(running: Running, path: str, headers: dict[str, str]) -> bytes:
    """The answer to a path that no client would send as it stands."""
    lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *(f"{n}: {v}" for n, v in headers.items())]
    with socket.create_connection(("127.0.0.1", int(running.url.rsplit(":", 1)[1].strip("/"))), 20) as raw:
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        return b"".join(iter(lambda: raw.recv(65536), b""))


def test_no_part_of_an_address_leads_to_a_file(running: Running, boss: SignedIn) -> None:
    """Every place that an address leaves open, of every route, and what a download is asked by."""
    app = create_app(WebSettings(), "postgresql:///nothing")
    places = [route.path_format for route in api_routes(app) if "{" in route.path and "GET" in (route.methods or ())]
    opened = [re.sub(r"{\w+}", "{}", path) for path in places] + ["/built/{}", "/static/{}", "/vendor/{}"]
    opened += ["/api/layers/{}", "/audit/acts.csv?act={}", "/api/feed.atom?division={}", "/backtest?file={}", "/{}"]
    assert len(opened) > 12
    for path in opened:
        for one in PATHS:
            told = raw_get(running, path.replace("{}", one), boss.headers)
            status = int(told.split(b" ", 2)[1])
            assert status in (400, 401, 404, 422), (path, one)
            assert b"root:" not in told, (path, one)
            assert b"[project]" not in told, (path, one)


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


def test_no_method_is_another_one(client: httpx.Client, ground: Ground, boss: SignedIn) -> None:
    alert = ground.alert(own=True)
    for name in OVERRIDES:
        for override in ("POST", "DELETE", "PUT"):
            told = client.get(f"/api/alerts/{alert}", headers=boss.headers | {name: override})
            assert told.status_code == 200
            assert client.get(f"/api/alerts/{alert}/ack", headers=boss.headers | {name: override}).status_code == 405
            told = client.get(f"/api/alerts/{alert}/ack?_method={override}", headers=boss.headers)
            assert told.status_code == 405
        told = client.post(
            f"/api/alerts/{alert}/ack", json={}, headers=boss.headers | {"X-CSRF-Token": "", name: "GET"}
        )
        assert told.status_code == 403, "a change is not let in as what it says that it is"
    state = ground.connection.execute("select state from alerts where id = %s", (alert,)).fetchone()
    assert state == ("open",)


def test_other_methods_are_refused_everywhere(client: httpx.Client, ground: Ground, boss: SignedIn) -> None:
    known = {(one.method, one.path) for one in declared(create_app(WebSettings(), "postgresql:///nothing"))}
    for (_, path), walked in WALKS.items():
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "HEAD", "PROPFIND"):
            if (method, path) not in known and not path.endswith("/*"):
                told = client.request(method, walked.step(ground, True).path, headers=boss.headers)
                assert told.status_code == 405, (method, path)
                assert method == "HEAD" or set(told.json()) == {"error"}


FOREIGN = ("elsewhere.example", "elsewhere.example:443", "127.0.0.1.elsewhere.example", "6.6.6.6", "a@b", "[::", "")


def test_no_link_begins_with_a_foreign_host(client: httpx.Client, ground: Ground, boss: SignedIn) -> None:
    account = ground.account(own=True)
    ground.alert(own=True)
    for host in FOREIGN:
        headers = boss.headers | {
            "Host": host, "X-Forwarded-Host": "elsewhere.example", "X-Forwarded-Proto": "https",
            "Forwarded": "host=elsewhere.example", "X-Original-URL": "http://elsewhere.example/",
        }  # fmt: skip
        for path in (
            "/",
            "/api/feed.atom",
            "/api/alerts?limit=1",
            "/sign-in",
            "/accounts",
            "/api/warnings/",
            "/static",
        ):
            told = client.get(path, headers=headers)
            said = told.text + str(told.headers.multi_items())
            assert not re.search(r"elsewhere\.example|6\.6\.6\.6", said), (host, path)
        told = client.post(f"/accounts/{account}/link", headers=headers)
        assert told.status_code == 200
        (link,) = re.findall(r"http[^\"<]*/link/[^\"<]*", told.text)[:1]
        assert link.startswith(str(client.base_url)), (host, link)


def asked_as(host: str, url: str = "", names: tuple[str, ...] = ()) -> Request:
    certificate = SimpleNamespace(told=SimpleNamespace(names=names)) if names else None
    parts = SimpleNamespace(out=OutSettings(url=url), certificate=certificate)
    app = SimpleNamespace(state=SimpleNamespace(parts=parts))
    scope: dict[str, Any] = {
        "type": "http", "scheme": "https", "path": "/", "query_string": b"", "server": ("10.0.0.5", 8443),
        "headers": [(b"host", host.encode())], "app": app,
    }  # fmt: skip
    return Request(scope)


def test_a_name_is_ours_by_the_certificate_by_the_settings_or_by_the_connection() -> None:
    names = ("screen.lan",)
    assert own_address(asked_as("10.0.0.5:8443")) == "https://10.0.0.5:8443"
    assert own_address(asked_as("screen.lan:8443", names=names)) == "https://screen.lan:8443"
    assert own_address(asked_as("Screen.LAN", names=names)) == "https://Screen.LAN"
    assert own_address(asked_as("map.town.cn", url="https://map.town.cn/x")) == "https://map.town.cn"
    for host in (*FOREIGN[:-2], "localhost", "screen.lan.elsewhere.example"):
        assert own_address(asked_as(host, names=names)) == "https://10.0.0.5:8443", host
        assert own_address(asked_as(host, url="https://map.town.cn/x")) == "https://map.town.cn", host
    assert _back(asked_as("elsewhere.example")) == "https://10.0.0.5:8443/sign-in/oidc/back"


ONWARD = (
    "https://elsewhere.example",
    "//elsewhere.example",
    "/\\elsewhere.example",
    "\\/elsewhere.example",
    "///elsewhere.example",
    "/%0d%0aLocation:%20//elsewhere.example",
    "/\r\nLocation: https://elsewhere.example",
    "/\t/elsewhere.example",
    "javascript:alert(1)",
    "http:elsewhere.example",
    "elsewhere.example",
    " //elsewhere.example",
    "/\u2028/elsewhere.example",
    "/.//elsewhere.example",
    "@elsewhere.example",
    "/;@elsewhere.example",
)


def test_the_way_on_stays_here(client: httpx.Client, ground: Ground, boss: SignedIn) -> None:
    add_account(ground.connection, "somebody", password=PASSWORD)
    for onward in ONWARD:
        told = [
            client.post("/sign-in", data={"name": "somebody", "password": PASSWORD, "next": onward}),
            client.get("/sign-in", params={"next": onward}, headers=boss.headers),
        ]
        for one in told:
            assert one.status_code == 303
            (location,) = one.headers.get_list("location")
            there = httpx.URL(str(client.base_url)).join(location)
            assert (there.host, there.port) == (client.base_url.host, client.base_url.port), (onward, location)
            assert location.startswith("/") and not location.startswith(("//", "/\\")), (onward, location)
        client.cookies.clear()


class Counting:
    """The hasher, and what it was asked to verify."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self.verified: list[str] = []

    def verify(self, stored: str, password: str) -> bool:
        self.verified.append(stored.rsplit("$", 2)[0])  # kind, version and parameters: all that the time depends on
        return self._hasher.verify(stored, password)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hasher, name)


def test_a_name_that_nobody_has_is_as_much_work_as_one_that_somebody_has(
    database_url: str, ground: Ground, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: of whatever name, one verification with the same parameters."""
    counting = Counting(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", counting)
    clock = new_clock()
    running = serve(database_url, clock=clock)
    add_account(ground.connection, "somebody", password=PASSWORD)
    add_account(ground.connection, "linked")  # without a password
    lock(ground.connection, add_account(ground.connection, "locked", password=PASSWORD), now=clock())
    work: dict[str, list[str]] = {}
    with httpx.Client(base_url=running.url, timeout=30) as client:
        for name in ("somebody", "nobody", "linked", "locked"):
            for tried in range(7):  # from the fifth on they have to wait
                counting.verified.clear()
                told = client.post("/sign-in", data={"name": name, "password": "wrong wrong wrong"})
                assert told.status_code == (401 if tried < 4 else 429)
                work.setdefault(name, []).extend(counting.verified)
    assert len(work["somebody"]) == 7
    assert {name: done == work["somebody"] for name, done in work.items()} == dict.fromkeys(work, True)
