"""A township of the city with grids and people, and runs of its plans: what the tests of the commander's pages show."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import shapely
from psycopg.types.json import Jsonb

from access.vault import Vault
from alerts.plan_files import load_plan_file
from alerts.plans import body_of_plan
from config.database import Connection
from config.settings import PROJECT
from dispatch.act_start import Start, start
from dispatch.advance import advance
from dispatch.answers import Answer, Kind, give
from people.holdings import hold_post
from people.organisations import add_organisation
from people.persons import add_person
from people.private import private
from tests.browser.test_accounts_page import place

HERE, ELSEWHERE = "磁器口街道", "解放碑街道"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SMS = frozenset({"sms", "voice"})
_PEOPLE = (
    ("王伟", "commander", "township"),
    ("李娜", "duty_officer", "township"),
    ("赵敏", "grid_leader", "village"),
    ("张强", "grid_worker", "first"),
    ("陈静", "grid_worker", "second"),
)


@dataclass
class RunGround:
    """What lies where, and who is who."""

    city: Connection
    vault: Vault
    places: dict[str, int] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)

    def start(self, *, level: str = "orange", drill: bool = False, actor: UUID | None = None) -> int:
        """The flood plan, by hand."""
        return start(
            self.city,
            Start(
                plan="FLD-02",
                township_id=self.places["township"],
                level=level,
                reason="月度演练" if drill else "现场报告险情",
                grids=[self.places["first"], self.places["second"]],
                drill=drill,
            ),
            actor=actor,
        ).run_id

    def propose(self, plan_id: str = "GEO-01", level: str = "orange", minutes: float = 3) -> int:
        """A run of another plan of the examples that waits for its confirmation."""
        plan = next(one for one in load_plan_file(PROJECT / "tests/unit/test_plans_examples.yaml") if one.id == plan_id)
        row = self.city.execute(
            "insert into plan_runs (plan_id, name, plan, township_id, level, state, started_at, confirm_by)"
            " values (%s, %s, %s, %s, %s, 'proposed', clock_timestamp(), clock_timestamp() + %s) returning id",
            (plan.id, plan.name, Jsonb(body_of_plan(plan)), self.places["township"], level, timedelta(minutes=minutes)),
        ).fetchone()
        assert row is not None
        for task in plan.tasks:
            self.city.execute(
                "insert into tasks (run_id, task_key, post, what, limit_min, after) values (%s, %s, %s, %s, %s, %s)",
                (row[0], task.id, task.post, task.do, task.limit_min, list(task.after)),
            )
        return int(row[0])

    def climb(self, minutes: float = 0) -> None:
        """The ladder, so many minutes from now."""
        advance(self.city, datetime.now(UTC) + timedelta(minutes=minutes), channels=SMS)

    def assignment(self, run: int, key: str, where: str) -> int:
        row = self.city.execute(
            "select assignments.id from assignments join tasks on tasks.id = task_id where assignments.run_id = %s"
            " and task_key = %s and division_id = %s order by round desc limit 1",
            (run, key, self.places[where]),
        ).fetchone()
        assert row is not None
        return int(row[0])

    def tap(self, assignment: int, kind: Kind, who: str) -> None:
        """What a phone sends."""
        at = datetime.now(UTC)
        answer = Answer(key=uuid4(), assignment_id=assignment, kind=kind, tapped_at=at)
        give(self.city, answer, actor=uuid4(), person_id=self.people[who], at=at)


def run_ground(city: Connection, vault: Vault) -> RunGround:
    """A village with two grids, halves of the township, and who serves there."""
    ground = RunGround(city=city, vault=vault)
    township = place(city, HERE)
    west, east = _halves(city, township)
    village = _division(city, "village", "500106900001", "金蓉社区", township, None)
    ground.places = {
        "township": township,
        "village": village,
        "first": _division(city, "grid", "500106900001001", "金蓉一网格", village, west),
        "second": _division(city, "grid", "500106900001002", "金蓉二网格", village, east),
    }
    organisation = add_organisation(city, kind="township", code="o-here", name=f"{HERE}中心", divisions=[township])
    for number, (name, post, where) in enumerate(_PEOPLE):
        fields = private(name, f"138000000{number:>02}")
        person = add_person(
            city, vault, organisation_id=organisation, staff_number=f"N{number}", fields=fields, since=LONG_AGO
        )
        hold_post(city, person, post, ground.places[where], since=LONG_AGO)
        ground.people[name] = person
    return ground


def _halves(city: Connection, township: int) -> tuple[bytes, bytes]:
    row = city.execute(
        "select geometry from boundary_versions where division_id = %s and upper_inf(valid) and upper_inf(recorded)",
        (township,),
    ).fetchone()
    assert row is not None
    shape = shapely.from_wkb(bytes(row[0]))
    low_x, low_y, high_x, high_y = shape.bounds
    middle = (low_x + high_x) / 2
    parts = (shapely.box(low_x, low_y, middle, high_y), shapely.box(middle, low_y, high_x, high_y))
    west, east = (shapely.to_wkb(_multi(shape.intersection(part))) for part in parts)
    return west, east


def _multi(shape: shapely.Geometry) -> shapely.MultiPolygon:
    return shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])


def _division(city: Connection, level: str, code: str, name: str, above: int, wkb: bytes | None) -> int:
    row = city.execute("insert into divisions (level) values (%s) returning id", (level,)).fetchone()
    assert row is not None
    city.execute(
        "insert into division_versions (division_id, parent_id, code, name, kind, source)"
        " values (%s, %s, %s, %s, '', 'test')",
        (row[0], above, code, name),
    )
    if wkb is not None:
        city.execute(
            "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
            " values (%s, %s, 1, true, 'test')",
            (row[0], wkb),
        )
    return int(row[0])
