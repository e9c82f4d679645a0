"""What a running server holds; made by the lifespan, asked for by the routes."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request
from psycopg_pool import ConnectionPool

from alerts.out_words import RuleBook
from config.database import Connection
from config.settings import BrokerSettings, OutSettings, WebSettings
from web.exercise import ExerciseMark
from web.hub import Hub
from web.layers import Layers
from web.listener import Listener
from web.names import Names


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of one server."""

    settings: WebSettings
    broker: BrokerSettings | None  # None: not asked after
    pool: ConnectionPool[Connection]
    hub: Hub
    listener: Listener
    layers: Layers
    names: Names
    out: OutSettings = field(default_factory=OutSettings)
    rules: RuleBook = field(default_factory=RuleBook)
    exercise: ExerciseMark = field(default_factory=lambda: ExerciseMark(told=False))


def _parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


PartsOf = Annotated[Parts, Depends(_parts)]
