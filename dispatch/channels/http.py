"""One POST, and what its answer means to a channel. No address is told: that of a robot is a key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError, SSLError
from urllib3.exceptions import ProtocolError as BrokenOff

from dispatch.errors import Final, Passing

_MOST_BYTES = 65_536  # of an answer
_REDIRECT, _FAULT = 300, 500
_LATER = {408, 425, 429}
_LONGEST_PAUSE_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    body: bytes
    retry_after: str

    @property
    def json(self) -> dict[str, Any]:
        """Its JSON object; empty where it is none."""
        try:
            told = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return told if isinstance(told, dict) else {}


def json_body(value: Any) -> bytes:
    """As JSON in UTF-8."""
    return orjson.dumps(value)


class Poster:
    """Asks one channel's servers; connections are kept and may be used by several threads at once."""

    def __init__(self, whom: str, *, timeout_s: float) -> None:
        self._whom = whom  # for what is raised
        self._pool = urllib3.PoolManager(timeout=timeout_s, retries=False, maxsize=8)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """POST, never following a redirect: what is sent goes where it was told to.

        Raises Passing where nothing came back. Where it was sent by then, perhaps it was taken: that is `unsure`.
        """
        try:
            answer = self._pool.request(
                "POST", url, body=body, headers=dict(headers), redirect=False, preload_content=False
            )
            told = answer.read(_MOST_BYTES, decode_content=True)
            answer.release_conn()
        except (ReadTimeoutError, BrokenOff) as error:
            raise Passing(f"{self._whom} did not answer ({_kind(error)})", unsure=True) from None
        except SSLError:
            raise Passing(f"{self._whom} has no certificate that is trusted here") from None
        except NewConnectionError:
            raise Passing(f"{self._whom} cannot be reached") from None
        except (HTTPError, OSError) as error:
            raise Passing(f"{self._whom} cannot be reached ({_kind(error)})") from None
        return Reply(status=answer.status, body=told, retry_after=answer.headers.get("retry-after", ""))

    def taken(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The same; raises Passing or Final for an answer that is no success."""
        reply = self.post(url, body, headers)
        check_status(self._whom, reply)
        return reply


def check_status(whom: str, reply: Reply) -> None:
    """Raise Passing or Final for what is no success."""
    if reply.status < _REDIRECT:
        return
    text = f"{whom} answered {reply.status}"
    if reply.status in _LATER or reply.status >= _FAULT:
        raise Passing(text, pause_s=_pause_s(reply.retry_after))
    raise Final(text)


def _pause_s(told: str) -> float | None:
    """Retry-After: seconds or a date."""
    if told.isascii() and told.isdigit():
        return min(float(told), _LONGEST_PAUSE_S)
    try:
        until = parsedate_to_datetime(told)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_PAUSE_S)


def _kind(error: Exception) -> str:
    return type(error).__name__
