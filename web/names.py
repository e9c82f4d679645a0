"""What people call the rules and plans, read from the files that they edit."""

import logging
from dataclasses import dataclass
from pathlib import Path

from alerts.errors import AlertsError
from alerts.plan_files import load_plans
from alerts.rule_sets import in_force
from alerts.rules import load_rules
from config.database import Connection
from config.settings import CONFIG

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Names:
    """Titles by id; a plan's title is in the language that it is written in."""

    rules: dict[str, dict[str, str]]  # id → {"zh": …, "en": …}
    plans: dict[str, str]


def titles_in_force(connection: Connection) -> dict[str, dict[str, str]]:
    """Titles of the rules in force: authors may have added some since the server started."""
    return {rule.id: {"zh": rule.label.zh, "en": rule.label.en} for rule in in_force(connection).rules}


def read_names(folder: Path = CONFIG) -> Names:
    """The titles; empty where the files do not hold together: the screen then shows ids, and still runs."""
    try:
        rules = {rule.id: {"zh": rule.label.zh, "en": rule.label.en} for rule in load_rules(folder / "rules")}
        plans = {plan.id: plan.name for plan in load_plans(folder / "plans")}
    except AlertsError as error:
        log.error("rules and plans are shown by their ids: %s", error)
        return Names(rules={}, plans={})
    return Names(rules=rules, plans=plans)
