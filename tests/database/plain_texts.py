"""Where something personal stands in plain text."""

from collections.abc import Sequence

from psycopg import sql

from config.database import Connection


def plain_texts(connection: Connection, words: Sequence[str]) -> list[str]:
    """`table.column: word`, once for each row of any table that has one of the words in it."""
    found = []
    columns = connection.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = 'public' and data_type in ('text', 'jsonb', 'bytea', 'ARRAY', 'character varying')"
        " order by table_name, column_name"
    ).fetchall()
    assert len(columns) > 100
    for table, column, kind in columns:
        name = sql.Identifier(column)
        text = sql.SQL("encode({}, 'hex')").format(name) if kind == "bytea" else sql.SQL("{}::text").format(name)
        for word in words:
            sought = word.encode().hex() if kind == "bytea" else word
            query = sql.SQL("select count(*) from {} where position(%s in {}) > 0").format(sql.Identifier(table), text)
            row = connection.execute(query, (sought,)).fetchone()
            assert row is not None
            found += [f"{table}.{column}: {word}"] * row[0]
    return found
