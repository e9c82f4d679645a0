"""Addresses that browsers give for web push: they may name any machine, so only services that are listed are asked."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from urllib.parse import SplitResult, urlsplit

from config.listeners import is_loopback


def is_sealed_line(endpoint: str) -> bool:
    """Whether nobody between can see who asks: https, or this very machine."""
    parts = urlsplit(endpoint)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(_host(parts))))


def is_listed(endpoint: str, hosts: Sequence[str]) -> bool:
    """Whether it is at a push service of the list (SHIJING_PUSH_HOSTS), such as *.push.apple.com."""
    host = _host(urlsplit(endpoint))
    return any(fnmatchcase(host, one.lower()) for one in hosts)


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").lower()
