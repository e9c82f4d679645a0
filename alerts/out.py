"""Alerts back onto MQTT: `{root}/{division}/alert/{alert_id}`, retained while the alert is open.

An outbox: the live events tell, in commit order, which alerts have moved; what of each is told already is
kept in `out_alerts`. Both move on only after the broker has confirmed. A crash in between tells the same
again, never less, and within an alert never out of order.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import orjson
import psycopg

from alerts.cap_words import WordsOf
from alerts.out_alerts import ToldAlert, ToldTransition, alerts_by_id, read_transitions
from alerts.out_channel import Outgoing, Outlet
from alerts.out_json import step_json
from alerts.out_steps import Moved, as_of, steps
from alerts.out_store import Marks, Outbox
from alerts.out_words import RuleBook
from config.database import connect
from config.settings import OutSettings
from ingest.errors import BrokerError

log = logging.getLogger(__name__)

_AT_ONCE = 500  # live events
_LOOK_S = 1.0
_SWEEP_S = 5.0
_WAITS_S = (0.5, 30.0)


Histories = dict[int, list[ToldTransition]]  # all transitions of an alert


@dataclass(frozen=True, kw_only=True)
class Told:
    """One alert's part of a round."""

    alert: ToldAlert
    moves: tuple[Moved, ...]  # not told yet, or to be told again


class AlertsOut:
    """Tells one channel until it is stopped; a lost broker or database is waited for."""

    def __init__(self, database_url: str, outlet: Outlet, rules: RuleBook, settings: OutSettings) -> None:
        self._url = database_url
        self._outlet = outlet
        self._rules = rules
        self._settings = settings
        self._swept = 0.0

    def run(self, stop: threading.Event, *, restate: bool = False, ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`; `restate`: begin by saying again what is open. `ready` is called once it has its turn."""
        failures = 0
        while not stop.is_set():
            try:
                with connect(self._url, "alerts-out", autocommit=True) as connection:
                    outbox = Outbox(connection, "mqtt")
                    if not self._take_turn(outbox, stop):
                        return
                    if restate:
                        outbox.mark_open()
                        restate = False
                    ready()
                    ready = _nothing
                    failures = 0
                    self._work(outbox, stop)
            except (psycopg.OperationalError, BrokerError) as error:
                failures += 1
                wait = min(_WAITS_S[1], _WAITS_S[0] * 2 ** min(failures, 8))
                log.warning("alerts are not told: %s; next try in %.1f s", str(error).strip(), wait)
                stop.wait(wait)
        self._outlet.close()

    def _take_turn(self, outbox: Outbox, stop: threading.Event) -> bool:
        """Whether it is ours to tell: one process does, a second one waits until that has gone."""
        said = False
        while not outbox.lock():
            if not said:
                log.info("another process tells the alerts; waiting for it to end")
                said = True
            if stop.wait(_LOOK_S):
                return False
        outbox.begin()
        return True

    def _work(self, outbox: Outbox, stop: threading.Event) -> None:
        outbox.listen()
        outbox.close_gap()
        while not stop.is_set():
            if not self.tell_round(outbox, stop):
                outbox.wait(_LOOK_S / 2)

    def tell_round(self, outbox: Outbox, stop: threading.Event) -> bool:
        """Tell what the next live events moved, and what is due; False where there was nothing, or `stop` came."""
        after = outbox.cursor()
        upto, moved = outbox.next_events(after, _AT_ONCE)
        due = outbox.due(_AT_ONCE) + self._overlooked(outbox)
        if upto == after and not due:
            return False
        if upto > after and not outbox.whole(after):
            outbox.close_gap()
            return True
        marks = outbox.marks([*moved, *due])
        histories = _by_alert(read_transitions(outbox.connection, list(marks)))
        told = self._untold(outbox, marks, histories)
        words = self._rules.words(outbox.connection)
        if not self._outlet.send([one for part in told for one in self._messages(part, words)], stop):
            return False
        outbox.move(after, upto, marks, {number: rows[-1].id for number, rows in histories.items()})
        return True

    def _overlooked(self, outbox: Outbox) -> list[int]:
        """Now and then: live events name what moved itself, not what was hidden or shown because of it."""
        if time.monotonic() - self._swept < _SWEEP_S:
            return []
        self._swept = time.monotonic()
        return outbox.overlooked(_AT_ONCE)

    def _untold(self, outbox: Outbox, marks: Marks, histories: Histories) -> list[Told]:
        alerts = alerts_by_id(outbox.connection, list(histories))
        found = [
            Told(alert=alerts[number], moves=_left(steps(rows), marks[number].told, due=marks[number].due))
            for number, rows in histories.items()
        ]
        return [part for part in found if part.moves]

    def _messages(self, part: Told, words: WordsOf) -> Iterable[Outgoing]:
        if part.alert.exercise and not self._settings.exercises:
            return
        topic = self._topic(part.alert)
        rule = words(part.alert.rule_id)
        for moved in part.moves:
            payload = orjson.dumps(step_json(as_of(part.alert, moved), moved, rule), option=orjson.OPT_UTC_Z)
            yield Outgoing(topic=topic, payload=payload, retain=not moved.over)
            if moved.over:
                yield Outgoing(topic=topic, payload=b"", retain=True)

    def _topic(self, alert: ToldAlert) -> str:
        """Of an alert without a place: under the division of the sender."""
        division = alert.township_code or self._settings.sender[:6]
        return f"{self._settings.topic_root}/{division}/alert/{alert.id}"


def _nothing() -> None:
    pass


def _by_alert(transitions: Iterable[ToldTransition]) -> Histories:
    found: dict[int, list[ToldTransition]] = defaultdict(list)
    for transition in transitions:
        found[transition.alert_id].append(transition)
    return found


def _left(moves: Sequence[Moved], told: int, *, due: bool) -> tuple[Moved, ...]:
    """What is not told yet; of one that is due at least its present. Remarks stay inside."""
    spoken = [moved for moved in moves if not moved.stays_inside]
    left = [moved for moved in spoken if moved.transition.id > told]
    return tuple(left or (spoken[-1:] if due else []))
