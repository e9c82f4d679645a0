"""Robots, the webhook and the gateways against servers that check signatures, keys and lengths as the real ones do."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from config.channel_settings import (
    CallMqttSettings,
    DingTalkSettings,
    PushSettings,
    SmsSettings,
    VoiceSettings,
    WebhookSettings,
    WeComSettings,
)
from dispatch.channels.gateway import Gateway
from dispatch.channels.robots import DingTalk, WeCom
from dispatch.channels.webhook import Webhook
from dispatch.errors import Final, Passing
from dispatch.notice import Channel
from tests.loopback.listener import Asked, Said, listening, said
from tests.loopback.notices import AT, MATTER, notice

SECRET = "SEC0123"


def dingtalk(url: str, secret: str = SECRET) -> DingTalk:
    told = DingTalkSettings(webhook=SecretStr(f"{url}/robot/send?access_token=k3y"), secret=SecretStr(secret))
    return DingTalk(told, timeout_s=0.5)


def wecom(url: str) -> WeCom:
    return WeCom(WeComSettings(webhook=SecretStr(f"{url}/cgi-bin/webhook/send?key=k3y")), timeout_s=0.5)


def webhook(url: str, secret: str = SECRET) -> Webhook:
    return Webhook(WebhookSettings(url=SecretStr(f"{url}/k3y"), secret=SecretStr(secret)), timeout_s=0.5)


def sms(url: str, **other: Any) -> Gateway:
    told = SmsSettings(url=SecretStr(f"{url}/k3y"), token=SecretStr("t0ken"), **other)
    return Gateway("sms", told, timeout_s=0.5)


def a_dingtalk_robot(asked: Asked) -> Said:
    """As its documentation has it: https://open.dingtalk.com/document/robots/customize-robot-security-settings"""
    stamp = asked.query.get("timestamp", "")
    mine = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    if base64.b64decode(asked.query.get("sign", "")) != mine or abs(int(stamp) / 1000 - AT.timestamp()) > 3600:
        return said({"errcode": 310000, "errmsg": "sign not match"})
    if asked.query["access_token"] != "k3y":
        return said({"errcode": 300001, "errmsg": "token is not exist"})
    assert asked.json["msgtype"] == "text" and len(asked.body) < 20_000
    return said({"errcode": 0, "errmsg": "ok"})


def a_wecom_robot(asked: Asked) -> Said:
    if asked.query["key"] != "k3y":
        return said({"errcode": 93000, "errmsg": "invalid webhook url"})
    if len(asked.json["text"]["content"].encode()) > 2048:
        return said({"errcode": 40058, "errmsg": "content exceed max length"})
    return said({"errcode": 0, "errmsg": "ok"})


def test_dingtalk_takes_what_is_signed() -> None:
    with listening(a_dingtalk_robot) as robot:
        dingtalk(robot.url).send([notice("dingtalk", matter=replace(MATTER, drill=True))])
        content = robot.asked[0].json["text"]["content"]
        assert content.startswith("【演练】橙色任务：沿江洪水预案\n封闭下穿道") and "预警信号" not in content
        with pytest.raises(Final, match="errcode 310000"):
            dingtalk(robot.url, "SECother").send([notice("dingtalk")])


def test_wecom_takes_no_more_bytes_than_it_may_have() -> None:
    with listening(a_wecom_robot) as robot:
        wecom(robot.url).send([notice("wecom", body="长" * 2000)])
        assert len(robot.asked[0].json["text"]["content"].encode()) in range(2040, 2049)
        wecom(robot.url).send([notice("wecom", assignment_ids=(number,)) for number in range(200)])
        content = robot.asked[1].json["text"]["content"]
        assert content.startswith("200项任务待应答") and len(content.encode()) <= 2048
        wecom(robot.url).send([notice("wecom", repeated=True)])
        assert robot.asked[2].json["text"]["content"].startswith("（重发）")


@pytest.mark.parametrize(
    ("make", "code", "error", "pause_s"),
    [
        (dingtalk, 130101, Passing, 600.0),
        (dingtalk, -1, Passing, None),
        (dingtalk, 400102, Final, None),
        (wecom, 45009, Passing, 60.0),
        (wecom, -1, Passing, None),
        (wecom, 93000, Final, None),
    ],
)
def test_what_the_codes_of_robots_mean(
    make: Callable[[str], Channel], code: int, error: type[Passing], pause_s: float | None
) -> None:
    with listening(lambda _: said({"errcode": code, "errmsg": "?"})) as robot:
        with pytest.raises(error, match=f"errcode {code}") as caught:
            make(robot.url).send([notice("dingtalk")])
        if error is Passing:
            assert caught.value.pause_s == pause_s


def a_receiver(asked: Asked) -> Said:
    """Checks the signature as docs/channels.md tells others to."""
    stamp = asked.headers["x-shijing-timestamp"]
    mine = hmac.new(SECRET.encode(), f"{stamp}\n".encode() + asked.body, hashlib.sha256).hexdigest()
    right = hmac.compare_digest(asked.headers["x-shijing-signature"], f"sha256={mine}")
    return Said(status=204 if right else 401)


def test_the_webhook_is_signed_over_time_and_body_and_says_which_message_it_is() -> None:
    told = notice("webhook")
    with listening(a_receiver) as receiver:
        webhook(receiver.url).send([told])
        webhook(receiver.url).send([replace(told, repeated=True)])
        first, again = receiver.asked
        assert first.headers["idempotency-key"] == again.headers["idempotency-key"] == str(told.key)
        assert (first.json["repeated"], again.json["repeated"]) == (False, True)
        assert first.json["text"].startswith("封闭下穿道") and first.json["assignments"] == [41]
        with pytest.raises(Final, match="answered 401"):
            webhook(receiver.url, "another").send([told])


def test_a_text_message_has_the_form_that_the_settings_tell() -> None:
    body = {"phones": ["{to}"], "sign": "实景", "params": {"msg": "{text}", "out_id": "{key}", "when": "{time}"}}
    made: dict[str, Any] = {"body": json.dumps(body), "success": '{"result": {"code": "OK"}}'}
    told = notice("sms", to="13800001234")
    with listening(lambda _: said({"result": {"code": "OK", "fee": 1}})) as gateway:
        sms(gateway.url, **made).send([told])
        (asked,) = gateway.asked
        assert asked.json["phones"] == ["13800001234"] and asked.json["params"]["out_id"] == str(told.key)
        assert asked.json["params"]["msg"] == told.short and len(told.short) <= 134
        assert asked.headers["authorization"] == "Bearer t0ken"
        assert asked.headers["idempotency-key"] == str(told.key)
        gateway.answer = lambda _: said({"result": {"code": "LIMIT"}})
        with pytest.raises(Passing, match="not that it took it"):
            sms(gateway.url, **made).send([told])


def test_no_text_breaks_out_of_the_form() -> None:
    with listening() as gateway:
        nasty = notice("sms", to="13800001234", short='"}, "to": "{key}{to}')
        sms(gateway.url).send([nasty])
        assert gateway.asked[0].json == {"to": "13800001234", "text": '"}, "to": "{key}{to}', "id": str(nasty.key)}


def test_a_call_speaks_what_is_meant_for_ears() -> None:
    told = notice("voice", to="13800001234", matter=replace(MATTER, drill=True))
    with listening() as gateway:
        Gateway("voice", VoiceSettings(url=SecretStr(gateway.url)), timeout_s=0.5).send([told])
        text = gateway.asked[0].json["text"]
        assert text.startswith("这是演练。这是演练。您有一项橙色任务。") and "14点10分" in text and "http" not in text


CHANNELS: list[Callable[[str], Channel]] = [dingtalk, wecom, webhook, sms]


@pytest.mark.parametrize("make", CHANNELS)
def test_failures_say_whether_to_try_again_and_never_the_address(make: Callable[[str], Channel]) -> None:
    told, seen = [notice("sms", to="13800001234")], []
    with listening() as listener:
        for answer, error, unsure, pause_s in (
            (Said(status=500), Passing, False, None),
            (Said(status=429, headers={"retry-after": "31"}), Passing, False, 31),
            (Said(status=503, headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}), Passing, False, 0),
            (Said(status=403), Final, None, None),
            (Said(status=302, headers={"location": f"{listener.url}/elsewhere"}), Final, None, None),
            (Said(silent=True), Passing, True, None),
            (Said(broken=True), Passing, True, None),
        ):
            listener.answer = lambda _, answer=answer: answer
            with pytest.raises(error) as caught:
                make(listener.url).send(told)
            seen.append(str(caught.value))
            if isinstance(caught.value, Passing):
                assert (caught.value.unsure, caught.value.pause_s) == (unsure, pause_s)
        assert all("elsewhere" not in asked.target for asked in listener.asked)
    with pytest.raises(Passing, match="cannot be reached") as caught:
        make(listener.url).send(told)
    assert not caught.value.unsure
    for words in (*seen, str(caught.value)):
        assert "k3y" not in words and "127.0.0.1" not in words and "1380" not in words


@pytest.mark.parametrize(
    ("settings", "told", "why"),
    [
        (DingTalkSettings, {"webhook": SecretStr("https://x/y")}, "SHIJING_DINGTALK_SECRET is empty"),
        (WebhookSettings, {"url": SecretStr("https://x/y")}, "SHIJING_WEBHOOK_SECRET is empty"),
        (SmsSettings, {"body": '{"to": "{to}", "text": "{text}"}'}, "no {key}"),
        (SmsSettings, {"body": "{to} {text} {key}"}, "no JSON object"),
        (VoiceSettings, {"success": "[]"}, "no JSON object"),
        (PushSettings, {"hosts": ["push.example.cn"]}, "SHIJING_PUSH_SUBJECT is empty"),
        (CallMqttSettings, {"worker_topic": "shijing/worker/task"}, "must have {person}"),
        (CallMqttSettings, {"loudspeaker_topic": "a/{division}/{person}"}, "nothing else in braces"),
        (WeComSettings, {"rate": "often"}, "is no rate"),
    ],
)
def test_settings_that_do_not_hold_together(settings: Any, told: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        settings(**told)
