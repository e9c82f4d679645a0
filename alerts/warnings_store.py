"""Storing official warnings: each message once, with what it ends, what it covers and the alerts that follow from it.

All of it is one transaction; what cannot be taken is kept beside, with the reason.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import psycopg
import shapely
from psycopg.types.json import Jsonb

from alerts.books import first_line
from alerts.warnings import Area, Message, Part, Source, WarningRefused
from alerts.warnings_alerts import Judging, follow
from alerts.warnings_cap import parse_cap
from alerts.warnings_cover import QUERIES, Cover, clock, cover
from config.database import Connection
from config.settings import OutSettings, WarningSettings

_KEPT_BYTES = 1_048_576  # of a message that was refused


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a message came from."""

    source: Source
    place: str = ""  # file, link or topic
    actor: UUID | None = None  # who entered it by hand


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a message."""

    state: Literal["stored", "repeat", "refused"]
    identifier: str = ""
    ids: tuple[int, ...] = ()  # rows of warnings, one for each part
    townships: int = 0
    unknown_codes: tuple[str, ...] = ()
    changes: int = 0  # changes of level of alerts that followed
    detail: str = ""  # of a refusal: what, where, how to mend it


def receive(
    connection: Connection, raw: bytes, origin: Origin, judging: Judging, *, now: datetime | None = None
) -> Outcome:
    """Take a CAP message: stored, there already, or refused and kept. `now`: by default the pipeline's clock.

    Raises what the database answers where it is not there: ask again later.
    """
    try:
        message = parse_cap(raw)
        if message.sender == OutSettings().sender:  # our own feed, named as one of authorities, would feed on itself
            what = f"{message.sender} is this system: its alerts are no official warnings"
            raise WarningRefused("own", "<sender>", what, "take its feed from SHIJING_WARNING_FEEDS")
        return store(connection, message, raw, origin, judging, now=now)
    except WarningRefused as error:
        return refuse(connection, raw, origin, error.reason, str(error))
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        return refuse(connection, raw, origin, "database", f"the database refused it: {first_line(error)}")


def refuse(connection: Connection, raw: bytes, origin: Origin, reason: str, detail: str) -> Outcome:
    """Keep what cannot be taken; the same message again is counted."""
    kept = {
        "fingerprint": hashlib.sha256(raw).digest(),
        "reason": reason,
        "detail": detail,
        "source": origin.source,
        "origin": origin.place,
        "size": len(raw),
        "raw": raw[:_KEPT_BYTES],
    }
    connection.execute(QUERIES["refuse"], kept)
    return Outcome(state="refused", detail=detail)


def store(
    connection: Connection,
    message: Message,
    raw: bytes,
    origin: Origin,
    judging: Judging,
    *,
    now: datetime | None = None,
) -> Outcome:
    """Store a message and all that follows from it, in one transaction (a savepoint within an open one).

    Raises WarningRefused where its sender used the identifier for another message before.
    """
    return store_all(connection, [(message, raw, origin)], judging, now=now)[0]


def store_all(
    connection: Connection,
    given: Iterable[tuple[Message, bytes, Origin]],
    judging: Judging,
    *,
    now: datetime | None = None,
) -> list[Outcome]:
    """Store messages, all or none, as `store` does one; what follows from them follows once, and is told last.

    So no alert is locked by who holds the live events. The last that was stored has the `changes` of them all.
    """
    with connection.transaction():
        connection.execute(QUERIES["lock_warnings"])
        outcomes, fresh = [], {}
        for message, raw, origin in given:
            outcomes.append(_stored(connection, message, raw, origin))
            if outcomes[-1].state == "stored":
                fresh[len(outcomes) - 1] = message
        if fresh:
            changes = follow(connection, now or clock(connection), judging)
            outcomes[max(fresh)] = replace(outcomes[max(fresh)], changes=changes)
        for place, message in fresh.items():
            _tell(connection, message, outcomes[place].ids)
    return outcomes


def _stored(connection: Connection, message: Message, raw: bytes, origin: Origin) -> Outcome:
    fingerprint = hashlib.sha256(raw).digest()
    if known := _known(connection, message, fingerprint):
        return Outcome(state="repeat", identifier=message.identifier, ids=(known,))
    parts = message.parts or (_nothing_more(message),)
    covers = [cover(connection, part.areas, part.effective) for part in parts]
    about = {**_message_row(message, origin), "fingerprint": fingerprint}
    ids = tuple(
        _insert(
            connection,
            {**about, **_part_row(message, part, covered), "part": number, "raw": raw if number == 1 else None},
            covered,
        )
        for number, (part, covered) in enumerate(zip(parts, covers, strict=True), start=1)
    )
    _settle_ends(connection, message, parts, ids[0])
    return Outcome(
        state="stored",
        identifier=message.identifier,
        ids=ids,
        townships=len({township for covered in covers for township in covered.townships}),
        unknown_codes=tuple(dict.fromkeys(code for covered in covers for code in covered.unknown_codes)),
    )


def _known(connection: Connection, message: Message, fingerprint: bytes) -> int | None:
    asked = {"sender": message.sender, "identifier": message.identifier}
    row = connection.execute(QUERIES["find_message"], asked).fetchone()
    if row is not None and row[1] != fingerprint:
        what = f"{message.sender} used {message.identifier} for another message before (warning {row[0]})"
        raise WarningRefused(
            "conflict", "<identifier>", what, "send a change as an Update with an identifier of its own"
        )
    return None if row is None else int(row[0])


def _nothing_more(message: Message) -> Part:
    """A cancel that says no more than what it ends."""
    return Part(
        event_code="",
        event="",
        level=None,
        headline="",
        description="",
        instruction="",
        sender_name="",
        effective=message.sent,
        expires=message.sent,
        all_clear=True,
        areas=(),
    )


def _message_row(message: Message, origin: Origin) -> dict[str, Any]:
    return {
        "identifier": message.identifier,
        "sender": message.sender,
        "sent": message.sent,
        "status": message.status,
        "msg_type": message.msg_type,
        "references": list(message.references),
        "source": origin.source,
        "origin": origin.place,
        "actor": origin.actor,
    }


def _part_row(message: Message, part: Part, covered: Cover) -> dict[str, Any]:
    over = part.all_clear or message.msg_type == "cancel"
    ends = part.effective if over else part.expires or part.effective + timedelta(hours=WarningSettings().valid_h)
    return {
        "sender_name": part.sender_name,
        "event_code": part.event_code,
        "event": part.event,
        "level": part.level,
        "headline": part.headline,
        "description": part.description,
        "instruction": part.instruction,
        "effective": part.effective,
        "expires": ends,
        "expires_assumed": not over and part.expires is None,
        "area": "; ".join(filter(None, (area.description for area in part.areas))),
        "area_codes": list(dict.fromkeys(code for area in part.areas for code in area.codes)),
        "unknown_codes": list(covered.unknown_codes),
        "polygon": _wkb(part.areas),
    }


def _insert(connection: Connection, row: dict[str, Any], covered: Cover) -> int:
    inserted = connection.execute(QUERIES["insert_warning"], row).fetchone()
    assert inserted is not None
    warning = int(inserted[0])
    connection.execute(QUERIES["cover"], {"warning": warning, "divisions": list(covered.townships)})
    return warning


def _wkb(areas: Sequence[Area]) -> bytes | None:
    shapes = [shape for area in areas for shape in area.shapes]
    return bytes(shapely.to_wkb(shapely.union_all(shapes))) if shapes else None


def _settle_ends(connection: Connection, message: Message, parts: Sequence[Part], warning: int) -> None:
    """End what this message names; and this one, where what ends it came before it."""
    if message.msg_type != "alert":
        since = message.sent
        if message.msg_type == "update":  # what it replaces holds until it takes over
            since = max(since, min(part.effective for part in parts))
        ended = {"references": list(message.references), "status": message.status, "since": since, "by": warning}
        connection.execute(QUERIES["end_referenced"], ended)
    own = {"sender": message.sender, "identifier": message.identifier}
    asked = {"name": f"{message.sender},{message.identifier}", "status": message.status}
    earlier = connection.execute(QUERIES["find_earlier_end"], asked).fetchone()
    if earlier is not None:
        connection.execute(QUERIES["end_received_late"], own | {"by": earlier[0], "since": earlier[1]})


def _tell(connection: Connection, message: Message, ids: Sequence[int]) -> None:
    payload = {"warning_ids": list(ids), "status": message.status, "msg_type": message.msg_type}
    connection.execute(QUERIES["tell"], {"payload": Jsonb(payload)})
