"""What a gateway tells later of its messages: that one arrived, or never will. Its form is what the settings say."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from config.channel_settings import SmsSettings, VoiceSettings
from config.database import Connection
from config.gateway_settings import GatewaySettings
from dispatch.addresses import QUERIES
from dispatch.settling import settle, tell

MOST = 1000  # receipts at a time


@dataclass(frozen=True, kw_only=True)
class GatewayReceipt:
    """One word of one message."""

    key: UUID
    delivered: bool
    state: str  # in the gateway's words


def gateway_of(channel: str) -> GatewaySettings | None:
    """The settings of a channel whose gateway may send receipts; None where there is none."""
    settings: GatewaySettings | None = {"sms": SmsSettings, "voice": VoiceSettings}.get(channel, lambda: None)()
    return settings if settings is not None and settings.receipt_secret else None


def may_tell(settings: GatewaySettings, authorization: str) -> bool:
    """Whether it is the gateway that asks."""
    wanted = f"Bearer {settings.receipt_secret.get_secret_value()}"
    return hmac.compare_digest(authorization.encode(), wanted.encode())


def read_receipts(told: Any, settings: GatewaySettings) -> list[GatewayReceipt]:
    """The receipts of a body that is one object or a list of them; what says nothing of a message's end is left out."""
    rows = told if isinstance(told, list) else [told]
    return [one for row in rows[:MOST] if isinstance(row, dict) and (one := _receipt(row, settings)) is not None]


def take_receipts(connection: Connection, channel: str, receipts: Sequence[GatewayReceipt], at: datetime) -> int:
    """Write them, all in one transaction; how many deliveries they were about. `at` by the clock of the runs."""
    with connection.transaction():
        found: list[int] = []
        for one in receipts:
            named = {**vars(one), "channel": channel, "at": at, "detail": f"the gateway: {one.state[:40]}"}
            found += [number for (number,) in connection.execute(QUERIES["receipt"], named)]
        moved = connection.execute(QUERIES["receipt_assignments"], {"ids": found}).fetchall()
        settle(connection, {task for _, _, task in moved}, at)
        about = connection.execute(QUERIES["assignments_of"], {"ids": found}).fetchall()
        tell(connection, about)
    return len(found)


def _receipt(row: dict[str, Any], settings: GatewaySettings) -> GatewayReceipt | None:
    state = str(row.get(settings.receipt_state, ""))
    delivered = state in settings.receipt_delivered
    if not (delivered or state in settings.receipt_failed):
        return None
    try:
        return GatewayReceipt(key=UUID(str(row.get(settings.receipt_key))), delivered=delivered, state=state)
    except ValueError:
        return None
