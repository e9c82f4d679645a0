"""How each route is walked: what is asked in one's own division and in a foreign one, and what a foreign one answers.

Who is let in follows from what the route declares (web.viewing.declared); this file says only how to ask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from access.accounts import add_account, grant
from access.rights import load_roles
from config.database import Connection
from tests.database.out_seed import OTHER_TOWNSHIP, TOWNSHIP, one
from tests.database.rights_city import RightsCity, add_warning, report_alert, suppress

# What is told of a foreign division: nothing (the answer is as if there were none), an empty list, a refusal, or
# the same as to everybody, for it belongs to no division.
UNKNOWN, EMPTY, REFUSED, SAME = "unknown", "empty", "refused", "same"


class Ground:
    """A city to walk in; each act gets something of its own to act on."""

    def __init__(self, connection: Connection, city: RightsCity) -> None:
        self.connection = connection
        self.city = city
        self._number = 5000

    def next(self) -> int:
        self._number += 1
        return self._number

    def code(self, *, own: bool) -> str:
        return TOWNSHIP if own else OTHER_TOWNSHIP

    def of(self, what: Mapping[str, int], own: str, foreign: str, *, is_own: bool) -> int:
        return what[own if is_own else foreign]

    def alert(self, *, own: bool) -> int:
        return report_alert(self.connection, self.code(own=own), self.next())

    def suppression(self, *, own: bool) -> int:
        return suppress(self.connection, division_id=self.city.divisions[self.code(own=own)])

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


def _account(act: str, own: frozenset[int]) -> Walked:
    return Walked(
        step=lambda ground, is_own: Step(path=f"/accounts/{ground.account(own=is_own)}{act}", body={} if act else None),
        foreign=UNKNOWN,
        own=own,
    )


def _of_division(path: str, status: int) -> Walked:
    return Walked(
        step=lambda ground, own: Step(path=f"{path}?division={ground.code(own=own)}"),
        foreign=REFUSED,
        statuses=frozenset({status}),
    )


_LATER = "2099-01-01T00:00:00+00:00"
_REPORT = {"title": "河水上岸", "level": "orange"}
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

WALKS: Mapping[tuple[str, str], Walked] = {
    ("GET", "/sign-in"): _same("/sign-in", own=frozenset({200, 303})),
    ("POST", "/sign-in"): _same("/sign-in", own=frozenset({422})),  # without a name there is nothing to try
    ("GET", "/link/{secret}"): _same("/link/none", own=frozenset({401})),  # of the link, not of whoever asks
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
    ("POST", "/accounts/{account}/link"): _account("/link", frozenset({200})),
    ("GET", "/audit"): _same("/audit"),
    ("GET", "/audit/openings"): _same("/audit/openings"),
    ("POST", "/audit/openings"): _same("/audit/openings", body={}),
    ("GET", "/audit/access"): _same("/audit/access"),
    ("GET", "/audit/acts.csv"): _same("/audit/acts.csv"),
    ("GET", "/audit/access.csv"): _same("/audit/access.csv"),
    ("GET", "/api/audit"): _same("/api/audit"),
    ("GET", "/records"): _of_division("/records", 422),
    ("GET", "/records/list"): _of_division("/records/list", 409),
    ("POST", "/records/{resident}/open"): Walked(
        step=lambda ground, own: Step(path=f"/records/{ground.resident(own=own)}/open", body={}),
        foreign=UNKNOWN,
        own=frozenset({409}),  # without a reason
    ),
    ("GET", "/api/records/counts"): _of_division("/api/records/counts", 409),
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
    ("GET", "/api/names"): _same("/api/names"),
    ("GET", "/api/layers/rivers.geojson"): _same("/api/layers/rivers.geojson"),
    ("GET", "/api/layers/{name}.geojson"): _same("/api/layers/townships.geojson"),
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
    ("GET", "/health"): _same("/health", own=frozenset({200, 503})),
    ("GET", "/metrics"): _same("/metrics"),
    ("GET", "/static/*"): _same("/static/main.js"),
    ("GET", "/vendor/*"): _same("/vendor/leaflet/leaflet.js"),
}
