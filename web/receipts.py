"""What gateways for text messages and calls tell of their messages; not of the API: each has a secret of its own."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from dispatch.clock import now_of
from dispatch.gateway_receipts import gateway_of, may_tell, read_receipts, take_receipts
from web.guard import Body, read_body
from web.parts import PartsOf
from web.viewing import DATABASE_WAIT_S, open_to

router = APIRouter()


@router.post("/receipts/{channel}", dependencies=[open_to("public")])
def receipts(channel: str, request: Request, body: Body, parts: PartsOf) -> Response:
    """200 with how many messages were meant; 401 for whoever is not the channel's gateway."""
    settings = gateway_of(channel)
    if settings is None or not may_tell(settings, request.headers.get("authorization", "")):
        return JSONResponse({"error": "no gateway of ours: see SHIJING_SMS_RECEIPT_SECRET in docs/channels.md"}, 401)
    told = read_receipts(read_body(body, Any), settings)
    with parts.pool.connection(DATABASE_WAIT_S) as connection:
        taken = take_receipts(connection, channel, told, now_of(connection))
    return JSONResponse({"taken": taken})
