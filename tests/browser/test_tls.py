"""The pages over TLS in a real browser that has our authority, and in one that has another."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from access.authority import issue, make_authority
from tests.browser.conftest import chromium_path

NAME, ADDRESS = "shijing.lan", "127.0.0.2"


def authority(folder: Path) -> Path:
    make_authority(folder, organisation="永丰镇", more=(), now=datetime.now(UTC))
    return folder


@contextmanager
def browser_trusting(home: Path, certificate: Path) -> Iterator[Page]:
    """A Chromium of its own home, where the certificate was put as a person puts it: into the user's store."""
    certutil = shutil.which(os.environ.get("SHIJING_TEST_CERTUTIL") or "certutil")
    if certutil is None:
        pytest.fail("this test needs certutil: install it (Debian: apt-get install libnss3-tools)", pytrace=False)
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    for options in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "Shijing CA", "-i", str(certificate)]):
        subprocess.run([certutil, "-d", f"sql:{store}", *options], check=True, capture_output=True)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    arguments.append(f"--host-resolver-rules=MAP {NAME} {ADDRESS}")
    environment: dict[str, str | float | bool] = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "c")}
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=chromium_path(), args=arguments, env=environment)
        try:
            yield browser.new_page()
        finally:
            browser.close()


@contextmanager
def serving(city_url: str, folder: Path) -> Iterator[tuple[str, int]]:
    """`serve` in a process of its own, over TLS on another address than a browser takes for its own machine."""
    program = """
        import sys
        from config.settings import WebSettings
        from web.serve import serve
        settings = WebSettings(host=sys.argv[2], port=0, tls=True, redirect_port=int(sys.argv[3]))
        serve(settings, sys.argv[1], ready=lambda url: print(url, flush=True))
    """
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        plain = probe.getsockname()[1]
    command = [sys.executable, "-c", textwrap.dedent(program), city_url, ADDRESS, str(plain)]
    environment = {**os.environ, "SHIJING_TLS_FOLDER": str(folder)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), plain
        finally:
            process.terminate()
        assert process.wait(15) == 0


def test_with_the_authority_the_pages_are_a_secure_context(city_url: str, tmp_path: Path) -> None:
    folder = authority(tmp_path / "tls")
    issue(folder, hosts=[NAME], addresses=[ADDRESS], now=datetime.now(UTC))
    with (
        serving(city_url, folder) as (url, plain),
        browser_trusting(tmp_path / "home", folder / "authority.crt") as page,
    ):
        assert url.startswith(f"https://{NAME}:")
        port = url.rstrip("/").rsplit(":", 1)[1]
        for host in (NAME, ADDRESS):
            answer = page.goto(f"https://{host}:{port}/sign-in")
            assert answer is not None and answer.status == 200
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            secure = "[isSecureContext, 'serviceWorker' in navigator, 'geolocation' in navigator]"
            assert page.evaluate(secure) == [True, True, True]
            details = answer.security_details()
            assert details is not None and "永丰镇 Shijing CA" in details["issuer"]
        # A service worker is what a browser allows to none but a secure page; a missing script is another error.
        register = "navigator.serviceWorker.register('/none.js').then(() => '', (error) => error.name + error.message)"
        assert "404" in page.evaluate(register)
        page.goto(f"http://{ADDRESS}:{plain}/sign-in?lang=en")
        assert page.url == f"https://{ADDRESS}:{port}/sign-in?lang=en"


def test_a_plain_page_of_the_same_address_is_no_secure_context(city_url: str, tmp_path: Path, serve: object) -> None:
    """So the test above shows something: a browser takes 127.0.0.1 alone for secure without TLS, and a name never."""
    folder = authority(tmp_path / "tls")
    with browser_trusting(tmp_path / "home", folder / "authority.crt") as page:
        running = serve(city_url, host=ADDRESS)  # type: ignore[operator]
        port = running.url.rstrip("/").rsplit(":", 1)[1]
        answer = page.goto(f"http://{NAME}:{port}/sign-in")
        assert answer is not None and "strict-transport-security" not in answer.headers
        assert page.evaluate("[isSecureContext, 'serviceWorker' in navigator]") == [False, False]


def test_a_browser_with_another_authority_refuses_the_page(city_url: str, tmp_path: Path) -> None:
    folder, foreign = authority(tmp_path / "tls"), authority(tmp_path / "foreign")
    issue(folder, hosts=[NAME], addresses=[ADDRESS], now=datetime.now(UTC))
    trusting = browser_trusting(tmp_path / "home", foreign / "authority.crt")
    refusal = pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID")
    with serving(city_url, folder) as (url, _), trusting as page, refusal:
        page.goto(url)


def test_a_renewed_certificate_comes_without_a_restart(city_url: str, tmp_path: Path) -> None:
    folder = authority(tmp_path / "tls")
    issue(folder, hosts=[NAME], addresses=[ADDRESS], now=datetime.now(UTC))
    context = ssl.create_default_context(cafile=str(folder / "authority.crt"))

    def names(port: int) -> set[str]:
        plain = socket.create_connection((ADDRESS, port), 5)
        with context.wrap_socket(plain, server_hostname=ADDRESS) as secure:
            return {value for _, value in secure.getpeercert()["subjectAltName"]}  # type: ignore[index, misc]

    with serving(city_url, folder) as (url, _):
        port = int(url.rstrip("/").rsplit(":", 1)[1])
        assert names(port) == {NAME, ADDRESS}
        issue(folder, hosts=["new.lan"], addresses=[ADDRESS], now=datetime.now(UTC))
        deadline = time.monotonic() + 20
        while names(port) != {"new.lan", ADDRESS}:
            assert time.monotonic() < deadline, "the renewed certificate is not served"
            threading.Event().wait(0.1)
        health = urllib.request.Request(f"https://{ADDRESS}:{port}/sign-in")
        with urllib.request.urlopen(health, timeout=10, context=context) as answer:
            assert answer.status == 200
