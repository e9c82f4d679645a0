"""How the pipelines are, by what each tells of itself in the database about once a second (see alerts.fence)."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from config.database import Connection
from config.logs import BEIJING
from ingest.registry import QUERIES

SILENT_S = 20.0  # one that tries to reach its broker, or builds a large memory, tells nothing meanwhile
_FORGOTTEN_S = 7 * 86400.0  # by then the broker has dropped its session, too (SHIJING_MQTT_SESSION_EXPIRY_S)


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """What the pipeline of one partition told last; ages by the database's clock."""

    name: str
    epoch: int
    holding: bool  # its connection to the database is there
    seen_at: datetime | None
    seen_age_s: float | None
    cut_off_at: datetime | None  # since when it is without its broker; None: it has it
    clock: datetime | None  # None without an injected clock
    clock_lag_s: float | None
    last_batch: datetime | None  # of arrival

    @property
    def trouble(self) -> str | None:
        """Why it is not alive, for a person; None where it is."""
        if self.seen_at is None or self.seen_age_s is None:
            return "it was never heard of"
        if not self.holding:
            return f"not running, or cut off from the database; last heard of at {_told(self.seen_at)}"
        if self.seen_age_s > SILENT_S:
            return f"silent since {_told(self.seen_at)}: it hangs, or gets nothing into the database; see its log"
        if self.cut_off_at is not None:
            return f"cut off from the broker since {_told(self.cut_off_at)}; see its log"
        return None

    @property
    def forgotten(self) -> bool:
        """Whether it was given up: beside one that is alive it does not count any more."""
        return self.seen_age_s is None or self.seen_age_s > _FORGOTTEN_S


def read_heartbeats(connection: Connection) -> list[Heartbeat]:
    """Of every partition that was ever claimed, by name."""
    with connection.cursor(row_factory=class_row(Heartbeat)) as cursor:
        return cursor.execute(QUERIES["partitions"]).fetchall()


def _told(moment: datetime) -> str:
    return moment.astimezone(BEIJING).isoformat(timespec="seconds")
