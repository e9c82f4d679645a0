"""A run is reviewed: the figures as they are at that moment, and what a person adds, become a part of its record."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from access import audit
from config.database import Connection
from config.queries import Queries
from dispatch.account_reading import read_account
from dispatch.act_base import Acted
from dispatch.clock import now_of
from dispatch.errors import Refused
from dispatch.review import review_detail
from dispatch.settling import note, tell_runs

QUERIES = Queries(Path(__file__).with_name("account_queries.sql"))
WORDS_AT_MOST = 1000


def review(connection: Connection, run_id: int, *, actor: UUID, texts: Mapping[int, str] | None = None) -> Acted:
    """Once, for a run that is over: `texts` by the number of the plan's item. Raises Refused.

    What people write here goes with the run's other personal data (forget.py); the figures stay.
    """
    texts = texts or {}
    if any(len(text) > WORDS_AT_MOST for text in texts.values()):
        raise Refused(
            f"an item has at most {WORDS_AT_MOST} characters: write a shorter one", f"每项不超过 {WORDS_AT_MOST} 字。"
        )
    at = now_of(connection)
    account = read_account(connection, run_id, at=at)
    if account is None:
        raise Refused(f"there is no run {run_id}", f"没有编号为 {run_id} 的预案运行。")
    detail = review_detail(account, texts)
    with connection.transaction():
        if connection.execute(QUERIES["review"], {"run": run_id, "at": at}).rowcount != 1:
            raise Refused(
                "only a run that has ended and was not reviewed before is reviewed",
                "只有已终止、尚未复盘的运行可以复盘。"
            )  # fmt: skip
        act: dict[str, Any] = {"run_id": run_id, "kind": "reviewed", "actor": str(actor), "detail": detail}
        note(connection, [act], at)
        tell_runs(connection, [run_id], "reviewed", at)
        told = {"items": len(detail["items"]), **({"exercise": True} if account.is_drill else {})}
        audit.append(
            connection, act="run.reviewed", actor=actor, subject=str(run_id),
            division_id=account.run.township_id, details=told,
        )  # fmt: skip
    return Acted(run_id=run_id, kind="reviewed", state="reviewed", level=account.run.level, time=at)
