"""Who was silent before a restart is silent after it, however little the new process has heard so far."""

from alerts import subjects
from alerts.columns import NEVER, NOTHING
from alerts.kernel import evaluate
from alerts.pairs import RuleSet
from alerts.state import State
from alerts.state_rows import persisted, restore
from tests.unit.test_kernel_kinds import GATEWAY, HOUR, MINUTE, a_batch, moved, quiet_rules, run


def silent_and_restarted() -> tuple[RuleSet, State]:
    rules = quiet_rules()
    state, _ = run(rules, (1, 0, 1.0), (2, MINUTE, 1.0))
    state, _ = evaluate(rules, state, NOTHING, HOUR)
    return rules, restore(rules, persisted(rules, state), {1: (0, 1.0), 2: (MINUTE, 1.0)})


def test_a_restart_ends_no_silence() -> None:
    rules, state = silent_and_restarted()
    for readings in (NOTHING, a_batch((3, HOUR, 1.0))):
        state, told = evaluate(rules, state, readings, NEVER)
        assert told == []
    assert evaluate(rules, state, NOTHING, 2 * HOUR)[1] == []


def test_the_first_reading_after_a_restart_ends_it_at_its_own_time() -> None:
    rules, state = silent_and_restarted()
    _, told = evaluate(rules, state, a_batch((1, HOUR, 1.0)), NEVER)
    gateway = subjects.of("gateway", GATEWAY)
    assert moved(told) == [(1, HOUR, "none", "cleared"), (gateway, HOUR, "none", "cleared")]
