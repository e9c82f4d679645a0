"""Plans: which open alerts start which, and in which townships."""

from hypothesis import given
from hypothesis import strategies as st

from alerts.levels import GRADES, Grade, Level, rank
from alerts.plan_files import load_plan_file, load_plans
from alerts.plan_shelf import matches
from alerts.plans import Match, OpenAlert, Part, Plan, Review, Task, Termination, Trigger
from config.settings import CONFIG, PROJECT

FLOOD = next(plan for plan in load_plans(CONFIG / "plans") if plan.id == "FLD-02")
EXAMPLES = {plan.id: plan for plan in load_plan_file(PROJECT / "tests" / "unit" / "test_plans_examples.yaml")}
HERE, THERE = 10, 11


def a_plan(trigger: Trigger) -> Plan:
    return Plan(
        id="P",
        name="P",
        trigger=trigger,
        command={"commander": "x"},
        levels={"I": "x"},
        tasks=(Task(id="T1", post="x", do="x", limit_min=1),),
        terminate=Termination(by="commander", all_=("x",)),
        review=Review(due_h=1, items=("x",)),
    )


def an_alert(alert_id: int, number: int, level: Grade, township: int | None = HERE) -> OpenAlert:
    return OpenAlert(alert_id=alert_id, triggers=(number,), level=level, township_id=township)


def started(plans: list[Plan], *alerts: OpenAlert) -> list[tuple[str, int, Level, tuple[int, ...]]]:
    return [(match.plan.id, match.township_id, match.level, match.alert_ids) for match in matches(plans, alerts)]


def test_yellow_means_yellow_or_higher() -> None:
    assert [bool(matches([FLOOD], [an_alert(1, 6, level)])) for level in GRADES] == [False, True, True, True]
    assert [bool(matches([FLOOD], [an_alert(1, 8, level)])) for level in GRADES] == [False, False, True, True]


def test_each_township_has_its_own_and_the_highest_level_counts() -> None:
    found = started(
        [FLOOD],
        an_alert(1, 6, "yellow"),
        an_alert(2, 6, "red"),
        an_alert(3, 8, "yellow"),
        an_alert(4, 6, "orange", THERE),
    )
    assert found == [("FLD-02", HERE, "red", (1, 2)), ("FLD-02", THERE, "orange", (4,))]


def test_an_unlocated_subject_starts_nothing() -> None:
    assert started([FLOOD], an_alert(1, 6, "red", None)) == []


def test_all_needs_every_rule_in_the_same_township() -> None:
    both = a_plan(Trigger(all_=(Part(rule=6, level="yellow"), Part(rule=8, level="orange"))))
    assert started([both], an_alert(1, 6, "red")) == []
    assert started([both], an_alert(1, 6, "red"), an_alert(2, 8, "orange", THERE)) == []
    assert started([both], an_alert(1, 6, "yellow"), an_alert(2, 8, "orange")) == [("P", HERE, "orange", (1, 2))]


def test_a_part_that_cannot_be_met_yet_never_fires() -> None:
    """Official warnings and reports are kept, and hold an `all` back."""
    rule = Part(rule=6, level="yellow")
    for unmet in (Part(official="11B03", level="orange"), Part(report="裂缝")):
        assert started([a_plan(Trigger(all_=(rule, unmet)))], an_alert(1, 6, "red")) == []
        assert started([a_plan(Trigger(any_=(unmet,)))], an_alert(1, 6, "red")) == []
        assert started([a_plan(Trigger(any_=(unmet, rule)))], an_alert(1, 6, "red"))
    geo = EXAMPLES["GEO-01"]
    assert started([geo], an_alert(1, 13, "red")) == []
    assert started([geo], an_alert(1, 13, "red"), an_alert(2, 10, "orange")) == [("GEO-01", HERE, "red", (1, 2))]


def test_the_mildest_level_that_is_asked_for_counts() -> None:
    assert EXAMPLES["GAS-04"].mildest() == {16: "orange"}
    crack = "report:群测群防员发现裂缝或掉块"
    assert EXAMPLES["GEO-01"].mildest() == {10: "orange", 1: "orange", 13: "yellow", crack: "blue"}


def test_a_report_counts_at_any_level() -> None:
    geo = EXAMPLES["GEO-01"]
    told = OpenAlert(alert_id=1, triggers=("report:群测群防员发现裂缝或掉块",), level="blue", township_id=HERE)
    assert started([geo], told) == []
    assert started([geo], told, an_alert(2, 13, "yellow")) == [("GEO-01", HERE, "yellow", (1, 2))]
    assert started([geo], OpenAlert(alert_id=1, triggers=("report:别的",), level="red", township_id=HERE)) == []


def test_minutes_until_due() -> None:
    tasks = {task.id: task for task in EXAMPLES["ELD-03"].tasks}
    assert (tasks["T2"].due_min("orange"), tasks["T2"].due_min("red")) == (30, 10)
    assert (tasks["T3"].due_min("red"), tasks["T3"].after) == (45, ("T2",))
    assert {task.id: task for task in FLOOD.tasks}["T7"].due_min("yellow") == 5


parts = st.recursive(
    st.one_of(
        st.builds(Part, rule=st.integers(1, 3), level=st.sampled_from(GRADES)),
        st.builds(Part, report=st.just("x")),
    ),
    lambda inner: st.one_of(
        st.builds(Part, any_=st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Part, all_=st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
open_alerts = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(GRADES), st.sampled_from([HERE, THERE, None])), max_size=6
).map(lambda rows: [an_alert(number, *row) for number, row in enumerate(rows)])


@given(part=parts, alerts=open_alerts)
def test_matches_as_the_words_say(part: Part, alerts: list[OpenAlert]) -> None:
    def holds(one: Part, township: int) -> bool:
        if one.rule is not None:
            return any(
                a.township_id == township and one.rule in a.triggers and rank(a.level) >= rank(one.level or "red")
                for a in alerts
            )
        return any(holds(p, township) for p in one.any_ or ()) or (
            bool(one.all_) and all(holds(p, township) for p in one.all_ or ())
        )

    found: list[Match] = matches([a_plan(Trigger(any_=(part,)))], alerts)
    assert {match.township_id for match in found} == {one for one in (HERE, THERE) if holds(part, one)}
    for match in found:
        assert match.alert_ids, "a trigger without a report is met by alerts"
        levels = [alert.level for alert in alerts if alert.alert_id in match.alert_ids]
        assert rank(match.level) == max(map(rank, levels))
