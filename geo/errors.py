"""Errors of the geo room.

ShijingError
└── GeoError
    ├── LayerError        a file that cannot be read as a layer of boundaries
    └── CrsError          a coordinate system that is unknown, or does not suit the data
"""

from config.errors import ShijingError


class GeoError(ShijingError):
    """Something about divisions, boundaries or coordinates is wrong."""


class LayerError(GeoError):
    """A layer file cannot be used; the message says what, where and how to mend it."""


class CrsError(GeoError):
    """A coordinate system is unknown, missing, or does not suit the data."""
