"""The personal data of a run that is over, deleted after its term: the plan's own, else that of the settings.

Gone: notes, photos and voice; reasons and other free words; who was called and who answered. Stays: the run, its tasks,
places and times, that somebody was called and answered, the choices of results, and the acts of the command with the
accounts that did them (the audit names those, too). Proof is an entry of the audit: how many of each, a hash of the
ciphertexts that were deleted, and one of all that stays, which `holds` compares later.

The term counts by the machine's clock from when the database was told that the run is over, also beside a replay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from access import audit
from access.rotation import SealedColumn
from config.database import Connection
from config.queries import Queries
from dispatch.account_reading import NOBODY

QUERIES = Queries(Path(__file__).with_name("forget_queries.sql"))
SEALED = (SealedColumn(table="attachments", id="id", column="content", at_once=20),)
# In this order: what a step is decided by is still there.
_STEPS = ("calls", "deliveries", "answers", "assignments", "acts", "tasks")


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """One run, and what was deleted of it."""

    run_id: int
    days: int
    attachments: int
    counts: dict[str, int]
    left: bool  # whether anything personal is found afterwards: False, or the job failed
    sha256: str  # of all that stays
    audit_seq: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class _Due:
    id: int
    township_id: int
    days: int
    closed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Held:
    """What stays of a forgotten run, against its proof."""

    holds: bool
    audit_seq: int
    sha256: str


def forget_runs(
    connection: Connection, *, now: datetime, default_days: int, run_id: int | None = None, by: UUID | None = None
) -> list[Forgotten]:
    """Forget what is due at `now` (aware), each run in a transaction, on an autocommit connection."""
    asked = {"now": now, "default_days": default_days, "run": run_id}
    with connection.cursor(row_factory=class_row(_Due)) as cursor:
        due = cursor.execute(QUERIES["due"], asked).fetchall()
    return [_forget(connection, one, now, by) for one in due]


def holds(connection: Connection, run_id: int) -> Held | None:
    """Whether what stays of a run is what stayed when it was forgotten; None: it was not."""
    row = connection.execute(QUERIES["proofs"], {"run": run_id}).fetchone()
    if row is None:
        return None
    now = _one(connection, "remains", run_id)
    return Held(holds=row[2].get("sha256") == now, audit_seq=row[0], sha256=now)


def _forget(connection: Connection, due: _Due, now: datetime, by: UUID | None) -> Forgotten:
    with connection.transaction():
        connection.execute(QUERIES["lock"])
        connection.execute(QUERIES["lock_run"], {"run": due.id})
        connection.execute(QUERIES["mark"], {"run": due.id, "now": now})
        attachments, sealed = _attachments(connection, due.id)
        counts = {step: int(_one(connection, step, due.id)) for step in _STEPS}
        left, remains = bool(_one(connection, "left", due.id)), str(_one(connection, "remains", due.id))
        told = {
            "days": due.days, "attachments": attachments, **counts, "left": int(left), "deleted_sha256": sealed,
            "sha256": remains,
        }  # fmt: skip
        seq = audit.append(
            connection, act="run.forgotten", actor=by, subject=str(due.id), division_id=due.township_id, details=told
        )
    return Forgotten(
        run_id=due.id, days=due.days, attachments=attachments, counts=counts, left=left, sha256=remains, audit_seq=seq
    )


def _attachments(connection: Connection, run_id: int) -> tuple[int, str]:
    row: Sequence[Any] | None = connection.execute(QUERIES["attachments"], {"run": run_id}).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


def _one(connection: Connection, query: str, run_id: int) -> Any:
    row = connection.execute(QUERIES[query], {"run": run_id, "nobody": NOBODY}).fetchone()
    assert row is not None
    return row[0]
