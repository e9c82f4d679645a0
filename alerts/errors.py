"""What this package raises on purpose.

ShijingError
└── AlertsError
    ├── EditedFileError    a rule or plan file that does not hold together
    ├── Fenced             this process no longer owns its partition
    └── Stale              the memory is behind the database
"""

from pathlib import Path

from config.errors import ShijingError


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


class Fenced(AlertsError):
    """Another pipeline claimed the partition: this process must end, and must not connect again."""


class Stale(AlertsError):
    """What the pipeline keeps in memory is behind the database: build it again, then do the batch again."""
