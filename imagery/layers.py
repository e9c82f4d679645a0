"""The owner's layers as a TOML file tells of them; its form is in docs/base-maps.md."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

import msgspec

from config.errors import ConfigError

Kind = Literal["xyz-folder", "mbtiles", "pmtiles", "cog", "wmts"]
Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
Look = Literal["auto", "picture", "relief"]

HIGHEST = 20
_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
SHIPPED = "base"  # the id of the ground that comes with the product
_RESERVED = {SHIPPED, "none"}
_MOST = 50  # layers
_LARGEST = 1 << 20  # bytes of the file
_REST = ("{z}", "{x}", "{y}")
_REST_OGC = ("{TileMatrix}", "{TileCol}", "{TileRow}")


@dataclass(frozen=True, kw_only=True)
class Service:
    """How a WMTS is asked."""

    url: str  # with {z}, {x} and {y} (or {TileMatrix} …) where it is RESTful, else the address of KVP requests
    layer: str  # of KVP
    style: str
    matrix_set: str  # of Web Mercator (EPSG:3857)
    matrix_prefix: str  # before the zoom in the matrix's name: "EPSG:3857:" of GeoServer
    format: str
    key_parameter: str  # under which the key goes into the query: "tk"
    key_file: Path | None
    ca_file: Path | None  # of the network's own authority

    @property
    def rest(self) -> bool:
        """Whether the address itself names the tile."""
        return "{" in self.url


@dataclass(frozen=True, kw_only=True)
class OwnerLayer:
    """One layer of the owner's."""

    id: str
    zh: str
    en: str
    kind: Kind
    path: Path | None  # of what is kept in files
    service: Service | None  # of what is asked for
    attribution: str
    approval: str  # 审图号
    datum: Datum
    min_zoom: int | None  # None: as what is stored says
    max_zoom: int | None
    bounds: tuple[float, float, float, float] | None  # west, south, east, north
    opacity: float
    on: bool  # when nobody has said anything
    derived: bool  # not an official picture
    rows: Literal["xyz", "tms"]  # of a folder: from the north, or from the south
    look: Look  # of a GeoTIFF

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return str(self.path or (self.service and self.service.url))


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    zh: str
    en: str
    kind: Kind
    path: str = ""
    url: str = ""
    attribution: str = ""
    approval: str = ""
    datum: Datum = "wgs84"
    min_zoom: int | None = None
    max_zoom: int | None = None
    bounds: tuple[float, float, float, float] | None = None
    opacity: float = 1.0
    on: bool = False
    derived: bool = False
    rows: Literal["xyz", "tms"] = "xyz"
    look: Look = "auto"
    layer: str = ""
    style: str = "default"
    matrix_set: str = "w"
    matrix_prefix: str = ""
    format: str = "image/png"
    key_parameter: str = "tk"
    key_file: str = ""
    ca_file: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    layer: list[dict[str, Any]] = []


def read_layers(path: Path | None) -> list[OwnerLayer]:
    """The layers of a file, in its order (the first lies lowest); raises ConfigError with the layer and both values."""
    if path is None:
        return []
    variable = f"SHIJING_IMAGERY_LAYERS={path}"
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{variable}: it is larger than 1 MiB: is it a list of layers?")
        told = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).layer
    except OSError as error:
        raise ConfigError(f"{variable}: {error.strerror}: mend the path, or leave the variable empty") from error
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"{variable}: {error}: each layer is a table [[layer]] (docs/base-maps.md)") from error
    if len(told) > _MOST:
        raise ConfigError(f"{variable}: {len(told)} layers, and {_MOST} are the most")
    layers = [_layer(one, f"{variable}: layer {number}", path.parent) for number, one in enumerate(told, start=1)]
    _check_ids([layer.id for layer in layers], variable)
    return layers


def _check_ids(ids: list[str], where: str) -> None:
    for number, one in enumerate(ids, start=1):
        if one in ids[: number - 1]:
            raise ConfigError(f"{where}: layers {ids.index(one) + 1} and {number} both have id = {one!r}: rename one")


def _layer(values: dict[str, Any], where: str, folder: Path) -> OwnerLayer:
    try:
        told = msgspec.convert(values, _Told)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where} (id = {values.get('id')!r}): {error}") from error
    where = f"{where} ({told.id!r})"
    if not _ID.fullmatch(told.id) or told.id in _RESERVED:
        raise ConfigError(f"{where}: an id has small letters, digits and hyphens, and is not {SHIPPED} or none")
    _check_numbers(told, where)
    return OwnerLayer(
        id=told.id,
        zh=told.zh,
        en=told.en,
        kind=told.kind,
        path=_path(told, where, folder),
        service=_service(told, where, folder) if told.kind == "wmts" else None,
        attribution=told.attribution,
        approval=told.approval,
        datum=told.datum,
        min_zoom=told.min_zoom,
        max_zoom=told.max_zoom,
        bounds=told.bounds,
        opacity=told.opacity,
        on=told.on,
        derived=told.derived,
        rows=told.rows,
        look=told.look,
    )


def _check_numbers(told: _Told, where: str) -> None:
    lowest, highest = told.min_zoom or 0, HIGHEST if told.max_zoom is None else told.max_zoom
    if not 0 <= lowest <= highest <= HIGHEST:
        raise ConfigError(
            f"{where}: min_zoom = {told.min_zoom} and max_zoom = {told.max_zoom}: 0 to {HIGHEST}, in order"
        )
    if not 0 < told.opacity <= 1:
        raise ConfigError(f"{where}: opacity = {told.opacity}: above 0, and 1 at the most")
    if told.bounds is not None:
        west, south, east, north = told.bounds
        if not (-180 <= west < east <= 180 and -85.06 <= south < north <= 85.06):
            raise ConfigError(f"{where}: bounds = {list(told.bounds)}: west, south, east, north in degrees")


def _path(told: _Told, where: str, folder: Path) -> Path | None:
    """A path that is not absolute begins at the file that tells of it."""
    wants_path = told.kind != "wmts"
    if bool(told.path) != wants_path or bool(told.url) == wants_path:
        needed, other = ("path", "url") if wants_path else ("url", "path")
        raise ConfigError(
            f"{where}: kind = {told.kind!r} needs {needed} and no {other}: {needed} ="
            f" {getattr(told, needed)!r}, {other} = {getattr(told, other)!r}"
        )
    return folder / Path(told.path).expanduser() if wants_path else None


def _service(told: _Told, where: str, folder: Path) -> Service:
    parts = urlsplit(told.url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "{" in parts.netloc:
        raise ConfigError(f"{where}: url = {told.url!r}: write http:// or https:// and one host")
    if parts.username or parts.password:
        raise ConfigError(f"{where}: the url has a password in it: put the key into a file, and name it as key_file")
    names = [set(form) <= set(re.findall(r"\{\w+\}", told.url)) for form in (_REST, _REST_OGC)]
    if "{" in told.url and not any(names):
        raise ConfigError(f"{where}: url = {told.url!r}: it must name {{z}}, {{x}} and {{y}}, or none of them")
    if "{" not in told.url and not told.layer:
        raise ConfigError(f"{where}: url = {told.url!r} names no tile, so layer is needed; layer = ''")
    return Service(
        url=told.url,
        layer=told.layer,
        style=told.style,
        matrix_set=told.matrix_set,
        matrix_prefix=told.matrix_prefix,
        format=told.format,
        key_parameter=told.key_parameter,
        key_file=_file(told.key_file, f"{where}: key_file", folder),
        ca_file=_file(told.ca_file, f"{where}: ca_file", folder),
    )


def _file(name: str, where: str, folder: Path) -> Path | None:
    if not name:
        return None
    path = folder / Path(name).expanduser()
    if not path.is_file():
        raise ConfigError(f"{where} = {name!r}: there is no file {path}: mend the path")
    return path


def kinds() -> tuple[str, ...]:
    """Every kind of layer."""
    return cast(tuple[str, ...], get_args(Kind))
