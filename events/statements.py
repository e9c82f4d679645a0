"""The statements by which events are written and moved on (queries.sql)."""

from pathlib import Path

from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
