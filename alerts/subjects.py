"""What an alert may be about, as one number: the kind in the upper 32 bits, the row's own id in the lower ones.

A sensor's number is its id, so that what was written before there were other kinds still holds.
"""

from typing import Literal

Kind = Literal["sensor", "device", "gateway", "division", "report", "ledger"]

KINDS: tuple[Kind, ...] = ("sensor", "device", "gateway", "division", "report", "ledger")
_SHIFT = 32
_LOW = (1 << _SHIFT) - 1


def of(kind: Kind, number: int) -> int:
    """The subject that is this row: of sensors, of devices (also for gateways), of divisions, of alerts (reports).

    The ledger is one subject, number 0: it has no row.
    """
    return KINDS.index(kind) << _SHIFT | number


def kind_of(subject: int) -> Kind:
    """What kind of thing it is."""
    return KINDS[subject >> _SHIFT]


def number_of(subject: int) -> int:
    """The id of its row."""
    return subject & _LOW


def sensor_id(subject: int) -> int | None:
    """The sensor's id; None where the subject is none."""
    return subject if subject <= _LOW else None
