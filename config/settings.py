"""Typed settings, one small class per concern; each reads its own `SHIJING_<CONCERN>_` variables."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.listeners import check_listener, check_rate
from config.secret_files import SecretFiles

PROJECT = Path(__file__).resolve().parent.parent
CONFIG = PROJECT / "config"
_CENTURY_S = 3.2e9  # beyond it, sums of times in µs would overflow


def inherited(more: dict[str, str]) -> dict[str, str]:
    """The environment for a child process: ours, and `more`."""
    return {**os.environ, **more}


def _link(address: SecretStr) -> SecretStr:
    if not re.fullmatch(r"(https?://\S+)?", address.get_secret_value()):
        raise ValueError("it is no http or https address (it is not shown: who has it may post there)")
    return address


Rate = Annotated[str, AfterValidator(check_rate)]
Webhook = Annotated[SecretStr, AfterValidator(_link)]  # its path is a key: who knows it may post there


class Secretive(BaseSettings):
    """Settings with secrets among them: each SecretStr is also read from the file that `…_FILE` names."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the variables, then the files they name."""
        files = SecretFiles(settings_cls, os.environ)
        return init_settings, env_settings, files, dotenv_settings, file_secret_settings


class InstanceSettings(BaseSettings):
    """What this installation is."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_")

    exercise: bool = False  # a drill: every row, page and message says so (see docs/backtest.md)


class DatabaseSettings(Secretive):
    """Where readings and alerts are kept."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_DATABASE_", hide_input_in_errors=True)

    url: SecretStr = SecretStr("")  # a password may be among it; empty: the embedded server of the data folder
    password: SecretStr = SecretStr("")  # stays out of the URL
    web_password: SecretStr = SecretStr("")  # of the role shijing_web, which pages read as (access/readers.py)
    retention_days: int | None = Field(None, ge=1)  # None: readings are kept for ever
    partitions_ahead_days: int = Field(3, ge=1)
    # Days of arrival, by the machine's clock:
    live_events_days: int = Field(7, ge=1)  # what a screen that was away is told again
    intake_days: int = Field(400, ge=1)  # the books by minute; older ones are summed up by day
    released_quarantine_days: int = Field(180, ge=1)  # how long what was put through again stays to be looked at
    held_quarantine_days: int = Field(400, ge=1)  # how long what nobody put through waits, after it was last seen


class BrokerSettings(Secretive):
    """The MQTT broker that devices speak to."""

    # An error must not show its input: a password is among it.
    model_config = SettingsConfigDict(env_prefix="SHIJING_MQTT_", hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535)  # 0: the embedded broker of the data folder
    username: str = ""
    password: SecretStr = SecretStr("")
    tls_ca: Path | None = None
    keepalive_s: int = Field(30, ge=5, le=65535)
    session_expiry_s: int = Field(7 * 86400, ge=0, le=2**32 - 1)
    receive_maximum: int = Field(2000, ge=1, le=65535)
    exercises: bool = False  # whether an exercise may be replayed to a broker that is named here

    @field_validator("tls_ca", mode="before")
    @classmethod
    def _empty_is_none(cls, value: str | Path | None) -> str | Path | None:
        return value or None  # else it would be the folder that we are in

    @field_validator("tls_ca")
    @classmethod
    def _can_be_read(cls, path: Path | None) -> Path | None:
        if path is None:
            return None
        try:
            path.open("rb").close()
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        return path

    @model_validator(mode="after")
    def _password_needs_a_name(self) -> Self:
        if self.password.get_secret_value() and not self.username:
            raise ValueError("SHIJING_MQTT_PASSWORD is set but SHIJING_MQTT_USERNAME is empty: set both or neither")
        return self


class PipelineSettings(BaseSettings):
    """One pipeline: what it listens to and how it gathers batches."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_PIPELINE_")

    partition: str = Field("cq", pattern=r"^[a-z0-9-]+$")
    # Filters must not overlap: some brokers then deliver twice. What no entry of topics.toml fits is
    # quarantined. Other layouts are added here ("$oc/devices/+/sys/properties/report"), on a broker that
    # lets clients use topics under "$": Mosquitto does, the embedded one does not.
    topics: list[str] = Field(["cq/#"], min_length=1)
    batch_ms: int = Field(5, ge=1, le=1000)  # what arrives during a commit is the next batch anyway
    batch_readings: int = Field(10_000, ge=1)
    queue_messages: int = Field(20_000, ge=1)  # read and not yet taken; more stays with the broker
    clock_skew_s: float = Field(300, ge=0, le=_CENTURY_S)  # a reading further ahead of the clock is refused
    lateness_s: float = Field(3600, ge=0, le=_CENTURY_S)  # a reading further behind the clock is marked late
    # What quarantine keeps samples of: so many different ones of a topic and reason, so many and so much in all.
    quarantine_per_topic: int = Field(100, ge=0)
    quarantine_rows: int = Field(100_000, ge=0)
    quarantine_mib: int = Field(1024, ge=0)
    earliest: AwareDatetime = datetime(2000, 1, 1, tzinfo=UTC)  # a device whose clock was never set reads 1970


class WarningSettings(BaseSettings):
    """Official warnings: where they are received from, and how long one without an end holds."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_WARNING_")

    topics: list[str] = Field(["cq/warning/#"], min_length=1)
    feeds: list[str] = []  # URLs of Atom or RSS feeds of CAP messages; none: nothing is asked of anyone
    feed_hosts: list[str] = []  # hosts that a feed's links may lead to, besides its own
    feed_every_s: float = Field(60, ge=10, le=86_400)
    valid_h: float = Field(24, gt=0, le=24 * 366)

    @field_validator("feeds")
    @classmethod
    def _are_links(cls, feeds: list[str]) -> list[str]:
        if wrong := [feed for feed in feeds if not feed.startswith(("http://", "https://"))]:
            raise ValueError(f"{wrong[0]!r} is no http or https address")
        return feeds


class WebSettings(BaseSettings):
    """The pages and their listener."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_WEB_")

    host: str = "127.0.0.1"
    port: int = Field(8800, ge=0, le=65535)
    title_zh: str = "重庆市基层治理实景图"
    title_en: str = "Chongqing grassroots governance, live"
    map_approval: str = ""  # 审图号 of the map shown, where it has one
    backtest: Path | None = None  # folder that `shijing backtest --out` writes to; its report is a page
    tls: bool = False  # with the certificate of SHIJING_TLS_FOLDER
    redirect_port: int = Field(0, ge=0, le=65535)  # answers http with the way to https; 0: nothing listens there
    behind_proxy: bool = False  # a proxy in front does TLS; who asks, and over what, is told by its headers
    proxies: list[str] = ["127.0.0.1", "::1"]  # addresses or networks whose headers are believed
    # Per address and moving window, "120/minute"; "": no limit. See web/rate.py.
    rate_requests: Rate = "3000/minute"  # a township behind one address is many phones
    rate_changes: Rate = "300/minute"
    rate_streams: Rate = "120/minute"

    @property
    def backtest_report(self) -> Path | None:
        """The report, where there is one by now."""
        file = None if self.backtest is None else self.backtest / "backtest.html"
        return file if file is not None and file.is_file() else None

    @model_validator(mode="after")
    def _no_plain_listener_for_others(self) -> Self:
        check_listener(self.host, tls=self.tls, behind_proxy=self.behind_proxy, redirect_port=self.redirect_port)
        return self


class SceneSettings(BaseSettings):
    """Cameras of the closed network, of which this server fetches pictures."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_SCENE_")

    # Host, or host:port where it is neither 80 nor 443. None: no camera is asked for anything.
    camera_hosts: list[str] = []
    camera_timeout_s: float = Field(5, gt=0, le=30)


class OutSettings(BaseSettings):
    """What leaves the system: CAP messages, the feed, alerts over MQTT."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_OUT_")

    # ZZZZZZDDDUUUXX of GB/T 35965.1: division (GB/T 2260), kind of body (GB/T 4657), its unit, extension.
    sender: str = Field("50000000000000", pattern=r"^[0-9]{14}$")
    sender_name: str = Field("基层治理指挥中心", min_length=1)
    scope: Literal["Public", "Restricted"] = "Restricted"  # what a sensor's rule says is not yet for the public
    # Where others reach the pages: links begin with it. "": as the request was addressed, where that is a name of ours.
    url: str = Field("", pattern=r"^(https?://[^\s]+)?$")
    topic_root: str = Field("cq", pattern=r"^[^/+#\s]+$")
    exercises: bool = False  # whether drills leave over MQTT and in a feed that does not ask for them

    @property
    def alert_topics(self) -> str:
        """The filter of all topics that alerts are published to."""
        return f"{self.topic_root}/+/alert/+"


class LedgerSettings(BaseSettings):
    """How often the ledger is checked by itself."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_LEDGER_")

    every_s: float = Field(600, ge=60, le=86_400)
    checks: bool = True  # False: only when `shijing ledger` asks


class HeartbeatSettings(Secretive):
    """Where the engine says that it lives; by default nowhere."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_HEARTBEAT_", hide_input_in_errors=True)

    webhook: Webhook = SecretStr("")  # a POST of JSON
    mqtt_topic: str = Field("", pattern=r"^[^+#\s]*$")  # such as cq/heartbeat/{partition}, retained
    every_s: float = Field(30, ge=1, le=3600)
    exercises: bool = False  # whether that of an exercise leaves, too

    @field_validator("mqtt_topic")
    @classmethod
    def _names_nothing_else(cls, topic: str) -> str:
        try:
            topic.format(partition="cq")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"{topic!r} names more than {{partition}}") from error
        return topic

    @property
    def sends(self) -> bool:
        """Whether anything leaves."""
        return bool(self.webhook.get_secret_value() or self.mqtt_topic)


class WatchSettings(Secretive):
    """`shijing watch`: who listens for heartbeats, and whom it tells of their absence."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_WATCH_", hide_input_in_errors=True)

    silent_s: float = Field(60, ge=1, le=86_400)  # longer than three heartbeats
    every_s: float = Field(5, ge=0.1, le=3600)
    heartbeat_topic: str = Field("", pattern=r"^[^\s]*$")  # a filter, such as cq/heartbeat/+; "": not listened to
    exercises: bool = False  # whether alarms about an exercise leave, too
    alarm_topic: str = Field("cq/watch/alarm", pattern=r"^[^+#\s]*$")  # "": nothing is published
    webhook: Webhook = SecretStr("")
