"""The figures of the command centre are what a plain count of the records says: by day, division, step and rule."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from access.scope import EVERYWHERE, Scope, as_reader, narrow, read_seal
from config.database import Connection, connect
from config.logs import BEIJING
from events.figures import Period, closure, step_times
from events.report_data import records
from screen import figures
from screen.figures_period import Asked, Unit, begin_of, days_of
from tests.database.clones import cloned
from tests.database.figures_seed import NOW, Row, Seeded, add_alert, seed_figures
from tests.database.out_seed import DISTRICT, GRID, OTHER_TOWNSHIP, TOWNSHIP
from tests.database.rights_city import SECOND_TOWNSHIP, VILLAGE

WITHIN: tuple[str | None, ...] = (None, DISTRICT, TOWNSHIP, VILLAGE, GRID)
Page = Callable[[Scope], Connection]


@pytest.fixture(scope="module")
def made_url(server_url: str, template: str) -> Iterator[tuple[str, Seeded]]:
    """A seeded database for the module, and what is in it: the tests here change nothing, or their own."""
    with cloned(server_url, template, "shijing_figures_seeded") as url:
        with connect(url, "test", autocommit=True) as owner:
            made = seed_figures(owner)
        yield url, made


@pytest.fixture
def made(made_url: tuple[str, Seeded]) -> Seeded:
    return made_url[1]


@pytest.fixture
def page(made_url: tuple[str, Seeded]) -> Iterator[Page]:
    """Connections as pages have them."""
    url, _ = made_url
    with connect(url, "test", autocommit=True) as owner, connect(url, "test", autocommit=True) as reader:
        seal = read_seal(owner)
        as_reader(reader)

        def narrowed(scope: Scope) -> Connection:
            narrow(reader, scope, seal)
            return reader

        yield narrowed


def asked(
    made: Seeded, within: str | None = None, level: Unit = "township", first: date = date(2026, 11, 7),
    last: date = date(2026, 11, 20), *, exercise: bool = False,
) -> Asked:  # fmt: skip
    return Asked(
        since=begin_of(first), until=begin_of(last + timedelta(days=1)), now=NOW, level=level,
        within=None if within is None else made.city.divisions[within],
        cell=level if level in ("village", "grid") else "township", exercise=exercise,
    )  # fmt: skip


def meant(rows: Iterable[Row], one: Asked, made: Seeded, at: str, drill: str | None) -> list[Row]:
    """Those of the time, the place, and of drills or not."""
    codes = {number: code for code, number in made.city.divisions.items()}
    where = None if one.within is None else codes[one.within]
    return [
        row for row in rows
        if one.since <= row[at] < one.until and (drill is None or row[drill] == one.exercise)
        and (where is None or where in (row["district"], row["township"], row["village"], row["grid"]))
    ]  # fmt: skip


def alerts_of(made: Seeded, one: Asked) -> list[Row]:
    return [row for row in meant(made.alerts, one, made, "opened", "exercise") if not row["held"]]


def cont(values: list[float], share: float) -> float:
    """Between two values in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def spread(pairs: Iterable[tuple[datetime | None, datetime | None]]) -> tuple[Any, ...]:
    taken = [(to - since).total_seconds() for since, to in pairs if since is not None and to is not None]
    ends = [0, *figures.BINS_S, 10**12]
    bins = [sum(low <= one < high for one in taken) for low, high in pairwise(ends)]
    return len(taken), [pytest.approx(cont(taken, share)) for share in (0.5, 0.9, 0.99)], bins


def shown(taken: Iterable[figures.Taken]) -> dict[str, tuple[Any, ...]]:
    return {one.step: (one.count, list(one.marks), one.bins) for one in taken if one.of_all}


@pytest.mark.parametrize("within", WITHIN)
@pytest.mark.parametrize("exercise", [False, True])
def test_alerts_are_counted_by_day_family_and_division(
    made: Seeded, page: Page, within: str | None, exercise: bool
) -> None:
    one = asked(made, within, exercise=exercise)
    rows = figures.alert_counts(page(EVERYWHERE), one)
    expected = alerts_of(made, one)
    assert len(expected) > 3 or exercise
    number = made.city.divisions
    found: dict[str, Counter[Any]] = {by: Counter() for by in ("all", "day", "family", "unit")}
    for row in rows:
        key = {"day": row.day, "family": row.family, "unit": row.unit_id, "all": None}[row.by]
        found[row.by][key, row.peak] = row.count
    assert found["all"] == Counter((None, row["peak"]) for row in expected)
    assert found["day"] == Counter((row["opened"].astimezone(BEIJING).date(), row["peak"]) for row in expected)
    assert found["family"] == Counter((row["family"], row["peak"]) for row in expected)
    assert found["unit"] == Counter((number[row["township"]], row["peak"]) for row in expected)
    assert figures.alert_totals(page(EVERYWHERE), one) == Counter(row["peak"] for row in expected)


@pytest.mark.parametrize("within", WITHIN)
def test_times_of_alerts_and_tasks_are_what_a_plain_count_says(made: Seeded, page: Page, within: str | None) -> None:
    one = asked(made, within, "grid" if within in (TOWNSHIP, VILLAGE, GRID) else "township")
    reader = page(EVERYWHERE)
    alerts = alerts_of(made, one)
    assert shown(figures.alert_times(reader, one)) == {
        step: spread((row["opened"], row[step]) for row in alerts)
        for step in ("acknowledged", "in_hand", "resolved", "closed") if any(row[step] for row in alerts)
    }  # fmt: skip
    tasks = meant(made.tasks, one, made, "called", "drill")
    assert shown(figures.tasks(reader, one).times) == {
        step: spread((row["called"], row[step]) for row in tasks)
        for step in ("acknowledged", "on_site", "done") if any(row[step] for row in tasks)
    }  # fmt: skip
    medians = {row.unit_id: row.median_s for row in figures.tasks(reader, one).times if not row.of_all}
    anchor = "township" if one.level == "township" else "grid"
    by_hand: dict[int, list[float]] = {}
    for row in tasks:
        if row["acknowledged"] and row[anchor]:
            seconds = (row["acknowledged"] - row["called"]).total_seconds()
            by_hand.setdefault(made.city.divisions[row[anchor]], []).append(seconds)
    assert medians == {unit: pytest.approx(statistics.median(found)) for unit, found in by_hand.items()}


@pytest.mark.parametrize("exercise", [False, True])
def test_tasks_are_counted_as_called_answered_done_late_and_open(made: Seeded, page: Page, exercise: bool) -> None:
    one = asked(made, exercise=exercise)
    rows = figures.tasks(page(EVERYWHERE), one).counts
    tasks = meant(made.tasks, one, made, "called", "drill")

    def plain(there: list[Row]) -> tuple[int, ...]:
        late = [row for row in there if not row["spared"] and (row["done"] or row["ended"] or NOW) > row["due"]]
        return (
            sum(not row["spared"] for row in there), sum(bool(row["acknowledged"]) for row in there),
            sum(bool(row["done"]) for row in there), len(late), sum(row["ended"] is None for row in there),
        )  # fmt: skip

    found = {
        row.unit_id if not row.of_all else "all": (row.called, row.answered, row.done, row.late, row.open)
        for row in rows
    }
    assert found == {
        "all": plain(tasks),
        **{
            made.city.divisions[code]: plain(there)
            for code in (TOWNSHIP, SECOND_TOWNSHIP, OTHER_TOWNSHIP)
            if (there := [row for row in tasks if row["township"] == code])
        },
    }


@pytest.mark.parametrize("within", WITHIN)
def test_closure_is_that_of_the_page_of_events(made: Seeded, page: Page, within: str | None) -> None:
    one, reader = asked(made, within), page(EVERYWHERE)
    period = Period(since=one.since, until=one.until, within=one.within)
    assert figures.event_closure(reader, one) == closure(reader, period)
    events = meant(made.events, one, made, "reported", None)
    whole = next(row for row in figures.event_closure(reader, one) if row.of_all)
    assert (whole.reported, whole.closed) == (len(events), sum(bool(row["closed"]) for row in events))
    assert whole.closed_grid == sum(bool(row["closed"]) and row["level"] == "grid" for row in events)
    theirs = {row.act: (row.count, row.median_s, row.p90_s) for row in step_times(reader, period) if row.of_all}
    ours = {row.step: (row.count, row.marks[0], row.marks[1]) for row in figures.event_times(reader, one)}
    assert ours == {step: pytest.approx(taken) for step, taken in theirs.items()}


def test_alerts_are_as_many_as_the_weekly_report_lists(made: Seeded, page: Page) -> None:
    one, reader = asked(made), page(EVERYWHERE)
    period = Period(since=one.since, until=one.until, within=one.within)
    report = records(reader, period, until_now=NOW)
    real, drills = (sum(figures.alert_totals(reader, asked(made, exercise=drill)).values()) for drill in (False, True))
    assert real + drills == len(report.alerts)
    tasks = [figures.tasks(reader, asked(made, exercise=drill)).counts for drill in (False, True)]
    assert sum(row.done for rows in tasks for row in rows if row.of_all) == sum(
        row["done_at"] is not None for row in report.answered
    )


def test_false_alarms_are_told_by_rule(made: Seeded, page: Page) -> None:
    one = asked(made)
    expected = Counter((row["rule"], row["cause"]) for row in alerts_of(made, one))
    for row in figures.false_alarms(page(EVERYWHERE), one):
        by = {cause: expected[row.rule_id, cause] for cause in ("real", "false", "test", None)}
        assert (row.raised, row.judged) == (sum(by.values()), sum(by.values()) - by[None])
        assert (row.real, row.false_alarms, row.trials) == (by["real"], by["false"], by["test"])
    assert {row for row, _ in expected} == {row.rule_id for row in figures.false_alarms(page(EVERYWHERE), one)}


def test_load_is_told_by_person_or_by_post_and_place(made: Seeded, page: Page) -> None:
    one = asked(made, TOWNSHIP)
    tasks = [row for row in meant(made.tasks, one, made, "called", "drill") if row["person"]]
    number = made.city.divisions
    people = figures.tasks(page(EVERYWHERE), one, by_person=True).load
    assert {row.person_id: row.answered for row in people} == Counter(row["person"] for row in tasks)
    posts = figures.load_by_post(page(EVERYWHERE), one)
    assert all(row.person_id is None for row in posts)
    assert {row.division_id: row.answered for row in posts} == Counter(number[row["division"]] for row in tasks)
    [grid] = [row for row in posts if row.division_id == number[GRID]]
    there = [row for row in tasks if row["division"] == GRID]
    assert (grid.people, grid.holders) == (len({row["person"] for row in there}), 4)
    assert (grid.done, grid.open) == (sum(bool(row["done"]) for row in there), sum(not row["ended"] for row in there))


def test_a_day_begins_at_midnight_in_shanghai(made: Seeded, page: Page, made_url: tuple[str, Seeded]) -> None:
    url, _ = made_url
    midnight = datetime(2026, 10, 1, 16, tzinfo=UTC)  # of the 2nd
    base: Row = {
        **dict.fromkeys(("acknowledged", "in_hand", "resolved", "closed", "cause", "grid")), "township": TOWNSHIP,
        "peak": "red", "family": "flood", "rule": "border", "exercise": False, "held": False,
    }  # fmt: skip
    with connect(url, "test", autocommit=True) as owner:
        for at in (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(days=1)):
            add_alert(owner, made, {**base, "opened": at, "rule": f"border-{at:%H%M%S%f}-{at:%d}"})
    days = {
        (row.day, row.count)
        for row in figures.alert_counts(page(EVERYWHERE), asked(made, first=date(2026, 10, 1), last=date(2026, 10, 2)))
        if row.by == "day"
    }
    assert days == {(date(2026, 10, 1), 1), (date(2026, 10, 2), 1)}
    assert days_of("today", NOW.replace(hour=16)) == (date(2026, 11, 21), date(2026, 11, 21))
    assert days_of("7d", NOW) == (date(2026, 11, 14), date(2026, 11, 20))


def test_of_nothing_there_is_nothing(made: Seeded, page: Page) -> None:
    one, reader = asked(made, first=date(2025, 1, 1), last=date(2025, 1, 3)), page(EVERYWHERE)
    assert figures.alert_counts(reader, one) == []
    assert (
        figures.alert_times(reader, one) == figures.tasks(reader, one).times == figures.event_times(reader, one) == []
    )
    assert figures.false_alarms(reader, one) == figures.load_by_post(reader, one) == []
    [of_all] = figures.event_closure(reader, one)
    assert (of_all.reported, of_all.rate()) == (0, None)
    assert [row.called for row in figures.tasks(reader, one).counts] == [0]


def test_a_township_sees_its_own_alone(made: Seeded, page: Page) -> None:
    reader = page(Scope(divisions=frozenset([made.city.divisions[TOWNSHIP]])))
    for level in ("township", "grid"):
        everywhere, theirs = asked(made, level=level), asked(made, TOWNSHIP, level)  # type: ignore[arg-type]
        assert figures.alert_counts(reader, everywhere) == figures.alert_counts(page(EVERYWHERE), theirs)
        reader = page(Scope(divisions=frozenset([made.city.divisions[TOWNSHIP]])))
    everywhere = asked(made)
    own = {number for code, number in made.city.divisions.items() if code.startswith(TOWNSHIP)}
    assert {row.unit_id for row in figures.tasks(reader, everywhere).counts if not row.of_all} <= own
    assert {row.division_id for row in figures.tasks(reader, everywhere, by_person=True).load} <= own
    assert {row.division_id for row in figures.event_closure(reader, everywhere) if not row.of_all} <= own
    assert figures.division(reader, made.city.divisions[OTHER_TOWNSHIP], at=NOW) is None
    assert figures.division(reader, made.city.divisions[GRID], at=NOW) is not None
    [whole] = [row for row in figures.coverage(reader, everywhere) if row.of_all]
    assert (whole.cells, whole.covered, whole.sensors) == (1, 1, 2)


def silence(connection: Connection, subject: int, since: datetime, until: datetime | None) -> None:
    connection.execute(
        "insert into alerts (rule_id, subject, sensor_id, level, peak, state, kind, family, opened_at, changed_at,"
        " resolved_at) values ('device-offline', %s, %s, 'blue', 'blue', %s, 'silence', 'device', %s, %s, %s)",
        (
            subject, subject if subject < 2**32 else None, "resolved" if until else "open", since, until or since,
            until,
        ),
    )  # fmt: skip


def test_sensors_on_line_are_those_without_a_silence_alert(connection: Connection, database_url: str) -> None:
    made = seed_figures(connection, alerts=0, tasks=0, events=0)
    sensors, devices = made.city.sensors, made.city.devices
    connection.execute("update alerts set state = 'resolved', resolved_at = opened_at + interval '1 hour'")
    connection.execute("insert into heard_by select id, 'cq' from sensors where name <> 'gas-second'")
    hour = timedelta(hours=1)
    midnight = datetime(2026, 11, 19, 16, tzinfo=UTC)
    silence(connection, sensors["rain-b"], midnight + hour / 2, midnight + 2 * hour)  # over at two o'clock
    silence(connection, 2 * 2**32 + devices["gate"], midnight + 3 * hour, None)  # two sensors are behind it
    silence(connection, sensors["gas-a"], midnight + 4 * hour, None)  # that it says so itself counts once
    with connect(database_url, "test", autocommit=True) as reader:
        as_reader(reader)
        narrow(reader, EVERYWHERE, read_seal(connection))
        one = asked(made, first=date(2026, 11, 20))
        found = figures.online(reader, one)
        assert [row.at for row in found][:2] == [midnight + hour, midnight + 2 * hour]
        assert found[-1].at == NOW
        assert [row.silent for row in found][:5] == [1, 0, 2, 2, 2]
        assert {row.sensors for row in found} == {4}  # adrift stands nowhere, gas-second was never heard
        rows = {row.unit_id if not row.of_all else "all": row for row in figures.coverage(reader, one)}
        whole = rows["all"]
        assert (whole.cells, whole.covered, whole.dark) == (3, 3, 1)
        assert (whole.sensors, whole.silent, whole.unheard) == (5, 2, 1)
        there = rows[made.city.divisions[TOWNSHIP]]
        assert (there.sensors, there.silent, there.unheard) == (2, 1, 0)
        grids = {row.unit_id: row for row in figures.coverage(reader, asked(made, TOWNSHIP, "grid"))}
        assert (grids[made.city.divisions[GRID]].sensors, grids[None].cells) == (1, 2)


def test_the_period_before_is_as_long_and_counted_alike(made: Seeded, page: Page) -> None:
    one, reader = asked(made, first=date(2026, 11, 14)), page(EVERYWHERE)
    before = one.before()
    assert (before.since, before.until) == (begin_of(date(2026, 11, 7)), NOW - timedelta(days=7))
    times = {row.step: row for row in figures.alert_times(reader, before) if row.of_all}
    found = figures.alert_acknowledged(reader, before)
    assert (found.count, found.median_s) == (times["acknowledged"].count, times["acknowledged"].median_s)
    tasks = figures.tasks(reader, before)
    whole = next(row for row in tasks.counts if row.of_all)
    answered = figures.tasks_answered(reader, before)
    on_site = next(row for row in tasks.times if row.of_all and row.step == "on_site")
    assert (answered.called, answered.answered, answered.on_site_s) == (
        whole.called, whole.answered, on_site.median_s
    )  # fmt: skip
