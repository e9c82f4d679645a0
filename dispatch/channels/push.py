"""Web push: RFC 8030, encrypted for the browser alone (RFC 8291), signed by us (VAPID, RFC 8292)."""

import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from py_vapid import Vapid02
from pywebpush import WebPusher, WebPushException

from config.channel_settings import PushSettings
from dispatch.channels.http import Poster, check_status, json_body
from dispatch.endpoints import is_listed, is_sealed_line
from dispatch.errors import ChannelError, Final, Passing
from dispatch.notice import Notice, Subscription
from dispatch.words import joined, within_bytes

_GONE = {404, 410}
_TEXT_BYTES = 2_400  # a push service takes 4,096 bytes of ciphertext
_TOKEN_S = 12 * 3600  # RFC 8292 allows 24 hours
_WHOM = "the push service"


class Push:
    """To every browser that subscribed for the person; taken where one push service takes it."""

    leaves_network = True

    def __init__(
        self,
        settings: PushSettings,
        key: EllipticCurvePrivateKey,
        forget: Callable[[UUID], None],
        *,
        timeout_s: float,
    ) -> None:
        self._settings = settings
        self._key = key
        self._forget = forget  # a subscription that is no more
        self._http = Poster(_WHOM, timeout_s=timeout_s)

    def send(self, notices: Sequence[Notice]) -> None:
        """To each subscription; raises where none took it."""
        notice = joined(notices)
        if not notice.subscriptions:
            raise Final("no phone of this person has subscribed")
        faults = [fault for one in notice.subscriptions if (fault := self._try(one, notice)) is not None]
        if len(faults) == len(notice.subscriptions):
            raise next((one for one in faults if isinstance(one, Passing)), faults[0])

    def _try(self, subscription: Subscription, notice: Notice) -> ChannelError | None:
        try:
            self._send_to(subscription, notice)
        except ChannelError as error:
            return error
        return None

    def _send_to(self, subscription: Subscription, notice: Notice) -> None:
        if not (is_sealed_line(subscription.endpoint) and is_listed(subscription.endpoint, self._settings.hosts)):
            raise Final("the push service that the phone named is not among SHIJING_PUSH_HOSTS")
        headers = {
            "content-type": "application/octet-stream",
            "content-encoding": "aes128gcm",
            "ttl": str(self._settings.ttl_s),
            "urgency": "high",
            "topic": notice.key.hex,  # one that waits there is replaced by its repetition
            "authorization": self._token(subscription.endpoint),
        }
        body = _encrypted(subscription, notice)
        reply = self._http.post(subscription.endpoint, body, headers)
        if reply.status in _GONE:
            self._forget(subscription.id)
            raise Final("the phone does not subscribe any more")
        check_status(_WHOM, reply)

    def _token(self, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "sub": self._settings.subject,
            "exp": int(time.time()) + _TOKEN_S,
        }
        signed: dict[str, str] = Vapid02(private_key=self._key).sign(claims)
        return signed["Authorization"]


def _encrypted(subscription: Subscription, notice: Notice) -> bytes:
    told = {
        "key": str(notice.key),
        "repeated": notice.repeated,
        "title": notice.title,
        "body": within_bytes(notice.body, _TEXT_BYTES),
        "level": notice.level,
        "drill": notice.drill,
        "url": notice.url or "/worker",
        "run": notice.run_id,
        "assignments": notice.assignment_ids[:50],
    }
    keys = {"endpoint": subscription.endpoint, "keys": {"p256dh": subscription.p256dh, "auth": subscription.auth}}
    try:
        body: bytes = WebPusher(keys).encode(json_body(told))["body"]
    except (WebPushException, ValueError, IndexError):  # without the cause: it may show the keys
        raise Final("the keys that the phone gave are none") from None
    return body
