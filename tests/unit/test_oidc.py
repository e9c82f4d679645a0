"""What a provider that lies, or is somebody else, is not believed. (An honest one: tests/browser.)"""

import base64
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from access.errors import ProviderRefused
from access.oidc import Provider
from config.access_settings import OidcSettings

NOW = datetime(2026, 7, 1, 4, 0, 0, tzinfo=UTC)
NONCE = "the nonce of this sign-in"


class Liar:
    """A server on loopback that answers discovery, keys and tokens as a test wants."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.document: dict[str, Any] = {}
        self.token = ""
        self.asked: list[str] = []
        self.redirects = False
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                liar.asked.append(self.path)
                keys = {"keys": [liar.key.as_dict(private=False)]}
                self._say(keys if self.path == "/keys" else liar.document)

            def do_POST(self) -> None:
                liar.asked.append(self.path)
                self.rfile.read(int(self.headers["Content-Length"]))
                if liar.redirects:
                    self.send_response(307)
                    self.send_header("Location", f"{liar.issuer}/elsewhere")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self._say({"access_token": "a", "token_type": "Bearer", "id_token": liar.token})

            def _say(self, value: object) -> None:
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def claims(self, **other: object) -> dict[str, Any]:
        at = int(NOW.timestamp())
        return {"iss": self.issuer, "sub": "wang", "aud": "us", "iat": at, "exp": at + 60, "nonce": NONCE} | other

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def ask(self) -> dict[str, Any]:
        provider = Provider(OidcSettings(issuer=self.issuer, client_id="us"))
        return provider.claims("code", nonce=NONCE, verifier="v" * 64, redirect_uri="http://us/back", now=NOW)


@pytest.fixture
def liar() -> Iterator[Liar]:
    found = Liar()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def test_what_is_signed_for_us_and_now_is_believed(liar: Liar) -> None:
    liar.token = liar.sign(liar.claims())
    assert liar.ask()["sub"] == "wang"


def _base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def _head(header: dict[str, str], liar: Liar) -> str:
    return ".".join(_base64(json.dumps(part).encode()) for part in (header, liar.claims()))


def _unsigned(liar: Liar) -> str:
    return _head({"alg": "none"}, liar) + "."


def _by_the_public_key(liar: Liar) -> str:
    """As if what everybody may know were a shared secret."""
    head = _head({"alg": "HS256", "kid": "one"}, liar)
    return f"{head}.{_base64(hmac.digest(liar.key.as_pem(private=False), head.encode(), 'sha256'))}"


def _by_another_key(liar: Liar) -> str:
    other = RSAKey.generate_key(2048, {"kid": "one"})
    return jwt.encode({"alg": "RS256", "kid": "one"}, liar.claims(), other)


def _changed(**other: object) -> Callable[[Liar], str]:
    return lambda liar: liar.sign({name: value for name, value in liar.claims(**other).items() if value is not None})


@pytest.mark.parametrize(
    "token",
    [
        _unsigned,
        _by_the_public_key,
        _by_another_key,
        _changed(iss="http://127.0.0.1:1"),
        _changed(aud="another client"),
        _changed(aud=["us", "another client"], azp="another client"),
        _changed(nonce="of another sign-in"),
        _changed(nonce=None),
        _changed(exp=int(NOW.timestamp()) - 31),
        _changed(exp=None),
        _changed(iat=int(NOW.timestamp()) + 3600),
        _changed(sub=None),
        _changed(sub=""),
        _changed(sub=7),
        _changed(sub="w" * 256),
        lambda liar: "no token",  # noqa: ARG005
    ],
)
def test_what_is_not_is_refused(liar: Liar, token: Callable[[Liar], str]) -> None:
    liar.token = token(liar)
    with pytest.raises(ProviderRefused):
        liar.ask()


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:1/x", "https://elsewhere.test/x", "file:///etc/passwd", None])
def test_nobody_but_the_issuer_is_asked(liar: Liar, endpoint: str, elsewhere: str | None) -> None:
    liar.document[endpoint] = elsewhere
    with pytest.raises(ProviderRefused, match=endpoint):
        liar.ask()
    assert liar.asked == ["/.well-known/openid-configuration"]


def test_a_redirect_of_the_token_endpoint_is_not_followed(liar: Liar) -> None:
    liar.redirects = True
    with pytest.raises(ProviderRefused):
        liar.ask()
    assert liar.asked == ["/.well-known/openid-configuration", "/token"]


def test_a_document_of_another_issuer_is_refused(liar: Liar) -> None:
    liar.document["issuer"] = "https://elsewhere.test"
    with pytest.raises(ProviderRefused, match="calls itself 'https://elsewhere"):
        liar.ask()


def test_an_answer_names_its_issuer_where_the_provider_always_does(liar: Liar) -> None:
    provider = Provider(OidcSettings(issuer=liar.issuer, client_id="us"))
    provider.check_issuer(None)
    provider.check_issuer(liar.issuer)
    with pytest.raises(ProviderRefused, match="elsewhere"):
        provider.check_issuer("https://elsewhere.test")
    liar.document["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(ProviderRefused, match="does not name"):
        Provider(OidcSettings(issuer=liar.issuer, client_id="us")).check_issuer(None)


def test_keys_that_the_provider_changed_are_read_again(liar: Liar) -> None:
    provider = Provider(OidcSettings(issuer=liar.issuer, client_id="us"))
    for kid in ("one", "two"):
        liar.key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})
        liar.token = jwt.encode({"alg": "RS256", "kid": kid}, liar.claims(), liar.key)
        said = provider.claims("code", nonce=NONCE, verifier="v" * 64, redirect_uri="http://us/back", now=NOW)
        assert said["sub"] == "wang"


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"issuer": "https://id.test"}, "CLIENT_ID is empty"),
        ({"issuer": "http://id.test", "client_id": "us"}, "speaks plain http"),
        ({"issuer": "https://id.test?x", "client_id": "us"}, "pattern"),
    ],
)
def test_settings_that_do_not_hold_together_are_refused(settings: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        OidcSettings(**settings)  # type: ignore[arg-type]
