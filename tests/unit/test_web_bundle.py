"""The screen in few files: made when something differs, whole or not at all."""

import shutil
from pathlib import Path

import pytest

from web import bundle as bundling
from web.bundle import BUILT, ESBUILD, bundle
from web.errors import AssetsMissingError


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our modules and sheets in a folder of their own."""
    shutil.copytree(bundling.WEB / "static", tmp_path / "static")
    (tmp_path / "vendor").symlink_to(bundling.WEB / "vendor")
    monkeypatch.setattr(bundling, "WEB", tmp_path)
    return tmp_path


def test_it_is_made_once_and_anew_for_other_sources(web: Path) -> None:
    built = web / "built"
    assert bundle(built, ESBUILD) is True
    assert bundle(built, ESBUILD) is False
    store = web / "static/store.js"
    store.write_text(store.read_text().replace('link: "waiting"', 'link: "stale"'))
    before = (built / "main.js").read_text()
    assert bundle(built, ESBUILD) is True
    assert (built / "main.js").read_text() != before
    assert [path.name for path in web.iterdir() if path.name.startswith(".built-")] == []


def test_a_fault_in_a_module_is_told_and_what_was_there_stays(web: Path) -> None:
    built = web / "built"
    bundle(built, ESBUILD)
    before = (built / "main.js").read_bytes()
    (web / "static/store.js").write_text("export const store = {")
    with pytest.raises(AssetsMissingError, match="store"):
        bundle(built, ESBUILD)
    assert (built / "main.js").read_bytes() == before


def test_without_esbuild_it_says_what_to_do(web: Path, tmp_path: Path) -> None:
    with pytest.raises(AssetsMissingError, match="make assets"):
        bundle(web / "built", tmp_path / "nothing")


def test_the_modules_of_the_screen_are_one_file() -> None:
    """So each is there once: a second copy would hold a store of its own."""
    assert {path.name for path in BUILT.rglob("*.js")} == {"main.js"}


def test_every_sheet_is_in_the_one_sheet() -> None:
    sheet = (BUILT / "sheets.css").read_text()
    assert "@import" not in sheet
    assert all(word in sheet for word in (".well-line", ".station", ".crumbs", ".incident-stage", ".division-card"))
