"""When the ledger checks itself, and what it makes of an alert's rows."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.ledger_account import Account, Span
from alerts.ledger_history import Standing, Written, faults
from alerts.ledger_keeper import LedgerStanding, due
from alerts.lifecycle import Row

NOW = datetime(2026, 5, 4, 10, 35, tzinfo=UTC)
EVERY = timedelta(minutes=10)
YESTERDAY = datetime(2026, 5, 3, tzinfo=UTC)


def spans(*, until: datetime | None, day: datetime | None = YESTERDAY) -> list[tuple[str, datetime | None]]:
    return [(one.kind, one.span.since) for one in due(NOW, until, day, EVERY)]


def test_the_first_span_is_the_last_ten_minutes_and_the_day_before() -> None:
    assert spans(until=None, day=None) == [("span", NOW - EVERY), ("day", YESTERDAY)]


def test_the_next_one_goes_on_where_the_last_one_ended() -> None:
    assert spans(until=NOW - timedelta(minutes=9)) == []
    assert spans(until=NOW - EVERY) == [("span", NOW - EVERY)]
    assert spans(until=NOW - timedelta(hours=5)) == [("span", NOW - timedelta(hours=5))], "it was down for so long"
    assert spans(until=NOW - timedelta(days=9)) == [("span", NOW - timedelta(days=1))]


def test_a_day_is_checked_once() -> None:
    assert spans(until=NOW, day=YESTERDAY - timedelta(days=1)) == [("day", YESTERDAY)]
    assert spans(until=NOW, day=YESTERDAY) == []


def test_readings_are_counted_by_whole_hours() -> None:
    hours = Span(since=NOW, until=NOW + timedelta(minutes=10)).hours()
    assert (hours.since, hours.until) == (NOW.replace(minute=0), NOW.replace(hour=11, minute=0))
    exact = Span(since=NOW.replace(minute=0), until=NOW.replace(hour=11, minute=0))
    assert exact.hours() == exact
    assert Span().hours() == Span()


def test_an_account_names_the_first_and_counts_the_rest() -> None:
    told = Account(name="x", expected=9, found=2, faults=tuple("abcdefg")).as_dict()
    assert (told["difference"], told["balanced"], told["missing"], told["more"]) == (7, False, list("abcde"), 2)


def test_what_was_never_checked_is_neither() -> None:
    assert LedgerStanding(checked_at=None, age_s=None, imbalances=[]).balanced is None
    assert LedgerStanding(checked_at=NOW, age_s=1.0, imbalances=[]).balanced is True
    wrong = [{"from": None, "to": None, "accounts": [{"name": "runs", "difference": n}]} for n in (1, -3)]
    found = LedgerStanding(checked_at=NOW, age_s=1.0, imbalances=wrong)
    assert (found.balanced, found.accounts()) == (False, {"runs": 3})


def told(
    id_: int, *steps: str, time: int = 0, retracts: bool = False, revision: int = 0, kind: str = "level"
) -> Written:
    from_level, to_level, from_state, to_state = steps
    row = Row(
        kind=kind,
        time=time or id_,
        from_level=from_level,  # type: ignore[arg-type]
        to_level=to_level,  # type: ignore[arg-type]
        to_state=to_state,
        reason="corrected" if revision else "raised",
        retracts=retracts,
        revision=revision,
    )
    return Written(id=id_, from_state=from_state, row=row)


LIFE = [
    told(1, "none", "blue", "none", "open"),
    told(2, "blue", "blue", "open", "acknowledged", kind="state"),
    told(3, "blue", "red", "acknowledged", "acknowledged"),
    told(4, "red", "yellow", "acknowledged", "acknowledged"),
    told(5, "yellow", "none", "acknowledged", "resolved"),
]
ENDED = Standing(id=7, level="yellow", state="resolved", revision=0)


def test_a_whole_life_holds() -> None:
    assert faults(ENDED, LIFE) == []


@pytest.mark.parametrize("gone", range(5))
def test_a_life_without_any_one_of_its_transitions_does_not(gone: int) -> None:
    left = LIFE[:gone] + LIFE[gone + 1 :]
    found = faults(ENDED, left)
    assert found, LIFE[gone]
    assert all(fault.startswith("alert 7") for fault in found)


def test_a_correction_is_folded_in() -> None:
    corrected = [*LIFE[:1], told(2, "none", "blue", "open", "resolved", time=1, retracts=True, revision=1)]
    assert faults(Standing(id=7, level="blue", state="resolved", revision=1), corrected) == []
    assert faults(Standing(id=7, level="blue", state="resolved", revision=2), corrected) == [
        "alert 7: it was corrected 2 times, its transitions say 1"
    ]
    assert (
        "its transitions say blue and resolved"
        in faults(Standing(id=7, level="blue", state="open", revision=1), corrected)[0]
    )
