"""What rules say of their alerts: kind, family, and for how long a resolved one may come back."""

from collections.abc import Sequence
from typing import cast

from alerts.rules import Rule
from alerts.standing import AlertKind, Nature

_KINDS: dict[str, AlertKind] = {"silence": "silence", "count": "count", "warning": "warning"}


def natures(rules: Sequence[Rule]) -> dict[str, Nature]:
    """By rule id."""
    return {rule.id: nature(rule) for rule in rules}


def nature(rule: Rule) -> Nature:
    """Of one rule; its family is the quantity where the file names none."""
    tag = str(rule.__struct_config__.tag)
    return Nature(
        kind=_KINDS.get(tag, "sensor"),
        family=getattr(rule, "family", None) or str(getattr(rule, "quantity", "")),
        reopen_us=round(cast(float, getattr(rule, "reopen_s", 1800.0)) * 1_000_000),
    )
