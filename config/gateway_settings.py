"""Settings that gateways for text messages and for telephone calls have in common (config/channel_settings.py)."""

import json
from typing import Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from config.settings import Rate, Secretive, Webhook


class GatewaySettings(Secretive):
    """An HTTP gateway for text messages or telephone calls."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    url: Webhook = SecretStr("")  # "": off
    token: SecretStr = SecretStr("")  # sent as Authorization: Bearer
    # What it is sent: JSON with {to}, {text}, {key}, {time} in its texts, and nothing else in braces.
    body: str = '{"to": "{to}", "text": "{text}", "id": "{key}"}'
    success: str = "{}"  # what must be among its answer, such as {"code": 0}
    rate: Rate = ""
    # Receipts that it sends us, signed with this secret; "": none are taken.
    receipt_secret: SecretStr = SecretStr("")
    receipt_key: str = Field("id", min_length=1)  # where its receipt says which message it is
    receipt_state: str = Field("status", min_length=1)
    receipt_delivered: tuple[str, ...] = ("DELIVRD", "delivered", "answered")
    receipt_failed: tuple[str, ...] = ("UNDELIV", "EXPIRED", "REJECTD", "failed", "no_answer")

    @field_validator("body", "success")
    @classmethod
    def _is_json(cls, text: str) -> str:
        if not isinstance(_json(text), dict):
            raise ValueError('it is no JSON object: write {"to": "{to}", "text": "{text}", "id": "{key}"}')
        return text

    @model_validator(mode="after")
    def _says_to_whom_and_what(self) -> Self:
        if missing := [part for part in ("{to}", "{text}", "{key}") if part not in self.body]:
            raise ValueError(f"the body has no {missing[0]}: without it the gateway cannot send, or would send twice")
        return self

    @property
    def template(self) -> dict[str, Any]:
        """The body."""
        return dict(_json(self.body))

    @property
    def wanted(self) -> dict[str, Any]:
        """What its answer must hold."""
        return dict(_json(self.success))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
