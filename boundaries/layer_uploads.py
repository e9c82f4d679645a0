"""Layers between their sending and their draft: kept a day, for whoever sent them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from psycopg.rows import class_row

from access.retention import Kind
from boundaries.errors import DraftRefused
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("layer_queries.sql"))
LASTS = timedelta(days=1)
MOST_BYTES = 60 << 20
MOST_OF_ONE = 5  # of an account at a time

KINDS = (
    Kind(
        name="layer_uploads",
        what="layers of boundaries that somebody sent, after they were sent",
        erase=QUERIES["erase_layer_uploads"],
        left=QUERIES["left_layer_uploads"],
    ),
)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that somebody sent. What is in it is in no repr, and so in no log."""

    id: UUID
    name: str
    content: bytes = field(repr=False)
    sent_at: datetime
    draft_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The same in a list."""

    id: UUID
    name: str
    size: int  # bytes
    sent_at: datetime
    draft_id: UUID | None


def put_upload(connection: Connection, account_id: UUID, name: str, content: bytes, *, now: datetime) -> UUID:
    """Keep a file; what is older than a day goes, of anybody. Raises DraftRefused for one that is too large."""
    if len(content) > MOST_BYTES:
        raise DraftRefused(
            f"the file is longer than {MOST_BYTES >> 20} MiB: send the layer in parts, or packed as .zip",
            f"文件超过 {MOST_BYTES >> 20} MiB，请打包为 .zip 或分批上传。",
        )
    told = {"account": account_id, "name": name.strip()[-200:] or "?", "content": content, "now": now}
    with connection.transaction():
        connection.execute(QUERIES["drop_old_uploads"], {"before": now - LASTS})
        row = connection.execute(QUERIES["put_upload"], told).fetchone()
        connection.execute(QUERIES["drop_more_uploads"], {"account": account_id, "most": MOST_OF_ONE})
    assert row is not None
    made: UUID = row[0]
    return made


def upload_of(connection: Connection, account_id: UUID, upload_id: UUID, *, now: datetime) -> Upload | None:
    """A file of that account; None where it has none of that id (any more)."""
    asked = {"id": upload_id, "account": account_id, "before": now - LASTS}
    with connection.cursor(row_factory=class_row(Upload)) as cursor:
        return cursor.execute(QUERIES["upload"], asked).fetchone()


def uploads_of(connection: Connection, account_id: UUID, *, now: datetime) -> list[Listed]:
    """The files of an account, the newest first."""
    with connection.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute(QUERIES["uploads"], {"account": account_id, "before": now - LASTS}).fetchall()


def drop_upload(connection: Connection, account_id: UUID, upload_id: UUID) -> None:
    """Forget a file now."""
    connection.execute(QUERIES["drop_upload"], {"id": upload_id, "account": account_id})
