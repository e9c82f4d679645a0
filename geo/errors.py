"""Errors of the geo room.

ShijingError
└── GeoError
    ├── LayerError        a file that cannot be read as a layer of boundaries
    ├── CrsError          a coordinate system that is unknown, or does not suit the data
    ├── FilterWrong       a filter of features that cannot be asked
    └── StepRefused       a step of editing that would break the coverage, or cannot be understood
"""

from config.errors import ShijingError
from geo.step_words import reason


class GeoError(ShijingError):
    """Something about divisions, boundaries or coordinates is wrong; `zh` says so on a page in Chinese."""

    def __init__(self, text: str, zh: str = "") -> None:
        super().__init__(text)
        self.zh = zh or text


class LayerError(GeoError):
    """A layer file cannot be used; the message says what, where and how to mend it."""


class CrsError(GeoError):
    """A coordinate system is unknown, missing, or does not suit the data."""


class FilterWrong(GeoError):
    """A filter of features cannot be read, or asks for what there is not; the message says which part."""


class StepRefused(GeoError):
    """A step was not taken: nothing has changed. Codes and words: geo/step_words.py."""

    def __init__(self, code: str, **values: str | int | float) -> None:
        self.code = code
        self.values = values
        self.zh, self.en = reason(code, values)
        self.message = self.en
        super().__init__(self.en, self.zh)
