"""Settings of who gets in: certificates, keys, sessions, single sign-on. (The others: config/settings.py.)"""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.settings import Secretive


class TlsSettings(BaseSettings):
    """Where the local certificate authority and the server's certificate are kept."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_TLS_")

    folder: Path = Path("~/.shijing/tls")  # outside of the clone: a key must not be committed

    @field_validator("folder")
    @classmethod
    def _of_the_person(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()


class AccessSettings(BaseSettings):
    """Who may do what, and what is kept of people (docs/privacy.md)."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_ACCESS_")

    key_file: Path | None = None  # None: secrets/key of the data folder, made at its first use
    seal_every_s: float = Field(3600, ge=60, le=86_400)  # of the audit trail; what came since can be cut off unseen
    # Days after the end of a run until its personal data is deleted, where its plan says nothing of it. [D]
    forget_runs_d: int = Field(180, ge=0, le=36_500)

    @field_validator("key_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: str | Path | None) -> str | Path | None:
        return value or None


class SignInSettings(BaseSettings):
    """Who fails how often, and how long a session lasts."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_SIGN_IN_")

    tries: int = Field(5, ge=1, le=100)  # wrong ones in a row, until the account waits
    lock_s: float = Field(60, ge=1, le=86_400)  # the first wait; each further failure doubles it
    longest_lock_s: float = Field(3600, ge=1, le=30 * 86_400)
    session_s: float = Field(12 * 3600, ge=60, le=90 * 86_400)
    idle_s: int = Field(2 * 3600, ge=60, le=90 * 86_400)  # without a request
    screen_session_s: float = Field(400 * 86_400, ge=60)  # a wall screen has nobody who would sign in again
    # A phone that is to be called at night stays signed in; only where its account can do nothing else than answer.
    phone_session_s: float = Field(30 * 86_400, ge=60, le=400 * 86_400)
    phone_roles: tuple[str, ...] = ("grid_worker",)
    link_s: float = Field(900, ge=10, le=7 * 86_400)  # how long a one-time link waits

    def lasting(self, kind: str, *, phone: bool = False) -> tuple[float, int]:
        """How long a session of an account of that kind lasts, in all and without a request, s.

        `phone`: of one that answers for somebody and has no role but those of `phone_roles`.
        """
        if kind == "screen":
            return self.screen_session_s, round(self.screen_session_s)
        if phone:
            return self.phone_session_s, round(self.phone_session_s)
        return self.session_s, self.idle_s


class OidcSettings(Secretive):
    """Single sign-on by a provider of the organisation; off unless an issuer is named."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_OIDC_", hide_input_in_errors=True)

    issuer: str = Field("", pattern=r"^(https?://[^\s?#]+)?$")  # such as https://id.example.gov.cn/realms/city
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    ca_file: Path | None = None  # of the provider's certificate, where it is an authority of the organisation
    name_claim: str = Field("preferred_username", min_length=1)  # what a new account is called
    unknown: Literal["refused", "made"] = "refused"  # whom no account is linked with; made: without any role
    label_zh: str = "统一身份认证登录"
    label_en: str = "Single sign-on"

    @property
    def on(self) -> bool:
        """Whether the sign-in page offers it."""
        return bool(self.issuer)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer and not self.client_id:
            raise ValueError("SHIJING_OIDC_ISSUER is set but SHIJING_OIDC_CLIENT_ID is empty: set both or neither")
        host = urlsplit(self.issuer).hostname
        if self.issuer.startswith("http:") and host not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError(
                f"SHIJING_OIDC_ISSUER={self.issuer} speaks plain http to another machine, which anybody between could"
                " answer: write its https address"
            )
        return self
