"""What this room raises on purpose; `zh` says the same in Chinese, `told` is what an answer carries besides.

ShijingError
└── BoundaryError
    ├── DraftUnknown         there is no such draft, step or finding
    ├── DraftRefused         it cannot be done as things stand
    │   └── RevisionMoved    somebody changed the draft since it was read
    ├── NotTheirs            it is for another person, of the level above
    ├── DraftLocked          somebody else works on it, or on what lies above or below it
    └── StepNotTaken         a step that the draft's boundaries do not allow
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from config.errors import ShijingError


class BoundaryError(ShijingError):
    """The base of this room's errors."""

    def __init__(self, text: str, zh: str, told: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.zh = zh
        self.told = dict(told or {})


class DraftUnknown(BoundaryError):
    """No draft, step or finding of that id, or none that who asks may see."""

    def __init__(self, text: str = "no such draft", zh: str = "没有这个草案。") -> None:
        super().__init__(text, zh)


class DraftRefused(BoundaryError):
    """It cannot be done as things stand; the sentence says why, and what to do instead."""


class RevisionMoved(DraftRefused):
    """The draft has another revision than the one that was named."""

    def __init__(self, current: int, named: int) -> None:
        super().__init__(
            f"the draft is at revision {current}, not {named}: load it again, somebody changed it meanwhile",
            f"草案已更新到第 {current} 版（您的是第 {named} 版），请重新载入。",
            {"revision": current},
        )
        self.current = current


class NotTheirs(BoundaryError):
    """Whoever drew or submitted does not decide; and who decides has the right where the root's parent lies."""


class DraftLocked(BoundaryError):
    """Another person has the lock, of this draft or of one whose divisions overlap with it."""

    def __init__(self, *, draft_id: UUID, held_by: UUID, until: datetime, name: str = "") -> None:
        lock = {"held_by": name or str(held_by), "mine": False, "until": until, "draft_id": draft_id}
        super().__init__(
            f"{name or 'somebody else'} is editing here until {until:%H:%M:%S} UTC: wait, or ask them to let go",
            f"{name or '其他人'}正在编辑此范围，锁定至 {until:%H:%M:%S}（UTC），请稍候或联系对方解锁。",
            {"lock": lock},
        )
        self.held_by, self.until = held_by, until


class StepNotTaken(BoundaryError):
    """A step was refused; none of the same request was taken. `told` has its code, and which one it was."""

    def __init__(self, text: str, zh: str, *, code: str, step_id: UUID | None = None) -> None:
        super().__init__(text, zh, {"code": code, "step": step_id})
        self.code = code
