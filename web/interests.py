"""Which sensors concern a screen: those that its scope shows it, in the division that it has in view.

Read once for all screens of an interest, and anew when the registry or the boundaries change. Where they are too many
to be drawn one by one, a screen is told only of those with an open alert.
"""

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.readers import ReaderLogin
from access.scope import EVERYWHERE, Scope
from config.database import Connection
from web.hub import Interest
from web.state import Seen, read_seen


@dataclass(frozen=True, kw_only=True)
class _Kept:
    seen: Seen
    mask: NDArray[np.bool_] | None  # by the sensor's number; None: all of them


class Interests:
    """The sensors of each interest; from any thread."""

    def __init__(self, login: ReaderLogin) -> None:
        self._login = login
        self._lock = threading.Lock()
        self._age = 0  # counts how often all of it was let go
        self._kept: dict[Interest, _Kept] = {}
        self._alerted: dict[Scope, NDArray[np.bool_]] = {}

    def forget(self) -> None:
        """Sensors came, went or belong elsewhere: read anew."""
        with self._lock:
            self._age += 1
            self._kept = {}

    def keep_only(self, interests: Collection[Interest]) -> None:
        """Let go of those that no screen has any more."""
        scopes = {interest.scope for interest in interests}
        with self._lock:
            self._kept = {interest: kept for interest, kept in self._kept.items() if interest in interests}
            self._alerted = {scope: mask for scope, mask in self._alerted.items() if scope in scopes}

    def alert(self, scope: Scope, sensors: Iterable[int]) -> None:
        """Which sensors of the scope have an open alert now."""
        mask = _mask(sensors)
        with self._lock:
            self._alerted[scope] = mask

    def alerted(self, connection: Connection, interest: Interest, sensors: frozenset[int]) -> frozenset[int] | None:
        """Of sensors with an open alert those of the interest; None where it is told of all its sensors."""
        kept = self._read(connection, interest)
        return kept.seen.those(sensors) if kept.seen.shown == "alerts" else None

    def of(self, connection: Connection, interest: Interest, sensors: NDArray[np.intp]) -> NDArray[np.intp]:
        """Of these sensors those that the interest is told of."""
        kept = self._read(connection, interest)
        sensors = sensors if kept.mask is None else _among(kept.mask, sensors)
        if kept.seen.shown == "all":
            return sensors
        with self._lock:
            alerted = self._alerted.get(interest.scope, _mask([]))
        return _among(alerted, sensors)

    def _read(self, connection: Connection, interest: Interest) -> _Kept:
        """`connection` is a reader's own; it shows everything again afterwards."""
        with self._lock:
            age, kept = self._age, self._kept.get(interest)
        if kept is not None:
            return kept
        self._login.narrow(connection, interest.scope)
        seen = read_seen(connection, interest.division)
        self._login.narrow(connection, EVERYWHERE)
        kept = _Kept(seen=seen, mask=None if seen.sensors is None else _mask(seen.sensors))
        with self._lock:
            if age == self._age:
                self._kept[interest] = kept
        return kept


def _among(mask: NDArray[np.bool_], sensors: NDArray[np.intp]) -> NDArray[np.intp]:
    sensors = sensors[sensors < len(mask)]
    return sensors[mask[sensors]]


def _mask(sensors: Iterable[int]) -> NDArray[np.bool_]:
    numbers = np.fromiter(sensors, dtype=np.intp)
    mask = np.zeros(int(numbers.max()) + 1 if len(numbers) else 0, dtype=bool)
    mask[numbers] = True
    return mask
