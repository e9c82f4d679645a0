"""Who may change something over HTTP: until there is a sign-in, a person at this very machine.

A page of another site can make a browser send a request here, so a change also has to come from a page
of ours (Origin), be addressed to this machine by a name that is its own (Host, against names that are
made to point here), and be JSON, which no form can send.
"""

import ipaddress
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec
from fastapi import Depends, Request

from web.errors import AskedWrongError, BodyTooLargeError, ByHandRefusedError

BODY_AT_MOST = 2_000_000  # bytes
_SAFE_SITES = {"same-origin", "none"}

Value = TypeVar("Value")


def why_not(request: Request) -> str:
    """Why a request from there may change nothing; empty where it may."""
    client = request.client.host if request.client else ""
    if not _is_loopback(client) or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return "changes are taken on the server itself only, until there is a sign-in: open the page there"
    if not _is_loopback(urlsplit(f"//{request.headers.get('host', '')}").hostname or ""):
        return "the page was opened under another name than this machine's own: open it at 127.0.0.1"
    return ""


async def guarded_body(request: Request) -> bytes:
    """The body of a change; raises ByHandRefusedError, AskedWrongError or BodyTooLargeError."""
    if reason := why_not(request) or _foreign(request):
        raise ByHandRefusedError(reason)
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise AskedWrongError("the body has to be application/json")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_AT_MOST:
            raise BodyTooLargeError(f"the body is longer than {BODY_AT_MOST:,} bytes")
    return bytes(body)


Body = Annotated[bytes, Depends(guarded_body)]


def read_body(body: bytes, kind: type[Value]) -> Value:
    """The body as a `kind`; raises AskedWrongError with where it is wrong."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AskedWrongError(str(error)) from error


def _foreign(request: Request) -> str:
    """Browsers name the page that asks; a program without a page names none."""
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host')}":
        return "the request comes from a page of another site"
    if request.headers.get("sec-fetch-site", "none") not in _SAFE_SITES:
        return "the request comes from a page of another site"
    return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
