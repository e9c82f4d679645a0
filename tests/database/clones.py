"""Databases made from others: what many tests begin with is built once."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import conninfo, sql


@contextmanager
def cloned(server_url: str, template: str, name: str) -> Iterator[str]:
    """A copy of a database, dropped afterwards; its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        made, copied = sql.Identifier(name), sql.Identifier(template)
        connection.execute(sql.SQL("create database {} template {} strategy file_copy").format(made, copied))
    yield conninfo.make_conninfo(server_url, dbname=name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
