"""Web push against a push service written from RFC 8030, 8291 and 8292."""

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key, generate_private_key

from config.channel_settings import PushSettings
from config.errors import ConfigError
from dispatch.channels.push import Push
from dispatch.errors import Final, Passing
from dispatch.push_key import make_push_key, public_half, push_key_file, read_push_key
from tests.loopback.listener import Listener, Said, listening, said
from tests.loopback.notices import notice
from tests.loopback.push_service import Browser, PushService, unb64

SETTINGS = PushSettings(hosts=["127.0.0.1"], subject="mailto:duty@example.cn", key_file=None)
KEY = generate_private_key(SECP256R1())


@pytest.fixture
def service() -> Iterator[tuple[PushService, Listener]]:
    made = PushService(public_half(KEY))
    with listening(made.answer) as listener:
        made.url = listener.url
        yield made, listener


def push(settings: PushSettings = SETTINGS, forgotten: list[UUID] | None = None) -> Push:
    return Push(settings, KEY, (forgotten if forgotten is not None else []).append, timeout_s=0.5)


def test_the_browser_of_the_example_in_the_rfc_reads_its_message() -> None:
    """RFC 8291, appendix A: what the service below decrypts with is right."""
    key = derive_private_key(int.from_bytes(unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big"), SECP256R1())
    body = unb64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    browser = Browser(key, unb64("BTBZMqHH6r4Tts7J_aSIgg"))
    assert browser.decrypt(body) == b"When I grow up, I want to be a watermelon"


def test_every_browser_of_the_person_gets_it_and_nobody_between_can_read_it(
    service: tuple[PushService, Listener],
) -> None:
    made, listener = service
    one, other = made.subscribe(), made.subscribe()
    told = notice("push", subscriptions=tuple(browser.subscription(listener.url) for browser in (one, other)))
    push().send([told])
    for browser in (one, other):
        (message,) = browser.messages
        assert message["key"] == str(told.key) and message["assignments"] == [41] and not message["repeated"]
        assert message["title"] == "橙色任务：沿江洪水预案" and "封闭下穿道" in message["body"]
    for asked in listener.asked:
        assert "封闭".encode() not in asked.body and asked.headers["topic"] == told.key.hex
        assert asked.headers["urgency"] == "high" and asked.headers["ttl"] == "3600"


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_no_more_is_forgotten(service: tuple[PushService, Listener], status: int) -> None:
    made, listener = service
    one = made.subscribe()
    subscription = one.subscription(listener.url)
    if status == 410:
        made.gone.add(one.id)
    else:
        del made.browsers[one.path]
    forgotten: list[UUID] = []
    with pytest.raises(Final, match="does not subscribe any more"):
        push(forgotten=forgotten).send([notice("push", subscriptions=(subscription,))])
    assert forgotten == [one.id]


def test_one_browser_that_takes_it_is_enough(service: tuple[PushService, Listener]) -> None:
    made, listener = service
    gone, there = made.subscribe(), made.subscribe()
    made.gone.add(gone.id)
    forgotten: list[UUID] = []
    both = tuple(browser.subscription(listener.url) for browser in (gone, there))
    push(forgotten=forgotten).send([notice("push", subscriptions=both)])
    assert len(there.messages) == 1 and forgotten == [gone.id]


def test_another_key_than_the_browser_subscribed_with_is_refused(service: tuple[PushService, Listener]) -> None:
    made, listener = service
    told = notice("push", subscriptions=(made.subscribe().subscription(listener.url),))
    stranger = Push(SETTINGS, generate_private_key(SECP256R1()), lambda _: None, timeout_s=0.5)
    with pytest.raises(Final, match="answered 403"):
        stranger.send([told])


def test_the_longest_words_fit_into_what_a_push_service_takes(service: tuple[PushService, Listener]) -> None:
    made, listener = service
    browser = made.subscribe()
    told = notice("push", subscriptions=(browser.subscription(listener.url),), body="长" * 5000)
    push().send([replace(told, assignment_ids=tuple(range(10**9, 10**9 + 400)))])
    assert browser.messages[0]["body"].endswith("长…")


@pytest.mark.parametrize(
    ("endpoint", "hosts"),
    [
        ("https://169.254.169.254/latest", ["127.0.0.1"]),
        ("http://push.example.cn/x", ["push.example.cn"]),
        ("https://push.example.cn.evil.example/x", ["push.example.cn"]),
        ("https://push.example.cn@10.0.0.1/x", ["push.example.cn"]),
        ("https:///x", ["*"]),
        ("file:///etc/passwd", ["*"]),
    ],
)
def test_no_other_machine_is_asked_than_the_push_services_that_are_named(endpoint: str, hosts: list[str]) -> None:
    subscription = replace(Browser().subscription(""), endpoint=endpoint)
    settings = PushSettings(hosts=hosts, subject="mailto:duty@example.cn")
    with pytest.raises(Final, match="SHIJING_PUSH_HOSTS"):
        push(settings).send([notice("push", subscriptions=(subscription,))])


def test_without_a_subscription_or_with_keys_that_are_none_it_is_final() -> None:
    with pytest.raises(Final, match="has subscribed"):
        push().send([notice("push")])
    with listening() as listener:
        broken = replace(Browser().subscription(listener.url), p256dh="AAAA")
        with pytest.raises(Final, match="keys that the phone gave"):
            push().send([notice("push", subscriptions=(broken,))])
        assert not listener.asked


def test_a_service_that_is_busy_is_asked_again_when_it_says() -> None:
    with listening(lambda _: Said(status=429, headers={"retry-after": "17"})) as listener:
        told = notice("push", subscriptions=(Browser().subscription(listener.url),))
        with pytest.raises(Passing, match="answered 429") as caught:
            push().send([told])
        assert caught.value.pause_s == 17
        listener.answer = lambda _: Said(silent=True)
        with pytest.raises(Passing) as caught:
            push().send([told])
        assert caught.value.unsure
        listener.answer = lambda _: said({}, 500)
        with pytest.raises(Passing, match="answered 500"):
            push().send([told])
    with pytest.raises(Passing, match="cannot be reached"):
        push().send([told])


def test_the_key_is_made_once_for_its_owner_alone_and_never_guessed(tmp_path: Path) -> None:
    path = push_key_file(tmp_path / "key")
    first = public_half(read_push_key(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(unb64(first)) == 65
    assert push_key_file(tmp_path / "key") == path and not make_push_key(path)
    assert public_half(read_push_key(path)) == first
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="open to others"):
        read_push_key(path)
    path.chmod(0o600)
    path.write_text("nonsense")
    with pytest.raises(ConfigError, match="no private key in PEM"):
        read_push_key(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_push_key(tmp_path / "none")
