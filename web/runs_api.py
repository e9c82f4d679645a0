"""Runs for programs and for their own pages: what is under way, what is over, everything about one."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from access.accounts import is_within
from access.places import division_within
from access.scope import Scope
from alerts.plan_library import plans_in_force
from alerts.plan_shelf import Shelved
from alerts.plans import GRADE_OF
from config.database import Connection
from people.duty import on_duty_for
from people.listing import Wanted, staff
from web.answers import answers
from web.api import as_json
from web.people_names import names_of
from web.people_words import post_name
from web.runs_lanes import COMMAND, PEOPLE, QUERIES, seen
from web.runs_told import GridChoice, PeopleList, Person, PlanChoice, RunList, RunWhole, StartChoices
from web.runs_view import AskedRuns, read_list, read_whole
from web.viewing import DATABASE_WAIT_S, View, ViewOf, needs

router = APIRouter(prefix="/api", tags=["runs"])

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
READ = "plans.read"
_PEOPLE_AT_MOST = 300


@router.get("/runs", responses=answers(RunList, 422), dependencies=[needs(READ)])
def runs(
    view: ViewOf,
    *,
    plan: Annotated[str | None, Query(max_length=60, description="Part of its name or code.")] = None,
    state: Annotated[Literal["declined", "terminated", "reviewed"] | None, Query()] = None,
    division: Annotated[str | None, Query(max_length=60, description="Code or name of a division.")] = None,
    drill: Annotated[bool | None, Query(description="Exercises alone, or none.")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Older than this one.")] = None,
) -> Response:
    """Runs under way with their tasks, those to be confirmed first; then those that are over, newest first."""
    asked = AskedRuns(plan=plan or None, state=state, division=_division(view, division), drill=drill, before=before)
    return as_json(read_list(view, asked))


@router.get("/runs/{run:int}", responses=answers(RunWhole, 404), dependencies=[needs(READ)])
def run_(view: ViewOf, run: Number) -> Response:
    """One run: tasks, calls, answers, conditions, signatures, what happened, and the ground it is about."""
    return as_json(read_whole(view, run))


@router.get("/runs/{run:int}/people", responses=answers(PeopleList, 404), dependencies=[needs(COMMAND)])
def people(view: ViewOf, run: Number) -> Response:
    """Who may be given a task of it: the township's people, those on duty there first."""
    township = seen(view, run)
    return as_json(PeopleList(people=people_there(view, township, run)))


@router.get("/run-choices", responses=answers(StartChoices, 422), dependencies=[needs(COMMAND)])
def choices(view: ViewOf, division: Annotated[str, Query(max_length=60)]) -> Response:
    """What may be started in a township: its plans in force, and its grids."""
    now = view.parts.clock()
    with view.connection() as connection:
        township = division_within(connection, division, view.scope, now=now)
        rows = connection.execute(QUERIES["grids_below"], {"township": township, "at": now}).fetchall()
    with view.acting() as connection:
        plans = plans_in_force(connection).here(township)
    grids = [GridChoice(id=number, code=code, name=name, village=above) for number, code, name, above in rows]
    return as_json(StartChoices(plans=[_choice(one) for one in plans], grids=grids))


def _choice(one: Shelved) -> PlanChoice:
    levels: dict[str, str] = {GRADE_OF[level]: words for level, words in one.plan.levels.items()}
    return PlanChoice(code=one.plan.id, name=one.plan.name, levels=levels, tasks=len(one.plan.tasks))


def _division(view: View, named: str | None) -> int | None:
    if not named:
        return None
    with view.connection() as connection:
        return division_within(connection, named, view.scope, now=view.parts.clock())


def people_there(view: View, township: int, run: int) -> list[Person]:
    """The township's people as whoever asks may see them; none without the right to see people there."""
    scope = view.viewer.scope(PEOPLE, view.parts.roles)
    with view.connection() as connection:
        if not scope or not is_within(connection, township, scope):
            return []
    with view.parts.scoped.connection(Scope(divisions=frozenset({township})), DATABASE_WAIT_S) as connection:
        return _people(view, connection, township, run)


def _people(view: View, connection: Connection, township: int, run: int) -> list[Person]:
    now = view.parts.clock()
    grids = [row[0] for row in connection.execute(QUERIES["grid_ids"], {"run": run})]
    duty: dict[object, list[str]] = {}
    for answer in on_duty_for(connection, [(place, None) for place in (township, *grids)], now):
        for one in answer:
            posts = duty.setdefault(one.person_id, [])
            if (name := post_name(one.post, "zh")) not in posts:
                posts.append(name)
    there = staff(connection, Wanted(serving=True), at=now, most=_PEOPLE_AT_MOST)
    names = names_of(view, connection, [one.id for one in there])
    told = [Person(id=one.id, name=names.of(one.id), posts=duty.get(one.id, [])) for one in there if one.away is None]
    return sorted(told, key=lambda one: (not one.posts, one.name))
