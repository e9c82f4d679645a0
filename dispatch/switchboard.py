"""The channels that are set up, with all that sending by them needs."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

from access.vault import Vault
from config.channel_settings import (
    CallMqttSettings,
    ChannelSettings,
    DingTalkSettings,
    MailSettings,
    PushSettings,
    SmsSettings,
    VoiceSettings,
    WebhookSettings,
    WeComSettings,
)
from config.database import Connection
from config.errors import ConfigError
from config.gateway_settings import GatewaySettings
from config.settings import BrokerSettings
from dispatch.addresses import QUERIES
from dispatch.channels.gateway import Gateway, Kind
from dispatch.channels.mail import Mail
from dispatch.channels.mqtt import CallLine, Loudspeaker, WorkerMqtt
from dispatch.channels.push import Push
from dispatch.channels.robots import DingTalk, WeCom
from dispatch.channels.webhook import Webhook
from dispatch.notice import Channel
from dispatch.push_key import push_key_file, read_push_key

NAMES = ("push", "mqtt", "sms", "voice", "email", "dingtalk", "wecom", "webhook", "loudspeaker")
GROUPS = frozenset({"dingtalk", "wecom", "webhook"})  # one address for all: who is called is not asked
_SEALED = {"push", "sms", "voice", "email"}  # whose addresses are opened with the key

Connect = Callable[[], AbstractContextManager[Connection]]  # an autocommit one


@dataclass(frozen=True, kw_only=True)
class Switchboard:
    """What messages are sent with."""

    channels: Mapping[str, Channel]  # by name; those that are not set up are not among them
    rates: Mapping[str, str] = field(default_factory=dict)  # of those that have one
    settings: ChannelSettings = field(default_factory=ChannelSettings)
    vault: Vault | None = None
    url: str = ""  # of the page where people answer; "": none that a message may name
    close: Callable[[], None] = lambda: None

    @property
    def names(self) -> frozenset[str]:
        """Of the channels that are set up."""
        return frozenset(self.channels)


@dataclass(frozen=True, kw_only=True)
class Means:
    """What the channels of a place are made with."""

    connect: Connect
    broker: BrokerSettings | None  # None: there is none
    vault: Vault | None
    url: str = ""  # under which others reach the pages


def open_switchboard(means: Means, *, exercise: bool) -> Switchboard:
    """The channels that the settings name; of an exercise only where they say so. Raises ConfigError."""
    settings = ChannelSettings()
    if exercise and not settings.exercises:
        return Switchboard(channels={}, settings=settings, vault=means.vault)
    channels, rates = _sending(settings.timeout_s)
    push = PushSettings()
    if push.hosts:
        channels["push"] = _push(push, means, settings.timeout_s)
    line = _by_mqtt(channels, means.broker, settings.timeout_s)
    if means.vault is None and (sealed := sorted(_SEALED & channels.keys())):
        raise _no_key(sealed[0])
    return Switchboard(
        channels=channels,
        rates=rates,
        settings=settings,
        vault=means.vault,
        url=f"{means.url.rstrip('/')}/worker" if means.url else "",
        close=line.close if line else lambda: None,
    )


def _push(told: PushSettings, means: Means, timeout_s: float) -> Push:
    if means.vault is None:
        raise _no_key("push")
    key = read_push_key(push_key_file(means.vault.path))
    return Push(told, key, _forgetting(means.connect), timeout_s=timeout_s)


def _no_key(channel: str) -> ConfigError:
    return ConfigError(
        f"the channel {channel} is set up, but no key file is named, without which no address opens: set"
        " SHIJING_ACCESS_KEY_FILE"
    )


def _sending(timeout_s: float) -> tuple[dict[str, Channel], dict[str, str]]:
    """Those that ask a server of somebody's."""
    channels: dict[str, Channel] = {}
    rates: dict[str, str] = {}
    mail, dingtalk, wecom, webhook = MailSettings(), DingTalkSettings(), WeComSettings(), WebhookSettings()
    if mail.host:
        channels["email"], rates["email"] = Mail(mail, timeout_s=timeout_s), mail.rate
    if dingtalk.webhook:
        channels["dingtalk"], rates["dingtalk"] = DingTalk(dingtalk, timeout_s=timeout_s), dingtalk.rate
    if wecom.webhook:
        channels["wecom"], rates["wecom"] = WeCom(wecom, timeout_s=timeout_s), wecom.rate
    if webhook.url:
        channels["webhook"], rates["webhook"] = Webhook(webhook, timeout_s=timeout_s), webhook.rate
    gateways: dict[Kind, GatewaySettings] = {"sms": SmsSettings(), "voice": VoiceSettings()}
    for kind, gateway in gateways.items():
        if gateway.url:
            channels[kind], rates[kind] = Gateway(kind, gateway, timeout_s=timeout_s), gateway.rate
    return channels, rates


def _by_mqtt(channels: dict[str, Channel], broker: BrokerSettings | None, timeout_s: float) -> CallLine | None:
    """Those that go over our own broker; None where there are none."""
    told = CallMqttSettings()
    if broker is None or not (told.worker_topic or told.loudspeaker_topic):
        return None
    line = CallLine(broker, timeout_s=timeout_s)
    if told.worker_topic:
        channels["mqtt"] = WorkerMqtt(line, told)
    if told.loudspeaker_topic:
        channels["loudspeaker"] = Loudspeaker(line, told)
    return line


def _forgetting(connect: Connect) -> Callable[[UUID], None]:
    def forget(subscription: UUID) -> None:
        with connect() as connection:
            connection.execute(QUERIES["drop_subscription"], {"id": subscription})

    return forget
