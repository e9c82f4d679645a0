"""What /health and /metrics say of the ledger, asked over HTTP."""

import re

from psycopg.types.json import Jsonb

from config.database import Connection
from tests.browser.conftest import Serve
from tests.browser.test_api import ask, ask_json


def test_health_and_metrics_tell_how_the_ledger_stands(city_url: str, city: Connection, serve: Serve) -> None:
    running = serve(city_url)
    unknown = ask_json(running, "health")["checks"]["ledger"]
    assert (unknown["alive"], unknown["balanced"]) == (None, None)
    assert "shijing_ledger_balanced" not in ask(running, "metrics")[2].decode()

    account = {"name": "readings", "difference": 3, "balanced": False, "missing": ["hour …"]}
    city.execute(
        "insert into ledger_checks (kind, since, until, took_s, balanced, accounts)"
        " values ('span', '2026-05-03', '2026-05-04', 0.1, false, %s)",
        (Jsonb([account, {"name": "runs", "difference": 0, "balanced": True}]),),
    )
    health = ask_json(running, "health")
    assert health["checks"]["ledger"]["balanced"] is False
    assert health["checks"]["ledger"]["reason"] == "does not balance: readings; see shijing ledger"
    assert "ledger" not in health["failed"]
    text = ask(running, "metrics")[2].decode()
    assert "shijing_ledger_balanced 0.0" in text
    assert 'shijing_ledger_difference{account="readings"} 3.0' in text
    assert re.search(r"^shijing_ledger_checked_age_seconds \d", text, re.MULTILINE)

    city.execute("update ledger_checks set settled_at = now()")
    assert ask_json(running, "health")["checks"]["ledger"]["balanced"] is True
    assert "shijing_ledger_balanced 1.0" in ask(running, "metrics")[2].decode()
