"""Words and picture of a report: they may name or show somebody, so they are sealed, opened by right, and erased."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from access import audit
from access.retention import Kind
from access.rotation import SealedColumn
from access.vault import Vault
from config.database import Connection
from events.errors import EventUnknown, Refused
from events.statements import QUERIES

TABLE = "event_private"
MOST_TEXT = 500  # letters
MOST_PHOTO = 1_400_000  # bytes: what the phone makes of a picture is a tenth of that

SEALED = (
    SealedColumn(table=TABLE, id="event_id", column="text"),
    SealedColumn(table=TABLE, id="event_id", column="photo", at_once=20),
)
KINDS = (
    Kind(
        name="events",
        what="words and pictures of reported events, after they were closed",
        erase=QUERIES["erase_events"],
        left=QUERIES["left_events"],
    ),
)

_BEGINS: Mapping[str, tuple[bytes, ...]] = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/webp": (b"RIFF",),
}


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A picture, of a type that every browser shows."""

    type: str
    raw: bytes = field(repr=False)

    def as_url(self) -> str:
        """For an image of a page, without another request."""
        return f"data:{self.type};base64,{base64.b64encode(self.raw).decode()}"


def photo_of(raw: bytes) -> Photo:
    """A picture by its first bytes, whatever it is called; raises Refused."""
    if len(raw) > MOST_PHOTO:
        raise Refused(
            f"the picture has {len(raw):,} bytes, and {MOST_PHOTO:,} are the most: send a smaller one",
            f"照片超过 {MOST_PHOTO // 1000} KB，请压缩后再发。",
        )
    for kind, beginnings in _BEGINS.items():
        if raw.startswith(beginnings) and (kind != "image/webp" or raw[8:12] == b"WEBP"):
            return Photo(type=kind, raw=raw)
    raise Refused("the picture is neither JPEG, PNG nor WebP", "照片应为 JPEG、PNG 或 WebP。")


def photo_of_base64(text: str) -> Photo:
    """The same, as JSON carries it; a `data:` address in front of it is passed over."""
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return photo_of(base64.b64decode(body, validate=True))
    except (binascii.Error, ValueError) as error:
        raise Refused("the picture is no base64", "照片数据不完整，请重新拍摄。") from error


def text_of(text: str | None) -> str:
    """Words as they are kept; raises Refused for too many."""
    plain = " ".join((text or "").replace("\0", "").split())
    if len(plain) > MOST_TEXT:
        raise Refused(f"at most {MOST_TEXT} letters: shorten it", f"文字说明不超过 {MOST_TEXT} 字。")
    return plain


def keep(connection: Connection, vault: Vault, event_id: int, text: str, photo: Photo | None) -> None:
    """Seal both, within the caller's transaction."""
    if not text and photo is None:
        return
    encoded = None if photo is None else base64.b64encode(photo.raw).decode()
    sealed = {
        "event": event_id,
        "text": vault.seal(text, context=(TABLE, "text", event_id)) if text else None,
        "photo": None if encoded is None else vault.seal(encoded, context=(TABLE, "photo", event_id)),
        "photo_type": None if photo is None else photo.type,
    }
    connection.execute(QUERIES["add_private"], sealed)


def open_text(connection: Connection, vault: Vault, event_id: int) -> str:
    """The words of an event that was found in the asker's scope; empty where there are none (any more)."""
    row = connection.execute(QUERIES["sealed_text"], {"event": event_id}).fetchone()
    return "" if row is None or row[0] is None else vault.open(row[0], context=(TABLE, "text", event_id))


def open_photo(connection: Connection, vault: Vault, event_id: int, *, actor: UUID) -> Photo:
    """The picture of an event that was found in the asker's scope; that it was looked at is in the audit first."""
    with connection.transaction():
        row = connection.execute(QUERIES["sealed_photo"], {"event": event_id}).fetchone()
        if row is None or row[0] is None:
            raise EventUnknown(event_id)
        raw = base64.b64decode(vault.open(row[0], context=(TABLE, "photo", event_id)))
        audit.append(connection, act="event.photo_opened", actor=actor, subject=f"event/{event_id}", division_id=row[2])
    return Photo(type=row[1], raw=raw)
