"""Single sign-on: the authorization code flow of OpenID Connect with PKCE, against the one issuer that is configured.

Discovery, token endpoint and keys are asked of the issuer's own origin and no other, without following redirects.
"""

import json
import secrets
import threading
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from access.errors import ProviderRefused
from config.access_settings import OidcSettings

_WAIT_S = 5.0
_ANSWER_AT_MOST = 1_000_000  # bytes
_LEEWAY_S = 30
_SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def subject_of(issuer: str, subject: str) -> str:
    """How an account is linked: a subject says nothing without its issuer."""
    return f"{issuer} {subject}"


def new_verifier() -> str:
    """The secret of PKCE (RFC 7636): 64 characters."""
    return secrets.token_urlsafe(48)


class Provider:
    """The configured provider; its document and keys are read at the first use, and kept."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._secret = settings.client_secret.get_secret_value()
        self._lock = threading.Lock()
        self._document: dict[str, Any] | None = None
        self._keys: KeySet | None = None

    def address(self, *, state: str, nonce: str, verifier: str, redirect_uri: str) -> str:
        """Where the browser is sent; raises ProviderRefused."""
        with self._session(redirect_uri) as session:
            address, _ = session.create_authorization_url(
                self._read_document()["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        return str(address)

    def claims(self, code: str, *, nonce: str, verifier: str, redirect_uri: str, now: datetime) -> dict[str, Any]:
        """What the provider says of whoever came back with that code; raises ProviderRefused.

        The ID token is taken only when it is signed by a key of the issuer, meant for us, for this sign-in, and now.
        """
        with self._session(redirect_uri) as session:
            try:
                token = session.fetch_token(
                    self._read_document()["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    timeout=_WAIT_S,
                    allow_redirects=False,
                )
            except (AuthlibBaseError, requests.RequestException, ValueError) as error:
                raise ProviderRefused(f"the provider gives no token for the code: {error}") from error
        if not isinstance(token, dict) or not isinstance(token.get("id_token"), str):
            raise ProviderRefused("the provider answers without an ID token: is `openid` among the client's scopes?")
        return self._checked(token, nonce, now)

    def check_issuer(self, issuer: str | None) -> None:
        """What came back names who sent it (RFC 9207); raises ProviderRefused where that is another one."""
        document = self._read_document()
        if issuer is None and document.get("authorization_response_iss_parameter_supported") is True:
            raise ProviderRefused("the answer does not name its issuer, which this provider always does")
        if issuer is not None and issuer != self.settings.issuer:
            raise ProviderRefused(f"the answer comes from the issuer {issuer[:200]!r}")

    def _session(self, redirect_uri: str) -> OAuth2Session:
        session = OAuth2Session(
            self.settings.client_id,
            self._secret or None,
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            scope="openid profile",
            redirect_uri=redirect_uri,
        )
        session.trust_env = False  # no proxy and no .netrc of whoever started the server
        session.verify = True if self.settings.ca_file is None else str(self.settings.ca_file)
        return session

    def _checked(self, token: dict[str, Any], nonce: str, now: datetime) -> dict[str, Any]:
        try:
            signed = self._decoded(token["id_token"])
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                    "nonce": {"essential": True, "value": nonce},
                    "sub": {"essential": True},
                },
                {"nonce": nonce, "client_id": self.settings.client_id, "access_token": token.get("access_token")},
            )
            claims.validate(now=int(now.timestamp()), leeway=_LEEWAY_S)
        except (JoseError, AuthlibBaseError, ValueError, TypeError) as error:
            raise ProviderRefused(f"the ID token does not hold: {error}") from error
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise ProviderRefused("the ID token names no subject")
        return dict(claims)

    def _decoded(self, text: str) -> jwt.Token:
        """Signed by a key that we know; else the keys are read anew, once: the provider may have changed them."""
        try:
            return jwt.decode(text, self._read_keys(), algorithms=_SIGNED_BY)
        except (JoseError, ValueError):
            self._keys = None
            return jwt.decode(text, self._read_keys(), algorithms=_SIGNED_BY)

    def _read_document(self) -> dict[str, Any]:
        with self._lock:
            if self._document is None:
                self._document = self._checked_document()
            return self._document

    def _checked_document(self) -> dict[str, Any]:
        issuer = self.settings.issuer
        document = self._ask(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise ProviderRefused(
                f"SHIJING_OIDC_ISSUER={issuer}, but the provider there calls itself {document.get('issuer')!r}:"
                " write it exactly so"
            )
        for name in _ENDPOINTS:
            if _origin(str(document.get(name, ""))) != _origin(issuer):
                raise ProviderRefused(f"{name} of {issuer} is elsewhere, {document.get(name)!r}: nobody else is asked")
        return document

    def _read_keys(self) -> KeySet:
        document = self._read_document()
        with self._lock:
            if self._keys is None:
                self._keys = KeySet.import_key_set(self._ask(document["jwks_uri"]))  # type: ignore[arg-type]
            return self._keys

    def _ask(self, address: str) -> dict[str, Any]:
        with self._session("") as session:
            try:
                answer = session.get(address, timeout=_WAIT_S, allow_redirects=False, stream=True, withhold_token=True)
                body = answer.raw.read(_ANSWER_AT_MOST, decode_content=True)
                if answer.status_code != 200:
                    raise ProviderRefused(f"{address} answers {answer.status_code}")
                found = json.loads(body)
            except (requests.RequestException, ValueError, OSError) as error:
                raise ProviderRefused(f"{address} cannot be read: {error}") from error
        if not isinstance(found, dict):
            raise ProviderRefused(f"{address} is no JSON object")
        return found


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port
