"""What the documents say of settings and packages is what the program has."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from commands.retention import KINDS
from config import (
    access_settings,
    boundary_settings,
    channel_settings,
    draft_settings,
    generation_settings,
    imagery_settings,
    settings,
)

PROJECT = Path(__file__).resolve().parents[2]


def variables() -> list[str]:
    classes = [
        c
        for module in (
            settings,
            access_settings,
            boundary_settings,
            channel_settings,
            draft_settings,
            generation_settings,
            imagery_settings,
        )
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, BaseSettings)
    ]
    return [
        f"{c.model_config['env_prefix']}{name}{end}".upper()
        for c in classes
        if c is not BaseSettings
        for name, field in c.model_fields.items()
        for end in (("", "_FILE") if field.annotation is SecretStr else ("",))
    ]


@pytest.mark.parametrize("document", [".env.example", "docs/operations.md"])
def test_every_setting_is_told_and_no_other(document: str) -> None:
    told = set(re.findall(r"SHIJING_[A-Z0-9_]+", (PROJECT / document).read_text(encoding="utf-8")))
    ours = {name for name in told if not name.startswith("SHIJING_COMPOSE_")}
    assert ours == set(variables())


def pins(name: str) -> set[str]:
    lines = (PROJECT / name).read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0] for line in lines if "==" in line}


def test_every_direct_dependency_is_pinned_and_explained() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = {re.split(r"[\[<>=]", requirement)[0] for requirement in project["dependencies"]}
    text = (PROJECT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"[\w-]+", " ".join(re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE))))
    assert direct <= pins("requirements.txt")
    assert direct <= explained
    assert not pins("requirements.txt") & pins("requirements-dev.txt")


def test_the_days_of_retention_are_told_as_they_are() -> None:
    days = tomllib.loads((PROJECT / "config" / "retention.toml").read_text(encoding="utf-8"))
    text = (PROJECT / "docs" / "privacy.md").read_text(encoding="utf-8")
    told = {name: (int(kept), int(least)) for name, kept, least in re.findall(r"\| `(\w+)` \| (\d+) \| (\d+) \|", text)}
    assert told == {kind.name: (days[kind.name], kind.least_days) for kind in KINDS}
