"""A city's roster from a file: how long it takes to read, judge and merge it among 100,000 people."""

import csv
import io
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from access.scope import EVERYWHERE
from access.vault import Vault
from benchmarks.rights_people import GRIDS, PEOPLE, furnish_people
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from people.importing import ROSTER, Asked, FileReport, import_file
from people.sheets_out import Page, excel
from people.tables import TABLES

ROWS = 63_000
_HELD = """
select organisation.code, person.staff_number, held.post, version.code
from post_holdings held
join people person on person.id = held.person_id
join organisations organisation on organisation.id = person.organisation_id
join division_versions version on version.division_id = held.division_id and upper_inf(version.recorded)
    and version.valid @> %(at)s::timestamptz
where upper_inf(held.recorded) and upper_inf(held.valid) order by held.id limit %(rows)s
"""


def roster_file(connection: Connection, rows: int, *, at: datetime, as_csv: bool) -> bytes:
    """A shift for each of so many holders of posts, three months on."""
    found = connection.execute(_HELD, {"at": at, "rows": rows}).fetchall()
    day = f"{at.year + 1}-02-01"
    told = [(*row, f"{day} 08:00", f"{day} 20:00", "") for row in found]
    if not as_csv:
        return excel([Page(table=TABLES["shifts"], rows=told)])
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column.zh for column in TABLES["shifts"].columns])
    writer.writerows(told)
    return out.getvalue().encode("utf-8-sig")


def roster_import_seconds(
    connection: Connection, vault: Vault, *, at: datetime, rows: int = ROWS, as_csv: bool = False
) -> dict[str, Any]:
    """Seconds of a preview, of the import and of the same file again, beside the people who are there."""
    raw = roster_file(connection, rows, at=at, as_csv=as_csv)
    steps: set[str] = set()

    def timed(*, apply: bool) -> tuple[float, FileReport]:
        asked = Asked(scope=EVERYWHERE, actor=None, now=at, apply=apply, progress=lambda what, *_: steps.add(what))
        begun = time.perf_counter()
        report = import_file(connection, vault, "roster", raw, ROSTER, asked)
        return round(time.perf_counter() - begun, 1), report

    (preview_s, _), (import_s, report), (again_s, again) = timed(apply=False), timed(apply=True), timed(apply=True)
    if report.faults or report.counts != {"shifts": {"new": rows}} or again.counts != {"shifts": {"unchanged": rows}}:
        raise AssertionError([report.counts, again.counts, *map(str, report.faults[:3])])
    return {
        "rows": rows,
        "roster_import_s": import_s,
        "preview_s": preview_s,
        "same_file_again_s": again_s,
        "megabytes": round(len(raw) / 1e6, 1),
        "steps_of_progress": sorted(steps),
    }


def run(rows: int = ROWS, people: int = PEOPLE, grids: int = GRIDS) -> dict[str, Any]:
    """Figures of one machine, for Excel; the CSV file is the same roster a year later."""
    at = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
        connect(url, "bench", autocommit=True) as connection,
    ):
        furnish_people(connection, people=people, grids=grids, at=at)
        connection.execute("vacuum analyze")
        vault = Vault.of_folder(Path(folder))
        excel_file = roster_import_seconds(connection, vault, at=at, rows=rows)
        csv_file = roster_import_seconds(connection, vault, at=at.replace(year=at.year + 1), rows=rows, as_csv=True)
        return {"people": people, "grids": grids, **excel_file, "csv": csv_file}


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    return [f"{result['rows']} shifts beside {result['people']} people and {result['grids']} grids"] + [
        f"{kind}: {one['roster_import_s']} s, preview {one['preview_s']} s, the same again {one['same_file_again_s']} s"
        for kind, one in (("Excel", result), ("CSV", result["csv"]))
    ]
