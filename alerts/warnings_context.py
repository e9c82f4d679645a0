"""Official warnings as the rules' context: what was in force over which township, and when."""

from datetime import datetime, timedelta

from alerts.books import micros
from alerts.conditions import WarningInForce
from alerts.warnings_cover import QUERIES, clock
from config.database import Connection

_BACK = timedelta(days=2)  # beyond the lateness of every rule


def load_in_force(
    connection: Connection, *, since: datetime | None = None, exercise: bool = False
) -> list[WarningInForce]:
    """What is, will be or was in force, by division, event and begin; of what ended, all that ended after `since`.

    Only townships are named: a grid has the warnings of its township. `since` is by default two days
    before the pipeline's clock; a back-test names the begin of its span. Exercise warnings count
    in an exercise only. Whoever keeps the list in memory listens to the channel `shijing_warnings`.
    """
    statuses = ["actual", "exercise"] if exercise else ["actual"]
    asked = {"since": since or clock(connection) - _BACK, "statuses": statuses}
    rows = connection.execute(QUERIES["in_force"], asked)
    return [
        WarningInForce(division_id=division, event=event, level=level, from_us=micros(begins), to_us=micros(ends))
        for event, division, level, begins, ends in rows
    ]
