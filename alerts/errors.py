"""What this package raises on purpose.

ShijingError
└── AlertsError
    ├── EditedFileError    a rule or plan file that does not hold together
    ├── RulesRefused       a rule set that is not put in force
    ├── RulesMoved         another rule set was put in force in between
    ├── TrialTooLarge      a trial of rules over more than can be done at once
    ├── BacktestRefused    a back-test of what there is not
    ├── PlanRefused        a plan that cannot be made, published or withdrawn so
    ├── PlanUnknown        no plan of that id, or none that may be seen
    ├── Fenced             this process no longer owns its partition
    ├── Stale              the memory is behind the database
    └── Foreign            sensors that another partition hears
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import ShijingError

if TYPE_CHECKING:
    from alerts.plan_findings import Finding
    from alerts.rule_drafts import Fault


class AlertsError(ShijingError):
    """The base of every error of this package."""


class EditedFileError(AlertsError):
    """A rule or plan file is wrong: says in which file and line, why, and how to mend it."""

    def __init__(self, path: Path, line: int, reason: str, mend: str = "") -> None:
        super().__init__(f"{path}:{line}: {reason}" + (f"; {mend}" if mend else ""))
        self.path = path
        self.line = line
        self.reason = reason
        self.mend = mend


class RulesRefused(AlertsError):
    """A rule set is not put in force: says every reason (alerts.rule_drafts.Fault)."""

    def __init__(self, faults: Sequence["Fault"]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = list(faults)


class RulesMoved(AlertsError):
    """Another set is in force than the one that the draft was made from."""

    def __init__(self, base: int, now: int) -> None:
        super().__init__(
            f"the draft was made from rule set {base}, by now {now} is in force: look at it, then try again"
        )
        self.base = base
        self.now = now


class TrialTooLarge(AlertsError):
    """A trial of rules on stored readings is too large: says of what there is too much."""


class BacktestRefused(AlertsError):
    """A back-test cannot be made: says of which span or division there is nothing."""


class PlanRefused(AlertsError):
    """A plan cannot be so; the text says why and what to do. `zh` says it in Chinese, `findings` what is wrong."""

    def __init__(self, text: str, zh: str, findings: Sequence["Finding"] = ()) -> None:
        super().__init__(text)
        self.zh = zh
        self.findings = list(findings)


class PlanUnknown(AlertsError):
    """No such plan."""


class Fenced(AlertsError):
    """Another pipeline claimed the partition: this process must end, and must not connect again."""


class Stale(AlertsError):
    """What the pipeline keeps in memory is behind the database: build it again, then do the batch again."""


class Foreign(AlertsError):
    """The batch has readings of sensors that another partition hears: take them over, then do the batch again."""

    def __init__(self, sensors: Sequence[int]) -> None:
        super().__init__(f"{len(sensors)} sensors are heard by another partition")
        self.sensors = list(sensors)
