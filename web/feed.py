"""The Atom feed of our CAP messages (RFC 4287; pages by RFC 5005)."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode
from xml.etree import ElementTree

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from alerts.cap import clean
from alerts.out_feed import Listed, Page, read_feed
from alerts.out_messages import write_messages
from web.answers import ATOM as ATOM_TYPE
from web.answers import CAP, answers_text
from web.asked import Division, Level, check_division, entity_matches
from web.own_address import own_address
from web.parts import PartsOf
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api", tags=["alerts"])

ATOM = "http://www.w3.org/2005/Atom"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # of an empty feed: any time that stays


class FeedQuery(BaseModel):
    """What the feed is asked for."""

    model_config = ConfigDict(extra="forbid")

    division: Division = None
    level: Annotated[list[Level], Field(description="One or more levels; none: all.")] = []
    exercise: bool | None = Field(None, description="true: drills too; without it the server's setting decides.")
    before: int | None = Field(None, ge=1, le=2**63 - 1, description="From the feed's `next` link.")
    limit: int = Field(100, ge=1, le=200, description="Messages on a page.")


@dataclass(frozen=True, kw_only=True)
class _Addresses:
    """Where the feed and what it names can be fetched."""

    base: str  # without a slash at its end
    query: dict[str, str | list[str]]

    def page(self, before: int | None = None) -> str:
        query = {**self.query, **({} if before is None else {"before": str(before)})}
        return f"{self.base}/api/feed.atom" + (f"?{urlencode(query, doseq=True)}" if query else "")

    def message(self, one: Listed) -> str:
        return f"{self.base}/api/alerts/{one.alert_id}.cap?revision={one.revision}"


@router.get(
    "/feed.atom",
    response_class=Response,
    responses=answers_text(ATOM_TYPE, "The newest messages, a link to each.", kept=True),
    dependencies=[needs("alerts.read")],
)
def feed(
    request: Request,
    parts: PartsOf,
    view: ViewOf,
    asked: Annotated[FeedQuery, Query()],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The newest CAP messages as an Atom feed; ask again with If-None-Match."""
    exercises = parts.out.exercises if asked.exercise is None else asked.exercise
    with view.connection() as connection:
        check_division(connection, asked.division)
        page = read_feed(
            connection,
            lambda alerts: _write_down(view, alerts),
            division=asked.division,
            levels=list(asked.level) or None,
            exercises=exercises,
            before=asked.before,
            limit=asked.limit,
        )
    base = parts.out.url or own_address(request)
    query = asked.model_dump(exclude_defaults=True, exclude={"before"}, mode="json")
    addresses = _Addresses(base=base.rstrip("/"), query={name: _text(value) for name, value in query.items()})
    etag = _etag(page, addresses.page(asked.before))
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if entity_matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    body = feed_xml(page, addresses, asked.before, parts.out.sender_name)
    return Response(body, media_type=ATOM_TYPE, headers=headers)


def _write_down(view: View, alerts: Sequence[int]) -> None:
    parts = view.parts
    with view.acting() as connection:
        write_messages(connection, alerts, parts.rules.words(connection), parts.out)


def _text(value: object) -> str | list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _etag(page: Page, address: str) -> str:
    told = "\n".join([address, str(page.before), *(one.identifier for one in page.messages)])
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def feed_xml(page: Page, addresses: _Addresses, before: int | None, author: str) -> bytes:
    """The feed as an XML document."""
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": "zh-CN"})
    _put(root, "id", _lasting_id(addresses.page()))
    _put(root, "title", "监测告警 / Monitoring alerts")
    _put(root, "updated", _time(max((one.sent for one in page.messages), default=_NEVER)))
    _put(ElementTree.SubElement(root, "author"), "name", author)
    ElementTree.SubElement(root, "link", {"rel": "self", "href": addresses.page(before)})
    if page.before is not None:
        ElementTree.SubElement(root, "link", {"rel": "next", "href": addresses.page(page.before)})
    for one in page.messages:
        _put_entry(ElementTree.SubElement(root, "entry"), one, addresses.message(one))
    body: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return body


def _put_entry(entry: ElementTree.Element, one: Listed, address: str) -> None:
    _put(entry, "id", _lasting_id(one.identifier))
    _put(entry, "title", one.headline_zh)
    _put(entry, "updated", _time(one.sent))
    _put(entry, "published", _time(one.sent))
    _put(entry, "summary", one.headline_en)
    for scheme, term in (("level", one.level), ("msgType", one.msg_type)):
        ElementTree.SubElement(entry, "category", {"scheme": f"urn:shijing:{scheme}", "term": term})
    ElementTree.SubElement(entry, "link", {"rel": "alternate", "type": CAP, "href": address})


def _put(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = clean(text)


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")


def _lasting_id(name: str) -> str:
    """The same for the same name, for ever, whatever the address is."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"urn:shijing:{name}").urn
