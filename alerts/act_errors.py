"""What acts on alerts raise on purpose.

AlertsError
├── AlertUnknown   no alert, suppression, subject or division of that name
└── ActRefused     the act does not go with how things stand
"""

from alerts.errors import AlertsError


class AlertUnknown(AlertsError):
    """There is no such alert, or nothing of that name."""

    def __init__(self, what: int | str) -> None:
        super().__init__(f"there is no alert {what}" if isinstance(what, int) else what)


class ActRefused(AlertsError):
    """An act that does not go with how things stand: says why, and what goes."""
