"""Archives that somebody sent: taken apart into a folder, nothing of them believed.

A name is no path, a size that is stated is no size, a small archive may hold a large disk.
"""

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from geo.errors import LayerError

UNPACKED_AT_MOST = 512 << 20  # bytes of all files together
FILES_AT_MOST = 400
_TIMES_AT_MOST = 300  # what text packs into is seldom more than 30 times as small
_PIECE = 1 << 20
LAYERS = (".shp", ".gpkg", ".geojson", ".json", ".kml", ".dxf")
_PARTS = (*LAYERS, ".shx", ".dbf", ".prj", ".cpg")


def unpack(archive: Path, into: Path) -> list[Path]:
    """The layer files of a .zip or .kmz, with their parts beside them; raises LayerError, which says why not."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [one for one in opened.infolist() if not one.is_dir() and _is_part(one)]
            _check(members, archive)
            left = min(UNPACKED_AT_MOST, max(_PIECE, archive.stat().st_size * _TIMES_AT_MOST))
            for one in members:
                left -= _write(opened, one, into, left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise LayerError(
            f"{archive.name} is no archive that can be read: pack the layer again as .zip",
            f"{archive.name} 不是可读取的压缩包，请重新打包为 .zip。",
        ) from error
    found = sorted(path for path in into.rglob("*") if path.suffix.lower() in LAYERS)
    if not found:
        raise LayerError(
            f"{archive.name} holds no layer (.shp, .gpkg, .geojson, .kml, .dxf)",
            f"{archive.name} 中没有图层文件（.shp、.gpkg、.geojson、.kml、.dxf）。",
        )
    return found


def _is_part(one: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(one.filename.replace("\\", "/"))
    hidden = any(part.startswith(("__MACOSX", "._")) for part in name.parts)
    return name.suffix.lower() in _PARTS and not hidden


def _check(members: list[zipfile.ZipInfo], archive: Path) -> None:
    if len(members) > FILES_AT_MOST:
        raise LayerError(
            f"{archive.name} holds {len(members)} files, more than {FILES_AT_MOST}: pack one layer",
            f"{archive.name} 含 {len(members)} 个文件，超过 {FILES_AT_MOST} 个，请只打包一个图层。",
        )
    for one in members:
        if one.flag_bits & 1:
            raise LayerError(
                f"{archive.name} is locked with a password: send it without", f"{archive.name} 有密码，请去除后再传。"
            )


def _write(opened: zipfile.ZipFile, one: zipfile.ZipInfo, into: Path, left: int) -> int:
    """Write one member under a name of its own; the bytes that it has in truth."""
    target = into / _place(one)
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(one) as source, target.open("wb") as out:
        while piece := source.read(_PIECE):
            written += len(piece)
            if written > left:
                raise _too_large()
            out.write(piece)
    return written


def _too_large() -> LayerError:
    most = UNPACKED_AT_MOST >> 20
    return LayerError(
        f"the archive unpacks to more than is taken ({most} MiB, or {_TIMES_AT_MOST} times its size): send it in parts",
        f"压缩包解开后过大（上限 {most} MiB 或压缩前的 {_TIMES_AT_MOST} 倍），请分批上传。",
    )


def _place(one: zipfile.ZipInfo) -> Path:
    """Where a member goes: no way up, no root, no drive; names that Windows wrote in GBK are read as that."""
    name = one.filename
    if not one.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("gb18030")
        except (UnicodeEncodeError, UnicodeDecodeError):
            name = one.filename
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("", "/", ".", "..")]
    return Path(*[part.replace(":", "_").replace("\0", "_")[-80:] for part in parts[-3:]])


def lay_beside(path: Path, into: Path) -> Path:
    """A copy of a layer with its parts, to be mended without touching what is there (a missing .shx is made)."""
    into.mkdir(parents=True, exist_ok=True)
    parts = [path, *(one for one in path.parent.glob(f"{glob_safe(path.stem)}.*") if one.suffix.lower() in _PARTS)]
    for part in parts:
        shutil.copyfile(part, into / part.name)
    return into / path.name


def glob_safe(stem: str) -> str:
    """A name as a pattern that fits nothing else."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in stem)
