"""The dispatcher: does the jobs of procrastinate's queue and looks at everything once a second.

What is due is in the tables of runs, not in the jobs: one that was lost with a killed process is made good by the
next look, and one that is done twice finds nothing to do the second time.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

import procrastinate
import psycopg
from psycopg_pool import ConnectionPool

from alerts.books import first_line
from alerts.run_tasks import ADVANCE, CONFIRM
from config.database import Connection, open_pool
from config.jobs import QUEUE
from dispatch.advance import DELIVER, advance
from dispatch.clock import now_of
from dispatch.deliver import defer_lost, deliver
from dispatch.overdue import start_unasked
from dispatch.sweep import sweep
from dispatch.switchboard import Switchboard

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_AT_ONCE = 8  # jobs; most of them wait for a gateway
_CLIMBING = 1  # of them: who is called first hears of it first, where the machine has few cores
_STALLED_S = 60  # a job whose worker was not heard for so long is done again
_RETRY = procrastinate.RetryStrategy(max_attempts=6, exponential_wait=2)

Pool = ConnectionPool[Connection]


def run_dispatcher(
    database_url: str, *, board: Switchboard, stop: threading.Event, ready: Callable[[], None] = lambda: None
) -> None:
    """Work until `stop`."""
    pool = open_pool(database_url, "dispatcher", size=_AT_ONCE + 2, by_index=True)
    looking = threading.Thread(target=_look, args=(pool, board, stop), name="sweep", daemon=True)
    try:
        looking.start()
        asyncio.run(_work(database_url, pool, board, stop, ready))
    finally:
        stop.set()
        looking.join(timeout=5)
        pool.close()


def _look(pool: Pool, board: Switchboard, stop: threading.Event) -> None:
    while not stop.wait(_LOOK_S):
        try:
            with pool.connection() as connection:
                sweep(connection, channels=board.names)
                defer_lost(connection)
        except psycopg.Error as error:
            log.warning("dispatch waits for the database: %s", first_line(error))
        except Exception:
            # Without this thread a lost job is never made good: a fault of ours is told, and tried again.
            log.exception("a look at the runs failed")


async def _work(
    database_url: str, pool: Pool, board: Switchboard, stop: threading.Event, ready: Callable[[], None]
) -> None:
    """The worker of the queue, begun anew whenever the database was away."""
    ready()
    while not stop.is_set():
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url, min_size=1, max_size=4))
        add_tasks(app, pool, board)
        try:
            async with app.open_async():
                await _serve(app, stop)
        except (psycopg.Error, procrastinate.exceptions.ConnectorException) as error:
            log.warning("the jobs wait for the database: %s", str(error).split("\n", 1)[0])
            await asyncio.to_thread(stop.wait, _LOOK_S)


async def _serve(app: procrastinate.App, stop: threading.Event) -> None:
    worker = asyncio.create_task(
        app.run_worker_async(
            queues=[QUEUE],
            concurrency=_AT_ONCE,
            fetch_job_polling_interval=_LOOK_S,
            install_signal_handlers=False,
            delete_jobs="successful",
            shutdown_graceful_timeout=5,
        )
    )
    stopping = asyncio.create_task(asyncio.to_thread(stop.wait))
    reviving = asyncio.create_task(_revive(app))
    try:
        await asyncio.wait({worker, stopping, reviving}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            for ended in (worker, reviving):
                if ended.done():
                    ended.result()
    finally:
        for one in (worker, reviving):
            one.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(worker, reviving, return_exceptions=True)


async def _revive(app: procrastinate.App) -> None:
    """Jobs of a worker that was killed are done again."""
    while True:
        for job in await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=_STALLED_S):
            log.warning("job %s (%s) was cut off and is done again", job.id, job.task_name)
            await app.job_manager.retry_job(job)
        await asyncio.sleep(_STALLED_S / 2)


def add_tasks(app: procrastinate.App, pool: Pool, board: Switchboard) -> None:
    """The jobs that runs defer (alerts/run_tasks.py, dispatch/advance.py), each done in a thread."""

    def with_connection(work: Callable[[Connection], object]) -> None:
        with pool.connection() as connection:
            work(connection)

    climbing = asyncio.Semaphore(_CLIMBING)

    @app.task(name=ADVANCE, queue=QUEUE, retry=_RETRY)
    async def _advance(run_id: int | None = None) -> None:  # noqa: ARG001 - jobs of before 0052 name their run
        async with climbing:
            await asyncio.to_thread(with_connection, lambda one: advance(one, now_of(one), channels=board.names))

    @app.task(name=CONFIRM, queue=QUEUE, retry=_RETRY)
    async def _confirm(run_id: int) -> None:
        await asyncio.to_thread(with_connection, lambda one: start_unasked(one, now_of(one), run_id=run_id))

    @app.task(name=DELIVER, queue=QUEUE, retry=_RETRY)
    async def _deliver(delivery_ids: list[int]) -> None:
        await asyncio.to_thread(_deliver_now, pool, board, delivery_ids)


def _deliver_now(pool: Pool, board: Switchboard, delivery_ids: list[int]) -> None:
    with pool.connection() as connection:
        now = now_of(connection)
    deliver(pool.connection, board, delivery_ids, now)
