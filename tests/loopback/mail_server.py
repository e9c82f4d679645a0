"""A mail server on loopback (aiosmtpd): STARTTLS with a certificate of its own authority, names and passwords."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class MailServer:
    """What it took, and what it answers."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.sealed: list[bool] = []
        self.to_data = "250 taken"
        self.to_recipient = "250 OK"
        self.port = 0
        self.certificate = Path()

    async def handle_RCPT(self, *told: Any) -> str:  # noqa: N802
        _, _, envelope, address, _ = told
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.sealed.append(session.ssl is not None)
        if self.to_data == "nothing":
            server.transport.abort()
        elif self.to_data.startswith("250"):
            mail = message_from_bytes(content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.taken.append(mail)
        return self.to_data


def _knows(server: Any, session: Any, envelope: Any, mechanism: str, told: Any) -> AuthResult:
    right = isinstance(told, LoginPassword) and (told.login, told.password) == (b"shijing", b"right")
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_server(folder: Path, *, starttls: bool = True) -> Iterator[MailServer]:
    """One that is up for the length of the block."""
    server = MailServer()
    server.certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, key)
    told = {
        "tls_context": context if starttls else None,
        "require_starttls": starttls,
        "authenticator": _knows,
        "auth_required": starttls,
        "auth_require_tls": starttls,
    }
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    up = asyncio.run_coroutine_threadsafe(_serve(lambda: SMTP(server, loop=loop, **told)), loop).result()
    server.port = up.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(up), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(make: Callable[[], SMTP]) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)


async def _end(up: asyncio.Server) -> None:
    up.close()
    for one in asyncio.all_tasks() - {asyncio.current_task()}:
        one.cancel()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    paths = folder / "mail.pem", folder / "mail.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
