"""Bodies of changes: JSON, which no form of another site can send, of a bounded length, and as they were described."""

from typing import Annotated, TypeVar

import msgspec
from fastapi import Depends, Request

from web.errors import AskedWrongError, BodyTooLargeError, MediaTypeError

BODY_AT_MOST = 2_000_000  # bytes

Value = TypeVar("Value")


async def json_body(request: Request) -> bytes:
    """The body of a change; raises MediaTypeError or BodyTooLargeError."""
    return await read_json(request, BODY_AT_MOST)


async def read_json(request: Request, most: int, kinds: tuple[str, ...] = ("application/json",)) -> bytes:
    """The same of at most so many bytes, and of one of the media types."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() not in kinds:
        raise MediaTypeError(f"the body has to be {' or '.join(kinds)}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise BodyTooLargeError(f"the body is longer than {most:,} bytes")
    return bytes(body)


Body = Annotated[bytes, Depends(json_body)]


def read_body(body: bytes, kind: type[Value]) -> Value:
    """The body as a `kind`; raises AskedWrongError with where it is wrong."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AskedWrongError(str(error)) from error
