"""What the imagery room raises.

ShijingError
└── ImageryError
    ├── LayerBroken     what a layer is kept in cannot be used: a missing file, a broken archive, a service that is away
    ├── TileRefused     one tile cannot be made: a stored picture that is none, a window that is too large
    ├── LayerUnknown    no layer has that id
    └── LayerBusy       more tiles are waited for than anybody looks at
"""

from config.errors import ShijingError


class ImageryError(ShijingError):
    """The base of this room's errors."""


class LayerBroken(ImageryError):
    """A layer cannot be opened; the text says why and how to mend it."""


class TileRefused(ImageryError):
    """A tile of a layer cannot be made; the others may be."""


class LayerUnknown(ImageryError):
    """No layer has that id."""


class LayerBusy(ImageryError):
    """More tiles are waited for than anybody looks at."""
