"""What a running server holds; made by the lifespan, asked for by the routes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import Depends, Request
from psycopg_pool import ConnectionPool

from access.oidc import Provider
from access.readers import ScopedPool
from access.rights import Role
from access.vault import Vault
from alerts.out_words import RuleBook
from boundaries.desk import Desk
from config.access_settings import SignInSettings
from config.database import Connection
from config.imagery_settings import ImagerySettings
from config.settings import BrokerSettings, OutSettings, WebSettings
from imagery.shelf import Shelf
from web.certificate import ListenerCertificate
from web.exercise import ExerciseMark
from web.held import HeldFiles
from web.hub import Hub
from web.layer_tables import LayerTables
from web.layers import Layers
from web.levels_kept import Levels
from web.listener import Listener
from web.names import Names
from web.rate import Rates
from web.readings_listener import ReadingsListener
from web.registry_kept import KeptRegistry
from web.search_kept import KeptNames
from web.tiles_kept import Tiles
from web.told_kept import Told
from web.trail_watch import TrailWatch
from web.worker_line import PhoneLine
from web.worker_phones import Phones
from web.worker_receipts import AnswerDesk, ReceiptDesk


def wall_clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of one server."""

    settings: WebSettings
    broker: BrokerSettings | None  # None: not asked after
    pool: ConnectionPool[Connection]  # the server's own: for whom it knows, and for acts that were allowed
    scoped: ScopedPool  # for reading on somebody's behalf
    roles: Mapping[str, Role]
    sign_in: SignInSettings
    hub: Hub
    listener: Listener
    readings: ReadingsListener
    layers: Layers
    levels: Levels
    tiles: Tiles
    names: Names
    registry: KeptRegistry
    searched: KeptNames
    phones: Phones
    phone_line: PhoneLine
    receipts: ReceiptDesk
    answers: AnswerDesk
    clock: Callable[[], datetime] = wall_clock  # by which sessions, codes and locks go
    vault: Vault | None = None  # None: no key file is named, so there is no second factor
    provider: Provider | None = None  # of the single sign-on
    out: OutSettings = field(default_factory=OutSettings)
    rules: RuleBook = field(default_factory=RuleBook)
    exercise: ExerciseMark = field(default_factory=lambda: ExerciseMark(told=False))
    certificate: ListenerCertificate | None = None  # None: TLS, if any, is a proxy's
    rates: Rates = field(default_factory=Rates)
    held: HeldFiles = field(default_factory=HeldFiles)
    trail: TrailWatch = field(default_factory=TrailWatch)
    layer_tables: LayerTables = field(default_factory=LayerTables)  # files of boundaries that were read
    imagery: Shelf = field(default_factory=lambda: Shelf(ImagerySettings(), layers=()))  # the owner's base maps
    told: Told = field(default_factory=Told)  # what screens ask for together after a change
    desk: Desk = field(default_factory=Desk)  # where drafts of boundaries are drawn in


def parts_of(request: Request) -> Parts:
    """Those of the server that answers."""
    return cast(Parts, request.app.state.parts)


PartsOf = Annotated[Parts, Depends(parts_of)]
