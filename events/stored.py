"""Events between the database and the flow: rows become standing ones, and what moved is written with its steps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from config.database import Connection
from events.errors import EventUnknown
from events.flow import Moved, Standing, Taken
from events.kinds import LEVELS, Kind, Level, shipped_kinds
from events.statements import QUERIES

Row = dict[str, Any]

_OTHER = "other"


def lock(connection: Connection, event_id: int) -> Standing:
    """An event, locked to the end of the transaction; raises EventUnknown."""
    rows = _rows(connection, "lock_event", {"event": event_id})
    if not rows:
        raise EventUnknown(event_id)
    return standing(rows[0])


def lock_late(connection: Connection, at: datetime, *, most: int) -> list[Standing]:
    """Those whose step is due and not yet found late, locked; what another sweep has is left out."""
    return [standing(row) for row in _rows(connection, "late_events", {"at": at, "most": most})]


def standing(row: Row) -> Standing:
    """A row of events, with its kind."""
    told = {name: value for name, value in row.items() if not name.endswith("_id")}
    places = {level: row[f"{level}_id"] for level in LEVELS if row[f"{level}_id"] is not None}
    return Standing(**{**told, "kind": kind_of(row["kind"]), "places": places})


def kind_of(kind_id: str) -> Kind:
    """A kind by its id; one that the file has no more goes on by the rules of the last one there."""
    kinds = shipped_kinds().kinds
    return kinds.get(kind_id) or kinds.get(_OTHER) or list(kinds.values())[-1]


def write(connection: Connection, moves: Sequence[Moved], *, key: UUID | None = None) -> None:
    """Write how events stand after their steps, and the steps; the first one has the key of the tap."""
    moves = [move for move in moves if move.steps]
    if not moves:
        return
    connection.execute(QUERIES["move_events"], {"rows": Jsonb([_row(move.event) for move in moves])})
    add_steps(connection, moves, key=key)


def add_steps(connection: Connection, moves: Sequence[Moved], *, key: UUID | None = None) -> None:
    """Write the steps alone."""
    steps = [_step(move.event.id, step) for move in moves for step in move.steps]
    if key is not None:
        steps[0]["key"] = str(key)
    connection.execute(QUERIES["add_steps"], {"rows": Jsonb(steps)})


def tell(connection: Connection, moves: Sequence[Moved]) -> None:
    """Log what screens and phones are told; others queue on that, so it comes late in a transaction."""
    events = [_live(move.event, step) for move in moves for step in move.steps[-1:]]
    if events:
        connection.execute(QUERIES["tell"], {"rows": Jsonb(events)})


def _live(event: Standing, step: Taken) -> Row:
    payload = {
        "event_id": event.id,
        "kind": event.kind.id,
        "urgent": event.urgent,
        "act": step.act,
        "state": event.state,
        "level": event.level,
        "late": event.overdue_at is not None,
        "time": step.time.isoformat(),
    }
    return {"kind": "event", "payload": payload}


def _row(event: Standing) -> Row:
    told = {name: _plain(value) for name, value in vars(event).items() if name not in ("kind", "urgent", "places")}
    return {**told, "division_id": event.places[event.level]}


def _step(event_id: int, step: Taken) -> Row:
    return {"event_id": event_id, **{name: _plain(value) for name, value in vars(step).items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _rows(connection: Connection, query: str, asked: Row) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], asked).fetchall()


def level_of(connection: Connection, division_id: int) -> Level | None:
    """Of a division, as events know levels; None for the city or a micro-grid."""
    row = connection.execute(QUERIES["levels_of"], {"ids": [division_id]}).fetchone()
    return row[1] if row is not None and row[1] in LEVELS else None
