"""Robots of groups: DingTalk's, signed, and WeCom's. Each takes 20 messages a minute; what is more becomes a digest.

https://open.dingtalk.com/document/robots/customize-robot-security-settings
https://developer.work.weixin.qq.com/document/path/91770
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

from config.channel_settings import DingTalkSettings, WeComSettings
from dispatch.channels.http import Poster, Reply, json_body
from dispatch.errors import Final, Passing
from dispatch.notice import Notice
from dispatch.words import joined, within_bytes

_DINGTALK, _WECOM = "DingTalk's robot", "WeCom's robot"
_HEADERS = {"content-type": "application/json; charset=utf-8"}
_DINGTALK_BYTES = 18_000  # of 20,000 that it takes in all
_WECOM_BYTES = 2_048
# What their answers mean for what comes next: seconds to wait before another try. All else is for good.
_DINGTALK_LATER: Mapping[int, float | None] = {-1: None, 130101: 600.0, 410100: 600.0}  # busy; too many: shut, 10 min
_WECOM_LATER: Mapping[int, float | None] = {-1: None, 45009: 60.0, 45033: 60.0}  # busy; too many, too many at once


class DingTalk:
    """A robot of a DingTalk group."""

    leaves_network = True

    def __init__(self, settings: DingTalkSettings, *, timeout_s: float) -> None:
        self._settings = settings
        self._http = Poster(_DINGTALK, timeout_s=timeout_s)

    def send(self, notices: Sequence[Notice]) -> None:
        """As text."""
        notice = joined(notices)
        content = within_bytes(_text(notice), _DINGTALK_BYTES)
        body = {"msgtype": "text", "text": {"content": content}, "msgUuid": notice.key.hex}
        url = self._settings.webhook.get_secret_value()
        signed = f"{url}{'&' if '?' in url else '?'}{urlencode(self._signature(notice.at))}"
        _check(_DINGTALK, self._http.taken(signed, json_body(body), _HEADERS), _DINGTALK_LATER)

    def _signature(self, at: datetime) -> dict[str, str]:
        secret, timestamp = self._settings.secret.get_secret_value(), str(round(at.timestamp() * 1000))
        digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), "sha256")
        return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}


class WeCom:
    """A robot of a WeCom group."""

    leaves_network = True

    def __init__(self, settings: WeComSettings, *, timeout_s: float) -> None:
        self._settings = settings
        self._http = Poster(_WECOM, timeout_s=timeout_s)

    def send(self, notices: Sequence[Notice]) -> None:
        """As text of no more bytes than it takes."""
        content = within_bytes(_text(joined(notices)), _WECOM_BYTES)
        body = {"msgtype": "text", "text": {"content": content}}
        url = self._settings.webhook.get_secret_value()
        _check(_WECOM, self._http.taken(url, json_body(body), _HEADERS), _WECOM_LATER)


def _text(notice: Notice) -> str:
    again = "（重发）" if notice.repeated else ""  # a group reads it: it knows no key
    return f"{again}{notice.title}\n{notice.body}"


def _check(whom: str, reply: Reply, later: Mapping[int, float | None]) -> None:
    """Robots answer 200 whatever comes of it; what came of it is in `errcode`."""
    code = reply.json.get("errcode")
    if code == 0:
        return
    text = f"{whom} answered errcode {code}"
    if not isinstance(code, int) or code in later:
        raise Passing(text, pause_s=later.get(code) if isinstance(code, int) else None)
    raise Final(text)
