"""Links of the OGC API: everything is found from the landing page."""

from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from web.own_address import own_address

AT = "/ogc"
JSON, HTML, SCHEMA = "application/json", "text/html", "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"

Link = dict[str, Any]


def base_of(request: Request) -> str:
    """Where the API begins, without a slash at its end."""
    return f"{own_address(request)}{AT}"


def link(href: str, relation: str, kind: str, title: str = "") -> Link:
    """One link; `title` in words, where there is something to say."""
    told = {"href": href, "rel": relation, "type": kind}
    return {**told, "title": title} if title else told


def ogc(name: str) -> str:
    """A relation that OGC has defined."""
    return _RELATION + name


def self_links(request: Request, kind: str) -> list[Link]:
    """To this document, and to the same for people."""
    here = f"{own_address(request)}{request.url.path}"
    told = [(name, value) for name, value in request.query_params.multi_items() if name != "f"]
    own = urlencode([*told, ("f", "json")])
    return [
        link(f"{here}?{own}", "self", kind, "This document"),
        link(f"{here}?{urlencode([*told, ('f', 'html')])}", "alternate", HTML, "This document as a page"),
    ]
