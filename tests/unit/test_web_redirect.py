"""The plain listener leads to https and repeats nothing that would be a header or markup."""

import pytest

from web.redirect import redirection


def head(first: str, *lines: str) -> bytes:
    return "\r\n".join([first, *lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    ("first", "host", "location"),
    [
        ("GET / HTTP/1.1", "shijing.lan", "https://shijing.lan:8443/"),
        ("GET /rules?lang=en HTTP/1.1", "192.168.1.20:8080", "https://192.168.1.20:8443/rules?lang=en"),
        ("POST /api HTTP/1.1", "[fd00::7]:80", "https://[fd00::7]:8443/api"),
    ],
)
def test_the_same_place_over_https(first: str, host: str, location: str) -> None:
    answer = redirection(head(first, f"Host: {host}"), 8443).decode()
    assert answer.startswith("HTTP/1.1 308 ") and f"\r\nLocation: {location}\r\n" in answer


def test_the_usual_port_is_left_out() -> None:
    assert b"Location: https://a.lan/\r\n" in redirection(head("GET / HTTP/1.1", "Host: a.lan"), 443)


def test_nobody_is_led_to_a_host_that_the_certificate_does_not_name() -> None:
    names = ("screen.lan", "10.0.0.5", "fd00::7")
    for host, led in (("Screen.LAN", "Screen.LAN"), ("[fd00::7]:80", "[fd00::7]"), ("elsewhere.example", "screen.lan")):
        answer = redirection(head("GET /rules HTTP/1.1", f"Host: {host}"), 8443, names)
        assert f"Location: https://{led}:8443/rules\r\n".encode() in answer


@pytest.mark.parametrize(
    ("first", "hosts"),
    [
        ("GET / HTTP/1.1", []),
        ("GET / HTTP/1.1", ["a.lan", "b.lan"]),
        ("GET / HTTP/1.1", ["a.lan/evil"]),
        ("GET / HTTP/1.1", ["a.lan@evil"]),
        ("GET //evil HTTP/1.1 x", ["a.lan"]),
        ("GET http://evil/ HTTP/1.1", ["a.lan"]),
        ("GET /\tx HTTP/1.1", ["a.lan"]),
        ("nonsense", ["a.lan"]),
    ],
)
def test_what_names_no_place_is_refused(first: str, hosts: list[str]) -> None:
    answer = redirection(head(first, *(f"Host: {host}" for host in hosts)), 8443)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"Location" not in answer


def test_markup_in_a_path_stays_text() -> None:
    answer = redirection(head('GET /<script>"&x HTTP/1.1', "Host: a.lan"), 443)
    page = answer.split(b"\r\n\r\n", 1)[1]
    assert b"<script>" not in page and b"&lt;script&gt;&quot;&amp;x" in page
