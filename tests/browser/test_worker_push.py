"""A phone takes web push: subscribed in a real browser, called through a push service, shown by the service worker."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession

from access.vault import Vault
from config.channel_settings import ChannelSettings, PushSettings
from config.database import Connection, connect
from dispatch.advance import advance
from dispatch.channels.push import Push
from dispatch.deliver import Delivered, deliver
from dispatch.push_key import public_half, push_key_file, read_push_key
from dispatch.switchboard import Switchboard
from tests.browser.conftest import SCREENSHOTS, Serve
from tests.browser.worker_ground import SPOT, Flooded, Phone, flooded
from tests.loopback.listener import listening
from tests.loopback.push_service import PushService

# The browser's own push service is on the internet: it is stood in for, its address and keys are those of the test.
_STAND_IN = """
globalThis.subscribed = null;
const made = %s;
const subscription = { toJSON: () => made, endpoint: made.endpoint, unsubscribe: async () => { subscribed = null; } };
PushManager.prototype.subscribe = async (asked) => { subscribed = asked.applicationServerKey; return subscription; };
PushManager.prototype.getSubscription = async () => subscribed && subscription;
Notification.requestPermission = async () => "granted";
"""
_SHOWN = "navigator.serviceWorker.ready.then((one) => one.getNotifications())"


@pytest.fixture
def flood(connection: Connection, tmp_path: Path) -> Flooded:
    return flooded(connection, tmp_path)


@pytest.fixture
def vault(flood: Flooded, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("SHIJING_PUSH_HOSTS", '["127.0.0.1"]')
    monkeypatch.setenv("SHIJING_PUSH_SUBJECT", "mailto:duty@example.cn")
    return flood.ground.town.vault


@pytest.fixture
def phone(flood: Flooded, browser: Browser) -> Iterator[Phone]:
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        is_mobile=True,
        has_touch=True,
        permissions=["notifications", "geolocation"],
        geolocation={"longitude": SPOT[0], "latitude": SPOT[1]},
    )
    context.add_cookies(flood.workers["网格员"].cookies)  # type: ignore[arg-type]
    yield Phone(context=context, page=context.new_page())
    context.close()


def test_from_the_button_to_the_notification(
    flood: Flooded, vault: Vault, database_url: str, serve: Serve, phone: Phone
) -> None:
    key = read_push_key(push_key_file(vault.path))
    service = PushService(public_half(key))
    with listening(service.answer) as listener:
        service.url = listener.url
        browser = service.subscribe()
        told = browser.subscription(listener.url)
        made = {"endpoint": told.endpoint, "keys": {"p256dh": told.p256dh, "auth": told.auth}}
        phone.page.add_init_script(_STAND_IN % json.dumps(made))
        devtools = phone.context.new_cdp_session(phone.page)
        registrations: list[Any] = []
        devtools.on(
            "ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"])
        )
        devtools.send("ServiceWorker.enable")
        running = serve(database_url, vault=vault)
        phone.open(f"{running.url}worker")
        phone.page.click("[data-view=grid]")
        phone.page.click(".push button")
        phone.wait("document.querySelector('.push button').textContent === '不再提醒'")
        assert phone.page.evaluate("subscribed") == public_half(key)
        phone.page.screenshot(path=SCREENSHOTS / "worker-push-zh.png")

        flood.flood()
        _call_by_push(flood)
        way = {"push": Push(PushSettings(), key, lambda _: None, timeout_s=5)}
        board = Switchboard(channels=way, settings=ChannelSettings(), vault=vault)
        ids = [number for (number,) in flood.connection.execute("select id from deliveries where channel = 'push'")]
        done = deliver(
            lambda: connect(database_url, "push", autocommit=True), board, ids, flood.ground.at(flood.connection, 0)
        )
        assert done == Delivered(sent=1, skipped=len(ids) - 1)  # nobody else has subscribed
        assert len(browser.messages) == 1

        _arrives(devtools, running.url, registrations[-1]["registrationId"], browser.messages[0])
        phone.wait(f"{_SHOWN}.then((all) => all.length > 0)")
        shown = phone.page.evaluate(f"{_SHOWN}.then(([one]) => [one.title, one.body])")
        assert shown == [browser.messages[0]["title"], browser.messages[0]["body"]]

        phone.page.click(".push button")
        phone.wait("document.querySelector('.push button').textContent === '页面关闭时也提醒我'")
        assert flood.one("select count(*) from push_subscriptions") == (0,)


def _call_by_push(flood: Flooded) -> None:
    advance(flood.connection, flood.ground.at(flood.connection, 0), channels=frozenset({"push"}))


def _arrives(devtools: CDPSession, url: str, registration: str, message: dict[str, Any]) -> None:
    """What the browser does with a message that its push service brought, once it is decrypted."""
    named = {"origin": url.rstrip("/"), "registrationId": registration, "data": json.dumps(message)}
    devtools.send("ServiceWorker.deliverPushMessage", named)
