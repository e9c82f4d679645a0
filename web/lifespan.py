"""From a server's start to its stop: what it holds is opened, and let go of in the other order."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from access.access_log import AccessLog
from access.oidc import Provider
from access.rights import Role
from access.scope import ScopedPool
from access.vault import Vault
from config.database import open_pool
from config.settings import BrokerSettings, SignInSettings, WebSettings
from web.certificate import ListenerCertificate
from web.exercise import ExerciseMark
from web.hub import Hub
from web.layers import Layers
from web.listener import Listener
from web.names import Names
from web.parts import Parts
from web.rate import Rates
from web.registry_kept import KeptRegistry


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


@asynccontextmanager
async def lifespan(app: FastAPI, given: Given) -> AsyncIterator[None]:
    """Open the parts, and close them at the end. The database need not be up: it is waited for."""
    parts = app.state.parts = _open(given)
    parts.listener.start()
    given.log.start()
    try:
        yield
    finally:
        parts.hub.close()
        for close in (parts.listener.stop, given.log.stop, parts.registry.close, parts.pool.close, parts.scoped.close):
            await run_in_threadpool(close)


def _open(given: Given) -> Parts:
    hub = Hub()
    return Parts(
        settings=given.settings,
        broker=given.broker,
        pool=open_pool(given.database_url, "web"),
        scoped=ScopedPool(given.database_url),
        roles=given.roles,
        sign_in=SignInSettings(),
        hub=hub,
        listener=Listener(given.database_url, hub),
        layers=Layers(),
        names=given.names,
        registry=KeptRegistry(given.database_url),
        exercise=ExerciseMark(told=given.exercise),
        certificate=given.certificate,
        rates=given.rates,
        vault=given.vault,
        clock=given.clock,
        provider=given.provider,
    )
