"""Plans for the tests of the library: one of a city, and what a township says differently."""

from datetime import UTC, datetime
from typing import Any

from alerts.plan_store import Draft, Term, Writer, add_plan, publish
from alerts.plan_surroundings import Surroundings, surroundings
from alerts.plan_whole import NONE, Template
from alerts.rules import load_rules
from config.database import Connection
from config.settings import CONFIG

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
WRITER = Writer(actor=None, at=NOW)
AROUND: Surroundings = surroundings(load_rules(CONFIG / "rules"))
BODY: dict[str, Any] = {
    "name": "内涝预案",
    "trigger": {"any": [{"rule": 6, "level": "yellow"}, {"rule": 8, "level": "orange"}]},
    "command": {"commander": "指挥长", "a": "A岗"},
    "levels": {"III": "值守", "II": "封控", "I": "转移"},
    "tasks": [
        {"id": "T1", "post": "值班长", "do": "叫应沿江网格", "limit_min": 5},
        {"id": "T2", "post": "网格员", "backup": "网格长", "do": "封闭下穿道", "limit_min": 10},
    ],
    "terminate": {"by": "commander", "all": ["道路查验"]},
    "review": {"due_h": 72, "items": ["封控时点"]},
}


def plan(
    connection: Connection, code: str, division_id: int | None, own: dict[str, Any] | None = None,
    template: Template = NONE, *, at: datetime = NOW, is_template: bool = False,
) -> int:  # fmt: skip
    """A plan in force since `at`."""
    writer = Writer(actor=None, at=at)
    draft = Draft(own=BODY if own is None else own, template=template)
    made = add_plan(connection, code, division_id, draft, writer, is_template=is_template)
    publish(connection, made, Term(since=at), writer, AROUND)
    return made
