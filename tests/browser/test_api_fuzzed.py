"""The API by its own description: what fits it, and what does not, asked with every role, answered as it says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import hypothesis
import requests
import schemathesis
import shapely
from hypothesis import HealthCheck, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from access.accounts import add_account
from access.scope import Scope
from access.tokens import add_token
from boundaries.desk import Desk
from boundaries.publish import publish
from boundaries.workflow import Actor
from config.settings import WebSettings
from geo.rings import oriented
from tests.browser.accounts import ROLES, signed_in
from tests.browser.conftest import Running
from tests.browser.walk import Ground
from tests.database.out_seed import GRID, OTHER_TOWNSHIP, TOWNSHIP
from tests.database.rights_city import report_event
from web.app import create_app
from web.openapi import EVERYWHERE, RIGHT, description

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
TOKEN_RIGHTS = frozenset({"alerts.read"})
# So many requests that fit the description, and that do not, of who has the right; and of who has it not.
FIT, UNFIT, REFUSED = 5, 3, 2
MORE = 6  # times as many of who may do everything
# Sealed: the server of this test has no key file.
NEEDS_A_KEY = {
    "POST /api/runs/{run}/notes",
    "POST /api/worker/attachments",
    "GET /api/worker/push",
    "POST /api/worker/push",
    "POST /api/worker/push/end",
}
# Of a host that no setting of this server names.
NEEDS_A_CAMERA = {
    "GET /api/scene/things/{thing}/{what}",
    "GET /api/scene/things/{thing}/hls/{rest}",
    "POST /api/scene/things/{thing}/whep",
}
# Of an open page, whose stream is not asked here.
NEEDS_A_PAGE = {"POST /api/worker/receipts"}
# These have no end to wait for; their beginning is asked in test_walk.py, what they tell elsewhere.
ENDLESS = {"/api/stream", "/api/worker/stream"}


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Somebody with a role for a township or for everywhere; without rights: nobody."""

    name: str
    rights: frozenset[str]
    headers: dict[str, str]
    everywhere: bool = False

    @property
    def times(self) -> int:
        """How often they ask, compared with others."""
        return MORE if self.everywhere else 1

    def may(self, operation: dict[str, Any]) -> bool:
        """Whether the description lets them in."""
        held = self.rights | {"known"} if self.headers else self.rights
        return operation[RIGHT] in held and (self.everywhere or EVERYWHERE not in operation)


def askers(ground: Ground) -> list[Asker]:
    """Each role for one township, somebody with all of them for everywhere, a token, and nobody."""
    connection, township = ground.connection, ground.city.divisions[TOWNSHIP]
    found = [
        Asker(name=name, rights=role.rights, headers=signed_in(connection, f"f-{name}", [(name, township)]).headers)
        for name, role in ROLES.items()
    ]
    every = frozenset().union(*(role.rights for role in ROLES.values()))
    boss = signed_in(connection, "f-everything", [(name, None) for name in ROLES])
    found.append(Asker(name="everything", rights=every, headers=boss.headers, everywhere=True))
    account = signed_in(connection, "f-program", [("duty_officer", township)], kind="service").account_id
    now = datetime.now(UTC)
    secret = add_token(
        connection, account, label="fuzz", rights=TOKEN_RIGHTS, division_id=None, roles=ROLES, now=now,
        expires=now + timedelta(hours=1),
    )  # fmt: skip
    found.append(Asker(name="token", rights=TOKEN_RIGHTS, headers={"Authorization": f"Bearer {secret}"}))
    return [*found, Asker(name="nobody", rights=frozenset(), headers={})]


def operations() -> Iterator[APIOperation]:
    """Those of the description that come to an end."""
    told = description(create_app(WebSettings(), "postgresql:///nothing"))
    config = SchemathesisConfig()
    config.projects.default.generation.update(with_security_parameters=False)
    schema = schemathesis.openapi.from_dict(told, config=config)
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path not in ENDLESS:
            yield operation


def sound(ground: Ground) -> dict[str, list[Any]]:
    """What there is, one's own and foreign, by what addresses and bodies call it: random values never fit."""
    city = ground.city
    alerts = [city.alerts[name] for name in ("report-a", "gas-a", "report-b")]
    return {
        "alert": alerts,
        "alert_id": alerts,
        "sensor": [city.sensors[name] for name in ("gas-a", "gas-b")],
        "in": [city.divisions[TOWNSHIP], city.divisions[OTHER_TOWNSHIP]],
        "number": [0, *(city.incidents[name] for name in ("both", "merged", "b"))],  # 0: the shipped rules
        "warning": [city.warnings[name] for name in ("a", "b", "city")],
        "event": [city.events["b"], *range(city.events["a"], city.events["a"] + 40)],  # and those that are reported
        "thing": [ground.thing(own=True), ground.thing(own=False)],
        "kinds": ["", "shelter,camera"],
        "choice": ["done", "beyond"],
        "suppression": [city.suppressions[name] for name in ("gas-a", "gas-b")],
        "name": ["districts", "townships"],
        "division": [TOWNSHIP, OTHER_TOWNSHIP],
        "compare": ["village", "grid"],
        "under": [city.divisions[TOWNSHIP], city.divisions[OTHER_TOWNSHIP]],
        "area_codes": [[TOWNSHIP], [OTHER_TOWNSHIP]],
        "until": ["2099-01-01T00:00:00Z"],
        "expires": ["2099-01-01T00:00:00Z"],
        "effective": ["2020-08-20T00:00:00Z"],
        "sent": ["2020-08-20T00:00:00Z"],
        "begin": ["2020-08-01T00:00:00Z"],
        "end": ["2020-08-02T00:00:00Z"],
        "divisions": [[city.divisions[TOWNSHIP]]],
        "changes": [{}, {"river-stage.toml": None}],
        "rules": [[], ["river-stage"]],
        "base": [0, 1, 2],
        "set": [0],
        **runs(ground),
        **drafts(ground),
        "township": [ground.proposal(own=True), city.divisions[OTHER_TOWNSHIP]],  # a network waits there
        "remove_existing": [True],
        "screen": [ground.screen(own=True), ground.screen(own=False)],
        "address": ["", "shade=silent"],
        "find": [TOWNSHIP, "区"],
        "q": [TOWNSHIP, "区", "cuntan"],
        "map": ["then", "today", "2024-06-30"],
        "what": ["readings", "alerts", "events", "runs"],
        "at": ["2020-08-20T01:00:00Z"],
        "frames": [2],
        "from": ["2020-08-01", "2020-08-20T00:00:00+08:00"],
        "to": ["2026-08-01", "2026-08-20T00:00:00+08:00"],
    }


def give_events(ground: Ground) -> None:
    """Some that may be acted upon: at the grid, and reported by the one who may do everything."""
    for _ in range(30):
        report_event(ground.connection, GRID)
    ground.connection.execute(
        "update events set level = 'grid', division_id = grid_id,"
        " actor = (select id from accounts where name = 'f-everything') where grid_id = %s",
        (ground.city.divisions[GRID],),
    )


# Bodies of which each part alone would seldom fit the others.
WHOLE: list[dict[str, Any]] = [
    {"plan": "FLD-02", "township": TOWNSHIP, "level": "red", "reason": "月度演练", "grids": [], "drill": True},
    {"post": "网格员", "what": "巡查", "limit_min": 30, "reason": "现场需要"},
    {"purpose": "terminate", "number": 0, "met": True},
]


def runs(ground: Ground) -> dict[str, list[Any]]:
    """One run under way with tasks to act on, and many to be confirmed: each can be only once."""
    run = ground.run(own=True)
    proposed = [ground.run(own=True, state="proposed") for _ in range(40)]
    person = ground.person(own=True)
    ground.connection.execute(
        "insert into person_terms (person_id, organisation_id, employment, valid)"
        " select id, organisation_id, 'full_time', '[2020-01-01,)' from people where id = %s",
        (person,),
    )
    # Each can be skipped only once.
    ground.connection.execute(
        "insert into tasks (run_id, task_key, post, what, limit_min)"
        " select %s, 'T' || number, '消防', '到场', 30 from generate_series(2, 40) number",
        (run,),
    )
    # Whoever may do everything is that person's account, and has that task.
    ground.connection.execute("update accounts set person_id = %s where name = 'f-everything'", (person,))
    ground.connection.execute(
        "insert into calls (assignment_id, person_id, part, called_at) values (%s, %s, 'post', now())",
        (ground.of_run(run, "assignments"), person),
    )
    ground.connection.execute(
        "insert into post_holdings (person_id, post, division_id, valid)"
        " values (%s, 'duty_officer', %s, '[2020-01-01,)')",
        (person, ground.city.divisions[TOWNSHIP]),
    )
    tasks = [
        row[0] for row in ground.connection.execute("select id from tasks where run_id = %s and post = '消防'", (run,))
    ]
    return {
        "run": [*[run] * 60, *proposed, ground.run(own=False)],
        "task": tasks,
        "assignment": [ground.of_run(run, "assignments")],
        "person": [str(person)],
        "level": ["red", "yellow"],
        "reason": ["上级要求"],
        "result": [None],
        "place": [ground.city.divisions[TOWNSHIP]],
    }


def mend_belonging(case: Any, known: dict[str, list[Any]], data: Any) -> None:
    """Of one thing, and not of several."""
    if case.path == "/api/boundaries/belonging" and isinstance(case.query, dict) and data.draw(strategies.booleans()):
        thing = data.draw(strategies.sampled_from(["sensor", "alert", "run", "event"]))
        case.query = {thing: data.draw(strategies.sampled_from(known[thing]))}


def drafts(ground: Ground) -> dict[str, list[Any]]:
    """For each act many of the township, as they were drawn, and one of somebody else's."""
    acts = ("discard", "undo", "redo", "rebase", "")  # "": all that leaves it as it is
    own = {f"/drafts{act}": [str(ground.draft(own=True)) for _ in range(40)] for act in acts}
    steps = "select step_id::text from boundary_draft_steps where draft_id = %s order by seq limit 1"
    step = ground.connection.execute(steps, (own["/drafts"][0],)).fetchone()
    assert step is not None
    renamed = {"kind": "rename", "unit": "d1", "name": "改名"}
    ground.connection.execute("delete from boundary_locks")
    return {
        **{act: [*drafts, str(ground.draft(own=False))] for act, drafts in own.items()},
        **on_their_way(ground),
        "/root": [ground.city.divisions[TOWNSHIP]],
        "/step": [{"id": step[0], "step": renamed}],  # each has it: it is answered as taken
    }


# A copy of a draft on what is in force now, without a fault: its grid has all of the township, and another name.
SOUND_DRAFT = b"""
create or replace function sound_draft(of uuid, shape bytea, grid integer, wanted text, decider uuid) returns uuid
language plpgsql as $$
declare
    made uuid := copy_draft(of);
begin
    update boundary_draft_units set about = jsonb_set(about, '{name}', to_jsonb('grid ' || made)),
        geometry = shape
    where draft_id = made and unit = 'd' || grid;
    update boundary_drafts set base_at = clock_timestamp(), base_recorded = clock_timestamp(), state = wanted,
        submitted_by = case when wanted <> 'draft' then opened_by end,
        reviewed_by = case when wanted in ('approved', 'published') then decider end,
        published_by = case when wanted = 'published' then decider end,
        published_at = case when wanted = 'published' then now() end,
        recorded = case when wanted = 'published' then now() end,
        effective = case when wanted = 'published' then now() end,
        taken_over_at = case when wanted = 'published' then now() end
    where id = made;
    return made;
end $$
"""


def on_their_way(ground: Ground) -> dict[str, list[Any]]:
    """For each act of review and publishing drafts that it fits; one was really published, to be taken back."""
    connection = ground.connection
    connection.execute(SOUND_DRAFT)
    decider = add_account(connection, "decides")
    first, grid = ground.draft(own=True), ground.grid(own=True)
    outline = "select geometry from boundary_versions where division_id = %s and upper_inf(recorded)"
    (wkb,) = connection.execute(outline, (ground.city.divisions[TOWNSHIP],)).fetchone() or (b"",)
    shape = shapely.to_wkb(oriented(shapely.from_wkb(wkb)))

    def sound(state: str) -> UUID:
        asked = (first, shape, grid, state, decider)
        row = connection.execute("select sound_draft(%s, %s, %s, %s, %s)", asked).fetchone()
        assert row is not None
        return row[0]  # type: ignore[no-any-return]

    actor = Actor(id=decider, now=datetime.now(UTC), scope=Scope(everywhere=True))
    published = publish(connection, sound("approved"), actor=actor, effective=None, reason="", desk=Desk()).draft.id
    states = {"submit": "draft", "withdraw": "draft", "review": "submitted", "publish": "approved", "file": "published"}
    found = {f"/drafts{act}": [str(sound(state)) for _ in range(12)] for act, state in states.items()}
    return {**found, "/draftsroll-back": [str(published)]}


def draw(case: Any, known: dict[str, list[Any]], data: Any) -> None:
    """The same of a draft of boundaries: what fits it as a whole."""
    if data.draw(strategies.integers(0, 3)) == 0:
        return
    taken = known["/step"][0]
    bodies: dict[str, Any] = {
        "": {"root_id": known["/root"][0], "level": "grid", "title": "试验草案"},
        "/steps": {"revision": 3, "steps": [taken]},
        "/mend": {"revision": 3, "id": taken["id"]},
        **{act: {"revision": 3} for act in ("/undo", "/redo", "/rebase")},
        "/review": {"verdict": "approve"},
        "/file": {"filed_as": "1"},
        "/roll-back": {"reason": "有误"},
    }
    _, _, act = case.path.removeprefix("/api/boundaries/drafts").rpartition("/")
    if isinstance(case.path_parameters, dict) and "draft" in case.path_parameters:
        drafts = known.get(f"/drafts{act}", known["/drafts"])
        case.path_parameters["draft"] = data.draw(strategies.sampled_from(drafts))
    if case.method == "POST":
        case.body = bodies.get(f"/{act}" if act else "", {})
    if act == "snap":
        case.query = {"west": 106.5, "south": 29.5, "east": 106.6, "north": 29.6}


def mend(case: Any, known: dict[str, list[Any]], data: Any) -> None:
    """Put what there is into about half of the requests."""
    for part in (case.path_parameters, case.query, case.body):
        for name in sorted(known.keys() & part.keys()) if isinstance(part, dict) else ():
            if data.draw(strategies.booleans()):
                part[name] = data.draw(strategies.sampled_from(known[name]))
    if case.path.startswith("/api/boundaries/drafts"):
        draw(case, known, data)
    else:
        mend_whole(case, known, data)


def mend_whole(case: Any, known: dict[str, list[Any]], data: Any) -> None:
    """What of a request would seldom fit another part of it."""
    path = case.path_parameters
    if isinstance(path, dict) and "assignment" in path and data.draw(strategies.booleans()):
        path |= {"run": known["run"][0], "assignment": known["assignment"][0]}  # of one another
    by_number = (
        case.path.startswith(("/api/worker/places/", "/api/boundaries/divisions/")) and "{division}" in case.path
    )
    if by_number and data.draw(strategies.booleans()):
        case.path_parameters["division"] = data.draw(strategies.sampled_from(known["place"]))  # others go by code
    mend_belonging(case, known, data)
    for whole in WHOLE:
        fits = isinstance(case.body, dict) and whole.keys() - {"grids", "drill"} <= case.body.keys()
        if fits and data.draw(strategies.booleans()):
            case.body |= whole
    if isinstance(case.body, dict) and "title" in case.body and data.draw(strategies.booleans()):
        case.body |= {"division": TOWNSHIP, "lon": None, "lat": None}  # one of the two is asked for
    if isinstance(case.body, dict) and "lon" in case.body and "kind" in case.body and data.draw(strategies.booleans()):
        # In the township, and without what a server that has no key file refuses.
        case.body |= {"kind": "road", "lon": 106.6, "lat": 29.62, "text": None, "photo_base64": None}


def fuzz(
    operation: APIOperation, asker: Asker, url: str, known: dict[str, list[Any]], mode: GenerationMode, many: int
) -> Counter[int]:
    """Ask so many times: the statuses. Raises AssertionError or FailureGroup for one that is answered wrong."""
    allowed = asker.may(operation.definition.raw)
    session = requests.Session()
    statuses: Counter[int] = Counter()

    @hypothesis.seed(20200820)
    @hypothesis.settings(
        max_examples=many, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=[hypothesis.Phase.generate],
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), data=strategies.data())
    def ask(case: Any, data: Any) -> None:
        mend(case, known, data)
        answer = case.call(base_url=url, session=session, headers=asker.headers, allow_redirects=False, timeout=30)
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)
        assert allowed or not 200 <= answer.status_code < 400, f"{asker.name} got {answer.status_code}"

    with session:
        ask()
    return statuses


def test_every_answer_is_as_described(running: Running, ground: Ground) -> None:
    everybody = askers(ground)
    known, wrong, good = sound(ground), [], set()
    give_events(ground)
    for operation in operations():
        for asker in everybody:
            allowed = asker.may(operation.definition.raw)
            tries = [(GenerationMode.POSITIVE, FIT if allowed else REFUSED)]
            if allowed and (operation.body or operation.query or operation.path_parameters):
                tries.append((GenerationMode.NEGATIVE, UNFIT))
            for mode, many in tries:
                ground.connection.execute("delete from boundary_locks")  # whoever asked before has let go
                ground.connection.execute("update screens set seen_at = now()")  # and each screen is still on
                try:
                    statuses = fuzz(operation, asker, running.url.rstrip("/"), known, mode, many * asker.times)
                    if any(200 <= status < 300 for status in statuses):
                        good.add(operation.label)
                except (AssertionError, FailureGroup) as failed:
                    wrong.append(f"{asker.name} {operation.label} ({mode}): {_told(failed)}")
    assert not wrong, "\n\n".join(wrong)
    asked = {operation.label for operation in operations()} - NEEDS_A_KEY - NEEDS_A_CAMERA - NEEDS_A_PAGE
    assert not asked - good, f"never answered, so never compared: {sorted(asked - good)}"


def _told(failed: BaseException) -> str:
    inner = getattr(failed, "exceptions", None)
    return "; ".join(map(str, inner)) if inner else str(failed)
