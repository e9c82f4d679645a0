"""The screen's modules and sheets as few files, made by esbuild: `python -m web.assets` does it after installing.

A first view of a hundred modules asks a hundred times; the browser, the server and the pipeline share one machine.
What is made lies in web/built, beside a stamp of what it was made of; a server makes it anew where that differs.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from web.errors import AssetsMissingError

WEB = Path(__file__).resolve().parent
BUILT = WEB / "built"
ESBUILD = WEB / "tools" / "esbuild"

# The page's own.
_PAGE = ("main.js", "sheets.css")
# Modules that somebody may import beside it: they are one with those of the page.
_BESIDE = (
    "address.js",
    "citymap.js",
    "city/colouring.js",
    "ground/clear.js",
    "store.js",
    "stream.js",
    "strings.js",
)
_OPTIONS = (
    "--bundle",
    "--splitting",
    "--format=esm",
    "--target=es2022",
    "--minify",
    "--sourcemap",
    "--charset=utf8",
    "--chunk-names=chunk-[hash]",
    "--external:/vendor/*",
    "--external:/static/*",
    "--log-level=warning",
)
_STAMP, _META = "sources.sha256", "meta.json"


def bundle(built: Path = BUILT, program: Path = ESBUILD) -> bool:
    """Make it where it is missing or of other sources; False where there was nothing to do.

    Raises AssetsMissingError with esbuild's own words where it fails; what was there is then left as it was.
    """
    wanted = _wanted()
    if _read(built / _STAMP) == wanted:
        return False
    if not program.exists():
        raise AssetsMissingError(f"{program} is not installed: run `make assets`")
    try:
        _make(built, program, wanted)
    except OSError as error:
        raise AssetsMissingError(f"the screen's modules could not be bundled: {error}") from error
    return True


def _make(built: Path, program: Path, wanted: str) -> None:
    with tempfile.TemporaryDirectory(prefix=".built-", dir=built.parent) as made:
        fresh = Path(made) / "fresh"
        static = WEB / "static"
        entries = [str(static / one) for one in (*_PAGE, *_BESIDE)]
        command = [str(program), *entries, *_OPTIONS, f"--outbase={static}", f"--outdir={fresh}"]
        done = subprocess.run(
            [*command, f"--metafile={Path(made) / _META}"], cwd=static, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssetsMissingError(f"the screen's modules could not be bundled:\n{done.stderr.strip()[-2000:]}")
        meta = json.loads((Path(made) / _META).read_text())
        (fresh / _META).write_text(json.dumps(_imports(meta, fresh, static)))
        (fresh / _STAMP).write_text(wanted)
        _put(fresh, built, Path(made) / "former")


@cache
def chunks_of(entry: str, built: Path = BUILT) -> tuple[str, ...]:
    """What an entry imports at once, directly or not: named in the head of a page, they come side by side."""
    imports: dict[str, list[str]] = json.loads((built / _META).read_text())
    found: list[str] = []
    ahead = [entry]
    while ahead:
        for one in imports.get(ahead.pop(), []):
            if one not in found:
                found.append(one)
                ahead.append(one)
    return tuple(sorted(found))


def _imports(meta: dict[str, Any], fresh: Path, static: Path) -> dict[str, list[str]]:
    """By output, the outputs that it imports at once. esbuild writes paths from where it ran."""

    def name(path: str) -> str:
        return Path(os.path.normpath(static / path)).relative_to(fresh).as_posix()

    return {
        name(path): [
            name(one["path"])
            for one in output.get("imports", [])
            if one["kind"] == "import-statement" and not one.get("external")
        ]
        for path, output in meta["outputs"].items()
    }


def _put(fresh: Path, built: Path, former: Path) -> None:
    """Whole, or not at all; two servers that start at once both bring the same."""
    try:
        if built.exists():
            built.rename(former)
        fresh.rename(built)
    except OSError:
        if _read(built / _STAMP) != _read(fresh / _STAMP):
            raise
    shutil.rmtree(former, ignore_errors=True)


def _wanted() -> str:
    digest = hashlib.sha256(repr((_PAGE, _BESIDE, _OPTIONS, _read(WEB / "package-lock.json"))).encode())
    static = WEB / "static"
    for path in sorted(one for kind in ("*.js", "*.css") for one in static.rglob(kind)):
        digest.update(f"{path.relative_to(static).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
