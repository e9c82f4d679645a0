"""Web push for one's own phone: the key to subscribe with, a browser that takes it, a browser that no longer does."""

from typing import Annotated

from fastapi import APIRouter, Response
from msgspec import Meta, Struct
from pydantic import BaseModel, Field

from access import audit
from access.errors import AccountRefused
from access.vault import Vault
from config.channel_settings import PushSettings
from dispatch.addresses import drop_subscription, put_subscription
from dispatch.endpoints import is_listed
from dispatch.errors import Refused
from dispatch.push_key import public_half, push_key_file, read_push_key
from web.answers import answers, takes
from web.api import as_json
from web.errors import NotConfiguredError
from web.guard import Body, read_body
from web.parts import Parts, PartsOf
from web.viewing import ViewOf, needs
from web.worker_own import own_person

router = APIRouter(prefix="/api/worker/push", tags=["worker"])

RIGHT = "tasks.answer"
Address = Annotated[str, Meta(min_length=1, max_length=2000)]


class Subscribed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscription as the browser made it (PushSubscription.toJSON), its keys beside the address."""

    endpoint: Address
    p256dh: Address
    auth: Address


class Unsubscribed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The address of a subscription that ends."""

    endpoint: Address


class PushKey(BaseModel):
    """What a browser subscribes with."""

    key: str = Field(description="applicationServerKey, base64url.")


class PushKept(BaseModel):
    """Whether the browser is sent web push from now on."""

    on: bool


@router.get("", responses=answers(PushKey, 404), dependencies=[needs(RIGHT)])
def push_key(parts: PartsOf) -> Response:
    """The key; 404 where web push is not switched on."""
    key = read_push_key(push_key_file(_vault(parts).path))
    return as_json({"key": public_half(key)})


@router.post("", responses=answers(PushKept, 404, 409), openapi_extra=takes(Subscribed), dependencies=[needs(RIGHT)])
def subscribe(view: ViewOf, parts: PartsOf, body: Body) -> Response:
    """Take web push at this browser for the person whom the account answers for; nobody else's browser it is then."""
    vault, told, person = _vault(parts), read_body(body, Subscribed), own_person(view)
    if not is_listed(told.endpoint, PushSettings().hosts):
        raise AccountRefused(
            "the push service of this browser is not among SHIJING_PUSH_HOSTS", "此浏览器的推送服务未列入允许名单。"
        )
    with view.acting() as connection, connection.transaction():
        try:
            put_subscription(
                connection,
                vault,
                person,
                endpoint=told.endpoint,
                p256dh=told.p256dh,
                auth=told.auth,
                at=parts.clock(),
            )
        except Refused as refused:
            raise AccountRefused(str(refused), refused.zh) from refused
        audit.append(connection, act="push.subscribed", actor=view.viewer.account_id, subject=person)
    return as_json({"on": True})


@router.post(
    "/end", responses=answers(PushKept, 404, 409), openapi_extra=takes(Unsubscribed), dependencies=[needs(RIGHT)]
)
def unsubscribe(view: ViewOf, parts: PartsOf, body: Body) -> Response:
    """Send no more to one's own browser."""
    vault, told, person = _vault(parts), read_body(body, Unsubscribed), own_person(view)
    with view.acting() as connection, connection.transaction():
        drop_subscription(connection, vault, endpoint=told.endpoint, person_id=person)
        audit.append(connection, act="push.ended", actor=view.viewer.account_id, subject=person)
    return as_json({"on": False})


def _vault(parts: Parts) -> Vault:
    if parts.vault is None or not PushSettings().hosts:
        raise NotConfiguredError("web push is not switched on: set SHIJING_PUSH_HOSTS (docs/channels.md)")
    return parts.vault
