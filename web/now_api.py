"""What needs a person now, for the screen; asked again when the board has changed."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from access.accounts import is_within
from alerts.ledger_keeper import LedgerStanding, standing
from alerts.plan_way import WayError, read_way
from alerts.rule_kinds import Rule
from alerts.rule_sets import rules_in_force
from alerts.rules import AnyRule
from screen.now import read_blind, read_incidents, read_silent
from screen.now_incident import footprint, in_need, plans_of, read_alerts, read_head, run_ids
from screen.now_tour import read_duty, read_places, read_stop
from web.answers import answers
from web.api import as_json
from web.errors import ForbiddenError, IncidentUnknownError
from web.now_lanes import heads_of, heads_under_way, told_lanes
from web.now_told import (
    Band,
    DutyTold,
    LaneTold,
    LedgerTold,
    MissingTold,
    NowTold,
    PlanPlaces,
    StageTold,
    StandingTold,
    StopTold,
    TourTold,
)
from web.people_words import post_name
from web.state import Clock, read_clock
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api/now", tags=["screen"])

PLANS, ACT, PEOPLE, IN_NEED = "plans.read", "alerts.act", "people.read", "records.count"
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Division = Annotated[int | None, Query(alias="in", ge=1, le=2**31 - 1, description="Number of a division; none: all.")]


@router.get("", responses=answers(NowTold), dependencies=[needs("map.read")])
def now(view: ViewOf, division: Division = None) -> Response:
    """Open incidents by level and time without an answer, plans with who was called and who answered, what is
    silent there, and how the ledger stands. Incidents and plans are always all: nobody loses sight of a red one by
    looking elsewhere."""
    with view.connection() as connection:
        clock = read_clock(connection)
        incidents, count = read_incidents(connection, clock.now)
        silent = read_silent(connection, clock.now, division)
    with view.acting() as connection:
        ledger = _ledger(standing(connection))
    lanes = _lanes_of(view, clock)
    return as_json(
        NowTold(now=clock.now, incidents=incidents, incident_count=count, lanes=lanes, silent=silent, ledger=ledger)
    )


@router.get("/standing", responses=answers(StandingTold), dependencies=[needs("map.read")])
def seldom(view: ViewOf, division: Division = None) -> Response:
    """Where nothing measures, and from which values the rules in force mean a level, by quantity."""
    with view.connection() as connection:
        blind = read_blind(connection, read_clock(connection).now, division)
        bands = _bands(rules_in_force(connection))
    return as_json(StandingTold(blind=blind, bands=bands))


@router.get("/incidents/{number:int}", responses=answers(StageTold, 404), dependencies=[needs("map.read")])
def incident(view: ViewOf, number: Number) -> Response:
    """One incident for the stage; asked for under the number of one that was merged, what it is part of now."""
    with view.connection() as connection:
        clock = read_clock(connection)
        head = read_head(connection, number)
        if head is None:
            raise IncidentUnknownError(str(number))
        alerts = read_alerts(connection, head.id, clock.now)
        runs = run_ids(connection, head.id)
        ground = footprint(connection, head.id, clock.now)
        touching = [one["id"] for one in ground["features"] if not one["properties"]["touching"]]
    told = StageTold(
        now=clock.now,
        incident=head,
        alerts=alerts,
        lanes=_lanes_of(view, clock, runs),
        plans=_plans(view, runs),
        in_need=_in_need(view, head.id, clock),
        ground=ground,
        may_act=_may_act(view, touching),
    )
    return as_json(told)


@router.get("/tour", responses=answers(TourTold), dependencies=[needs("map.read")])
def tour(view: ViewOf) -> Response:
    """The districts of the scope, for the tour of a quiet day."""
    with view.connection() as connection:
        return as_json(TourTold(places=read_places(connection, read_clock(connection).now)))


@router.get("/tour/{division:int}", responses=answers(StopTold, 404), dependencies=[needs("map.read")])
def stop(view: ViewOf, division: Annotated[int, Path(ge=1, le=2**31 - 1)]) -> Response:
    """What stands in a district, its last readings, and how many are on duty there."""
    with view.connection() as connection:
        clock = read_clock(connection)
        found = read_stop(connection, clock.now, division)
    duty = [] if (people := _by(view, PEOPLE)) is None else _duty(people, clock, division)
    return as_json(StopTold(**{**vars(found), "duty": duty}))


def _by(view: View, right: str) -> View | None:
    try:
        return view.by(right)
    except ForbiddenError:
        return None


def _lanes_of(view: View, clock: Clock, runs: list[int] | None = None) -> list[LaneTold]:
    plans = _by(view, PLANS)
    if plans is None or runs == []:
        return []
    with plans.connection() as connection:
        heads = heads_under_way(connection, clock) if runs is None else heads_of(connection, clock, runs)
        return told_lanes(plans, connection, heads, clock.now)


def _plans(view: View, runs: list[int]) -> list[PlanPlaces]:
    plans = _by(view, PLANS)
    if plans is None or not runs:
        return []
    with plans.connection() as connection:
        return [_places(number, plan) for number, plan in plans_of(connection, runs).items()]


def _places(number: int, plan: dict[str, Any]) -> PlanPlaces:
    return PlanPlaces(
        run_id=number,
        routes=[_with_line(one) for one in plan.get("routes") or []],
        shelters=plan.get("shelters") or [],
        resources=plan.get("resources") or [],
        threatened=plan.get("threatened"),
        command=plan.get("command") or {},
    )


def _with_line(route: dict[str, Any]) -> dict[str, Any]:
    """Its way as a line to be drawn; None: it is told in words only, or a former version told it otherwise."""
    try:
        return {**route, "line": read_way(route.get("way") or "") or None}
    except WayError:
        return {**route, "line": None}


def _in_need(view: View, number: int, clock: Clock) -> dict[str, int] | None:
    counting = _by(view, IN_NEED)
    if counting is None:
        return None
    with counting.connection() as connection:
        return in_need(connection, number, clock.now)


def _may_act(view: View, divisions: list[int]) -> bool:
    acting = _by(view, ACT)
    if acting is None:
        return False
    if acting.scope.everywhere or not divisions:
        return acting.scope.everywhere
    with view.acting() as connection:
        return any(is_within(connection, one, acting.scope) for one in divisions)


def _duty(view: View, clock: Clock, division: int) -> list[DutyTold]:
    with view.connection() as connection:
        found = read_duty(connection, clock.now, division)
    return [DutyTold(zh=post_name(one.post, "zh"), en=post_name(one.post, "en"), people=one.people) for one in found]


def _ledger(stands: LedgerStanding) -> LedgerTold:
    spans = stands.imbalances
    return LedgerTold(
        balanced=stands.balanced,
        checked_at=stands.checked_at,
        missing=[MissingTold(name=name, difference=by) for name, by in stands.accounts().items()],
        since=spans[0]["from"] if spans else None,
        until=spans[-1]["to"] if spans else None,
    )


def _bands(rules: list[AnyRule]) -> dict[str, list[Band]]:
    """Of rules that compare upwards, with values of their own, the readings or their sum; the first of a quantity."""
    found: dict[str, list[Band]] = {}
    for rule in rules:
        if isinstance(rule, Rule) and rule.direction == "above" and rule.quantity not in found:
            told = _bands_of(rule)
            if told:
                found[rule.quantity] = told
    return found


def _bands_of(rule: Rule) -> list[Band]:
    """Where levels have windows of their own, those of the window that has the most of them, else of the shortest."""
    windows: dict[float | None, list[Band]] = {}
    measured = rule.measures()
    for grade, threshold in rule.graded().items():
        measure = measured[grade]
        if threshold.value is not None and measure.of in ("value", "sum") and not measure.ago_us:
            sum_h = measure.over_us / 3.6e9 if measure.of == "sum" else None
            windows.setdefault(sum_h, []).append(Band(level=grade, value=threshold.value, sum_h=sum_h))
    return max(windows.values(), key=lambda bands: (len(bands), -(bands[0].sum_h or 0)), default=[])
