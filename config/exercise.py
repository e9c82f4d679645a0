"""Whether a database is an exercise: wholly, or not at all (see config/migrations/0016_exercise.sql)."""

from config.database import Connection
from config.errors import ExerciseError

_MARK = "select exercise from instance"
_IN_USE = (
    "select exists (select from alerts where exercise <> %(exercise)s) or exists (select from plan_runs where"
    " exercise <> %(exercise)s and not drill) or %(exercise)s and exists (select from readings)"
)


def mark_of(connection: Connection) -> bool | None:
    """True for an exercise, False for real operation, None where nothing was decided; a schema need not be there."""
    if connection.execute("select to_regclass('instance') is not null").fetchone() != (True,):
        return None
    row = connection.execute(_MARK).fetchone()
    return None if row is None else bool(row[0])


def is_exercise(connection: Connection) -> bool:
    """Whether what is written here is an exercise's; the schema has to be there."""
    return connection.execute("select is_exercise()").fetchone() == (True,)


def agree(connection: Connection, *, exercise: bool) -> None:
    """Raise ExerciseError where the database is marked as the other kind; changes nothing."""
    mark = mark_of(connection)
    if mark is True and not exercise:
        raise ExerciseError(
            "this database is an exercise: run it with --exercise (or SHIJING_EXERCISE=true), or use another database"
        )
    if mark is False and exercise:
        raise ExerciseError(
            "this database is in real operation, --exercise is not for it: name a new one with --data or --database"
        )


def mark(connection: Connection, *, exercise: bool) -> None:
    """Mark a database at its first use; raises ExerciseError for one that is or holds the other kind.

    One that was marked as real and never received anything may still become an exercise.
    """
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('shijing_exercise'))")
        used = connection.execute(_IN_USE, {"exercise": exercise}).fetchone() == (True,)
        if mark_of(connection) is None:
            if used:
                raise ExerciseError(_of_the_other_kind(exercise))
            connection.execute("insert into instance (exercise) values (%s)", (exercise,))
        elif exercise and not used:
            connection.execute("update instance set exercise = true where not exercise")
        agree(connection, exercise=exercise)


def _of_the_other_kind(exercise: bool) -> str:
    if exercise:
        return "this database holds readings or alerts of real operation: name a new one with --data or --database"
    return "this database holds alerts of an exercise: run it with --exercise, or use another database"
