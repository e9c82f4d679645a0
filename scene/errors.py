"""What this package raises on purpose.

ShijingError
├── ConfigError        config/scene_kinds.toml does not hold together
└── SceneError
    ├── ThingUnknown   no such thing, or none in the scope
    └── SceneRefused   an import, an export or a change that cannot be
"""

from config.errors import ShijingError


class SceneError(ShijingError):
    """The base of every error of this package; `zh` says the same on a page in Chinese."""

    def __init__(self, text: str, zh: str = "") -> None:
        super().__init__(text)
        self.zh = zh or text


class ThingUnknown(SceneError):
    """No thing of that number, or none that may be shown."""

    def __init__(self) -> None:
        super().__init__("no such thing", "没有这个要素。")


class SceneRefused(SceneError):
    """It cannot be done so; the text says why and what to do instead."""
