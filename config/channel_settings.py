"""Settings of the channels by which people are called (docs/channels.md): none of them sends until it is configured."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config import gateway_settings
from config.listeners import is_loopback
from config.settings import Rate, Secretive, Webhook

_TOPIC = r"^[^+#\s]*$"


class ChannelSettings(BaseSettings):
    """What all channels have in common."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_CHANNEL_")

    tries: int = Field(4, ge=1, le=20)  # of one delivery, until it has failed for good
    retry_s: float = Field(10, ge=1, le=600)  # before the second try; each further one waits three times as long
    timeout_s: float = Field(10, ge=0.1, le=120)  # for a channel to answer
    exercises: bool = False  # whether calls leave a database that is an exercise as a whole; drills always do


class PushSettings(BaseSettings):
    """Web push to phones whose browser subscribed."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_PUSH_")

    # Push services that may be asked, such as fcm.googleapis.com or *.push.apple.com: a phone names its own, and
    # nothing is sent to one that is not in the list. Empty: off.
    hosts: list[str] = []
    subject: str = Field("", pattern=r"^((mailto:\S+@\S+)|(https://\S+))?$")  # whom a push service may turn to
    key_file: Path | None = None  # None: `push` beside the key file of personal fields, made at its first use
    ttl_s: int = Field(3600, ge=0, le=28 * 86_400)  # how long the push service tries

    @field_validator("key_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: str | Path | None) -> str | Path | None:
        return value or None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.hosts and not self.subject:
            raise ValueError(
                "SHIJING_PUSH_HOSTS is set but SHIJING_PUSH_SUBJECT is empty: push services want to know whom to turn"
                " to, write mailto:duty@example.gov.cn"
            )
        return self


class CallMqttSettings(BaseSettings):
    """Calls over the MQTT broker (SHIJING_MQTT_…): to the app of a worker, to loudspeakers of villages."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_CALL_")

    worker_topic: str = Field("", pattern=_TOPIC)  # shijing/worker/{person}/task; "": off
    loudspeaker_topic: str = Field("", pattern=_TOPIC)  # shijing/loudspeaker/{division}; "": off
    expiry_s: int = Field(3600, ge=1, le=86_400)  # what nobody fetched by then is not delivered any more
    loudspeaker_repeats: int = Field(3, ge=1, le=20)

    @model_validator(mode="after")
    def _name_whom(self) -> Self:
        for name, topic, part in (
            ("SHIJING_CALL_WORKER_TOPIC", self.worker_topic, "{person}"),
            ("SHIJING_CALL_LOUDSPEAKER_TOPIC", self.loudspeaker_topic, "{division}"),
        ):
            if (topic and topic.split("/").count(part) != 1) or "{" in topic.replace(part, ""):
                raise ValueError(f"{name}={topic} must have {part} as one of its levels, and nothing else in braces")
        return self


class MailSettings(Secretive):
    """E-mail by a server that takes it."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_MAIL_", hide_input_in_errors=True)

    host: str = ""  # "": off
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None  # of the server's certificate, where it is an authority of the organisation
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: str = Field("", pattern=r"^([^\s@<>]+@[^\s@<>]+)?$")
    rate: Rate = "60/minute"

    @field_validator("ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: str | Path | None) -> str | Path | None:
        return value or None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("SHIJING_MAIL_HOST is set but SHIJING_MAIL_SENDER is empty: name the address it is from")
        if self.password and not self.username:
            raise ValueError("SHIJING_MAIL_PASSWORD is set but SHIJING_MAIL_USERNAME is empty: set both or neither")
        if self.host and self.security == "none" and not is_loopback(self.host):
            raise ValueError(
                f"SHIJING_MAIL_SECURITY=none with SHIJING_MAIL_HOST={self.host}: anybody between could read it; choose"
                " starttls or tls"
            )
        return self


class DingTalkSettings(Secretive):
    """A robot of a DingTalk group."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_DINGTALK_", hide_input_in_errors=True)

    webhook: Webhook = SecretStr("")  # "": off
    secret: SecretStr = SecretStr("")  # SEC…, of its signature
    rate: Rate = "20/minute"  # past it the robot is shut for ten minutes

    @model_validator(mode="after")
    def _is_signed(self) -> Self:
        if self.webhook and not self.secret:
            raise ValueError(
                "SHIJING_DINGTALK_WEBHOOK is set but SHIJING_DINGTALK_SECRET is empty: choose the signature (加签)"
                " among the robot's safety settings, and give its secret"
            )
        return self


class WeComSettings(Secretive):
    """A robot of a WeCom group."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_WECOM_", hide_input_in_errors=True)

    webhook: Webhook = SecretStr("")  # "": off
    rate: Rate = "20/minute"


class WebhookSettings(Secretive):
    """Any system that takes signed JSON."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_WEBHOOK_", hide_input_in_errors=True)

    url: Webhook = SecretStr("")  # "": off
    secret: SecretStr = SecretStr("")  # of the signature
    rate: Rate = ""

    @model_validator(mode="after")
    def _is_signed(self) -> Self:
        if self.url and not self.secret:
            raise ValueError(
                "SHIJING_WEBHOOK_URL is set but SHIJING_WEBHOOK_SECRET is empty: whoever takes it checks it"
            )
        return self


class SmsSettings(gateway_settings.GatewaySettings):
    """A gateway for text messages."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_SMS_", hide_input_in_errors=True)


class VoiceSettings(gateway_settings.GatewaySettings):
    """A gateway that calls and speaks a text."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_VOICE_", hide_input_in_errors=True)
