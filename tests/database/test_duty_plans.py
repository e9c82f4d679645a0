"""The duty lookup goes by indexes, whether the planner knows the tables or not."""

from typing import Any

from psycopg import sql

from benchmarks.rights_people import duty_figures, furnish_people
from config.database import Connection
from people.duty import QUERIES, on_duty
from people.posts import shipped_posts
from tests.database.people_seed import NOW

_SEARCHED = {"division_versions", "shifts", "post_holdings", "absences"}


def nodes(connection: Connection, division: int, *, generic: bool) -> list[dict[str, Any]]:
    """Every node of the plan for one division and every post."""
    asked: dict[str, Any] = {"divisions": [division], "posts": [None], "at": NOW, "known_at": None}
    asked["ranks"] = shipped_posts().ids()
    mode = "force_generic_plan" if generic else "force_custom_plan"
    connection.execute("select set_config('plan_cache_mode', %s, false)", (mode,))
    row = connection.execute(b"explain (format json) " + QUERIES["on_duty"], asked).fetchone()
    assert row is not None
    todo, found = [one["Plan"] for one in row[0]], []
    while todo:
        found.append(todo.pop())
        todo += found[-1].get("Plans", [])
    return found


def goes_by_indexes(plan: list[dict[str, Any]]) -> bool:
    """Each table is read, never as a whole, and by division or person first of all."""
    read = {(node["Relation Name"], node["Node Type"]) for node in plan if node.get("Relation Name") in _SEARCHED}
    told = [node["Index Cond"] for node in plan if "Index Cond" in node]
    return (
        {table for table, _ in read} == _SEARCHED
        and not any(kind == "Seq Scan" for _, kind in read)
        and len(told) == 5
        and all("division_id = " in one or "person_id = " in one for one in told)
    )


def test_the_lookup_goes_by_indexes_without_and_with_statistics(connection: Connection) -> None:
    for table in _SEARCHED:  # statistics would come in the middle
        off = sql.SQL("alter table {} set (autovacuum_enabled = off)").format(sql.Identifier(table))
        connection.execute(off)
    assert goes_by_indexes(nodes(connection, 1, generic=False))
    furnish_people(connection, people=20_000, grids=6_000, at=NOW)
    grid = connection.execute("select max(id) from divisions where level = 'grid'").fetchone()
    assert grid is not None
    for statement in ("select 1", "analyze"):
        connection.execute(statement.encode())
        for generic in (False, True):
            plan = nodes(connection, grid[0], generic=generic)
            assert goes_by_indexes(plan), (statement, generic, plan)
    assert {one.post for one in on_duty(connection, grid[0], NOW)} >= {"grid_worker", "commander", "duty_officer"}
    figures = duty_figures(connection, at=NOW, lookups=200)
    assert figures["answers"] > 5
    assert figures["duty_lookup_ms"].keys() == {"p50", "p95"}
