"""What keeps a draft from being published on a date: another change before or after it, or no reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg

from boundaries.bases import is_outdated
from boundaries.drafts import Draft, load_draft
from boundaries.errors import DraftRefused
from config.database import Connection
from config.logs import BEIJING
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("publish_queries.sql"))


@contextmanager
def told_what_collides() -> Iterator[None]:
    """What the database alone sees: another division of one parent has the code or the name at the same time."""
    try:
        yield
    except psycopg.errors.ExclusionViolation as error:
        raise DraftRefused(
            f"two divisions would have one code or name in one parent at the same time: {error.diag.message_detail}",
            "同一上级下会出现编号或名称相同的区划，请先更改其中之一。",
        ) from error


def check_date(connection: Connection, draft: Draft, since: datetime, recorded: datetime, reason: str) -> None:
    if since.tzinfo is None:
        raise DraftRefused("the date of effect has no offset: write 2026-12-01T00:00:00+08:00", "生效时间缺少时区。")
    if since < recorded and not reason.strip():
        raise DraftRefused("a date of effect in the past needs a reason", "追溯生效须填写原因。")
    if len(reason) > 2000:
        raise DraftRefused("at most 2000 letters, please", "请不超过 2000 字。")
    if is_outdated(connection, draft, now=since):
        raise DraftRefused(
            f"on {since.isoformat()} something else is in force than what was drawn on: open the draft again on that",
            "草案的基础与生效时的区划不一致（期间有其他调整），请更新草案基础后重新提交。",
            {"outdated": True},
        )
    asked = {"root": draft.root_id, "level": draft.level, "effective": since, "former": _taken_back(connection, draft)}
    row = connection.execute(QUERIES["later_changes"], asked).fetchone()
    if row is not None and row[0] is not None:
        raise DraftRefused(
            f"from {row[0].isoformat()} on another change is in force here, published before: name a later date, or"
            " roll that change back first",
            f"此范围在 {row[0].astimezone(BEIJING):%Y-%m-%d %H:%M} 已有其他已发布的调整，"
            "请改为更晚的生效时间，或先撤销该调整。",
        )


def _taken_back(connection: Connection, draft: Draft) -> datetime | None:
    return None if draft.republishes is None else load_draft(connection, draft.republishes).recorded
