"""What every connection of ours asks of the server, whatever the server is set to."""

import psycopg
import pytest
from psycopg import sql

from config.database import connect, open_pool

pytestmark = pytest.mark.storage


def test_nothing_is_compiled_that_a_storm_would_pay_for_with_every_row(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        name = sql.Identifier(owner.info.dbname)
        owner.execute(sql.SQL("alter database {} set jit = on").format(name))
    with connect(database_url, "test") as one, open_pool(database_url, "test") as pool, pool.connection() as another:
        for connection in (one, another):
            assert connection.execute("show jit").fetchone() == ("off",)
