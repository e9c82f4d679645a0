"""The server as a process of its own: its end, its port."""

import os
import signal
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import httpx
import pytest

from config.settings import WebSettings
from tests.browser.accounts import everything
from tests.browser.conftest import Serve
from tests.browser.test_api import first, listening
from web.errors import ListenError
from web.listening import listening_socket
from web.serve import serve


def test_a_taken_port_says_what_to_do(city_url: str) -> None:
    with listening_socket("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"port {port} on 127.0.0.1 is taken.*--port"):
            serve(WebSettings(port=port), city_url)


def test_sigterm_ends_the_server_cleanly_with_screens_connected(city_url: str) -> None:
    program = """
        import sys
        from config.settings import WebSettings
        from web.serve import serve
        serve(WebSettings(port=0), sys.argv[1], ready=lambda url: print(url, flush=True))
        print("ended", flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), city_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, session = process.stdout.readline().strip(), everything(city_url)
        assert session is not None
        with listening(SimpleNamespace(url=url, headers=session.headers)) as events:
            first(events, "snapshot")
            os.kill(process.pid, signal.SIGTERM)
            said, wrong = process.communicate(timeout=30)
    assert (process.returncode, said, wrong) == (0, "ended\n", "")


def answers(url: str, *addresses: str) -> list[httpx.Response]:
    """As a proxy asks for whoever is at these addresses, over https."""
    with httpx.Client(trust_env=False) as web:
        return [
            web.get(url + "sign-in", headers={"X-Forwarded-For": address, "X-Forwarded-Proto": "https"})
            for address in addresses
        ]


def test_a_proxy_tells_who_asks_and_over_what(city_url: str, serve: Serve) -> None:
    running = serve(city_url, behind_proxy=True, rate_requests="2/minute")
    found = answers(running.url, "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.1")
    assert [answer.status_code for answer in found] == [200, 200, 200, 429]
    assert all(answer.headers["strict-transport-security"] for answer in found)
    assert int(found[-1].headers["retry-after"]) > 0 and found[-1].json()["retry_after_s"] > 0


@pytest.mark.parametrize("settings", [{}, {"behind_proxy": True, "proxies": ["10.9.9.9"]}])
def test_whoever_is_no_proxy_cannot_say_who_he_is(city_url: str, serve: Serve, settings: dict[str, object]) -> None:
    running = serve(city_url, rate_requests="2/minute", **settings)
    found = answers(running.url, "10.0.0.1", "10.0.0.2", "10.0.0.3")
    limited = 429 if settings else 200  # this machine itself, as what it is
    assert [answer.status_code for answer in found] == [200, 200, limited]
    assert not any("strict-transport-security" in answer.headers for answer in found)
