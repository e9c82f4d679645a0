"""What people call the rules that are in force, for those outside."""

import logging

from alerts.cap_words import RuleWords, WordsOf
from alerts.errors import AlertsError
from alerts.out_alerts import QUERIES
from alerts.rule_sets import rules_in_force
from config.database import Connection

log = logging.getLogger(__name__)


class RuleBook:
    """The words of the rules, read again when another set of rules is put in force; safe to share between threads."""

    def __init__(self) -> None:
        self._read: tuple[int, WordsOf] = (-1, _by_id)

    def words(self, connection: Connection) -> WordsOf:
        """A function from a rule's id to its words; a rule that is not in force (any more) is called by its id."""
        row = connection.execute(QUERIES["newest_rule_set"]).fetchone()
        assert row is not None
        known, words = self._read
        if known != row[0]:
            words = _read(connection)
            self._read = (row[0], words)
        return words


def _by_id(rule_id: str) -> RuleWords:
    return RuleWords(label_zh=rule_id, label_en=rule_id)


def _read(connection: Connection) -> WordsOf:
    try:
        rules = rules_in_force(connection)
    except AlertsError as error:
        log.error("rules are told by their ids: %s", error)
        return _by_id
    known = {
        rule.id: RuleWords(
            label_zh=rule.label.zh,
            label_en=rule.label.en,
            action_zh=rule.first_action.zh,
            action_en=rule.first_action.en,
        )
        for rule in rules
    }
    return lambda rule_id: known.get(rule_id) or _by_id(rule_id)
