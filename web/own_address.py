"""Where links that leave begin: with an address of ours, whatever a request says that it was addressed to."""

import logging
import re
import socket
from urllib.parse import urlsplit

from fastapi import Request

from web.parts import parts_of

log = logging.getLogger(__name__)

_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def own_address(request: Request) -> str:
    """`scheme://host[:port]`, without a slash at its end.

    As the request was addressed where that is an address of the connection, this machine's name, one of the
    certificate or the one of SHIJING_OUT_URL; else SHIJING_OUT_URL, or the address of the connection.
    """
    told_host = request.headers.get("host", "")
    named = _HOST.fullmatch(told_host)
    if named is not None and _is_ours(request, named[1].strip("[]").lower()):
        return f"{request.scope['scheme']}://{told_host}"
    if url := parts_of(request).out.url:
        return "{0.scheme}://{0.netloc}".format(urlsplit(url))
    host, port = request.scope["server"]
    log.warning("asked as %.100r, which is no name of this server: set SHIJING_OUT_URL if it is", told_host)
    return f"{request.scope['scheme']}://{f'[{host}]' if ':' in host else host}:{port}"


def _is_ours(request: Request, host: str) -> bool:
    parts = parts_of(request)
    own = {request.scope["server"][0], socket.gethostname().lower(), urlsplit(parts.out.url).hostname}
    if parts.certificate is not None:
        own |= {name.lower() for name in parts.certificate.told.names}
    return host in own | (_LOOPBACK if own & _LOOPBACK else set())
