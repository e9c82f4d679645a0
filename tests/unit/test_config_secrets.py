"""Secrets come from variables or files, and listeners that others reach have TLS: faults are said, secrets are not."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from alerts.heartbeat_out import post
from config import access_settings, channel_settings
from config import settings as main_settings
from config.access_settings import OidcSettings, TlsSettings
from config.channel_settings import (
    DingTalkSettings,
    MailSettings,
    SmsSettings,
    VoiceSettings,
    WebhookSettings,
    WeComSettings,
)
from config.errors import ConfigError
from config.settings import BrokerSettings, DatabaseSettings, HeartbeatSettings, Secretive, WatchSettings, WebSettings

MARK = "s3cr3t-m4rk"
SECRETS = [
    (DatabaseSettings, "url", f"postgresql://u:{MARK}@127.0.0.1:1/x"),
    (DatabaseSettings, "password", MARK),
    (DatabaseSettings, "web_password", MARK),
    (BrokerSettings, "password", MARK),
    (HeartbeatSettings, "webhook", f"http://127.0.0.1:1/{MARK}"),
    (WatchSettings, "webhook", f"http://127.0.0.1:1/{MARK}"),
    (OidcSettings, "client_secret", MARK),
    (MailSettings, "password", MARK),
    (DingTalkSettings, "webhook", f"http://127.0.0.1:1/{MARK}"),
    (DingTalkSettings, "secret", MARK),
    (WeComSettings, "webhook", f"http://127.0.0.1:1/{MARK}"),
    (WebhookSettings, "url", f"http://127.0.0.1:1/{MARK}"),
    (WebhookSettings, "secret", MARK),
    *((gateway, "url", f"http://127.0.0.1:1/{MARK}") for gateway in (SmsSettings, VoiceSettings)),
    *((gateway, name, MARK) for gateway in (SmsSettings, VoiceSettings) for name in ("token", "receipt_secret")),
]
# What has to stand beside a secret, so that the settings hold together.
BESIDE = {
    "SHIJING_DINGTALK_WEBHOOK": "SHIJING_DINGTALK_SECRET",
    "SHIJING_WEBHOOK_URL": "SHIJING_WEBHOOK_SECRET",
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SHIJING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SHIJING_MQTT_USERNAME", "shijing")
    monkeypatch.setenv("SHIJING_MAIL_USERNAME", "shijing")


def variable(settings: Any, field: str) -> str:
    return f"{settings.model_config['env_prefix']}{field}".upper()


def test_these_are_all_secrets_there_are() -> None:
    named = {**vars(main_settings), **vars(access_settings), **vars(channel_settings)}
    classes = [c for c in named.values() if isinstance(c, type) and issubclass(c, Secretive)]
    found = {(c, name) for c in classes for name, field in c.model_fields.items() if field.annotation is SecretStr}
    assert found == {(settings, field) for settings, field, _ in SECRETS}
    assert all(c.model_config.get("hide_input_in_errors") for c in classes if c is not Secretive)


@pytest.mark.parametrize(("settings", "field", "secret"), SECRETS)
def test_every_secret_comes_from_a_variable_or_a_file_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any, field: str, secret: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{secret}\n")
    if (beside := BESIDE.get(variable(settings, field))) is not None:
        monkeypatch.setenv(beside, "shijing")
    monkeypatch.setenv(f"{variable(settings, field)}_FILE", str(file))
    loaded = settings()
    assert getattr(loaded, field).get_secret_value() == secret
    monkeypatch.setenv(variable(settings, field), f"{secret}2")
    with pytest.raises(ConfigError, match="are both set: keep one") as caught:
        settings()
    monkeypatch.delenv(f"{variable(settings, field)}_FILE")
    assert getattr(settings(), field).get_secret_value() == f"{secret}2"
    for shown in (repr(loaded), str(loaded), str(loaded.model_dump()), loaded.model_dump_json(), str(caught.value)):
        assert MARK not in shown


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_file_without_a_secret_says_which_and_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SHIJING_MQTT_PASSWORD_FILE", str(file))
    with pytest.raises(ConfigError, match=r"^SHIJING_MQTT_PASSWORD_FILE=.*secret: .*: (mend|write)"):
        BrokerSettings()


@pytest.mark.parametrize("settings", [HeartbeatSettings, WatchSettings])
def test_a_webhook_that_is_none_is_refused_without_its_text(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setenv(variable(settings, "webhook"), f"ftp://{MARK}")
    with pytest.raises(ValidationError, match="no http or https address") as caught:
        settings()
    assert MARK not in str(caught.value) and MARK not in repr(caught.value)


@pytest.mark.parametrize("port", [1, 99999])
def test_a_webhook_that_cannot_be_reached_is_not_named(port: int) -> None:
    failure = post(f"http://127.0.0.1:{port}/{MARK}", {})
    assert failure and MARK not in failure


def run(*words: str, **variables: str) -> str:
    """All that a command says, whatever comes of it."""
    environment = {**os.environ, **variables}
    command = [sys.executable, "-m", "shijing", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("serve", "--help"),
        ("status",),
        ("pipeline",),
        ("watch", "--once"),
        ("alerts-out",),
        ("gateway", "list"),
        ("channel", "list"),
        ("status", "--database", f"postgresql://u:{MARK}@127.0.0.1:1/x"),
    ],
)
def test_no_command_says_a_secret(words: tuple[str, ...]) -> None:
    """With nothing there to answer: every one of these ends in an error, and the secret is not in it."""
    secrets = {variable(settings, field): secret for settings, field, secret in SECRETS}
    said = run(*words, **secrets, SHIJING_MQTT_PORT="1", SHIJING_HEARTBEAT_EVERY_S="1")
    assert said.strip() and MARK not in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"SHIJING_MQTT_PORT": "x"},
        {"SHIJING_MQTT_USERNAME": ""},
        {"SHIJING_HEARTBEAT_EVERY_S": "0"},
        {"SHIJING_DATABASE_RETENTION_DAYS": "0"},
    ],
)
def test_a_wrong_setting_beside_a_secret_does_not_say_it(wrong: dict[str, str]) -> None:
    secrets = {variable(settings, field): secret for settings, field, secret in SECRETS}
    for settings in (BrokerSettings, HeartbeatSettings, DatabaseSettings, WatchSettings):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**secrets, **wrong}.items():
                patch.setenv(name, value)
            try:
                shown = repr(settings())
            except ValidationError as error:
                shown = str(error) + repr(error)
            assert MARK not in shown


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"host": "0.0.0.0"}, r"SHIJING_WEB_HOST=0\.0\.0\.0 with SHIJING_WEB_TLS=false and SHIJING_WEB_BEHIND_PROXY=f"),
        ({"host": "192.168.1.20"}, r"SHIJING_WEB_HOST=192\.168\.1\.20 with SHIJING_WEB_TLS=false"),
        ({"host": "::"}, "SHIJING_WEB_HOST=:: with"),
        ({"host": "shijing.lan"}, r"SHIJING_WEB_HOST=shijing\.lan with"),
        ({"tls": True, "behind_proxy": True}, "SHIJING_WEB_TLS=true and SHIJING_WEB_BEHIND_PROXY=true"),
        ({"redirect_port": 80}, "SHIJING_WEB_REDIRECT_PORT=80 with SHIJING_WEB_TLS=false"),
        ({"rate_requests": "many"}, "'many' is no rate"),
    ],
)
def test_a_listener_that_contradicts_itself_is_refused_with_both_values(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        WebSettings(**given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"host": "::1"},
        {"host": "127.0.0.2"},
        {"host": "localhost"},
        {"host": "0.0.0.0", "tls": True, "redirect_port": 8080},
        {"host": "0.0.0.0", "behind_proxy": True},
        {"rate_requests": ""},
        {"rate_requests": "10/second;100/minute"},
    ],
)
def test_a_listener_that_holds_together(given: dict[str, Any]) -> None:
    assert WebSettings(**given).model_dump()["host"]


def test_serve_says_which_settings_contradict() -> None:
    said = run("serve", "--host", "0.0.0.0", "--port", "0")
    assert "SHIJING_WEB_HOST=0.0.0.0 with SHIJING_WEB_TLS=false" in said and "Traceback" not in said


def test_the_folder_of_certificates_is_the_persons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert TlsSettings().folder == tmp_path / ".shijing" / "tls"
