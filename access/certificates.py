"""Certificates as they lie in a folder: read, described, their names checked."""

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from access.errors import AuthorityError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

AUTHORITY_KEY = "authority.key"
AUTHORITY = "authority.crt"
SERVER = "server.pem"  # key and certificate in one file, so that one replacement changes both
RENEW_DAYS = 30  # so long before its end a certificate is to be made anew
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What people want to know of a certificate."""

    path: Path
    subject: str
    names: tuple[str, ...]  # hosts and addresses it is for; of an authority: those it may sign
    begins: datetime
    ends: datetime
    fingerprint: str  # SHA-256, as phones and browsers show it

    def days_left(self, now: datetime) -> float:
        """Until its end; below nought where that is past."""
        return (self.ends - now).total_seconds() / 86_400


def read_certificate(path: Path) -> Certificate:
    """The certificate in a PEM file; raises AuthorityError where there is none that can be read."""
    found = load(path)
    return Certificate(
        path=path,
        subject=found.subject.rfc4514_string(),
        names=_names(found),
        begins=found.not_valid_before_utc,
        ends=found.not_valid_after_utc,
        fingerprint=found.fingerprint(SHA256()).hex(":").upper(),
    )


def load(path: Path) -> x509.Certificate:
    """The first certificate of a PEM file, as the library has it; raises AuthorityError."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise AuthorityError(f"{path} cannot be read ({error.strerror}): make it with shijing tls") from error
    except ValueError as error:
        raise AuthorityError(f"{path} holds no certificate: make it anew with shijing tls") from error


def permitted(authority: x509.Certificate) -> list[x509.GeneralName]:
    """What an authority may sign; empty: anything."""
    try:
        constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        return []
    return list(constraints.value.permitted_subtrees or ())


def host_name(name: str) -> str:
    """A host's name in lower case; raises AuthorityError for what is none."""
    plain = name.strip().lower().rstrip(".")
    if len(plain) > 253 or not all(_LABEL.fullmatch(label) for label in plain.split(".")):
        raise AuthorityError(f"{name!r} is no host name: write one such as shijing.lan (an address goes in --ip)")
    return plain


def address(text: str) -> Address:
    """An IP address; raises AuthorityError for what is none."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        raise AuthorityError(f"{text!r} is no IP address: write one such as 192.168.1.20") from None


def may_sign(allowed: list[x509.GeneralName], name: str | Address) -> bool:
    """Whether a name lies within the constraints."""
    if not allowed:
        return True
    if isinstance(name, str):
        suffixes = [one.value for one in allowed if isinstance(one, x509.DNSName)]
        return any(name == suffix or name.endswith(f".{suffix}") for suffix in suffixes)
    networks = [ipaddress.ip_network(one.value) for one in allowed if isinstance(one, x509.IPAddress)]
    return any(name in network for network in networks)


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        names: list[x509.GeneralName] = list(
            found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        )
    except x509.ExtensionNotFound:
        names = permitted(found)
    return tuple(str(name.value) for name in names)
