"""`shijing where` and `shijing divisions`: what they tell, for people and as JSON."""

import json

import pytest
from typer.testing import CliRunner

from config.database import Connection
from geo.defaults import import_defaults
from shijing import app
from tests.database.clocks_ground import ALWAYS, at, place, sensor

THEN = "2024-07-01T00:00:00+08:00"


@pytest.fixture
def chongqing(connection: Connection) -> Connection:
    import_defaults(connection)
    place(connection, sensor(connection, "cuntan"), ALWAYS, at(2024), (106.60, 29.62))
    return connection


def told(database_url: str, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*words, "--database", database_url])
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize("what", [("106.60", "29.62"), ("cuntan",)])
def test_where_something_belonged(database_url: str, chongqing: Connection, what: tuple[str, ...]) -> None:
    assert told(database_url, "where", *what, "--at", THEN).splitlines() == [
        "then (2024-07-01): 重庆市 · 江北区 · 寸滩街道",
        "as known then (2024-07-01): —",
        "under today's map: 重庆市 · 两江新区 · 寸滩街道",
    ]
    figures = json.loads(told(database_url, "where", *what, "--at", THEN, "--recorded", "2099-01-01T00:00Z", "--json"))
    assert [one["code"] for one in figures["known_then"]["divisions"]] == ["500000", "500105", "500105005"]


def test_a_division_at_an_instant(database_url: str, chongqing: Connection) -> None:
    assert "江北区 (500105) · 寸滩街道 (500105005)" in told(database_url, "divisions", "show", "寸滩街道", "--at", THEN)
    assert "两江新区 (500157) · 寸滩街道 (500157004)" in told(database_url, "divisions", "show", "500105005")
    assert "was not there then" in told(database_url, "divisions", "show", "两江新区", "--at", THEN)
    known = told(database_url, "divisions", "show", "寸滩街道", "--recorded", "2020-01-01T00:00:00Z", "--json")
    assert json.loads(known)["divisions"][0]["path"] == []  # nothing was written down by then


def test_the_life_of_a_division(database_url: str, chongqing: Connection) -> None:
    lines = told(database_url, "divisions", "history", "渝北区").splitlines()
    assert lines[0].endswith("渝北区 (500112), until 2025-11-06")
    assert "  2025-11-06 25 divisions went to 两江新区" in lines
    assert "  under today's map: 62.1% 两江新区 (500157)" in lines
    (figures,) = json.loads(told(database_url, "divisions", "history", "寸滩街道", "--json"))["divisions"]
    assert [one["parent"] for one in figures["versions"]] == ["江北区", "两江新区"]
    assert [one["kind"] for one in figures["lineage"]["changes"]] == ["transfer"]


def test_what_cannot_be_answered_is_said(database_url: str, chongqing: Connection) -> None:
    assert "寸滩街道?" in told(database_url, "divisions", "history", "寸滩", code=2)
    assert "there is no sensor" in told(database_url, "where", "none", code=2)
    assert "is no position" in told(database_url, "where", "east", "west", code=2)
    assert "no offset" in told(database_url, "where", "106.60", "29.62", "--at", "2024-07-01T00:00:00", code=2)
