"""What is wrong with a plan: where, what, and how to mend it, in both languages."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]
Words = tuple[str, str]  # in Chinese, in English


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One of them. An error refuses publishing; a warning is for a person to judge."""

    where: str  # the place in the plan: tasks.T3.after
    code: str  # of which kind it is: cycle
    severity: Severity
    zh: str
    en: str
    mend_zh: str
    mend_en: str

    def line(self) -> str:
        """For a person at a command line."""
        return f"{self.severity}: {self.where}: {self.en}; {self.mend_en}"

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)


def error(where: str, code: str, told: Words, mend: Words) -> Finding:
    """What refuses publishing."""
    return _finding("error", where, code, told, mend)


def warning(where: str, code: str, told: Words, mend: Words) -> Finding:
    """What a person should look at."""
    return _finding("warning", where, code, told, mend)


def _finding(severity: Severity, where: str, code: str, told: Words, mend: Words) -> Finding:
    return Finding(where=where, code=code, severity=severity, zh=told[0], en=told[1], mend_zh=mend[0], mend_en=mend[1])


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether they refuse publishing."""
    return any(one.severity == "error" for one in findings)
