"""Before something runs: exercises and real operation do not mix."""

import psycopg

from commands.servers import Place, database
from config.database import connect
from config.errors import ExerciseError
from config.exercise import agree, mark
from config.migrate import migrate
from config.settings import BrokerSettings, DatabaseSettings


def agree_before_serving(url: str, *, exercise: bool) -> None:
    """Raise ExerciseError where the database is of the other kind; one that is not there yet is waited for later.

    An exercise marks a fresh database. A server of pages alone decides nothing for real operation.
    """
    try:
        with connect(url, "serve", autocommit=True) as connection:
            if exercise:
                migrate(connection)
                mark(connection, exercise=True)
            else:
                agree(connection, exercise=False)
    except psycopg.OperationalError:
        return


def agree_before_replay(place: Place, *, exercise: bool) -> None:
    """Raise ExerciseError where what is replayed would come among what it must not.

    A broker that is named in the settings may be that of real devices; where no database is named beside
    it, there is nothing to ask what it is.
    """
    named = place.data is None and BrokerSettings().port != 0
    if exercise and named and not BrokerSettings().exercises:
        raise ExerciseError(
            "the broker of SHIJING_MQTT_HOST may be that of real devices: give a data folder of its own with --data,"
            " or set SHIJING_MQTT_EXERCISES=true for a broker that is there for exercises"
        )
    if named and not place.database and not DatabaseSettings().url:
        return
    with database(place) as url, connect(url, "replay", autocommit=True) as connection:
        if exercise:
            migrate(connection)
            mark(connection, exercise=True)
        else:
            agree(connection, exercise=False)
