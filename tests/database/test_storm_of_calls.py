"""What the dispatcher asks every second stays quick when thousands are called who were nobody a moment before."""

from datetime import UTC, datetime, timedelta

from benchmarks.phones import alert_all
from benchmarks.phones_city import furnish
from config.database import Connection, connect
from dispatch.advance import advance

PHONES = 1000


def test_looks_that_were_planned_on_empty_tables_do_not_stand_in_the_way_of_a_storm(
    connection: Connection, database_url: str
) -> None:
    furnish(connection, PHONES)
    connection.execute("insert into phones (id, person_id) select gen_random_uuid(), id from people")
    with connect(database_url, "dispatcher", autocommit=True, by_index=True) as dispatcher:
        at = datetime.now(UTC) + timedelta(seconds=1)
        for _ in range(12):  # psycopg prepares what comes a sixth time, the database keeps the plan of the twelfth
            assert advance(dispatcher, at, channels=frozenset()).assignments == 0
        alert_all(connection)
        # By a plan that was kept of empty tables: more than 90 s for 2,000. Planned anew: a millisecond.
        dispatcher.execute("set statement_timeout = '2s'")
        assert advance(dispatcher, at, channels=frozenset()).calls == PHONES
        assert advance(dispatcher, at, channels=frozenset()).assignments == 0
