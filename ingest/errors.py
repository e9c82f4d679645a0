"""Why a message or a reading is refused.

ShijingError
└── IngestError
    ├── Refused          one message or reading that goes to quarantine
    └── BrokerError      the broker cannot be reached or used
"""

from config.errors import ShijingError


class IngestError(ShijingError):
    """Something between the broker and the readings table went wrong."""


class Refused(IngestError):
    """A message or reading that cannot be accepted; `reason` is a short code, the text says how to mend it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class BrokerError(IngestError):
    """The MQTT broker cannot be reached, or refuses us."""
