"""What boundaries cost: locating, an edit's round trip, generation, the check of all grids, impact, the first view.

Each part has a database of its own on this machine; the load at its start is told beside it.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate

Figures = dict[str, Any]


def _city() -> Figures:
    from benchmarks.boundaries_city import check_s, generated, locate_points_per_s

    with _database() as connection:
        city = generated(connection)
    return {
        "generate_s": round(city.seconds, 1),
        "townships": city.townships,
        "grids": len(city.coverage.units),
        **check_s(city.coverage),
        **locate_points_per_s(city.coverage),
    }


def _edit() -> Figures:
    from benchmarks.boundaries_edit import run as edit

    return edit()


def _impact() -> Figures:
    from benchmarks.boundaries_impact import impact_s

    with _database() as connection:
        return impact_s(connection)


def _view() -> Figures:
    from benchmarks.boundaries_view import run as view

    return view()


PARTS: dict[str, Callable[[], Figures]] = {"city": _city, "edit": _edit, "impact": _impact, "view": _view}
KEYS = ("locate_points_per_s", "edit_ms", "generate_s", "check_s", "impact_s", "first_view_s")


def run(only: Sequence[str] = ()) -> Figures:
    """The figures by their keys, and what else each part tells under its own name."""
    result: Figures = {"cpus": os.cpu_count()}
    for name in only or PARTS:
        load = round(os.getloadavg()[0], 2)
        figures = PARTS[name]()
        result |= {key: figures.pop(key) for key in KEYS if key in figures}
        result[name] = {"load_average": load, **figures}
    return result


@contextmanager
def _database() -> Iterator[Connection]:
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
        connect(url, "bench", autocommit=True) as connection,
    ):
        migrate(connection)
        yield connection


def lines(result: Figures) -> list[str]:
    """For people."""
    return [f"{name}: {value}" for name, value in result.items()]
