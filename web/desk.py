"""What comes by the thousand is written together: requests wait a moment on the event loop, a thread writes all that
wait in one transaction, and each is acknowledged after the commit that holds it."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg

from config.database import Connection, connect
from web.errors import BusyError

log = logging.getLogger(__name__)

_WAITING = 20_000  # requests; past it whoever asks is asked to come again
_HEARD_AGAIN_S = 0.5

Asked = TypeVar("Asked")
Told = TypeVar("Told")


@dataclass(frozen=True, kw_only=True)
class _Waiting(Generic[Asked, Told]):
    asked: Asked
    done: "asyncio.Future[Told]"
    loop: asyncio.AbstractEventLoop


class Desk(threading.Thread, Generic[Asked, Told]):
    """Takes requests on the event loop, and writes them in its own thread.

    `work` writes some in one transaction and tells what became of each, in their order. `gather_s`: from the first
    that waits to the transaction; `at_once`: requests in one.
    """

    def __init__(
        self,
        name: str,
        database_url: str,
        work: Callable[[Connection, Sequence[Asked]], Sequence[Told]],
        *,
        gather_s: float,
        at_once: int,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._url = database_url
        self._work = work
        self._gather_s = gather_s
        self._at_once = at_once
        self._waiting: queue.Queue[_Waiting[Asked, Told] | None] = queue.Queue(_WAITING)
        self._stopping = threading.Event()
        self._connection: Connection | None = None

    async def take(self, asked: Asked) -> Told:
        """What became of it, once it is committed.

        Raises BusyError where too many wait, and what the work raises: psycopg.Error without a database.
        """
        loop = asyncio.get_running_loop()
        one = _Waiting(asked=asked, done=loop.create_future(), loop=loop)
        try:
            self._waiting.put_nowait(one)
        except queue.Full as error:
            raise BusyError("too many wait just now: send it again in a moment") from error
        told: Told = await one.done
        return told

    def run(self) -> None:
        while (batch := self._batch()) is not None:
            if batch:
                self._write(batch)
        if self._connection is not None:
            self._connection.close()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._stopping.set()
        self._waiting.put(None)
        self.join()

    def _batch(self) -> list[_Waiting[Asked, Told]] | None:
        """Those of the next moment; None at the end."""
        first = self._waiting.get()
        if first is None:
            return None
        self._stopping.wait(self._gather_s)
        batch = [first]
        with suppress(queue.Empty):
            while len(batch) < self._at_once:
                one = self._waiting.get_nowait()
                if one is None:
                    self._waiting.put(None)
                    break
                batch.append(one)
        return batch

    def _write(self, batch: Sequence[_Waiting[Asked, Told]]) -> None:
        try:
            told = self._work(self._connected(), [one.asked for one in batch])
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(batch) == 1:
                _settle(batch, error)
            for one in batch if len(batch) > 1 else ():  # what one of them brought is not the others' fault
                self._write([one])
        except psycopg.Error as error:
            log.warning("%s wait for the database: %s", self.name, str(error).strip().partition("\n")[0])
            if self._connection is not None:
                self._connection.close()
            _settle(batch, error)
            self._stopping.wait(_HEARD_AGAIN_S)
        else:
            _settle(batch, told)

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, f"web-{self.name}", autocommit=True, by_index=True)
        return self._connection


def _settle(batch: Sequence[_Waiting[Asked, Told]], told: Sequence[Told] | Exception) -> None:
    """Tell all that wait, each on its own event loop."""
    outcomes = [told] * len(batch) if isinstance(told, Exception) else list(told)
    pairs: list[tuple[_Waiting[Any, Any], object]] = list(zip(batch, outcomes, strict=True))
    for loop in {one.loop for one in batch}:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell, [(one.done, outcome) for one, outcome in pairs if one.loop is loop])


def _tell(outcomes: Sequence[tuple["asyncio.Future[Any]", object]]) -> None:
    for done, outcome in outcomes:
        if done.done():
            continue
        if isinstance(outcome, Exception):
            done.set_exception(outcome)
        else:
            done.set_result(outcome)
