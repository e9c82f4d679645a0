"""What is handed out once and kept as a hash only: session tokens, one-time links, API tokens.

256 random bits need no slow hash: nobody can try them all.
"""

import hashlib
import hmac
import secrets

_PREFIX = "sj_"  # of API tokens: found by scanners where one was published by mistake


def new_secret() -> str:
    """43 characters that nobody can guess."""
    return secrets.token_urlsafe(32)


def new_api_token() -> str:
    """The same for programs, recognisable."""
    return _PREFIX + new_secret()


def fingerprint(secret: str) -> bytes:
    """What is stored of it."""
    return hashlib.sha256(secret.encode()).digest()


def csrf_of(secret: str) -> str:
    """The token that pages of a session send with every change: it tells nothing of the session's own."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Equal, told in a time that says nothing."""
    return hmac.compare_digest(one.encode(), other.encode())
