"""The plain listener beside TLS: whoever types http:// is led to https://, and gets nothing else."""

import asyncio
import re
import socket
from collections.abc import Sequence

_HEAD_AT_MOST = 8192
_WAIT_S = 5.0
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])")
_TARGET = re.compile(r"/[!-~]{0,2000}")  # no blank, no control character: it goes into a header

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>请使用 https</title></head>
<body><p>请使用 https 打开：<a href="{url}">{url}</a></p>
<p lang="en">Open it with https: <a href="{url}">{url}</a></p></body></html>
"""


async def start_redirect(listener: socket.socket, https_port: int, names: Sequence[str] = ()) -> asyncio.Server:
    """Answer on `listener`, until it is closed, with the way to the TLS port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_WAIT_S):
                writer.write(redirection(await reader.readuntil(b"\r\n\r\n"), https_port, names))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever does not finish asking gets no answer
        finally:
            writer.close()

    return await asyncio.start_server(answer, sock=listener, limit=_HEAD_AT_MOST)


def redirection(head: bytes, https_port: int, names: Sequence[str] = ()) -> bytes:
    """The answer to a request's head: 308 to the same place over https, 400 where it names none.

    `names`: of the certificate; whoever asks for another host is led to the first of them.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    hosts = [line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("host:")]
    host = re.sub(r":\d{1,5}$", "", hosts[0]) if len(hosts) == 1 else ""
    if len(words) != 3 or not _TARGET.fullmatch(words[1]) or not _HOST.fullmatch(host):
        return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    if names and host.strip("[]").lower() not in {name.lower() for name in names}:
        host = f"[{names[0]}]" if ":" in names[0] else names[0]
    port = "" if https_port == 443 else f":{https_port}"
    location = f"https://{host}{port}{words[1]}"
    safe = location.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
    page = _PAGE.format(url=safe).encode()
    headers = (
        f"HTTP/1.1 308 Permanent Redirect\r\nLocation: {location}\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
        f"Content-Length: {len(page)}\r\nConnection: close\r\n\r\n"
    )
    return headers.encode("latin-1") + (b"" if words[0] == "HEAD" else page)
