"""Feeds of official warnings, from a server on loopback: taken once, asked again when something failed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pydantic
import pytest

from alerts.warnings_alerts import Judging
from alerts.warnings_feed import FeedReader, Fetcher, Polled, links
from alerts.warnings_list import listing, refused
from config.database import Connection
from config.settings import WarningSettings
from tests.database.warning_messages import cap, info

NOW = datetime(2020, 8, 18, 5, tzinfo=UTC)
NOBODY = Judging(rules=[], plans=[])
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><title>预警</title>{}</feed>'
ENTRY = (
    '<entry><id>{0}</id><updated>{1}</updated><link href="http://127.0.0.1:9/page" rel="related"/>'
    '<link type="application/cap+xml" href="{0}"/></entry>'
)
RSS = '<rss version="2.0"><channel>{}</channel></rss>'


class Site:
    """Pages by path, an etag for each content, and what was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.address = ""

    def feed(self, *paths: str, changed: str = "1") -> None:
        self.pages["/feed"] = ATOM.format("".join(ENTRY.format(path, changed) for path in paths)).encode()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append((handler.path, handler.headers.get("If-None-Match", "")))
        body = self.pages.get(handler.path)
        if handler.path == "/moved":
            handler.send_response(302)
            handler.send_header("Location", "http://elsewhere.invalid/")
            body = b""
        elif body is None:
            handler.send_response(500)
            body = b""
        elif handler.headers.get("If-None-Match") == f'"{hash(body)}"':
            handler.send_response(304)
            body = b""
        else:
            handler.send_response(200)
            handler.send_header("ETag", f'"{hash(body)}"')
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@contextmanager
def serving(site: Site) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.answer(self)

        def log_message(self, *args: object) -> None:
            """The test tells what was asked."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    with serving(made):
        yield made


def poll(connection: Connection, site: Site, path: str = "/feed", **settings: list[str]) -> Polled:
    reader = FeedReader(connection, WarningSettings(**settings), NOBODY, Fetcher().get, now=NOW)
    return reader.poll(site.address + path)


def state(connection: Connection) -> tuple[bool, str]:
    row = connection.execute("select etag <> '', error from warning_feeds").fetchone()
    assert row is not None
    return row[0], row[1]


def test_every_message_is_taken_once_oldest_first(connection: Connection, site: Site) -> None:
    site.pages |= {"/two": cap("two", info()), "/one": cap("one", info())}
    site.feed("/two", "/one")
    assert [outcome.identifier for outcome in poll(connection, site).outcomes] == ["one", "two"]
    assert poll(connection, site).outcomes == []
    assert [path for path, _ in site.asked] == ["/feed", "/one", "/two", "/feed"]
    assert site.asked[-1][1] != ""  # asked with the etag, answered 304
    assert listing(connection, at=NOW)[0]["origin"] == f"{site.address}/two"


def test_a_new_entry_is_taken_and_the_known_ones_are_not_asked_again(connection: Connection, site: Site) -> None:
    site.pages |= {"/two": cap("two", info()), "/one": cap("one", info())}
    site.feed("/one")
    poll(connection, site)
    site.feed("/two", "/one")
    assert [outcome.identifier for outcome in poll(connection, site).outcomes] == ["two"]
    site.feed("/two", "/one", changed="2")
    assert [outcome.state for outcome in poll(connection, site).outcomes] == ["repeat", "repeat"]


def test_what_could_not_be_fetched_is_asked_for_again(connection: Connection, site: Site) -> None:
    site.pages["/one"] = cap("one", info())
    site.feed("/two", "/one")
    first = poll(connection, site)
    assert [outcome.identifier for outcome in first.outcomes] == ["one"]
    assert first.faults == [f"{site.address}/two: the server answers 500"]
    assert state(connection) == (False, first.faults[0])
    site.pages["/two"] = cap("two", info())
    assert [outcome.identifier for outcome in poll(connection, site).outcomes] == ["two"]
    assert state(connection) == (True, "")


def test_what_is_refused_is_kept_and_not_asked_again(connection: Connection, site: Site) -> None:
    site.pages |= {"/bad": b"<alert>", "/one": cap("one", info())}
    site.feed("/bad", "/one")
    assert [outcome.state for outcome in poll(connection, site).outcomes] == ["stored", "refused"]
    assert [row["origin"] for row in refused(connection)] == [f"{site.address}/bad"]
    poll(connection, site)
    assert [path for path, _ in site.asked].count("/bad") == 1


def test_links_to_other_hosts_are_followed_only_where_they_are_named(connection: Connection, site: Site) -> None:
    other = Site()
    with serving(other):
        other.pages["/one"] = cap("one", info())
        site.feed(f"{other.address}/one", "file:///etc/passwd")
        refused_links = poll(connection, site)
        assert refused_links.outcomes == [] and other.asked == []
        assert all("SHIJING_WARNING_FEED_HOSTS" in fault for fault in refused_links.faults)
        allowed = poll(connection, site, feed_hosts=[other.address.removeprefix("http://")])
        assert [outcome.identifier for outcome in allowed.outcomes] == ["one"]


@pytest.mark.parametrize(
    ("path", "page", "said"),
    [
        ("/moved", None, "answers 302 to http://elsewhere.invalid/: name that address"),
        ("/gone", None, "the server answers 500"),
        ("/html", b"<html><p>no</html>", "line 1"),
        ("/odd", b"<odd/>", "name an Atom or RSS 2.0 feed"),
        ("/large", b" " * 1_048_577, "more than 1048576 bytes"),
    ],
)
def test_a_feed_that_cannot_be_read_says_why(
    connection: Connection, site: Site, path: str, page: bytes | None, said: str
) -> None:
    if page is not None:
        site.pages[path] = page
    (fault,) = poll(connection, site, path).faults
    assert said in fault
    assert state(connection) == (False, fault)


def test_a_server_that_is_not_there_is_a_fault_like_any_other(connection: Connection) -> None:
    site = Site()
    with serving(site):
        pass
    assert "is the address right" in poll(connection, site).faults[0]


def test_rss_too() -> None:
    items = "<item><link>/one</link><pubDate>Tue</pubDate></item><item><title>no link</title></item>"
    assert links(RSS.format(items).encode(), "http://a/feed") == {"http://a/one": "Tue"}


def test_nothing_is_asked_of_anyone_unless_it_is_named() -> None:
    assert WarningSettings().feeds == []


def test_a_feed_is_an_http_address() -> None:
    with pytest.raises(pydantic.ValidationError, match="no http or https address"):
        WarningSettings(feeds=["file:///etc/passwd"])
