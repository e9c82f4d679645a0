"""The command line as a whole: every command can be asked for help, and asking starts nothing heavy."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from shijing import GROUPS, app

HEAVY = ("fastapi", "folium", "geopandas", "numpy", "shapely", "iotcore")


def _paths() -> list[list[str]]:
    root = typer.main.get_command(app)
    nested = {name: getattr(command, "commands", {}) for name, command in root.commands.items()}  # type: ignore[attr-defined]
    return [[name] for name in nested] + [[name, inner] for name, within in nested.items() for inner in within]


@pytest.mark.parametrize("path", _paths(), ids=" ".join)
def test_every_command_says_what_it_does(path: list[str]) -> None:
    told = CliRunner().invoke(app, [*path, "--help"])
    assert told.exit_code == 0
    assert f"Usage: shijing {' '.join(path)}" in told.output


def test_a_group_without_a_command_lists_what_there_is() -> None:
    for name, group in GROUPS.items():
        told = CliRunner().invoke(app, [name])
        assert all(_named(one) in told.output for one in group.registered_commands), name


def _named(command: typer.models.CommandInfo) -> str:
    assert command.callback
    return command.name or command.callback.__name__.replace("_", "-")


def test_help_loads_none_of_the_heavy_packages() -> None:
    """`shijing --help` answers at once: a command imports what it runs when it runs."""
    code = f"import shijing, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
