"""What a file holds of a plan: whose it is, what it inherits from, what it says; and plans written as YAML."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

HEAD = """\
# Plans of the library (docs/plans.md). `division` is the code of whose it is, without it the city's; `template` is the
# code of what it inherits from (of a district's plan CODE@division): then only what differs is said.
"""
OWN = ("id", "division", "template", "is_template", "revise_by", "note")  # before what the plan itself says


@dataclass(frozen=True, kw_only=True)
class FilePlan:
    """One plan of a file."""

    code: str
    division: str = ""  # code; empty: the city's
    template: str = ""  # CODE, or CODE@division
    is_template: bool = False
    revise_by: date | None = None
    note: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""  # line or row that it begins at

    def told(self) -> dict[str, Any]:
        """As a file of YAML has it."""
        head = {
            "id": self.code,
            "division": self.division,
            "template": self.template,
            "is_template": self.is_template,
            "revise_by": "" if self.revise_by is None else self.revise_by.isoformat(),
            "note": self.note,
        }
        return {**{key: value for key, value in head.items() if value}, **self.body}


class _Dumper(yaml.SafeDumper):
    """Texts that look like something else are quoted; nothing is aliased."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def yaml_of(plans: Iterable[FilePlan]) -> bytes:
    """A file that, imported again, changes nothing."""
    told = [plan.told() for plan in plans]
    text = yaml.dump(told, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return (HEAD + text).encode()
