"""The server as a process of its own: its end, its port."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from config.settings import WebSettings
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
        url = process.stdout.readline().strip()
        with listening(url) as events:
            first(events, "snapshot")
            os.kill(process.pid, signal.SIGTERM)
            said, wrong = process.communicate(timeout=10)
    assert (process.returncode, said, wrong) == (0, "ended\n", "")
