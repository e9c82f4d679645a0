"""What people call the rules that are in force, for those outside."""

import logging
from collections.abc import Callable
from pathlib import Path

from alerts.cap_words import RuleWords
from alerts.errors import AlertsError
from alerts.rules import load_rules
from config.settings import CONFIG

log = logging.getLogger(__name__)


def read_rule_words(folder: Path = CONFIG / "rules") -> Callable[[str], RuleWords]:
    """The words of a rule by its id; a rule that is not there (any more) is called by its id."""
    try:
        rules = load_rules(folder)
    except AlertsError as error:
        log.error("rules are told by their ids: %s", error)
        rules = []
    known = {
        rule.id: RuleWords(
            label_zh=rule.label.zh,
            label_en=rule.label.en,
            action_zh=rule.first_action.zh,
            action_en=rule.first_action.en,
        )
        for rule in rules
    }
    return lambda rule_id: known.get(rule_id) or RuleWords(label_zh=rule_id, label_en=rule_id)
