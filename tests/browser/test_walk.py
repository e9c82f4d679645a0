"""Every route, with every role, in one's own division and in a foreign one: answered as the route declares."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from access.accounts import add_account, grant
from access.rights import RIGHTS
from access.tokens import add_token
from config.database import Connection
from config.settings import WebSettings
from tests.browser.accounts import ROLES, signed_in
from tests.browser.conftest import Running, Serve
from tests.browser.rights_page import rights_page
from tests.browser.walk import EMPTY, SAME, WALKS, Ground, Step, Walked
from tests.database.out_seed import TOWNSHIP
from tests.database.rights_city import seed_rights_city
from web.app import create_app
from web.viewing import Declared, declared

PAGE = Path(__file__).parents[2] / "docs" / "rights.md"
TOKEN_RIGHTS = frozenset({"alerts.read"})
# What an account ends itself with; asked as somebody new each time.
_LAST = {"/sign-out", "/sign-out/everywhere"}


@dataclass(frozen=True, kw_only=True)
class Walker:
    """Somebody who asks: what they hold, and what their requests carry."""

    name: str
    rights: frozenset[str]
    headers: dict[str, str]
    is_known: bool = True
    everywhere: bool = False

    def expected(self, one: Declared, walked: Walked, *, own: bool) -> frozenset[int]:
        """The statuses that may come, by what the route declares."""
        if one.right == "public":
            return walked.own
        if not self.is_known:
            return frozenset({401})
        if one.right == "signed_in" and self.name == "token":  # what is a person's own is none of a program's
            return frozenset({403})
        held = self.rights | {"signed_in", "known"}
        if one.right not in held or (one.everywhere and not self.everywhere):
            return frozenset({403})
        return walked.own if own or walked.foreign in (SAME, EMPTY) or self.everywhere else walked.statuses


@pytest.fixture
def ground(city: Connection) -> Ground:
    return Ground(city, seed_rights_city(city))


@pytest.fixture
def city(connection: Connection) -> Connection:
    return connection


def declarations() -> list[Declared]:
    return declared(create_app(WebSettings(), "postgresql:///nothing"))


def test_every_route_is_walked_and_none_that_is_gone() -> None:
    assert {(one.method, one.path) for one in declarations()} == set(WALKS), (
        "a new route needs an entry in tests/browser/walk.py, that says how it is asked in a foreign division"
    )


def test_the_page_of_rights_is_up_to_date() -> None:
    """SHIJING_TEST_WRITE=1 writes it anew."""
    text = rights_page(declarations(), ROLES, RIGHTS, WALKS)
    if os.environ.get("SHIJING_TEST_WRITE"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, (
        "docs/rights.md is older than the routes and roles: write it with SHIJING_TEST_WRITE=1"
        " .venv/bin/python -m pytest tests/browser/test_walk.py -k page, and read it"
    )


def walkers(ground: Ground) -> list[Walker]:
    """Each role for the first township, and for everywhere; a token; and nobody."""
    connection, township = ground.connection, ground.city.divisions[TOWNSHIP]
    found = []
    for name, role in ROLES.items():
        for where in (township, None):
            session = signed_in(connection, f"{name}-{where}", [(name, where)])
            found.append(Walker(name=name, rights=role.rights, headers=session.headers, everywhere=where is None))
    account = signed_in(connection, "program", [("duty_officer", township)], kind="service")
    secret = add_token(
        connection, account.account_id, label="walk", rights=TOKEN_RIGHTS, division_id=None, roles=ROLES,
        now=datetime.now(UTC), expires=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    token = Walker(name="token", rights=TOKEN_RIGHTS, headers={"Authorization": f"Bearer {secret}"})
    return [*found, token, Walker(name="nobody", rights=frozenset(), headers={}, is_known=False)]


@contextmanager
def asked(client: httpx.Client, one: Declared, step: Step, headers: dict[str, str]) -> Iterator[httpx.Response]:
    """The answer to a step; of the stream only its beginning."""
    content = None if step.body is None else json.dumps(step.body).encode()
    more = {} if content is None else {"Content-Type": "application/json"}
    with client.stream(one.method, step.path, headers={**headers, **more}, content=content) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
        yield answer


def is_empty(answer: httpx.Response, walked: Walked) -> bool:
    if answer.headers["content-type"].startswith("application/json"):
        return answer.json()[walked.rows] == []
    return walked.rows not in answer.text


def test_every_route_answers_as_it_declares(database_url: str, ground: Ground, serve: Serve) -> None:
    running: Running = serve(database_url)
    wrong, asked_for = [], 0
    routes = sorted(declarations(), key=lambda one: one.path in _LAST)
    with httpx.Client(base_url=running.url, timeout=30) as client:
        for walker in walkers(ground):
            for one in routes:
                walked = WALKS[one.method, one.path]
                for own in (True, False):
                    headers = walker.headers
                    if one.path in _LAST and walker.is_known and walker.name != "token":
                        headers = signed_in(ground.connection, f"leaves{ground.next()}", []).headers
                    expected = walker.expected(one, walked, own=own)
                    with asked(client, one, walked.step(ground, own), headers) as answer:
                        asked_for += 1
                        good = answer.status_code in expected
                        if good and walked.foreign == EMPTY and answer.status_code == 200:
                            good = is_empty(answer, walked) == (not own and not walker.everywhere)
                        if not good:
                            wrong.append(
                                f"{walker.name} {'own' if own else 'foreign'} {one.method} {one.path}:"
                                f" {answer.status_code}, expected {sorted(expected)}"
                                f" {'' if answer.is_stream_consumed is False else answer.text[:150]}"
                            )
                        check_headers(one, answer, wrong)
    assert not wrong, "\n".join(wrong)
    assert asked_for == 2 * len(routes) * (2 * len(ROLES) + 2)


def check_headers(one: Declared, answer: httpx.Response, wrong: list[str]) -> None:
    """No answer may be framed, and none but our own files may be kept by a cache between us and the browser."""
    kept = answer.headers.get("cache-control", "")
    if not one.path.endswith("/*") and "no-store" not in kept and not kept.startswith("private"):
        wrong.append(f"{one.path}: {answer.status_code} may be kept by a proxy ({kept!r})")
    if "frame-ancestors 'none'" not in answer.headers.get("content-security-policy", ""):
        wrong.append(f"{one.path}: {answer.status_code} may be framed")
    if answer.headers.get("x-content-type-options") != "nosniff":
        wrong.append(f"{one.path}: {answer.status_code} may be sniffed")


def test_a_role_that_is_gone_from_the_file_allows_nothing(database_url: str, ground: Ground, serve: Serve) -> None:
    session = signed_in(ground.connection, "former", [("auditor", None)])
    ground.connection.execute("update account_roles set role = 'emperor'")
    answer = httpx.get(f"{serve(database_url).url}api/state", headers=session.headers)
    assert answer.status_code == 403


def test_an_account_without_roles_gets_in_nowhere(database_url: str, ground: Ground, serve: Serve) -> None:
    account = add_account(ground.connection, "newcomer")
    session = signed_in(ground.connection, "other", [])
    running = serve(database_url)
    assert httpx.get(f"{running.url}api/state", headers=session.headers).status_code == 403
    ended = datetime.now(UTC) + timedelta(microseconds=1)
    grant(
        ground.connection, account, "screen", None, roles=ROLES, now=datetime.now(UTC) - timedelta(days=1), until=ended
    )
    assert ground.connection.execute("select count(*) from account_roles").fetchone() is not None
