"""The plans that are in force: those of the library, and of the files while no plan of that code is published."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from psycopg.rows import dict_row

from alerts.plan_files import load_plans
from alerts.plan_inherit import inherited_plan
from alerts.plan_shelf import PlanShelf, Shelved
from alerts.plans import Plan
from config.database import Connection
from config.queries import Queries
from config.settings import CONFIG

log = logging.getLogger(__name__)

QUERIES = Queries(Path(__file__).with_name("plan_queries.sql"))

Row = dict[str, Any]


@cache
def shipped_plans() -> tuple[Plan, ...]:
    """Those of config/plans, read once at the first use."""
    return tuple(load_plans(CONFIG / "plans"))


@cache
def shipped_templates() -> tuple[Plan, ...]:
    """Those of config/plan_templates: they start nothing, and plans of the library inherit from them."""
    return tuple(load_plans(CONFIG / "plan_templates"))


def shipped(code: str) -> Plan | None:
    """A plan or a template that came with the program."""
    return next((plan for plan in (*shipped_plans(), *shipped_templates()) if plan.id == code), None)


def plans_in_force(connection: Connection, *, at: datetime | None = None) -> PlanShelf:
    """What is published and valid at `at`, None: now by the database's clock.

    A version whose template changed so that it no longer holds together is left out, and logged.
    """
    named = {"at": at}
    with connection.cursor(row_factory=dict_row) as cursor:
        library = Composer(cursor.execute(QUERIES["versions_in_force"], named).fetchall())
    whole = list(library.shelved())
    city = {one.plan.id for one in whole if one.division_id is None}
    files = [Shelved(plan=plan) for plan in shipped_plans() if plan.id not in city]
    change = connection.execute(QUERIES["next_change"], named).fetchone()
    return PlanShelf([*whole, *files], _above(connection) if whole else {}, until=None if change is None else change[0])


def edition(connection: Connection, *, at: datetime | None = None) -> str:
    """What tells whether `plans_in_force` would find the same as before, for a fraction of its cost."""
    row = connection.execute(QUERIES["edition"], {"at": at}).fetchone()
    assert row is not None
    return str(row[0])


@dataclass(frozen=True, kw_only=True)
class _Composed:
    """A version's whole plan, and since when it says what it says: its own beginning, or its template's."""

    plan: Plan
    since: datetime | None


class Composer:
    """Versions in force, made into whole plans; each template is read once, and its heirs share what is its."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = {row["plan_id"]: row for row in rows}
        self._city = {row["code"]: row["plan_id"] for row in rows if row["division_id"] is None}
        self._composed: dict[int, _Composed] = {}

    def shelved(self) -> list[Shelved]:
        """Those that hold together and are no mere templates; the others are logged."""
        return [one for row in self._rows.values() if not row["is_template"] and (one := self._shelved(row))]

    def _shelved(self, row: Row) -> Shelved | None:
        try:
            whole = self.composed(row["plan_id"])
        except (LookupError, msgspec.ValidationError) as error:
            log.error("plan %s of division %s is not in force: %s", row["code"], row["division_id"], error)
            return None
        return Shelved(plan=whole.plan, division_id=row["division_id"], version_id=row["id"], since=whole.since)

    def composed(self, plan_id: int, below: tuple[int, ...] = ()) -> _Composed:
        """The whole plan; raises LookupError for a template that is not in force, or that inherits from itself."""
        if plan_id in self._composed:
            return self._composed[plan_id]
        row = self._rows.get(plan_id)
        if row is None or plan_id in below:
            raise LookupError(f"plan {plan_id} inherits from a template that is not in force, or from itself")
        template, own = self._template(row, (*below, plan_id)), msgspec.json.decode(row["body"])
        if template is None:
            plan, since = msgspec.convert({**own, "id": row["code"]}, Plan), row["since"]
        else:
            plan = inherited_plan(template.plan, own, row["code"])
            since = row["since"] if template.since is None else max(row["since"], template.since)
        self._composed[plan_id] = _Composed(plan=plan, since=since)
        return self._composed[plan_id]

    def _template(self, row: Row, below: tuple[int, ...]) -> _Composed | None:
        code = row["template_code"]
        template_id = row["template_id"] if code is None else self._city.get(code)
        if template_id is not None and template_id != row["plan_id"]:
            return self.composed(template_id, below)
        if code is None:
            return None
        if (plan := shipped(code)) is None:
            raise LookupError(f"no plan {code} came with the program, and none is in force for the city")
        return _Composed(plan=plan, since=None)


def _above(connection: Connection) -> dict[int, Sequence[int]]:
    above: dict[int, list[int]] = defaultdict(list)
    for township, division in connection.execute(QUERIES["above_townships"]):
        above[township].append(division)
    return dict(above)
