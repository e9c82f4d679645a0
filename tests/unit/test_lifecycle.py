"""The life of alerts: whatever the kernel says, takes back and puts right, and whatever people do in between."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alerts.kernel import Reason, Transition
from alerts.levels import LEVELS, Level, highest, rank
from alerts.lifecycle import Moves, Row, apply, fold
from alerts.standing import BY_PEOPLE, EDGES, NOWHERE, Alert, Key, Nature, Pair, Place, Said

RULE, SUBJECT = "river-stage", 7
KEY = (RULE, SUBJECT)
NATURE = Nature(family="flood", reopen_us=30)
Change = tuple[int, Level, Level]  # time, from, to


def transition(change: Change, reason: Reason = "raised", *, retracts: bool = False) -> Transition:
    time, from_level, to_level = change
    return Transition(
        rule_id=RULE,
        subject=SUBJECT,
        time=time,
        from_level=from_level,
        to_level=to_level,
        value=float(rank(to_level)),
        reason=reason,
        retracts=retracts,
    )


@dataclass
class Book:
    """What a database would hold of one rule and subject: its alerts and the rows of each."""

    alerts: list[Alert] = field(default_factory=list)
    rows: dict[int, list[Row]] = field(default_factory=dict)
    ended_by_person: bool = False

    def take(self, told: Sequence[Transition], place: Place = NOWHERE) -> Moves:
        """As `record` does: read what the batch may touch, apply, write."""
        corrects = any(one.retracts or one.reason == "corrected" for one in told)
        self.alerts.sort(key=lambda alert: (alert.is_open, alert.resolved_at or 0))
        concerned = sorted(self.alerts, key=lambda alert: alert.opened_at) if corrects else self.alerts[-1:]
        for alert in concerned:
            alert.said = self.said(alert) if corrects else []
            alert.is_new = alert.begins_anew = False
        pairs: dict[Key, Pair] = {KEY: Pair(rule_id=RULE, subject=SUBJECT, alerts=list(concerned), place=place)}
        moves = apply(told, pairs, {RULE: NATURE})
        for alert in pairs[KEY].alerts:
            if alert.is_new:
                alert.id = len(self.alerts) + 1
                self.alerts.append(alert)
        for step in moves.steps:
            one = step.transition
            self.write(
                step.alert,
                Row(
                    kind="level",
                    time=one.time,
                    from_level=one.from_level,
                    to_level=one.to_level,
                    to_state=step.to_state,
                    reason=step.reason,
                    retracts=one.retracts,
                    revision=step.revision,
                ),
                step.from_state,
            )
        return moves

    def write(self, alert: Alert, row: Row, from_state: str) -> None:
        assert alert.id is not None
        rows = self.rows.setdefault(alert.id, [])
        assert from_state == (rows[-1].to_state if rows else "none"), "every row goes on from the one before"
        assert row.to_state == from_state or row.to_state in EDGES[from_state], (from_state, row.to_state)
        rows.append(row)

    def act(self, alert: Alert, state: str) -> None:
        """What a person does, where the edges allow it."""
        if state not in BY_PEOPLE[alert.state]:
            return
        before, alert.state = alert.state, state
        alert.was_acknowledged |= state in ("acknowledged", "in_hand")
        alert.was_in_hand |= state == "in_hand"
        if state in ("resolved", "closed"):
            alert.resolved_at = alert.resolved_at if alert.resolved_at is not None else alert.changed_at
            self.ended_by_person = True
        row = Row(
            kind="state",
            time=alert.changed_at,
            from_level=alert.level,
            to_level=alert.level,
            to_state=state,
            reason=state,
            retracts=False,
            revision=alert.revision,
        )
        self.write(alert, row, before)

    def said(self, alert: Alert) -> list[Said]:
        """As read from the database: what was said and not taken back."""
        found: list[Said] = []
        for row in self.rows.get(alert.id if alert.id is not None else -1, []):
            one = Said(time=row.time, from_level=row.from_level, to_level=row.to_level, value=float(rank(row.to_level)))
            if row.kind == "level" and not row.retracts:
                found.append(one)
            elif row.kind == "level" and one in found:
                found.remove(one)
        return sorted(found, key=lambda one: one.time)

    def history(self) -> Counter[Change]:
        """All that is said, over all alerts."""
        return Counter((one.time, one.from_level, one.to_level) for alert in self.alerts for one in self.said(alert))

    def check(self, history: Sequence[Change]) -> None:
        """The promises."""
        standing = [alert for alert in self.alerts if alert.is_open]
        assert len(standing) <= 1
        for alert in self.alerts:
            assert fold(self.rows[alert.id or 0]) == (alert.level, alert.state)
        assert self.history() == Counter(history)
        level = history[-1][2] if history else "none"
        if level == "none":
            assert not standing
        elif not self.ended_by_person:
            assert [alert.level for alert in standing] == [level]


def changes(levels: Sequence[tuple[int, Level]]) -> list[Change]:
    """Levels at times as changes of level; a level that stays is none."""
    found: list[Change] = []
    for time, level in levels:
        before = found[-1][2] if found else "none"
        if level != before:
            found.append((time, before, level))
    return found


def corrected(before: Sequence[Change], after: Sequence[Change]) -> list[Transition]:
    """What leads from one history to the other."""
    lost, gained = Counter(before) - Counter(after), Counter(after) - Counter(before)
    return [
        *(transition(one, retracts=True) for one in sorted(lost)),
        *(transition(one, "corrected") for one in sorted(gained)),
    ]


_levels = st.sampled_from(LEVELS)
some_operations = st.lists(
    st.one_of(
        st.tuples(st.just("goes on"), st.lists(st.tuples(st.integers(1, 40), _levels), min_size=1, max_size=3)),
        st.tuples(st.just("corrects"), st.lists(st.tuples(st.integers(0, 60), _levels), min_size=1, max_size=3)),
        st.tuples(st.just("act"), st.sampled_from(["acknowledged", "in_hand", "resolved", "closed"])),
    ),
    max_size=14,
)


@given(some_operations)
def test_whatever_is_said_taken_back_and_done(operations: list[tuple[str, object]]) -> None:
    """One open alert; states along the edges; a row for every change; the rows folded are the alert."""
    book, samples = Book(), dict[int, Level]()
    for kind, what in operations:
        before, newest = changes(sorted(samples.items())), max(samples, default=0)
        if kind == "goes on" and isinstance(what, list):
            for later, level in what:
                newest += later
                samples[newest] = level
            after = changes(sorted(samples.items()))
            book.take([transition(one) for one in after[len(before) :]])
        elif kind == "corrects" and isinstance(what, list) and newest:
            samples |= {max(1, newest - back): level for back, level in what}
            book.take(corrected(before, changes(sorted(samples.items()))))
        elif kind == "act" and book.alerts:
            book.act(book.alerts[-1], str(what))
        book.check(changes(sorted(samples.items())))


def story(*levels: Level, start: int = 10, step: int = 10) -> list[Transition]:
    """Transitions through the levels."""
    return [transition((start + number * step, *two)) for number, two in enumerate(pairwise(levels))]


def test_a_rise_soon_after_is_the_same_alert_again() -> None:
    book = Book()
    book.take(story("none", "yellow", "none"))
    book.act(book.alerts[0], "resolved")
    moves = book.take(story("none", "blue", start=50))
    assert [(step.reason, step.from_state, step.to_state) for step in moves.steps] == [("reopened", "resolved", "open")]
    assert (len(book.alerts), book.alerts[0].peak, book.alerts[0].resolved_at) == (1, "yellow", None)
    book.take(story("blue", "none", start=60))
    book.take(story("none", "blue", start=91))
    assert [alert.state for alert in book.alerts] == ["resolved", "open"]


def test_what_a_person_closed_stays_closed() -> None:
    book = Book()
    book.take(story("none", "orange"))
    book.act(book.alerts[0], "closed")
    fall = book.take(story("orange", "blue", start=20))
    assert [(step.reason, step.to_state) for step in fall.steps] == [("raised", "closed")]
    book.take(story("blue", "red", start=30))
    assert [(alert.state, alert.level) for alert in book.alerts] == [("closed", "blue"), ("open", "red")]


def test_a_raise_that_should_not_have_been_ends_the_alert() -> None:
    book = Book()
    book.take(story("none", "orange"))
    book.act(book.alerts[0], "acknowledged")
    moves = book.take([transition((10, "none", "orange"), retracts=True)])
    alert = book.alerts[0]
    assert [(step.from_state, step.to_state, step.revision) for step in moves.steps] == [
        ("acknowledged", "resolved", 1)
    ]
    assert (alert.state, alert.level, alert.revision, alert.said) == ("resolved", "orange", 1, [])


def test_a_clearing_that_should_not_have_been_gives_the_alert_back_as_it_was() -> None:
    book = Book()
    book.take(story("none", "orange"))
    book.act(book.alerts[0], "in_hand")
    book.take(story("orange", "none", start=20))
    assert book.alerts[0].state == "resolved"
    book.take([transition((20, "orange", "none"), retracts=True)])
    assert (book.alerts[0].state, book.alerts[0].resolved_at) == ("in_hand", None)


def test_a_raise_that_was_earlier_and_higher_moves_the_alert_and_keeps_who_has_it() -> None:
    book = Book()
    book.take(story("none", "blue"))
    book.act(book.alerts[0], "acknowledged")
    moves = book.take(corrected([(10, "none", "blue")], [(8, "none", "red"), (10, "red", "blue")]))
    alert = book.alerts[0]
    assert (len(book.alerts), alert.opened_at, alert.level, alert.peak) == (1, 8, "blue", "red")
    assert {step.to_state for step in moves.steps} == {"acknowledged"}
    assert [(step.reason, step.transition.retracts) for step in moves.steps] == [
        ("raised", True),
        ("corrected", False),
        ("corrected", False),
    ]


def test_an_episode_that_was_overlooked_is_an_alert_of_its_own() -> None:
    book = Book()
    book.take(story("none", "blue", start=100))
    book.take(corrected([], [(10, "none", "red"), (20, "red", "none")]))
    assert [(alert.state, alert.level, alert.opened_at) for alert in book.alerts] == [
        ("open", "blue", 100),
        ("resolved", "red", 10),
    ]


def test_what_belongs_to_no_alert_is_an_orphan() -> None:
    book = Book()
    orphans = book.take(
        [*story("blue", "none"), transition((5, "none", "blue"), retracts=True), *corrected([], [(7, "blue", "none")])]
    ).orphans
    assert (len(orphans), book.alerts) == (3, [])


def test_a_fall_without_an_alert_is_an_alert() -> None:
    """The kernel knows of a level that no alert tells: better one too many."""
    book = Book()
    book.take(story("red", "yellow"))
    assert [(alert.state, alert.level) for alert in book.alerts] == [("open", "yellow")]


def test_a_rise_under_a_shelf_is_marked_and_one_after_it_is_not() -> None:
    book = Book()
    book.take(story("none", "blue"), Place(suppressed_by=3))
    assert book.alerts[0].suppressed_by == 3
    book.take(story("blue", "none", start=20))
    assert book.alerts[0].suppressed_by == 3, "a fall changes nothing"
    book.take(story("none", "red", start=30))
    assert book.alerts[0].suppressed_by is None


def test_a_step_knows_its_level() -> None:
    alert = replace(Book().take(story("none", "yellow", "red", "blue")).steps[0].alert)
    assert (alert.peak, highest(alert.level)) == ("red", "blue")
