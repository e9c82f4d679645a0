"""axe-core, which finds what somebody who does not see a page misses: names, contrast, roles.

Installed at its first use by npm, by tests/tools/axe/package-lock.json, into the environment of the tests.
"""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from web.assets import _npm

_LOCK = Path(__file__).parents[1] / "tools" / "axe"
_FOLDER = Path(sys.prefix) / "share" / "shijing-axe"
_RUN = """axe.run(document, {runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'wcag2aaa']},
  rules: {'color-contrast-enhanced': {enabled: true}}})
  .then((told) => told.violations.map((one) => ({id: one.id,
    nodes: one.nodes.map((node) => node.html.slice(0, 200))})))"""


@cache
def _source() -> str:
    kept = _FOLDER / "package-lock.json"
    if not kept.exists() or kept.read_bytes() != (_LOCK / "package-lock.json").read_bytes():
        shutil.rmtree(_FOLDER, ignore_errors=True)
        shutil.copytree(_LOCK, _FOLDER)
        command = [*_npm(print), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=_FOLDER, check=True, capture_output=True)
    return (_FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds against WCAG 2.2 up to AA, and contrasts below 7 to 1 (AAA)."""
    page.evaluate(_source())
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return found
