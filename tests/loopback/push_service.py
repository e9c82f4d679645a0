"""A push service (RFC 8030) and the browser behind it: checks our signature (RFC 8292), decrypts (RFC 8291).

Written from the RFCs, without the library that encrypts: what both understand is the standard.
"""

import base64
import json
import os
import time
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from dispatch.notice import Subscription
from tests.loopback.listener import Asked, Said

_DAY_S = 86_400
_MOST_BYTES = 4096


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class Browser:
    """Keys of its own, and what it was sent."""

    def __init__(self, key: EllipticCurvePrivateKey | None = None, auth: bytes | None = None) -> None:
        self._key = key or generate_private_key(SECP256R1())
        self._auth = auth or os.urandom(16)
        self.path = f"/push/{uuid4().hex}"
        self.messages: list[dict[str, Any]] = []
        self.id = uuid4()

    def subscription(self, url: str) -> Subscription:
        return Subscription(id=self.id, endpoint=url + self.path, p256dh=b64(point(self._key)), auth=b64(self._auth))

    def decrypt(self, body: bytes) -> bytes:
        """RFC 8188, section 2.1, and RFC 8291, section 3.4; one record."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= size
        theirs = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), sender)
        secret = self._key.exchange(ECDH(), theirs)
        info = b"WebPush: info\x00" + point(self._key) + sender
        ikm = HKDF(algorithm=SHA256(), length=32, salt=self._auth, info=info).derive(secret)
        content = HKDF(algorithm=SHA256(), length=16, salt=salt, info=b"Content-Encoding: aes128gcm\x00").derive(ikm)
        nonce = HKDF(algorithm=SHA256(), length=12, salt=salt, info=b"Content-Encoding: nonce\x00").derive(ikm)
        text, mark = AESGCM(content).decrypt(nonce, record, None).rstrip(b"\x00"), b"\x02"
        assert text.endswith(mark)
        return text[:-1]


class PushService:
    """Takes messages for its browsers, from whom they subscribed with."""

    def __init__(self, server_key: str) -> None:
        self.url = ""  # known once it listens
        self._server_key = server_key  # applicationServerKey, base64url
        self.browsers: dict[str, Browser] = {}
        self.gone: set[UUID] = set()

    def subscribe(self) -> Browser:
        browser = Browser()
        self.browsers[browser.path] = browser
        return browser

    def answer(self, asked: Asked) -> Said:
        """RFC 8030, section 5: 201 and where the message is."""
        browser = self.browsers.get(asked.path)
        if browser is None:
            return Said(status=404)
        if browser.id in self.gone:
            return Said(status=410)
        if not asked.headers.get("ttl", "").isdigit():
            return Said(status=400)
        if not self._signed(asked.headers.get("authorization", "")):
            return Said(status=403)
        if len(asked.body) > _MOST_BYTES:
            return Said(status=413)
        assert asked.headers["content-encoding"] == "aes128gcm"
        assert len(asked.headers["topic"]) <= 32
        browser.messages.append(json.loads(browser.decrypt(asked.body)))
        return Said(status=201, headers={"location": f"{self.url}/message/{len(browser.messages)}"})

    def _signed(self, authorization: str) -> bool:
        scheme, _, told = authorization.partition(" ")
        parts = dict(one.strip().split("=", 1) for one in told.split(",")) if scheme == "vapid" else {}
        if parts.get("k") != self._server_key:
            return False
        raw = unb64(parts["k"])
        key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": b64(raw[1:33]), "y": b64(raw[33:])})
        claims = jwt.decode(parts["t"], key, algorithms=["ES256"]).claims
        fresh = time.time() < claims["exp"] <= time.time() + _DAY_S
        return bool(claims["aud"] == self.url and claims["sub"].startswith("mailto:") and fresh)
