"""Signed JSON for any system: HMAC-SHA-256 over time and body, and a key by which it knows what it had before."""

import hmac
from collections.abc import Sequence

from config.channel_settings import WebhookSettings
from dispatch.channels.http import Poster, json_body
from dispatch.notice import Notice
from dispatch.words import joined


class Webhook:
    """A POST of what is to be said."""

    leaves_network = True

    def __init__(self, settings: WebhookSettings, *, timeout_s: float) -> None:
        self._settings = settings
        self._http = Poster("the webhook", timeout_s=timeout_s)

    def send(self, notices: Sequence[Notice]) -> None:
        """Returns when it was answered with 2xx."""
        notice = joined(notices)
        told = {
            "system": "shijing",
            "kind": "call",
            "key": str(notice.key),
            "repeated": notice.repeated,
            "time": notice.at.isoformat(timespec="seconds"),
            "level": notice.level,
            "drill": notice.drill,
            "title": notice.title,
            "text": notice.body,
            "run": notice.run_id,
            "assignments": notice.assignment_ids,
        }
        body, timestamp = json_body(told), str(round(notice.at.timestamp()))
        headers = {
            "content-type": "application/json",
            "idempotency-key": str(notice.key),
            "x-shijing-timestamp": timestamp,
            "x-shijing-signature": f"sha256={signature(self._settings.secret.get_secret_value(), timestamp, body)}",
        }
        self._http.taken(self._settings.url.get_secret_value(), body, headers)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA-256 over the time, a line feed and the body, hexadecimal."""
    return hmac.digest(secret.encode(), timestamp.encode() + b"\n" + body, "sha256").hex()
