"""The screen's modules and sheets as few files, made by esbuild: `python -m web.assets` does it after installing.

A first view of a hundred modules asks a hundred times; the browser, the server and the pipeline share one machine.
What is made lies in web/built, beside a stamp of what it was made of; a server makes it anew where that differs.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from web.errors import AssetsMissingError

WEB = Path(__file__).resolve().parent
BUILT = WEB / "built"
ESBUILD = WEB / "tools" / "esbuild"

_ENTRIES = ("main.js", "sheets.css")
_OPTIONS = (
    "--bundle",
    "--format=esm",
    "--target=es2022",
    "--minify",
    "--sourcemap",
    "--charset=utf8",
    "--external:/vendor/*",
    "--external:/static/*",
    "--log-level=warning",
)
_STAMP = "sources.sha256"


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
        command = [str(program), *_ENTRIES, *_OPTIONS, f"--outdir={fresh}"]
        done = subprocess.run(command, cwd=WEB / "static", capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssetsMissingError(f"the screen's modules could not be bundled:\n{done.stderr.strip()[-2000:]}")
        (fresh / _STAMP).write_text(wanted)
        _put(fresh, built, Path(made) / "former")


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
    digest = hashlib.sha256(repr((_ENTRIES, _OPTIONS, _read(WEB / "package-lock.json"))).encode())
    static = WEB / "static"
    for path in sorted(one for kind in ("*.js", "*.css") for one in static.rglob(kind)):
        digest.update(f"{path.relative_to(static).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
