"""From a server's start to its stop: what it holds is opened, and let go of in the other order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
import psycopg_pool
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from access.access_log import AccessLog
from access.oidc import Provider
from access.readers import ReaderLogin, ScopedPool
from access.rights import Role
from access.scope import EVERYWHERE
from access.vault import Vault
from config.access_settings import SignInSettings
from config.database import open_pool
from config.settings import BrokerSettings, WebSettings
from imagery.shelf import Shelf
from web.certificate import ListenerCertificate
from web.exercise import ExerciseMark
from web.hub import Hub
from web.interests import Interests
from web.layers import LEVELS, Layers
from web.levels_kept import Levels, Stamps
from web.listener import Listener
from web.names import Names
from web.parts import Parts
from web.rate import Rates
from web.readings_listener import ReadingsListener
from web.registry_kept import KeptRegistry
from web.search_kept import KeptNames
from web.state import read_clock
from web.tiles_kept import Tiles
from web.viewing import DATABASE_WAIT_S
from web.worker_line import PhoneLine
from web.worker_phones import Phones
from web.worker_receipts import AnswerDesk, ReceiptDesk

logger = logging.getLogger(__name__)

_AHEAD_S = 2.0
_TILED, _TILED_ZOOMS = ("district", "township", "village", "grid"), (10, 11, 12)  # of a township on a wall


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a server is made from, before it opens anything."""

    settings: WebSettings
    database_url: str
    broker: BrokerSettings | None
    exercise: bool
    certificate: ListenerCertificate | None
    vault: Vault | None
    clock: Callable[[], datetime]
    roles: Mapping[str, Role]
    names: Names
    rates: Rates
    log: AccessLog
    provider: Provider | None
    imagery: Shelf


@asynccontextmanager
async def lifespan(app: FastAPI, given: Given) -> AsyncIterator[None]:
    """Open the parts, and close them at the end. The database need not be up: it is waited for."""
    parts = app.state.parts = _open(given)
    parts.listener.start()
    parts.readings.start()
    parts.phone_line.start()
    parts.receipts.start()
    parts.answers.start()
    parts.searched.start()
    given.log.start()
    ahead = asyncio.create_task(_draw_ahead(parts))
    try:
        yield
    finally:
        ahead.cancel()
        parts.hub.close()
        parts.phones.close()
        for close in (
            parts.listener.stop,
            parts.readings.stop,
            parts.receipts.stop,
            parts.answers.stop,
            parts.phone_line.stop,
            given.log.stop,
            parts.tiles.close,
            parts.imagery.close,
            parts.registry.close,
            parts.searched.stop,
            parts.pool.close,
            parts.scoped.close,
        ):
            await run_in_threadpool(close)


async def _draw_ahead(parts: Parts) -> None:
    """Layers and tiles of the whole city take seconds: the first screen after a start shall not wait for them."""
    await asyncio.sleep(_AHEAD_S)
    try:
        await run_in_threadpool(_draw_layers, parts)
        await run_in_threadpool(_draw_tiles, parts)
    except (psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed) as error:
        logger.info("the map was not drawn ahead, the first screen draws it: %s", error)


def _draw_layers(parts: Parts) -> None:
    with parts.scoped.connection(EVERYWHERE, DATABASE_WAIT_S) as connection:
        for name in LEVELS:
            parts.layers.get(connection, name, read_clock(connection).now)


def _draw_tiles(parts: Parts) -> None:
    parts.tiles.foresee(lambda: parts.scoped.connection(EVERYWHERE, DATABASE_WAIT_S), _TILED, _TILED_ZOOMS)


def _open(given: Given) -> Parts:
    hub, phones, login, levels = Hub(), Phones(), ReaderLogin(given.database_url), Levels()
    interests = Interests(login)
    pool, scoped = open_pool(given.database_url, "web"), ScopedPool(login)

    def renew() -> None:
        # One that waits for a connection pauses longer after each dead one it is given, up to all of its three seconds.
        pool.check()
        scoped.renew()

    return Parts(
        settings=given.settings,
        broker=given.broker,
        pool=pool,
        scoped=scoped,
        roles=given.roles,
        sign_in=SignInSettings(),
        hub=hub,
        listener=Listener(login, hub, interests, regained=renew),
        readings=ReadingsListener(login, hub, interests),
        layers=Layers(),
        levels=levels,
        tiles=Tiles(levels, Stamps(given.database_url)),
        names=given.names,
        registry=KeptRegistry(given.database_url),
        searched=KeptNames(given.database_url),
        phones=phones,
        phone_line=PhoneLine(given.database_url, phones, given.roles, given.clock),
        receipts=ReceiptDesk(given.database_url),
        answers=AnswerDesk(given.database_url),
        exercise=ExerciseMark(told=given.exercise),
        certificate=given.certificate,
        rates=given.rates,
        vault=given.vault,
        clock=given.clock,
        provider=given.provider,
        imagery=given.imagery,
    )
