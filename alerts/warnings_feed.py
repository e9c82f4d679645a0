"""Feeds of official warnings: Atom or RSS whose entries link to CAP messages.

Nothing is asked of anyone but the addresses in SHIJING_WARNING_FEEDS, and links are followed to
their own hosts only, or to those in SHIJING_WARNING_FEED_HOSTS.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin, urlsplit

import urllib3
from psycopg.types.json import Jsonb

from alerts.errors import AlertsError
from alerts.warnings import WarningRefused
from alerts.warnings_alerts import Judging
from alerts.warnings_cover import QUERIES
from alerts.warnings_store import Origin, Outcome, receive
from alerts.warnings_xml import MOST_BYTES, Element, parse_xml
from config.database import Connection
from config.settings import WarningSettings

_ATOM = "{http://www.w3.org/2005/Atom}"
_CAP_TYPE = "application/cap+xml"
_MOST_LINKS = 500
_TIMEOUT = urllib3.Timeout(connect=5, read=15)


class FeedError(AlertsError):
    """A feed, or what it links to, could not be had: says which address, why, and how to mend it."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """An answer; `body` is None where nothing changed since the etag."""

    body: bytes | None
    etag: str


@dataclass(kw_only=True)
class Polled:
    """What a look at a feed brought."""

    outcomes: list[Outcome] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Fetcher:
    """HTTP GET with limits: no redirects, 1 MiB, 15 s for each read."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)

    def get(self, url: str, etag: str = "") -> Fetched:
        """The body of the address; raises FeedError."""
        headers = {"If-None-Match": etag} if etag else {}
        try:
            answer = self._pool.request("GET", url, headers=headers, redirect=False, preload_content=False)
            try:
                return self._read(url, answer)
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise FeedError(f"{url}: {error}: is the address right, and the server up?") from error

    def _read(self, url: str, answer: urllib3.BaseHTTPResponse) -> Fetched:
        if answer.status == 304:
            return Fetched(body=None, etag=str(answer.headers.get("ETag", "")))
        if answer.status != 200:
            moved = f" to {answer.headers['Location']}: name that address" if "Location" in answer.headers else ""
            raise FeedError(f"{url}: the server answers {answer.status}{moved}")
        body = answer.read(MOST_BYTES + 1, decode_content=True)
        if len(body) > MOST_BYTES:
            raise FeedError(f"{url}: more than {MOST_BYTES} bytes: ask for a feed of recent warnings only")
        return Fetched(body=body, etag=str(answer.headers.get("ETag", "")))


class FeedReader:
    """Takes what feeds list, over one connection; `get` fetches an address."""

    def __init__(
        self,
        connection: Connection,
        settings: WarningSettings,
        judging: Judging,
        get: Callable[..., Fetched],
        *,
        now: datetime | None = None,
    ) -> None:
        self._connection = connection
        self._hosts = settings.feed_hosts
        self._judging = judging
        self._get = get
        self._now = now

    def poll(self, url: str) -> Polled:
        """Ask a feed once, and take every message that it lists and that was not taken before, oldest first.

        What could not be fetched is asked for again by the next poll; what is refused is kept and not asked again.
        """
        row = self._connection.execute(QUERIES["feed"], {"url": url}).fetchone()
        etag, seen = row or ("", {})
        try:
            feed = self._get(url, etag)
            listed = seen if feed.body is None else links(feed.body, url)
        except (FeedError, WarningRefused) as error:
            self._connection.execute(QUERIES["note_feed_error"], {"url": url, "error": str(error)})
            return Polled(faults=[str(error)])
        polled = Polled()
        taken = {link: changed for link, changed in listed.items() if seen.get(link) == changed}
        for link, changed in reversed(listed.items()):
            if link not in taken and self._take(link, url, polled):
                taken[link] = changed
        noted = {
            "url": url,
            "etag": feed.etag if len(taken) == len(listed) else "",
            "seen": Jsonb(taken),
            "error": "; ".join(polled.faults)[:2000],
        }
        self._connection.execute(QUERIES["note_feed"], noted)
        return polled

    def _take(self, link: str, feed: str, polled: Polled) -> bool:
        where = urlsplit(link)
        if where.scheme not in ("http", "https") or where.netloc not in (urlsplit(feed).netloc, *self._hosts):
            mend = "add its host to SHIJING_WARNING_FEED_HOSTS if it is trusted"
            polled.faults.append(f"{feed} leads to {link[:200]}: {mend}")
            return False
        try:
            body = self._get(link).body or b""
        except FeedError as error:
            polled.faults.append(str(error))
            return False
        origin = Origin(source="feed", place=link)
        polled.outcomes.append(receive(self._connection, body, origin, self._judging, now=self._now))
        return True


def links(raw: bytes, base: str) -> dict[str, str]:
    """The links of a feed, in its order, with when each was last changed (as the feed writes it).

    Raises WarningRefused where it is neither Atom nor RSS, or lists too many.
    """
    root = parse_xml(raw, "feed")
    if root.tag == f"{_ATOM}feed":
        found = {_atom_link(entry): entry.findtext(f"{_ATOM}updated") or "" for entry in root.iter(f"{_ATOM}entry")}
    elif root.tag == "rss":
        found = {item.findtext("link") or "": item.findtext("pubDate") or "" for item in root.iter("item")}
    else:
        raise WarningRefused("feed", "line 1", f"the root is {str(root.tag)[:100]}", "name an Atom or RSS 2.0 feed")
    if len(found) > _MOST_LINKS:
        what = f"{len(found)} entries, at most {_MOST_LINKS} are read"
        raise WarningRefused("size", "feed", what, "ask for a feed of recent warnings only")
    return {urljoin(base, link.strip()): changed for link, changed in found.items() if link.strip()}


def _atom_link(entry: Element) -> str:
    """The link to the CAP message where one says so, else the entry's first."""
    given = [
        (link.get("type", ""), link.get("rel", "alternate"), link.get("href", ""))
        for link in entry.iter(f"{_ATOM}link")
    ]
    cap = [href for kind, _, href in given if kind == _CAP_TYPE]
    alternate = [href for _, rel, href in given if rel == "alternate"]
    return next(iter([*cap, *alternate]), "")
