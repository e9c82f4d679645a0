"""E-mail to a server that wants STARTTLS and a password: what it takes, and what becomes of what it does not."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from config.channel_settings import MailSettings
from dispatch.channels.mail import Mail
from dispatch.errors import Final, Passing
from tests.loopback.mail_server import MailServer, mail_server
from tests.loopback.notices import MATTER, notice

TO = "wang@example.cn"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as up:
        yield up


def settings(server: MailServer, **other: Any) -> MailSettings:
    told: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "ca_file": server.certificate,
        "username": "shijing",
        "password": SecretStr("right"),
        "sender": "duty@example.cn",
    }
    return MailSettings(**{**told, **other})


def mail(told: MailSettings) -> Mail:
    return Mail(told, timeout_s=2)


def test_a_mail_goes_over_tls_with_an_id_that_stays_the_same(server: MailServer) -> None:
    told = notice("email", to=TO, matter=replace(MATTER, drill=True))
    for one in (told, replace(told, repeated=True)):
        mail(settings(server)).send([one])
    first, again = server.taken
    assert server.sealed == [True, True]
    assert first["To"] == TO and first["From"] == "duty@example.cn"
    assert first["Subject"] == "【演练】橙色任务：沿江洪水预案"
    assert first["Message-ID"] == again["Message-ID"] == f"<{told.key}@example.cn>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert "封闭下穿道与亲水步道" in first.get_content() and "这是演练" in first.get_content()


def test_a_digest_is_one_mail(server: MailServer) -> None:
    mail(settings(server)).send([notice("email", to=TO), notice("email", to=TO, assignment_ids=(42,))])
    (one,) = server.taken
    assert one["Subject"] == "2项任务待应答" and "2. 封闭下穿道" in one.get_content()


def test_a_wrong_password_is_final_and_not_told(server: MailServer) -> None:
    with pytest.raises(Final, match="name and password") as caught:
        mail(settings(server, password=SecretStr("s3cr3t"))).send([notice("email", to=TO)])
    assert "s3cr3t" not in str(caught.value) and not server.taken


@pytest.mark.parametrize(
    ("at", "answer", "error"),
    [
        ("to_recipient", "550 no such user", Final),
        ("to_recipient", "451 later", Passing),
        ("to_data", "554 spam", Final),
        ("to_data", "452 disk full", Passing),
    ],
)
def test_what_the_server_does_not_take(server: MailServer, at: str, answer: str, error: type[Exception]) -> None:
    setattr(server, at, answer)
    with pytest.raises(error, match="did not take") as caught:
        mail(settings(server)).send([notice("email", to=TO)])
    assert TO not in str(caught.value) and not server.taken


def test_a_server_that_breaks_off_after_the_mail_may_have_taken_it(server: MailServer) -> None:
    server.to_data = "nothing"
    with pytest.raises(Passing, match="broke off") as caught:
        mail(settings(server)).send([notice("email", to=TO)])
    assert caught.value.unsure and len(server.raw) == 1


def test_nothing_is_said_to_a_server_that_is_not_trusted_or_offers_no_tls(server: MailServer, tmp_path: Path) -> None:
    with pytest.raises(Passing, match="no certificate that is trusted"):
        mail(settings(server, ca_file=None)).send([notice("email", to=TO)])
    (tmp_path / "plain").mkdir()
    with mail_server(tmp_path / "plain", starttls=False) as plain:
        with pytest.raises(Final, match="offers no STARTTLS"):
            mail(settings(plain)).send([notice("email", to=TO)])
        assert not plain.raw
    assert not server.raw


def test_a_server_that_is_not_there_or_says_nothing(server: MailServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        with pytest.raises(Passing, match="did not answer"):
            Mail(settings(server, port=port), timeout_s=0.2).send([notice("email", to=TO)])
    with pytest.raises(Passing, match="cannot be reached"):
        mail(settings(server, port=port)).send([notice("email", to=TO)])


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"host": "mail.example.cn"}, "SHIJING_MAIL_SENDER is empty"),
        ({"host": "mail.example.cn", "sender": "a@b.cn", "security": "none"}, "anybody between"),
        ({"password": SecretStr("x")}, "SHIJING_MAIL_USERNAME is empty"),
        ({"sender": "a@b.cn\nBcc: c@d.cn"}, "pattern"),
    ],
)
def test_settings_that_do_not_hold_together(told: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        MailSettings(**told)
