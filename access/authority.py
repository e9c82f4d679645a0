"""A certificate authority of one's own, for a network that no public one can reach into.

Made once, its certificate is put on the phones and desks; the server's certificate comes from it.
It may sign private addresses and a few local domains only: a stolen key does not open the rest of the web.
"""

import ipaddress
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from access.certificates import (
    AUTHORITY,
    AUTHORITY_KEY,
    SERVER,
    Address,
    Certificate,
    Network,
    address,
    host_name,
    load,
    may_sign,
    permitted,
    read_certificate,
)
from access.errors import AuthorityError
from access.private_files import replace_file

LOCAL_DOMAINS = ("lan", "local", "internal", "home.arpa", "localhost")
LOCAL_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128")
_AUTHORITY_DAYS = 3652
_SERVER_DAYS = 397  # browsers take no longer ones
_CLOCKS_APART = timedelta(days=1)  # a phone's clock may be behind ours


def make_authority(folder: Path, *, organisation: str, more: Sequence[str], now: datetime) -> Certificate:
    """Make key and certificate of an authority; `more` are domains and networks it may sign besides the local ones.

    Raises AuthorityError where there is one already, or where the folder lies in a clone.
    """
    _prepare(folder)
    for name in (AUTHORITY_KEY, AUTHORITY):
        if (folder / name).exists():
            raise AuthorityError(
                f"{folder / name} is there already, and phones trust it: use it, or name another folder with --folder"
            )
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _common_name(organisation))])
    builder = (
        _builder(subject, subject, key.public_key(), now, _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=_subtrees(more), excluded_subtrees=None), critical=True)
    )
    _write(folder / AUTHORITY_KEY, _pem(key))
    # Not a secret, and to be handed out; the folder keeps others out all the same.
    _write(folder / AUTHORITY, _text(builder.sign(key, SHA256())), mode=0o644)
    return read_certificate(folder / AUTHORITY)


def issue(
    folder: Path, *, hosts: Sequence[str], addresses: Sequence[str], now: datetime, file: str = SERVER
) -> Certificate:
    """Make a server's key and certificate, in one file; one that is there is replaced. Raises AuthorityError."""
    authority, key = load(folder / AUTHORITY), _authority_key(folder)
    names: list[str | Address] = [*map(host_name, hosts), *map(address, addresses)]
    _check(authority, names, now)
    server = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(names[0])[:64])])
    days = min(_SERVER_DAYS, (authority.not_valid_after_utc - now).days)
    signed = (
        _builder(subject, authority.subject, server.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    _write(folder / file, _pem(server) + _text(signed))
    return read_certificate(folder / file)


def _prepare(folder: Path) -> None:
    if any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        raise AuthorityError(f"{folder} lies in a clone, where a key is soon committed: name a folder outside of it")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise AuthorityError(f"the folder {folder} cannot be made: {error.strerror}") from error


def _common_name(organisation: str) -> str:
    name = f"{organisation} Shijing CA"
    if not organisation.strip() or len(name) > 64:
        raise AuthorityError(f"{organisation!r} cannot be the authority's name: give one of 1 to 53 characters")
    return name


def _check(authority: x509.Certificate, names: Sequence[str | Address], now: datetime) -> None:
    if not names:
        raise AuthorityError("a certificate is for a name or address: give --host NAME or --ip ADDRESS, or both")
    if (authority.not_valid_after_utc - now).days < 1:
        raise AuthorityError(
            f"the authority ended at {authority.not_valid_after_utc}: make another with shijing tls init"
        )
    allowed = permitted(authority)
    if foreign := [str(name) for name in names if not may_sign(allowed, name)]:
        told = ", ".join(str(one.value) for one in allowed)
        raise AuthorityError(
            f"{foreign[0]} is outside of what this authority may sign ({told}): choose a name within it, or make"
            " another authority with shijing tls init --permit and put that one on the phones"
        )


def _authority_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    path = folder / AUTHORITY_KEY
    try:
        if path.stat().st_mode & 0o077:
            raise AuthorityError(f"{path} can be read by others: chmod 600 {path}, and ask who has read it")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise AuthorityError(f"{path} cannot be read ({error.strerror}): bring the authority's key back") from error
    except (ValueError, TypeError) as error:
        raise AuthorityError(f"{path} holds no private key without a passphrase") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != load(folder / AUTHORITY).public_key():
        raise AuthorityError(f"{path} is not the key of {folder / AUTHORITY}: bring back the two that belong together")
    return key


def _subtrees(more: Sequence[str]) -> list[x509.GeneralName]:
    return [*map(_subtree, LOCAL_DOMAINS), *map(_subtree, LOCAL_NETWORKS), *map(_subtree, more)]


def _subtree(text: str) -> x509.GeneralName:
    try:
        network: Network = ipaddress.ip_network(text)
    except ValueError:
        return x509.DNSName(host_name(text))
    return x509.IPAddress(network)


def _general(name: str | Address) -> x509.GeneralName:
    return x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_APART)
        .not_valid_after(now - _CLOCKS_APART + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(*pem, serialization.NoEncryption()).decode()


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _write(path: Path, text: str, *, mode: int = 0o600) -> None:
    try:
        replace_file(path, text, mode=mode)
    except OSError as error:
        raise AuthorityError(f"{path} cannot be written: {os.strerror(error.errno or 0)}") from error
