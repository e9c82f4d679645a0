"""Who is on duty for a grid: how long the answer takes among a city's people."""

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from access.scope import EVERYWHERE, Scope, as_reader, narrow, read_seal
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate
from geo.defaults import import_defaults
from geo.divisions import path
from people.duty import on_duty, on_duty_for
from people.generated import make_people

PEOPLE = 100_000
GRIDS = 62_000
_LOOKUPS = 2000
_GRIDS = """
with villages as (
    select version.division_id, version.code, row_number() over (order by version.division_id) - 1 as n,
           count(*) over () as villages
    from division_versions version join divisions division on division.id = version.division_id
    where division.level = 'village' and upper_inf(version.recorded) and version.valid @> %(at)s::timestamptz
), grids as (
    insert into divisions (level) select 'grid' from generate_series(1, %(grids)s) returning id
), numbered as (
    select id, row_number() over (order by id) - 1 as n from grids
)
insert into division_versions (division_id, parent_id, code, name, kind, source)
select numbered.id, villages.division_id, villages.code || lpad((numbered.n / villages.villages + 1)::text, 3, '0'),
       '网格' || numbered.n, '网格', 'made for measuring'
from numbered join villages on villages.n = numbered.n %% villages.villages
"""


def furnish_people(connection: Connection, *, people: int = PEOPLE, grids: int = GRIDS, at: datetime) -> None:
    """Schema, the default divisions, grids in their villages, and people; without the planner's statistics."""
    migrate(connection)
    import_defaults(connection)
    connection.execute(_GRIDS, {"grids": grids, "at": at})
    make_people(connection, people, at=at)


def duty_figures(connection: Connection, *, at: datetime, lookups: int = _LOOKUPS) -> dict[str, Any]:
    """`duty_lookup_ms` over random grids: every post, one post, as known before, and many at once."""
    grids = [row[0] for row in connection.execute("select id from divisions where level = 'grid' order by id")]
    asked = random.Random(7).choices(grids, k=lookups)
    found = [len(on_duty(connection, grid, at)) for grid in asked[:200]]  # and warm
    hundred = [(grid, "grid_worker") for grid in asked[:100]]
    known = datetime.now(UTC)

    def alone(grid: int, **how: Any) -> float:
        return _ms(lambda: on_duty(connection, grid, at, **how))

    return {
        "duty_lookup_ms": _percentiles([alone(grid) for grid in asked]),
        "duty_of_one_post_ms": _percentiles([alone(grid, post="grid_worker") for grid in asked]),
        "duty_as_known_ms": _percentiles([alone(grid, known_at=known) for grid in asked]),
        "duty_of_100_pairs_ms": _percentiles([_ms(lambda: on_duty_for(connection, hundred, at)) for _ in range(20)]),
        **_in_scope(connection, asked, at),
        "answers": round(float(np.mean(found)), 1),
    }


def _in_scope(connection: Connection, grids: Sequence[int], at: datetime) -> dict[str, dict[str, float]]:
    """The same as a page asks it, by the account of one township, of one district, and of everywhere."""
    took: dict[str, list[float]] = {"township": [], "district": [], "everywhere": []}
    seal = read_seal(connection)
    as_reader(connection)
    try:
        for grid in grids[:200]:
            scopes = {place.level: Scope(divisions=frozenset([place.id])) for place in path(connection, grid, at)}
            for name, times in took.items():
                narrow(connection, scopes.get(name, EVERYWHERE), seal)
                times.append(_ms(lambda: on_duty(connection, grid, at)))  # noqa: B023  # it is done at once
    finally:
        connection.execute("reset role; reset search_path; reset shijing.scope")
    return {f"duty_by_{name}_ms": _percentiles(ms) for name, ms in took.items()}


def _ms(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _percentiles(took: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(took, [50, 95])
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def run(people: int = PEOPLE, grids: int = GRIDS) -> dict[str, Any]:
    """Figures of one machine, before and after the planner has statistics of the tables."""
    at = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
    ):
        with connect(url, "bench", autocommit=True) as connection:
            connection.execute("alter system set autovacuum = off")  # it would come in the middle
            connection.execute("select pg_reload_conf()")
            furnish_people(connection, people=people, grids=grids, at=at)
            sizes = _sizes(connection)
        with connect(url, "bench", autocommit=True) as connection:
            without = duty_figures(connection, at=at)
            connection.execute("vacuum analyze")
        with connect(url, "bench", autocommit=True) as connection:
            return {**sizes, **duty_figures(connection, at=at), "without_statistics": without}


def _sizes(connection: Connection) -> dict[str, Any]:
    row = connection.execute(
        "select (select count(*) from people), (select count(*) from divisions where level = 'grid'),"
        " (select count(*) from post_holdings), (select count(*) from shifts), (select count(*) from absences)"
    ).fetchone()
    assert row is not None
    return dict(zip(("people", "grids", "holdings", "shifts", "absences"), row, strict=True))


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    head = ", ".join(f"{result[name]} {name}" for name in ("people", "grids", "holdings", "shifts", "absences"))
    return [head, *_told("", result), *_told("without statistics, ", result["without_statistics"])]


def _told(when: str, figures: dict[str, Any]) -> list[str]:
    return [
        f"{when}{name.removesuffix('_ms').replace('_', ' ')}: p50 {one['p50']} ms, p95 {one['p95']} ms"
        for name, one in figures.items()
        if name.endswith("_ms")
    ]
