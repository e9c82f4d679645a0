"""`shijing pipeline`: one partition's pipeline, with the upkeep of its storage beside it."""

import gc
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from access.vault import Vault
from alerts.books import first_line
from alerts.fence import told_clock
from alerts.heartbeat_out import HeartbeatSender
from alerts.ledger_keeper import keep_checking
from alerts.ledger_runs import know_plans
from alerts.pipeline import Pipeline
from alerts.plan_library import plans_in_force
from alerts.rule_sets import rules_in_force
from alerts.tending import Tending
from boundaries.takeover import keep_taking_over
from commands.keeping import Keeping
from config.database import Connection, connect
from config.errors import ShijingError
from config.exercise import mark
from config.migrate import migrate
from config.settings import (
    BrokerSettings,
    DatabaseSettings,
    HeartbeatSettings,
    LedgerSettings,
    PipelineSettings,
)
from dispatch.auditor import Auditor
from geo.hits import keep_hits
from ingest.session import MqttSession, check_broker
from ingest.upkeep import Retention, run_upkeep

log = logging.getLogger(__name__)

_UPKEEP_S = 60.0
_COLLECT = (100_000, 20, 50)  # a batch makes tens of thousands of small objects and drops them all


def run_pipeline(
    database_url: str,
    broker: BrokerSettings,
    settings: PipelineSettings,
    *,
    follow_clock: bool,
    stop: threading.Event,
    ready: Callable[[], None] = lambda: None,
    exercise: bool = False,
    vault: Vault | None = None,
) -> None:
    """Bring the schema up to date and run until `stop`; `ready` is called once readings are being received.

    With a `vault` the audit trail is sealed. Raises ExerciseError where the database is of the other kind.
    """
    gc.set_threshold(*_COLLECT)
    with connect(database_url, "migrate", autocommit=True) as connection:
        migrate(connection)
        mark(connection, exercise=exercise)
        know_plans(connection, plans_in_force(connection))
    check_broker(broker)
    upkeep = threading.Thread(
        target=_keep_up,
        args=(database_url, settings.partition, follow_clock, Keeping(vault=vault), stop),
        name="upkeep",
        daemon=True,
    )
    upkeep.start()
    tending = Tending(partition=settings.partition, follow_clock=follow_clock)
    tender = threading.Thread(target=tending.run, args=(database_url, stop), name="tending", daemon=True)
    tender.start()
    threading.Thread(target=Auditor().run, args=(database_url, stop), name="auditor", daemon=True).start()
    takeover = threading.Thread(target=keep_taking_over, args=(database_url, stop), name="boundaries", daemon=True)
    takeover.start()
    session = MqttSession(broker, settings, ready=ready, exercise=exercise)
    heartbeat = HeartbeatSettings()
    if heartbeat.sends and (heartbeat.exercises or not exercise):
        sender = HeartbeatSender(
            database_url, broker, heartbeat, settings.partition, lambda: session.waiting, exercise=exercise
        )
        threading.Thread(target=sender.run, args=(stop,), name="heartbeat", daemon=True).start()
    Pipeline(settings, database_url, session, follow_clock=follow_clock).run(stop)
    stop.set()
    for beside in (upkeep, tender, takeover):
        beside.join(timeout=5)


def _keep_up(database_url: str, partition: str, follow_clock: bool, keeping: Keeping, stop: threading.Event) -> None:
    settings = DatabaseSettings()
    keep = Retention(
        readings=settings.retention_days,
        live_events=settings.live_events_days,
        intake=settings.intake_days,
        released=settings.released_quarantine_days,
        held=settings.held_quarantine_days,
    )
    ledger = LedgerSettings()
    while True:
        wall = datetime.now(UTC)
        try:
            with connect(database_url, "upkeep", autocommit=True) as connection:
                # A replay's clock is its own: by the machine's, retention would drop what is being replayed.
                now = (told_clock(connection, partition) if follow_clock else None) or wall
                run_upkeep(
                    connection,
                    now=now,
                    wall=wall,
                    ahead_days=settings.partitions_ahead_days,
                    keep=keep,
                )
                keep_hits(connection)
                if ledger.checks:
                    _reconcile(connection, now, ledger)
                keeping.keep(connection, wall)
        except psycopg.Error as error:  # whatever it was, the next run may do it
            log.warning("upkeep waits for the database: %s", first_line(error))
        if stop.wait(_UPKEEP_S):
            return


def _reconcile(connection: Connection, now: datetime, ledger: LedgerSettings) -> None:
    try:
        rules, plans = rules_in_force(connection), plans_in_force(connection)
    except ShijingError as error:
        log.warning("the ledger waits for rules and plans that hold together: %s", error)
        return
    keep_checking(connection, now=now, every_s=ledger.every_s, rules=rules, plans=plans)
