"""In which encoding a layer's text is: what the file says, else what reads as Chinese."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from geo.errors import LayerError
from geo.layer_faults import LayerFault

DECODED = "ISO-8859-1"  # every byte is one sign of it, and comes back
CHOICES = ("UTF-8", "GB18030", "Big5")
_NAMES = {
    "936": "GB18030",
    "GBK": "GB18030",
    "GB2312": "GB18030",
    "CP936": "GB18030",
    "ANSI 936": "GB18030",
    "65001": "UTF-8",
    "UTF8": "UTF-8",
    "950": "Big5",
}
_CUT = 3  # bytes of a sign that a field of fixed width may have cut off


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """What was taken, and why."""

    value: str
    zh: str
    en: str
    options: tuple[str, ...]


def decoded(
    path: Path, columns: Mapping[str, Sequence[str]], wanted: str | None
) -> tuple[dict[str, list[str]], Encoding, list[LayerFault]]:
    """The table of a Shapefile, read byte by byte, as text; values that a field's width cut in a sign are named."""
    raw = {_bytes(name): [_bytes(value) for value in values] for name, values in columns.items()}
    told = _chosen(path, raw, wanted)
    texts: dict[str, list[str]] = {}
    cut: list[LayerFault] = []
    for name, values in raw.items():
        column = []
        for row, value in enumerate(values, start=1):
            text, whole = _text(value, told.value)
            column.append(text)
            if not whole:
                cut.append(LayerFault(kind="text_cut", rows=(row,), names=(text,), detail=_text(name, told.value)[0]))
        texts[_text(name, told.value)[0]] = column
    return texts, told, cut


def utf8_copy(path: Path, folder: Path, wanted: str | None) -> tuple[Path, Encoding]:
    """GeoJSON and KML are UTF-8; one that is not is written again as that, beside."""
    raw = path.read_bytes()
    if wanted is None and _share(raw, "UTF-8")[0] == 1.0:
        return path, Encoding(value="UTF-8", zh="文件是有效的 UTF-8", en="it is valid UTF-8", options=CHOICES)
    value = wanted or max(CHOICES, key=lambda one: math.prod(_share(raw, one)))
    try:
        text = raw.decode("utf-8-sig" if value == "UTF-8" else value)
    except (UnicodeDecodeError, LookupError) as error:
        raise LayerError(
            f"{path.name} has text that is not {value}: export it again as UTF-8",
            f"{path.name} 的文字不是 {value} 编码，请重新导出为 UTF-8。",
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"as-utf8{path.suffix.lower()}"
    copy.write_text(text.replace('encoding="GBK"', 'encoding="UTF-8"').replace('encoding="gb2312"', 'encoding="UTF-8"'))
    why = ("由您选择", "as you chose") if wanted else ("不是 UTF-8，按此读出常用汉字", "not UTF-8, reads as Chinese so")
    return copy, Encoding(value=value, zh=why[0], en=why[1], options=CHOICES)


def _chosen(path: Path, raw: Mapping[bytes, Sequence[bytes]], wanted: str | None) -> Encoding:
    joined = b"\n".join([*raw, *(value for values in raw.values() for value in values[:2000])])
    shares = {one: _share(joined, one) for one in CHOICES}
    best = max(CHOICES, key=lambda one: math.prod(shares[one]))
    if wanted:
        return _encoding(_NAMES.get(wanted.upper(), wanted), "由您选择", "as you chose")
    if all(byte < 128 for byte in joined):
        return _encoding("UTF-8", "没有中文字符，任何编码都一样", "there is no Chinese in it")
    said = _said(path)
    if said and shares.get(said, (1.0, 0.0))[0] >= 0.98:
        return _encoding(said, ".cpg 文件声明", "its .cpg says so")
    common = f"{shares[best][1]:.0%}"
    zh, en = f"按此读出的字 {common} 是常用汉字", f"{common} of what it reads as are common Chinese signs"
    if said:
        zh, en = f".cpg 声明的 {said} 读不通；{zh}", f"its .cpg says {said}, which does not read; {en}"
    return _encoding(best, zh, en)


def _encoding(value: str, zh: str, en: str) -> Encoding:
    try:
        "".encode(value)
    except LookupError as error:
        raise LayerError(f"there is no encoding {value!r}: UTF-8 or GBK", f"没有编码“{value}”。") from error
    return Encoding(value=value, zh=zh, en=en, options=CHOICES)


def _said(path: Path) -> str | None:
    for suffix in (".cpg", ".CPG"):
        beside = path.with_suffix(suffix)
        if beside.exists():
            name = beside.read_text(encoding="latin-1").strip().upper()
            named = _NAMES.get(name, name)
            return next((one for one in CHOICES if one.upper() == named.upper()), None)
    return None


def _share(raw: bytes, encoding: str) -> tuple[float, float]:
    """How much of it can be read so, and how much of what is read is common Chinese (the signs of GB 2312)."""
    text = raw.decode(encoding, errors="replace")
    beyond = [sign for sign in text if ord(sign) > 127]
    if not beyond:
        return 1.0, 1.0
    broken = sum(sign == "\ufffd" for sign in beyond)
    common = sum(_is_common(sign) for sign in beyond)
    return (1.0 if broken == 0 else 1.0 - broken / len(beyond)), common / len(beyond)


def _is_common(sign: str) -> bool:
    try:
        return len(sign.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


def _bytes(text: str) -> bytes:
    return text.encode(DECODED, errors="replace")


def _text(value: bytes, encoding: str) -> tuple[str, bool]:
    """The text, and whether it is whole."""
    for short in range(_CUT + 1):
        try:
            return value[: len(value) - short].decode(encoding), short == 0
        except UnicodeDecodeError:
            continue
    return value.decode(encoding, errors="replace"), False
