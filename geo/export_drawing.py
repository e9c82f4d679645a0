"""Exported rows as a drawing (DXF, release 2000, text in GBK): a hatch for each part of a division, its name inside.

The drawing's layer is the division's code and name, so that a program of drawings switches divisions on and off.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.export import Row

_HEAD = "  0\nSECTION\n  2\nHEADER\n  9\n$ACADVER\n  1\nAC1015\n  9\n$DWGCODEPAGE\n  3\nANSI_936\n  0\nENDSEC\n"
_FORBIDDEN = str.maketrans(dict.fromkeys('<>/\\":;?*|=`,', "_"))


def drawing(rows: Sequence[Row], shapes: NDArray[np.object_], notes: Sequence[str]) -> bytes:
    """The whole file; `notes` are comments in it."""
    layers = [layer_of(row) for row in rows]
    # After the header: programs know a drawing by its first line.
    comments = [f"999\n{' '.join(note.split())}\n" for note in notes]
    lines = [_HEAD, *comments, *_tables(layers), "  0\nSECTION\n  2\nENTITIES\n"]
    for row, layer, shape in zip(rows, layers, shapes, strict=True):
        lines += [_hatch(part, layer) for part in shapely.get_parts(shape)]
        lines.append(_label(shape, row.name, layer))
    text = "".join([*lines, "  0\nENDSEC\n  0\nEOF\n"])
    return b"".join(_encoded(line) for line in text.splitlines(keepends=True))


def _encoded(line: str) -> bytes:
    """In the drawing's code page; a sign that it does not have by its number, as drawings write it."""
    try:
        return line.encode("gbk")
    except UnicodeEncodeError:
        return b"".join(_sign(sign) for sign in line)


def _sign(sign: str) -> bytes:
    try:
        return sign.encode("gbk")
    except UnicodeEncodeError:
        return f"\\U+{ord(sign):04X}".encode()


def layer_of(row: Row) -> str:
    """The drawing's layer of a division."""
    return f"{row.code}_{row.name}".translate(_FORBIDDEN)[:200]


def _tables(layers: Sequence[str]) -> Iterator[str]:
    yield f"  0\nSECTION\n  2\nTABLES\n  0\nTABLE\n  2\nLAYER\n 70\n{len(layers)}\n"
    for layer in dict.fromkeys(layers):
        yield (
            "  0\nLAYER\n100\nAcDbSymbolTableRecord\n100\nAcDbLayerTableRecord\n"
            f"  2\n{layer}\n 70\n0\n 62\n7\n  6\nCONTINUOUS\n"
        )
    yield "  0\nENDTAB\n  0\nENDSEC\n"


def _hatch(part: Any, layer: str) -> str:
    """One polygon with its holes as the boundary paths of a hatch."""
    rings = shapely.get_rings(part)
    paths = "".join(_path(ring, outer=index == 0) for index, ring in enumerate(rings))
    return (
        f"  0\nHATCH\n100\nAcDbEntity\n  8\n{layer}\n100\nAcDbHatch\n 10\n0.0\n 20\n0.0\n 30\n0.0\n"
        f"210\n0.0\n220\n0.0\n230\n1.0\n  2\nSOLID\n 70\n1\n 71\n0\n 91\n{len(rings)}\n{paths}"
        " 75\n0\n 76\n1\n 98\n0\n"
    )


def _path(ring: Any, *, outer: bool) -> str:
    points = shapely.get_coordinates(ring)[:-1]
    text = "".join(f" 10\n{x!r}\n 20\n{y!r}\n" for x, y in points.tolist())
    return f" 92\n{3 if outer else 2}\n 72\n0\n 73\n1\n 93\n{len(points)}\n{text} 97\n0\n"


def _label(shape: Any, name: str, layer: str) -> str:
    x, y = shapely.get_coordinates(shapely.point_on_surface(shape))[0].tolist()
    west, south, east, north = shapely.bounds(shape).tolist()
    height = max(east - west, north - south) / 30
    return (
        f"  0\nTEXT\n100\nAcDbEntity\n  8\n{layer}\n100\nAcDbText\n 10\n{x!r}\n 20\n{y!r}\n 30\n0.0\n"
        f" 40\n{height:.9f}\n  1\n{name}\n100\nAcDbText\n"
    )
