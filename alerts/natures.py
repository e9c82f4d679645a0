"""What rules say of their alerts: kind, family, and for how long a resolved one may come back."""

from collections.abc import Sequence

from alerts.rule_kinds import Common, CountRule, SilenceRule, WarningRule
from alerts.standing import AlertKind, Nature

_KINDS: dict[type[Common], AlertKind] = {SilenceRule: "silence", CountRule: "count", WarningRule: "warning"}


def natures(rules: Sequence[Common]) -> dict[str, Nature]:
    """By rule id."""
    return {
        rule.id: Nature(
            kind=_KINDS.get(type(rule), "sensor"), family=rule.family, reopen_us=round(rule.reopen_s * 1_000_000)
        )
        for rule in rules
    }
