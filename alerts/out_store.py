"""How far a channel has told the alerts: its cursor over the live events, and a mark for each alert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.out_alerts import QUERIES
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What of an alert is told."""

    told: int  # up to this transition
    due: bool  # its present is to be told again


Marks = dict[int, Mark]  # by alert, in the order in which they moved


class Outbox:
    """The books of one channel on an autocommit connection."""

    def __init__(self, connection: Connection, channel: str) -> None:
        self.connection = connection
        self._channel = {"channel": channel}

    def lock(self) -> bool:
        """Whether this connection may tell the channel; True for as long as it lives."""
        row = self.connection.execute(QUERIES["lock_channel"], self._channel).fetchone()
        return row is not None and bool(row[0])

    def begin(self) -> None:
        """Where the channel is new: all that is over is told by silence, all that is open is due."""
        if self._stored_cursor() is not None:
            return
        with self.connection.transaction():
            self.connection.execute("set transaction isolation level repeatable read")
            self.connection.execute(QUERIES["begin_cursor"], self._channel)
            self.connection.execute(QUERIES["begin_alerts"], self._channel)

    def mark_open(self) -> None:
        """Every open alert is due."""
        self.connection.execute(QUERIES["mark_open"], self._channel)

    def listen(self) -> None:
        """Be woken by what is committed."""
        self.connection.execute("listen shijing_live")

    def wait(self, most_s: float) -> None:
        """Return at the next live event, or after so long."""
        for _ in self.connection.notifies(timeout=most_s, stop_after=1):
            return

    def cursor(self) -> int:
        """The last live event whose alerts are told."""
        stored = self._stored_cursor()
        assert stored is not None, "begin() comes first"
        return stored

    def whole(self, after: int) -> bool:
        """Whether no live event after this one has been cleared away by the retention."""
        row = self.connection.execute(QUERIES["events_are_whole"], {"after": after}).fetchone()
        return row is not None and bool(row[0])

    def close_gap(self) -> None:
        """Where live events were cleared away unread: every alert that has moved since is due, whatever moved it."""
        if self.whole(self.cursor()):
            return
        with self.connection.transaction():
            self.connection.execute("set transaction isolation level repeatable read")
            self.connection.execute(QUERIES["mark_untold"], self._channel)
            self.connection.execute(QUERIES["skip_to_newest_event"], self._channel)

    def next_events(self, after: int, limit: int) -> tuple[int, list[int]]:
        """The last of the next live events (`after`: there is none), and the alerts that they name, once each."""
        rows = self.connection.execute(QUERIES["next_events"], {"after": after, "limit": limit}).fetchall()
        alerts = dict.fromkeys(alert for _, alert in rows if alert is not None)
        return (rows[-1][0] if rows else after), list(alerts)

    def due(self, limit: int) -> list[int]:
        """Alerts whose present is to be told again."""
        rows = self.connection.execute(QUERIES["due_alerts"], {**self._channel, "limit": limit})
        return [alert for (alert,) in rows]

    def overlooked(self, limit: int) -> list[int]:
        """Alerts that moved a while ago although no live event has named them."""
        rows = self.connection.execute(QUERIES["overlooked"], {**self._channel, "limit": limit})
        return [alert for (alert,) in rows]

    def marks(self, alerts: Sequence[int]) -> Marks:
        """What of these alerts is told, in their order."""
        rows = self.connection.execute(QUERIES["marks"], {**self._channel, "ids": list(alerts)})
        known = {alert: Mark(told=told, due=due) for alert, told, due in rows}
        return {alert: known.get(alert, Mark(told=0, due=False)) for alert in dict.fromkeys(alerts)}

    def move(self, after: int, upto: int, marks: Marks, told: Mapping[int, int]) -> None:
        """Write down that these transitions (by alert) are told, and everything up to the event."""
        values = {**self._channel, "alerts": list(told), "transitions": list(told.values())}
        with self.connection.transaction():
            self.connection.execute(QUERIES["tell_alerts"], values)
            self.connection.execute(QUERIES["undue_alerts"], {**self._channel, "ids": list(marks)})
            self.connection.execute(QUERIES["move_cursor"], {**self._channel, "after": after, "to": upto})

    def _stored_cursor(self) -> int | None:
        row = self.connection.execute(QUERIES["cursor"], self._channel).fetchone()
        return None if row is None else int(row[0])
