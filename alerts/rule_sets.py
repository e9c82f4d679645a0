"""The rule sets that were put in force, each a version of its own in the database; the newest one is.

A set that does not validate is never stored. Where a newer version of the program no longer
takes the newest set, the newest that it does take is in force, and the trouble is told.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from alerts.errors import RulesMoved, RulesRefused
from alerts.rule_drafts import SHIPPED, Fault, FileDiff, Files, diff, faults_of, read_files, rules_of
from alerts.rules import AnyRule, load_rules
from config.database import Connection
from config.queries import Queries

log = logging.getLogger(__name__)

QUERIES = Queries(Path(__file__).with_name("rule_set_queries.sql"))
SHIPPED_ID = 0  # names the files that are shipped with this version of the program, stored or not
_ABOVE_ALL = 2**62
_AUTHOR_AT_MOST, _NOTE_AT_MOST = 80, 1000


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version, as a list tells it."""

    id: int
    origin: str  # shipped, author
    put_in_force_at: datetime
    author: str
    note: str
    rules: int  # how many files


@dataclass(frozen=True, kw_only=True)
class StoredSet(Version):
    """One version with its texts."""

    files: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class InForce:
    """What judges now."""

    id: int  # SHIPPED_ID: no set is stored, or none that can be read
    files: dict[str, str]
    rules: tuple[AnyRule, ...]
    stored: StoredSet | None
    trouble: str = ""  # why the newest stored set is not the one in force


def rules_in_force(connection: Connection) -> list[AnyRule]:
    """The rules that judge; a newest set that cannot be read is told in the log.

    Raises EditedFileError where nothing is stored and a shipped file does not hold together.
    """
    found = in_force(connection)
    if found.trouble:
        log.error("%s", found.trouble)
    return list(found.rules)


def in_force(connection: Connection, shipped: Path = SHIPPED) -> InForce:
    """The newest set that holds together; where there is none, the shipped files."""
    trouble, below = "", _ABOVE_ALL
    while (stored := _stored(connection, "newest_below", {"below": below})) is not None:
        rules = rules_of(stored.files)
        if not isinstance(rules, Fault):
            return InForce(id=stored.id, files=stored.files, rules=rules, stored=stored, trouble=trouble)
        trouble = trouble or f"rule set {stored.id} does not hold together for this version of the program: {rules}"
        below = stored.id
    rules = tuple(load_rules(shipped))
    return InForce(id=SHIPPED_ID, files=read_files(shipped), rules=rules, stored=None, trouble=trouble)


def newest_set(connection: Connection) -> int:
    """The number of the newest stored set, whether or not it holds together; SHIPPED_ID where none is stored."""
    row = connection.execute(QUERIES["newest_set"], {"none": SHIPPED_ID}).fetchone()
    assert row is not None
    return int(row[0])


def _stored(connection: Connection, query: str, values: dict[str, int]) -> StoredSet | None:
    with connection.cursor(row_factory=class_row(StoredSet)) as cursor:
        return cursor.execute(QUERIES[query], values).fetchone()


def history(connection: Connection, most: int = 200) -> list[Version]:
    """The stored sets, newest first."""
    with connection.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(QUERIES["history"], {"limit": most}).fetchall()


def files_of(connection: Connection, set_id: int, shipped: Path = SHIPPED) -> dict[str, str]:
    """The files of a set, SHIPPED_ID for those of this version of the program; raises RulesRefused for no such set."""
    if set_id == SHIPPED_ID:
        return read_files(shipped)
    stored = _stored(connection, "one_set", {"id": set_id})
    if stored is None:
        raise RulesRefused([Fault(file="", line=0, reason=f"there is no rule set {set_id}", mend="see the history")])
    return stored.files


def put_in_force(
    connection: Connection,
    files: Files,
    *,
    author: str | UUID,
    note: str,
    base: int | None = None,
    shipped: Path = SHIPPED,
) -> int:
    """Store a set, which is in force from the commit on, and return its number.

    `base` is the set that it was made from: raises RulesMoved where another one is in force by
    now; None does not ask. Raises RulesRefused for a set that does not hold together, for one that
    is in force already, and without an author (an account, or a name) or a note.
    """
    author, note = author.strip() if isinstance(author, str) else author, note.strip()
    if faults := _signature_faults(author, note) or faults_of(files):
        raise RulesRefused(faults)
    with connection.transaction():
        connection.execute(QUERIES["lock_sets"])
        now = in_force(connection, shipped)
        if base is not None and base != now.id:
            raise RulesMoved(base, now.id)
        if files == now.files and not now.trouble:
            raise RulesRefused([Fault(file="", line=0, reason="nothing differs from what is in force")])
        _keep_shipped(connection, now)
        return _store(connection, files, "author", _actor(connection, author), note)


def revert(
    connection: Connection,
    set_id: int,
    *,
    author: str | UUID,
    note: str = "",
    base: int | None = None,
    shipped: Path = SHIPPED,
) -> int:
    """Put the files of an earlier set (SHIPPED_ID: the shipped ones) in force again, as a new version."""
    files = files_of(connection, set_id, shipped)
    told = note.strip() or ("back to the shipped rules" if set_id == SHIPPED_ID else f"back to rule set {set_id}")
    return put_in_force(connection, files, author=author, note=told, base=base, shipped=shipped)


def compared(connection: Connection, before: int | None, after: int | None) -> list[FileDiff]:
    """What differs between two sets; None is the one in force."""
    sets = [in_force(connection).files if one is None else files_of(connection, one) for one in (before, after)]
    return diff(*sets)


def _signature_faults(author: str | UUID, note: str) -> list[Fault]:
    if isinstance(author, str) and not 0 < len(author) <= _AUTHOR_AT_MOST:
        return [Fault(file="", line=0, reason="no author", mend=f"say who you are, in up to {_AUTHOR_AT_MOST} letters")]
    if not note or len(note) > _NOTE_AT_MOST:
        return [Fault(file="", line=0, reason="no note", mend=f"say why, in up to {_NOTE_AT_MOST:,} letters")]
    return []


def _keep_shipped(connection: Connection, now: InForce) -> None:
    """Before the first change: what judged until then must be found again after an update of the program."""
    if now.stored is None and not now.trouble:
        _store(connection, now.files, "shipped", None, "")


def _store(connection: Connection, files: Files, origin: str, actor: UUID | None, note: str) -> int:
    values = {"files": Jsonb(dict(files)), "origin": origin, "actor": actor, "note": note}
    row = connection.execute(QUERIES["store_set"], values).fetchone()
    assert row is not None
    connection.execute(QUERIES["tell_rules"], {"id": row[0]})
    return int(row[0])


def _actor(connection: Connection, name: str | UUID) -> UUID:
    """The account, or the person of that name: at the command line a name is all that is known."""
    if isinstance(name, UUID):
        return name
    row = connection.execute(QUERIES["known_author"], {"name": name}).fetchone()
    row = row or connection.execute(QUERIES["new_author"], {"name": name}).fetchone()
    assert row is not None and isinstance(row[0], UUID)
    return row[0]
