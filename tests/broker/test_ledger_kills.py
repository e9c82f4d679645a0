"""The books after real processes were killed: every account balances, judged again from the stored readings, too."""

import random

from alerts.ledger import check
from alerts.ledger_account import Span
from alerts.plan_files import load_plans
from alerts.rule_sets import rules_in_force
from config.database import connect
from config.settings import CONFIG
from tests.broker.chain import PATIENCE_S, Chain

KILLS = 5


def test_kill_9_leaves_a_ledger_that_balances(chain: Chain) -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    with chain.replaying(seconds=10) as done:
        for _ in range(KILLS):
            done.wait(moments.uniform(0.05, 0.8))
            chain.kill()
            chain.start()
        assert done.wait(PATIENCE_S)
    chain.await_end()
    with connect(chain.url, "test", autocommit=True, idle_in_transaction_s=600) as connection:
        found = check(connection, Span(), rules_in_force(connection), load_plans(CONFIG / "plans"), deep=True)
        own_checks = connection.execute("select count(*) from ledger_checks").fetchone()
    accounts = {account.name: account for account in found.accounts}
    assert {name: account.faults for name, account in accounts.items() if not account.balanced} == {}, f"seed {seed}"
    assert accounts["readings"].found == 174
    assert accounts["judged_again"].expected >= 17
    assert own_checks is not None
    assert own_checks[0] >= 1, "the pipeline checks by itself"
