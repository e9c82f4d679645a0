"""What the commands about people share: options, and names instead of ids where there is a key."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from commands.options import moment_of, place_of

if TYPE_CHECKING:
    from access.vault import Vault
    from config.database import Connection

Since = Annotated[str | None, typer.Option(help="From when on, as 2026-11-26T08:00:00+08:00; without it from now on.")]
Until = Annotated[str | None, typer.Option(help="Until when; without it nobody knows.")]
At = Annotated[str | None, typer.Option(help="Then, as 2026-11-26T08:00:00+08:00; without it now.")]
Who = Annotated[str, typer.Argument(help="A person: id, organisation/staff number, whole name or telephone.")]


@contextmanager
def staffed(
    database: str | None, data: Path | None, *, key: bool = True
) -> "Iterator[tuple[Connection, Vault | None]]":
    """A connection to the database that is meant, and its keys; without `key` None where none is named."""
    from commands.servers import opened, vault, vault_if_named

    place = place_of(database, data)
    with opened(place, "people") as connection:
        yield connection, vault(place) if key else vault_if_named(place)


def moment(text: str | None) -> datetime:
    """The instant of an option; now, where it was not given."""
    return moment_of(text) or datetime.now(UTC)


def names_of(connection: "Connection", vault: "Vault | None", ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of people by id; those who were erased, and all without a key, are not among them.

    That the command line looked is itself in the audit trail.
    """
    from access import audit
    from people.private import open_private

    if vault is None:
        return {}
    found = {one: fields.name for one, fields in open_private(connection, vault, set(ids)).items()}
    if found:
        with connection.transaction():
            audit.append(connection, act="person.names_listed", actor=None, details={"rows": len(found)})
    return found
