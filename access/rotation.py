"""Encrypting anew what was encrypted with an older key, row by row beside everything that runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import sql

from access.vault import Vault
from config.database import Connection

_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class SealedColumn:
    """Where ciphertexts are: each is bound to (table, column, the id of its row)."""

    table: str
    id: str  # the column of the row's id
    column: str
    blind: str | None = None  # the column of its blind index, which is bound to (table, column)
    at_once: int = _AT_ONCE  # rows; fewer, where each is large


SEALED = (
    *(SealedColumn(table="resident_details", id="resident_id", column=name) for name in ("name", "address")),
    *(SealedColumn(table="resident_details", id="resident_id", column=name) for name in ("phone", "note")),
    SealedColumn(table="resident_details", id="resident_id", column="reference", blind="reference_blind"),
    SealedColumn(table="record_openings", id="id", column="reason"),
    SealedColumn(table="accounts", id="id", column="totp_secret"),
)


def reencrypt(connection: Connection, vault: Vault, columns: Sequence[SealedColumn]) -> int:
    """Bring every ciphertext to the vault's newest key, on an autocommit connection; how many were of another.

    It may be broken off and run again. Raises CannotOpen for what no key of ours opens.
    """
    return sum(_column(connection, vault, column) for column in columns)


def _column(connection: Connection, vault: Vault, column: SealedColumn) -> int:
    done = 0
    while rows := _batch(connection, vault, column):
        done += rows
    return done


def _batch(connection: Connection, vault: Vault, column: SealedColumn) -> int:
    names = {name: sql.Identifier(value) for name, value in vars(column).items() if isinstance(value, str)}
    found = sql.SQL(
        "select {id}, {column} from {table} where {column} is not null and substr({column}, 1, %s) <> %s"
        " order by {id} limit %s for update"
    ).format(**names)
    put = "update {table} set {column} = %(sealed)s, {blind} = %(blind)s where {id} = %(id)s"
    if column.blind is None:
        put = "update {table} set {column} = %(sealed)s where {id} = %(id)s"
    head = vault.head
    with connection.transaction(), connection.cursor() as cursor:
        rows = cursor.execute(found, (len(head), head, column.at_once)).fetchall()
        cursor.executemany(sql.SQL(put).format(**names), [_again(vault, column, *row) for row in rows])
    return len(rows)


def _again(vault: Vault, column: SealedColumn, row_id: UUID | int, sealed: bytes) -> dict[str, object]:
    context = (column.table, column.column, row_id)
    text = vault.open(sealed, context=context)
    blind = vault.blind(text, context=context[:2]) if column.blind else None
    return {"id": row_id, "sealed": vault.seal(text, context=context), "blind": blind}
