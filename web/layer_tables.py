"""Layers that were sent, read: what the pages of an import come back to is not read again each time."""

import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from uuid import UUID

from boundaries.layer_uploads import Upload
from geo.errors import LayerError
from geo.layer_table import Table, read_table

_KEPT = 3  # in memory; one may have a million vertices


class LayerTables:
    """Tables read so far, by file and what of it; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[UUID, str, str], Table] = OrderedDict()

    def of(self, upload: Upload, layer: str, encoding: str) -> Table:
        """Read a file, or remember it; raises LayerError."""
        key = (upload.id, layer, encoding)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        table = read_upload(upload.name, upload.content, layer, encoding)
        with self._lock:
            self._kept[key] = table
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return table


def read_upload(name: str, content: bytes, layer: str = "", encoding: str = "") -> Table:
    """Read what was sent from a folder of its own; its name is not trusted."""
    suffix = Path(name).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="shijing-upload-") as folder:
        path = Path(folder) / f"layer{suffix if suffix.removeprefix('.').isalnum() else ''}"
        path.write_bytes(content)
        try:
            return read_table(path, layer=layer or None, encoding=encoding or None)
        except LayerError as error:
            raise _under_its_name(error, path, name) from error


def _under_its_name(error: LayerError, path: Path, name: str) -> LayerError:
    """The same with the name that the file was sent under, and without our folders."""
    text = str(error).replace(str(path), name).replace(path.name, name)
    if tempfile.gettempdir() in text or "shijing-" in text:
        text = f"{name} cannot be read: it may be damaged, or a part of it is missing (a Shapefile needs .shp and .dbf)"
    return LayerError(text, error.zh.replace(path.name, name))
