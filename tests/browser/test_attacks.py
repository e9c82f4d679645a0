"""What somebody with bad intentions would try, each tried: refused, or without effect."""

import asyncio
import json
import re
import socket
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from access.accounts import account, add_account, end_grant, lock
from access.sessions import add_link
from access.tokens import add_token, revoke_token, tokens
from tests.browser.accounts import ROLES, SignedIn, signed_in
from tests.browser.conftest import Running
from tests.browser.test_api import listening
from tests.browser.walk import UNKNOWN, WALKS, Ground
from tests.database.out_seed import DISTRICT, OTHER_TOWNSHIP, TOWNSHIP

PASSWORD = "four unlikely words together"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def officer(ground: Ground, running: Running) -> SignedIn:
    """A duty officer of the first township."""
    return signed_in(ground.connection, "officer", [("duty_officer", ground.city.divisions[TOWNSHIP])])


def sign_in(client: httpx.Client, name: str, password: str, **headers: str) -> httpx.Response:
    return client.post("/sign-in", data={"name": name, "password": password}, headers=headers)


def test_a_session_that_was_planted_is_not_taken_over(client: httpx.Client, ground: Ground) -> None:
    add_account(ground.connection, "victim", password=PASSWORD)
    planted = "A" * 43
    answer = sign_in(client, "victim", PASSWORD, Cookie=f"shijing={planted}")
    assert answer.status_code == 303
    (own,) = re.findall(r"shijing=([^;]+);", answer.headers["set-cookie"])[:1]
    assert own != planted
    assert client.get("/api/state", headers={"Cookie": f"shijing={planted}"}).status_code == 401
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("shijing="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


# These go by a secret of their own: a password, a link, that of a gateway, the ticket of an open page.
WITHOUT_SESSION = ("/sign-in", "/sign-in/code", "/link/{secret}", "/receipts/{channel}", "/api/worker/receipts")
CROSS_SITE: list[dict[str, str]] = [
    {"X-CSRF-Token": ""},
    {"Origin": "http://elsewhere.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1"},  # another port is another site
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_no_other_site_acts_in_a_session(
    headers: dict[str, str], client: httpx.Client, ground: Ground, officer: SignedIn
) -> None:
    for (method, path), walked in WALKS.items():
        if method == "POST" and path not in WITHOUT_SESSION:
            step = walked.step(ground, True)
            answer = client.post(step.path, json=step.body, headers=officer.headers | headers)
            assert answer.status_code == 403, (path, answer.text)
    assert client.get("/api/state", headers=officer.headers).status_code == 200


def test_a_token_of_another_session_does_not_fit(client: httpx.Client, ground: Ground, officer: SignedIn) -> None:
    other = signed_in(ground.connection, "colleague", [("duty_officer", None)])
    mixed = officer.headers | {"X-CSRF-Token": other.headers["X-CSRF-Token"]}
    assert client.post(f"/api/alerts/{ground.alert(own=True)}/ack", json={}, headers=mixed).status_code == 403


def test_a_form_of_another_site_does_nothing(client: httpx.Client, ground: Ground, officer: SignedIn) -> None:
    alert = ground.alert(own=True)
    cookie = {"Cookie": officer.headers["Cookie"]}
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        answer = client.post(f"/api/alerts/{alert}/ack", content=b"{}", headers={**cookie, "Content-Type": kind})
        assert answer.status_code == 403
    answer = sign_in(client, "victim", PASSWORD, Origin="http://elsewhere.example")
    assert answer.status_code == 403
    state = ground.connection.execute("select state from alerts where id = %s", (alert,)).fetchone()
    assert state == ("open",)


def test_no_number_leads_abroad(client: httpx.Client, ground: Ground) -> None:
    """Every number of every path: what is foreign is answered in the very words of what there is not."""
    place = ground.city.divisions[TOWNSHIP]
    roles = ("duty_officer", "administrator", "township_official", "planner", "boundary_reviewer")
    officer = signed_in(ground.connection, "both", [(role, place) for role in roles])
    for (method, path), walked in WALKS.items():
        if walked.foreign != UNKNOWN:
            continue
        step = walked.step(ground, False)
        asked = f"{step.path} {json.dumps(step.body)}"  # of some the number is in the body
        number = re.search(r"(?:[/=-]|\": )([0-9a-f]{8}-[0-9a-f-]{27}|\d+)", asked)
        assert number is not None, step.path
        none = str(uuid4() if "-" in number[1] else 2**31 - 1)
        missing = asked[: number.start(1)] + none + asked[number.end(1) :]
        foreign, absent = (
            client.request(method, one, content=body, headers=officer.headers | JSON)
            for one, _, body in (said.partition(" ") for said in (asked, missing))
        )
        told = foreign.text.replace(number[1], none)
        assert (foreign.status_code, told) == (absent.status_code, absent.text) == (404, absent.text), path
        kept = {"date", "content-length"}
        assert {name: value for name, value in foreign.headers.items() if name not in kept} == {
            name: value for name, value in absent.headers.items() if name not in kept
        }


def test_a_gateway_that_speaks_for_others_too_is_not_put_back_to_work(
    client: httpx.Client, ground: Ground, officer: SignedIn
) -> None:
    suppressions = ground.city.suppressions
    seen = client.get("/api/suppressions", headers=officer.headers).json()["suppressions"]
    assert suppressions["gate"] in {one["id"] for one in seen}

    def end(name: str) -> int:
        return client.post(f"/api/suppressions/{suppressions[name]}/end", json={}, headers=officer.headers).status_code

    assert {
        name: end(name) for name in ("gate", DISTRICT, "rule", "gas-b", "division-b", OTHER_TOWNSHIP)
    } == dict.fromkeys(("gate", DISTRICT, "rule", "gas-b", "division-b", OTHER_TOWNSHIP), 404)
    assert {end(name) for name in ("gas-a", "device-gas-a", "division-a", "report-a")} == {200}


def test_an_update_does_not_end_what_others_are_warned_of(
    client: httpx.Client, ground: Ground, officer: SignedIn
) -> None:
    entered = {
        "sender": "气象台", "sent": "2020-08-20T00:20:00+00:00", "expires": "2099-01-01T00:00:00+00:00",
        "level": "blue",
        "headline": "h", "event_code": "11B03", "area_codes": [TOWNSHIP],
    }  # fmt: skip

    def replace(what: str) -> int:
        return client.post("/api/warnings", json={**entered, "replaces": what}, headers=officer.headers).status_code

    assert [replace(one) for one in ("id-city", "id-district", "id-b", "id-nowhere", "not-come-yet")] == [403] * 5
    assert replace("id-a") == 200
    ended = ground.connection.execute("select identifier from warnings where cancelled_at is not null").fetchall()
    assert ended == [("id-a",)]


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fpyproject.toml", "/static//etc/passwd",
     "/vendor/%2e%2e/%2e%2e/config/roles.toml", "/static/..\\app.py", "/static/%00", "/vendor/leaflet/"],
)  # fmt: skip
def test_no_path_leads_out_of_our_files(path: str, running: Running) -> None:
    port = int(running.url.rsplit(":", 1)[1].strip("/"))
    with socket.create_connection(("127.0.0.1", port), 10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split(b" ", 2)[1] in (b"404", b"400", b"405"), answer[:200]
    assert b"frame-ancestors" in answer


INJECTIONS = (
    "1' or '1'='1",
    "1; reset role; select 1",
    "'; set role postgres; --",
    "x'); select set_config('shijing.scope', 'all', false); --",
    "1 union select password_hash from accounts",
    "\x00",
    "%00",
    "\\",
    "9" * 40,
    "-1",
    "١",
)
ASKED = (
    ("/api/search?q=", ""),
    ("/api/path?in=", ""),
    ("/api/tallies?level=grid&in=", ""),
    *((f"/api/alerts?{name}=", "") for name in (
        "division", "level", "state", "rule", "family", "subject", "exercise", "from", "to", "cursor", "limit")),
    *((f"/api/incidents?{name}=", "") for name in ("division", "level", "state", "family", "from", "to", "cursor")),
    *((f"/api/warnings?{name}=", "") for name in ("in_force", "at", "event", "level", "division", "before", "limit")),
    *((f"/api/feed.atom?{name}=", "") for name in ("division", "level", "exercise", "before", "limit")),
    ("/api/now?in=", ""), ("/api/now/standing?in=", ""), ("/api/now/incidents/", ""), ("/api/now/tour/", ""),
    ("/api/alerts/", ""), ("/api/alerts/", ".cap"), ("/api/incidents/", ""), ("/api/warnings/", ""),
    ("/api/sensors/", "/series"), ("/api/layers/", ".geojson"), ("/api/layers/townships.geojson?at=", ""),
    ("/api/rules/sets/", ""), ("/link/", ""), ("/?lang=", ""), ("/sign-in?next=", ""),
)  # fmt: skip


def test_what_is_asked_for_is_never_sql(client: httpx.Client, ground: Ground, running: Running) -> None:
    session = signed_in(ground.connection, "curious", [(role, ground.city.divisions[TOWNSHIP]) for role in ROLES])
    for before, after in ASKED:
        for text in INJECTIONS:
            address = before + httpx.QueryParams({"": text}).__str__()[1:] + after
            answer = client.get(address, headers=session.headers)
            assert answer.status_code < 500, (address, answer.text)
            assert "gas-b" not in answer.text, address
            assert "$argon2" not in answer.text, address
    after = client.get("/api/state", headers=session.headers).json()
    assert {one["name"] for one in after["stations"]} == {"cuntan", "gas-a"}  # no connection was spoilt


def test_what_is_written_is_never_sql(client: httpx.Client, ground: Ground, officer: SignedIn) -> None:
    for text in INJECTIONS:
        alert = ground.alert(own=True)
        for path, body in (
            (f"/api/alerts/{alert}/comment", {"note": text}),
            ("/api/alerts", {"title": text, "level": "blue", "division": TOWNSHIP, "note": text}),
            (f"/api/alerts/{alert}/shelve", {"until": "2099-01-01T00:00:00Z", "reason": text}),
            (f"/api/warnings/{ground.warning(own=True)}/cancel", {"reason": text}),
        ):
            answer = client.post(path, json=body, headers=officer.headers)
            assert answer.status_code < 500, (path, text, answer.text)
    for field in ("name", "password"):
        for text in INJECTIONS:
            told = client.post("/sign-in", data={"name": "n", "password": "p", field: text})
            assert told.status_code in (401, 422, 429), (text, told.text)


def test_nobody_chooses_their_own_scope(client: httpx.Client, officer: SignedIn) -> None:
    tries: list[dict[str, Any]] = [
        {"params": {"shijing.scope": "all", "scope": "all", "divisions": "1", "everywhere": "true"}},
        {"headers": {"shijing.scope": "all", "X-Scope": "all", "PGOPTIONS": "-c shijing.scope=all"}},
        {"cookies": {"shijing.scope": "all"}},
    ]
    for one in tries:
        headers = officer.headers | one.get("headers", {})
        answer = client.get("/api/state", headers=headers, params=one.get("params"))
        assert {each["name"] for each in answer.json()["stations"]} == {"cuntan", "gas-a"}


def test_guessing_is_slowed_and_tells_no_names(client: httpx.Client, ground: Ground) -> None:
    """A name that somebody has and one that nobody has: the same answers, in the same order."""
    add_account(ground.connection, "somebody", password=PASSWORD)
    locked = add_account(ground.connection, "locked", password=PASSWORD)
    lock(ground.connection, locked, now=datetime.now(UTC))

    def answers(name: str, password: str) -> list[tuple[int, str]]:
        told = [sign_in(client, name, password) for _ in range(7)]
        return [(one.status_code, re.sub(name, "NAME", one.text)) for one in told]

    known = answers("somebody", "wrong wrong wrong")
    assert [status for status, _ in known] == [401] * 4 + [429] * 3
    assert answers("nobody1", "wrong wrong wrong") == known
    assert answers("locked", PASSWORD) == known  # nor that the password was right
    assert sign_in(client, "somebody", PASSWORD).status_code == 429


def test_the_wait_doubles(ground: Ground, client: httpx.Client) -> None:
    add_account(ground.connection, "somebody", password=PASSWORD)
    for name, table, key in (("somebody", "accounts", "name = 'somebody'"), ("nobody1", "unknown_names", "true")):
        waits = []
        for tries in range(8):
            query = f"update {table} set locked_until = null where {key}"  # as if it had passed
            ground.connection.execute(query.encode())
            told = sign_in(client, name, "wrong wrong wrong")
            if tries >= 4:
                waits.append(int(told.headers["retry-after"]))
        assert [round(wait / 60) for wait in waits] == [1, 2, 4, 8], name


def test_links_and_tokens_are_not_replayed(client: httpx.Client, ground: Ground) -> None:
    now = datetime.now(UTC)
    somebody = add_account(ground.connection, "somebody")
    link = add_link(ground.connection, somebody, now=now, lasts_s=600)
    late = add_link(ground.connection, somebody, now=now - timedelta(hours=1), lasts_s=600)
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post(f"/link/{link}", headers=foreign).status_code == 403  # one's browser, signed in as somebody else
    assert [client.get(f"/link/{one}").status_code for one in (link, link, late)] == [200, 200, 401]
    assert not client.cookies
    assert [client.post(f"/link/{one}").status_code for one in (link, link, late)] == [303, 401, 401]
    assert client.get(f"/link/{link}").status_code == 401
    client.cookies.clear()
    program = signed_in(ground.connection, "program", [("screen", None)], kind="service").account_id
    terms = {"rights": ["map.read"], "division_id": None, "roles": ROLES}
    now = datetime.now(UTC)
    good, old = (
        add_token(ground.connection, program, label=label, expires=now + timedelta(days=1), now=now, **terms)  # type: ignore[arg-type]
        for label in ("one", "old")
    )
    ground.connection.execute("update api_tokens set expires_at = now() where label = 'old'")

    def status(secret: str, path: str = "/api/state") -> int:
        return client.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code

    assert [status(good), status(good, "/api/alerts"), status(old), status(good[:-1]), status("none")] == [
        200, 403, 401, 401, 401,
    ]  # fmt: skip
    number = next(one["id"] for one in tokens(ground.connection, program) if one["label"] == "one")
    revoke_token(ground.connection, number, now=now)
    assert status(good) == 401


def test_a_cookie_that_was_tampered_with_opens_nothing(client: httpx.Client, officer: SignedIn) -> None:
    secret = officer.secret
    for told in (secret[:-1], secret + "A", secret.swapcase(), "", "null", f'"{secret}x"', "\xe9", "a" * 5000):
        answer = client.get("/api/state", headers={"Cookie": f"shijing={told}".encode("latin-1")})
        assert answer.status_code == 401, told
    csrf = officer.headers["X-CSRF-Token"]
    assert client.get("/api/state", headers={"Cookie": f"shijing={csrf}"}).status_code == 401


def test_bodies_are_bounded_before_anybody_is_known(client: httpx.Client, officer: SignedIn) -> None:
    assert client.post("/sign-in", content=b"name=" + b"a" * 70_000, headers={
        "Content-Type": "application/x-www-form-urlencoded"}).status_code == 413  # fmt: skip
    assert client.post("/sign-in", files={"name": b"a" * 70_000}).status_code == 413
    assert client.post("/api/alerts", json={"title": "a" * 70_000}).status_code == 413
    big = {"title": "a" * 2_100_000, "level": "red"}
    assert client.post("/api/alerts", json=big, headers=officer.headers).status_code == 413


def test_a_body_without_a_length_is_cut_off(running: Running) -> None:
    """Chunk after chunk, for ever: the server hangs up, and has kept no more than it allows."""
    port = int(running.url.rsplit(":", 1)[1].strip("/"))
    head = (
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    sent = 0
    with socket.create_connection(("127.0.0.1", port), 10) as raw:
        raw.settimeout(10)
        raw.sendall(head)
        answer = b""
        try:
            while sent < 50_000_000:
                raw.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
                sent += 65536
        except (BrokenPipeError, ConnectionResetError):
            pass
        else:
            answer = raw.recv(200)
    assert sent < 50_000_000 or answer.split(b" ", 2)[1:2] in ([b"400"], [b"413"], [b"500"]), answer


def test_private_answers_are_no_caches(client: httpx.Client, officer: SignedIn) -> None:
    for path in (
        "/",
        "/api/state",
        "/api/alerts",
        "/api/feed.atom",
        "/api/layers/townships.geojson",
        "/nothing",
        "/api/alerts/9",
    ):
        for headers in (officer.headers, {}):
            told = client.get(path, headers=headers).headers
            assert "no-store" in told["cache-control"] or told["cache-control"].startswith("private"), path
            assert told["x-frame-options"] == "DENY"


def test_a_name_of_the_host_that_is_not_ours_gets_no_session(client: httpx.Client, officer: SignedIn) -> None:
    """What a page of another name that points here may do (DNS rebinding): nothing, for it has no cookie."""
    told = client.get("/api/state", headers={"Host": "elsewhere.example"})
    assert told.status_code == 401
    feed = client.get("/api/feed.atom", headers=officer.headers | {"Host": "elsewhere.example"})
    assert feed.headers["cache-control"].startswith("private")


def test_a_stream_ends_with_the_right_to_it(running: Running, ground: Ground, officer: SignedIn) -> None:
    class Theirs:
        url, headers = running.url, officer.headers

    def end_role() -> None:
        row = ground.connection.execute(
            "select id from account_roles where account_id = %s", (officer.account_id,)
        ).fetchone()
        assert row is not None
        end_grant(ground.connection, officer.account_id, row[0], now=datetime.now(UTC))

    with listening(Theirs) as events:  # type: ignore[arg-type]
        assert next(event for _, event, _ in events if event == "snapshot")
        end_role()
        for _ in events:  # to its end, or the test's time-out
            pass
    assert httpx.get(f"{running.url}api/stream", headers=officer.headers).status_code == 403


def test_a_stream_ends_when_the_account_is_locked(running: Running, ground: Ground, officer: SignedIn) -> None:
    class Theirs:
        url, headers = running.url, officer.headers

    with listening(Theirs) as events:  # type: ignore[arg-type]
        assert next(event for _, event, _ in events if event == "snapshot")
        lock(ground.connection, officer.account_id, now=datetime.now(UTC))
        for _ in events:
            pass
    assert account(ground.connection, "officer").locked_at is not None
    assert httpx.get(f"{running.url}api/stream", headers=officer.headers).status_code == 401


def test_a_stream_tells_nothing_foreign(running: Running, ground: Ground, officer: SignedIn) -> None:
    """From its first event on to one of one's own that comes after foreign ones."""

    class Theirs:
        url, headers = running.url, officer.headers

    with listening(Theirs, after=0) as events:  # type: ignore[arg-type]
        heard: list[tuple[str, Any]] = []
        for _, event, data in events:
            heard.append((event, data))
            if event == "snapshot":
                break
        ground.alert(own=False)
        mine = ground.alert(own=True)
        for _, event, data in events:
            heard.append((event, data))
            if event == "alert" and data.get("alert_id") == mine:
                break
    said = json.dumps(heard, ensure_ascii=False)
    for foreign in ("gas-b", "rain-b", "adrift", "gate-b", "塌方处", "headline of b"):
        assert foreign not in said, foreign
    alerts = {data["alert_id"] for event, data in heard if event == "alert"}
    visible = {ground.city.alerts[name] for name in ("cuntan", "gas-a", "device", "count-a", "report-a")} | {mine}
    assert alerts == visible


def test_nothing_foreign_is_named_in_any_answer(client: httpx.Client, ground: Ground, officer: SignedIn) -> None:
    words = ("gas-b", "rain-b", "gas-second", "adrift", "gate-b", "塌方处", "headline of b", "headline of nowhere")
    for (method, path), walked in WALKS.items():
        if method == "GET" and not path.endswith("/stream"):  # which have no end
            told = client.get(walked.step(ground, True).path, headers=officer.headers)
            for word in words:
                assert word not in told.text, (path, word)


def test_a_flood_of_sign_ins_leaves_the_others_at_work(running: Running, ground: Ground, officer: SignedIn) -> None:
    async def flood() -> list[int]:
        async with httpx.AsyncClient(base_url=running.url, timeout=60) as many:
            tries = [many.post("/sign-in", data={"name": f"n{one}", "password": "x"}) for one in range(40)]
            asked = [many.get("/api/state", headers=officer.headers) for _ in range(5)]
            return [one.status_code for one in await asyncio.gather(*tries, *asked)]

    told = asyncio.run(flood())
    assert told[-5:] == [200] * 5, told
