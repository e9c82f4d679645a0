"""How each route is walked: what is asked in one's own division and in a foreign one, and what a foreign one answers.

Who is let in follows from what the route declares (web.viewing.declared); this file says only how to ask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import shapely
from psycopg.types.json import Jsonb

from access.accounts import add_account, grant
from access.rights import load_roles
from alerts.plan_store import Draft, Writer, add_plan
from boundaries.desk import Desk
from boundaries.drafts import Opening, open_draft
from boundaries.editing import Asked as StepAsked
from boundaries.editing import take_steps, undo
from config.database import Connection
from config.generation_settings import GenerationSettings
from geo.generate import generate
from geo.generate_township import Township
from geo.proposals import keep
from geo.steps import parse_step
from tests.database.out_seed import GRID, OTHER_TOWNSHIP, TOWNSHIP, one
from tests.database.rights_city import OTHER_GRID, RightsCity, add_warning, report_alert, report_event, suppress

# What is told of a foreign division: nothing (the answer is as if there were none), an empty list, a refusal, or
# the same as to everybody, for it belongs to no division.
UNKNOWN, EMPTY, REFUSED, SAME = "unknown", "empty", "refused", "same"
UNSEEN = frozenset({404})


# Drawing one takes a while, and each request gets one of its own.
COPY_DRAFT = b"""
create or replace function copy_draft(of uuid) returns uuid language plpgsql as $$
declare
    made uuid := gen_random_uuid();
begin
    insert into boundary_drafts (id, root_id, level, title, revision, cursor, base_at, base_recorded, opened_by)
    select made, root_id, level, title, revision, cursor, base_at, base_recorded, opened_by
    from boundary_drafts where id = of;
    insert into boundary_draft_steps (draft_id, seq, step_id, kind, step, made_by)
    select made, seq, step_id, kind, step, made_by from boundary_draft_steps where draft_id = of;
    insert into boundary_draft_changes select made, seq, unit, before, before_wkb, after, after_wkb
    from boundary_draft_changes where draft_id = of;
    insert into boundary_draft_units select made, unit, about, geometry from boundary_draft_units where draft_id = of;
    return made;
end $$
"""


class Ground:
    """A city to walk in; each act gets something of its own to act on."""

    def __init__(self, connection: Connection, city: RightsCity) -> None:
        self.connection = connection
        self.city = city
        self._number = 5000
        self._drafts: dict[bool, UUID] = {}

    def next(self) -> int:
        self._number += 1
        return self._number

    def code(self, *, own: bool) -> str:
        return TOWNSHIP if own else OTHER_TOWNSHIP

    def of(self, what: Mapping[str, int], own: str, foreign: str, *, is_own: bool) -> int:
        return what[own if is_own else foreign]

    def alert(self, *, own: bool) -> int:
        return report_alert(self.connection, self.code(own=own), self.next())

    def event(self, *, own: bool) -> int:
        """One that the township has."""
        return report_event(self.connection, self.code(own=own))

    def suppression(self, *, own: bool) -> int:
        return suppress(self.connection, division_id=self.city.divisions[self.code(own=own)])

    def run(self, *, own: bool, state: str = "open") -> int:
        """Of the township, with a task that somebody was called for."""
        where = self.city.divisions[self.code(own=own)]
        plan = Jsonb({"terminate": {"all": ["道路查验"], "by": "commander"}})
        run = one(
            self.connection,
            "insert into plan_runs (plan_id, name, plan, township_id, level, state, started_at, confirm_by)"
            " values (%s, '试验预案', %s, %s, 'orange', %s, now(), now()) returning id",
            f"W-{self.next()}", plan, where, state,
        )  # fmt: skip
        self.connection.execute(
            "with task as (insert into tasks (run_id, task_key, post, what, limit_min, started_at, due_at)"
            " values (%s, 'T1', '消防', '到场', 30, now(), now()) returning id)"
            " insert into assignments (task_id, run_id, division_id, state, due_at)"
            " select id, %s, %s, 'waiting', now() from task",
            (run, run, where),
        )
        return int(run)

    def of_run(self, run: int, table: str) -> int:
        """The one task or assignment of such a run."""
        query = {
            "tasks": "select id from tasks where run_id = %s",
            "assignments": "select id from assignments where run_id = %s",
        }
        return int(one(self.connection, query[table], run))

    def account(self, *, own: bool) -> UUID:
        """Of somebody who shows what is there."""
        made = add_account(self.connection, f"kept{self.next()}")
        where = self.city.divisions[self.code(own=own)]
        grant(self.connection, made, "screen", where, roles=load_roles(), now=datetime.now(UTC))
        return made

    def resident(self, *, own: bool) -> UUID:
        return one(
            self.connection,
            "insert into residents (id, division_id, kind, valid)"
            " values (gen_random_uuid(), %s, 'elder', tstzrange('2020-01-01', null)) returning id",
            self.city.divisions[self.code(own=own)],
        )  # type: ignore[no-any-return]

    def person(self, *, own: bool) -> UUID:
        """Of an organisation of the township, without a name."""
        where = one(
            self.connection, "insert into organisations (kind, code) values ('township', %s) returning id",
            f"o{self.next()}",
        )  # fmt: skip
        self.connection.execute(
            "insert into organisation_divisions (organisation_id, division_id) values (%s, %s)",
            (where, self.city.divisions[self.code(own=own)]),
        )
        return one(  # type: ignore[no-any-return]
            self.connection, "insert into people (organisation_id, staff_number) values (%s, '1') returning id", where
        )

    def draft(self, *, own: bool) -> UUID:
        """Of the grids of the township, in which nobody draws now; one step can be undone, one done again."""
        self.connection.execute("delete from boundary_locks")
        if own not in self._drafts:
            self._drafts[own] = self._drawn(own=own)
        return one(self.connection, "select copy_draft(%s)", self._drafts[own])  # type: ignore[no-any-return]

    def _drawn(self, *, own: bool) -> UUID:
        where = self.city.divisions[self.code(own=own)]
        self.outline(own=own)
        self.connection.execute(COPY_DRAFT)
        actor, now, desk = add_account(self.connection, f"draws{self.next()}"), datetime.now(UTC), Desk()
        opening = Opening(root_id=where, level="grid", title="试验草案")
        draft = open_draft(self.connection, opening, actor=actor, now=now)
        for number in range(2):
            step = parse_step({"kind": "rename", "unit": f"d{self.grid(own=own)}", "name": f"改名网格{number}"})
            asked = [StepAsked(id=uuid4(), step=step)]
            take_steps(self.connection, draft.id, asked, actor=actor, revision=number, now=now, desk=desk)
        undo(self.connection, draft.id, actor=actor, revision=2, now=now, desk=desk)
        self.connection.execute("delete from boundary_locks")
        return draft.id

    def grid(self, *, own: bool) -> int:
        """One of the township's."""
        return self.city.divisions[GRID if own else OTHER_GRID]

    def outline(self, *, own: bool) -> None:
        """A boundary for the township, where it has none, and one for its grid that is a half of it."""
        lon, lat = (106.6, 29.62) if own else (107.6, 29.62)
        around = shapely.Point(lon, lat).buffer(0.03)
        half = shapely.intersection(around, shapely.box(lon - 1, lat - 1, lon, lat + 1))
        for division, shape in ((self.city.divisions[self.code(own=own)], around), (self.grid(own=own), half)):
            self.connection.execute(
                "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
                " select %(id)s, %(outline)s, 1e7, true, 'walk'"
                " where not exists (select from boundary_versions where division_id = %(id)s)",
                {"id": division, "outline": shapely.to_wkb(shape)},
            )

    def screen(self, *, own: bool) -> int:
        """A screen that is on, of the district or of another."""
        row = self.connection.execute(
            "insert into screens (name, account_id, divisions, address, seen_at)"
            " select %s, id, array[%s::integer], '', now() from accounts order by id limit 1"
            " on conflict (account_id, name) do update set seen_at = now() returning id",
            (f"wall of {own}", self.city.divisions[TOWNSHIP if own else OTHER_TOWNSHIP]),
        ).fetchone()
        assert row is not None
        return int(row[0])

    def proposal(self, *, own: bool) -> int:
        """A network of two grids that waits for the township; its id."""
        where = self.city.divisions[self.code(own=own)]
        self.connection.execute("delete from boundary_locks")
        self.outline(own=own)
        row = self.connection.execute(
            "select geometry from boundary_versions where division_id = %s and upper_inf(recorded)", (where,)
        ).fetchone()
        assert row is not None
        outline = shapely.from_wkb(row[0])
        network = generate(
            Township(
                id=where, code="500103001", name="某街道", polygon=outline, households=800, points=np.zeros((0, 2)),
                weights=np.zeros(0), courses=np.array([], dtype=object), ranks=np.zeros(0, dtype=np.int8),
                water=np.array([], dtype=object),
            ),
            GenerationSettings(scattered_per_km2=0),
            1,
        )  # fmt: skip
        keep(self.connection, network, GenerationSettings(), seed=1, inputs="walk", lines_shown="")
        return where

    def thing(self, *, own: bool, kind: str = "camera") -> int:
        """Of the township; a camera on a host that nobody may ask."""
        where = self.city.divisions[self.code(own=own)]
        return int(
            one(
                self.connection,
                "insert into things (kind, name, lon, lat, attributes, source, external_id, township_id, district_id)"
                " values (%s, '摄像头', %s, 29.62, %s, 'walk', %s, %s, division_above(%s, 'district', now()))"
                " returning id",
                *(kind, 106.6 if own else 107.6),
                Jsonb(dict.fromkeys(("snapshot", "hls", "webrtc", "panorama"), "http://127.0.0.1:9/")),
                *(f"w{self.next()}", where, where),
            )
        )

    def plan(self, *, own: bool) -> int:
        """Of the township, a draft that says nothing yet."""
        where = self.city.divisions[self.code(own=own)]
        writer = Writer(actor=None, at=datetime.now(UTC))
        return add_plan(self.connection, f"P{self.next()}", where, Draft(own={}), writer)

    def warning(self, *, own: bool) -> int:
        code = self.code(own=own)
        return add_warning(self.connection, f"n{self.next()}", [code], [self.city.divisions[code]])


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request: an address, and the body of a change."""

    path: str
    body: Any = None


@dataclass(frozen=True, kw_only=True)
class Walked:
    """How a route is asked, by whether the division is one's own; and what a foreign one answers."""

    step: Callable[[Ground, bool], Step]
    foreign: str
    statuses: frozenset[int] = frozenset({404})  # of a foreign one
    own: frozenset[int] = frozenset({200})  # of one's own, where it is allowed
    rows: str = ""  # under which key of the answer lies what a foreign division has none of


def _same(path: str, body: Any = None, own: frozenset[int] = frozenset({200})) -> Walked:
    return Walked(step=lambda ground, own: Step(path=path, body=body), foreign=SAME, own=own)  # noqa: ARG005


def _act(act: str, body: Any) -> Walked:
    return Walked(
        step=lambda ground, own: Step(path=f"/api/alerts/{ground.alert(own=own)}/{act}", body=body), foreign=UNKNOWN
    )


def _alert(rest: str) -> Walked:
    def step(ground: Ground, own: bool) -> Step:
        number = ground.of(ground.city.alerts, "report-a", "report-b", is_own=own)
        return Step(path=f"/api/alerts/{number}{rest}")

    return Walked(step=step, foreign=UNKNOWN)


def _list(path: str, rows: str) -> Walked:
    return Walked(
        step=lambda ground, own: Step(path=f"{path}division={ground.code(own=own)}"), foreign=EMPTY, rows=rows
    )


def _division_in(path: str, rest: str = "") -> Walked:
    return Walked(
        step=lambda ground, own: Step(path=f"{path}in={ground.city.divisions[ground.code(own=own)]}{rest}"),
        foreign=UNKNOWN,
    )


def _account(act: str, own: frozenset[int]) -> Walked:
    return Walked(
        step=lambda ground, is_own: Step(path=f"/accounts/{ground.account(own=is_own)}{act}", body={} if act else None),
        foreign=UNKNOWN,
        own=own,
    )


def _person(act: str, own: frozenset[int]) -> Walked:
    return Walked(
        step=lambda ground, is_own: Step(path=f"/people/{ground.person(own=is_own)}{act}", body={} if act else None),
        foreign=UNKNOWN,
        own=own,
    )


def _record(act: str, body: Any, own: frozenset[int]) -> Walked:
    return Walked(
        step=lambda ground, is_own: Step(path=f"/records/{ground.resident(own=is_own)}{act}", body=body),
        foreign=UNKNOWN,
        own=own,
    )


def _event(path: str, body: Any, own: frozenset[int] = frozenset({200}), statuses: frozenset[int] = UNSEEN) -> Walked:
    return Walked(
        step=lambda ground, is_own: Step(path=path.format(ground.event(own=is_own)), body=body),
        foreign=UNKNOWN,
        own=own,
        statuses=statuses,
    )


def _run(rest: str, body: Any = None, *, state: str = "open", own: frozenset[int] = frozenset({200})) -> Walked:
    """`rest` may name the run's {task} and {assignment}."""

    def step(ground: Ground, is_own: bool) -> Step:
        run = ground.run(own=is_own, state=state)
        named = {"task": ground.of_run(run, "tasks"), "assignment": ground.of_run(run, "assignments")}
        return Step(path=f"/api/runs/{run}{rest.format(**named)}", body=body)

    return Walked(step=step, foreign=UNKNOWN, own=own)


def _paper(rest: str, body: Any = None, own: frozenset[int] = frozenset({200})) -> Walked:
    def step(ground: Ground, is_own: bool) -> Step:
        return Step(path=f"/runs/{ground.of(ground.city.runs, 'a', 'b', is_own=is_own)}{rest}", body=body)

    return Walked(step=step, foreign=UNKNOWN, own=own)


def _thing(path: str, body: Any = None, own: frozenset[int] = frozenset({200})) -> Walked:
    return Walked(
        step=lambda ground, is_own: Step(path=path.format(ground.thing(own=is_own)), body=body),
        foreign=UNKNOWN,
        own=own,
    )


def _plan(act: str, body: Any, own: frozenset[int]) -> Walked:
    return Walked(
        step=lambda ground, is_own: Step(path=f"/plans/{ground.plan(own=is_own)}{act}", body=body),
        foreign=UNKNOWN,
        own=own,
    )


def _draft(rest: str, body: Any = None, own: frozenset[int] = frozenset({200})) -> Walked:
    return Walked(
        step=lambda ground, is_own: Step(path=f"/api/boundaries/drafts/{ground.draft(own=is_own)}{rest}", body=body),
        foreign=UNKNOWN,
        own=own,
    )


def _unit(rest: str, body: Any, own: frozenset[int] = frozenset({400})) -> Walked:
    """Of a draft, by the OGC API; a body that is no feature changes nothing."""

    def step(ground: Ground, is_own: bool) -> Step:
        at = f"/ogc/collections/draft-{ground.draft(own=is_own)}/items"
        return Step(path=at + rest.format(ground.grid(own=is_own)), body=body)

    return Walked(step=step, foreign=UNKNOWN, own=own)


def _township_item() -> Walked:
    def step(ground: Ground, is_own: bool) -> Step:
        ground.outline(own=is_own)
        return Step(path=f"/ogc/collections/townships/items/{ground.city.divisions[ground.code(own=is_own)]}")

    return Walked(step=step, foreign=UNKNOWN)


def _planner(rest: str, body: Any = None, own: frozenset[int] = frozenset({200})) -> Walked:
    return Walked(
        step=lambda ground, is_own: Step(path=f"/planner/{ground.draft(own=is_own)}{rest}", body=body),
        foreign=UNKNOWN,
        own=own,
    )


def _of_division(path: str, status: int) -> Walked:
    return Walked(
        step=lambda ground, own: Step(path=f"{path}{'&' if '?' in path else '?'}division={ground.code(own=own)}"),
        foreign=REFUSED,
        statuses=frozenset({status}),
    )


def _division(path: str) -> Walked:
    """Of a division that is named by its number."""
    return Walked(
        step=lambda ground, own: Step(path=path.format(ground.city.divisions[ground.code(own=own)])), foreign=SAME
    )


def _figures(path: str) -> Walked:
    """Of a division that is named by its number under `in`."""
    return Walked(
        step=lambda ground, own: Step(path=f"{path}?in={ground.city.divisions[ground.code(own=own)]}"), foreign=UNKNOWN
    )


def _answered(ground: Ground, *, own: bool) -> Step:
    run = ground.run(own=own)
    assignment = ground.of_run(run, "assignments")
    return Step(
        path=f"/api/runs/{run}/assignments/{assignment}/answer", body={"key": str(uuid4()), "kind": "acknowledged"}
    )


_NOBODY = "22222222-2222-4222-8222-222222222222"
_LATER = "2099-01-01T00:00:00+00:00"
_REPORT = {"title": "河水上岸", "level": "orange"}
_PHOTO = {
    "id": "11111111-1111-4111-8111-111111111111",
    "answer_key": "22222222-2222-4222-8222-222222222222",
    "kind": "photo",
    "media_type": "image/jpeg",
    "content_base64": "/9j/",
}
_DRAFT = {"base": 0, "changes": {}}
_TRIAL = {**_DRAFT, "rules": [], "begin": "2020-08-01T00:00:00+00:00", "end": "2020-08-02T00:00:00+00:00"}
_WARNING = {
    "sender": "气象台",
    "sent": "2020-08-20T00:15:00+00:00",
    "expires": _LATER,
    "level": "red",
    "headline": "暴雨红色预警",
    "event_code": "11B03",
}

_KEY = "00000000-0000-4000-8000-000000000001"
_COUNTED = "what=readings&level=district&from=2020-08-01&to=2020-09-01&map=today"
_SPAN = "since=2020-08-01T00:00:00Z&until=2030-01-01T00:00:00Z"


def _report_of(ground: Ground, *, own: bool) -> dict[str, Any]:
    """What a phone sends from the middle of a township; the foreign one gets a boundary for it."""
    lon, lat = (106.6, 29.62) if own else (107.6, 29.62)
    ground.outline(own=own)
    return {"key": str(uuid4()), "kind": "road", "lon": lon, "lat": lat}


def _exported(ground: Ground, *, own: bool) -> Step:
    _report_of(ground, own=own)  # which gives it a boundary
    return Step(path=f"/api/boundaries/export?format=geojson&division={ground.code(own=own)}")


_NO_UPLOAD = "/planner/import/00000000-0000-4000-8000-000000000009"


WALKS: Mapping[tuple[str, str], Walked] = {
    ("GET", "/api/boundaries/export"): Walked(
        step=lambda ground, own: _exported(ground, own=own), foreign=REFUSED, statuses=frozenset({422})
    ),
    # Layers that were sent are one's own alone, whatever the division: tests/browser/test_planner_import.py.
    ("GET", "/planner/import"): _same("/planner/import"),
    ("POST", "/planner/import"): _same("/planner/import", body={}, own=frozenset({422})),  # without a file
    ("GET", "/planner/import/{upload:uuid}"): _same(_NO_UPLOAD, own=UNSEEN),
    ("GET", "/planner/import/{upload:uuid}/shapes"): _same(f"{_NO_UPLOAD}/shapes", own=UNSEEN),
    ("GET", "/planner/import/{upload:uuid}/check"): _same(f"{_NO_UPLOAD}/check", own=UNSEEN),
    ("GET", "/planner/import/{upload:uuid}/found"): _same(f"{_NO_UPLOAD}/found", own=UNSEEN),
    ("POST", "/planner/import/{upload:uuid}/draft"): _same(f"{_NO_UPLOAD}/draft", body={}, own=UNSEEN),
    ("POST", "/planner/import/{upload:uuid}/drop"): _same(f"{_NO_UPLOAD}/drop", body={}, own=UNSEEN),
    ("GET", "/sign-in"): _same("/sign-in", own=frozenset({200, 303})),
    ("POST", "/sign-in"): _same("/sign-in", own=frozenset({422})),  # without a name there is nothing to try
    ("GET", "/link/{secret}"): _same("/link/none", own=frozenset({401})),  # of the link, not of whoever asks
    ("POST", "/link/{secret}"): _same("/link/none", body={}, own=frozenset({401})),
    ("GET", "/sign-in/code"): _same("/sign-in/code", own=frozenset({401})),  # of the ticket
    ("POST", "/sign-in/code"): _same("/sign-in/code", own=frozenset({422})),
    ("GET", "/sign-in/oidc"): _same("/sign-in/oidc", own=frozenset({404})),  # no provider is configured
    ("GET", "/sign-in/oidc/back"): _same("/sign-in/oidc/back", own=frozenset({404})),
    # One's own things; what a form is missing is told, and nothing is changed.
    ("GET", "/accounts"): _same("/accounts"),
    ("GET", "/accounts/new"): _same("/accounts/new"),
    ("GET", "/accounts/{account}"): _account("", frozenset({200})),
    ("POST", "/accounts"): _same("/accounts", body={}, own=frozenset({409})),  # without a role
    ("POST", "/accounts/{account}/roles"): _account("/roles", frozenset({409})),
    ("POST", "/accounts/{account}/roles/end"): _account("/roles/end", frozenset({409})),
    ("POST", "/accounts/{account}/lock"): _account("/lock", frozenset({303})),
    ("POST", "/accounts/{account}/unlock"): _account("/unlock", frozenset({303})),
    ("POST", "/accounts/{account}/sign-out"): _account("/sign-out", frozenset({303})),
    ("POST", "/accounts/{account}/password"): _account("/password", frozenset({200})),
    ("POST", "/accounts/{account}/person"): _account("/person", frozenset({303})),  # nobody any more
    ("POST", "/accounts/{account}/erase"): _account("/erase", frozenset({409})),  # without its name
    ("POST", "/accounts/{account}/link"): _account("/link", frozenset({200})),
    ("GET", "/audit"): _same("/audit"),
    ("GET", "/audit/openings"): _same("/audit/openings"),
    ("POST", "/audit/openings"): _same("/audit/openings", body={}),
    ("GET", "/audit/access"): _same("/audit/access"),
    ("GET", "/audit/acts.csv"): _same("/audit/acts.csv"),
    ("GET", "/audit/access.csv"): _same("/audit/access.csv"),
    ("GET", "/api/audit"): _same("/api/audit"),
    ("GET", "/duty"): _same("/duty"),
    ("POST", "/duty/shifts"): _same("/duty/shifts", body={}, own=frozenset({409})),
    ("POST", "/duty/shifts/cancel"): _same("/duty/shifts/cancel", body={}, own=frozenset({409})),
    ("GET", "/events"): _of_division("/events", 422),
    ("GET", "/events/mine"): _same("/events/mine"),
    ("POST", "/events/mine/{event:int}"): _event("/events/mine/{}", {}, UNSEEN),  # none is the asker's own
    ("GET", "/events/report"): _same("/events/report"),
    ("POST", "/events/report"): _same("/events/report", body={}, own=frozenset({409})),  # without a kind
    ("GET", "/events/figures"): _of_division("/events/figures", 422),
    ("GET", "/events/report.xlsx"): _of_division("/events/report.xlsx", 422),
    ("GET", "/events/stream"): _same("/events/stream"),
    ("GET", "/events/{event:int}"): _event("/events/{}", None),
    ("POST", "/events/{event:int}/act"): _event("/events/{}/act", {}, frozenset({409})),  # without an act
    ("POST", "/events/{event:int}/photo"): _event("/events/{}/photo", {}, frozenset({409})),  # no key file
    ("GET", "/api/worker/event-kinds"): _same("/api/worker/event-kinds"),
    ("GET", "/api/worker/events"): _same("/api/worker/events"),
    ("POST", "/api/worker/events"): Walked(
        step=lambda ground, own: Step(path="/api/worker/events", body=_report_of(ground, own=own)),
        foreign=REFUSED,
        statuses=frozenset({409}),
    ),
    ("POST", "/api/worker/events/{event}/act"): _event(  # none is the asker's own
        "/api/worker/events/{}/act", {"act": "accept", "key": _KEY}, UNSEEN
    ),
    ("GET", "/figures"): _same("/figures"),
    ("GET", "/figures.xlsx"): _figures("/figures.xlsx"),
    ("GET", "/api/figures"): _figures("/api/figures"),
    ("GET", "/api/figures/strip"): _figures("/api/figures/strip"),
    ("GET", "/api/events"): _of_division("/api/events", 422),
    ("GET", "/api/events/figures"): _of_division(f"/api/events/figures?{_SPAN}", 422),
    ("GET", "/api/events/{event}"): _event("/api/events/{}", None),
    ("POST", "/api/events/{event}/act"): Walked(
        step=lambda ground, own: Step(
            path=f"/api/events/{ground.event(own=own)}/act", body={"act": "accept", "key": str(uuid4())}
        ),
        foreign=UNKNOWN,
    ),
    # Divisions are everybody's who may see the map; what was counted in them is one's own.
    ("GET", "/divisions"): _same("/divisions"),
    ("GET", "/divisions/totals"): _same("/divisions/totals"),
    ("GET", "/divisions/{division:int}"): _division("/divisions/{}"),
    ("GET", "/api/boundaries/belonging"): Walked(
        step=lambda ground, own: Step(
            path="/api/boundaries/belonging?sensor="
            f"{ground.of(ground.city.sensors, 'gas-a', 'gas-b', is_own=own)}&at=2024-07-01T00:00:00Z"
        ),
        foreign=UNKNOWN,
    ),
    ("GET", "/api/boundaries/divisions"): _same("/api/boundaries/divisions?find=5001"),
    ("GET", "/api/boundaries/divisions/{division}/versions"): _division("/api/boundaries/divisions/{}/versions"),
    ("GET", "/api/boundaries/divisions/{division}/lineage"): _division("/api/boundaries/divisions/{}/lineage"),
    ("GET", "/api/boundaries/divisions/{division}/outlines.geojson"): _division(
        "/api/boundaries/divisions/{}/outlines.geojson"
    ),
    ("GET", "/api/boundaries/totals"): _same(f"/api/boundaries/totals?{_COUNTED}"),
    ("GET", "/api/boundaries/totals.xlsx"): _same(f"/api/boundaries/totals.xlsx?{_COUNTED}"),
    ("GET", "/people"): _same("/people"),
    ("GET", "/people/new"): _same("/people/new"),
    ("GET", "/people/import"): _same("/people/import"),
    ("POST", "/people/import"): _same("/people/import", body={}, own=frozenset({422})),  # without a file
    ("GET", "/people/template.xlsx"): _same("/people/template.xlsx"),
    ("GET", "/people/export.xlsx"): _same("/people/export.xlsx", own=frozenset({409})),  # no key file
    ("GET", "/people/{person}"): _person("", frozenset({200})),
    # Without what the form asks for, or for somebody without a term.
    ("POST", "/people"): _same("/people", body={}, own=frozenset({409})),
    ("POST", "/people/{person}/change"): _person("/change", frozenset({409})),
    ("POST", "/people/{person}/end"): _person("/end", frozenset({409})),
    ("POST", "/people/{person}/renew"): _person("/renew", frozenset({303})),
    ("POST", "/people/{person}/posts"): _person("/posts", frozenset({409})),
    ("POST", "/people/{person}/posts/end"): _person("/posts/end", frozenset({409})),
    ("POST", "/people/{person}/absences"): _person("/absences", frozenset({409})),
    ("POST", "/people/{person}/absences/end"): _person("/absences/end", frozenset({409})),
    ("GET", "/planner"): _same("/planner"),
    ("GET", "/planner/{draft:uuid}"): Walked(
        step=lambda ground, own: Step(path=f"/planner/{ground.draft(own=own)}"), foreign=UNKNOWN
    ),
    ("GET", "/plans"): _same("/plans"),
    ("GET", "/plans/new"): _same("/plans/new"),
    ("POST", "/plans"): _same("/plans", body={}, own=frozenset({409})),  # without a code
    ("GET", "/plans/shipped/{code}"): _same("/plans/shipped/FLD-02"),
    ("GET", "/plans/import"): _same("/plans/import"),
    ("POST", "/plans/import"): _same("/plans/import", body={}, own=frozenset({422})),  # without a file
    ("GET", "/plans/template.xlsx"): _same("/plans/template.xlsx"),
    ("GET", "/plans/{plan:int}"): _plan("", None, frozenset({200})),
    ("GET", "/plans/{plan:int}/file"): _plan("/file", None, frozenset({200})),
    ("GET", "/plans/{plan:int}/edit"): _plan("/edit", None, frozenset({200})),
    ("GET", "/plans/{plan:int}/draft"): _plan("/draft", None, frozenset({200})),
    ("POST", "/plans/{plan:int}/check"): _plan("/check", {"whole": {}}, frozenset({200})),
    ("POST", "/plans/{plan:int}/draft"): _plan("/draft", {"whole": {}}, frozenset({200})),
    ("POST", "/plans/{plan:int}/publish"): _plan("/publish", {}, frozenset({409})),  # it has errors
    ("POST", "/plans/{plan:int}/withdraw"): _plan("/withdraw", {}, frozenset({409})),  # without a reason
    ("POST", "/plans/{plan:int}/drop"): _plan("/drop", {}, frozenset({303})),
    ("GET", "/api/boundaries/proposals"): Walked(
        step=lambda ground, own: Step(path=f"/api/boundaries/proposals?under={ground.proposal(own=own)}"),
        foreign=EMPTY,
        rows="proposals",
    ),
    ("GET", "/api/boundaries/proposals/{township}"): Walked(
        step=lambda ground, own: Step(path=f"/api/boundaries/proposals/{ground.proposal(own=own)}"), foreign=UNKNOWN
    ),
    ("POST", "/api/boundaries/proposals/{township}/adopt"): Walked(
        step=lambda ground, own: Step(
            path=f"/api/boundaries/proposals/{ground.proposal(own=own)}/adopt", body={"remove_existing": True}
        ),
        foreign=UNKNOWN,
        own=frozenset({201}),
    ),
    ("GET", "/api/boundaries/drafts"): Walked(
        step=lambda ground, own: Step(
            path="/api/boundaries/drafts?root=" + str(ground.city.divisions[ground.code(own=own)])
            if ground.draft(own=own)
            else ""
        ),
        foreign=EMPTY,
        rows="drafts",
    ),
    ("POST", "/api/boundaries/drafts"): Walked(
        step=lambda ground, own: Step(
            path="/api/boundaries/drafts",
            body={"root_id": ground.city.divisions[ground.code(own=own)], "level": "grid", "title": "试验草案"},
        ),
        foreign=REFUSED,
        statuses=frozenset({409}),
        own=frozenset({201}),
    ),
    ("GET", "/api/boundaries/drafts/{draft:uuid}"): _draft(""),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/lock"): _draft("/lock", {}),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/unlock"): _draft("/unlock", {}),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/discard"): _draft("/discard", {}),
    ("GET", "/api/boundaries/drafts/{draft:uuid}/history"): _draft("/history"),
    ("GET", "/api/boundaries/drafts/{draft:uuid}/units"): _draft("/units"),
    ("GET", "/api/boundaries/drafts/{draft:uuid}/base"): _draft("/base"),
    ("GET", "/api/boundaries/drafts/{draft:uuid}/findings"): _draft("/findings"),
    ("GET", "/api/boundaries/drafts/{draft:uuid}/snap"): _draft("/snap?west=106.5&south=29.5&east=106.6&north=29.6"),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/steps"): _draft(
        "/steps",
        {"revision": 3, "steps": [{"id": _KEY, "step": {"kind": "remove_vertex", "at": [0.0, 0.0]}}]},
        own=frozenset({422}),  # there is no such vertex
    ),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/undo"): _draft("/undo", {"revision": 3}),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/redo"): _draft("/redo", {"revision": 3}),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/rebase"): _draft("/rebase", {"revision": 3}),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/findings/{finding}/mend"): _draft(
        "/findings/none/mend",
        {"revision": 3, "id": _KEY},
        own=frozenset({404}),  # there is no such finding
    ),
    ("GET", "/api/boundaries/drafts/{draft:uuid}/impact"): _draft("/impact"),
    ("GET", "/api/boundaries/drafts/{draft:uuid}/impact.geojson"): _draft("/impact.geojson"),
    ("GET", "/api/boundaries/drafts/{draft:uuid}/impact.xlsx"): _draft("/impact.xlsx"),
    # Half of the township is nobody's, and whoever asks for the rest asks before it was submitted.
    ("POST", "/api/boundaries/drafts/{draft:uuid}/submit"): _draft("/submit", {}, frozenset({409})),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/withdraw"): _draft("/withdraw", {}),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/review"): _draft("/review", {"verdict": "approve"}, frozenset({409})),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/publish"): _draft("/publish", {}, frozenset({409})),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/file"): _draft("/file", {"filed_as": "1"}, frozenset({409})),
    ("POST", "/api/boundaries/drafts/{draft:uuid}/roll-back"): _draft(
        "/roll-back", {"reason": "有误"}, frozenset({409})
    ),
    ("GET", "/planner/{draft:uuid}/impact"): _planner("/impact"),
    ("POST", "/planner/{draft:uuid}/submit"): _planner("/submit", {}, frozenset({409})),
    ("POST", "/planner/{draft:uuid}/withdraw"): _planner("/withdraw", {}, frozenset({303})),
    ("POST", "/planner/{draft:uuid}/review"): _planner("/review", {}, frozenset({409})),
    ("POST", "/planner/{draft:uuid}/publish"): _planner("/publish", {}, frozenset({409})),
    ("POST", "/planner/{draft:uuid}/file"): _planner("/file", {}, frozenset({409})),
    ("POST", "/planner/{draft:uuid}/roll-back"): _planner("/roll-back", {}, frozenset({409})),
    ("GET", "/scene"): _same("/scene"),
    ("GET", "/scene/import"): _same("/scene/import"),
    ("POST", "/scene/import"): _same("/scene/import", body={}, own=frozenset({422})),  # without a file
    ("GET", "/scene/template.xlsx"): _same("/scene/template.xlsx?kind=shelter"),
    ("GET", "/scene/export/{form}"): _same("/scene/export/geojson?kind=shelter"),
    ("GET", "/scene/{thing:int}/{what}"): _thing("/scene/{}/panorama"),
    ("POST", "/scene/{thing:int}/remove"): _thing("/scene/{}/remove", {}, frozenset({303})),
    ("GET", "/api/scene/kinds"): _same("/api/scene/kinds"),
    ("GET", "/api/scene/things"): Walked(
        step=lambda ground, own: Step(path=f"/api/scene/things?in={ground.city.divisions[ground.code(own=own)]}"),
        foreign=UNKNOWN,
    ),
    ("GET", "/api/scene/things/{thing:int}"): _thing("/api/scene/things/{}"),
    # No camera's host is named here: tests/browser/test_scene.py has one.
    ("GET", "/api/scene/things/{thing:int}/{what}"): _thing("/api/scene/things/{}/snapshot", own=frozenset({409})),
    ("GET", "/api/scene/things/{thing:int}/hls/{rest:path}"): _thing(
        "/api/scene/things/{}/hls/index.m3u8", own=frozenset({409})
    ),
    ("POST", "/api/scene/things/{thing:int}/whep"): _thing(
        "/api/scene/things/{}/whep", {"sdp": "v=0"}, frozenset({409})
    ),
    ("GET", "/api/divisions/{place:int}/card"): Walked(
        step=lambda ground, own: Step(path=f"/api/divisions/{ground.city.divisions[ground.code(own=own)]}/card"),
        foreign=UNKNOWN,
    ),
    ("GET", "/records"): _of_division("/records", 422),
    ("GET", "/records/list"): _of_division("/records/list", 422),
    ("POST", "/records/{resident}/open"): _record("/open", {}, frozenset({409})),  # without a reason
    ("GET", "/records/edit"): _of_division("/records/edit", 409),
    ("GET", "/records/new"): _same("/records/new"),
    ("POST", "/records"): _same("/records", body={}, own=frozenset({409})),  # no key file
    ("GET", "/records/{resident}/edit"): _record("/edit", None, frozenset({200})),
    ("POST", "/records/{resident}/edit"): _record("/edit", {}, frozenset({409})),
    ("POST", "/records/{resident}/end"): _record("/end", {}, frozenset({303})),
    ("GET", "/records/import"): _same("/records/import"),
    ("POST", "/records/import"): _same("/records/import", body={}, own=frozenset({422})),  # without a file
    ("GET", "/records/template.xlsx"): _same("/records/template.xlsx"),
    ("GET", "/api/records/counts"): _of_division("/api/records/counts", 422),
    ("GET", "/account"): _same("/account"),
    ("GET", "/account/me"): _same("/account/me"),
    ("POST", "/account/password"): _same("/account/password", body={}, own=frozenset({401})),  # of the old one
    ("POST", "/account/sessions/end"): _same("/account/sessions/end", body={}, own=frozenset({422})),
    ("POST", "/account/factor/begin"): _same("/account/factor/begin", body={}, own=frozenset({404})),  # no key file
    ("POST", "/account/factor/give-up"): _same("/account/factor/give-up", body={}, own=frozenset({303})),
    ("POST", "/account/factor/confirm"): _same("/account/factor/confirm", body={}, own=frozenset({404})),
    ("POST", "/account/factor/codes"): _same("/account/factor/codes", body={}, own=frozenset({409})),
    ("POST", "/account/factor/remove"): _same("/account/factor/remove", body={}, own=frozenset({409})),
    ("POST", "/account/tokens"): _same("/account/tokens", body={}, own=frozenset({409})),
    ("POST", "/account/tokens/revoke"): _same("/account/tokens/revoke", body={}, own=frozenset({422})),
    ("POST", "/sign-out"): _same("/sign-out", body={}, own=frozenset({303})),
    ("POST", "/sign-out/everywhere"): _same("/sign-out/everywhere", body={}, own=frozenset({303})),
    ("GET", "/"): _same("/"),
    ("GET", "/api/state"): _same("/api/state"),
    ("GET", "/api/now"): _same("/api/now"),
    ("GET", "/api/now/standing"): _same("/api/now/standing"),
    ("GET", "/api/now/incidents/{number:int}"): Walked(
        step=lambda ground, own: Step(
            path=f"/api/now/incidents/{ground.of(ground.city.incidents, 'both', 'b', is_own=own)}"
        ),
        foreign=UNKNOWN,
    ),
    ("GET", "/api/now/tour"): _same("/api/now/tour"),
    ("GET", "/api/now/tour/{division:int}"): _division("/api/now/tour/{}"),
    ("GET", "/api/names"): _same("/api/names"),
    ("GET", "/api/then"): _division_in("/api/then?", "&at=2020-08-20T01:00:00Z"),
    ("GET", "/api/then/track"): _division_in("/api/then/track?", "&step=3600"),
    **{
        ("GET", f"/then/report{form}"): _division_in(
            f"/then/report{form}?", "&from=2020-08-20T00:30:00Z&to=2020-08-20T01:00:00Z&frames=2"
        )
        for form in ("", ".pdf")
    },
    ("GET", "/api/tallies"): _division_in("/api/tallies?level=grid&"),
    ("GET", "/api/path"): _division_in("/api/path?"),
    ("GET", "/api/search"): Walked(
        step=lambda ground, own: Step(path=f"/api/search?q={ground.code(own=own)}"), foreign=EMPTY, rows="found"
    ),
    ("GET", "/api/layers/rivers.geojson"): _same("/api/layers/rivers.geojson"),
    ("GET", "/api/layers/{name}.geojson"): _same("/api/layers/townships.geojson"),
    ("GET", "/tiles/drafts/{draft}/{z:int}/{x:int}/{y:int}.mvt"): Walked(
        step=lambda ground, own: Step(path=f"/tiles/drafts/{ground.draft(own=own)}/12/3260/1690.mvt"), foreign=UNKNOWN
    ),
    ("GET", "/tiles/proposed/{z:int}/{x:int}/{y:int}.mvt"): _same("/tiles/proposed/12/3260/1690.mvt"),
    **{("GET", f"/ogc{path}"): _same(f"/ogc{path}") for path in ("", "/conformance", "/api", "/collections")},
    **{
        ("GET", f"/ogc/collections/{{collection}}{rest}"): _same(f"/ogc/collections/townships{rest}")
        for rest in ("", "/queryables", "/schema", "/items")
    },
    ("GET", "/ogc/collections/{collection}/items/{item}"): _township_item(),
    ("OPTIONS", "/ogc/collections/{collection}/items"): _same("/ogc/collections/grids/items", own=frozenset({204})),
    ("OPTIONS", "/ogc/collections/{collection}/items/{item}"): _same(
        "/ogc/collections/grids/items/1", own=frozenset({204})
    ),
    ("POST", "/ogc/collections/{collection}/items"): _unit("", []),
    ("PUT", "/ogc/collections/{collection}/items/{item}"): _unit("/d{}", []),
    ("PATCH", "/ogc/collections/{collection}/items/{item}"): _unit("/d{}", []),
    ("DELETE", "/ogc/collections/{collection}/items/{item}"): _unit("/d{}", None, frozenset({200})),
    ("GET", "/ground/layers.json"): _same("/ground/layers.json"),
    ("GET", "/ground/{layer}/{z:int}/{x:int}/{y:int}"): _same("/ground/base/12/3260/1695"),
    ("GET", "/tiles/{level}.json"): _same("/tiles/district.json"),
    ("GET", "/tiles/{level}/{z:int}/{x:int}/{y:int}.mvt"): _same("/tiles/district/8/203/105.mvt"),
    ("GET", "/api/sensors/{sensor}/series"): Walked(
        step=lambda ground, own: Step(
            path=f"/api/sensors/{ground.of(ground.city.sensors, 'gas-a', 'gas-b', is_own=own)}/series"
        ),
        foreign=UNKNOWN,
    ),
    ("GET", "/api/alerts"): _list("/api/alerts?", "alerts"),
    ("GET", "/api/alerts/{alert_id:int}"): _alert(""),
    ("GET", "/api/alerts/{alert_id:int}/transitions"): _alert("/transitions"),
    ("GET", "/api/alerts/{alert_id:int}.cap"): _alert(".cap"),
    ("GET", "/api/screens"): _same("/api/screens"),
    ("POST", "/api/screens/here"): _same("/api/screens/here", {"name": "wall", "address": "in=1"}),
    ("POST", "/api/screens/show"): Walked(
        step=lambda ground, own: Step(
            path="/api/screens/show", body={"screen": ground.screen(own=own), "address": "shade=silent"}
        ),
        foreign=UNKNOWN,
    ),
    ("GET", "/api/openapi.json"): _same("/api/openapi.json"),
    ("POST", "/api/alerts/{alert}/ack"): _act("ack", {}),
    ("POST", "/api/alerts/{alert}/take"): _act("take", {}),
    ("POST", "/api/alerts/{alert}/resolve"): _act("resolve", {}),
    ("POST", "/api/alerts/{alert}/comment"): _act("comment", {"note": "已到场"}),
    ("POST", "/api/alerts/{alert}/close"): _act("close", {"cause": "false"}),
    ("POST", "/api/alerts/{alert}/shelve"): _act("shelve", {"until": _LATER, "reason": "检修"}),
    ("POST", "/api/alerts"): Walked(
        step=lambda ground, own: Step(path="/api/alerts", body={**_REPORT, "division": ground.code(own=own)}),
        foreign=REFUSED,
        statuses=frozenset({409}),
    ),
    ("GET", "/api/suppressions"): _same("/api/suppressions"),
    ("POST", "/api/suppressions/{suppression}/end"): Walked(
        step=lambda ground, own: Step(path=f"/api/suppressions/{ground.suppression(own=own)}/end", body={}),
        foreign=UNKNOWN,
    ),
    ("GET", "/api/feed.atom"): _list("/api/feed.atom?", "<entry>"),
    ("GET", "/api/incidents"): _list("/api/incidents?", "incidents"),
    ("GET", "/api/incidents/{number:int}"): Walked(
        step=lambda ground, own: Step(
            path=f"/api/incidents/{ground.of(ground.city.incidents, 'merged', 'b', is_own=own)}"
        ),
        foreign=UNKNOWN,
    ),
    ("GET", "/api/warnings"): _list("/api/warnings?at=2020-08-20T01:00:00Z&", "warnings"),
    ("GET", "/api/warnings/{warning}"): Walked(
        step=lambda ground, own: Step(path=f"/api/warnings/{ground.of(ground.city.warnings, 'a', 'b', is_own=own)}"),
        foreign=UNKNOWN,
    ),
    ("POST", "/api/warnings"): Walked(
        step=lambda ground, own: Step(path="/api/warnings", body={**_WARNING, "area_codes": [ground.code(own=own)]}),
        foreign=REFUSED,
        statuses=frozenset({403}),
    ),
    ("POST", "/api/warnings/{warning}/cancel"): Walked(
        step=lambda ground, own: Step(path=f"/api/warnings/{ground.warning(own=own)}/cancel", body={}),
        foreign=UNKNOWN,
    ),
    ("GET", "/api/stream"): _same("/api/stream"),
    ("GET", "/runs"): _same("/runs"),
    ("GET", "/runs/{run:int}"): Walked(
        step=lambda ground, own: Step(path=f"/runs/{ground.of(ground.city.runs, 'a', 'b', is_own=own)}"),
        foreign=UNKNOWN,
    ),
    ("GET", "/api/runs"): _of_division("/api/runs", 422),
    ("GET", "/api/runs/{run:int}"): _run(""),
    ("GET", "/api/runs/{run:int}/people"): _run("/people"),
    ("GET", "/api/run-choices"): _of_division("/api/run-choices", 422),
    ("POST", "/api/runs"): Walked(
        step=lambda ground, own: Step(
            path="/api/runs",
            body={"plan": "FLD-02", "township": ground.code(own=own), "level": "red", "reason": "x", "drill": True},
        ),
        foreign=REFUSED,
        statuses=frozenset({422}),
        own=frozenset({200, 409}),  # 409: there is one already
    ),
    ("POST", "/api/runs/{run:int}/confirm"): _run("/confirm", {}, state="proposed"),
    ("POST", "/api/runs/{run:int}/decline"): _run("/decline", {"reason": "x"}, state="proposed"),
    ("POST", "/api/runs/{run:int}/level"): _run("/level", {"level": "red", "reason": "x"}),
    ("POST", "/api/runs/{run:int}/tasks"): _run(
        "/tasks", {"post": "网格员", "what": "巡查", "limit_min": 5, "reason": "x"}
    ),
    ("POST", "/api/runs/{run:int}/tasks/{task:int}/skip"): _run("/tasks/{task}/skip", {"reason": "x"}),
    ("POST", "/api/runs/{run:int}/assignments/{assignment:int}/reassign"): _run(
        "/assignments/{assignment}/reassign", {"person": _NOBODY, "reason": "x"}, own=frozenset({409})
    ),
    ("POST", "/api/runs/{run:int}/assignments/{assignment:int}/answer"): Walked(
        step=lambda ground, own: _answered(ground, own=own), foreign=UNKNOWN
    ),
    ("POST", "/api/runs/{run:int}/conditions"): _run("/conditions", {"purpose": "terminate", "number": 0, "met": True}),
    ("POST", "/api/runs/{run:int}/sign"): _run("/sign", {}, own=frozenset({200, 409})),  # 409: a duty officer
    ("POST", "/api/runs/{run:int}/terminate"): _run("/terminate", {"override": True, "reason": "x"}),
    ("POST", "/api/runs/{run:int}/review"): _run("/review", {}, state="terminated"),
    ("POST", "/api/runs/{run:int}/notes"): _run(  # 409: no key file
        "/notes", {"text": "x", "key": _NOBODY}, own=frozenset({409})
    ),
    ("GET", "/runs/reviews"): _same("/runs/reviews"),
    ("GET", "/runs/{run:int}/report"): _paper("/report"),
    ("POST", "/runs/{run:int}/report/review"): _paper("/report/review", {}, frozenset({409})),  # it is not over
    ("GET", "/runs/{run:int}/report.pdf"): _paper("/report.pdf"),
    ("GET", "/runs/{run:int}/report.docx"): _paper("/report.docx"),
    # A worker's own things are found by the account's person; those who walk answer for nobody.
    ("GET", "/worker"): _same("/worker"),
    ("GET", "/worker/manifest.webmanifest"): _same("/worker/manifest.webmanifest"),
    ("GET", "/worker/sw.js"): _same("/worker/sw.js"),
    ("GET", "/api/worker/tasks"): _same("/api/worker/tasks", own=frozenset({409})),
    ("GET", "/api/worker/grid"): _same("/api/worker/grid", own=frozenset({409})),
    ("GET", "/api/worker/places/{division}"): _same("/api/worker/places/1", own=frozenset({409})),
    ("GET", "/api/worker/stream"): _same("/api/worker/stream", own=frozenset({409})),
    ("POST", "/api/worker/receipts"): _same("/api/worker/receipts", body={"receipts": []}),  # without a ticket
    ("POST", "/api/worker/answers"): _same("/api/worker/answers", body={"answers": []}, own=frozenset({409})),
    ("POST", "/api/worker/attachments"): _same("/api/worker/attachments", body=_PHOTO, own=frozenset({409})),
    ("GET", "/rules"): _same("/rules"),
    ("GET", "/api/rules"): _same("/api/rules"),
    ("POST", "/api/rules/check"): _same("/api/rules/check", body=_DRAFT),
    ("POST", "/api/rules/try"): _same("/api/rules/try", body=_TRIAL, own=frozenset({200, 422})),
    ("POST", "/api/rules/put"): _same("/api/rules/put", body={**_DRAFT, "note": "x"}, own=frozenset({200, 409, 422})),
    ("POST", "/api/rules/revert"): _same(
        "/api/rules/revert", body={"base": 0, "set": 0, "note": "x"}, own=frozenset({200, 409, 422})
    ),
    ("GET", "/api/rules/history"): _same("/api/rules/history"),
    ("GET", "/api/rules/sets/{number}"): _same("/api/rules/sets/0"),
    ("GET", "/backtest"): _same("/backtest", own=frozenset({200, 404})),
    ("GET", "/api/worker/push"): _same("/api/worker/push", own=frozenset({404})),  # no push service is configured
    ("POST", "/api/worker/push"): _same(
        "/api/worker/push", body={"endpoint": "https://x", "p256dh": "x", "auth": "x"}, own=frozenset({404})
    ),
    ("POST", "/api/worker/push/end"): _same(
        "/api/worker/push/end", body={"endpoint": "https://x"}, own=frozenset({404})
    ),
    ("POST", "/receipts/{channel}"): _same("/receipts/sms", body={}, own=frozenset({401})),  # of the gateway's secret
    ("GET", "/health"): _same("/health", own=frozenset({200, 503})),
    ("GET", "/metrics"): _same("/metrics"),
    ("GET", "/built/*"): _same("/built/main.js"),
    ("GET", "/static/*"): _same("/static/main.js"),
    ("GET", "/vendor/*"): _same("/vendor/leaflet/leaflet.js"),
}
