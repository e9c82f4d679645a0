"""Passwords: Argon2id hashes, and what a new one must be (NIST SP 800-63B: length and not a common one, no more)."""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from access.errors import AccountRefused

SHORTEST, LONGEST = 10, 200
# The beginnings of those that are tried first: repeated characters, runs and words of the trade are refused, too.
_COMMON = ("password", "passw0rd", "admin", "administrator", "qwerty", "shijing", "chongqing", "letmein", "welcome")
_RUNS = (
    "0123456789012345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv",
)

# Each takes 64 MiB and four threads: a flood of sign-ins must not take the machine from those who are in.
_AT_ONCE = threading.BoundedSemaphore(2)
_hasher = PasswordHasher()  # RFC 9106, second recommended option: 64 MiB, 3 passes, 4 lanes
# What is verified for a name that there is not, so that the answer takes as long.
_NOBODY = _hasher.hash("a password that no account has")


def hashed(password: str, name: str = "") -> str:
    """The hash to store; raises AccountRefused for a password that is too easy to guess."""
    text = _normal(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise AccountRefused(
            f"a password has {SHORTEST} to {LONGEST} characters, this one has {len(text)}",
            f"密码须有 {SHORTEST} 至 {LONGEST} 个字符，现有 {len(text)} 个。",
        )
    if _is_easy(text.lower(), name.lower()):
        raise AccountRefused(
            "the password is easy to guess: take several words that do not belong together",
            "密码容易被猜中，请用几个互不相关的词组成。",
        )
    return _hasher.hash(text)


def rehashed(password: str) -> str:
    """The hash of a password that is in use already: what a new one must be is not asked of it."""
    return _hasher.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether it is the password; takes as long for an account without one."""
    try:
        with _AT_ONCE:
            return _hasher.verify(stored or _NOBODY, _normal(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than those of now."""
    return _hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    """The same characters however the keyboard composes them."""
    return unicodedata.normalize("NFKC", password)


def _is_easy(text: str, name: str) -> bool:
    core = text.strip("0123456789!@#$%^&*._- ")
    return (
        len(set(text)) < 5
        or core in _COMMON
        or (len(name) >= 3 and name in text)
        or any(text in run or text[::-1] in run for run in _RUNS)
    )
